"""The routes of the HTTP API, from the manifest that ``make openapi`` writes."""

import json
from pathlib import Path
from typing import Final, NamedTuple

from precert.names import Access

MANIFEST: Final = Path(__file__).with_name("routes.json")


class Route(NamedTuple):
    """One operation: its route in API Gateway and the function that serves it."""

    operation_id: str
    method: str
    path: str
    function: str
    access: Access


ROUTES: Final = tuple(
    Route(**{**row, "access": Access(row["access"])})
    for row in json.loads(MANIFEST.read_text(encoding="utf-8"))
)
