"""What happens to drafts and requests when their time is over: warn, clean up, archive (D5, T4)."""

from datetime import datetime

from precert.domain.clocks import draft_warning
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
    """Warn of every draft whose time to be warned of has come. Answers how many were warned of.

    May run twice at once and die after any line: a version of a draft has one warning, by its id. The
    list follows the draft by way of the stream and may be behind it, so what counts is the draft: one
    that was saved since is left for its new time, one that is gone or over is taken off.
    """
    given = 0
    for warning in warnings.due(now):
        draft = requests.read(warning.request_id)
        if draft is None or draft.status is not Status.INCOMPLETE or has_expired(draft, now):
            warnings.take_off(warning)
        elif _is_due(draft, payer, now) and _gave(warning, draft, warnings, now):
            given += 1
    return given


def expiring_event(draft: Request, now: datetime) -> Event:
    """The warning of this version of the draft."""
    return Event(
        event_id=event_id(draft.request_id, draft.version, "warning"),
        type=EventType.DRAFT_EXPIRING,
        request_id=draft.request_id,
        cycle=0,
        at=now,
        status=draft.status,
        tins=tuple(sorted(draft.tins)),
    )


def _is_due(draft: Request, payer: Payer, now: datetime) -> bool:
    warn_at = draft_warning(draft.updated_at, payer.draft_clock, payer.zone)
    return warn_at is not None and warn_at <= now


def _gave(warning: DueWarning, draft: Request, warnings: DraftWarnings, now: datetime) -> bool:
    try:
        warnings.give(warning, draft, expiring_event(draft, now))
    except DraftChangedError:
        return False
    return True


def remove_draft(
    gone: DeletedDraft, *, requests: RequestStore, cleanup: DraftCleanup, store: DocumentBytes
) -> None:
    """Remove what belonged to a draft that is gone: documents in every version, dashboard line.

    Then the event is recorded that tells of it, which becomes a message. A draft that was deleted by
    hand has its event under the same version already, and that one stays. May be repeated from any
    point. An id that names a request again is left alone. Events stay as the audit trail.
    """
    if requests.read(gone.request_id) is not None:
        return
    store.remove_all(gone.request_id)
    cleanup.remove(gone.request_id)
    if gone.expires_at is not None:
        cleanup.record(expired_event(gone))


def expired_event(gone: DeletedDraft) -> Event:
    """The end of a draft whose time was over; the same however often and however late it is told."""
    if gone.expires_at is None:
        raise ValueError("this was no draft")
    return Event(
        event_id=event_id(gone.request_id, gone.version + 1),
        type=EventType.DRAFT_EXPIRED,
        request_id=gone.request_id,
        cycle=0,
        at=gone.expires_at,
        status=Status.INCOMPLETE,
        tins=tuple(sorted(gone.tins)),
    )


def archive_request(
    request: Request,
    *,
    requests: RequestStore,
    cleanup: HistoryCleanup,
    archive: Archive,
    files: FileCleanup,
) -> bool:
    """Archive a request that time has removed, and clean up behind it; answers whether it did.

    ``request`` is what was removed. May be repeated from any point: nothing is removed before all of
    it is stored, and what is stored first stays. An id that names a request again is left alone.
    """
    if requests.read(request.request_id) is not None:
        return False
    archive.store(cleanup.file_of(request))
    files.remove_files(request.request_id)
    cleanup.remove_request(request)
    return True
