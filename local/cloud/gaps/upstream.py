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
    """The installed emulator is not the release that the patches were written for."""


def module(path: str) -> Any:
    """Return the emulator's module of this dotted path, relative to its package."""
    return importlib.import_module(f"{PACKAGE}.{path}")


def wrap(owner: Any, name: str, around: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Replace the function `owner.name` with `around(original)`."""
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
