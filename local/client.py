"""An HTTP client of the API and of presigned uploads, for the demo and the tests."""

import atexit
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any, Final

import httpx

READ_ATTEMPTS: Final = 5
"""The attempts of a GET to which the API responds with 503, as it does on an overloaded machine."""


@cache
def tls_context() -> ssl.SSLContext:
    """Return the TLS context. Creating it takes longer than most calls, so it is created once."""
    return httpx.create_ssl_context()


@cache
def connections() -> httpx.Client:
    """Return the client that all callers share, which reuses connections."""
    client = httpx.Client(timeout=120, verify=tls_context())
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
        """Send one request and return the response, whatever its status.

        A GET with the response 503 is repeated after the seconds in its Retry-After header.
        """
        response = self._once(method, path, body, query, headers)
        for _ in range(READ_ATTEMPTS - 1):
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
        """Read a request or case by its path, and post an action on the version that was read."""
        version = self.call("GET", request).json().get("version", 1)
        return self.call("POST", f"{request}/{action}", body, headers={"If-Match": f'"{version}"'})


def upload(form: Mapping[str, Any], name: str, content: bytes) -> httpx.Response:
    """Upload a file with a presigned form, which has the keys ``url`` and ``fields``."""
    files = {"file": (name, content)}
    return httpx.post(
        form["url"], data=form["fields"], files=files, timeout=60, verify=tls_context()
    )
