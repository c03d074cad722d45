"""Operators' commands.

Exit codes: 0 success; 1 the input is invalid or nothing was found; 2 the arguments are wrong or AWS
could not be reached. Each error in a file is one line: FILE:line: column: message.
"""

import argparse
import logging
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from precert.bootstrap import load_speed
from precert.cli import (
    audit,
    clients,
    events,
    loading,
    migrations,
    orphans,
    repairs,
    restore,
    rules,
    users,
)
from precert.cli.arguments import add_stack, date_or_instant, instant, positive
from precert.domain.damage import LOGGER
from precert.domain.enrollment import DEPENDENT_ID
from precert.domain.errors import InvalidInputError, PrecertError
from precert.domain.loads import LoadKind
from precert.names import Entitlement
from precert.settings import SettingsError
from precert.usecases.loading import MAX_ENDING

DONE: Final = 0
REFUSED: Final = 1
FAILED: Final = 2


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    args = parser().parse_args(arguments)
    damage, handler = logging.getLogger(LOGGER), _DamageHandler()
    damage.addHandler(handler)
    try:
        return DONE if args.run(args) else REFUSED
    except InvalidInputError as error:
        for one in error.errors:
            print(f"{one.pointer.lstrip('/')}: {one.message}", file=sys.stderr)
        return REFUSED
    except ValidationError as error:
        for found in error.errors(include_input=False, include_url=False):
            print(f"precert: {'.'.join(map(str, found['loc']))}: {found['msg']}", file=sys.stderr)
        return REFUSED
    except (PrecertError, SettingsError, rules.UnreadableFileError, OSError) as error:
        print(f"precert: {_message(error)}", file=sys.stderr)
        return FAILED
    finally:
        damage.removeHandler(handler)


