"""Access to the emulator's modules.

Modules are imported by name, because the emulator is not installed in the project's environment. A
release that renames a patched function stops the start with a message instead of silently disabling
the patch.
"""

import importlib
from collections.abc import Callable
from typing import Any

PACKAGE = "ministack"


class UpstreamChangedError(Exception):
    """The installed emulator lacks a function that is patched: it is another release."""


def module(path: str) -> Any:
    """Return the emulator's module of this dotted path, relative to its package."""
    return importlib.import_module(f"{PACKAGE}.{path}")


def wrap(owner: Any, name: str, around: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Replace the function `owner.name` with `around(original)`.

    Raises:
        UpstreamChangedError: There is no such function.
    """
    original = getattr(owner, name, None)
    if not callable(original):
        raise UpstreamChangedError(f"{owner!r} has no function {name}: review local/cloud/gaps")
    setattr(owner, name, around(original))


def resource_handlers() -> dict[str, dict[str, Any]]:
    """Return the create, update and delete functions by CloudFormation resource type."""
    handlers: dict[str, dict[str, Any]] = module(
        "services.cloudformation.provisioners"
    )._RESOURCE_HANDLERS
    return handlers
