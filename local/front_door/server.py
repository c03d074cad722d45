"""Serve the portal, the API and the OpenAPI document at one address."""

import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from infra.portal_headers import security_headers
from local.cloud.errors import LocalCloudError
from local.front_door.files import File, PortalFiles, document_files
from local.front_door.proxy import Headers, Proxy, end_to_end
from precert.names import FHIR_PATH, OAUTH_PATH

HOST: Final = "localhost"
API_PREFIXES: Final = ("/v1/", f"{FHIR_PATH}/", f"{OAUTH_PATH}/", "/cds-services")
_READS: Final = frozenset({"GET", "HEAD"})
_IDLE_SECONDS: Final = 65
_MAX_BODY_BYTES: Final = 10_000_000
"""The limit of API Gateway, which refuses larger bodies with 413."""


@dataclass(frozen=True)
class Site:
    """What the server serves."""

    portal: PortalFiles
    docs: Mapping[str, File]
    proxy: Proxy
    security: Mapping[str, str]
    """Security headers, for responses that do not have them."""


class Server(ThreadingHTTPServer):
    """An HTTP server with a thread for each connection, which can end its open connections."""

    daemon_threads = True
    request_queue_size = 64

    site: Site
    """Set before the first request is served, because the OpenAPI document contains the address."""

    def __init__(self, port: int) -> None:
        self._open: set[socket.socket] = set()
        super().__init__((HOST, port), Handler)

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.server_port}"

    def connected(self, connection: socket.socket) -> None:
        """Record an open connection."""
        self._open.add(connection)

    def disconnected(self, connection: socket.socket) -> None:
        """Remove a connection that ended."""
        self._open.discard(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print the current error, unless the browser ended the connection."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def end_connections(self) -> None:
        """End the connections that browsers keep open."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """One connection of a browser."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS

    def setup(self) -> None:
        super().setup()
        self.server.connected(self.connection)

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.server.disconnected(self.connection)

    def do_GET(self) -> None:
        self._respond()

    def do_HEAD(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def do_PUT(self) -> None:
        self._respond()

    def do_PATCH(self) -> None:
        self._respond()

    def do_DELETE(self) -> None:
        self._respond()

    def do_OPTIONS(self) -> None:
        self._respond()

    def _respond(self) -> None:
        body = self._body()
        if body is None:
            self._plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        elif self.path.startswith(API_PREFIXES):
            self._forward(body)
        elif self.command not in _READS:
            self._plain(HTTPStatus.METHOD_NOT_ALLOWED, [("Allow", "GET, HEAD")])
        else:
            self._file(unquote(urlsplit(self.path).path))

    def _body(self) -> bytes | None:
        """Read the body; return None if it is too large or its length is not a number."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _MAX_BODY_BYTES:
            self.close_connection = True
            return None
        return self.rfile.read(int(length))

    def _forward(self, body: bytes) -> None:
        forwarded = [
            ("X-Forwarded-For", self.client_address[0]),
            ("X-Forwarded-Host", self.headers.get("Host", "")),
            ("X-Forwarded-Proto", "http"),
        ]
        sent = [*self.headers.items(), *forwarded]
        response = self.server.site.proxy.forward(self.command, self.path, sent, body)
        self._send(response.status, response.headers, response.content)

    def _file(self, path: str) -> None:
        site = self.server.site
        if path == "/docs/":
            self._plain(HTTPStatus.SEE_OTHER, [("Location", "/docs")])
        elif path == "/docs" or path.startswith("/docs/"):
            self._found(site.docs.get(path))
        else:
            self._found(site.portal.find(path))

    def _found(self, file: File | None) -> None:
        if file is None:
            self._plain(HTTPStatus.NOT_FOUND)
            return
        described = [
            ("Content-Type", file.media_type),
            ("Cache-Control", file.caching),
            ("ETag", file.etag),
        ]
        if self.headers.get("If-None-Match") == file.etag:
            self._send(HTTPStatus.NOT_MODIFIED, described, b"")
        else:
            self._send(HTTPStatus.OK, described, file.content)

    def _plain(self, status: HTTPStatus, headers: Headers | None = None) -> None:
        described = [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
        self._send(status, [*described, *(headers or [])], f"{status.phrase}\n".encode())

    def _send(self, status: int, headers: Headers, content: bytes) -> None:
        sent = {name.lower() for name, _ in headers}
        secured = [
            (name, value)
            for name, value in self.server.site.security.items()
            if name.lower() not in sent
        ]
        self.send_response(status)
        for name, value in [*end_to_end(headers), *secured]:
            if name.lower() not in {"date", "server"}:
                self.send_header(name, value)
        if status not in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        """Log nothing: paths contain ids."""


@contextmanager
def serving(*, api_url: str, cloud_url: str, portal: PortalFiles, port: int) -> Iterator[str]:
    """Serve during the ``with`` block; yield the address. ``cloud_url`` is the emulator's endpoint.

    Raises:
        LocalCloudError: The port is in use, or the viewer is not installed.
    """
    try:
        server = Server(port)
    except OSError:
        raise busy(port) from None
    proxy = Proxy(api_url)
    server.site = Site(
        portal=portal,
        docs=document_files(server.address),
        proxy=proxy,
        security=security_headers(sign_in=[cloud_url], documents=[cloud_url]),
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="precert-front-door")
    thread.start()
    try:
        yield server.address
    finally:
        server.shutdown()
        server.end_connections()
        server.server_close()
        thread.join()
        proxy.close()


def require_free(port: int) -> None:
    """Check that the portal's port is free, before the product is deployed; 0 is any free port.

    Raises:
        LocalCloudError: It is in use.
    """
    if port == 0:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise busy(port) from None


def busy(port: int) -> LocalCloudError:
    """Return the error for a port of the portal that is in use."""
    return LocalCloudError(
        f"port {port} of the portal is in use: stop the process that listens there, "
        "or choose another with `make up PORTAL_PORT=N`"
    )
