"""The local cloud's commands: ``python -m local up | demo | token USER | env USER | reset``."""

import sys


def run() -> int:
    """One command; Ctrl-C is one line from the first moment on."""
    try:
        from local.command_line import main  # loads for a second, in which people press Ctrl-C

        return main()
    except KeyboardInterrupt:
        print("\nprecert: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(run())
