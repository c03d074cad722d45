"""Calls to addresses that partners name: https, public, one address, no redirect, limited."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench.restore import certificate
from precert.adapters import public_https
from precert.adapters.public_https import (
    MAX_BYTES,
    CallFailure,
    PublicAddressError,
    PublicCallError,
    PublicHttps,
    resolved,
)
from precert.domain.clients import public_address

PUBLIC = "93.184.215.14"


@pytest.mark.parametrize(
    "url",
    [
        "http://keys.example.org/jwks.json",
        "https://keys.example.org:8443/jwks.json",
        "https://user:secret@keys.example.org/jwks.json",
        "https://keys.example.org/jwks.json#fragment",
        "https://127.0.0.1/jwks.json",
        "https://2130706433/jwks.json",
        "https://0x7f.1/jwks.json",
        "https://[::1]/jwks.json",
        "https://localhost/jwks.json",
        "https:///jwks.json",
        "file:///etc/passwd",
        "ftp://keys.example.org/x",
        "https://keys.example.org:x/jwks.json",
        "keys.example.org",
        "",
    ],
)
def test_url_is_refused_when_it_names_no_public_host_by_https(url: str) -> None:
    with pytest.raises(ValueError, match="must"):
        public_address(url)
    with pytest.raises(PublicAddressError):
        PublicHttps(lambda _host, _port: [PUBLIC]).read_json(url)


def test_name_is_refused_when_it_has_no_address() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    with pytest.raises(PublicAddressError, match="could not be resolved"):
        PublicHttps(unknown).read_json("https://keys.example.org/jwks.json")
    assert resolved("127.0.0.1", 443) == ["127.0.0.1"]


class Answers(BaseHTTPRequestHandler):
    """A partner's server."""

    def do_GET(self) -> None:
        name = self.path.strip("/")
        if name == "redirect":
            self.send_response(302)
            self.send_header("Location", "https://169.254.169.254/latest/meta-data")
            self.end_headers()
            return
        if name == "headers":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            self._drip(b"X-Filler: 1\r\n" * 50)
            return
        self.send_response(404 if name == "missing" else 200)
        body = {"large": b" " * (MAX_BYTES + 1), "text": b"keys"}.get(name, b'{"keys": []}')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if name == "slow":
            self._drip(body)
            return
        self.wfile.write(body)

    def _drip(self, content: bytes) -> None:
        """One byte at a time, each within any timeout of a single read."""
        with suppress(OSError):
            for one in content:
                self.wfile.write(bytes([one]))
                self.wfile.flush()
                time.sleep(0.05)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        return


@pytest.fixture
def https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PublicHttps]:
    """A client of a server at this machine, which counts as public here."""
    public, private = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    running = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    running.socket = context.wrap_socket(running.socket, server_side=True)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setitem(public_https.PORTS, "https", running.server_port)
    monkeypatch.setattr(public_https, "is_public", lambda _address: True)
    client = PublicHttps(lambda _host, _port: ["127.0.0.1"])
    trusted = ssl.create_default_context(cafile=str(public))
    trusted.check_hostname = False
    client.__dict__["context"] = trusted
    yield client
    running.shutdown()
    running.server_close()
    thread.join()


def test_document_is_read_when_a_public_server_answers(https: PublicHttps) -> None:
    assert https.read_json("https://keys.example.org/jwks.json") == {"keys": []}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("redirect", "the response has status 302"),
        ("missing", "the response has status 404"),
        ("large", "more than 64 KB"),
        ("text", "JSON"),
        ("slow", "in time"),
        ("headers", "in time"),
    ],
)
def test_answer_is_refused_when_it_is_no_document(
    https: PublicHttps, path: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_https, "SECONDS", 0.3)
    with pytest.raises(PublicAddressError, match=reason):
        https.read_json(f"https://keys.example.org/{path}")


@pytest.mark.parametrize("path", ["slow", "headers"])
def test_call_ends_at_its_deadline_when_the_server_sends_a_byte_at_a_time(
    https: PublicHttps, path: str
) -> None:
    began = time.monotonic()
    with pytest.raises(PublicCallError) as refused:
        https.call(
            "GET", f"https://keys.example.org/{path}", headers={}, seconds=0.3, most_bytes=100
        )
    assert refused.value.failure is CallFailure.TIMED_OUT
    assert time.monotonic() - began < 2


def test_call_ends_at_its_deadline_when_the_name_is_not_resolved() -> None:
    resolving = threading.Event()

    def wait(_host: str, _port: int) -> list[str]:
        resolving.wait(5)
        return [PUBLIC]

    with pytest.raises(PublicCallError) as refused:
        PublicHttps(wait).call("GET", "https://keys.example.org/", headers={}, seconds=0.1)
    resolving.set()
    assert refused.value.failure is CallFailure.TIMED_OUT


def test_server_is_refused_when_its_certificate_is_not_trusted(https: PublicHttps) -> None:
    https.__dict__["context"] = ssl.create_default_context()
    with pytest.raises(PublicAddressError, match="did not respond in time"):
        https.read_json("https://keys.example.org/jwks.json")


def test_public_authorities_are_trusted_when_the_runtime_trusts_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "none.pem").write_text("", encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert ssl.create_default_context().get_ca_certs() == []
    context = PublicHttps().context
    assert len(context.get_ca_certs()) > 50
    assert (context.verify_mode.name, context.check_hostname) == ("CERT_REQUIRED", True)
