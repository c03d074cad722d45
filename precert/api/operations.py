"""What each operation of the route table takes and answers: the contract, for its document.

The handlers do not read this; a test compares them with it. It stands here, beside the models, so
that whoever changes an operation changes both.
"""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel

from precert.api.answers.cases import CaseAnswer
from precert.api.answers.reviewed import ReviewedCaseAnswer
from precert.api.answers.unmatched import UnmatchedProvidersAnswer
from precert.api.answers.worklist import WorklistAnswer
from precert.api.bodies import WorklistQuery
from precert.api.intake import RegisterRequestBody, ReportDeterminationBody
from precert.api.models import ChangedRequest, PageQuery, SubmissionResponse
from precert.api.review_bodies import (
    ChangeDatesBody,
    DecideBody,
    ExtendBody,
    ReconcileProviderBody,
    RequestInformationBody,
    SignBody,
)
from precert.domain.errors import (
    ActionNotAllowedError,
    CheckNotAvailableError,
    DocumentNotAvailableError,
    DraftExpiredError,
    DuplicateRequestError,
    InvalidInputError,
    KeyReusedError,
    NotEntitledError,
    NotFoundError,
    PatientNotEligibleError,
    PatientNotFoundError,
    PrecertError,
    SameReviewerError,
    TransientError,
)
from precert.names import Entitlement
from precert.usecases.documents import DocumentLink


class Header(StrEnum):
    """Headers that an operation reads or answers with."""

    CONTENT_DISPOSITION = "Content-Disposition"
    ETAG = "ETag"
    IDEMPOTENCY_KEY = "Idempotency-Key"
    IF_MATCH = "If-Match"
    LOCATION = "Location"


@dataclass(frozen=True)
class OperationContract:
    """One operation as a caller knows it.

    ``errors`` are those of its own; every operation may also answer :data:`COMMON_ERRORS`.
    """

    description: str
    answer: type[BaseModel] | None
    media_type: str = "application/json"
    """Of the answer's model."""
    attachment: str | None = None
    """The media type of the file that is answered instead of a model."""
    errors: tuple[type[PrecertError], ...] = ()
    status: HTTPStatus = HTTPStatus.OK
    other_status: HTTPStatus | None = None
    """What it may answer instead, with the same model."""
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    headers_in: frozenset[Header] = frozenset()
    headers_out: frozenset[Header] = frozenset()
    entitlement: Entitlement = Entitlement.PATIENT_SEARCH


COMMON_ERRORS: Final = (NotEntitledError, TransientError)
_NOT_CHECKABLE: Final = (PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError)
_NO_LIVE_DRAFT: Final = (NotFoundError, DraftExpiredError, ActionNotAllowedError)
_NOT_CHANGEABLE: Final = (NotFoundError, ActionNotAllowedError)

