"""What API Gateway adds to an event: the matched route and its path variables."""

import re
from typing import Any
from urllib.parse import unquote

from tools.operations import ALL_ROUTES as ROUTES


def matched(method: str, path: str) -> dict[str, Any]:
    """``routeKey`` and ``pathParameters`` of the most specific route, or ``$default``."""
    for route in sorted(ROUTES, key=lambda one: one.path.count("{")):
        form = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path)
        found = re.fullmatch(form, path)
        if found and route.method == method:
            variables = {name: unquote(value) for name, value in found.groupdict().items()}
            return {"routeKey": route.key, "pathParameters": variables or None}
    return {"routeKey": "$default", "pathParameters": None}
