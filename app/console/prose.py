"""An answer's Markdown as HTML that holds nothing but what Markdown makes: tags in it are text."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])


def html_of(text: str) -> Markup:
    """Safe to show: raw HTML is escaped, and links lead to harmless addresses only."""
    return Markup(_markdown.render(text))  # noqa: S704 - made of escaped text
