"""Plots as inline SVG. Both axes run from 0 to 1, as all our curves do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from learning.evaluation.records import Curve, Estimate

SERIES = 4  # colours and dashes that the page's style tells apart
_SIDE, _LEFT, _TOP = 220, 52, 8  # the plot's square, and the room for its labels
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_FEW = 12  # so few points are marked one by one
_BAR = 96


def plot(curves: Sequence[Curve], *, diagonal: bool) -> str:
    """Curves that share their axes, in one picture. With a `diagonal`: what chance, or perfect calibration,
    would give."""
    first = curves[0]
    label = escape(f"{first.y_label} by {first.x_label}", quote=True)
    lines = "".join(_line(curve, place % SERIES) for place, curve in enumerate(curves))
    guide = f'<path class="guide" d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}"/>' if diagonal else ""
    middle = _TOP + _SIDE / 2
    return (
        f'<svg class="plot" viewBox="0 0 {_LEFT + _SIDE + 16} {_TOP + _SIDE + 44}" role="img" '
        f'aria-label="{label}">{"".join(map(_tick, _TICKS))}{guide}{lines}'
        f'<text x="{_LEFT + _SIDE / 2}" y="{_TOP + _SIDE + 38}" class="mid">{escape(first.x_label)}</text>'
        f'<text x="12" y="{middle}" class="mid" transform="rotate(-90 12 {middle})">{escape(first.y_label)}'
        "</text></svg>"
    )


def interval_bar(figure: Estimate) -> str:
    """A figure between 0 and 1 with its interval; empty for others, which have no scale of their own."""
    if not 0 <= figure.low <= figure.value <= figure.high <= 1:
        return ""
    low, value, high = (round(each * (_BAR - 8) + 4, 1) for each in (figure.low, figure.value, figure.high))
    return (
        f'<svg class="bar" viewBox="0 0 {_BAR} 14" aria-hidden="true">'
        f'<path class="rail" d="M4 7H{_BAR - 4}"/>'
        f'<path class="reach" d="M{low} 7H{high}"/><circle cx="{value}" cy="7" r="4"/></svg>'
    )


def _line(curve: Curve, series: int) -> str:
    places = [(_x(x), _y(y)) for x, y in curve.points]
    path = "L".join(f"{x} {y}" for x, y in places)
    marks = _marks(places) if len(places) <= _FEW else ""
    return f'<g class="series s{series}"><path d="M{path}"/>{marks}</g>'


def _marks(places: Iterable[tuple[float, float]]) -> str:
    return "".join(f'<circle cx="{x}" cy="{y}" r="3"/>' for x, y in places)


def _tick(value: float) -> str:
    x, y = _x(value), _y(value)
    grid = f'<path class="grid" d="M{_x(0)} {y}H{_x(1)}M{x} {_y(0)}V{_y(1)}"/>'
    return (
        f'{grid}<text x="{x}" y="{_TOP + _SIDE + 18}" class="mid">{value:g}</text>'
        f'<text x="{_LEFT - 6}" y="{y + 4}" class="end">{value:g}</text>'
    )


def _x(value: float) -> float:
    return round(_LEFT + value * _SIDE, 1)


def _y(value: float) -> float:
    return round(_TOP + (1 - value) * _SIDE, 1)
