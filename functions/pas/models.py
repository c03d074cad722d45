"""How errors of the content become X12 reject reasons in a ClaimResponse."""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final

from precert.api.problems import MAX_LISTED
from precert.domain.documents import Document
from precert.domain.errors import (
    ActionNotAllowedError,
    CheckNotAvailableError,
    DuplicateRequestError,
    FieldError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    PatientNotEligibleError,
    PatientNotFoundError,
    PrecertError,
)
from precert.domain.payer import Payer
from precert.domain.questionnaires import Questionnaires
from precert.domain.review import FIRST_CYCLE
from precert.domain.wording import counted
from precert.fhir.answers import SentAttachment, answered_sections, responses_of
from precert.fhir.attachments import SentFile, withdrawn_places
from precert.fhir.bundles import Bundle, Issue, UnprocessableBundleError, stored_bundle
from precert.fhir.claim_items import item_sequences
from precert.fhir.claims import ReadClaim
from precert.fhir.elements import Json
from precert.fhir.response_bundles import ClaimError
from precert.usecases.ports.requests import RequestFile
from precert.usecases.received_documents import ReceivedFile

CORRECT: Final = "C"
"""X12 889: correct and resubmit."""
NO_RESUBMISSION: Final = "N"

REASON_OF_FIELD: Final = {
    "member_id": "72",
    "date_of_birth": "58",
    "last_name": "65",
    "first_name": "65",
    "npi": "43",
    "tin": "43",
    "name": "44",
    "phone": "46",
    "state": "47",
    "code": "AG",
    "code_type": "AG",
    "modifiers": "AG",
    "procedures": "AG",
    "primary_diagnosis": "AF",
    "additional_diagnoses": "AF",
    "admission_date": "57",
    "service_date": "57",
    "start_date": "57",
    "requested_days": "57",
}
"""X12 901 by the name of the field that is missing or wrong."""
MISSING: Final = "15"
INVALID: Final = "33"
OUTSIDE_WINDOW: Final = "62"
NOT_AUTHORIZED: Final = "41"
UNKNOWN_NUMBER: Final = "AA"
"""The authorization that the claim refers to is not found, or the caller may not see it."""
REASON_OF_ERROR: Final[dict[type[PrecertError], tuple[str, str]]] = {
    PatientNotFoundError: ("67", CORRECT),
    PatientNotEligibleError: ("95", NO_RESUBMISSION),
    CheckNotAvailableError: ("78", NO_RESUBMISSION),
    DuplicateRequestError: (INVALID, NO_RESUBMISSION),
    KeyReusedError: (INVALID, CORRECT),
    ActionNotAllowedError: (INVALID, NO_RESUBMISSION),
    NotFoundError: (UNKNOWN_NUMBER, CORRECT),
}
"""X12 901 and 889 by the error for which a claim is refused as a whole."""
REFUSALS: Final[tuple[type[PrecertError], ...]] = (InvalidInputError, *REASON_OF_ERROR)
"""Errors that a ClaimResponse explains; others are an OperationOutcome."""
_INDEX: Final = re.compile(r"/[0-9]+$")


def line_numbers(file: RequestFile, *, sent: Bundle | None = None) -> tuple[int, ...]:
    """The number of each service line: that of its item in the claim, else its position from 1.

    ``sent`` is the bundle of the call, which is mostly the stored one.
    """
    lines = file.request.submitted.lines
    first = [line for line in lines if line.added_in == FIRST_CYCLE]
    sequences: tuple[int, ...] = tuple(range(1, len(first) + 1))
    if file.original is not None:
        found = item_sequences(stored_bundle(file.original, sent=sent))
        sequences = found if len(found) == len(first) else sequences
    numbers = dict(zip((line.line_id for line in first), sequences, strict=True))
    return tuple(
        line.sequence or numbers.get(line.line_id, 0) or at for at, line in enumerate(lines, 1)
    )


def received_files(files: Sequence[SentFile], *, payer: Payer) -> list[ReceivedFile]:
    """The files whose content was sent, as documents of the payer's types."""
    return [
        ReceivedFile(
            place=one.place,
            title=one.title,
            content_type=one.content_type,
            body=one.body,
            document_type=next(
                (kind for code in one.codes if (kind := payer.document_of_attachment(code))), None
            ),
        )
        for one in files
        if one.address is None
    ]


