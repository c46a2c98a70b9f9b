"""An evaluation as one page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from learning.evaluation.growth import ADDED
from learning.evaluation.records import Curve, Estimate, Example, SuiteFigures
from learning.evaluation.report.curves import COVERAGE
from learning.evaluation.report.html_style import STYLE
from learning.evaluation.report.report import CHANGE_HEAD, HEAD, change_row, compared, described, figure_row
from learning.evaluation.report.svg_plots import SERIES, interval_bar, plot
from learning.evaluation.statistics.comparison import Comparison

_SHOWN_IDS = 100
_NO_GUIDE = (COVERAGE, ADDED)  # axes on which chance has no line


def write_html(path: Path, figures: Sequence[SuiteFigures], comparisons: Sequence[Comparison] = ()) -> None:
    """Writes the page. Raises `OSError`."""
    path.write_text(page(figures, comparisons), encoding="utf-8")


def page(figures: Sequence[SuiteFigures], comparisons: Sequence[Comparison] = ()) -> str:
    """The whole page: each suite's tables, plots and failures, then what changed."""
    names = ", ".join(
        dict.fromkeys([*(each.suite for each in figures), *(each.suite for each in comparisons)])
    )
    body = "".join([*map(_suite, figures), *map(_compared, comparisons)])
    lead = (
        "Figures with 95 % bootstrap intervals; n counts independent units: conversations, entries or single "
        "messages."
    )
    return framed(f"Evaluation: {names}", "Evaluation", lead, body)


def framed(title: str, heading: str, lead: str, body: str) -> str:
    """A page around `body`, which is markup; the others are texts."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>"
        f"<header><h1>{escape(heading)}</h1><p>{escape(lead)}</p></header>{body}</main></body></html>\n"
    )


def _suite(figures: SuiteFigures) -> str:
    tables = "".join(
        _section(name, table(HEAD, map(_figure_cells, section, section.values())))
        for name, section in figures.sections.items()
    )
    return (
        f"<article><h2>{escape(figures.suite)}</h2>{_words(figures.words)}"
        f"<p>{escape(described(figures.system))}</p>"
        f'<div class="tables">{tables}</div>{plots(figures.curves)}{_failures(figures.examples)}</article>'
    )


def _words(lines: Iterable[str]) -> str:
    listed = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{listed}</ul>" if listed else ""


def _compared(comparison: Comparison) -> str:
    tables = "".join(
        _section(name, table(CHANGE_HEAD, map(_escaped, map(change_row, section, section.values()))))
        for name, section in comparison.sections.items()
    )
    turned = _ids("Turned right", comparison.turned_right) + _ids("Turned wrong", comparison.turned_wrong)
    return (
        f"<article><h2>{escape(comparison.suite)}: what changed</h2><dl>"
        f"<dt>before</dt><dd>{escape(described(comparison.before))}</dd>"
        f"<dt>after</dt><dd>{escape(described(comparison.after))}</dd></dl>"
        f"<p>{escape(compared(comparison))}</p>"
        f"{tables}{turned}</article>"
    )


def _figure_cells(name: str, figure: Estimate) -> tuple[str, ...]:
    label, value, reach, units = _escaped(figure_row(name, figure))
    return label, f"{value}{interval_bar(figure)}", reach, units


def _escaped(cells: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(escape, cells))


def _section(name: str, content: str) -> str:
    return f"<section><h3>{escape(name)}</h3>{content}</section>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; `rows` are already markup. The first cell names the row; a figure of one kind stands further
    in, under the figure in all, and is named by its kind alone."""
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    lines = "".join(
        f"<tr>{_row_head(cells[0])}"
        + "".join(f"<td{_toned(cell)}>{cell}</td>" for cell in cells[1:])
        + "</tr>"
        for cells in rows
    )
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>'


def _row_head(name: str) -> str:
    _, _, kind = name.partition(" [")
    if not kind:
        return f'<th scope="row">{name}</th>'
    return f'<th scope="row" class="kind">{kind.removesuffix("]")}</th>'


def _toned(cell: str) -> str:
    return f' class="{cell}"' if cell in ("better", "worse") else ""


def plots(curves: Sequence[Curve]) -> str:
    """One picture with its keys for all curves that share their axes."""
    by_axes: Mapping[tuple[str, str], list[Curve]] = {(curve.x_label, curve.y_label): [] for curve in curves}
    for curve in curves:
        by_axes[curve.x_label, curve.y_label].append(curve)
    pictures = "".join(map(_picture, by_axes.values()))
    return f'<div class="plots">{pictures}</div>' if pictures else ""


def _picture(curves: Sequence[Curve]) -> str:
    keys = "".join(
        f'<li><svg class="key" viewBox="0 0 24 8" aria-hidden="true"><g class="series s{place % SERIES}">'
        f'<path d="M0 4H24"/></g></svg>{escape(curve.name)}</li>'
        for place, curve in enumerate(curves)
    )
    drawn = plot(curves, diagonal=curves[0].x_label not in _NO_GUIDE)
    return f"<figure>{drawn}<figcaption><ul>{keys}</ul></figcaption></figure>"


def _failures(examples: Sequence[Example]) -> str:
    problems = dict.fromkeys(example.problem for example in examples)
    return "".join(
        f"<details open><summary>{escape(problem)}</summary>"
        f"<ul>{''.join(_failure(each) for each in examples if each.problem == problem)}</ul></details>"
        for problem in problems
    )


def _failure(example: Example) -> str:
    return (
        f"<li><q>{escape(example.message)}</q><br><small>{escape(example.kind)} · {escape(example.case_id)}"
        f" · wanted {escape(example.wanted)} · got {escape(example.got)}</small></li>"
    )


def _ids(title: str, ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _SHOWN_IDS} more" if len(ids) > _SHOWN_IDS else ""
    listed = f"<p>{escape(', '.join(ids[:_SHOWN_IDS]) + more)}</p>" if ids else ""
    return f"<details><summary>{escape(title)}: {len(ids)}</summary>{listed}</details>"
