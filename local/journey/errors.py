"""Read errors from the functions' logs; the local cloud's own log contains only invocations."""

import json
from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any, Final

SHOWN: Final = 5
_LEVELS: Final = frozenset({"ERROR", "CRITICAL"})


def last_errors(logs: Any, shown: int = SHOWN) -> list[str]:
    """Return the last error lines of all log groups, the oldest first, each after its group's name.

    Args:
        logs: A client of CloudWatch Logs.
        shown: The maximum number of lines.
    """
    found: list[tuple[int, str]] = []
    for page in logs.get_paginator("describe_log_groups").paginate():
        for name in [group["logGroupName"] for group in page["logGroups"]]:
            parts = logs.get_paginator("filter_log_events").paginate(logGroupName=name)
            events = [event for part in parts for event in part["events"]]
            found += [(at, f"{name}: {message}") for at, message in _errors(events)]
    return [line for _, line in sorted(found, key=itemgetter(0))[-shown:]]


def _errors(events: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    """Yield error lines and the last line of each traceback, which the emulator logs line by line."""
    traced = False
    for event in events:
        message: str = event["message"]
        if message.startswith("Traceback"):
            traced = True
        elif traced and not message.startswith(" "):
            traced = False
            yield event["timestamp"], message.strip()
        elif _is_error(message):
            yield event["timestamp"], message.strip()


def _is_error(message: str) -> bool:
    try:
        line = json.loads(message)
    except ValueError:
        return False
    return isinstance(line, dict) and line.get("level") in _LEVELS
