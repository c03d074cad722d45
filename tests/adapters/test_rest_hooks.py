"""Endpoints of clients: only public addresses are called, as they were resolved, and nothing else."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final

import pytest
from pydantic import SecretStr

from precert.adapters.public_https import CallFailure, PublicCallError, PublicHttps
from precert.adapters.rest_hooks import RestHooks
from precert.domain.subscriptions import DeliveryError
from precert.fhir.received_subscriptions import is_endpoint
from precert.usecases.ports.subscriptions import NotDeliveredError

JSON: Final = "application/fhir+json"


def failure(
    resolve: Callable[[str, int], list[str]], url: str = "https://ehr.example.org/"
) -> DeliveryError:
    with pytest.raises(NotDeliveredError) as refused:
        RestHooks(PublicHttps(resolve)).post(url, b"{}", media_type=JSON, headers={}, seconds=1)
    return refused.value.error


REFUSED_ENDPOINTS: Final = (
    *("http://ehr.example.org/", "ftp://ehr.example.org/", "ehr.example.org", "https://"),
    *("https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://a.localhost/"),
    *("https://127.0.0.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/"),
    *("https://127.1/", "https://0x7f.1/", "https://0/", "https://[::1]/", "https://[::]/"),
    *("https://[::ffff:127.0.0.1]/", "https://[fd00:ec2::254]/", "https://169.254.169.254/latest"),
    *("https://8.8.8.8/", "https://db.internal/", "https://host.local/", "https://intranet/"),
    *(
        "https://user@ehr.example.org/",
        "https://a:b@ehr.example.org/",
        "https://ehr.example.org/#x",
    ),
    *("https://ehr.example.org\\@10.0.0.1/", "https://ehr.example.org /", "https://ehr_x.org/"),
    *("https://ehr.example.org:0/", "https://ehr.example.org:99999/", "https://e\u00e4r.example/"),
    *(
        "https://1.168.192.in-addr.arpa/",
        "https://ehr.example.org\r\nX: y/",
        "https://.example.org",
    ),
)


@pytest.mark.parametrize("url", REFUSED_ENDPOINTS)
def test_endpoint_is_refused_when_its_form_is_not_of_a_public_host(url: str) -> None:
    assert not is_endpoint(url, local=False)


@pytest.mark.parametrize(
    "url",
    ["https://ehr.example.org", "https://ehr.example.org:8443/a?b=c", "https://EHR.Example.ORG/"],
)
def test_endpoint_is_accepted_when_it_has_a_public_name(url: str) -> None:
    assert is_endpoint(url, local=False)


def test_this_machine_is_accepted_when_the_cloud_is_local() -> None:
    assert is_endpoint("http://localhost:8099/hook", local=True)
    assert not is_endpoint("http://localhost:8099/hook", local=False)
    assert not is_endpoint("http://10.0.0.1/hook", local=True)


class Receiver(BaseHTTPRequestHandler):
    """An endpoint on this machine: it answers with the status that its path names."""

    received: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.path, dict(self.headers.items()), body))
        status = int(self.path.strip("/").partition("?")[0] or 200)
        self.send_response(status)
        self.send_header("Location", "http://169.254.169.254/latest")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{running.server_port}"
        running.shutdown()
        thread.join()


def post(url: str, *, local: bool = True, **headers: str) -> None:
    values = {name: SecretStr(value) for name, value in headers.items()}
    hooks = RestHooks(PublicHttps(local=local))
    hooks.post(url, b'{"a":1}', media_type=JSON, headers=values, seconds=2)


def test_notification_is_sent_with_the_headers_when_the_endpoint_accepts_it(server: str) -> None:
    Receiver.received.clear()
    post(f"{server}/202?clinic=7", Authorization="Bearer secret")
    [(path, headers, body)] = Receiver.received
    assert (path, body) == ("/202?clinic=7", b'{"a":1}')
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Content-Type"] == JSON
    assert headers["Host"] == server.removeprefix("http://")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, DeliveryError.REDIRECTED),
        (308, DeliveryError.REDIRECTED),
        (404, DeliveryError.NOT_ACCEPTED),
        (500, DeliveryError.NOT_ACCEPTED),
    ],
)
def test_notification_is_not_delivered_when_the_endpoint_does_not_accept_it(
    status: int, error: DeliveryError, server: str
) -> None:
    Receiver.received.clear()
    with pytest.raises(NotDeliveredError) as refused:
        post(f"{server}/{status}")
    assert (refused.value.error, refused.value.status) == (error, status)
    assert len(Receiver.received) == 1, "redirects and errors are not followed"


def test_this_machine_is_not_called_when_the_cloud_is_not_local(server: str) -> None:
    Receiver.received.clear()
    for url in (server, server.replace("http:", "https:")):
        with pytest.raises(NotDeliveredError) as refused:
            post(url, local=False)
        assert refused.value.error is DeliveryError.ADDRESS_REFUSED
    assert Receiver.received == []


def test_error_is_named_when_nothing_listens_or_the_name_is_unknown() -> None:
    with pytest.raises(NotDeliveredError) as refused:
        post("http://localhost:9/")
    assert refused.value.error is DeliveryError.CONNECTION_FAILED

    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError

    assert failure(unknown) is DeliveryError.NAME_NOT_RESOLVED
    assert failure(lambda _host, _port: []) is DeliveryError.NAME_NOT_RESOLVED


def test_connection_is_made_to_the_verified_address_when_the_name_resolves_differently_later(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the name is resolved once, and the connection is made to what was verified."""
    port = int(server.rpartition(":")[2])
    answers = [["93.184.216.34"], ["127.0.0.1"]]
    connected: list[str] = []

    def connect(address: tuple[str, int], *_arguments: Any, **_named: Any) -> Any:
        connected.append(address[0])
        raise OSError

    monkeypatch.setattr("socket.create_connection", connect)
    Receiver.received.clear()
    url = f"https://rebinding.example.org:{port}/"
    error = failure(lambda _host, _port: answers.pop(0), url)
    assert error is DeliveryError.CONNECTION_FAILED
    assert (connected, Receiver.received, len(answers)) == (["93.184.216.34"], [], 1)


def test_certificate_is_verified_for_the_name_when_the_address_is_connected() -> None:
    context = PublicHttps().context
    assert (context.verify_mode.name, context.check_hostname) == ("CERT_REQUIRED", True)
    assert context.minimum_version.name == "TLSv1_2"
    assert len(context.get_ca_certs()) > 50


@pytest.mark.parametrize("failure", CallFailure)
def test_failure_has_the_same_name_when_a_notification_is_not_delivered(
    failure: CallFailure, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_named: Any) -> Any:
        raise PublicCallError(failure)

    monkeypatch.setattr(PublicHttps, "call", fail)
    with pytest.raises(NotDeliveredError) as refused:
        post("https://ehr.example.org/")
    assert refused.value.error.value == failure.value


def test_attempt_ends_at_its_deadline_when_the_endpoint_sends_a_header_slowly() -> None:
    """Each byte comes within the timeout of a read, and the header never ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        done = threading.Event()

        def drip() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                while not done.wait(0.05):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nX"[:1])

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        began = time.monotonic()
        hooks = RestHooks(PublicHttps(local=True))
        url = f"http://localhost:{listening.getsockname()[1]}/"
        with pytest.raises(NotDeliveredError) as refused:
            hooks.post(url, b"{}", media_type=JSON, headers={}, seconds=1)
        done.set()
        thread.join()
    assert refused.value.error is DeliveryError.TIMED_OUT
    assert time.monotonic() - began < 3
