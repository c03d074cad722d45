"""Requests that arrive outside the portal, and determinations of delegated vendors."""

from functools import partial
from http import HTTPStatus

from functions.intake.models import RegisterRequestBody
from precert.api.app import Api
from precert.api.models import ChangedRequest, SubmissionResponse
from precert.api.parameters import CurrentCaller
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
from precert.usecases.intake import register_request
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

    It is processed and listed as every other request. The same channel, reference and content sent
    again return the same request; other content with the same channel and reference is refused.
    """
    id_of = partial(id_from_key, "registered")
    return SubmissionResponse.of(call(register_request, body, body.content, caller, id_of=id_of))


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
