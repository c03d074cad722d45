"""The local cloud's commands: ``python -m local up | down | demo | token | env | decide | reset``."""

import signal
import sys
from types import FrameType
from typing import Final, NoReturn

_STOPPING: Final = (signal.SIGINT, signal.SIGTERM)


def run() -> int:
    """Run one command. Ctrl-C and SIGTERM end it with one line, even while modules are imported.

    A shell starts background commands with SIGINT ignored, so this sets its handler in any case.
    """
    for number in _STOPPING:
        signal.signal(number, _stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored under nohup
        signal.signal(signal.SIGHUP, _stop)
    try:
        from local.command_line import main  # takes a second, in which a user can press Ctrl-C

        return main()
    except KeyboardInterrupt:
        print("\nprecert: stopped", file=sys.stderr)
        return 130


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """End the command; a second signal does not interrupt its cleanup."""
    for number in _STOPPING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(run())
