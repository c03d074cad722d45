"""Calls to addresses that partners name: https only, and to nothing that is not public.

The name is resolved once, every address that it has must be a public one, and the connection goes to
the address that was checked, so that a second resolution cannot name another. Redirects are not
followed. Size and time are limited.
"""

import http.client
import json
import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from precert.adapters.public_addresses import is_public, public_tls_context
from precert.domain.clients import public_address
from precert.domain.errors import TransientError

HTTPS_PORT: Final = 443
SECONDS: Final = 4.0
"""For the whole call; each read ends with it too."""
MOST_BYTES: Final = 64 * 1024

_LATE: Final = "it did not answer in time by https"
Resolve = Callable[[str], Iterable[str]]


class PublicAddressError(Exception):
    """The address cannot be called or read; ``reason`` contains nothing of the answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def resolved(host: str) -> list[str]:
    """All addresses of a name."""
    found = socket.getaddrinfo(host, HTTPS_PORT, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


class _Connection(http.client.HTTPSConnection):
    """Connects to an address that was checked; TLS verifies the name."""

    def __init__(self, host: str, address: str, context: ssl.SSLContext) -> None:
        super().__init__(host, HTTPS_PORT, timeout=SECONDS, context=context)
        self._address = address
        self._tls = context
        self._opened: socket.socket | None = None
        self.ended = False

    def connect(self) -> None:
        plain = socket.create_connection((self._address, HTTPS_PORT), SECONDS)
        self._opened = plain
        self.sock = self._opened = self._tls.wrap_socket(plain, server_hostname=self.host)

    def end(self) -> None:
        """End the connection, whatever is waiting for it: ``close`` waits for the response."""
        self.ended = True
        if self._opened is not None:
            with suppress(OSError):
                self._opened.shutdown(socket.SHUT_RDWR)


class PublicHttps:
    """Reads JSON documents from public https addresses."""

    def __init__(self, resolve: Resolve = resolved) -> None:
        self._resolve = resolve

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return public_tls_context()

    def read_json(self, url: str) -> Any:
        """The JSON document at an address.

        Raises:
            PublicAddressError: the address is not public, or the answer is not one of 200 with JSON.
        """
        try:
            parts = urlsplit(public_address(url))
        except ValueError as error:
            raise PublicAddressError(f"the address {error}") from None
        host = parts.hostname or ""
        connection = _Connection(host, self._checked(host), self._context)
        target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        ending = threading.Timer(SECONDS, connection.end)
        ending.daemon = True
        ending.start()
        try:
            connection.request("GET", target, headers={"Accept": "application/json"})
            with connection.getresponse() as response:
                if response.status != HTTPStatus.OK:
                    raise PublicAddressError(f"it answered with {response.status}")
                content = response.read(MOST_BYTES + 1)
        except (OSError, http.client.HTTPException, ValueError):
            raise PublicAddressError(_LATE) from None
        finally:
            ending.cancel()
            connection.close()
        if connection.ended:
            raise PublicAddressError(_LATE)
        if len(content) > MOST_BYTES:
            raise PublicAddressError(f"it answered with more than {MOST_BYTES // 1024} KB")
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise PublicAddressError("it did not answer with JSON") from None

    def _checked(self, host: str) -> str:
        try:
            addresses = list(self._resolve(host))
        except (OSError, UnicodeError):
            raise PublicAddressError("its name has no address") from None
        if not addresses or not all(is_public(one) for one in addresses):
            raise PublicAddressError("its name has an address that is not public")
        return addresses[0]


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
