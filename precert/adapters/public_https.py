"""Calls to addresses that partners name: https only, and to nothing that is not public.

The name is resolved once, every address that it has must be a public one, and the connection goes to
the address that was checked, so that a second resolution cannot name another. The certificate is
verified for the name. Redirects are not followed, and proxies are not used. One deadline ends the whole
call, the resolution included: an endpoint that sends a byte at a time cannot extend it.
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
"""Of the global unicast addresses: protocols, documentation, and tunnels to IPv4 addresses."""
_NOT_PUBLIC_IPV4: Final = tuple(
    IPv4Network(one)
    for one in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15")
)
"""Beside those in Python's tables, which differ between 3.11 and 3.12."""


def is_public(address: str) -> bool:
    """Whether an address is one of the public Internet."""
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
    """Trusts the public certificate authorities of certifi, whatever the runtime trusts itself."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


PORTS: Final = {"https": 443, "http": 80}
LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1"})
SECONDS: Final = 4.0
"""For the whole call that reads a document."""
MOST_BYTES: Final = 64 * 1024
Resolve = Callable[[str, int], Sequence[str]]


class CallFailure(StrEnum):
    """Why an address was not called, or did not answer."""

    ADDRESS_REFUSED = "address_refused"
    NAME_NOT_RESOLVED = "name_not_resolved"
    CONNECTION_FAILED = "connection_failed"
    TLS_FAILED = "tls_failed"
    TIMED_OUT = "timed_out"


class PublicCallError(Exception):
    """The address did not answer; nothing of an answer is in it."""

    def __init__(self, failure: CallFailure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class PublicAddressError(Exception):
    """The address cannot be called or read; ``reason`` contains nothing of the answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class PublicAnswer:
    """The status and the beginning of the content of an answer."""

    status: int
    content: bytes


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host name, as the operating system resolves it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class PublicHttps:
    """Calls partners' systems; no connection is reused."""

    def __init__(self, resolve: Resolve = resolved, *, local: bool = False) -> None:
        """``local`` if systems on this machine are called too, also without TLS."""
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
    ) -> PublicAnswer:
        """Call an address, within a number of seconds; of the content, so many bytes are read.

        Raises:
            PublicCallError.
        """
        call = _Call(self._target(url), method, dict(headers), body, most_bytes, seconds, self)
        call.start()
        try:
            return call.answer.result(seconds)
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
            PublicCallError: the address is none that is called.
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
        """One address of the host, if all of them are public; IPv4 first.

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
        """The JSON document at an address of the standard port.

        Raises:
            PublicAddressError: the address is not public, or the answer is not one of 200 with JSON.
        """
        try:
            public_address(url)
        except ValueError as error:
            raise PublicAddressError(f"the address {error}") from None
        try:
            answer = self.call(
                "GET",
                url,
                headers={"Accept": "application/json"},
                seconds=SECONDS,
                most_bytes=MOST_BYTES + 1,
            )
        except PublicCallError as error:
            raise PublicAddressError(_REASONS[error.failure]) from None
        if answer.status != HTTPStatus.OK:
            raise PublicAddressError(f"it answered with {answer.status}")
        if len(answer.content) > MOST_BYTES:
            raise PublicAddressError(f"it answered with more than {MOST_BYTES // 1024} KB")
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError):
            raise PublicAddressError("it did not answer with JSON") from None


_LATE: Final = "it did not answer in time by https"
_REASONS: Final = {
    CallFailure.ADDRESS_REFUSED: "its name has an address that is not public",
    CallFailure.NAME_NOT_RESOLVED: "its name has no address",
    CallFailure.CONNECTION_FAILED: _LATE,
    CallFailure.TLS_FAILED: _LATE,
    CallFailure.TIMED_OUT: _LATE,
}


@dataclass(frozen=True)
class _Target:
    """What a URL names."""

    parts: SplitResult
    host: str
    port: int
    local: bool

    @property
    def path(self) -> str:
        query = f"?{self.parts.query}" if self.parts.query else ""
        return f"{self.parts.path or '/'}{query}"


class _Connection(http.client.HTTPConnection):
    """Connects to an address that was checked; TLS verifies the name."""

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
    """One AWS call in a thread of its own, which the caller does not wait for after the deadline."""

    target: _Target
    method: str
    headers: dict[str, str]
    body: bytes | None
    most_bytes: int
    seconds: float
    https: PublicHttps
    answer: "Future[PublicAnswer]" = field(default_factory=Future)
    ended: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    connected: socket.socket | None = None

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def run(self) -> None:
        try:
            answer = self._answered(self.https.address(self.target))
        except Exception as error:  # noqa: BLE001 - the caller raises it
            self.answer.set_exception(error)
        else:
            self.answer.set_result(answer)

    def _answered(self, address: str) -> PublicAnswer:
        connection = _Connection(self, address)
        if self.ended:
            raise TimeoutError
        try:
            # The URL's own form of host and port, as the endpoint expects it.
            own = {"Host": self.target.parts.netloc, "User-Agent": "precert"}
            connection.request(
                self.method, self.target.path, body=self.body, headers={**own, **self.headers}
            )
            response = connection.getresponse()
            content = response.read(self.most_bytes) if self.most_bytes else b""
            return PublicAnswer(response.status, content)
        finally:
            connection.close()

    def opened(self, opened: socket.socket) -> None:
        """Note the socket, so that the deadline can end it.

        Raises:
            TimeoutError: the deadline has passed.
        """
        with self.lock:
            self.connected = opened
            if self.ended:
                opened.close()
                raise TimeoutError

    def end(self) -> None:
        """End the connection, whatever is waiting for it."""
        with self.lock:
            self.ended = True
            if self.connected is not None:
                with suppress(OSError):
                    self.connected.shutdown(socket.SHUT_RDWR)


def read_endpoint_json(url: str) -> Any:
    """The JSON document of the AWS endpoint that the environment names: of the local cloud.

    Raises:
        TransientError: it did not answer.
    """
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as response:  # noqa: S310 - configured
            return json.loads(response.read(MOST_BYTES))
    except (OSError, ValueError):
        raise TransientError("The endpoint did not answer. Try again.") from None
