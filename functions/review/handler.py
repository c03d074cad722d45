"""Clinical review: worklist, case, requests for information, decisions; and operators' operations."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.review.bodies import (
    AddNoteBody,
    CountsQuery,
    DecideBody,
    ExtendBody,
    NextCaseBody,
    PeerToPeerOutcomeBody,
    ReassignBody,
    RequestInformationBody,
    SignBody,
    WorklistQuery,
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
    ConfirmIntakeBody,
    IntakeExceptionsResponse,
    OperatorDetails,
    ReconcileProviderBody,
    UnmatchedProvidersResponse,
)
from functions.review.worklist_models import (
    FoundRequestsResponse,
    WorklistCountsResponse,
    WorklistResponse,
)
from precert.api.app import Api
from precert.api.models import ChangedRequest, PageQuery
from precert.api.parameters import BasedOn, CurrentCaller, DocumentId, NoticeId, RequestId
from precert.api.rows import DelegationsResponse
from precert.bootstrap import audit, call, edge, identify
from precert.domain.errors import (
    ActionNotAllowedError,
    DocumentNotAvailableError,
    NotEntitledError,
    NotFoundError,
    OwnRequestError,
    SameReviewerError,
    VersionMismatchError,
)
from precert.names import Entitlement
from precert.usecases.changes import Reading
from precert.usecases.decisions import ReadProposal, decide, record_outcome, sign_decisions
from precert.usecases.documents import DocumentLink, link_to_document
from precert.usecases.duplicates import compare_duplicates
from precert.usecases.grants import user_labels
from precert.usecases.next_case import assign_next_case, read_case_coverage
from precert.usecases.notices import link_to_notice
from precert.usecases.operations import (
    RequestSearch,
    change_dates,
    confirm_intake,
    list_deemed_denials,
    list_intake_exceptions,
    list_overdue,
    list_unmatched_providers,
    read_request_as_operator,
    reconcile_provider,
    search_requests,
)
from precert.usecases.review import (
    add_note,
    assign_case,
    count_worklist,
    extend_deadline,
    list_member_history,
    list_worklist,
    offer_peer_to_peer,
    read_case,
    reassign_case,
    release_case,
    request_information,
)
from precert.usecases.vendors import list_vendor_backlog

api = Api(
    "review",
    tag="Review",
    identify=identify,
    audit=audit,
    edge=edge,
    entitlement=Entitlement.REVIEWER,
)
REASONS_SECONDS = 3600
NOT_CHANGEABLE = (NotFoundError, ActionNotAllowedError, OwnRequestError, VersionMismatchError)


@api.get("/v1/review/requests", "Worklist", operation_id="listWorklist", conditional=True)
def worklist(query: Annotated[WorklistQuery, Query()], caller: CurrentCaller) -> WorklistResponse:
    """List the open determination cycles of all the caller's plans in one order.

    Expedited ones are first, then those that are due first. `view` and `mine` select a part of the
    queue; a page can then be shorter than `limit` although a `cursor` follows.
    """
    page = call(
        list_worklist,
        caller,
        plan_id=query.plan_id,
        mine=query.mine,
        view=query.view,
        limit=query.limit,
        cursor=query.cursor,
    )
    return call(WorklistResponse.of, page, caller)


@api.get(
    "/v1/review/counts",
    "Count the worklist",
    operation_id="countWorklist",
    audited=False,
    conditional=True,
)
def counts(query: Annotated[CountsQuery, Query()], caller: CurrentCaller) -> WorklistCountsResponse:
    """Count the open determination cycles of the caller's plans, in all and by view.

    It reads every row of the queue: call it when the queue is opened, not with every page.
    """
    return WorklistCountsResponse.of(call(count_worklist, caller, plan_id=query.plan_id))


@api.post("/v1/review/next", "Assign the next case", operation_id="assignNextCase")
def next_case(body: NextCaseBody, caller: CurrentCaller) -> NextCaseResponse:
    """Assign the most urgent case that the caller may decide now, for a limited time.

    It is the first of the worklist that waits on the payer and is not assigned to a colleague, also one
    that is assigned to the caller already. Two reviewers who call at the same moment get two cases.
    """
    request = call(assign_next_case, caller, plan_id=body.plan_id, view=body.view, skip=body.skip)
    return call(NextCaseResponse.of, request, caller)


@api.get(
    "/v1/review/reasons",
    "Reasons, rationale templates and criteria",
    operation_id="listDecisionReasons",
    audited=False,
    conditional=True,
    max_age=REASONS_SECONDS,
)
def reasons() -> DecisionReasonsResponse:
    """List what reviewers choose from: reasons with the decisions they fit and templates of their
    rationale, criteria, and the documents that a request for information can ask for.
    """
    return call(DecisionReasonsResponse.of)


@api.get(
    "/v1/review/requests/{request_id}/coverage",
    "Coverage of the member",
    operation_id="readCaseCoverage",
    errors=(NotFoundError,),
)
def case_coverage(request_id: RequestId, caller: CurrentCaller) -> CaseCoverageResponse:
    """Read all coverage of the case's member, with today's plan. `plan` of the case is as submitted."""
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

    It has what the providers read, the assessment by the payer's rules, the assignment, proposed
    decisions, and the whole history. `potential_duplicates` are the member's similar requests as they
    are now, with the services of both side by side.

    Send `version` as If-Match with an action: it is refused if the request has changed since.
    """
    file = call(read_case, request_id, caller)
    return call(CaseDetails.of, file, caller, call(compare_duplicates, file, caller))


