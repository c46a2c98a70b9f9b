"""Documents that tests write themselves."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STYLES = {"Title": "Title", "H1": "heading 1", "H2": "heading 2"}


def docx(body: str, more: Mapping[str, str | bytes] | None = None) -> bytes:
    """A Word file of paragraphs as `paragraph` makes them, with further parts."""
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/></w:style>'
        for key, name in _STYLES.items()
    )
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": _relation("officeDocument", "word/document.xml"),
        "word/_rels/document.xml.rels": _relation("styles", "styles.xml"),
        "word/styles.xml": f"<w:styles {_WORD}>{styles}</w:styles>",
        "word/document.xml": f"<w:document {_WORD}><w:body>{body}</w:body></w:document>",
        **(more or {}),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def paragraph(text: str, style: str = "") -> str:
    named = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{named}<w:r><w:t>{text}</w:t></w:r></w:p>"


def table(*rows: Sequence[str]) -> str:
    cells = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


Line = str | tuple[str, float] | None
"""Of a PDF's page: text, a text with its size in points, or a blank line."""


def pdf(
    *pages: Sequence[Line],
    outline: Sequence[tuple[str, int, int]] = (),
    title: str = "",
    password: str = "",
    footer: str = "",
) -> bytes:
    """A PDF of lines; `outline`: title, level from 0, and page from 1; `footer` with `{}` for the page."""
    buffer = io.BytesIO()
    locked = StandardEncryption(password, canPrint=0) if password else None
    canvas = Canvas(buffer, encrypt=locked)
    canvas.setTitle(title)
    for number, lines in enumerate(pages, start=1):
        for mark, level, page in outline:
            if page == number:
                canvas.bookmarkPage(mark)
                canvas.addOutlineEntry(mark, mark, level)
        down = 800.0
        for line in lines:
            text, size = line if isinstance(line, tuple) else (line or "", 11.0)
            canvas.setFont("Helvetica", size)
            canvas.drawString(70, down, text)
            down -= size * (1.3 if line else 0.9)
        if footer:
            canvas.setFont("Helvetica", 8)
            canvas.drawString(280, 30, footer.format(number))
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _relation(kind: str, target: str) -> str:
    one = f'<Relationship Id="r1" Type="{_OFFICE}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{one}</Relationships>'
