"""Requests that arrive outside the portal, and determinations of delegated vendors."""

from functools import partial
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.intake.models import (
    DelegatedRequestResponse,
    DelegationExportResponse,
    DelegationQuery,
    DelegationsQuery,
    RegisteredDetails,
    RegisteredQuery,
    RegisteredRequestResponse,
    RegisteredRequestsResponse,
    RegisterRequestBody,
    VendorDelegationsResponse,
    VoidRegisteredBody,
)
from precert.api.app import Api
from precert.api.models import ChangedRequest, FindRequestBody, SubmissionResponse
from precert.api.operation import FHIR_JSON
from precert.api.parameters import CurrentCaller, DocumentId, RequestId
from precert.bootstrap import audit, call, edge, identify
from precert.clock_and_ids import id_from_key
from precert.domain.errors import (
    ActionNotAllowedError,
    CheckNotAvailableError,
    DocumentNotAvailableError,
    DuplicateRequestError,
    KeyReusedError,
    NotFoundError,
    PatientNotEligibleError,
    PatientNotFoundError,
)
from precert.domain.vendor_reports import VendorReport
from precert.names import Entitlement
from precert.usecases.documents import DocumentLink
from precert.usecases.duplicates import compare_delegation
from precert.usecases.intake import (
    find_registered_request,
    list_registered_requests,
    read_registered_request,
    register_request,
    void_registered_request,
)
from precert.usecases.vendor_reports import report_determination
from precert.usecases.vendors import (
    export_delegation,
    link_to_delegated_document,
    list_delegations,
    name_vendors,
    read_delegation,
)

api = Api("intake", tag="Intake", identify=identify, audit=audit, edge=edge)


@api.post(
    "/v1/intake/requests",
    "Register a request",
    operation_id="registerRequest",
    entitlement=Entitlement.INTAKE,
    status=HTTPStatus.ACCEPTED,
    errors=(
        *(PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError),
        *(DuplicateRequestError, KeyReusedError),
    ),
)
def register(body: RegisterRequestBody, caller: CurrentCaller) -> SubmissionResponse:
    """Register a request that was received by phone, fax, mail or EDI.

    It is processed and listed like every other request. A request by phone, fax or mail may have dates
    of service, a plan or coverage that providers cannot enter (intake exceptions). It is then reviewed,
    never approved by rule, and listed in `listIntakeExceptions` until an operator confirms it. Sending
    the same channel, reference and content again returns the same request; other content with the same
    channel and reference is refused.

    If a delegated vendor decides lines, `confirmed_vendors` of the content must contain its
    `vendor_id`, except for EDI: inform the provider that these lines go to the vendor.
    `checkRequirements` with `received_at` lists them.
    """
    id_of = partial(id_from_key, "registered")
    return SubmissionResponse.of(call(register_request, body, body.content, caller, id_of=id_of))


@api.get(
    "/v1/intake/requests",
    "Registered requests",
    operation_id="listRegisteredRequests",
    reads=True,
    entitlement=Entitlement.INTAKE,
)
def registered(
    query: Annotated[RegisteredQuery, Query()], caller: CurrentCaller
) -> RegisteredRequestsResponse:
    """List the requests that staff registered by phone, fax, mail or EDI, last registered first.

    Requests that providers submitted in the portal are not listed. Send `cursor` until the response
    has none.
    """
    page = call(
        list_registered_requests, caller, mine=query.mine, limit=query.limit, cursor=query.cursor
    )
    return call(RegisteredRequestsResponse.of, page, caller)


@api.post(
    "/v1/intake/requests/search",
    "Find a registered request by its number",
    operation_id="findRegisteredRequest",
    reads=True,
    entitlement=Entitlement.INTAKE,
    errors=(NotFoundError,),
)
def find(body: FindRequestBody, caller: CurrentCaller) -> RegisteredRequestResponse:
    """Find the registered request with a precertification number.

    Spaces, hyphens and lower case do not matter. A number with a wrong check digit is invalid input.
    For a request that was submitted in the portal the response is the same 404 as for an unknown
    number.
    """
    return call(
        RegisteredRequestResponse.of, call(find_registered_request, body.number, caller), caller
    )