@api.post(
    "/v1/review/requests/{request_id}/assign",
    "Assign a case",
    operation_id="assignCase",
    etag="{response.version}",
    errors=(*NOT_CHANGEABLE, SameReviewerError),
)
def assign(request_id: RequestId, based_on: BasedOn, caller: CurrentCaller) -> ReviewedCase:
    """Assign the case to the caller for a limited time, in which no other reviewer can change it.

    The call with the new version extends the time; sent again with the same one, it changes nothing.
    """
    return call(
        ReviewedCase.of, call(assign_case, request_id, caller, read=Reading(based_on)), caller
    )


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
    """Assign a case to a named colleague for a limited time, or take it back, as their lead.

    It also takes the case from the reviewer to whom it is assigned. The colleague finds it with `mine`
    in the worklist, marked `by_lead`, and can release it. The same assignment sent again changes
    nothing.
    """
    request = call(reassign_case, request_id, body.reviewer, caller, read=Reading(based_on))
    return call(ReviewedCase.of, request, caller)


@api.post(
    "/v1/review/requests/{request_id}/release",
    "Release a case",
    operation_id="releaseCase",
    etag="{response.version}",
    errors=NOT_CHANGEABLE,
)
def release(request_id: RequestId, based_on: BasedOn, caller: CurrentCaller) -> ReviewedCase:
    """End the caller's assignment before its time is over. An unassigned case stays as it is."""
    return call(
        ReviewedCase.of, call(release_case, request_id, caller, read=Reading(based_on)), caller
    )


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

    `due_at` is then the providers' date. Until they respond or it passes, the decision clock pauses if
    `decision_clock.pause` is true. Otherwise the clock runs, and the providers' date is at the latest
    the decision's. The same RFI sent again by the same reviewer changes nothing.
    """
    request = call(
        request_information,
        request_id,
        body.documents,
        body.text,
        caller,
        read=Reading(based_on, body.seen_documents),
    )
    return call(ReviewedCase.of, request, caller)


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

    `decision_clock` of the case states them, and who may request the extension. It is possible until
    the deadline passes, also while information is requested. Member and provider receive a notice with
    the reason and the right to file a grievance. The same extension sent again changes nothing.
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
    return call(ReviewedCase.of, request, caller)


@api.post(
    "/v1/review/requests/{request_id}/peer-to-peer",
    "Offer a peer-to-peer discussion",
    operation_id="offerPeerToPeer",
    etag="{response.version}",
    errors=(*NOT_CHANGEABLE, SameReviewerError),
)
def peer_to_peer(request_id: RequestId, based_on: BasedOn, caller: CurrentCaller) -> ReviewedCase:
    """Offer the requesting clinician a discussion before the decision.

    Both providers can read the phone number and the last time to call. The deadline does not change.
    While an offer is open, another one changes nothing.
    """
    return call(
        ReviewedCase.of,
        call(offer_peer_to_peer, request_id, caller, read=Reading(based_on)),
        caller,
    )


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

    The outcome of a discussion that a provider requested after a determination closes its cycle. With
    OVERTURNED, the new decisions in `lines` are the determination; otherwise the determination is
    unchanged, and the time to appeal is longer by the time of the discussion. If the payer has
    physicians decide denials, only a physician records UPHELD or OVERTURNED then. The same outcome sent
    again changes nothing.
    """
    request = call(
        record_outcome,
        request_id,
        body.outcome,
        body.lines,
        caller,
        read=Reading(based_on, body.seen_documents),
        cycle=body.cycle,
    )
    return call(ReviewedCase.of, request, caller)


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
    """Add a note that only reviewers and operators read, in any status after the submission.

    The caller's last note sent again changes nothing.
    """
    return call(
        ReviewedCase.of,
        call(add_note, request_id, body.text, caller, read=Reading(based_on, body.seen_documents)),
        caller,
    )


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

    A page can be shorter than `limit`: drafts and requests of other plans are left out.
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
    An approval of less is recorded as MODIFIED. To approve more or something else than requested, send
    MODIFIED with what changes. Decisions that contradict the request or themselves are refused.

    If the payer has physicians decide denials and reductions, those of another reviewer are a proposal:
    the response is 202, and a physician confirms it with `signDecisions`, decides otherwise with this
    operation, or returns it. The same applies to decisions that need a second signature. The author can
    replace a proposal. The same decisions sent again by the same reviewer change nothing.
    """
    request = call(
        decide,
        request_id,
        body.lines,
        caller,
        read=Reading(based_on, body.seen_documents),
        cycle=body.cycle,
        before_response=body.before_response,
    )
    reviewed = call(ReviewedCase.of, request, caller)
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
    proposed them. That reviewer can withdraw them without one, but not sign them. If they deny or
    reduce something and no physician proposed them, a physician must sign.
    """
    request = call(
        sign_decisions,
        request_id,
        ReadProposal(body.cycle, body.proposed_at),
        caller,
        read=Reading(based_on, body.seen_documents),
        accept=body.accept,
        comment=body.comment,
        before_response=body.before_response,
    )
    return call(ReviewedCase.of, request, caller)


