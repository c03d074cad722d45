"""The certificates that connections trust are read once, before the snapshot."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import SSLError

from bench.restore import certificate
from precert.clients import read_certificates


class Empty(BaseHTTPRequestHandler):
    """DynamoDB without tables."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = b'{"TableNames": []}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        return


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a server with TLS, and its certificate."""
    public, private = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    running = ThreadingHTTPServer(("127.0.0.1", 0), Empty)
    running.socket = context.wrap_socket(running.socket, server_side=True)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{running.server_port}", public
    running.shutdown()
    running.server_close()


def client(url: str, bundle: Path) -> BaseClient:
    return boto3.session.Session().client(
        "dynamodb",
        endpoint_url=url,
        verify=str(bundle),
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_connection_reads_no_file_when_the_certificates_were_read_before(
    server: tuple[str, Path],
) -> None:
    url, bundle = server
    ready, other = client(url, bundle), client(url, bundle)
    read_certificates(ready, str(bundle))
    bundle.unlink()
    assert ready.list_tables()["TableNames"] == []  # type: ignore[attr-defined]
    with pytest.raises(OSError, match=r"CA|No such file"):
        other.list_tables()  # type: ignore[attr-defined]
    ready.close()


def test_server_is_refused_when_its_certificate_is_not_among_those_read_before(
    server: tuple[str, Path], tmp_path: Path
) -> None:
    url, bundle = server
    (tmp_path / "another").mkdir()
    another, _ = certificate(tmp_path / "another")
    strict = client(url, bundle)
    read_certificates(strict, str(another))
    with pytest.raises(SSLError):
        strict.list_tables()  # type: ignore[attr-defined]
