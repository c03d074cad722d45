"""Forward calls to the deployed API, as CloudFront does: without caching, with all headers but Host."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import httpx

from local.client import tls_context

_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_TIMEOUT_SECONDS: Final = 60.0

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Forwarded:
    """The response of the API, without hop-by-hop headers."""

    status: int
    headers: Headers
    content: bytes


class Proxy:
    """A client of one API, which threads may share."""

    def __init__(self, api_url: str) -> None:
        self._api_url = api_url
        self._client = httpx.Client(timeout=_TIMEOUT_SECONDS, verify=tls_context(), trust_env=False)

    def close(self) -> None:
        """Close the connections to the API."""
        self._client.close()

    def forward(self, method: str, target: str, headers: Headers, body: bytes) -> Forwarded:
        """Send the request to the API and return its response; ``target`` is the path with the query.

        If the API does not respond, the response is 502, or 504 after 60 seconds, as CloudFront's.
        """
        request = self._client.build_request(
            method, f"{self._api_url}{target}", headers=end_to_end(headers), content=body
        )
        try:
            response = self._client.send(request, stream=True)
            try:
                content = b"".join(response.iter_raw())
            finally:
                response.close()
        except httpx.TimeoutException:
            return _problem(HTTPStatus.GATEWAY_TIMEOUT)
        except httpx.TransportError:
            return _problem(HTTPStatus.BAD_GATEWAY)
        return Forwarded(response.status_code, end_to_end(response.headers.multi_items()), content)


def end_to_end(headers: Iterable[tuple[str, str]]) -> Headers:
    """Return the headers without hop-by-hop headers (RFC 9110), Host and Content-Length."""
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]


def _problem(status: HTTPStatus) -> Forwarded:
    body = {"type": "about:blank", "title": status.phrase, "status": status.value}
    headers = [("Content-Type", "application/problem+json"), ("Retry-After", "1")]
    return Forwarded(status, headers, json.dumps(body).encode())
