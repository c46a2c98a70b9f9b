"""The files of the widget: each under an address that changes with their contents, so that browsers may keep
what they have for good and yet never mix two versions."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from app.api.errors import Problem

FOLDER = Path(__file__).parent / "assets"
ENTRY = "element.js"
STYLE = "chat.css"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_COMMENT = re.compile(r"^\s*/\*.*?\*/\n", re.MULTILINE | re.DOTALL)
_FOR_GOOD = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    packed: bytes
    """The same in gzip."""
    media_type: str
    tag: str

    @classmethod
    def of(cls, name: str, body: bytes) -> Asset:
        tag = f'"{sha256(body).hexdigest()[:20]}"'
        return cls(body, gzip.compress(body, mtime=0), _TYPES[Path(name).suffix], tag)

    def response(self, request: Request, cache: str = _ASK_AGAIN) -> Response:
        # `Origin` for caches on the way: what one site may read, another may not.
        headers = {"Cache-Control": cache, "ETag": self.tag, "Vary": "Accept-Encoding, Origin"}
        if self.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            packed = {**headers, "Content-Encoding": "gzip"}
            return Response(self.packed, headers=packed, media_type=self.media_type)
        return Response(self.body, headers=headers, media_type=self.media_type)


class WidgetAssets:
    """All that the widget is made of, read once. Its style sheet is a module, too: what stands in a shadow
    root has to be constructed under a strict content security policy."""

    def __init__(self, folder: Path = FOLDER) -> None:
        read = {path.relative_to(folder).as_posix(): _compact(path) for path in _files(folder)}
        read[f"{STYLE}.js"] = _module(read[STYLE])
        contents = "".join(f"{name} {sha256(read[name]).hexdigest()} " for name in sorted(read))
        self.version = sha256(contents.encode()).hexdigest()[:12]
        self.files: Mapping[str, Asset] = {name: Asset.of(name, body) for name, body in read.items()}
        self.entry = Asset.of("widget.js", self._imports().encode())

    @property
    def modules(self) -> list[str]:
        """Their names, the one that uses the others first."""
        modules = sorted(name for name in self.files if name.endswith(".js"))
        return sorted(modules, key=lambda name: name != ENTRY)

    def _imports(self) -> str:
        """The module at `/widget.js`: it names all of them, so that none waits until another has come."""
        return "".join(f'import "./web/{self.version}/{name}";\n' for name in self.modules)

    def response(self, name: str, version: str, request: Request) -> Response:
        """Raises a 404 `Problem` where there is no such file."""
        if name not in self.files:
            raise Problem(404, "not-found", "There is nothing at this address.")
        cache = _FOR_GOOD if version == self.version else _ASK_AGAIN
        return self.files[name].response(request, cache)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in _TYPES)


def _compact(path: Path) -> bytes:
    """A file without comments that stand by themselves, and without margins: a text over several lines has
    neither here."""
    text = path.read_text("utf-8")
    return re.sub(r"^\s+", "", _COMMENT.sub("", text), flags=re.MULTILINE).encode()


def _module(css: bytes) -> bytes:
    return f"export default {json.dumps(css.decode(), ensure_ascii=False)};\n".encode()
