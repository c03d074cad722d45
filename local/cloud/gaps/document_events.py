"""Add the version id to "Object Created" events.

Emulator: the event that a versioned bucket sends to the default bus has no `version-id`, so that a
consumer cannot refer to the version that it verified.
Patch: add it to the event's detail.
Remove when: the unpatched emulator sends it.
"""

import inspect
import json
import threading
from collections.abc import Callable
from typing import Any

from local.cloud.gaps.upstream import module, wrap

_firing = threading.local()


def _versioned(fire: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(fire)

    def fire_versioned(*args: Any, **kwargs: Any) -> None:
        _firing.version = signature.bind(*args, **kwargs).arguments.get("version_id")
        try:
            fire(*args, **kwargs)
        finally:
            _firing.version = None

    return fire_versioned


def _named(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    def dispatch_named(event: dict[str, Any], *rest: Any) -> Any:
        version = getattr(_firing, "version", None)
        if version and event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail["object"].setdefault("version-id", version)
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *rest)

    return dispatch_named


def apply() -> None:
    """Pass the version id from the bucket to the bus."""
    wrap(module("services.s3"), "_fire_s3_event", _versioned)
    wrap(module("services.eventbridge"), "_dispatch_event", _named)