def answered_files(bundle: Bundle, *, questionnaires: Questionnaires) -> list[ReceivedFile]:
    """The answers of the bundle's questionnaires as documents, with the files among them."""
    return files_of_responses(responses_of(bundle), questionnaires=questionnaires)


def files_of_responses(
    responses: Sequence[tuple[str, Json]], *, questionnaires: Questionnaires
) -> list[ReceivedFile]:
    """The answers of questionnaires, each with its place, as documents, with the files among them."""
    files: list[ReceivedFile] = []
    for place, response in responses:
        for one in answered_sections(response, place, questionnaires):
            sent = [SentAttachment(one.title, "text/plain", one.body), *one.attachments]
            files += (
                ReceivedFile(
                    one.place,
                    file.title,
                    file.content_type,
                    file.body,
                    one.document,
                    of_questionnaire=True,
                )
                for file in sent
                # Several sections can have the same file.
                if file.body is None or not any(file.body == each.body for each in files)
            )
    return files


def sent_answers(
    responses: Sequence[tuple[str, Json]], *, questionnaires: Questionnaires
) -> list[ReceivedFile]:
    """The answers of responses that were sent alone, as documents.

    Raises:
        UnprocessableBundleError: responses without an answer about documentation.
    """
    message = "There must be answers to the questions about the required documentation."
    issues = [
        Issue("required", f"{one[0]}.item", message)
        for one in responses
        if not files_of_responses([one], questionnaires=questionnaires)
    ]
    if issues:
        raise UnprocessableBundleError(issues)
    return files_of_responses(responses, questionnaires=questionnaires)


def withheld_remarks(bundle: Bundle, files: Sequence[SentFile]) -> list[str]:
    """Why files of a bundle are no documents: their author withdrew them, or sent an address only."""
    remarks = [
        f"{place}: not attached, as it is marked as entered in error."
        for place in withdrawn_places(bundle)
    ]
    return remarks + [
        f"{one.place}: not attached. Send the content as data; documents are not retrieved."
        for one in files
        if one.address is not None
    ]


def not_recorded(
    files: Sequence[ReceivedFile | SentFile], documents: Sequence[Document]
) -> list[str]:
    """The places of files that are no documents of the request."""
    known = {one.digest for one in documents}
    return list(
        dict.fromkeys(
            one.place
            for one in files
            if one.body is None or sha256(one.body).hexdigest() not in known
        )
    )


def claim_errors(error: PrecertError, claim: ReadClaim) -> list[ClaimError]:
    """What is wrong with a claim, each with its place in the bundle."""
    if isinstance(error, InvalidInputError):
        # Fields that are one element of a claim can have the same error.
        listed = list(dict.fromkeys(field_claim_errors(error.errors[:MAX_LISTED], claim)))
        if more := len(error.errors[MAX_LISTED:]):
            listed.append(
                ClaimError(INVALID, "Claim", f"Claim: {counted(more, 'further errors')}.")
            )
        return listed
    code, follow_up = REASON_OF_ERROR[type(error)]
    place = "Claim.patient" if "Patient" in type(error).__name__ else "Claim"
    if isinstance(error, NotFoundError):
        place = "Claim.related"
    known = error.extensions.get("existing")
    number = known.get("number") if isinstance(known, dict) else None
    message = f"{error.detail} Precertification {number}." if number else error.detail
    return [ClaimError(code, place, message, follow_up)]


def field_claim_errors(errors: Sequence[FieldError], claim: ReadClaim) -> Iterator[ClaimError]:
    """One error for each wrong value of the content."""
    for one in errors:
        place = claim.place(one.pointer)
        expected = claim.expected.get(one.pointer) if one.code == "missing" else None
        yield ClaimError(_reason(one), place, f"{place}: {expected or one.message}.")


def _reason(error: FieldError) -> str:
    if error.code == "not_yours":
        return NOT_AUTHORIZED
    if error.code == "claim_unknown":
        return UNKNOWN_NUMBER
    if error.code == "outside_window":
        return OUTSIDE_WINDOW
    field = _INDEX.sub("", error.pointer).rpartition("/")[2]
    return REASON_OF_FIELD.get(field, MISSING if error.code == "missing" else INVALID)
