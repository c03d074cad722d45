"""The command ``audit``: who accessed health information."""

import argparse
import json
from collections.abc import Iterator
from datetime import timedelta

from precert.bootstrap import Dependencies, stack_dependencies
from precert.cli.recording import CommandRecorder
from precert.domain.audit import AuditRecord
from precert.domain.wording import counted
from precert.usecases.audit import StoredAudit, copy_audit, read_audit

DEFAULT_DAYS = 7


def show(args: argparse.Namespace) -> bool:
    """Print the matching records, oldest first, one JSON object per line."""
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
        print(f"{counted(copied, 'records')} copied to the archive")
        return True
    for record in found:
        print(record.model_dump_json(exclude_none=True))
    return True


def _show_exchange(access_id: str, deps: Dependencies) -> bool:
    """Print a call of a CDS Hooks service with its response."""
    CommandRecorder(deps, "audit").record(objects=[access_id])
    content = deps.hook_calls.read(access_id)
    if content is None:
        print(f"no call of a CDS Hooks service is stored under the id {access_id}")
        return False
    print(json.dumps(content))
    return True
