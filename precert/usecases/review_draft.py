"""Review a draft before it is submitted: everything missing or wrong at once (D6)."""

from dataclasses import dataclass
from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.code_sets import faults_of_codes
from precert.domain.completeness import faults_of_submission
from precert.domain.content import RequestContent
from precert.domain.errors import Fault
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.usecases.explain_refusal import live_draft
from precert.usecases.ports.code_sets import CodeSets
from precert.usecases.ports.requests import RequestStore


@dataclass(frozen=True)
class ReviewedDraft:
    """A draft as it is stored, and what keeps it from being submitted."""

    draft: Request
    faults: tuple[Fault, ...]


def review_draft(
    draft_id: str,
    caller: Caller,
    *,
    requests: RequestStore,
    code_sets: CodeSets,
    payer: Payer,
    now: datetime,
) -> ReviewedDraft:
    """List everything missing or wrong in the draft as it is stored. One call.

    Whether coverage is active still is asked by the submission itself, at the moment of writing (A6).

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError, ActionNotAllowedError.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    draft = live_draft(requests.read(draft_id), caller.tins, now)
    faults = faults_before_submission(
        draft.content, caller, code_sets=code_sets, payer=payer, now=now
    )
    return ReviewedDraft(draft, tuple(faults))


def faults_before_submission(
    content: RequestContent, caller: Caller, *, code_sets: CodeSets, payer: Payer, now: datetime
) -> list[Fault]:
    """What keeps this content from being submitted by this caller, with pointers into the body."""
    faults = faults_of_submission(content, payer, local_date(now, payer.zone))
    faults.extend(faults_of_codes(content, code_sets.listed))
    if content.tins and not caller.tins.intersection(content.tins):
        faults.append(_NOT_A_SIDE)
    return [fault.under("/content") for fault in faults]


_NOT_A_SIDE = Fault(
    "/requesting_provider/tin",
    "not_yours",
    "the requesting or the servicing provider must carry one of your TINs",
)
