"""The check as SnapStart runs it: the initialization, and for CALLS above 0 a restore and the calls."""

from typing import Any

import snapshot_restore_py

from bench.workers import harness
from functions.check.handler import handle
from precert.bootstrap import dependencies


def run(hooks: Any) -> None:
    for hook, arguments, named in hooks:
        hook(*arguments, **named)


def main() -> None:
    dependencies().now = lambda: harness.NOW
    run(reversed(snapshot_restore_py.get_before_snapshot()))
    if calls := harness.calls():
        run(snapshot_restore_py.get_after_restore())
        harness.serve(handle, calls)


if __name__ == "__main__":
    main()