# -- Operators -----------------------------------------------------------------------------------------


@api.get(
    "/v1/operations/intake-exceptions",
    "Registered requests to confirm",
    operation_id="listIntakeExceptions",
    entitlement=Entitlement.OPERATOR,
)
def intake_exceptions(
    query: Annotated[PageQuery, Query()], caller: CurrentCaller
) -> IntakeExceptionsResponse:
    """List open requests that staff registered although providers could not, oldest first."""
    page = call(list_intake_exceptions, caller, limit=query.limit, cursor=query.cursor)
    return IntakeExceptionsResponse.of(page)


@api.post(
    "/v1/operations/requests/{request_id}/intake-confirmation",
    "Confirm a registered request",
    operation_id="confirmIntake",
    etag="{response.version}",
    entitlement=Entitlement.OPERATOR,
    errors=NOT_CHANGEABLE,
)
def confirmation(
    request_id: RequestId, body: ConfirmIntakeBody, based_on: BasedOn, caller: CurrentCaller
) -> ChangedRequest:
    """Confirm that a registered request with exceptions is to be processed, with a note for reviewers.

    A confirmed request stays as it is. A request that is not to be processed is voided instead.
    """
    request = call(confirm_intake, request_id, body.note, caller, read=Reading(based_on))
    return ChangedRequest.of(request, request.operator_actions)


@api.post(
    "/v1/operations/requests/search",
    "Find requests",
    operation_id="searchRequests",
    reads=True,
    entitlement=Entitlement.OPERATOR,
)
def search(body: RequestSearch, caller: CurrentCaller) -> FoundRequestsResponse:
    """Find a draft or request of any plan by its id or number, or those of a member.

    A member's are listed last created first. The search is in the body: no URL contains PHI.
    """
    return call(FoundRequestsResponse.for_operator, call(search_requests, body, caller))


@api.get(
    "/v1/operations/requests/{request_id}",
    "Read a request with its audit trail",
    operation_id="readRequestAsOperator",
    conditional=True,
    entitlement=Entitlement.OPERATOR,
    errors=(NotFoundError,),
)
def request_of_any_plan(request_id: RequestId, caller: CurrentCaller) -> OperatorDetails:
    """Read a draft or request of any plan, with every event and the subject that caused it.

    Send `version` as If-Match with an action: it is refused if the request has changed since.
    """
    file = call(read_request_as_operator, request_id, caller)
    return call(OperatorDetails.of, file, call(user_labels, file.subjects, caller))


@api.get(
    "/v1/operations/requests/{request_id}/documents/{document_id}",
    "Download a document of any request",
    operation_id="downloadDocumentAsOperator",
    entitlement=Entitlement.OPERATOR,
    errors=(NotFoundError, DocumentNotAvailableError),
)
def document_of_any_plan(
    request_id: RequestId, document_id: DocumentId, caller: CurrentCaller
) -> DocumentLink:
    """Get a link to an attached document of any request. It expires at `expires_at`."""
    file = call(read_request_as_operator, request_id, caller)
    return call(link_to_document, file, document_id)


