"""Delete a draft by hand (D5)."""

from datetime import datetime

from precert.contract import Entitlement, EventType
from precert.domain.caller import Caller
from precert.domain.request import event_of
from precert.usecases.explain_refusal import live_draft, why_refused
from precert.usecases.ports.drafts import DraftRefusedError, DraftStore
from precert.usecases.ports.requests import RequestStore


def delete_draft(
    draft_id: str,
    caller: Caller,
    *,
    based_on: int,
    drafts: DraftStore,
    requests: RequestStore,
    now: datetime,
) -> None:
    """Remove the draft; the event of it stays.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError, ActionNotAllowedError.
        VersionMismatchError: somebody saved in the meantime.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    draft = live_draft(requests.read(draft_id), caller.tins, now)
    if draft.version != based_on:
        raise why_refused(draft, based_on=based_on, sent=None, callers_tins=caller.tins, now=now)
    gone = draft.model_copy(update={"version": draft.version + 1, "updated_at": now})
    event = event_of(gone, EventType.DRAFT_DELETED, caller.subject)
    try:
        drafts.delete(draft, event, callers_tins=caller.tins, now=now)
    except DraftRefusedError as refusal:
        raise why_refused(
            refusal.current,
            based_on=draft.version,
            sent=None,
            callers_tins=caller.tins,
            now=now,
        ) from refusal
