"""Calls to URLs that partners configure: HTTPS only, and only to public addresses (against SSRF).

The host name is resolved once, all its addresses must be public, and the connection is made to a
verified address, so that a second resolution cannot return another (DNS rebinding). The certificate is
verified for the host name. Redirects are not followed, and proxies are not used. One deadline applies
to the whole call, including name resolution: an endpoint that sends slowly cannot extend it.
"""

import http.client
import json
import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from http import HTTPStatus
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import certifi

from precert.domain.clients import public_address
from precert.domain.errors import TransientError

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NOT_PUBLIC: Final = tuple(
    IPv6Network(one) for one in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
"""Global unicast ranges for protocols, documentation, and tunnels to IPv4 addresses."""
_NOT_PUBLIC_IPV4: Final = tuple(
    IPv4Network(one)
    for one in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15")
)
"""In addition to those that ``ipaddress`` excludes, which differ between Python 3.11 and 3.12."""


def is_public(address: str) -> bool:
    """Whether an IP address is a public one."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        return _is_public_ipv6(found)
    return _is_public_ipv4(found)


def _is_public_ipv4(found: IPv4Address) -> bool:
    special = found.is_multicast or found.is_reserved or found.is_unspecified
    return found.is_global and not special and not any(found in one for one in _NOT_PUBLIC_IPV4)


def _is_public_ipv6(found: IPv6Address) -> bool:
    public = found in _GLOBAL_UNICAST and found.is_global
    return public and not any(found in one for one in _NOT_PUBLIC)


def public_tls_context() -> ssl.SSLContext:
    """A context that trusts the certificate authorities of certifi, not those of the runtime."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


PORTS: Final = {"https": 443, "http": 80}
LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1"})
SECONDS: Final = 4.0
"""Time limit of a call that reads a document."""
MAX_BYTES: Final = 64 * 1024
Resolve = Callable[[str, int], Sequence[str]]


class CallFailure(StrEnum):
    """Why a URL was not called, or did not respond."""

    ADDRESS_REFUSED = "address_refused"
    NAME_NOT_RESOLVED = "name_not_resolved"
    CONNECTION_FAILED = "connection_failed"
    TLS_FAILED = "tls_failed"
    TIMED_OUT = "timed_out"


class PublicCallError(Exception):
    """The call failed. The error contains no part of a response."""

    def __init__(self, failure: CallFailure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class PublicAddressError(Exception):
    """The document cannot be read; ``reason`` contains no part of the response."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class PublicResponse:
    """The status and the first bytes of the content of a response."""

    status: int
    content: bytes


def resolved(host: str, port: int) -> list[str]:
    """The IP addresses of a host name, as the operating system resolves it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class PublicHttps:
    """Calls partners' systems. Connections are not reused."""

    def __init__(self, resolve: Resolve = resolved, *, local: bool = False) -> None:
        """With ``local``, systems on this machine can be called too, with or without TLS."""
        self._resolve = resolve
        self._local = local

    @cached_property
    def context(self) -> ssl.SSLContext:
        return public_tls_context()

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        seconds: float,
        most_bytes: int = 0,
    ) -> PublicResponse:
        """Call a URL within ``seconds``, and read at most ``most_bytes`` of the content.

        Raises:
            PublicCallError.
        """
        call = _Call(self._target(url), method, dict(headers), body, most_bytes, seconds, self)
        call.start()
        try:
            return call.result.result(seconds)
        except TimeoutError:
            call.end()
            raise PublicCallError(CallFailure.TIMED_OUT) from None
        except ssl.SSLError:
            raise PublicCallError(CallFailure.TLS_FAILED) from None
        except (OSError, http.client.HTTPException, ValueError):
            raise PublicCallError(CallFailure.CONNECTION_FAILED) from None

    def _target(self, url: str) -> "_Target":
        """
        Raises:
            PublicCallError: the URL is not permitted.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme)
        except ValueError:
            raise PublicCallError(CallFailure.ADDRESS_REFUSED) from None
        local = self._local and host in LOCAL_HOSTS
        if "@" in parts.netloc or not host or not (parts.scheme == "https" or local):
            raise PublicCallError(CallFailure.ADDRESS_REFUSED)
        if port is None:
            raise PublicCallError(CallFailure.ADDRESS_REFUSED)
        return _Target(parts, host, port, local)

    def address(self, target: "_Target") -> str:
        """One IP address of the host, if all of them are public; preferably IPv4.

        Raises:
            PublicCallError.
        """
        if target.local:
            return "127.0.0.1"
        try:
            addresses = list(self._resolve(target.host, target.port))
        except (OSError, UnicodeError):
            raise PublicCallError(CallFailure.NAME_NOT_RESOLVED) from None
        if not addresses:
            raise PublicCallError(CallFailure.NAME_NOT_RESOLVED)
        if not all(map(is_public, addresses)):
            raise PublicCallError(CallFailure.ADDRESS_REFUSED)
        return min(addresses, key=lambda one: ":" in one)

    def read_json(self, url: str) -> Any:
        """The JSON document at a URL with the standard port.

        Raises:
            PublicAddressError: the address is not public, or the response is not 200 with JSON.
        """
        try:
            public_address(url)
        except ValueError as error:
            raise PublicAddressError(f"the address {error}") from None
        try:
            response = self.call(
                "GET",
                url,
                headers={"Accept": "application/json"},
                seconds=SECONDS,
                most_bytes=MAX_BYTES + 1,
            )
        except PublicCallError as error:
            raise PublicAddressError(_REASONS[error.failure]) from None
        if response.status != HTTPStatus.OK:
            raise PublicAddressError(f"the response has status {response.status}")
        if len(response.content) > MAX_BYTES:
            raise PublicAddressError(f"the response has more than {MAX_BYTES // 1024} KB")
        try:
            return json.loads(response.content)
        except (ValueError, RecursionError):
            raise PublicAddressError("the response is not JSON") from None


_LATE: Final = "the server did not respond in time by HTTPS"
_REASONS: Final = {
    CallFailure.ADDRESS_REFUSED: "the host name has an address that is not public",
    CallFailure.NAME_NOT_RESOLVED: "the host name could not be resolved",
    CallFailure.CONNECTION_FAILED: _LATE,
    CallFailure.TLS_FAILED: _LATE,
    CallFailure.TIMED_OUT: _LATE,
}


@dataclass(frozen=True)
class _Target:
    """The parts of a URL that is called."""

    parts: SplitResult
    host: str
    port: int
    local: bool

    @property
    def path(self) -> str:
        query = f"?{self.parts.query}" if self.parts.query else ""
        return f"{self.parts.path or '/'}{query}"


class _Connection(http.client.HTTPConnection):
    """Connects to a verified address; TLS verifies the certificate for the host name."""

    def __init__(self, call: "_Call", address: str) -> None:
        super().__init__(call.target.host, call.target.port, timeout=call.seconds)
        self._call = call
        self._address = address

    def connect(self) -> None:
        call, target = self._call, self._call.target
        self.sock = socket.create_connection((self._address, target.port), call.seconds)
        call.opened(self.sock)
        if target.parts.scheme == "https":
            self.sock = call.https.context.wrap_socket(self.sock, server_hostname=target.host)
            call.opened(self.sock)


@dataclass(eq=False)
class _Call(threading.Thread):
    """One call in its own thread. After the deadline, the caller no longer waits for the thread."""

    target: _Target
    method: str
    headers: dict[str, str]
    body: bytes | None
    most_bytes: int
    seconds: float
    https: PublicHttps
    result: "Future[PublicResponse]" = field(default_factory=Future)
    ended: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    connected: socket.socket | None = None

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def run(self) -> None:
        try:
            response = self._response(self.https.address(self.target))
        except Exception as error:  # noqa: BLE001 - the caller raises it
            self.result.set_exception(error)
        else:
            self.result.set_result(response)

    def _response(self, address: str) -> PublicResponse:
        connection = _Connection(self, address)
        if self.ended:
            raise TimeoutError
        try:
            # The Host header has host and port as in the URL, as the endpoint expects it.
            own = {"Host": self.target.parts.netloc, "User-Agent": "precert"}
            connection.request(
                self.method, self.target.path, body=self.body, headers={**own, **self.headers}
            )
            response = connection.getresponse()
            content = response.read(self.most_bytes) if self.most_bytes else b""
            return PublicResponse(response.status, content)
        finally:
            connection.close()

    def opened(self, opened: socket.socket) -> None:
        """Store the socket, so that it can be closed at the deadline.

        Raises:
            TimeoutError: the deadline has passed.
        """
        with self.lock:
            self.connected = opened
            if self.ended:
                opened.close()
                raise TimeoutError

    def end(self) -> None:
        """Shut down the connection, which ends pending reads and writes."""
        with self.lock:
            self.ended = True
            if self.connected is not None:
                with suppress(OSError):
                    self.connected.shutdown(socket.SHUT_RDWR)


def read_endpoint_json(url: str) -> Any:
    """The JSON document at a URL of the local cloud, whose AWS endpoint is configured.

    Raises:
        TransientError: it did not respond.
    """
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as response:  # noqa: S310 - configured
            return json.loads(response.read(MAX_BYTES))
    except (OSError, ValueError):
        raise TransientError("The endpoint did not respond. Try again.") from None
