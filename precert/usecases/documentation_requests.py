"""Requests for the required documentation that an assessment found missing (W1, W2).

Each function derives its result from the stored state, so that an interrupted assessment can be
repeated.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from precert.domain.assessing import sent_types
from precert.domain.decisions import SYSTEM
from precert.domain.documents import Document, DocumentStatus
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.reviewing import request_information, request_more_documents
from precert.domain.statuses import Status
from precert.usecases.ports.requests import RequestFile


def lacks_documentation(request: Request) -> bool:
    """Whether the request is pended, and required documentation was missing at its assessment."""
    review = request.submitted
    return (
        request.status is Status.PENDING
        and request.cycle_is_open
        and review.open_appeal is None
        and review.assessment is not None
        and bool(review.assessment.required_documentation)
    )


def request_documentation(file: RequestFile, payer: Payer, now: datetime) -> Change | None:
    """Request the missing documentation, or accept documents received since the assessment (W1, W2).

    Returns the change, or ``None`` if there is nothing to do: no documentation is missing, documents
    arrived before any RFI, or an RFI is open that they do not close.
    """
    request, review = file.request, file.request.submitted
    assessment = review.assessment
    if assessment is None or not lacks_documentation(request):
        return None
    arrived = any(
        document.status is DocumentStatus.ATTACHED
        and document.settled_at is not None
        and document.settled_at >= assessment.assessed_at
        and not document.more_to_come
        and not document.precedes(assessment.assessed_at)
        and not (
            document.of_questionnaire
            and document.document_type not in assessment.required_documentation
        )
        for document in file.documents
    )
    information_request = review.open_information_request
    if information_request is not None:
        return (
            request.receive_information(now, payer)
            if arrived and information_request.requested_by == SYSTEM
            else None
        )
    return None if arrived else request_missing_documents(file, payer, now)


def request_refused_documents(
    file: RequestFile, refused: Collection[Document], payer: Payer, now: datetime
) -> Change | None:
    """Request required documents again after they were refused (W1, W2).

    They are added to the open RFI, which gets the providers' time of a new one. If none is open, a new
    RFI requests them, unless they were requested since the refusal. Returns the change, or ``None`` if
    there is nothing to request.
    """
    request, review = file.request, file.request.submitted
    if (change := request_missing_documents(file, payer, now)) is not None:
        return change
    assessment, rfi = review.assessment, review.open_information_request
    if assessment is None or not lacks_documentation(request):
        return None
    sent = sent_types(file.documents)
    refused_at = {
        one.document_type: one.settled_at
        for one in refused
        if one.status is DocumentStatus.REFUSED
        and one.settled_at is not None
        and one.settled_at >= assessment.assessed_at
    }
    codes = [
        code
        for code in assessment.required_documentation
        if code not in sent and code in refused_at
    ]
    words = [payer.required_documentation[code] for code in codes]
    if rfi is not None:
        return request_more_documents(request, codes, words, payer=payer, by=SYSTEM, now=now)
    requested = {
        code
        for one in review.information_requests
        for code in one.documents
        if (at := refused_at.get(code)) is not None and one.requested_at >= at
    }
    codes = [code for code in codes if code not in requested]
    if not codes or not request.takes_information_request(now):
        return None
    return _request(request, codes, payer, now)


def refused_while_open(file: RequestFile, closed_at: datetime) -> list[Document]:
    """The documents that were refused while an RFI was open.

    It is the RFI that another document, and no response in words, closed at ``closed_at``.
    """
    return [
        document
        for rfi in file.request.submitted.information_requests
        if rfi.closed_at == closed_at and rfi.answered and rfi.answer is None
        for document in file.documents
        if document.document_type in rfi.documents
        and document.status is DocumentStatus.REFUSED
        and document.settled_at is not None
        and document.settled_at >= rfi.requested_at
    ]


def request_missing_documents(file: RequestFile, payer: Payer, now: datetime) -> Change | None:
    """Request the required documents that were not sent, once in a cycle; ``None`` if not necessary."""
    request, review = file.request, file.request.submitted
    assessment = review.assessment
    if assessment is None or not lacks_documentation(request):
        return None
    sent = sent_types(file.documents)
    missing = [code for code in assessment.required_documentation if code not in sent]
    this_cycle = [
        one for one in review.information_requests if one.requested_at >= assessment.assessed_at
    ]
    if this_cycle or not missing:
        return None
    if not request.takes_information_request(now):
        return None
    return _request(request, missing, payer, now)


def _request(request: Request, codes: Sequence[str], payer: Payer, now: datetime) -> Change:
    words = "\n".join(payer.required_documentation[code] for code in codes)
    return request_information(request, codes, words, payer=payer, by=SYSTEM, now=now)
