"""Operations for the plan's operators, in the function of clinical review."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

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
    WorklistResponse,
    reviewers_of,
)
from precert.api.app import Api
from precert.api.models import ChangedRequest, PageQuery
from precert.api.parameters import BasedOn, CurrentCaller, DocumentId, NoticeId, RequestId
from precert.api.rows import DelegationsResponse
from precert.bootstrap import audit, call, edge, identify
from precert.domain.errors import (
    ActionNotAllowedError,
    DocumentNotAvailableError,
    NotFoundError,
    OwnRequestError,
    VersionMismatchError,
)
from precert.domain.operator_actions import operator_actions
from precert.names import Entitlement
from precert.usecases.changes import Reading
from precert.usecases.documents import DocumentLink, link_to_document
from precert.usecases.grants import user_labels
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
from precert.usecases.vendors import list_vendor_backlog

api = Api(
    "review",
    tag="Review",
    identify=identify,
    audit=audit,
    edge=edge,
    entitlement=Entitlement.OPERATOR,
)
NOT_CHANGEABLE = (NotFoundError, ActionNotAllowedError, OwnRequestError, VersionMismatchError)


@api.get(
    "/v1/operations/intake-exceptions",
    "Registered requests to confirm",
    operation_id="listIntakeExceptions",
)
def intake_exceptions(
    query: Annotated[PageQuery, Query()], caller: CurrentCaller
) -> IntakeExceptionsResponse:
    """List open registered requests with contents that providers cannot enter, oldest first."""
    page = call(list_intake_exceptions, caller, limit=query.limit, cursor=query.cursor)
    return IntakeExceptionsResponse.of(page)


@api.post(
    "/v1/operations/requests/{request_id}/intake-confirmation",
    "Confirm a registered request",
    operation_id="confirmIntake",
    etag="{response.version}",
    errors=NOT_CHANGEABLE,
)
def confirmation(
    request_id: RequestId, body: ConfirmIntakeBody, based_on: BasedOn, caller: CurrentCaller
) -> ChangedRequest:
    """Confirm that a registered request with exceptions is processed, with a note for reviewers.

    A confirmed request is not changed. Void a request that must not be processed.
    """
    request = call(confirm_intake, request_id, body.note, caller, read=Reading(based_on))
    return ChangedRequest.of(request, operator_actions(request))


@api.post(
    "/v1/operations/requests/search",
    "Find requests",
    operation_id="searchRequests",
    reads=True,
)
def search(body: RequestSearch, caller: CurrentCaller) -> FoundRequestsResponse:
    """Find a draft or request of any plan by its id or number, or all drafts and requests of a member.

    Those of a member are listed last created first. The parameters are in the body, because no URL
    contains PHI.
    """
    return call(FoundRequestsResponse.for_operator, call(search_requests, body, caller))


@api.get(
    "/v1/operations/requests/{request_id}",
    "Read a request with its audit trail",
    operation_id="readRequestAsOperator",
    conditional=True,
    errors=(NotFoundError,),
)
def request_of_any_plan(request_id: RequestId, caller: CurrentCaller) -> OperatorDetails:
    """Read a draft or request of any plan, with every event and the subject that caused it.

    Send `version` as If-Match with an action. The action is refused if the request has changed since.
    """
    file = call(read_request_as_operator, request_id, caller)
    return call(OperatorDetails.of, file, call(user_labels, file.subjects, caller))


@api.get(
    "/v1/operations/requests/{request_id}/documents/{document_id}",
    "Download a document of any request",
    operation_id="downloadDocumentAsOperator",
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
)
def overdue(query: Annotated[PageQuery, Query()], caller: CurrentCaller) -> WorklistResponse:
    """List the open determination cycles of all plans past their deadline, longest overdue first."""
    page = call(list_overdue, caller, limit=query.limit, cursor=query.cursor)
    return call(WorklistResponse.of, page, caller, call(user_labels, reviewers_of(page), caller))


@api.get(
    "/v1/operations/deemed-denials",
    "Deemed denials",
    operation_id="listDeemedDenials",
)
def deemed_denials(query: Annotated[PageQuery, Query()], caller: CurrentCaller) -> WorklistResponse:
    """List the open determination cycles whose passed deadline counts as a denial.

    Their `decision_clock.deemed_denial` is true, as for Medicaid managed care. The status does not
    change when the deadline passes: on the day of the deadline a reviewer must decide the request,
    which issues the notices. A request is listed until it is decided or voided.
    """
    page = call(list_deemed_denials, caller, limit=query.limit, cursor=query.cursor)
    return call(WorklistResponse.of, page, caller, call(user_labels, reviewers_of(page), caller))


@api.get(
    "/v1/operations/vendor-backlog",
    "Backlog of delegated vendors",
    operation_id="listVendorBacklog",
)
def vendor_backlog(
    query: Annotated[PageQuery, Query()], caller: CurrentCaller
) -> DelegationsResponse:
    """List delegated service lines that vendors have not decided: overdue first, then next due.

    If a vendor does not report, the lines remain undecided: call the vendor.
    """
    page = call(list_vendor_backlog, caller, limit=query.limit, cursor=query.cursor)
    return call(DelegationsResponse.of, page)


@api.post(
    "/v1/operations/requests/{request_id}/dates",
    "Change the approved dates",
    operation_id="changeDates",
    etag="{response.version}",
    errors=NOT_CHANGEABLE,
)
def dates(
    request_id: RequestId, body: ChangeDatesBody, based_on: BasedOn, caller: CurrentCaller
) -> ChangedRequest:
    """Change the approved dates of a determined request, when a provider calls to reschedule.

    The history has the earlier dates. The same change sent again changes nothing.
    """
    request = call(
        change_dates, request_id, body.lines, caller, read=Reading(based_on), reason=body.reason
    )
    return ChangedRequest.of(request, operator_actions(request))


@api.get(
    "/v1/operations/unmatched-providers",
    "Providers to reconcile",
    operation_id="listUnmatchedProviders",
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
    errors=(NotFoundError, VersionMismatchError),
)
def reconciled_provider(
    request_id: RequestId, body: ReconcileProviderBody, based_on: BasedOn, caller: CurrentCaller
) -> ChangedRequest:
    """Replace a provider that has a temporary id with a directory entry, in any status.

    The entry's TIN can then read the request. A TIN that is no longer one of the two providers cannot.
    The provider as submitted is retained. The same entry sent again changes nothing; another entry
    replaces it.
    """
    request = call(
        reconcile_provider, request_id, body.role, body.provider_id, caller, read=Reading(based_on)
    )
    return ChangedRequest.of(request, operator_actions(request))
