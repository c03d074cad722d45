"""The commands ``restore prepare`` and ``restore rebuild``, after tables were restored."""

import argparse
import re
import tomllib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from precert.bootstrap import Dependencies, stack_dependencies
from precert.cli.arguments import add_stack, instant, positive
from precert.cli.recording import CommandRecorder
from precert.cli.rules import UnreadableFileError, payer_of, text_of
from precert.domain.errors import FieldError, InvalidInputError, PrecertError
from precert.domain.wording import counted
from precert.names import Env
from precert.usecases.audit import StoredAudit
from precert.usecases.restoring import (
    Derived,
    FileState,
    PreparedTable,
    Rebuild,
    RestoreProgress,
    UnfitTableError,
)

_SECTION: Final = re.compile(r"\n*^\[restored\]\n(?:(?!^\[).*\n?)*", re.MULTILINE)


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands."""
    prepare = commands.add_parser(
        "prepare",
        help="verify and complete restored tables, and write their names to the stage file",
    )
    prepare.add_argument("--requests-table", metavar="NAME", help="the restored requests table")
    prepare.add_argument("--reference-table", metavar="NAME", help="the restored reference table")
    prepare.add_argument(
        "--stage-file", type=Path, required=True, metavar="FILE", help="such as config/prod.toml"
    )
    key = prepare.add_mutually_exclusive_group()
    key.add_argument(
        "--stack",
        metavar="NAME",
        help="the deployed stack, with whose data key the tables must be encrypted",
    )
    key.add_argument(
        "--key", metavar="ARN", help="another KMS key with which the tables must be encrypted"
    )
    prepare.set_defaults(run=prepare_tables)
    again = commands.add_parser(
        "rebuild",
        help="after the deployment: start executions, verify records and files, report what was lost",
    )
    add_stack(again)
    again.add_argument(
        "--recovery-point",
        type=instant,
        required=True,
        metavar="TIME",
        help="the date and time to which the tables were restored, with time zone",
    )
    again.add_argument(
        "--failed-at",
        type=instant,
        metavar="TIME",
        help="when the lost table stopped accepting writes; by default now",
    )
    again.add_argument(
        "--documents-from",
        metavar="BUCKET",
        help="a bucket with copies of documents, from which missing ones are copied",
    )
    again.add_argument(
        "--archive", action="store_true", help="read the audit archive, if the audit table is lost"
    )
    again.add_argument(
        "--workers", type=positive, default=16, metavar="N", help="number of concurrent requests"
    )
    again.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="progress and report, from which a further run continues (default: restore-TABLE.json)",
    )
    again.add_argument(
        "--payer",
        type=Path,
        metavar="FILE",
        default=Path("data/payer/payer.json"),
        help="the payer's configuration (%(default)s)",
    )
    again.set_defaults(run=rebuild_service)


def prepare_tables(args: argparse.Namespace) -> bool:
    """Prepare the tables, and write their names to the stage file."""
    if args.requests_table is None and args.reference_table is None:
        message = "name a table with --requests-table or --reference-table"
        raise InvalidInputError([FieldError("tables", "missing", message)])
    stage = text_of(args.stage_file)
    try:
        protect = tomllib.loads(stage).get("retain_data") is True
    except tomllib.TOMLDecodeError as error:
        raise UnreadableFileError(f"{args.stage_file}: must be TOML: {error}") from None
    deps = stack_dependencies(args.stack)
    tables, key = deps.restored_tables, args.key
    if args.stack is not None:
        key = deps.settings[Env.DATA_KEY]
    names = dict[str, str](tomllib.loads(stage).get("restored", {}))
    for kind, name in (("requests", args.requests_table), ("reference", args.reference_table)):
        if name is None:
            continue
        try:
            prepared = tables.prepare(
                name, requests=kind == "requests", key_arn=key, protect=protect
            )
        except UnfitTableError as error:
            raise InvalidInputError([FieldError(f"--{kind}-table", "unfit", str(error))]) from None
        names |= _names(kind, prepared)
        print(f"{name}: {', '.join(prepared.changed) or 'nothing'} added")
    _write(args.stage_file, with_restored(stage, names))
    print(f"{args.stage_file}: [restored] names the tables; deploy the stage, then run rebuild")
    return True


def _write(file: Path, text: str) -> None:
    """Replace the content of a file, which is whole wherever the command ends."""
    partial = file.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)


def _names(kind: str, prepared: PreparedTable) -> dict[str, str]:
    names = {f"{kind}_table": prepared.name}
    if prepared.stream_arn is not None:
        names[f"{kind}_stream_arn"] = prepared.stream_arn
    return names


def with_restored(stage: str, names: dict[str, str]) -> str:
    """The text of the stage file with these names in its section ``restored``."""
    lines = "".join(f'{key} = "{value}"\n' for key, value in sorted(names.items()))
    return f"{_SECTION.sub(chr(10), stage).rstrip()}\n\n[restored]\n{lines}"


def rebuild_service(args: argparse.Namespace) -> bool:
    """Run or continue the rebuild, and print the report."""
    deps = stack_dependencies(args.stack)
    deps.payer = payer_of(args.payer)
    table = deps.settings[Env.REQUESTS_TABLE]
    file = args.report or Path(f"restore-{table}.json")
    now = deps.now()
    _require_period(args.recovery_point, args.failed_at or now, now)
    progress = _known(file, table, args) or RestoreProgress(
        table=table,
        recovery_point=args.recovery_point,
        failed_at=args.failed_at or now,
        started_at=now,
    )

    def save(progress: RestoreProgress) -> None:
        _write(file, progress.model_dump_json(indent=2))

    audit: StoredAudit = deps.locked_audit if args.archive else deps.stored_audit
    recorder = CommandRecorder(deps, "restore rebuild")
    recorder.record(objects=[table])
    with ThreadPoolExecutor(args.workers) as executor:
        rebuild = deps.call(
            Rebuild,
            save=save,
            before=lambda request_ids: recorder.record(requests=request_ids),
            copies=args.documents_from,
            audit=audit,
            executor=executor,
            requests=deps.stored_requests,
        )
        found = rebuild.run(progress)
    _print(found, deps)
    print(f"The report with all ids: {file}")
    return True


def _require_period(recovery_point: datetime, failed_at: datetime, now: datetime) -> None:
    """Refuse times that cannot be right, with which the report would be wrong.

    Raises:
        InvalidInputError.
    """
    future = "must not be in the future"
    wrong = (
        ("--recovery-point", future, recovery_point > now),
        ("--failed-at", future, failed_at > now),
        ("--failed-at", "must not be before --recovery-point", failed_at < recovery_point),
    )
    if errors := [FieldError(name, "invalid", text) for name, text, is_wrong in wrong if is_wrong]:
        raise InvalidInputError(errors)


def _known(file: Path, table: str, args: argparse.Namespace) -> RestoreProgress | None:
    """The progress of an earlier run of the same rebuild."""
    try:
        known = RestoreProgress.model_validate_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise PrecertError(
            f"{file} is not a report of this command: use another file with --report"
        ) from error
    if (known.table, known.recovery_point) != (table, args.recovery_point):
        raise PrecertError(
            f"{file} is the report of {known.table} at {known.recovery_point.isoformat()}: name "
            "another file with --report"
        )
    return known


def _print(found: RestoreProgress, deps: Dependencies) -> None:
    finished: datetime = found.finished_at or deps.now()
    missing = sum(one.missing for one in found.lost)
    print(f"recovery point {found.recovery_point.isoformat()}, {_ago(found)} before the failure")
    print(f"open cycles: {found.open_cycles}, executions started: {found.executions_started}")
    replayed = "replayed" if found.reports_replayed else "not replayed: the bus has no archive"
    print(f"vendors' reports: {replayed}")
    print(f"requests verified: {found.requests}, events published again: {found.events_published}")
    for kind in Derived:
        if count := found.repaired.get(kind):
            print(f"  {kind.lower()}: {count}")
    print(f"inboxes recounted: {found.inboxes_recounted}")
    print("files: " + ", ".join(f"{found.files.get(one, 0)} {one.lower()}" for one in FileState))
    print(f"files without a record: {len(found.files_without_record)}")
    changed = len(found.lost) - missing
    print(f"lost: {counted(missing, 'requests')}, and changes of {counted(changed, 'requests')}")
    print(f"rebuilt in {finished - found.started_at}")


def _ago(found: RestoreProgress) -> str:
    return str(found.failed_at - found.recovery_point)
