"""Start a draft from a check, with everything entered carried in (D1)."""

from datetime import UTC, datetime

from precert.contract import Entitlement, EventType
from precert.domain.caller import Caller
from precert.domain.clocks import draft_expiry
from precert.domain.content import RequestContent
from precert.domain.errors import ActionNotAllowedError, Fault, InvalidInputError
from precert.domain.payer import Payer
from precert.domain.request import Request, event_of
from precert.domain.statuses import Status
from precert.usecases.confirm_patient import require_checkable
from precert.usecases.explain_refusal import not_found
from precert.usecases.ports.drafts import CoverageReader, DraftRefusedError, DraftStore


def start_draft(
    content: RequestContent,
    caller: Caller,
    *,
    tin: str | None,
    request_id: str,
    drafts: DraftStore,
    reference: CoverageReader,
    payer: Payer,
    now: datetime,
) -> Request:
    """Store a new draft of the caller's TIN.

    ``request_id`` comes from the caller's idempotency key where there is one: sent again with the
    same content, it answers the same draft.

    Raises:
        NotEntitledError, PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError.
        InvalidInputError: no patient, or the TIN is not the caller's.
        ActionNotAllowedError: the idempotency key was used for something else.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    if content.patient is None:
        raise InvalidInputError([Fault("/content/patient", "missing", "say for whom it is")])
    coverage = require_checkable(
        reference.coverage(content.patient.member_id), content.patient, payer=payer, now=now
    )
    draft = Request(
        request_id=request_id,
        version=1,
        status=Status.INCOMPLETE,
        tins=frozenset({caller.acting_tin(tin)}),
        plan=coverage.plan,
        content=content,
        created_at=now,
        updated_at=now,
        expires_at=draft_expiry(now, payer.draft_clock, payer.zone).astimezone(UTC),
        document_slots=payer.documents.max_at_submission,
    )
    try:
        drafts.start(draft, event_of(draft, EventType.DRAFT_STARTED, caller.subject))
    except DraftRefusedError as refusal:
        return _replayed(refusal.current, draft, caller)
    return draft


def _replayed(current: Request | None, draft: Request, caller: Caller) -> Request:
    if current is None or not current.tins & caller.tins:
        raise not_found()
    if (current.version, current.content) != (draft.version, draft.content):
        raise ActionNotAllowedError(
            "This Idempotency-Key was used for another draft: choose a new one.",
            request_status=current.status.value,
        )
    return current
