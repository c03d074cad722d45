"""Clinical review: the case, requests for information, decisions."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.review import operators, worklist
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
    NextCaseResponse,
    ReviewedCase,
)
from functions.review.operators import NOT_CHANGEABLE
from functions.review.worklist_models import FoundRequestsResponse
from precert.api.app import Api
from precert.api.models import PageQuery
from precert.api.parameters import BasedOn, CurrentCaller, DocumentId, NoticeId, RequestId
from precert.bootstrap import audit, call, edge, identify
from precert.domain.caller import Caller
from precert.domain.errors import (
    DocumentNotAvailableError,
    NotEntitledError,
    NotFoundError,
    SameReviewerError,
)
from precert.domain.request import Request
from precert.names import Entitlement
from precert.usecases.changes import Reading
from precert.usecases.decisions import ReadProposal, decide, record_outcome, sign_decisions
from precert.usecases.documents import DocumentLink, link_to_document
from precert.usecases.duplicates import compare_duplicates
from precert.usecases.grants import user_labels
from precert.usecases.next_case import assign_next_case, read_case_coverage
from precert.usecases.notices import link_to_notice
from precert.usecases.review import (
    add_note,
    assign_case,
    extend_deadline,
    list_member_history,
    offer_peer_to_peer,
    read_case,
    reassign_case,
    release_case,
    request_information,
)

api = Api(
    "review",
    tag="Review",
    identify=identify,
    audit=audit,
    edge=edge,
    entitlement=Entitlement.REVIEWER,
)
api.include(worklist.api)


def _reviewed(request: Request, caller: Caller) -> ReviewedCase:
    """The response to an action, with the name of the reviewer to whom the case is assigned."""
    assignment = request.submitted.assignment
    assigned = {assignment.assigned_to} if assignment else set()
    return call(ReviewedCase.of, request, caller, call(user_labels, assigned, caller))


@api.post("/v1/review/next", "Assign the next case", operation_id="assignNextCase")
def next_case(body: NextCaseBody, caller: CurrentCaller) -> NextCaseResponse:
    """Assign the most urgent case that the caller can decide now, for a limited time.

    It is the first case of the worklist that waits on the payer and is not assigned to a colleague. It
    can already be assigned to the caller. Two reviewers who call at the same time get two cases.
    """
    request = call(assign_next_case, caller, plan_id=body.plan_id, view=body.view, skip=body.skip)
    return NextCaseResponse(case=_reviewed(request, caller) if request else None)


@api.get(
    "/v1/review/requests/{request_id}/coverage",
    "Coverage of the member",
    operation_id="readCaseCoverage",
    errors=(NotFoundError,),
)
def case_coverage(request_id: RequestId, caller: CurrentCaller) -> CaseCoverageResponse:
    """Read all coverage of the member, with today's plan. `plan` of the case is that of submission."""
    found = call(read_case_coverage, request_id, caller)
    return call(CaseCoverageResponse.of, found)


@api.get(
    "/v1/review/requests/{request_id}",
    "Read a case",
    operation_id="readCase",
    conditional=True,
    errors=(NotFoundError,),
)
def case(request_id: RequestId, caller: CurrentCaller) -> CaseDetails:
    """Read a submitted request of one of the reviewer's plans.

    The response has all that providers can read, and also the assessment by the payer's rules, the
    assignment, proposed decisions, and the complete history. `potential_duplicates` are the member's
    similar requests in their current state, with the services of both for comparison.

    Send `version` as If-Match with an action. The action is refused if the request has changed since.
    """
    file = call(read_case, request_id, caller)
    users = call(user_labels, file.request.submitted.reviewers, caller)
    return call(CaseDetails.of, file, caller, users, call(compare_duplicates, file, caller))


@api.post(
    "/v1/review/requests/{request_id}/assign",
    "Assign a case",
    operation_id="assignCase",
    etag="{response.version}",
    errors=(*NOT_CHANGEABLE, SameReviewerError),
)
def assign(request_id: RequestId, based_on: BasedOn, caller: CurrentCaller) -> ReviewedCase:
    """Assign the case to the caller for a limited time, during which no other reviewer can change it.

    A call with the new version extends the time. A call repeated with the same version changes nothing.
    """
    request = call(assign_case, request_id, caller, read=Reading(based_on))
    return _reviewed(request, caller)


