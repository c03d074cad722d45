"""Execution environments of Lambda: each has its own copy of a handler's module.

Lambda runs one call at a time in an environment, and Powertools' resolver relies on it. Tests that run
calls of one function at the same time load the module once per call in progress.
"""

from collections.abc import Hashable
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

_COPIES: dict[tuple[Hashable, str], ModuleType] = {}


def environment(function: ModuleType, key: Hashable) -> ModuleType:
    """The copy of a function with this key; functions without HTTP operations have no state."""
    if not hasattr(function, "api"):
        return function
    found = _COPIES.get((key, function.__name__))
    if found is None:
        spec = spec_from_file_location(function.__name__, function.__file__)
        assert spec is not None
        assert spec.loader is not None
        found = _COPIES[key, function.__name__] = module_from_spec(spec)
        spec.loader.exec_module(found)
    return found
