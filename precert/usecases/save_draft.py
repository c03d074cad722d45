"""Save a draft, whole or in parts, at any moment and however incomplete (D3, D7)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.clocks import draft_expiry
from precert.domain.content import PARTS, RequestContent
from precert.domain.errors import Fault, InvalidInputError
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.usecases.explain_refusal import has_expired, why_refused
from precert.usecases.kept_requests import kept
from precert.usecases.ports.drafts import DraftRefusedError, DraftStore, Saving


@dataclass(frozen=True)
class SavedDraft:
    version: int
    expires_at: datetime


def save_draft(
    draft_id: str,
    content: RequestContent,
    caller: Caller,
    *,
    parts: frozenset[str] = PARTS,
    based_on: int,
    drafts: DraftStore,
    payer: Payer,
    now: datetime,
) -> SavedDraft:
    """Replace the draft's content, or the parts named, if nobody changed it since ``based_on``.

    One call. Sent again because the answer was lost, it answers as it did.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError, ActionNotAllowedError.
        InvalidInputError: no part is named; the patient is missing, or another than the draft's.
        VersionMismatchError: somebody saved in the meantime; says what.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    if faults := _faults(content, parts):
        raise InvalidInputError(faults)
    expires_at = draft_expiry(now, payer.draft_clock, payer.zone).astimezone(UTC)
    saving = Saving(
        request_id=draft_id,
        based_on=based_on,
        content=content,
        parts=parts,
        expires_at=expires_at,
        callers_tins=caller.tins,
        now=now,
    )
    try:
        drafts.save(saving)
    except DraftRefusedError as refusal:
        current = kept(refusal.current, payer, now)
        if same := _same_save(current, saving):
            return same
        raise why_refused(
            current,
            based_on=based_on,
            sent=content,
            parts=parts,
            callers_tins=caller.tins,
            now=now,
        ) from refusal
    return SavedDraft(based_on + 1, expires_at)


def _faults(content: RequestContent, parts: frozenset[str]) -> list[Fault]:
    if not parts:
        return [Fault("/content", "missing", "send one part at least, as in services")]
    if "patient" in parts and content.patient is None:
        words = "the draft's patient stays: send it, or leave it out of a save of other parts"
        return [Fault("/content/patient", "missing", words)]
    return []


def _same_save(current: Request | None, saving: Saving) -> SavedDraft | None:
    """The earlier answer, if this very save went through before.

    Of a save of parts, that the parts stand as sent does not show it: a colleague may have saved
    them alike, and others with them that this caller has not seen.
    """
    if (
        current is None
        or current.status is not Status.INCOMPLETE
        or current.version != saving.based_on + 1
        or current.saved_since(saving.based_on) != saving.parts
        or any(
            getattr(current.content, one) != getattr(saving.content, one) for one in saving.parts
        )
        or not current.tins.intersection(saving.callers_tins)
        or current.expires_at is None
        or has_expired(current, saving.now)
    ):
        return None
    return SavedDraft(current.version, current.expires_at)
