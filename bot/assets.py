"""Files that pages need, read once: styles, scripts, icons and vendored libraries."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOREVER: Final = "public, max-age=31536000, immutable"
_ASK_FIRST: Final = "public, no-cache"


@dataclass(frozen=True)
class Asset:
    """One file as it is sent; `version` changes with its content."""

    content: bytes
    media_type: str
    version: str


class Assets:
    """Files by their path under `base`; only what was there at the start can be asked for."""

    def __init__(self, folder: Path, base: str = "/static") -> None:
        self._base = base
        self._assets = {
            path.relative_to(folder).as_posix(): _load(path)
            for path in sorted(folder.rglob("*"))
            if path.suffix in _TYPES
        }

    def address(self, name: str, root_path: str) -> str:
        """Where the browser finds a file; KeyError for a name that is not there."""
        return f"{root_path}{self._base}/{name}?v={self._assets[name].version}"

    def send(self, name: str, request: Request) -> Response:
        """The file, 304 when the browser has it, or 404."""
        asset = self._assets.get(name)
        if asset is None:
            return PlainTextResponse("not found", 404, {"X-Content-Type-Options": "nosniff"})
        etag = f'"{asset.version}"'
        current = request.query_params.get("v") == asset.version
        headers = {
            "Cache-Control": _FOREVER if current else _ASK_FIRST,
            "ETag": etag,
            "X-Content-Type-Options": "nosniff",
        }
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(asset.content, headers=headers, media_type=asset.media_type)


def _load(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, _TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:16])
