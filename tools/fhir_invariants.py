"""Evaluate the FHIRPath expressions of invariants, by fhirpathpy."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final

from fhirpathpy import compile as compile_fhirpath
from fhirpathpy.models import models

from tools.fhir_profiles import Json, codings, guide_facts, is_listed

_ALONE: Final = ")) and extension.where"
"""A part of crd-ci-q4 whose first operand is an element. FHIRPath evaluates it as true, fhirpathpy does
not."""


def is_satisfied(expression: str, value: Any, resource: Json) -> bool:
    """Whether a value satisfies an expression; ``resource`` is what ``%resource`` means in it."""
    if "%resource" in expression:
        return _is_satisfied(expression, value, resource)
    return _satisfies(json.dumps(value), expression)


@lru_cache(maxsize=2**16)
def _satisfies(text: str, expression: str) -> bool:
    """Whether a value satisfies an expression without variables, by the JSON text of the value.

    Most values of an answer, such as codes and addresses, are also in other answers.
    """
    return _is_satisfied(expression, json.loads(text), {})


def _is_satisfied(expression: str, value: Any, resource: Json) -> bool:
    root = value if isinstance(value, dict) else {"value": value}
    text = expression if root is value else expression.replace("$this", "value")
    return _compiled(text)(root, {"resource": resource}) in ([True], [])


def _member_of(values: Sequence[Any], value_set: str) -> list[bool]:
    """FHIR's ``memberOf``, for value sets whose codes are listed."""
    codes = guide_facts()["value_sets"].get(value_set, [])
    found = [getattr(one, "data", one) for one in values]
    return [any(is_listed(coding, codes) for one in found for coding in codings(one))]


_FUNCTIONS: Final = {
    "hasValue": {"fn": lambda values: [bool(values)], "arity": {0: []}},
    "memberOf": {"fn": _member_of, "arity": {1: ["String"]}},
}
"""Functions of FHIR that fhirpathpy does not implement."""


@cache
def _compiled(expression: str) -> Callable[[Json, Mapping[str, Any]], list[Any]]:
    compiled: Callable[[Json, Mapping[str, Any]], list[Any]] = compile_fhirpath(
        expression.replace(_ALONE, _ALONE.replace(" and", ".exists() and")),
        models["r4"],
        {"userInvocationTable": _FUNCTIONS},
    )
    return compiled
