"""Documents: create an upload, download, delete; and download determination notices."""

from http import HTTPStatus

from precert.api.app import Api
from precert.api.models import DocumentResponse, ResponseModel
from precert.api.parameters import CurrentCaller, DocumentId, NoticeId, RequestId
from precert.bootstrap import audit, call, edge, identify
from precert.domain.errors import (
    ActionNotAllowedError,
    DocumentLimitError,
    DocumentNotAvailableError,
    DraftExpiredError,
    NotFoundError,
)
from precert.domain.payer import Payer
from precert.names import Entitlement
from precert.usecases.document_uploads import (
    CreatedUpload,
    RequestedUpload,
    create_document_upload,
    create_registered_upload,
)
from precert.usecases.documents import DocumentLink, delete_document, link_to_document
from precert.usecases.notices import link_to_notice
from precert.usecases.ports.documents import UploadForm
from precert.usecases.requests import read_request


class DocumentUploadResponse(ResponseModel):
    """The document with its upload slot, and the form to upload it with."""

    document: DocumentResponse
    upload: UploadForm

    @classmethod
    def of(cls, created: CreatedUpload, *, payer: Payer) -> "DocumentUploadResponse":
        return cls(document=DocumentResponse.of(created.document, payer), upload=created.form)


api = Api("upload", tag="Documents", identify=identify, audit=audit, edge=edge)


@api.post(
    "/v1/requests/{request_id}/documents",
    "Create a document upload",
    operation_id="createDocumentUpload",
    status=HTTPStatus.CREATED,
    errors=(NotFoundError, DraftExpiredError, ActionNotAllowedError, DocumentLimitError),
)
def create(
    request_id: RequestId, body: RequestedUpload, caller: CurrentCaller
) -> DocumentUploadResponse:
    """Reserve an upload slot for one file and return a presigned form to upload it with.

    Send `fields` as multipart/form-data to `url`, with the file last as `file`. The document belongs
    to the request when its status is ATTACHED. `request_id` is the ID of a draft or a pended request.
    A repeated call reserves another slot.
    """
    return call(DocumentUploadResponse.of, call(create_document_upload, request_id, body, caller))


@api.post(
    "/v1/intake/requests/{request_id}/documents",
    "Create a document upload for a registered request",
    operation_id="createRegisteredUpload",
    entitlement=Entitlement.INTAKE,
    status=HTTPStatus.CREATED,
    errors=(NotFoundError, ActionNotAllowedError, DocumentLimitError),
)
def create_registered(
    request_id: RequestId, body: RequestedUpload, caller: CurrentCaller
) -> DocumentUploadResponse:
    """Reserve an upload slot for pages that came by fax or mail, as `createDocumentUpload` does.

    The document belongs to the requesting provider unless `tin` is that of the other provider. A
    request accepts documents as soon as it is pended for review.
    """
    return call(DocumentUploadResponse.of, call(create_registered_upload, request_id, body, caller))


@api.get(
    "/v1/requests/{request_id}/documents/{document_id}",
    "Get a download link for a document",
    operation_id="downloadDocument",
    errors=(NotFoundError, DraftExpiredError, DocumentNotAvailableError),
)
def download(request_id: RequestId, document_id: DocumentId, caller: CurrentCaller) -> DocumentLink:
    """Return a short-lived link to an attached document, for either provider of the request.

    Documents of a draft are available to the TINs of the draft. The link leads to the version that was
    verified and contains only IDs. Request a new link after it expires.
    """
    file = call(read_request, request_id, caller)
    return call(link_to_document, file, document_id)


@api.delete(
    "/v1/requests/{request_id}/documents/{document_id}",
    "Delete a document of a draft",
    operation_id="deleteDocument",
    status=HTTPStatus.NO_CONTENT,
    errors=(NotFoundError, DraftExpiredError, ActionNotAllowedError),
)
def delete(request_id: RequestId, document_id: DocumentId, caller: CurrentCaller) -> None:
    """Delete a document of a draft, in any status, and free its upload slot.

    Documents of a submitted request cannot be deleted.
    """
    call(delete_document, request_id, document_id, caller)


@api.get(
    "/v1/requests/{request_id}/notices/{notice_id}",
    "Get a download link for a determination notice",
    operation_id="downloadNotice",
    errors=(NotFoundError, DraftExpiredError),
)
def notice(request_id: RequestId, notice_id: NoticeId, caller: CurrentCaller) -> DocumentLink:
    """Return a short-lived link to a determination notice, for either provider of the request.

    The request lists its notices in `determination_notices`. They are created shortly after the
    determination.
    """
    file = call(read_request, request_id, caller)
    return call(link_to_notice, file, notice_id)


handle = api.lambda_handler()
