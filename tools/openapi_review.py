"""Examples of the operations of reviewers and operators."""

from datetime import timedelta

from functions.operations.models import (
    FailedDeliveriesResponse,
    RedeliveryBody,
    RedeliveryResponse,
    RepairedResponse,
    StuckRequestsResponse,
)
from functions.review.bodies import (
    AddNoteBody,
    DecideBody,
    ExtendBody,
    NextCaseBody,
    PeerToPeerOutcomeBody,
    ReassignBody,
    RequestInformationBody,
    SignBody,
)
from functions.review.case_models import (
    CaseCoverageResponse,
    CaseDetails,
    DecisionReasonsResponse,
    NextCaseResponse,
    ReviewedCase,
)
from functions.review.operator_models import (
    ChangeDatesBody,
    IntakeExceptionsResponse,
    OperatorDetails,
    ReconcileProviderBody,
    UnmatchedProvidersResponse,
)
from functions.review.worklist_models import (
    FoundRequestsResponse,
    ReviewersResponse,
    WorklistCountsResponse,
    WorklistResponse,
)
from precert.api.models import ChangedRequest
from precert.api.rows import DelegationsResponse
from precert.domain import case_assignment, proposals, reviewing
from precert.domain.assessment import DuplicateReason
from precert.domain.caller import Caller, ListedReviewer
from precert.domain.coverage import members_of
from precert.domain.damage import Readable
from precert.domain.decisions import Decision, LineDecision
from precert.domain.disputes import DiscussionOutcome
from precert.domain.duplicates import current_fingerprint, paired
from precert.domain.matching import ProviderRole
from precert.domain.operator_actions import operator_actions
from precert.domain.request import Request
from precert.domain.review import Channel, IntakeException
from precert.domain.rows import (
    DelegationRow,
    WorklistRow,
    delegation_row,
    intake_exception_row,
    unmatched_row,
    worklist_row,
)
from precert.domain.statuses import LineStatus
from precert.domain.worklist import QueueView, counts_of
from precert.names import Delivery, Entitlement
from precert.usecases.duplicates import ComparedDuplicate
from precert.usecases.next_case import CaseCoverage
from precert.usecases.operations import DateChange, RequestSearch
from precert.usecases.ports.listings import Page
from precert.usecases.ports.requests import RequestFile
from precert.usecases.repairs import FailedDeliveries, Redelivery, StuckRequest
from precert.usecases.submission import with_number
from tools.example_events import reconciled, with_manual_facility
from tools.example_request import (
    APPROVED_LINE,
    ATTACHED,
    DETERMINED,
    PROVIDER_USER,
    REVIEWER,
    SUBMITTED,
    ExampleRequest,
)
from tools.openapi_example import Example
from tools.openapi_intake import delegated_request

PHYSICIAN = Caller(
    subject=REVIEWER,
    entitlements=frozenset({Entitlement.REVIEWER, Entitlement.PHYSICIAN_REVIEWER}),
)
LEAD = Caller(
    subject="a4f1-lead",
    entitlements=frozenset({Entitlement.REVIEWER, Entitlement.REVIEW_LEAD}),
    plan_ids=frozenset({"OAP-COMPLETE"}),
)
AT = ATTACHED + timedelta(hours=2)
EARLIER_REQUEST_ID = "01J1QZ8Y7N4W3V2T1S0R9Q8P7A"
COLLEAGUE = "b7d0c1e2-3f44-4a55-9c66-77d8e9f0a1b2"
USER_NAMES = {
    PROVIDER_USER: "rubinstein-office",
    PHYSICIAN.subject: "praman",
    COLLEAGUE: "hcole",
}
NOTE = "The surgeon sends the operative note by Friday."
EARLIER_NUMBER = "PC0000000018"


def _compared(request: Request) -> ComparedDuplicate:
    """A potential duplicate of the request: an earlier one with the same services."""
    earlier = request.model_copy(update={"request_id": EARLIER_REQUEST_ID})
    other = with_number(earlier, EARLIER_NUMBER)
    pairs = paired(current_fingerprint(request), current_fingerprint(other))
    return ComparedDuplicate(DuplicateReason.DECIDED_BEFORE, other, pairs)


