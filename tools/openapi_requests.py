"""Examples of providers' operations on submitted requests, messages and documents."""

from base64 import b64encode
from datetime import timedelta

from functions.status.models import (
    CopiedContentResponse,
    DashboardResponse,
    FlaggedResponse,
    FoundRequestResponse,
    MeResponse,
    MessagesResponse,
    PatientRequestsBody,
    RequestingProvidersResponse,
    UnreadResponse,
)
from functions.upload.handler import DocumentUploadResponse
from precert.api.details import RequestDetails
from precert.api.models import ChangedRequest, FindRequestBody
from precert.domain import disputing
from precert.domain.caller import Caller
from precert.domain.copying import Keep, copied
from precert.domain.damage import Readable
from precert.domain.disputes import DisputeKind
from precert.domain.documents import content_disposition, document_key
from precert.domain.event_types import MESSAGE_EVENT_TYPES
from precert.domain.notices import notice_key
from precert.domain.request import Request
from precert.domain.rows import DashboardRow, row_of_request
from precert.names import Entitlement
from precert.usecases.directory import TinProviders, UsedProvider
from precert.usecases.document_uploads import CreatedUpload, RequestedUpload
from precert.usecases.documents import DocumentLink
from precert.usecases.messages import Message, MessagePage
from precert.usecases.ports.documents import UploadForm
from precert.usecases.ports.listings import Page
from precert.usecases.ports.requests import RequestFile
from tools.example_request import (
    APPEALED,
    DENIED_LINE,
    DETERMINED,
    DOCUMENT_ID,
    NOTICE_ID,
    PROVIDER_USER,
    REQUEST_ID,
    STARTED,
    ExampleRequest,
)
from tools.openapi_example import Example


def request_examples(example: ExampleRequest) -> dict[str, Example]:
    """Return the examples by operation id."""
    file = RequestFile(
        example.determined.request, (example.attached,), example.history, example.notices
    )
    return {
        "voidRequest": Example(response=ChangedRequest.of(example.voided.request)),
        "respondToInformationRequest": Example(response=ChangedRequest.of(example.pended.request)),
        "fileAppeal": Example(response=ChangedRequest.of(example.appealed.request)),
        "fileReconsideration": Example(
            response=ChangedRequest.of(_disputed(example, DisputeKind.RECONSIDERATION))
        ),
        "requestPeerToPeer": Example(
            response=ChangedRequest.of(_disputed(example, DisputeKind.PEER_TO_PEER))
        ),
        "createDocumentUpload": Example(
            RequestedUpload(
                file_name=example.awaited.file_name,
                document_type=example.awaited.document_type,
                sha256=example.attached.sha256,
                tin=example.facility.tin,
            ),
            DocumentUploadResponse.of(_created(example), payer=example.payer),
        ),
        "downloadDocument": Example(response=_link(document_key(REQUEST_ID, DOCUMENT_ID))),
        "downloadCaseDocument": Example(response=_link(document_key(REQUEST_ID, DOCUMENT_ID))),
        "downloadDocumentAsOperator": Example(
            response=_link(document_key(REQUEST_ID, DOCUMENT_ID))
        ),
        "downloadNotice": Example(response=_link(notice_key(REQUEST_ID, NOTICE_ID))),
        "downloadCaseNotice": Example(response=_link(notice_key(REQUEST_ID, NOTICE_ID))),
        "downloadNoticeAsOperator": Example(response=_link(notice_key(REQUEST_ID, NOTICE_ID))),
        "listRequests": Example(
            response=DashboardResponse.of(
                Page((row_of_request(example.determined.request),), cursor=None),
                payer=example.payer,
                now=DETERMINED,
            )
        ),
        "readMe": Example(response=_me(example)),
        "listFlagged": Example(
            response=FlaggedResponse.of(
                Page((_flagged(example),), None), payer=example.payer, now=DETERMINED
            )
        ),
        "findRequest": Example(
            FindRequestBody(number=example.determined.request.submitted.number),
            FoundRequestResponse.of(
                example.determined.request, payer=example.payer, now=DETERMINED
            ),
        ),
        "copyRequest": Example(
            response=CopiedContentResponse.of(
                (
                    example.determined.request,
                    copied(example.determined.request.content, Keep.PATIENT),
                ),
                Keep.PATIENT,
                payer=example.payer,
                code_sets=example.code_sets,
            )
        ),
        "listRequestingProviders": Example(
            response=RequestingProvidersResponse.of(
                Readable((UsedProvider(example.physician.as_provider(), STARTED),))
            )
        ),
        "countUnreadMessages": Example(response=UnreadResponse(unread=2)),
        "listPatientRequests": Example(
            PatientRequestsBody(member_id=example.patient.member_id),
            DashboardResponse.of(
                Page((row_of_request(example.determined.request),), cursor=None),
                payer=example.payer,
                now=DETERMINED,
            ),
        ),
        "readRequest": Example(
            response=RequestDetails.of(
                file,
                example.pended.request.tins,
                payer=example.payer,
                code_sets=example.code_sets,
                now=DETERMINED,
            )
        ),
        "listMessages": Example(
            response=MessagesResponse.of(
                MessagePage(_messages(example), unread=2, cursor=None), payer=example.payer
            )
        ),
        "markAllMessages": Example(response=UnreadResponse(unread=0)),
    }


