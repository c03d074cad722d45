"""The command ``audit``: who accessed health information."""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from precert.bootstrap import Dependencies, stack_dependencies
from precert.cli.recording import CommandRecorder
from precert.domain.audit import AuditRecord
from precert.usecases.audit import StoredAudit, copy_audit, read_audit

DEFAULT_DAYS = 7


def show(args: argparse.Namespace) -> bool:
    """Print the records that match, one JSON object a line, in the order of time."""
    deps = stack_dependencies(args.stack)
    if args.exchange:
        return _show_exchange(args.exchange, deps)
    until = args.until or deps.now()
    since = args.since or until - timedelta(days=DEFAULT_DAYS)
    store: StoredAudit = deps.locked_audit if args.archive else deps.stored_audit
    found: Iterator[AuditRecord] = read_audit(
        since,
        until,
        audit=store,
        person=args.person,
        patient=args.patient,
        request_id=args.request,
    )
    read = f"{since.isoformat()}/{until.isoformat()}"
    CommandRecorder(deps, "audit").record(
        requests=[args.request] if args.request else [],
        members=[args.patient] if args.patient else [],
        objects=[read],
    )
    if args.copy:
        copied = copy_audit(since, until, audit=deps.stored_audit, archive=deps.locked_audit)
        print(f"{copied} records copied to the archive")
        return True
    for record in found:
        print(record.model_dump_json(exclude_none=True))
    return True


def _show_exchange(access_id: str, deps: Dependencies) -> bool:
    """Print a call of a CDS Hooks service with its answer."""
    CommandRecorder(deps, "audit").record(objects=[access_id])
    content = deps.hook_calls.read(access_id)
    if content is None:
        print(f"no call of a CDS Hooks service is retained with the id {access_id}")
        return False
    print(json.dumps(content))
    return True


def instant(text: str) -> datetime:
    """A date, at its start in UTC, or an instant with its time zone."""
    found = datetime.fromisoformat(text)
    if len(text) == len("2026-11-26"):
        return datetime.combine(found.date(), time(), tzinfo=UTC)
    if found.tzinfo is None:
        raise ValueError("an instant needs a time zone, as in 2026-11-26T08:00Z")
    return found.astimezone(UTC)
