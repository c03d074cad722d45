"""The files of the portal and of the OpenAPI viewer, by path."""

import hashlib
import json
import mimetypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from infra.portal_headers import CONFIGURATION_PATH, cache_control, is_page
from local.cloud.errors import LocalCloudError
from local.cloud.process import ROOT

DOCS: Final = Path(__file__).resolve().parents[1] / "viewer"
SWAGGER_UI: Final = ROOT / "node_modules" / "swagger-ui-dist"
DOCUMENT: Final = ROOT / "docs" / "openapi.json"
_TYPES: Final = {".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
_TEXT: Final = frozenset({"text/html", "text/css", "text/javascript", "text/plain"})


@dataclass(frozen=True)
class File:
    """The content of a file, with the values of its Content-Type and Cache-Control headers."""

    content: bytes
    media_type: str
    caching: str = "no-store"

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'


def media_type(name: str) -> str:
    """Return the media type by the file's extension, with ``charset=utf-8`` for text."""
    known = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
    found = known or "application/octet-stream"
    return f"{found}; charset=utf-8" if found in _TEXT else found


@dataclass(frozen=True)
class PortalFiles:
    """The built portal, its configuration and the payer's logo."""

    dist: Path
    configuration: dict[str, Any]
    extra: dict[str, Path] = field(default_factory=dict)
    """Files outside of ``dist``, by their path below the portal's address."""

    def find(self, path: str) -> File | None:
        """Return the file at a path: ``index.html`` for a page of the portal; None if there is none."""
        if path == CONFIGURATION_PATH:
            content = json.dumps(self.configuration).encode()
            return File(content, "application/json", cache_control("config.json"))
        key = "index.html" if is_page(path) else path.lstrip("/")
        file = self.extra.get(key) or self._built(key)
        if file is None or not file.is_file():
            return None
        return File(file.read_bytes(), media_type(key), cache_control(key))

    def _built(self, key: str) -> Path | None:
        """Return the path of a built file; None if it is outside of ``dist``."""
        if "\0" in key:
            return None
        file = (self.dist / key).resolve()
        return file if file.is_relative_to(self.dist.resolve()) else None


def document_files(server: str) -> dict[str, File]:
    """Return the page that shows the OpenAPI document, its scripts and styles, and the document.

    ``server`` is the base URL of the operations, which replaces the servers in the document.

    Raises:
        LocalCloudError: The viewer (swagger-ui-dist) is not installed.
    """
    if not SWAGGER_UI.is_dir():
        raise LocalCloudError("swagger-ui-dist is not installed: run `make up`, which installs it")
    document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    document["servers"] = [{"url": server, "description": "The local cloud."}]
    files = {
        "/docs": DOCS / "index.html",
        "/docs/start.js": DOCS / "start.js",
        "/docs/swagger-ui.css": SWAGGER_UI / "swagger-ui.css",
        "/docs/swagger-ui-bundle.js": SWAGGER_UI / "swagger-ui-bundle.js",
    }
    return {
        **{path: File(file.read_bytes(), media_type(file.name)) for path, file in files.items()},
        "/docs/openapi.json": File(json.dumps(document).encode(), "application/json"),
    }
