"""Notifications to the endpoints of clients (port ``Endpoints``), by HTTPS to public addresses only.

The name of the endpoint is resolved once, every address of it must be public, and the connection is
made to one of these addresses: a name that resolves differently the next time changes nothing. The
certificate is verified for the name. Redirects are not followed, and proxies are not used.
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3 import exceptions as errors
from urllib3.util import Timeout

from precert.adapters.public_addresses import is_public, public_tls_context
from precert.domain.subscriptions import DeliveryError
from precert.usecases.ports.subscriptions import Headers, NotDeliveredError
from precert.usecases.ports.writes import require_writes

CONNECT_SECONDS: Final = 5
LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1"})
_AGENT: Final = "precert-subscriptions"
Resolve = Callable[[str, int], Sequence[str]]


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host name, as the operating system resolves it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class RestHooks:
    """Sends one notification with each call; no connection is reused."""

    def __init__(self, *, local: bool, resolve: Resolve = resolved) -> None:
        """``local`` if endpoints on this machine are accepted, also without TLS."""
        self._local = local
        self._resolve = resolve

    def post(
        self, url: str, body: bytes, *, media_type: str, headers: Headers, seconds: int
    ) -> None:
        require_writes()
        parts = urlsplit(url)
        host = parts.hostname or ""
        local = self._local and host in LOCAL_HOSTS
        if parts.scheme != "https" and not local:
            raise NotDeliveredError(DeliveryError.ADDRESS_REFUSED)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = self._address(host, port, local=local)
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        values = {name: value.get_secret_value() for name, value in headers.items()}
        own = {"Host": parts.netloc, "Content-Type": media_type, "User-Agent": _AGENT}
        with self._pool(parts.scheme, address, host, port, seconds) as pool, _not_delivered():
            answer = pool.urlopen(
                "POST",
                path,
                body=body,
                headers={**own, **values},
                redirect=False,
                retries=False,
                preload_content=False,
                assert_same_host=False,
            )
            status = answer.status
            answer.close()
        _require_accepted(status)

    def _address(self, host: str, port: int, *, local: bool) -> str:
        """One address of the host, if all of them are public; IPv4 first."""
        if local:
            return "127.0.0.1"
        try:
            addresses = list(self._resolve(host, port))
        except (OSError, UnicodeError) as error:
            raise NotDeliveredError(DeliveryError.NAME_NOT_RESOLVED) from error
        if not addresses:
            raise NotDeliveredError(DeliveryError.NAME_NOT_RESOLVED)
        if not all(map(is_public, addresses)):
            raise NotDeliveredError(DeliveryError.ADDRESS_REFUSED)
        return min(addresses, key=lambda one: ":" in one)

    def _pool(
        self, scheme: str, address: str, host: str, port: int, seconds: int
    ) -> HTTPConnectionPool:
        timeout = Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds)
        if scheme == "http":
            return HTTPConnectionPool(address, port, timeout=timeout, maxsize=1)
        return HTTPSConnectionPool(
            address,
            port,
            timeout=timeout,
            maxsize=1,
            ssl_context=self._context,
            server_hostname=host,
            assert_hostname=host,
        )

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return public_tls_context()


@contextmanager
def _not_delivered() -> Iterator[None]:
    """Convert errors of the connection; their texts can contain addresses and are not retained."""
    try:
        yield
    except errors.SSLError as error:
        raise NotDeliveredError(DeliveryError.TLS_FAILED) from error
    except errors.NewConnectionError as error:
        raise NotDeliveredError(DeliveryError.CONNECTION_FAILED) from error
    except errors.TimeoutError as error:
        raise NotDeliveredError(DeliveryError.TIMED_OUT) from error
    except (errors.HTTPError, OSError, ValueError) as error:
        raise NotDeliveredError(DeliveryError.CONNECTION_FAILED) from error


def _require_accepted(status: int) -> None:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise NotDeliveredError(DeliveryError.REDIRECTED, status)
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise NotDeliveredError(DeliveryError.NOT_ACCEPTED, status)