@api.get(
    "/v1/intake/requests/{request_id}",
    "Read a registered request back",
    operation_id="readRegisteredRequest",
    entitlement=Entitlement.INTAKE,
    errors=(NotFoundError,),
)
def read_back(request_id: RequestId, caller: CurrentCaller) -> RegisteredDetails:
    """Read a request that was registered by phone, fax, mail or EDI."""
    return call(RegisteredDetails.of, call(read_registered_request, request_id, caller))


@api.post(
    "/v1/intake/requests/{request_id}/void",
    "Void a registered request",
    operation_id="voidRegisteredRequest",
    entitlement=Entitlement.INTAKE,
    errors=(NotFoundError, ActionNotAllowedError),
)
def void(request_id: RequestId, body: VoidRegisteredBody, caller: CurrentCaller) -> ChangedRequest:
    """Withdraw a registered request that is not determined yet. It remains visible as VOID.

    A repeated call with the same reason returns the same result.
    """
    request = call(void_registered_request, request_id, body.reason, caller)
    return ChangedRequest.of(request, request.clerk_actions(request.updated_at))


@api.post(
    "/v1/vendor/determinations",
    "Report a vendor's determination",
    operation_id="reportDetermination",
    entitlement=Entitlement.VENDOR,
    errors=(NotFoundError, PatientNotFoundError, ActionNotAllowedError),
)
def report(body: VendorReport, caller: CurrentCaller) -> ChangedRequest:
    """Report the decisions of a delegated vendor. Both providers can then read them.

    Send `number` for a request that the payer delegated, otherwise `content`. Reports can be repeated
    and can arrive in any order: a report that is not the latest changes nothing.
    """
    id_of = partial(id_from_key, "reported")
    return ChangedRequest.for_vendor(call(report_determination, body, caller, id_of=id_of))


@api.get(
    "/v1/vendor/requests",
    "A vendor's requests",
    operation_id="listDelegations",
    entitlement=Entitlement.VENDOR,
)
def delegations(
    query: Annotated[DelegationsQuery, Query()], caller: CurrentCaller
) -> VendorDelegationsResponse:
    """List the requests of which the vendor decides service lines, with the due date of each.

    Other vendors' requests and the payer's own are not listed. Send `cursor` until the response has
    none.
    """
    page = call(
        list_delegations,
        caller,
        vendor_id=query.vendor_id,
        is_open=query.open,
        limit=query.limit,
        cursor=query.cursor,
    )
    return call(VendorDelegationsResponse.of_vendors, page, call(name_vendors, caller))


@api.get(
    "/v1/vendor/requests/{request_id}",
    "Read a delegated request",
    operation_id="readDelegation",
    entitlement=Entitlement.VENDOR,
    errors=(NotFoundError,),
)
def delegation(
    request_id: RequestId, query: Annotated[DelegationQuery, Query()], caller: CurrentCaller
) -> DelegatedRequestResponse:
    """Read the service lines that the vendor decides, with their content and the documents.

    `potential_duplicates` are similar requests in their current state.
    """
    delegated = call(read_delegation, request_id, caller, vendor_id=query.vendor_id)
    return call(DelegatedRequestResponse.of, delegated, call(compare_delegation, delegated))


@api.get(
    "/v1/vendor/requests/{request_id}/export",
    "Export a delegated request",
    operation_id="exportDelegation",
    entitlement=Entitlement.VENDOR,
    media_type=FHIR_JSON,
    errors=(NotFoundError, PatientNotFoundError),
)
def export(
    request_id: RequestId, query: Annotated[DelegationQuery, Query()], caller: CurrentCaller
) -> DelegationExportResponse:
    """Get the same service lines as a Da Vinci PAS request bundle (FHIR R4)."""
    delegated = call(export_delegation, request_id, caller, vendor_id=query.vendor_id)
    return call(DelegationExportResponse.of, delegated)


@api.get(
    "/v1/vendor/requests/{request_id}/documents/{document_id}",
    "Download a document of a delegated request",
    operation_id="downloadDelegatedDocument",
    entitlement=Entitlement.VENDOR,
    errors=(NotFoundError, DocumentNotAvailableError),
)
def document(
    request_id: RequestId,
    document_id: DocumentId,
    query: Annotated[DelegationQuery, Query()],
    caller: CurrentCaller,
) -> DocumentLink:
    """Get links to an attached document. They expire at `expires_at`."""
    delegated = call(read_delegation, request_id, caller, vendor_id=query.vendor_id)
    return call(link_to_delegated_document, delegated, document_id)


handle = api.lambda_handler()
