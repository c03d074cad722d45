"""The registry of planted defects, and changes of operations that several of them make."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

Patch = pytest.MonkeyPatch


Plant = Callable[[Patch], None]


DEFECTS: Final[dict[str, Plant]] = {}


def defect(plant: Plant) -> Plant:
    """Register a defect by its function's name."""
    DEFECTS[plant.__name__] = plant
    return plant


def without(operation: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in operation.items() if name not in names}


def rewritten(text: str, value: Mapping[str, Any], condition: str, instead: str) -> dict[str, Any]:
    """An operation with a part of its condition replaced."""
    if condition not in value[text]:
        raise AssertionError(f"the defect is outdated: {condition}")
    return {**value, text: value[text].replace(condition, instead)}