OPERATIONS: Final[dict[str, OperationContract]] = {
    "registerRequest": OperationContract(
        "Registers a request that came by phone, fax, mail or EDI: from then on it goes the way of "
        "every request, on the same lists. Sent again with the same reference it answers as it did.",
        body=RegisterRequestBody,
        answer=SubmissionResponse,
        status=HTTPStatus.ACCEPTED,
        errors=(
            InvalidInputError,
            PatientNotFoundError,
            PatientNotEligibleError,
            CheckNotAvailableError,
            DuplicateRequestError,
            KeyReusedError,
        ),
        entitlement=Entitlement.INTAKE,
    ),
    "reportDetermination": OperationContract(
        "A delegated vendor reports what it has decided: the request shows with it from then on. "
        "Reports may come again and out of order; the latest `reported_at` holds.",
        body=ReportDeterminationBody,
        answer=ChangedRequest,
        errors=(InvalidInputError, NotFoundError, PatientNotFoundError, ActionNotAllowedError),
        entitlement=Entitlement.VENDOR,
    ),
    "listWorklist": OperationContract(
        "Open rounds of one plan: urgent ones first, then by the time they are due.",
        query=WorklistQuery,
        answer=WorklistAnswer,
        errors=(InvalidInputError,),
        entitlement=Entitlement.REVIEWER,
    ),
    "readCase": OperationContract(
        "A submitted request of one of the reviewer's plans: what its providers see, how the rules "
        "judged it, which requests it may repeat, who works on it, and the whole history.",
        answer=CaseAnswer,
        errors=(NotFoundError,),
        entitlement=Entitlement.REVIEWER,
    ),
    "assignCase": OperationContract(
        "Holds the open round for some time, so that no colleague decides it meanwhile; again, to "
        "hold it longer.",
        answer=ReviewedCaseAnswer,
        errors=(*_NOT_CHANGEABLE, SameReviewerError),
        entitlement=Entitlement.REVIEWER,
    ),
    "releaseCase": OperationContract(
        "Gives the case back to the queue before the time is over.",
        answer=ReviewedCaseAnswer,
        errors=_NOT_CHANGEABLE,
        entitlement=Entitlement.REVIEWER,
    ),
    "requestInformation": OperationContract(
        "Asks both providers for documents, by code, or for an answer in words. The payer's clock "
        "stands still until they answer or `due_at`, which is theirs now, has passed.",
        body=RequestInformationBody,
        answer=ReviewedCaseAnswer,
        errors=(InvalidInputError, *_NOT_CHANGEABLE),
        entitlement=Entitlement.REVIEWER,
    ),
    "extendDeadline": OperationContract(
        "Moves the deadline, once, by what the line of business allows; urgent cases have no "
        "extension. Both providers read the reason.",
        body=ExtendBody,
        answer=ReviewedCaseAnswer,
        errors=(InvalidInputError, *_NOT_CHANGEABLE),
        entitlement=Entitlement.REVIEWER,
    ),
    "offerPeerToPeer": OperationContract(
        "Offers the requesting clinician a talk before the decision; both providers read the phone "
        "number and until when. The deadline stays.",
        answer=ReviewedCaseAnswer,
        errors=(*_NOT_CHANGEABLE, SameReviewerError),
        entitlement=Entitlement.REVIEWER,
    ),
    "downloadCaseDocument": OperationContract(
        "A link to fetch an attached document of a case by.",
        answer=DocumentLink,
        errors=(NotFoundError, DocumentNotAvailableError),
        entitlement=Entitlement.REVIEWER,
    ),
    "downloadCaseNotice": OperationContract(
        "A link to fetch a letter of a case by.",
        answer=DocumentLink,
        errors=(NotFoundError,),
        entitlement=Entitlement.REVIEWER,
    ),
    "decide": OperationContract(
        "Records one decision for every line of the open round; a round is decided once, and the same "
        "decisions sent again are answered as before. `cycle` is that of the case as it was read. An "
        "approval of something else than was asked for becomes MODIFIED. Where the payer asks for a "
        "second signature, the answer is 202 and the decisions wait for it.",
        body=DecideBody,
        answer=ReviewedCaseAnswer,
        other_status=HTTPStatus.ACCEPTED,
        errors=(InvalidInputError, *_NOT_CHANGEABLE, SameReviewerError),
        entitlement=Entitlement.REVIEWER,
    ),
    "signDecisions": OperationContract(
        "Signs the decisions that a colleague proposed, which makes them the determination, or gives "
        "them back. Who proposed them cannot sign them.",
        body=SignBody,
        answer=ReviewedCaseAnswer,
        errors=(InvalidInputError, *_NOT_CHANGEABLE, SameReviewerError),
        entitlement=Entitlement.REVIEWER,
    ),
    "listOverdue": OperationContract(
        "Open rounds of all plans whose deadline has passed, the longest overdue first.",
        query=PageQuery,
        answer=WorklistAnswer,
        errors=(InvalidInputError,),
        entitlement=Entitlement.OPERATOR,
    ),
    "changeDates": OperationContract(
        "Moves the approved periods of a determined request, at a provider's call. The earlier ones "
        "stay in the history.",
        body=ChangeDatesBody,
        answer=ChangedRequest,
        errors=(InvalidInputError, *_NOT_CHANGEABLE),
        entitlement=Entitlement.OPERATOR,
    ),
    "listUnmatchedProviders": OperationContract(
        "Providers of requests of all plans that did not match the directory and have a temporary "
        "id, first submitted first: one row for each side, with what was submitted and why it did "
        "not match.",
        query=PageQuery,
        answer=UnmatchedProvidersAnswer,
        errors=(InvalidInputError,),
        entitlement=Entitlement.OPERATOR,
    ),
    "reconcileProvider": OperationContract(
        "Puts a directory entry, which is one address under one TIN, in the place of a provider "
        "with a temporary id. From then on the entry's TIN sees the request; one that is of neither "
        "side any more does not. Possible in every status; what was submitted stays on record. The "
        "same choice sent again changes nothing, another replaces it.",
        body=ReconcileProviderBody,
        answer=ChangedRequest,
        errors=(InvalidInputError, NotFoundError),
        entitlement=Entitlement.OPERATOR,
    ),
}
"""By operation id of the route table."""
