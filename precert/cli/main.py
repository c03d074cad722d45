"""The command line: arguments in, lines and an exit code out.

Exit codes: 0 done; 1 refused, and the lines say why; 2 called wrongly, or AWS could not be reached.
Whatever is refused is said in one line each, ``FILE:line: column: message`` for what stands in a file.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from precert.cli import executions, rules
from precert.domain.errors import InvalidInputError, PrecertError
from precert.settings import SettingsError

DONE: Final = 0
REFUSED: Final = 1
FAILED: Final = 2


def main(arguments: Sequence[str]) -> int:
    """Run one command."""
    given = _parser().parse_args(arguments)
    try:
        return DONE if given.run(given) else REFUSED
    except InvalidInputError as error:
        for one in error.errors:
            print(f"{one.pointer.lstrip('/')}: {one.message}", file=sys.stderr)
        return REFUSED
    except (PrecertError, SettingsError, rules.UnreadableFileError) as error:
        said = error.detail if isinstance(error, PrecertError) else error
        print(f"precert: {said}", file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m precert", description=__doc__)
    topics = parser.add_subparsers(title="topics", metavar="TOPIC", required=True)
    of_rules = topics.add_parser("rules", help="the rule list").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )

    check = of_rules.add_parser("check", help="name every error, overlap and gap of a file")
    _of_a_file(check)
    check.set_defaults(run=rules.check)

    publish = of_rules.add_parser("publish", help="make a file the list in effect")
    _of_a_file(publish)
    _of_a_stack(publish)
    publish.add_argument("--version", help="what to call it; else made of time and content")
    publish.set_defaults(run=rules.publish)

    listed = of_rules.add_parser("list", help="all lists ever published")
    _of_a_stack(listed)
    listed.set_defaults(run=rules.show_all)

    show = of_rules.add_parser("show", help="the list in effect on a day, and its rules for a code")
    _of_a_stack(show)
    _of_a_payer(show)
    show.add_argument(
        "--on",
        type=rules.day_or_instant,
        metavar="DATE",
        help="a day, meaning its end where the payer is, or an instant with its zone; else now",
    )
    show.add_argument("--code", help="show the rules that name this code")
    show.set_defaults(run=rules.show)

    of_executions = topics.add_parser(
        "executions", help="open determination cycles and the executions that drive them"
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)
    orphaned = of_executions.add_parser(
        "list", help="open determination cycles without a running execution"
    )
    _of_a_stack(orphaned)
    orphaned.set_defaults(run=executions.show)
    repair = of_executions.add_parser("repair", help="start an execution for each of them")
    _of_a_stack(repair)
    repair.set_defaults(run=executions.repair)
    return parser


def _of_a_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the list as CSV")
    parser.add_argument(
        "--vendors",
        type=Path,
        metavar="FILE",
        help="the delegated vendors it names; else vendors.csv beside it",
    )
    _of_a_payer(parser)


def _of_a_payer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--payer",
        type=Path,
        metavar="FILE",
        default=Path("data/payer/payer.json"),
        help="the payer's configuration (%(default)s)",
    )


def _of_a_stack(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stack",
        metavar="NAME",
        help="the deployed stack, as precert-dev; else the environment names what it has "
        "(REFERENCE_TABLE, RULE_LISTS_BUCKET; REQUESTS_TABLE, STATE_MACHINE_ARN)",
    )
