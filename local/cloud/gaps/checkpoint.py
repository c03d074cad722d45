"""Save the emulator's state every few seconds, not only at a graceful stop.

Emulator: state is saved only at shutdown. A crash or `kill -9` loses all changes since the start, and
leaves objects on disk whose buckets no longer exist.
Patch: every `INTERVAL_SECONDS` in which requests arrived, save the services that changed. Their states
are read together on the event loop, written to new files, and moved over the old ones. Logs and metrics
are saved at a graceful stop only.
Remove when: the emulator saves while it runs.
"""

import asyncio
import hashlib
import itertools
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from local.cloud.gaps.upstream import module, wrap

INTERVAL_SECONDS: Final = 2.0
#: Services whose state is large, or not needed after a crash.
AT_STOP_ONLY: Final = frozenset({"cloudwatch", "cloudwatch_logs", "cloudtrail"})

_numbers = itertools.count(1)
_last_request = [0]
_saved: dict[str, str] = {}
_writing = threading.Lock()
_stopping = threading.Event()


def _counted(serve: Callable[..., Any]) -> Callable[..., Any]:
    async def serve_counted(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and not str(scope["path"]).startswith("/_ministack/"):
            _last_request[0] = next(_numbers)
        await serve(scope, receive, send)

    return serve_counted


def _hash_of_functions(functions: Any) -> str:
    """Return a hash of the configuration of functions, layers and mappings, but not of their code."""
    parts = [
        repr((key, func["config"], func.get("tags"), func.get("policy")))
        for key, func in list(functions._functions._data.items())
    ]
    parts += [repr(key) for key in list(functions._layers._data)]
    parts += [repr(key) for key in list(functions._esms._data)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def hash_of_stacks(stacks: Any) -> str:
    """Return a hash of what changes with each operation on a stack, without copying all stacks."""
    parts = [
        repr((key, stack.get("StackStatus"))) for key, stack in list(stacks._stacks._data.items())
    ]
    parts += [repr((key, len(events))) for key, events in list(stacks._stack_events._data.items())]
    parts += [repr(list(stacks._exports._data)), repr(list(stacks._change_sets._data))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


#: How to find out, without reading its whole state, whether a service changed since the last save.
HASHES: Final[Mapping[str, tuple[str, Callable[[Any], str]]]] = {
    "lambda": ("services.lambda_svc", _hash_of_functions),
    "cloudformation": ("services.cloudformation", hash_of_stacks),
}


def _deploying() -> bool:
    """Return whether a stack is being deployed: its intermediate state is not saved."""
    stacks = module("services.cloudformation")._stacks
    return any(
        str(stack.get("StackStatus", "")).endswith("_IN_PROGRESS")
        for stack in list(stacks._data.values())
    )


async def _take(app: Any) -> dict[str, Any] | None:
    """Return the state of each service, by name, or None during a deployment.

    The states are consistent, because the event loop serves no request meanwhile.
    """
    if _deploying():
        return None
    states: dict[str, Any] = {}
    for name, get_state in app._build_persistence_save_dict().items():
        if name in AT_STOP_ONLY:
            continue
        if name in HASHES:
            path, hash_of = HASHES[name]
            content_hash = hash_of(module(path))
            if _saved.get(name) == content_hash:
                continue
            _saved[name] = content_hash
        state = get_state()
        if state is not None:
            states[name] = state
    return states


def _last(save_all: Callable[..., Any]) -> Callable[..., Any]:
    """Prevent an older checkpoint from overwriting the save at shutdown."""

    def save_all_last(services: Any) -> None:
        with _writing:
            _stopping.set()
            save_all(services)

    return save_all_last


def _write(states: dict[str, Any]) -> None:
    with _writing:
        if not _stopping.is_set():
            _write_changed(states)


def _write_changed(states: dict[str, Any]) -> None:
    persistence = module("core.persistence")
    home = Path(persistence.STATE_DIR)
    fresh: list[tuple[Path, Path]] = []
    for name, state in states.items():
        content = persistence.json.dumps(
            {"__ministack_format__": persistence._state_format_version(name), "payload": state},
            default=persistence._json_default,
        )
        content_hash = hashlib.sha256(content.encode()).hexdigest()
        if name not in HASHES and _saved.get(name) == content_hash:
            continue
        path = home / f"{name}.json.next"
        path.write_text(content, encoding="utf-8")
        fresh.append((path, home / f"{name}.json"))
        if name not in HASHES:
            _saved[name] = content_hash
    for path, final in fresh:
        path.replace(final)


def _save_forever(app: Any) -> None:
    pause, seen, quiet = threading.Event(), 0, True
    while not pause.wait(INTERVAL_SECONDS):
        loop = app._MAIN_LOOP
        # Save once more after the last request, because its asynchronous work can end after it.
        if loop is None or (seen == _last_request[0] and quiet):
            continue
        quiet = seen == _last_request[0]
        seen = _last_request[0]
        try:
            states = asyncio.run_coroutine_threadsafe(_take(app), loop).result(timeout=60)
            if states is None:
                quiet = False
            else:
                _write(states)
        except Exception:
            _saved.clear()
            app.logger.exception("checkpoint failed; trying again")


def apply() -> None:
    """Start saving in the background, unless the cloud is temporary."""
    app = module("app")
    wrap(app, "app", _counted)
    wrap(app, "save_all", _last)
    if not module("core.persistence").PERSIST_STATE:
        return
    threading.Thread(
        target=_save_forever, args=(app,), daemon=True, name="precert-checkpoint"
    ).start()