def _link(key: str) -> DocumentLink:
    version = "?versionId=3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH"
    url = f"https://documents.s3.us-east-1.amazonaws.com/{key}{version}"
    inline = "&response-content-disposition=inline&response-content-type=application%2Fpdf"
    return DocumentLink(
        url=f"{url}&X-Amz-Signature=(signed)",
        inline_url=f"{url}{inline}&X-Amz-Signature=(signed)",
        expires_at=DETERMINED + timedelta(minutes=2),
    )


def _created(example: ExampleRequest) -> CreatedUpload:
    """A created upload, with placeholders instead of S3's policy and signature."""
    fields = {
        "Content-Type": example.awaited.content_type,
        "Content-Disposition": content_disposition(example.awaited.file_name),
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "5c8c0f6e-7f4b-4b0e-9d3a-2f6a1c9b7e10",
        "x-amz-checksum-algorithm": "SHA256",
        "x-amz-checksum-sha256": b64encode(bytes.fromhex(example.attached.sha256 or "")).decode(),
        "key": document_key(REQUEST_ID, DOCUMENT_ID),
        "policy": "(signed)",
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-signature": "(signed)",
    }
    form = UploadForm(
        url="https://documents.s3.us-east-1.amazonaws.com/",
        fields=fields,
        max_bytes=example.payer.documents.max_bytes,
    )
    return CreatedUpload(example.awaited, form)


def _me(example: ExampleRequest) -> MeResponse:
    caller = Caller(
        subject=PROVIDER_USER,
        name="Dana Whitfield",
        entitlements=frozenset({Entitlement.PATIENT_SEARCH}),
        tins=frozenset({example.facility.tin}),
    )
    providers = (TinProviders(example.facility.tin, Readable((example.facility.name,))),)
    return MeResponse.of(caller, providers)


def _flagged(example: ExampleRequest) -> DashboardRow:
    row = row_of_request(example.determined.request)
    return row.model_copy(update={"flagged_at": row.updated_at})


def _messages(example: ExampleRequest) -> tuple[Message, ...]:
    return tuple(
        Message(
            message_id=event.event_id,
            type=event.type,
            request_id=event.request_id,
            number=event.number,
            status=event.status,
            at=event.at,
            refusal_code=event.refusal_code,
        )
        for event in reversed(example.history)
        if event.type in MESSAGE_EVENT_TYPES
    )


def _disputed(example: ExampleRequest, kind: DisputeKind) -> Request:
    return disputing.file_dispute(
        example.determined.request,
        kind,
        [DENIED_LINE],
        reason="The imaging report of last week was not yet attached.",
        by=PROVIDER_USER,
        now=APPEALED,
    ).request
