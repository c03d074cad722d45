"""FHIR servers of clients (port ``ClientServers``)."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Final

from precert.adapters.public_https import PublicCallError, PublicHttps
from precert.usecases.ports.clients import ClientServer

MAX_BYTES: Final = 512 * 1024
_AT_A_TIME: Final = 10


class FhirClientServers:
    """Reads with the access token of the call, at public addresses only, without redirects."""

    def __init__(self, https: PublicHttps) -> None:
        self._https = https

    def read(
        self, server: ClientServer, paths: Sequence[str], *, seconds: float
    ) -> Mapping[str, dict[str, Any]]:
        if not paths:
            return {}
        with ThreadPoolExecutor(min(len(paths), _AT_A_TIME)) as threads:
            found = threads.map(lambda path: self._resource(server, path, seconds), paths)
            return {path: one for path, one in zip(paths, found, strict=True) if one is not None}

    def _resource(self, server: ClientServer, path: str, seconds: float) -> dict[str, Any] | None:
        headers = {
            "Accept": "application/fhir+json",
            "Authorization": f"Bearer {server.token.get_secret_value()}",
        }
        url = f"{server.base_url}/{path}"
        try:
            response = self._https.call(
                "GET", url, headers=headers, seconds=seconds, most_bytes=MAX_BYTES + 1
            )
        except PublicCallError:
            return None
        if response.status != HTTPStatus.OK or len(response.content) > MAX_BYTES:
            return None
        try:
            document = json.loads(response.content)
        except (ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None
