"""Parse the commands of the local cloud, and print errors in one line."""

import argparse
import sys
from collections.abc import Sequence

from local import commands
from local.cloud import settings
from local.cloud.errors import LocalCloudError
from local.decisions import Outcome
from local.users import SYSTEMS, USERS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; an error is printed in one line, without a traceback."""
    parser = argparse.ArgumentParser(prog="python -m local", description="The local cloud.")
    known = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = known.add_parser("up", help="run the local cloud until Ctrl-C")
    up.add_argument(
        "--port",
        type=int,
        help=f"the port (default: that of the stored state, or {settings.DEFAULT_PORT})",
    )
    up.add_argument(
        "--portal-port",
        type=int,
        default=settings.PORTAL_PORT,
        help=f"the port of the portal (default {settings.PORTAL_PORT}; 0 for any free one)",
    )
    known.add_parser("down", help="stop the running local cloud")
    known.add_parser("demo", help="run requests from check to determination and verify each step")
    token = known.add_parser("token", help="print a user's token for the running cloud")
    token.add_argument("user", choices=[user.name for user in USERS])
    env = known.add_parser("env", help="print shell variables for calls as a user or system")
    env.add_argument("user", choices=[user.name for user in (*USERS, *SYSTEMS)])
    decide = known.add_parser("decide", help="decide a request as the sample physician reviewer")
    decide.add_argument("number", help="the precertification number")
    decide.add_argument("outcome", choices=[one.value for one in Outcome])
    known.add_parser("reset", help="delete the local cloud's data")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "up":
            commands.up(chosen.port, chosen.portal_port)
            return 0
        if chosen.command == "down":
            return commands.down()
        if chosen.command == "demo":
            return commands.demo()
        if chosen.command == "token":
            return commands.token(chosen.user)
        if chosen.command == "env":
            return commands.env(chosen.user)
        if chosen.command == "decide":
            return commands.decide(chosen.number, Outcome(chosen.outcome))
        return commands.reset()
    except LocalCloudError as error:
        print(f"precert: {error}", file=sys.stderr)
        return 1