def _message(error: Exception) -> str:
    """The message, with the code by which AWS refused a call, such as ``AccessDeniedException``."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    message = error.detail if isinstance(error, PrecertError) else str(error)
    # Errors of a connection have no response.
    refusal: Mapping[str, Any] = getattr(error.__cause__, "response", None) or {}
    code = refusal.get("Error", {}).get("Code")
    return f"{message} ({code})" if code else message


class _DamageHandler(logging.Handler):
    """Prints each damaged record that a command finds; other records are still processed."""

    def emit(self, record: logging.LogRecord) -> None:
        kind, record_id = (getattr(record, name) for name in ("kind", "record_id"))
        print(f"precert: damaged {kind}: {record_id}", file=sys.stderr)


@cache
def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(prog="python -m precert", description=__doc__)
    topics = parser.add_subparsers(title="topics", metavar="TOPIC", required=True)
    rules_commands = topics.add_parser("rules", help="the rule list").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )

    check = rules_commands.add_parser("check", help="report errors, overlaps and gaps in a file")
    _add_file(check)
    check.set_defaults(run=rules.check)

    publish = rules_commands.add_parser(
        "publish", help="validate a file and publish it as the rule list in effect"
    )
    _add_file(publish)
    add_stack(publish)
    publish.add_argument("--version", help="name of the version; by default time and content hash")
    publish.set_defaults(run=rules.publish)

    listed = rules_commands.add_parser("list", help="list all published versions")
    add_stack(listed)
    listed.set_defaults(run=rules.show_all)

    show = rules_commands.add_parser(
        "show", help="show the version in effect and its rules for a code"
    )
    add_stack(show)
    _add_payer(show)
    show.add_argument(
        "--on",
        type=rules.day_or_instant,
        metavar="DATE",
        help="a date, which means its end in the payer's time zone, or a time with time zone; "
        "default now",
    )
    show.add_argument("--code", help="show the rules that name this code")
    show.set_defaults(run=rules.show)

    executions_commands = topics.add_parser(
        "executions", help="open determination cycles and their executions"
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)
    orphaned = executions_commands.add_parser(
        "list", help="open determination cycles without a running execution"
    )
    add_stack(orphaned)
    orphaned.set_defaults(run=repairs.show_executions)
    repair = executions_commands.add_parser(
        "repair", help="start an execution of each cycle without a running one"
    )
    add_stack(repair)
    repair.set_defaults(run=repairs.start_executions)

    access = topics.add_parser("audit", help="who read or changed health information, and when")
    add_stack(access)
    access.add_argument("--person", metavar="SUBJECT", help="accesses by this subject of a token")
    access.add_argument("--patient", metavar="MEMBER_ID", help="accesses to this member's data")
    access.add_argument("--request", metavar="ID", help="accesses to this request or draft")
    access.add_argument(
        "--since",
        type=date_or_instant,
        metavar="TIME",
        help="a date in UTC, or a time with time zone; "
        f"by default {audit.DEFAULT_DAYS} days before the end",
    )
    access.add_argument(
        "--until", type=date_or_instant, metavar="TIME", help="the end, excluded; by default now"
    )
    access.add_argument(
        "--exchange",
        metavar="ACCESS_ID",
        help="print this call of a CDS Hooks service with its response",
    )
    access.add_argument(
        "--bundle",
        metavar="REQUEST_ID",
        help="print the FHIR bundle by which this request was submitted, and those of its updates",
    )
    access.add_argument(
        "--archive",
        action="store_true",
        help="read the archive, which retains records for years, instead of the table, which has "
        "those of the last 90 days",
    )
    access.add_argument(
        "--copy",
        action="store_true",
        help="write the records of the period to the archive again, if copying them failed",
    )
    access.set_defaults(run=audit.show)
    for name, text, module in (
        ("deliveries", "events that functions of the product could not process", repairs),
        ("events", "recorded events of requests", events),
        ("migrations", "changes of stored records that a release requires", migrations),
        ("orphans", "records and files without their request", orphans),
        ("restore", "the service after a disaster, on restored tables", restore),
    ):
        topic = topics.add_parser(name, help=text)
        module.add_commands(
            topic.add_subparsers(title="commands", metavar="COMMAND", required=True)
        )
    for kind in LoadKind:
        _add_load(topics, kind)
    _add_grants(topics)
    return parser


_CONTENTS: Final = {
    LoadKind.MEMBERS: "members with their coverage",
    LoadKind.SSNS: "social security numbers of members, stored as keyed hashes only",
    LoadKind.PLANS: "plans",
    LoadKind.PROVIDERS: "the provider directory",
    LoadKind.ZIPS: "centers of ZIP codes that are not in the shipped code sets",
}


_FORMATS: Final = {
    LoadKind.MEMBERS: "the file as CSV or X12 834 (005010X220A1)",
    LoadKind.SSNS: "the file as CSV, or X12 834 with SSNs in NM109",
    LoadKind.PLANS: "the file as CSV",
    LoadKind.PROVIDERS: "the file as CSV",
    LoadKind.ZIPS: "the file as CSV",
}


def _add_load(
    topics: "argparse._SubParsersAction[argparse.ArgumentParser]", kind: LoadKind
) -> None:
    commands = topics.add_parser(kind.value, help=_CONTENTS[kind]).add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    load = commands.add_parser("load", help="load a file, or continue an interrupted load of it")
    load.set_defaults(run=loading.load, kind=kind)
    load.add_argument("file", type=Path, metavar="FILE", help=_FORMATS[kind])
    add_stack(load)
    _add_payer(load)
    load.set_defaults(full=False)
    if kind in {LoadKind.PLANS, LoadKind.PROVIDERS}:
        load.add_argument(
            "--full",
            action="store_true",
            help=f"remove the {kind.value} that the file does not contain",
        )
        load.add_argument(
            "--allow-removing",
            action="store_true",
            help=f"even if more than {MAX_ENDING} percent of the {kind.value} would be removed",
        )
    if kind is LoadKind.MEMBERS:
        load.add_argument(
            "--full",
            action="store_true",
            help="end the coverage of members that the file does not contain (CSV; an 834 file states "
            "this in BGN08)",
        )
        load.add_argument(
            "--allow-ending",
            action="store_true",
            help=f"even if the coverage of more than {MAX_ENDING} percent of the members would end",
        )
    if kind in {LoadKind.MEMBERS, LoadKind.SSNS}:
        load.add_argument(
            "--dependent-id",
            metavar="QUALIFIER",
            default=DEPENDENT_ID,
            help="834: the REF qualifier of a dependent's own member id (%(default)s)",
        )
    load.add_argument(
        "--as-of",
        type=instant,
        metavar="TIME",
        help="the date of the file's data, with time zone; newer data is not replaced (default: the "
        "file's modification time)",
    )
    load.add_argument(
        "--rejects",
        type=Path,
        metavar="REJECTS",
        help="where rejected rows are written (default: FILE.rejects.csv)",
    )
    speed = load_speed()
    for name, default, meaning in (
        ("workers", speed.workers, "concurrent calls"),
        ("writes-per-second", speed.writes_per_second, "write units of the table per second"),
        ("macs-per-second", speed.macs_per_second, "calls to AWS KMS per second"),
    ):
        load.add_argument(
            f"--{name}",
            type=positive,
            default=default,
            metavar="N",
            help=f"maximum number of {meaning} (%(default)s)",
        )
    load.add_argument(
        "--code-sets",
        type=Path,
        metavar="FILE",
        default=Path("build/code_sets/code_sets.sqlite"),
        help="the compiled code sets, which include ZIP codes (%(default)s)",
    )


def _add_grants(topics: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for topic, who, about in (
        ("users", "USERNAME", "users and their rights"),
        ("clients", "CLIENT_ID", "partners' systems and their rights"),
    ):
        commands = topics.add_parser(topic, help=about).add_subparsers(
            title="commands", metavar="COMMAND", required=True
        )
        listed = commands.add_parser("list", help="list all grants, of users and clients")
        add_stack(listed)
        listed.set_defaults(run=users.show, topic=topic)
        if topic == "clients":
            _add_registration(commands)
        named = {"grant": "add rights", "revoke": "remove rights; takes effect within a minute"}
        if topic == "users":
            named = {"add": "register a user of the user pool, and grant rights", **named}
        for name, text in named.items():
            command = commands.add_parser(name, help=text)
            command.add_argument("who", metavar=who)
            add_stack(command)
            _add_rights(command)
            command.set_defaults(run=getattr(users, name), topic=topic, name=None, all=False)
            if name == "add":
                command.add_argument("--email", required=True, help="receives the invitation")
                command.add_argument("--name", required=True, help="the person's name")
            elif topic == "users":
                command.add_argument(
                    "--subject", action="store_true", help="USERNAME is the subject of the token"
                )
            else:
                command.add_argument("--label", help="the name of the partner's system")
            if name == "revoke":
                command.add_argument("--all", action="store_true", help="remove all rights")


def _add_registration(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    add = commands.add_parser("add", help="register a system that authenticates with a key pair")
    add.add_argument("label", metavar="NAME", help="the name of the partner's system")
    add.add_argument("--client-id", metavar="ID", help="its id; by default a new one")
    add.add_argument("--scope", action="append", required=True, metavar="SCOPE")
    add.add_argument("--cds-hooks-issuer", metavar="URL", help="the iss of its CDS Hooks calls")
    _add_rights(add)
    rotate = commands.add_parser("rotate", help="replace its keys")
    rotate.add_argument("who", metavar="CLIENT_ID")
    rotate.add_argument(
        "--overlap",
        type=int,
        choices=clients.OVERLAP_DAYS,
        default=clients.DEFAULT_OVERLAP,
        metavar="DAYS",
        help="how long the former keys are still accepted, at most 30 days; 0 if one was disclosed",
    )
    for command, run in ((add, clients.add), (rotate, clients.rotate)):
        keys = command.add_mutually_exclusive_group(required=True)
        keys.add_argument("--jwks-url", metavar="URL", help="the HTTPS URL of its JWK Set")
        keys.add_argument("--jwks", metavar="FILE", help="its JWK Set, if it has no URL")
        add_stack(command)
        command.set_defaults(run=run, topic="clients", name=None)


def _add_rights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--entitlement", action="append", default=[], choices=[one.value for one in Entitlement]
    )
    parser.add_argument("--tin", action="append", default=[], metavar="TIN")
    parser.add_argument(
        "--tins-file", type=Path, metavar="FILE", help="a file with one TIN per line"
    )
    parser.add_argument("--plan", action="append", default=[], metavar="PLAN_ID")
    parser.add_argument("--vendor", action="append", default=[], metavar="VENDOR_ID")
    parser.add_argument("--issuer", help="the token's issuer, if not that of the portal")


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the rule list as CSV")
    parser.add_argument(
        "--vendors",
        type=Path,
        metavar="FILE",
        help="the delegated vendors of the rule list; default vendors.csv in the same folder",
    )
    _add_payer(parser)


def _add_payer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--payer",
        type=Path,
        metavar="FILE",
        default=Path("data/payer/payer.json"),
        help="the payer's configuration (%(default)s)",
    )
