"""Start a draft from a check that leads to one, with everything entered carried in (D1).

The check is made here, by the list in force: nothing of an earlier check is stored, and what a portal
says of one proves nothing. Its facts give the coverage too, so that it costs no call of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from precert.contract import EventType
from precert.domain.caller import Caller
from precert.domain.clocks import draft_expiry, draft_warning
from precert.domain.content import PARTS, RequestContent
from precert.domain.errors import (
    GuidanceOnlyError,
    KeyReusedError,
    PrecertError,
    PrecertificationNotRequiredError,
    ThirdPartyDecidesError,
)
from precert.domain.next_steps import BEHAVIORAL, NextAction
from precert.domain.payer import Payer
from precert.domain.request import Request, event_of
from precert.domain.rules import Requirement
from precert.domain.statuses import Status
from precert.usecases.check_requirements import CheckAnswer
from precert.usecases.explain_refusal import live_draft
from precert.usecases.ports.drafts import DraftRefusedError, DraftStore

Check = Callable[[RequestContent, Caller], CheckAnswer]
"""The check itself (:func:`precert.usecases.check_requirements.check_requirements`), equipped."""


@dataclass(frozen=True)
class StartedDraft:
    """A draft, and the answer of the check that it was started from."""

    draft: Request
    answer: CheckAnswer


def start_draft(
    content: RequestContent,
    caller: Caller,
    *,
    tin: str | None,
    new_id: Callable[[str], str],
    check: Check,
    drafts: DraftStore,
    payer: Payer,
    now: datetime,
) -> StartedDraft:
    """Check, and store a new draft of the caller's TIN where the answer leads to one.

    It does where a code needs precertification or nobody can tell, where an emergency admission is
    to be notified (C10), and where a predetermination is wanted and offered (C14).

    ``new_id`` makes the draft's id for the acting TIN; from the caller's idempotency key where there
    is one, so that the same start sent again answers the same draft.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        InvalidInputError: what a check asks for is missing or wrong, or the TIN is not the caller's.
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError: no check (P1, A6, A4).
        PrecertificationNotRequiredError, ThirdPartyDecidesError, GuidanceOnlyError: the check leads
            elsewhere; says where.
        KeyReusedError: the idempotency key started another draft.
        DraftExpiredError, ActionNotAllowedError: the draft it started is gone or submitted.
    """
    answer = check(content, caller)
    if not leads_to_a_draft(answer, payer):
        raise elsewhere(answer, payer)
    acting_tin = caller.acting_tin(tin)
    draft = Request(
        request_id=new_id(acting_tin),
        version=1,
        status=Status.INCOMPLETE,
        tins=frozenset({acting_tin}),
        plan=answer.coverage.plan,
        content=content,
        created_at=now,
        updated_at=now,
        expires_at=draft_expiry(now, payer.draft_clock, payer.zone).astimezone(UTC),
        document_slots=payer.documents.max_at_submission,
        part_versions=dict.fromkeys(sorted(PARTS), 1),
        started_with=sha256(content.model_dump_json().encode()).hexdigest(),
    )
    try:
        drafts.start(
            draft,
            event_of(draft, EventType.DRAFT_STARTED, caller.subject),
            draft_warning(now, payer.draft_clock, payer.zone),
        )
    except DraftRefusedError as refusal:
        return StartedDraft(_replayed(refusal.current, draft, caller, now), answer)
    return StartedDraft(draft, answer)


def leads_to_a_draft(answer: CheckAnswer, payer: Payer) -> bool:
    """Whether anything in the check is the payer's to precertify, as far as its list can tell."""
    steps = [step for steps in answer.next_steps(payer) for step in steps]
    if any(step.action is NextAction.START_DRAFT for step in steps):
        return True
    if not all(answer.services):
        return True  # a stay without codes: no rule could be asked (C3)
    return any(
        code.requirement is Requirement.UNABLE_TO_DETERMINE and code.guidance != BEHAVIORAL
        for codes in answer.services
        for code in codes
    )


def elsewhere(answer: CheckAnswer, payer: Payer) -> PrecertError:
    """Where a check leads that leads to no draft."""
    if answer.requirement is Requirement.NOT_REQUIRED:
        return PrecertificationNotRequiredError(
            "Nothing here needs precertification, so there is nothing to submit. The confirmation of "
            "it can be downloaded: send the same content to confirmCheck.",
            operation="confirmCheck",
        )
    steps = [step for steps in answer.next_steps(payer) for step in steps]
    named = {
        one: answer.delegates[one]
        for codes, ways in zip(answer.services, answer.next_steps(payer), strict=True)
        for one, way in zip([code.delegate_id for code in codes], ways, strict=True)
        if one and one in answer.delegates and way.action is NextAction.GO_TO_THIRD_PARTY
    }
    if not named:
        return GuidanceOnlyError(
            " ".join(dict.fromkeys(one.text for one in steps if one.action is not NextAction.NONE))
        )
    names = " and ".join(delegate.name for delegate in named.values())
    return ThirdPartyDecidesError(
        f"{names} decides on this for us: request it there. What was entered can be handed over: send "
        "the same content with the delegate_id to handOver.",
        operation="handOver",
        third_parties=[
            delegate.model_dump(mode="json", exclude_none=True, exclude={"retrospective_notice"})
            for delegate in named.values()
        ],
    )


def _replayed(current: Request | None, draft: Request, caller: Caller, now: datetime) -> Request:
    """The draft as it stands now, if this is the same start sent again."""
    standing = live_draft(current, caller.tins, now)
    if standing.started_with != draft.started_with:
        raise KeyReusedError("Choose a new Idempotency-Key: this one started another draft.")
    return standing
