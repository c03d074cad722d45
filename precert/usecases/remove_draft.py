"""Clean up behind a draft that is gone, by time or by hand, and say so (D5)."""

from precert.contract import EventType
from precert.domain.events import Event
from precert.domain.statuses import Status
from precert.usecases.ports.documents import DocumentBytes
from precert.usecases.ports.drafts import DraftRemains, GoneDraft
from precert.usecases.ports.requests import RequestStore


def remove_draft(
    gone: GoneDraft, *, requests: RequestStore, remains: DraftRemains, store: DocumentBytes
) -> None:
    """Remove what belonged to a draft that is gone: documents in every version, dashboard line.

    Then the event is recorded that tells of it, which becomes a message. A draft that was deleted by
    hand has its event under the same version already, and that one stays. May be repeated from any
    point. An id that names a request again is left alone. Events stay as the audit trail.
    """
    if requests.read(gone.request_id) is not None:
        return
    store.remove_all(gone.request_id)
    remains.remove(gone.request_id)
    if gone.expires_at is not None:
        remains.record(expired_event(gone))


def expired_event(gone: GoneDraft) -> Event:
    """The end of a draft whose time was over; the same however often and however late it is told."""
    if gone.expires_at is None:
        raise ValueError("this was no draft")
    return Event(
        event_id=f"{gone.request_id}.{gone.version + 1:06d}",
        type=EventType.DRAFT_EXPIRED,
        request_id=gone.request_id,
        round=0,
        at=gone.expires_at,
        status=Status.INCOMPLETE,
        tins=tuple(sorted(gone.tins)),
    )
