"""Serves the document with Swagger UI, from files of this machine.

The page calls the API itself, as a portal would: it is served from an origin that the deployed API
lets call, so that "Try it out" proves the preflights too. A fixed set of paths is served and no other.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from local.cloud.errors import LocalCloudError
from local.cloud.process import ROOT
from local.deployment import Deployment

PAGE: Final = Path(__file__).resolve().parent
PACKAGE: Final = ROOT / "node_modules" / "swagger-ui-dist"
DOCUMENT: Final = ROOT / "docs" / "openapi.json"
_HOST: Final = "localhost"


def allowed_ports(deployment: Deployment) -> list[int]:
    """Ports of this machine whose pages the deployed API lets call, in its own order."""
    apis = deployment.cloud.client("apigatewayv2").get_apis()["Items"]
    origins = [
        urlsplit(origin)
        for api in apis
        for origin in api.get("CorsConfiguration", {}).get("AllowOrigins", ())
    ]
    return [origin.port for origin in origins if origin.hostname == _HOST and origin.port]


@contextmanager
def served(deployment: Deployment) -> Iterator[str]:
    """Serve the document for the length of the block; yields its address.

    Where every allowed port is taken it is another: the page can be read, and its calls are refused.

    Raises:
        LocalCloudError: the viewer is not installed.
    """
    answers = _answers(deployment.api_url)

    class Handler(_Handler):
        known = answers
        policy = _policy(deployment.api_url)

    server = _listening([*allowed_ports(deployment), 0], Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="precert-docs")
    thread.start()
    try:
        yield f"http://{_HOST}:{server.server_port}/docs"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _listening(ports: list[int], handler: type["_Handler"]) -> ThreadingHTTPServer:
    *preferred, last = ports
    for port in preferred:
        with suppress(OSError):
            return ThreadingHTTPServer((_HOST, port), handler)
    return ThreadingHTTPServer((_HOST, last), handler)


def _answers(api_url: str) -> dict[str, tuple[str, bytes]]:
    """Media type and content of each path."""
    if not PACKAGE.is_dir():
        raise LocalCloudError("swagger-ui-dist is not installed: run `make up`, which installs it")
    document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    document["servers"] = [{"url": api_url, "description": "The local cloud."}]
    page = (PAGE / "index.html").read_bytes()
    return {
        "/docs": ("text/html", page),
        "/docs/start.js": ("text/javascript", (PAGE / "start.js").read_bytes()),
        "/docs/openapi.json": ("application/json", json.dumps(document).encode()),
        "/docs/swagger-ui.css": ("text/css", (PACKAGE / "swagger-ui.css").read_bytes()),
        "/docs/swagger-ui-bundle.js": (
            "text/javascript",
            (PACKAGE / "swagger-ui-bundle.js").read_bytes(),
        ),
    }


def _policy(api_url: str) -> str:
    """What the page may load: its own files; and whom it may call: the API."""
    parts = urlsplit(api_url)
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src 'self' {parts.scheme}://{parts.netloc}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


class _Handler(BaseHTTPRequestHandler):
    known: ClassVar[Mapping[str, tuple[str, bytes]]] = {}
    policy: ClassVar[str] = ""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path in ("/", "/docs/"):
            self._answer(HTTPStatus.SEE_OTHER, {"Location": "/docs"}, b"")
        elif path in self.known:
            media_type, content = self.known[path]
            self._answer(HTTPStatus.OK, {"Content-Type": f"{media_type}; charset=utf-8"}, content)
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"Content-Type": "text/plain"}, b"Not found\n")

    def _answer(self, status: HTTPStatus, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        secured = {
            "Content-Length": str(len(content)),
            "Content-Security-Policy": self.policy,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        for name, value in {**headers, **secured}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        """Requests of a page are not logged."""