@api.post(
    "/v1/review/requests/{request_id}/assignment",
    "Assign a case to a colleague",
    operation_id="reassignCase",
    etag="{response.version}",
    entitlement=Entitlement.REVIEW_LEAD,
    errors=NOT_CHANGEABLE,
)
def reassignment(
    request_id: RequestId, body: ReassignBody, based_on: BasedOn, caller: CurrentCaller
) -> ReviewedCase:
    """As a lead, assign a case to a reviewer for a limited time, or end its assignment.

    An assignment to another reviewer ends. The reviewer finds the case with `mine` in the worklist,
    marked `by_lead`, and can release it. The same assignment sent again changes nothing.
    """
    request = call(reassign_case, request_id, body.reviewer, caller, read=Reading(based_on))
    return _reviewed(request, caller)


@api.post(
    "/v1/review/requests/{request_id}/release",
    "Release a case",
    operation_id="releaseCase",
    etag="{response.version}",
    errors=NOT_CHANGEABLE,
)
def release(request_id: RequestId, based_on: BasedOn, caller: CurrentCaller) -> ReviewedCase:
    """End the caller's assignment before its time is over. An unassigned case is not changed."""
    request = call(release_case, request_id, caller, read=Reading(based_on))
    return _reviewed(request, caller)


@api.post(
    "/v1/review/requests/{request_id}/information",
    "Request information",
    operation_id="requestInformation",
    etag="{response.version}",
    errors=NOT_CHANGEABLE,
)
def information(
    request_id: RequestId, body: RequestInformationBody, based_on: BasedOn, caller: CurrentCaller
) -> ReviewedCase:
    """Request documents, a text response, or both from the providers (RFI).

    `due_at` is then the date by which the providers must respond. Until they respond or the date
    passes, the decision clock pauses if `decision_clock.pause` is true. Otherwise the clock runs, and
    the providers' date is not after the decision deadline. The same RFI sent again by the same reviewer
    changes nothing.
    """
    request = call(
        request_information,
        request_id,
        body.documents,
        body.text,
        caller,
        read=Reading(based_on, body.seen_documents),
    )
    return _reviewed(request, caller)


@api.post(
    "/v1/review/requests/{request_id}/extension",
    "Extend the deadline",
    operation_id="extendDeadline",
    etag="{response.version}",
    errors=NOT_CHANGEABLE,
)
def extension(
    request_id: RequestId, body: ExtendBody, based_on: BasedOn, caller: CurrentCaller
) -> ReviewedCase:
    """Extend the deadline of the open cycle once, by at most the calendar days that its clock allows.

    `decision_clock` of the case states how many, and who may request the extension. The deadline can be
    extended until it passes, also while information is requested. Member and provider receive a notice
    with the reason and the right to file a grievance. The same extension sent again changes nothing.
    """
    request = call(
        extend_deadline,
        request_id,
        body.reason,
        caller,
        read=Reading(based_on, body.seen_documents),
        days=body.days,
        requested_by=body.requested_by,
    )
    return _reviewed(request, caller)


@api.post(
    "/v1/review/requests/{request_id}/peer-to-peer",
    "Offer a peer-to-peer discussion",
    operation_id="offerPeerToPeer",
    etag="{response.version}",
    errors=(*NOT_CHANGEABLE, SameReviewerError),
)
def peer_to_peer(request_id: RequestId, based_on: BasedOn, caller: CurrentCaller) -> ReviewedCase:
    """Offer the requesting clinician a discussion before the decision.

    Both providers can read the phone number and the latest time to call. The decision deadline does not
    change. While an offer is open, another offer changes nothing.
    """
    request = call(offer_peer_to_peer, request_id, caller, read=Reading(based_on))
    return _reviewed(request, caller)


@api.post(
    "/v1/review/requests/{request_id}/peer-to-peer/outcome",
    "Record the outcome of a peer-to-peer discussion",
    operation_id="recordPeerToPeer",
    etag="{response.version}",
    errors=(*NOT_CHANGEABLE, SameReviewerError),
)
def peer_to_peer_outcome(
    request_id: RequestId, body: PeerToPeerOutcomeBody, based_on: BasedOn, caller: CurrentCaller
) -> ReviewedCase:
    """Record how a discussion ended: upheld, overturned, withdrawn, or the clinician was not reached.

    If a provider requested the discussion after a determination, the outcome closes its cycle. With
    OVERTURNED, the new decisions in `lines` are the determination. Otherwise the determination is
    unchanged, and the time to appeal is extended by the time of the discussion. If only physicians
    decide denials for the payer, only a physician can then record UPHELD or OVERTURNED. The same
    outcome sent again changes nothing.
    """
    request = call(
        record_outcome,
        request_id,
        body.outcome,
        body.lines,
        caller,
        read=Reading(based_on, body.seen_documents, body.overlap_confirmed),
        cycle=body.cycle,
    )
    return _reviewed(request, caller)


