"""``call`` has a value for every parameter; mypy does not check what it injects."""

import ast
from collections.abc import Callable, Iterator
from functools import reduce
from importlib import import_module
from inspect import signature
from typing import Any, Final

import pytest

from precert.bootstrap import INJECTABLE, Dependencies
from tests.architecture.source import dotted, modules, nodes


def calls() -> Iterator[tuple[str, Callable[..., object], ast.Call]]:
    """Each call with injected dependencies: its location, the callee and the expression."""
    for module in modules():
        if module.is_in("functions"):
            for node in nodes(module.tree):
                if isinstance(node, ast.Call) and dotted(node.func) == "call":
                    first, *rest = dotted(node.args[0]).split(".")
                    found = getattr(import_module(module.name), first)
                    yield module.at(node), reduce(getattr, rest, found), node


CALLS: Final = list(calls())


@pytest.mark.parametrize(("place", "function", "node"), CALLS, ids=[place for place, *_ in CALLS])
def test_every_parameter_has_a_value_when_a_use_case_is_called(
    place: str, function: Callable[..., object], node: ast.Call
) -> None:
    named = {keyword.arg: None for keyword in node.keywords if keyword.arg}
    injected = {
        parameter.name: None
        for parameter in signature(function).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.name in INJECTABLE
    }
    signature(function).bind(*node.args[1:], **{**injected, **named})


def test_arguments_take_precedence_when_a_dependency_has_the_same_name() -> None:
    def use_case(*, now: Any, payer: Any, other: int = 0) -> tuple[Any, Any, int]:
        return now, payer, other

    found = Dependencies(now=lambda: "instant").call(use_case, payer="passed", other=1)  # type: ignore[arg-type,return-value]
    assert found == ("instant", "passed", 1)
