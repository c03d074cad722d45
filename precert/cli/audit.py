"""The command ``audit``: who accessed health information."""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from precert.bootstrap import Dependencies, stack_dependencies
from precert.cli.recording import CommandRecorder
from precert.domain.audit import AuditRecord
from precert.domain.errors import FieldError, InvalidInputError
from precert.domain.wording import counted
from precert.usecases.audit import StoredAudit, copy_audit, read_audit, received_bundles

DEFAULT_DAYS = 7
_FIRST_RECORD: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""No record is older. Each day of a period is a few calls, also one without records."""
_PAGE: Final = 100


def show(args: argparse.Namespace) -> bool:
    """Print the matching records, oldest first, one JSON object per line."""
    deps = stack_dependencies(args.stack)
    if args.exchange:
        return _show_exchange(args.exchange, deps)
    if args.bundle:
        return _show_bundles(args.bundle, deps)
    until = min(args.until or deps.now(), deps.now() + timedelta(days=1))
    since = max(args.since or until - timedelta(days=DEFAULT_DAYS), _FIRST_RECORD)
    if since >= (args.until or until):
        raise InvalidInputError([FieldError("--since", "invalid", "must be before --until")])
    store: StoredAudit = deps.locked_audit if args.archive else deps.stored_audit
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
    found: Iterator[AuditRecord] = read_audit(
        since,
        until,
        audit=store,
        person=args.person,
        patient=args.patient,
        request_id=args.request,
        requests_of_patient=frozenset(_requests_of(args.patient, deps) if args.patient else ()),
    )
    for record in found:
        print(record.model_dump_json(exclude_none=True))
    return True


def _requests_of(member_id: str, deps: Dependencies) -> Iterator[str]:
    cursor: str | None = None
    while True:
        page = deps.listings.of_member(member_id, limit=_PAGE, cursor=cursor)
        yield from page.rows
        cursor = page.cursor
        if cursor is None:
            return


def _show_exchange(access_id: str, deps: Dependencies) -> bool:
    """Print a call of a CDS Hooks service with its response."""
    CommandRecorder(deps, "audit").record(objects=[access_id])
    content = deps.hook_calls.read(access_id)
    if content is None:
        print(f"no call of a CDS Hooks service is stored under the id {access_id}")
        return False
    print(json.dumps(content))
    return True


def _show_bundles(request_id: str, deps: Dependencies) -> bool:
    """Print the bundle of a request and those of its updates, one JSON object per line."""
    CommandRecorder(deps, "audit").record(requests=[request_id])
    bundles = deps.call(received_bundles, request_id)
    if not bundles:
        what = (
            "no request has" if bundles is None else "no bundle was received for the request with"
        )
        print(f"{what} the id {request_id}")
        return False
    for number, bundle in enumerate(bundles):
        kind = f"update {number}" if number else "original"
        print(json.dumps({"request_id": request_id, "kind": kind, "bundle": json.loads(bundle)}))
    return True
