"""Save a draft at any moment, however incomplete (D3, D7)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.clocks import draft_expiry
from precert.domain.content import RequestContent
from precert.domain.errors import Fault, InvalidInputError
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.usecases.explain_refusal import has_expired, why_refused
from precert.usecases.ports.drafts import DraftRefusedError, DraftStore


@dataclass(frozen=True)
class SavedDraft:
    version: int
    expires_at: datetime


def save_draft(
    draft_id: str,
    content: RequestContent,
    caller: Caller,
    *,
    based_on: int,
    drafts: DraftStore,
    payer: Payer,
    now: datetime,
) -> SavedDraft:
    """Replace the draft's content, if nobody changed it since ``based_on``. One call.

    Sent again because the answer was lost, it answers as it did.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError, ActionNotAllowedError.
        InvalidInputError: the patient is missing, or another than the draft's.
        VersionMismatchError: somebody saved in the meantime; says in which parts it differs.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    if content.patient is None:
        raise InvalidInputError(
            [Fault("/content/patient", "missing", "send the draft's patient with every save")]
        )
    expires_at = draft_expiry(now, payer.draft_clock, payer.zone).astimezone(UTC)
    try:
        drafts.save(
            draft_id,
            based_on=based_on,
            content=content,
            expires_at=expires_at,
            callers_tins=caller.tins,
            now=now,
        )
    except DraftRefusedError as refusal:
        if same := _same_save(refusal.current, content, caller, based_on, now):
            return same
        raise why_refused(
            refusal.current,
            based_on=based_on,
            sent=content,
            callers_tins=caller.tins,
            now=now,
        ) from refusal
    return SavedDraft(based_on + 1, expires_at)


def _same_save(
    current: Request | None,
    content: RequestContent,
    caller: Caller,
    based_on: int,
    now: datetime,
) -> SavedDraft | None:
    """The earlier answer, if this very save went through before."""
    if (
        current is None
        or current.status is not Status.INCOMPLETE
        or current.version != based_on + 1
        or current.content != content
        or not current.tins & caller.tins
        or current.expires_at is None
        or has_expired(current, now)
    ):
        return None
    return SavedDraft(current.version, current.expires_at)
