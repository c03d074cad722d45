"""The routes of the HTTP API, from the manifest that ``make openapi`` writes."""

import json
from pathlib import Path
from typing import Final, NamedTuple

MANIFEST: Final = Path(__file__).with_name("routes.json")


class Route(NamedTuple):
    """One operation: its route in API Gateway and the function that serves it."""

    operation_id: str
    method: str
    path: str
    function: str


ROUTES: Final = tuple(Route(**row) for row in json.loads(MANIFEST.read_text(encoding="utf-8")))
