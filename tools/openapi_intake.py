"""Examples of the operations of intake clerks and delegated vendors."""

from functions.intake.models import (
    DelegatedRequestResponse,
    DelegationExportResponse,
    RegisteredDetails,
    RegisteredRequestResponse,
    RegisteredRequestsResponse,
    RegisterRequestBody,
    VendorDelegationsResponse,
)
from functions.upload.handler import DocumentUploadResponse
from precert.api.models import ChangedRequest, FindRequestBody, SubmissionResponse
from precert.domain.assessment import DuplicateReason
from precert.domain.caller import Caller
from precert.domain.decisions import LineDecision
from precert.domain.request import Request
from precert.domain.review import Channel, IntakeException
from precert.domain.rows import delegation_row
from precert.domain.statuses import LineStatus
from precert.domain.vendor_reports import VendorReport
from precert.names import Entitlement
from precert.usecases.document_uploads import CreatedUpload, RequestedUpload
from precert.usecases.duplicates import ComparedDuplicate
from precert.usecases.ports.documents import UploadForm
from precert.usecases.ports.listings import Page
from precert.usecases.ports.requests import RequestFile
from precert.usecases.submission import SubmittedRequest
from precert.usecases.vendors import DelegatedRequest, DelegationExport
from tools.example_events import delegation_of
from tools.example_request import DETERMINED, REQUEST_ID, STARTED, SUBMITTED, ExampleRequest
from tools.openapi_example import Example, uuids


def intake_examples(example: ExampleRequest) -> dict[str, Example]:
    """Return the examples by operation id."""
    submitted, determined = example.submitted.submitted, example.determined.request
    delegated = delegated_request(example)
    [delegation] = delegated.submitted.delegations
    file = RequestFile(delegated, (example.attached,), (), ())
    read = DelegatedRequest.of(file, delegation)
    page = Page((delegation_row(delegated, delegation),), cursor=None)
    return {
        "listDelegations": Example(
            response=VendorDelegationsResponse.of_vendors(page, (), payer=example.payer)
        ),
        "readDelegation": Example(
            response=DelegatedRequestResponse.of(
                read,
                [ComparedDuplicate(DuplicateReason.NEAR_DATES)],
                payer=example.payer,
                code_sets=example.code_sets,
            )
        ),
        "exportDelegation": Example(
            response=DelegationExportResponse.of(
                DelegationExport(read, example.coverage),
                payer=example.payer,
                new_uuid=uuids(),
            )
        ),
        "registerRequest": Example(
            RegisterRequestBody(
                channel=Channel.FAX,
                reference="FAX-20270301-0042",
                received_at=STARTED,
                content=example.draft.content,
            ),
            SubmissionResponse.of(
                SubmittedRequest(REQUEST_ID, submitted.number, example.submitted.status, STARTED)
            ),
        ),
        **_of_clerks(example),
        "reportDetermination": Example(
            VendorReport(
                vendor_id="EVICORE-RAD",
                reference="RAD-2027-0001183",
                reported_at=DETERMINED,
                content=example.draft.content,
                lines=tuple(
                    LineDecision(
                        line_id=line.line_id,
                        status=LineStatus.DENIED
                        if line.status is LineStatus.DENIED
                        else LineStatus.APPROVED,
                        reason_code=line.decisions[-1].reason_code,
                        rationale=line.decisions[-1].rationale,
                        criterion=line.decisions[-1].criterion,
                    )
                    for line in determined.submitted.lines
                ),
            ),
            ChangedRequest.for_vendor(determined),
        ),
    }


def _of_clerks(example: ExampleRequest) -> dict[str, Example]:
    registered = _by_fax(example.pended.request)
    file = RequestFile(registered, (example.attached,), example.history[:-1])
    clerk = Caller(subject="clerk", entitlements=frozenset({Entitlement.INTAKE}))
    created = CreatedUpload(
        example.awaited.model_copy(update={"sent_by_tin": min(registered.tins)}),
        UploadForm(
            url="https://documents.example.com/",
            fields={"key": "documents/"},
            max_bytes=example.payer.documents.max_bytes,
        ),
    )
    return {
        "listRegisteredRequests": Example(
            response=RegisteredRequestsResponse.of(
                Page((registered,), cursor=None), clerk, payer=example.payer, now=DETERMINED
            )
        ),
        "findRegisteredRequest": Example(
            FindRequestBody(number=registered.submitted.number),
            RegisteredRequestResponse.of(registered, clerk, payer=example.payer, now=DETERMINED),
        ),
        "readRegisteredRequest": Example(
            response=RegisteredDetails.of(
                file, payer=example.payer, code_sets=example.code_sets, now=DETERMINED
            )
        ),
        "voidRegisteredRequest": Example(
            response=ChangedRequest.of(_by_fax(example.voided.request)),
        ),
        "createRegisteredUpload": Example(
            RequestedUpload(file_name="fax-20270301-0042.tif"),
            DocumentUploadResponse.of(created, payer=example.payer),
        ),
    }


def _by_fax(request: Request) -> Request:
    review = request.submitted.model_copy(
        update={
            "channel": Channel.FAX,
            "reference": "FAX-20270301-0042",
            "intake_exceptions": (IntakeException.DATES_OUTSIDE_WINDOW,),
        }
    )
    return request.model_copy(update={"review": review})


def delegated_request(example: ExampleRequest) -> Request:
    """Return the example request with its last line delegated to a vendor."""
    delegation = delegation_of(example.submitted, SUBMITTED, example.payer)
    review = example.submitted.submitted.model_copy(update={"ownership": (delegation,)})
    return example.submitted.model_copy(update={"review": review})