@api.get(
    "/v1/operations/requests/{request_id}/notices/{notice_id}",
    "Download a determination notice of any request",
    operation_id="downloadNoticeAsOperator",
    entitlement=Entitlement.OPERATOR,
    errors=(NotFoundError,),
)
def notice_of_any_plan(
    request_id: RequestId, notice_id: NoticeId, caller: CurrentCaller
) -> DocumentLink:
    """Get a link to a determination notice of any request, to mail it. It expires at `expires_at`."""
    file = call(read_request_as_operator, request_id, caller)
    return call(link_to_notice, file, notice_id)


@api.get(
    "/v1/operations/overdue",
    "Overdue decisions",
    operation_id="listOverdue",
    conditional=True,
    entitlement=Entitlement.OPERATOR,
)
def overdue(query: Annotated[PageQuery, Query()], caller: CurrentCaller) -> WorklistResponse:
    """List the open determination cycles of all plans past their deadline, longest overdue first."""
    page = call(list_overdue, caller, limit=query.limit, cursor=query.cursor)
    return call(WorklistResponse.of, page, caller)


@api.get(
    "/v1/operations/deemed-denials",
    "Deemed denials",
    operation_id="listDeemedDenials",
    entitlement=Entitlement.OPERATOR,
)
def deemed_denials(query: Annotated[PageQuery, Query()], caller: CurrentCaller) -> WorklistResponse:
    """List the open determination cycles whose passed deadline counts as a denial.

    The clock states it (`decision_clock.deemed_denial`), as for Medicaid managed care. The status never
    changes by time: on the day of the deadline a reviewer must decide the request, which issues the
    notices. A request leaves the list when it is decided or voided.
    """
    page = call(list_deemed_denials, caller, limit=query.limit, cursor=query.cursor)
    return call(WorklistResponse.of, page, caller)


@api.get(
    "/v1/operations/vendor-backlog",
    "Backlog of delegated vendors",
    operation_id="listVendorBacklog",
    entitlement=Entitlement.OPERATOR,
)
def vendor_backlog(
    query: Annotated[PageQuery, Query()], caller: CurrentCaller
) -> DelegationsResponse:
    """List what delegated vendors received and have not decided: overdue first, then the next due.

    Nothing is decided if a vendor does not report: call the vendor.
    """
    page = call(list_vendor_backlog, caller, limit=query.limit, cursor=query.cursor)
    return call(DelegationsResponse.of, page)


@api.post(
    "/v1/operations/requests/{request_id}/dates",
    "Change the approved dates",
    operation_id="changeDates",
    etag="{response.version}",
    entitlement=Entitlement.OPERATOR,
    errors=NOT_CHANGEABLE,
)
def dates(
    request_id: RequestId, body: ChangeDatesBody, based_on: BasedOn, caller: CurrentCaller
) -> ChangedRequest:
    """Change the approved dates of a determined request, when a provider calls to reschedule.

    Earlier dates stay in the history. The same change sent again changes nothing.
    """
    request = call(
        change_dates, request_id, body.lines, caller, read=Reading(based_on), reason=body.reason
    )
    return ChangedRequest.of(request, request.operator_actions)


@api.get(
    "/v1/operations/unmatched-providers",
    "Providers to reconcile",
    operation_id="listUnmatchedProviders",
    entitlement=Entitlement.OPERATOR,
)
def unmatched_providers(
    query: Annotated[PageQuery, Query()], caller: CurrentCaller
) -> UnmatchedProvidersResponse:
    """List providers of all plans that did not match the directory, first submitted first.

    Each row is one provider of one request, as submitted, with its temporary id and the reasons.
    """
    page = call(list_unmatched_providers, caller, limit=query.limit, cursor=query.cursor)
    return call(UnmatchedProvidersResponse.of, page)


@api.post(
    "/v1/operations/requests/{request_id}/providers",
    "Match a provider with the directory",
    operation_id="reconcileProvider",
    etag="{response.version}",
    entitlement=Entitlement.OPERATOR,
    errors=(NotFoundError, VersionMismatchError),
)
def reconciled_provider(
    request_id: RequestId, body: ReconcileProviderBody, based_on: BasedOn, caller: CurrentCaller
) -> ChangedRequest:
    """Replace a provider that has a temporary id by a directory entry, in any status.

    The entry's TIN can read the request from then on; a TIN that is no longer one of the two providers
    cannot. The provider as submitted stays on record. The same entry sent again changes nothing;
    another entry replaces it.
    """
    request = call(
        reconcile_provider, request_id, body.role, body.provider_id, caller, read=Reading(based_on)
    )
    return ChangedRequest.of(request, request.operator_actions)


handle = api.lambda_handler()
