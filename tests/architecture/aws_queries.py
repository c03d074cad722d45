"""JMESPath expressions, checked against the output of an operation."""

from collections.abc import Mapping
from typing import Any

import jmespath  # type: ignore[import-untyped]
from botocore.model import ListShape, MapShape, Shape, StructureShape


def errors_of_query(query: str, output: Shape | None) -> list[str]:
    """What is wrong with a JMESPath expression on the output of an operation."""
    try:
        parsed = jmespath.compile(query).parsed
    except jmespath.exceptions.JMESPathError as error:
        return [f"--query: {error}"]
    errors: list[str] = []
    _typed(parsed, output, errors)
    return errors


def _typed(node: Mapping[str, Any], shape: Shape | None, errors: list[str]) -> Shape | None:
    """The shape of what a part of an expression selects; ``None``: any."""
    kind, children = node["type"], node["children"]
    if kind == "field":
        return _member(node["value"], shape, errors)
    if kind in {"subexpression", "index_expression", "pipe"}:
        for child in children:
            shape = _typed(child, shape, errors)
        return shape
    if kind in {"projection", "filter_projection", "value_projection"}:
        return _projected(node, shape, errors)
    if kind in {"index", "slice"}:
        return shape if kind == "slice" else _element(shape)
    if kind in {"current", "identity", "flatten"}:
        return _typed(children[0], shape, errors) if children else shape
    for child in children:
        _typed(child, shape, errors)
    return None


def _projected(node: Mapping[str, Any], shape: Shape | None, errors: list[str]) -> Shape | None:
    children = node["children"]
    found = _typed(children[0], shape, errors)
    each = found.value if isinstance(found, MapShape) else _element(found)
    if len(children) == 3:
        _typed(children[2], each, errors)
    _typed(children[1], each, errors)
    return None


def _element(shape: Shape | None) -> Shape | None:
    return shape.member if isinstance(shape, ListShape) else None


def _member(name: str, shape: Shape | None, errors: list[str]) -> Shape | None:
    if isinstance(shape, StructureShape):
        if name not in shape.members:
            errors.append(f"--query: {shape.name} has no member {name}")
            return None
        found: Shape = shape.members[name]
        return found
    if isinstance(shape, MapShape):
        return shape.value
    if shape is not None:
        errors.append(f"--query: {shape.name} has no members, and so no {name}")
    return None
