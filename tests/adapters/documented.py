"""The statuses that the documents of the API state for each route."""

import json
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Final

from tests.architecture.source import ROOT

TOKEN: Final = "POST /oauth/token"
TOKEN_STATUSES: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED})
"""With the token errors of OAuth 2.0, which no operation declares."""

DEFECT: Final = HTTPStatus.INTERNAL_SERVER_ERROR
"""Of a damaged record: any FHIR operation can return it."""


@cache
def statuses() -> Mapping[str, frozenset[int]]:
    """By route key, as in ``GET /v1/me``."""
    paths = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))["paths"]
    fhir = json.loads((ROOT / "docs" / "fhir-interface.json").read_text(encoding="utf-8"))["routes"]
    found = {
        f"{method.upper()} {path}": frozenset(map(int, operation["responses"]))
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    found |= {
        key: frozenset({route["status"], *map(int, route["errors"]), DEFECT})
        for key, route in fhir.items()
    }
    return {**found, TOKEN: found[TOKEN] | TOKEN_STATUSES}


def is_documented(route: str, status: int) -> bool:
    """Whether a route can answer with the status; a call that no route matches is not documented."""
    if status == HTTPStatus.NOT_MODIFIED and route.startswith("GET "):
        return True
    return route not in statuses() or status in statuses()[route]
