"""Match the path of a request with patterns that are compiled once.

Emulator: for each request it splits and escapes the path of every route of the API, twice. With 100
routes, that takes longer than the rest of the request's processing in the emulator.
Patch: compile the pattern of each route once.
Remove when: the unpatched emulator caches the patterns.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from local.cloud.gaps.upstream import module, wrap

PARAMETER: Final = re.compile(r"\{([^}+]+)(\+?)\}")


@cache
def pattern_of(route_path: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """Return the pattern of a route's path, and the names of its parameters in order."""
    pattern, names, end = "", [], 0
    for parameter in PARAMETER.finditer(route_path):
        literal = re.escape(route_path[end : parameter.start()])
        pattern += literal + ("(.+)" if parameter[2] else "([^/]+)")
        names.append(parameter[1])
        end = parameter.end()
    return re.compile(pattern + re.escape(route_path[end:])), tuple(names)


def path_parameters(route_path: str, request_path: str) -> dict[str, str] | None:
    """Return the values of the route's parameters by name, or None if the path does not match."""
    pattern, names = pattern_of(route_path)
    matched = pattern.fullmatch(request_path)
    return None if matched is None else dict(zip(names, matched.groups(), strict=True))


def _cached(_replaced: Callable[..., Any]) -> Callable[..., Any]:
    return path_parameters


def apply() -> None:
    """Replace the function that reads a path's parameters."""
    wrap(module("services.apigateway"), "_extract_path_params", _cached)
