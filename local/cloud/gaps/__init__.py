"""What the emulator lacks for this product's template, each filled by one module.

Every module says what was seen, what it does about it and when it can go; `tests/cloud` holds, for
each, a test that fails once the emulator does it by itself.
"""

import importlib
from collections.abc import Iterable
from typing import Final

from local.cloud.gaps import upstream as upstream

ALL: Final = (
    "function_errors",
    "function_concurrency",
    "function_layers",
    "function_latency",
    "stack_properties",
    "stack_types",
    "table_expiry",
    "stream_mappings",
    "event_targets",
    "document_events",
    "workflow_tasks",
    "request_checks",
    "checkpoint",
)


def apply(names: Iterable[str] = ALL) -> None:
    """Fill the named gaps; called once, before the emulator serves its first request."""
    for name in names:
        importlib.import_module(f"{__name__}.{name}").apply()
