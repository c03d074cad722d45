"""A handler parses its input, calls one use case and returns a response."""

import ast
from typing import Final

from tests.architecture.source import modules, nodes

MAX_BODY: Final = 24


def lines_of_body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The number of lines from the first statement after the docstring to the last."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or body[-1].lineno) - body[0].lineno + 1 if body else 0


def test_bodies_are_short_when_functions_are_in_a_handler() -> None:
    errors = [
        f"{module.at(node)} {node.name}: {lines_of_body(node)} lines"
        for module in modules()
        if module.is_in("functions")
        for node in nodes(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and lines_of_body(node) > MAX_BODY
    ]
    assert not errors, "\n".join(errors)
