"""Response models of the document operations."""

from precert.api.models import DocumentResponse, ResponseModel
from precert.domain.payer import Payer
from precert.usecases.documents import CreatedUpload
from precert.usecases.ports.documents import UploadForm


class DocumentUploadResponse(ResponseModel):
    """The document with its upload slot, and the form to upload it with."""

    document: DocumentResponse
    upload: UploadForm

    @classmethod
    def of(cls, created: CreatedUpload, *, payer: Payer) -> "DocumentUploadResponse":
        return cls(document=DocumentResponse.of(created.document, payer), upload=created.form)
