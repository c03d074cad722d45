"""The confirmation of a check as a PDF: a separate function, because the printing library is large."""

from aws_lambda_powertools.event_handler import Response

from functions.check.requirement_models import ConfirmCheckBody
from precert.api.app import Api
from precert.api.operation import PDF, file
from precert.api.parameters import CurrentCaller
from precert.bootstrap import audit, call, edge, identify
from precert.domain.errors import (
    CheckNotAvailableError,
    NoConfirmationError,
    PatientNotEligibleError,
    PatientNotFoundError,
)
from precert.usecases.confirmation import confirm_check

api = Api("confirmation", tag="Check", identify=identify, audit=audit, edge=edge)


@api.post(
    "/v1/checks/confirmation",
    "Download the confirmation",
    operation_id="confirmCheck",
    reads=True,
    media_type=PDF,
    errors=(
        PatientNotFoundError,
        PatientNotEligibleError,
        CheckNotAvailableError,
        NoConfirmationError,
    ),
)
def confirm(body: ConfirmCheckBody, caller: CurrentCaller) -> Response[bytes]:
    """Download a PDF for the provider's records if nothing in the check needs precertification.

    The check is repeated with the rule list in effect. For any other result there is no document, and
    `requirement` of the error has the result. Nothing is stored. The servicing provider's name, TIN and
    address are required.
    """
    confirmation = call(confirm_check, body.content, caller)
    name = f"precertification-confirmation-{confirmation.printed_on}.pdf"
    return file(confirmation.document, PDF, name)


handle = api.lambda_handler()
