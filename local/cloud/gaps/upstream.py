"""The one door to the emulator's own modules.

Looked up by name, since the emulator is not installed beside the project's tools, and checked when
it is looked up: a release that renames what a gap filling leans on stops the start with a message
instead of leaving the gap open without a word.
"""

import importlib
from collections.abc import Callable
from typing import Any

PACKAGE = "ministack"


class UpstreamChangedError(Exception):
    """The installed emulator is not the one these fillings were written for."""


def module(path: str) -> Any:
    """The emulator's module of this dotted path, below its package."""
    return importlib.import_module(f"{PACKAGE}.{path}")


def wrap(owner: Any, name: str, around: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Put `around(original)` in the place of the function `owner.name`."""
    original = getattr(owner, name, None)
    if not callable(original):
        raise UpstreamChangedError(f"{owner!r} has no function {name}: review local/cloud/gaps")
    setattr(owner, name, around(original))


def resource_handlers() -> dict[str, dict[str, Any]]:
    """CloudFormation resource type to its create, update and delete functions."""
    handlers: dict[str, dict[str, Any]] = module(
        "services.cloudformation.provisioners"
    )._RESOURCE_HANDLERS
    return handlers
