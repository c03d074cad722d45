"""Match the path of a request without building the pattern of each route again.

Emulator: for each request it splits and escapes the path of every route of the API, twice; with a
hundred routes that takes longer than everything else that it does for the request.
Patch: build the pattern of a route once.
Remove when: the unpatched emulator keeps the patterns.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from local.cloud.gaps.upstream import module, wrap

PARAMETER: Final = re.compile(r"\{([^}+]+)(\+?)\}")


@cache
def pattern_of(route_path: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """The pattern of a route's path, and the names of its parameters in their order."""
    pattern, names, end = "", [], 0
    for parameter in PARAMETER.finditer(route_path):
        literal = re.escape(route_path[end : parameter.start()])
        pattern += literal + ("(.+)" if parameter[2] else "([^/]+)")
        names.append(parameter[1])
        end = parameter.end()
    return re.compile(pattern + re.escape(route_path[end:])), tuple(names)


def path_parameters(route_path: str, request_path: str) -> dict[str, str] | None:
    """The values of the route's parameters, or None if the path is not the route's."""
    pattern, names = pattern_of(route_path)
    matched = pattern.fullmatch(request_path)
    return None if matched is None else dict(zip(names, matched.groups(), strict=True))


def _kept(_replaced: Callable[..., Any]) -> Callable[..., Any]:
    return path_parameters


def apply() -> None:
    """Replace the function that reads a path's parameters."""
    wrap(module("services.apigateway"), "_extract_path_params", _kept)
