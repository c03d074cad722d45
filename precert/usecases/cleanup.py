"""Expiry of drafts and retention of requests: warnings, cleanup, archive (D5, T4, X2).

The cleanup is started by the table's stream. If a stream record is lost,
:mod:`precert.usecases.orphans` removes what the cleanup would have removed.
"""

from datetime import datetime

from precert.domain.clocks import draft_warning
from precert.domain.errors import DamagedRecordError
from precert.domain.event_types import EventType
from precert.domain.events import Event, event_id
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.usecases.access import has_expired
from precert.usecases.ports.documents import DocumentBytes
from precert.usecases.ports.requests import (
    Archive,
    DeletedDraft,
    DraftChangedError,
    DraftCleanup,
    DraftWarnings,
    DueWarning,
    FileCleanup,
    HistoryCleanup,
    RequestStore,
)


def warn_of_expiry(
    *, warnings: DraftWarnings, requests: RequestStore, payer: Payer, now: datetime
) -> int:
    """Send the expiry warning of every draft that is due; returns how many were sent.

    Safe to run twice and to fail at any point: a version of a draft has one warning id. The list of due
    warnings can be older than the draft. If the draft was saved since then, its warning is rescheduled;
    if it was deleted, submitted or has expired, the warning is removed. A draft that cannot be read
    does not delay the others.
    """
    sent = 0
    for warning in warnings.due(now):
        try:
            draft = requests.read(warning.request_id)
        except DamagedRecordError:
            # The store reports the damage. The warning stays listed until the draft is repaired.
            continue
        if draft is None or draft.status is not Status.INCOMPLETE or has_expired(draft, now):
            warnings.remove(warning)
            continue
        warn_at = draft_warning(draft.updated_at, payer.draft_clock, payer.zone)
        if warn_at is None:
            warnings.remove(warning)
        elif warn_at > now:
            warnings.reschedule(warning, warn_at)
        elif _is_recorded(warning, draft, warnings, now):
            sent += 1
    return sent


def expiring_event(draft: Request, now: datetime) -> Event:
    """The expiry warning of this version of the draft."""
    return Event(
        event_id=event_id(draft.request_id, draft.version, "warning"),
        type=EventType.DRAFT_EXPIRING,
        request_id=draft.request_id,
        cycle=0,
        at=now,
        status=draft.status,
        tins=tuple(sorted(draft.tins)),
    )


def _is_recorded(
    warning: DueWarning, draft: Request, warnings: DraftWarnings, now: datetime
) -> bool:
    """Record the warning; ``False`` if the draft was changed concurrently."""
    try:
        warnings.record(warning, draft, expiring_event(draft, now))
    except DraftChangedError:
        return False
    return True


def remove_draft(
    deleted: DeletedDraft, *, requests: RequestStore, cleanup: DraftCleanup, store: DocumentBytes
) -> None:
    """Delete the documents and dashboard rows of a deleted draft, then record its event.

    If a user deleted the draft, its event is already stored. Safe to repeat from any point. A request
    with the same id is not changed. Events are retained as the audit trail.
    """
    if requests.read(deleted.request_id) is not None:
        return
    store.remove_all(deleted.request_id)
    cleanup.remove(deleted.request_id)
    if deleted.expires_at is not None:
        cleanup.record(expired_event(deleted))


def expired_event(deleted: DeletedDraft) -> Event:
    """The expiry event of a draft; the same at every repetition."""
    if deleted.expires_at is None:
        raise ValueError("not a draft: it has no expiration")
    return Event(
        event_id=event_id(deleted.request_id, deleted.version + 1),
        type=EventType.DRAFT_EXPIRED,
        request_id=deleted.request_id,
        cycle=0,
        at=deleted.expires_at,
        status=Status.INCOMPLETE,
        tins=tuple(sorted(deleted.tins)),
    )


def archive_request(
    request: Request,
    *,
    requests: RequestStore,
    cleanup: HistoryCleanup,
    archive: Archive,
    files: FileCleanup,
) -> bool:
    """Archive a request past retention, then delete its files and items; returns whether it did.

    ``request`` is the item that DynamoDB deleted. Safe to repeat from any point: nothing is deleted
    before the archive has everything, and a stored copy is not overwritten. If a request with the same
    id exists, nothing happens.

    Raises:
        DamagedRecordError: the deleted item lacks what was submitted.
    """
    if request.review is None:
        raise DamagedRecordError("The deleted item of a request has no review.")
    if requests.read(request.request_id) is not None:
        return False
    archive.store(cleanup.file_of(request))
    files.remove_files(request.request_id)
    cleanup.remove_request(request)
    return True