def review_examples(example: ExampleRequest) -> dict[str, Example]:
    """Return the examples by operation id."""
    pended, determined = example.pended.request, example.determined.request
    case = RequestFile(pended, (example.attached,), example.history[:-1])
    rows = Page((worklist_row(pended, pended.due_at or SUBMITTED),), cursor=None)
    worklist = WorklistResponse.of(
        rows, PHYSICIAN, USER_NAMES, now=AT, payer=example.payer, code_sets=example.code_sets
    )
    late = Page(tuple(map(_deemed, rows.rows)), cursor=None)
    deemed = WorklistResponse.of(
        late, PHYSICIAN, USER_NAMES, now=AT, payer=example.payer, code_sets=example.code_sets
    )
    counts = counts_of(rows.rows, PHYSICIAN, [pended.plan.plan_id], AT)
    return {
        "listWorklist": Example(response=worklist),
        "countWorklist": Example(response=WorklistCountsResponse.of(counts)),
        "readCase": Example(
            response=CaseDetails.of(
                case,
                PHYSICIAN.model_copy(update={"plan_ids": frozenset({pended.plan.plan_id})}),
                USER_NAMES,
                (_compared(pended),),
                payer=example.payer,
                code_sets=example.code_sets,
                now=AT,
            )
        ),
        "assignNextCase": Example(
            NextCaseBody(view=QueueView.EXPEDITED), NextCaseResponse(case=_after(pended))
        ),
        "listReviewers": Example(
            response=ReviewersResponse.of(
                Readable(
                    (
                        ListedReviewer(
                            subject=COLLEAGUE,
                            label="hcole",
                            plan_ids=LEAD.plan_ids,
                        ),
                    )
                ),
                LEAD,
            )
        ),
        "listDecisionReasons": Example(response=DecisionReasonsResponse.of(payer=example.payer)),
        "readCaseCoverage": Example(
            response=CaseCoverageResponse.of(
                CaseCoverage(
                    example.coverage.member_id,
                    members_of([example.coverage])[0],
                    example.coverage,
                ),
                payer=example.payer,
            )
        ),
        **_reviewer_actions(example, pended),
        "decide": Example(
            _decided(determined), _after(determined), _after(_proposed(pended, determined))
        ),
        "signDecisions": Example(
            SignBody(cycle=1, proposed_at=AT, accept=True), _after(determined)
        ),
        "listOverdue": Example(response=worklist),
        "listDeemedDenials": Example(response=deemed),
        **_repairs(example),
        "listVendorBacklog": Example(
            response=DelegationsResponse.of(_backlog(example), payer=example.payer)
        ),
        "changeDates": Example(
            ChangeDatesBody(
                lines=(
                    DateChange(
                        line_id=APPROVED_LINE,
                        from_date=(DETERMINED + timedelta(days=14)).date(),
                        to_date=(DETERMINED + timedelta(days=17)).date(),
                    ),
                ),
                reason="The surgeon moved the operation by a week.",
            ),
            ChangedRequest.of(determined, operator_actions(determined)),
        ),
        **_found(example, determined),
        **_reconciling(example, pended),
    }


def _found(example: ExampleRequest, determined: Request) -> dict[str, Example]:
    page, payer = Page((determined,), cursor=None), example.payer
    file = RequestFile(determined, (example.attached,), example.history, example.notices)
    review = determined.submitted.model_copy(
        update={
            "channel": Channel.PHONE,
            "reference": "CALL-20270301-0117",
            "intake_exceptions": (IntakeException.COVERAGE_INACTIVE,),
        }
    )
    marked = determined.model_copy(update={"review": review})
    return {
        "listMemberHistory": Example(
            response=FoundRequestsResponse.for_reviewer(page, PHYSICIAN, payer=payer, now=AT)
        ),
        "listIntakeExceptions": Example(
            response=IntakeExceptionsResponse.of(Page((intake_exception_row(marked),), cursor=None))
        ),
        "searchRequests": Example(
            RequestSearch(number=determined.submitted.number),
            FoundRequestsResponse.for_operator(page, payer=payer, now=AT),
        ),
        "readRequestAsOperator": Example(
            response=OperatorDetails.of(
                file, USER_NAMES, payer=payer, code_sets=example.code_sets, now=AT
            )
        ),
    }


def _repairs(example: ExampleRequest) -> dict[str, Example]:
    stuck = example.submitted
    failed = FailedDeliveries(Delivery.MESSAGES, count=2, oldest_at=SUBMITTED)
    none = FailedDeliveries(Delivery.NOTICES, count=0, oldest_at=None)
    return {
        "listStuckRequests": Example(
            response=StuckRequestsResponse.of(
                Page((StuckRequest(stuck, execution_running=False),), cursor=None),
                payer=example.payer,
                now=AT,
            )
        ),
        "repairRequest": Example(
            response=RepairedResponse(
                request_id=stuck.request_id,
                number=stuck.submitted.number,
                cycle=stuck.submitted.cycle,
                started=True,
            )
        ),
        "listFailedDeliveries": Example(response=FailedDeliveriesResponse.of((failed, none))),
        "redeliver": Example(
            RedeliveryBody(delivery=Delivery.MESSAGES, limit=2),
            RedeliveryResponse.of(
                Redelivery(Delivery.MESSAGES, redelivered=2, failed=0, not_redeliverable=0)
            ),
        ),
    }


