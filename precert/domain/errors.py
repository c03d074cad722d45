"""Everything that can be refused, as one tree with stable codes.

::

    PrecertError
    ├── InvalidInputError            the input is malformed or incomplete; every error is listed
    │   └── MalformedHeaderError     a header has not the form that it is asked for in
    ├── NotEntitledError             the caller lacks an entitlement (A1)
    ├── NotFoundError                there is no such thing, or the caller may not see it (A2)
    ├── PatientNotFoundError         no member fits all that was entered (P1)
    ├── PatientNotEligibleError      coverage is not active (A6)
    ├── CheckNotAvailableError       the plan's management level is not supported (A4)
    ├── NothingToExportError       the delegated vendor decides on nothing that was asked (C8)
    ├── NoConfirmationError          not everything in the check is "not required" (C7)
    ├── PrecertificationNotRequiredError   nothing in the check needs it: no draft comes of it (D1)
    ├── VendorDecidesError       a delegated vendor decides on all that needs it (C8)
    ├── GuidanceOnlyError            neither form nor vendor: the payer says what to do (A5)
    ├── DraftExpiredError            the 72 hours are over (D5)
    ├── VersionMismatchError         somebody else changed it first (D7)
    ├── VersionMissingError          a write came without the version it is based on (D7)
    ├── ActionNotAllowedError        the status does not allow it; says what is allowed (T1)
    ├── KeyReusedError               the Idempotency-Key was used for something else
    ├── DuplicateRequestError        the same is asked for already (S2)
    ├── DocumentLimitError           no upload slot is left (U3)
    ├── FlagLimitError               as many requests as may be are flagged (T3)
    ├── DocumentNotAvailableError    the document is not attached, or not yet (U5)
    ├── SameReviewerError            an appeal needs another reviewer than before (W7)
    └── TransientError               a technical error that may pass: try again

A denial of a request is none of these: it is a decision, not a refusal to consider
(X12: HCR against AAA).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with the input.

    ``pointer`` is a JSON pointer (RFC 6901) into what was sent, so that a form can jump to the field.
    ``choices`` are what could stand there instead, where that is a short list.
    """

    pointer: str
    code: str
    message: str
    choices: tuple[str, ...] = ()

    def under(self, prefix: str) -> "FieldError":
        """The same error, seen from further up in what was sent."""
        return replace(self, pointer=prefix + self.pointer)


class PrecertError(Exception):
    """Root of the tree. ``code`` never changes once published; ``detail`` says what to do."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "The request was refused"

    def __init__(self, detail: str, **extensions: object) -> None:
        super().__init__(self.code)
        self.detail = detail
        self.extensions = extensions


class InvalidInputError(PrecertError):
    code = "invalid_input"
    title = "Something is missing or wrong"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("Correct what is listed under `errors` and send it again.")
        self.errors = tuple(errors)


class MalformedHeaderError(InvalidInputError):
    """Its error points to the header by its name, as in ``/If-Match``."""

    code = "malformed_header"
    title = "A header is malformed"


class NotEntitledError(PrecertError):
    code = "not_entitled"
    title = "An entitlement is missing"


class NotFoundError(PrecertError):
    code = "not_found"
    title = "Not found"


class PatientNotFoundError(PrecertError):
    code = "patient_not_found"
    title = "No patient fits what was entered"


class PatientNotEligibleError(PrecertError):
    code = "patient_not_eligible"
    title = "The patient's coverage is not active"


class CheckNotAvailableError(PrecertError):
    code = "check_not_available"
    title = "No check can be started for this patient"


class NoConfirmationError(PrecertError):
    code = "confirmation_not_available"
    title = "There is no confirmation for this check"


class NothingToExportError(PrecertError):
    code = "nothing_to_export"
    title = "The delegated vendor decides on nothing here"


class PrecertificationNotRequiredError(PrecertError):
    code = "precertification_not_required"
    title = "Nothing here needs precertification"


class VendorDecidesError(PrecertError):
    code = "vendor_decides"
    title = "A delegated vendor decides on this"


class GuidanceOnlyError(PrecertError):
    code = "guidance_only"
    title = "This is not requested online"


class DraftExpiredError(PrecertError):
    code = "draft_expired"
    title = "The draft has expired"


class VersionMismatchError(PrecertError):
    code = "version_mismatch"
    title = "It was changed in the meantime"


class VersionMissingError(PrecertError):
    code = "version_missing"
    title = "The version is missing"


class ActionNotAllowedError(PrecertError):
    code = "action_not_allowed"
    title = "The status does not allow this"


class KeyReusedError(PrecertError):
    code = "idempotency_key_reused"
    title = "The Idempotency-Key was used before"


class DuplicateRequestError(PrecertError):
    code = "duplicate_request"
    title = "The same is asked for already"


class DocumentLimitError(PrecertError):
    code = "document_limit"
    title = "No more documents can be added"


class FlagLimitError(PrecertError):
    code = "flag_limit"
    title = "As many requests as may be are flagged"


class DocumentNotAvailableError(PrecertError):
    code = "document_not_available"
    title = "The document cannot be downloaded"


class SameReviewerError(PrecertError):
    code = "same_reviewer"
    title = "Another reviewer must decide the appeal"


class TransientError(PrecertError):
    code = "try_again"
    title = "A technical error"
