"""Calls the API over HTTP, as any portal would, and nothing but HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx


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
        )


def upload(form: Mapping[str, Any], name: str, content: bytes) -> httpx.Response:
    """Post a file by a presigned form."""
    return httpx.post(form["url"], data=form["fields"], files={"file": (name, content)}, timeout=60)
