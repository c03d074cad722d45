"""Calls the API over HTTP, as any portal would, and nothing but HTTP."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx


@cache
def trust() -> ssl.SSLContext:
    """Whom TLS trusts. Loading it takes longer than most calls, so it is loaded once."""
    return httpx.create_ssl_context()


@dataclass(frozen=True)
class Caller:
    """One signed-in user with an address to call."""

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
        """One call; any status is an answer."""
        authorization = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx.request(
            method,
            f"{self.api_url}{path}",
            json=body,
            params=dict(query or {}),
            headers={**authorization, **(headers or {})},
            timeout=60,
            verify=trust(),
        )


def upload(form: Mapping[str, Any], name: str, content: bytes) -> httpx.Response:
    """Post a file by a presigned form."""
    files = {"file": (name, content)}
    return httpx.post(form["url"], data=form["fields"], files=files, timeout=60, verify=trust())
