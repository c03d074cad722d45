"""Start a draft from a check, with everything entered carried in (D1)."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256

from precert.contract import Entitlement, EventType
from precert.domain.caller import Caller
from precert.domain.clocks import draft_expiry
from precert.domain.content import PARTS, RequestContent
from precert.domain.errors import Fault, InvalidInputError, KeyReusedError
from precert.domain.payer import Payer
from precert.domain.request import Request, event_of
from precert.domain.statuses import Status
from precert.usecases.confirm_patient import require_checkable
from precert.usecases.explain_refusal import live_draft
from precert.usecases.ports.drafts import DraftRefusedError, DraftStore, MemberReader


def start_draft(
    content: RequestContent,
    caller: Caller,
    *,
    tin: str | None,
    new_id: Callable[[str], str],
    drafts: DraftStore,
    reference: MemberReader,
    payer: Payer,
    now: datetime,
) -> Request:
    """Store a new draft of the caller's TIN.

    ``new_id`` makes the draft's id for the acting TIN; from the caller's idempotency key where there
    is one, so that the same start sent again answers the same draft.

    Raises:
        NotEntitledError, PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError.
        InvalidInputError: no patient, or the TIN is not the caller's.
        KeyReusedError: the idempotency key started another draft.
        DraftExpiredError, ActionNotAllowedError: the draft it started is gone or submitted.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    if content.patient is None:
        raise InvalidInputError([Fault("/content/patient", "missing", "say for whom it is")])
    coverage = require_checkable(
        reference.member(content.patient.member_id), content.patient, payer=payer, now=now
    )
    acting_tin = caller.acting_tin(tin)
    draft = Request(
        request_id=new_id(acting_tin),
        version=1,
        status=Status.INCOMPLETE,
        tins=frozenset({acting_tin}),
        plan=coverage.plan,
        content=content,
        created_at=now,
        updated_at=now,
        expires_at=draft_expiry(now, payer.draft_clock, payer.zone).astimezone(UTC),
        document_slots=payer.documents.max_at_submission,
        part_versions=dict.fromkeys(sorted(PARTS), 1),
        started_with=sha256(content.model_dump_json().encode()).hexdigest(),
    )
    try:
        drafts.start(draft, event_of(draft, EventType.DRAFT_STARTED, caller.subject))
    except DraftRefusedError as refusal:
        return _replayed(refusal.current, draft, caller, now)
    return draft


def _replayed(current: Request | None, draft: Request, caller: Caller, now: datetime) -> Request:
    """The draft as it stands now, if this is the same start sent again."""
    standing = live_draft(current, caller.tins, now)
    if standing.started_with != draft.started_with:
        raise KeyReusedError("Choose a new Idempotency-Key: this one started another draft.")
    return standing
