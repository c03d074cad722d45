"""Dashboard, request details, messages, flags, frequent providers, and the caller."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.status.models import (
    CopiedContentResponse,
    CopyQuery,
    DashboardResponse,
    DraftsResponse,
    FlaggedResponse,
    FoundRequestResponse,
    FrequentProvidersResponse,
    MeResponse,
    MessagesResponse,
    PatientRequestsBody,
    RequestingProvidersResponse,
    RequestsQuery,
    TinPageQuery,
    TinQuery,
    UnreadResponse,
)
from precert.api.app import Api
from precert.api.details import RequestDetails
from precert.api.models import FindRequestBody
from precert.api.parameters import CurrentCaller, MessageId, RequestId, message_of_name
from precert.bootstrap import audit, call, edge, identify
from precert.domain.errors import DraftExpiredError, FlagLimitError, NotFoundError
from precert.usecases.directory import (
    list_frequent_providers,
    list_own_providers,
    list_requesting_providers,
)
from precert.usecases.drafts import list_drafts
from precert.usecases.messages import (
    count_unread,
    list_messages,
    mark_all_messages,
    mark_message,
)
from precert.usecases.requests import (
    copy_request,
    find_request,
    flag_request,
    list_flagged,
    list_requests,
    read_request,
    unflag_request,
)

api = Api("status", tag="Status", identify=identify, audit=audit, edge=edge)


@api.get("/v1/me", "Who the caller is", operation_id="readMe", audited=False, entitlement=None)
def me(caller: CurrentCaller) -> MeResponse:
    """Read who the caller is: name, entitlements, TINs, plans and delegated vendors.

    Any valid token is accepted. A portal selects its pages by `entitlements`, and lets a user with
    several `tins` choose one to act for.
    """
    return MeResponse.of(caller, call(list_own_providers, caller))


@api.get("/v1/requests", "A page of the dashboard", operation_id="listRequests", conditional=True)
def dashboard(query: Annotated[RequestsQuery, Query()], caller: CurrentCaller) -> DashboardResponse:
    """List drafts and requests of one TIN, as requesting or servicing provider, last changed first.

    Requests of all channels are listed. `sort=due` lists only those with a date, next due first. Send
    `cursor` until the response has none: a page can be shorter than `limit`, even empty. A request
    that changes between pages is listed again at the end: keep the later of two rows with the same
    `request_id`. Long names are shortened and end in an ellipsis; the details have the full names.
    """
    page = call(
        list_requests,
        caller,
        tin=query.tin,
        limit=query.limit,
        cursor=query.cursor,
        status=query.status,
        changed_from=query.changed_from,
        changed_to=query.changed_to,
        service_from=query.service_from,
        service_to=query.service_to,
        waiting_on=query.waiting_on,
        sort=query.sort,
    )
    return call(DashboardResponse.of, page)


@api.post(
    "/v1/patients/requests", "A patient's requests", operation_id="listPatientRequests", reads=True
)
def of_patient(body: PatientRequestsBody, caller: CurrentCaller) -> DashboardResponse:
    """List drafts and requests of one patient that one TIN can see, last changed first.

    Paging works as in `listRequests`. The list of an unknown member id is empty.
    """
    page = call(
        list_requests,
        caller,
        tin=body.tin,
        limit=body.limit,
        cursor=body.cursor,
        member_id=body.member_id,
        status=body.status,
        service_from=body.service_from,
        service_to=body.service_to,
        waiting_on=body.waiting_on,
    )
    return call(DashboardResponse.of, page)


@api.get("/v1/requests/flagged", "Flagged requests", operation_id="listFlagged", conditional=True)
def flagged(query: Annotated[TinQuery, Query()], caller: CurrentCaller) -> FlaggedResponse:
    """List the drafts and requests that one TIN has flagged, last flagged first, at most 15."""
    return call(FlaggedResponse.of, call(list_flagged, caller, tin=query.tin))


@api.post(
    "/v1/requests/search",
    "Find a request by its number",
    operation_id="findRequest",
    reads=True,
    errors=(NotFoundError,),
)
def find(body: FindRequestBody, caller: CurrentCaller) -> FoundRequestResponse:
    """Find the request with a precertification number, for either of its providers.

    Spaces, hyphens and lower case do not matter. A number with a wrong check digit is invalid input.
    For a request of other providers the response is the same 404 as for an unknown number.
    """
    return call(FoundRequestResponse.of, call(find_request, body.number, caller))


@api.get(
    "/v1/requests/{request_id}",
    "Status and details",
    operation_id="readRequest",
    conditional=True,
    errors=(NotFoundError, DraftExpiredError),
)
def details(request_id: RequestId, caller: CurrentCaller) -> RequestDetails:
    """Read all details of one request: service lines with their decisions, who must act next and by
    when, appeals, documents, determination notices and history.
    """
    return call(RequestDetails.of, call(read_request, request_id, caller), caller.tins)


@api.get(
    "/v1/requests/{request_id}/copy",
    "Copy the content for another request",
    operation_id="copyRequest",
    errors=(NotFoundError, DraftExpiredError),
)
def copy(
    request_id: RequestId, query: Annotated[CopyQuery, Query()], caller: CurrentCaller
) -> CopiedContentResponse:
    """Read the content of a request or draft to start another one from it. Nothing is stored.

    `left_out` lists values that are not copied. Add at least the dates of service, then check the
    content and start a draft with it. Both validate it like newly entered content.
    """
    found = call(copy_request, request_id, query.keep, caller)
    return call(CopiedContentResponse.of, found, query.keep)


@api.put(
    "/v1/requests/{request_id}/flag",
    "Flag",
    operation_id="flagRequest",
    status=HTTPStatus.NO_CONTENT,
    errors=(NotFoundError, DraftExpiredError, FlagLimitError),
)
def flag(request_id: RequestId, query: Annotated[TinQuery, Query()], caller: CurrentCaller) -> None:
    """Flag a draft or a request for all users of the TIN.

    The flags of the other provider's TIN are separate. One TIN can have at most 15 flags. A further one
    is refused, and `flagged` of the error lists the 15. Flagging a flagged request again succeeds and
    changes nothing.
    """
    call(flag_request, request_id, caller, tin=query.tin)


@api.delete(
    "/v1/requests/{request_id}/flag",
    "Remove the flag",
    operation_id="unflagRequest",
    status=HTTPStatus.NO_CONTENT,
    errors=(NotFoundError, DraftExpiredError),
)
def unflag(
    request_id: RequestId, query: Annotated[TinQuery, Query()], caller: CurrentCaller
) -> None:
    """Remove the flag of a draft or a request, for all users of the TIN.

    For a request without a flag, the call succeeds and changes nothing.
    """
    call(unflag_request, request_id, caller, tin=query.tin)


@api.get("/v1/drafts", "A page of drafts", operation_id="listDrafts", conditional=True)
def drafts(query: Annotated[TinPageQuery, Query()], caller: CurrentCaller) -> DraftsResponse:
    """List drafts of one TIN, last saved first, each with its expiry and the time left in words."""
    page = call(list_drafts, caller, tin=query.tin, limit=query.limit, cursor=query.cursor)
    return call(DraftsResponse.of, page)


@api.get("/v1/messages", "A page of the inbox", operation_id="listMessages", conditional=True)
def messages(query: Annotated[TinPageQuery, Query()], caller: CurrentCaller) -> MessagesResponse:
    """List messages about the requests of one TIN, newest first.

    Messages are retained as long as requests. On the first page, `unread` is the number of messages
    that no user of the TIN has marked as read.
    """
    page = call(list_messages, caller, tin=query.tin, limit=query.limit, cursor=query.cursor)
    return call(MessagesResponse.of, page)


@api.get(
    "/v1/messages/unread",
    "Number of unread messages",
    operation_id="countUnreadMessages",
    audited=False,
    conditional=True,
)
def unread(query: Annotated[TinQuery, Query()], caller: CurrentCaller) -> UnreadResponse:
    """Count the messages that no user of the TIN has marked as read. Poll it with If-None-Match."""
    return UnreadResponse(unread=call(count_unread, caller, tin=query.tin))


@api.put("/v1/messages/read", "Mark all messages as read", operation_id="markAllMessages")
def mark_all(query: Annotated[TinQuery, Query()], caller: CurrentCaller) -> UnreadResponse:
    """Mark the newest unread messages as read, at most 1,000.

    The response has the number of messages that are still unread. Repeat the call until it is 0.
    """
    return UnreadResponse(unread=call(mark_all_messages, caller, tin=query.tin))


@api.put(
    "/v1/messages/{message_id}/read",
    "Mark a message as read",
    operation_id="markMessage",
    status=HTTPStatus.NO_CONTENT,
    errors=(NotFoundError,),
)
def mark(message_id: MessageId, query: Annotated[TinQuery, Query()], caller: CurrentCaller) -> None:
    """Mark a message as read for all users of the TIN. Repeating the call changes nothing."""
    stored_id, at = message_of_name(message_id)
    call(mark_message, stored_id, at, caller, tin=query.tin)


@api.get(
    "/v1/providers/frequent",
    "Frequently selected providers",
    operation_id="listFrequentProviders",
    audited=False,
)
def frequent(
    query: Annotated[TinQuery, Query()], caller: CurrentCaller
) -> FrequentProvidersResponse:
    """List the servicing providers that drafts of one TIN select most often, at most ten.

    The most often selected is first; of two selected equally often, the one selected last. The list is
    updated when drafts are started.
    """
    found = call(list_frequent_providers, caller, tin=query.tin)
    return FrequentProvidersResponse.of(found)


@api.get(
    "/v1/providers/requesting",
    "Requesting providers of the last requests",
    operation_id="listRequestingProviders",
    audited=False,
)
def requesting(
    query: Annotated[TinQuery, Query()], caller: CurrentCaller
) -> RequestingProvidersResponse:
    """List the requesting providers of the last 100 requests of one TIN, last used first, at most five.

    A portal can preselect the first one and let the user change it.
    """
    used = call(list_requesting_providers, caller, tin=query.tin)
    return RequestingProvidersResponse.of(used)


handle = api.lambda_handler()