def _reconciling(example: ExampleRequest, pended: Request) -> dict[str, Example]:
    role, entered = ProviderRole.SERVICING_PROVIDER, with_manual_facility(pended)
    row = unmatched_row(entered.request_id, role, entered.content, entered.submitted)
    after = reconciled(entered, example.facility, AT).request
    return {
        "listUnmatchedProviders": Example(
            response=UnmatchedProvidersResponse.of(Page((row,), cursor=None), payer=example.payer)
        ),
        "reconcileProvider": Example(
            ReconcileProviderBody(role=role, provider_id=example.facility.provider_id),
            ChangedRequest.of(after, operator_actions(after)),
        ),
    }


def _deemed(row: WorklistRow) -> WorklistRow:
    return row.model_copy(update={"deemed_denial": True})


def _reviewer_actions(example: ExampleRequest, pended: Request) -> dict[str, Example]:
    assignment = case_assignment.assign(pended, REVIEWER, AT + timedelta(hours=1), AT)
    if assignment is None:
        raise AssertionError("the example must be unassigned")
    assigned, payer = assignment.request, example.payer
    information_requested = reviewing.request_information(
        assigned,
        ["CLINICAL_NOTES"],
        "Which conservative treatment was tried, and for how long?",
        payer=payer,
        by=REVIEWER,
        now=AT,
    )
    reason = "A specialist's opinion is awaited."
    extended = reviewing.extend(assigned, reason, payer=payer, by=REVIEWER, now=AT)
    offered = reviewing.offer_peer_to_peer(
        assigned,
        payer.utilization_management.peer_to_peer_phone,
        AT + timedelta(hours=payer.utilization_management.peer_to_peer_hours),
        by=REVIEWER,
        now=AT,
    )
    until = AT + timedelta(minutes=payer.utilization_management.lead_assignment_minutes)
    reassigned = case_assignment.reassign(assigned, COLLEAGUE, until, REVIEWER, AT)
    noted = reviewing.add_note(assigned, NOTE, REVIEWER, AT)
    request = information_requested.request.submitted.information_requests[-1]
    return {
        "assignCase": Example(response=_after(assigned)),
        "reassignCase": Example(
            ReassignBody(reviewer=COLLEAGUE), _after(reassigned.request if reassigned else assigned)
        ),
        "addNote": Example(
            AddNoteBody(text=NOTE),
            _after(noted.request if noted else assigned),
        ),
        "releaseCase": Example(response=_after(pended)),
        "requestInformation": Example(
            RequestInformationBody(documents=request.documents, text=request.text),
            _after(information_requested.request),
        ),
        "extendDeadline": Example(ExtendBody(reason=reason), _after(extended.request)),
        "recordPeerToPeer": Example(
            PeerToPeerOutcomeBody(cycle=1, outcome=DiscussionOutcome.NO_SHOW),
            _after(offered.request if offered else assigned),
        ),
        "offerPeerToPeer": Example(response=_after(offered.request if offered else assigned)),
    }


def _proposed(pended: Request, determined: Request) -> Request:
    decisions = {line.line_id: line.decisions[-1] for line in determined.submitted.lines}
    return proposals.propose(pended, decisions, REVIEWER, AT).request


def _after(request: Request) -> ReviewedCase:
    return ReviewedCase.of(request, PHYSICIAN, USER_NAMES, now=AT)


def _decided(determined: Request) -> DecideBody:
    review = determined.submitted
    return DecideBody(
        cycle=review.cycle,
        lines=tuple(
            LineDecision.model_validate(
                {"line_id": line.line_id, **_entered_decision(line.decisions[-1])}
            )
            for line in review.lines
        ),
    )


def _entered_decision(decision: Decision) -> dict[str, object]:
    """The members of a decision that a reviewer sends for a line."""
    entered = decision.model_dump(include={"reason_code", "rationale", "criterion"})
    denied = decision.status is LineStatus.DENIED
    return {**entered, "status": LineStatus.DENIED if denied else LineStatus.APPROVED}


def _backlog(example: ExampleRequest) -> Page[DelegationRow]:
    delegated = delegated_request(example)
    [delegation] = delegated.submitted.delegations
    row = delegation_row(delegated, delegation)
    private = {"patient": None, "date_of_birth": None, "member_id": None}
    return Page((row.model_copy(update=private),), cursor=None)
