"""Patches for what the emulator (ministack 1.5.33) lacks for this product's template, one a module.

Each module states what the emulator does, what the patch changes, and when it can be removed. For most
patches, ``tests/cloud`` has a test named ``…_when_unpatched``, which runs the emulator without the
patch and fails when a release of the emulator no longer needs it.

Differences from AWS that no module patches:

- ``HeartbeatSeconds`` of a callback task and ``TimeoutSeconds`` of an Express state machine are not
  enforced; ``MaxDelaySeconds`` and jitter are ignored (retries wait 60 s at most).
- Executions that run during a restart become FAILED with ``States.ServiceRestart``. ``make up`` starts
  them again, and so does the repair command.
- The path of an HTTP API is decoded before the route is matched: ``%2F`` in a parameter is a 404.
- Permissions of a state machine's role and of EventBridge on its targets are not checked; those of the
  functions' roles are.
- Without the package ``cryptography``, every token is refused without a log line, so the launcher does
  not start without it.
"""

import importlib
from collections.abc import Iterable
from typing import Final

from local.cloud.gaps import upstream as upstream

ALL: Final = (
    "function_errors",
    "function_metrics",
    "function_concurrency",
    "function_layers",
    "function_starts",
    "function_timeouts",
    "function_latency",
    "route_matching",
    "stack_properties",
    "stack_types",
    "table_expiry",
    "table_throttles",
    "stream_mappings",
    "event_targets",
    "document_events",
    "workflow_tasks",
    "workflow_limits",
    "request_checks",
    "sign_in_pages",
    "metrics",
    "alarms",
    "checkpoint",
)


def apply(names: Iterable[str] = ALL) -> None:
    """Apply the named patches; called once, before the emulator serves its first request."""
    for name in names:
        importlib.import_module(f"{__name__}.{name}").apply()
