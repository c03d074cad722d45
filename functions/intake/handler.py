"""Requests that arrive outside the portal, and determinations of delegated vendors."""

from functools import partial
from http import HTTPStatus

from functions.intake.models import (
    RegisteredDetails,
    RegisterRequestBody,
    VoidRegisteredBody,
)
from precert.api.app import Api
from precert.api.models import ChangedRequest, SubmissionResponse
from precert.api.parameters import CurrentCaller, RequestId
from precert.bootstrap import call, claim_names, id_from_key
from precert.domain.errors import (
    ActionNotAllowedError,
    CheckNotAvailableError,
    DuplicateRequestError,
    KeyReusedError,
    NotFoundError,
    PatientNotEligibleError,
    PatientNotFoundError,
)
from precert.names import Entitlement
from precert.usecases.intake import (
    read_registered_request,
    register_request,
    void_registered_request,
)
from precert.usecases.vendor_reports import VendorReport, report_determination

api = Api("intake", tag="Intake", claim_names=claim_names)


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

    It is processed and listed as every other request. By phone, fax and mail it may have dates of
    service, a plan or a coverage that providers cannot enter: it is then reviewed, never approved by
    rule, and listed in `listIntakeExceptions` until an operator confirms it. The same channel,
    reference and content sent again return the same request; other content with the same channel and
    reference is refused.
    """
    id_of = partial(id_from_key, "registered")
    return SubmissionResponse.of(call(register_request, body, body.content, caller, id_of=id_of))


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
    """Withdraw a registered request that is not determined yet. It stays visible as VOID.

    A repeated call with the same reason returns the same result.
    """
    return ChangedRequest.of(call(void_registered_request, request_id, body.reason, caller))


@api.post(
    "/v1/vendor/determinations",
    "Report a vendor's determination",
    operation_id="reportDetermination",
    entitlement=Entitlement.VENDOR,
    errors=(NotFoundError, PatientNotFoundError, ActionNotAllowedError),
)
def report(body: VendorReport, caller: CurrentCaller) -> ChangedRequest:
    """Report what a delegated vendor decided. Both providers see it from then on.

    Send `number` for a request that the payer delegated, otherwise `content`. A report can be
    repeated, and reports can arrive in any order: a report that is not the latest changes nothing.
    """
    id_of = partial(id_from_key, "reported")
    return ChangedRequest.of(call(report_determination, body, caller, id_of=id_of))


handle = api.lambda_handler()