@api.post(
    "/v1/review/requests/{request_id}/notes",
    "Add a note",
    operation_id="addNote",
    etag="{response.version}",
    errors=NOT_CHANGEABLE,
)
def note(
    request_id: RequestId, body: AddNoteBody, based_on: BasedOn, caller: CurrentCaller
) -> ReviewedCase:
    """Add a note that only reviewers and operators can read, in any status after submission.

    The caller's last note sent again is not added.
    """
    read = Reading(based_on, body.seen_documents)
    request = call(add_note, request_id, body.text, caller, read=read)
    return _reviewed(request, caller)


@api.get(
    "/v1/review/requests/{request_id}/member-history",
    "Other requests of the member",
    operation_id="listMemberHistory",
    errors=(NotFoundError,),
)
def member_history(
    request_id: RequestId, query: Annotated[PageQuery, Query()], caller: CurrentCaller
) -> FoundRequestsResponse:
    """List the member's other requests under the reviewer's plans, last created first.

    A page can be shorter than `limit`, because drafts and requests of other plans are omitted.
    """
    page = call(list_member_history, request_id, caller, limit=query.limit, cursor=query.cursor)
    return call(FoundRequestsResponse.for_reviewer, page, caller)


@api.get(
    "/v1/review/requests/{request_id}/documents/{document_id}",
    "Download a document of a case",
    operation_id="downloadCaseDocument",
    errors=(NotFoundError, DocumentNotAvailableError),
)
def document(request_id: RequestId, document_id: DocumentId, caller: CurrentCaller) -> DocumentLink:
    """Get a link to an attached document of a case. It expires at `expires_at`."""
    file = call(read_case, request_id, caller)
    return call(link_to_document, file, document_id)


@api.get(
    "/v1/review/requests/{request_id}/notices/{notice_id}",
    "Download a determination notice of a case",
    operation_id="downloadCaseNotice",
    errors=(NotFoundError,),
)
def notice(request_id: RequestId, notice_id: NoticeId, caller: CurrentCaller) -> DocumentLink:
    """Get a link to a determination notice of a case. It expires at `expires_at`."""
    file = call(read_case, request_id, caller)
    return call(link_to_notice, file, notice_id)


@api.post(
    "/v1/review/requests/{request_id}/decisions",
    "Decide a case",
    operation_id="decide",
    etag="{response.version}",
    other_status=HTTPStatus.ACCEPTED,
    errors=(*NOT_CHANGEABLE, SameReviewerError),
)
def decision(
    request_id: RequestId, body: DecideBody, based_on: BasedOn, caller: CurrentCaller
) -> tuple[ReviewedCase, HTTPStatus]:
    """Decide all service lines of the open cycle. A cycle is decided once.

    A denial, or an approval of less than requested, needs a reason code, a rationale and a criterion.
    An approval of less is recorded as MODIFIED. To approve more than requested, or a different
    service, send MODIFIED with the changed values. Contradictory decisions are refused, and decisions
    that contradict the request. The approval of a service that is already approved in another request
    of the member, for the same provider on overlapping dates, is refused unless `overlap_confirmed` is
    true; the error names that request.

    If only physicians decide denials and reductions for the payer, those of another reviewer are a
    proposal: the response is 202, and a physician confirms it with `signDecisions`, decides otherwise
    with this operation, or returns it. The same applies to decisions that need a second signature. The
    author can replace a proposal. The same decisions sent again by the same reviewer change nothing.
    """
    request = call(
        decide,
        request_id,
        body.lines,
        caller,
        read=Reading(based_on, body.seen_documents, body.overlap_confirmed),
        cycle=body.cycle,
        before_response=body.before_response,
    )
    reviewed = _reviewed(request, caller)
    return reviewed, HTTPStatus.ACCEPTED if reviewed.awaits_signature else HTTPStatus.OK


@api.post(
    "/v1/review/requests/{request_id}/signature",
    "Sign proposed decisions",
    operation_id="signDecisions",
    etag="{response.version}",
    errors=(*NOT_CHANGEABLE, SameReviewerError, NotEntitledError),
)
def signature(
    request_id: RequestId, body: SignBody, based_on: BasedOn, caller: CurrentCaller
) -> ReviewedCase:
    """Confirm or sign the decisions that another reviewer proposed, or return them.

    Signed decisions are the determination. To return them, send a `comment` for the reviewer who
    proposed them. That reviewer can withdraw them without a comment, but cannot sign them. A physician
    must sign denials and reductions that were not proposed by a physician.
    """
    request = call(
        sign_decisions,
        request_id,
        ReadProposal(body.cycle, body.proposed_at),
        caller,
        read=Reading(based_on, body.seen_documents, body.overlap_confirmed),
        accept=body.accept,
        comment=body.comment,
        before_response=body.before_response,
    )
    return _reviewed(request, caller)


api.include(operators.api)
handle = api.lambda_handler()
