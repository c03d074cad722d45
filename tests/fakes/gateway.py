"""What API Gateway adds to an event: the route it matched, and the variables of its path."""

import re
from typing import Any
from urllib.parse import unquote

from tools.operations import ROUTES


def matched(method: str, path: str) -> dict[str, Any]:
    """``routeKey`` and ``pathParameters``; ``$default`` where no route fits."""
    for route in ROUTES:
        form = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path)
        found = re.fullmatch(form, path)
        if found and route.method == method:
            variables = {name: unquote(value) for name, value in found.groupdict().items()}
            return {"routeKey": route.key, "pathParameters": variables or None}
    return {"routeKey": "$default", "pathParameters": None}
