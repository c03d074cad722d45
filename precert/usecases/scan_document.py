"""Take the result of a scan for malware: give a verified document free, or refuse it (U1, U5)."""

from datetime import datetime

from precert.domain.documents import Document, DocumentStatus, ScanResult
from precert.domain.errors import TransientError
from precert.domain.payer import Payer
from precert.usecases.ports.documents import DocumentBytes, DocumentChangedError, DocumentRecords
from precert.usecases.ports.requests import RequestStore
from precert.usecases.verify_document import (
    Inspect,
    document_event,
    remove_leftovers,
    verify_document,
)

ATTEMPTS = 5


def scan_document(
    request_id: str,
    document_id: str,
    version_id: str | None,
    result: ScanResult,
    *,
    records: DocumentRecords,
    store: DocumentBytes,
    requests: RequestStore,
    inspect: Inspect,
    payer: Payer,
    now: datetime,
) -> Document | None:
    """Settle a document by what the scan of one version of its object told.

    A result tells as well that something arrived: where the arrival's own event is late, the document
    is verified first. A result for another version than the verified one counts for nothing, and so
    does one for a document that came to rest. Answers the document that the result was about, still
    CHECKING where the scan could not tell, or ``None`` where it counted for nothing.

    Raises:
        TransientError: the document is being changed by others; deliver the result again.
    """
    for _ in range(ATTEMPTS):
        document = records.document(request_id, document_id)
        if document is not None and document.status is DocumentStatus.AWAITING_UPLOAD:
            # Whatever the stage's switch says, this document is being scanned.
            verify_document(
                request_id,
                document_id,
                records=records,
                store=store,
                requests=requests,
                inspect=inspect,
                payer=payer,
                scanned=True,
                now=now,
            )
            document = records.document(request_id, document_id)
        request = requests.read(request_id)
        if request is None or document is None or document.status is not DocumentStatus.CHECKING:
            # An earlier delivery may have died before it removed what it refused.
            remove_leftovers(request_id, document_id, document, store)
            return None
        if document.version_id != version_id:
            return None
        settled = document.scanned(result, now)
        if settled is None:
            return document
        try:
            records.settle(request_id, settled, document_event(request, settled, now))
        except DocumentChangedError:
            continue
        if settled.status is DocumentStatus.REFUSED:
            store.remove(request_id, document_id)
        return settled
    raise TransientError("The document is being changed by others. Try again.")
