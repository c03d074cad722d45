"""An HTTP client of the API, as a portal would have."""

import atexit
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any, Final

import httpx

READS: Final = 5
"""How often a read is made that the API asks to repeat, as it does when a busy machine is late."""


@cache
def trust() -> ssl.SSLContext:
    """Return the TLS context. Loading it takes longer than most calls, so it is loaded once."""
    return httpx.create_ssl_context()


@cache
def connections() -> httpx.Client:
    """Return the client of all callers, which reuses connections."""
    client = httpx.Client(timeout=120, verify=trust())
    atexit.register(client.close)
    return client


@dataclass(frozen=True)
class Caller:
    """A signed-in user and the URL of the API."""

    api_url: str
    token: str | None

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Make one call and return the response, whatever its status.

        A read with the response 503 is repeated after the seconds in its Retry-After.
        """
        response = self._once(method, path, body, query, headers)
        for _ in range(READS - 1):
            if method != "GET" or response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                break
            time.sleep(float(response.headers.get("Retry-After", 0)))
            response = self._once(method, path, body, query, headers)
        return response

    def _once(
        self,
        method: str,
        path: str,
        body: object,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> httpx.Response:
        authorization = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return connections().request(
            method,
            f"{self.api_url}{path}",
            json=body,
            params=dict(query or {}),
            headers={**authorization, **(headers or {})},
        )

    def act(self, request: str, action: str, body: object = None) -> httpx.Response:
        """Read a request by its path, and act on the version that was read."""
        version = self.call("GET", request).json().get("version", 1)
        return self.call("POST", f"{request}/{action}", body, headers={"If-Match": f'"{version}"'})


def upload(form: Mapping[str, Any], name: str, content: bytes) -> httpx.Response:
    """Upload a file with a presigned form."""
    files = {"file": (name, content)}
    return httpx.post(form["url"], data=form["fields"], files=files, timeout=60, verify=trust())
