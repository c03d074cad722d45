"""The errors of the product, as one tree with stable codes.

::

    PrecertError
    ├── InvalidInputError            the input is invalid or incomplete; every error is listed
    │   └── MalformedHeaderError     a header is malformed
    ├── NotEntitledError             the caller lacks an entitlement (A1)
    ├── NotFoundError                the resource does not exist, or the caller may not read it (A2)
    ├── PatientNotFoundError         no member matches all search fields (P1)
    ├── PatientNotEligibleError      coverage is not active (A6)
    ├── CheckNotAvailableError       the plan's management level is not supported (A4)
    ├── NothingToExportError         the vendor decides none of these services (C8)
    ├── NoConfirmationError          a code of the check is not NOT_REQUIRED (C7)
    ├── PrecertificationNotRequiredError   no code of the check requires precertification (D1)
    ├── VendorDecidesError           delegated vendors decide all codes that require it (C8)
    ├── GuidanceOnlyError            the codes cannot be requested: there is only guidance (A5)
    ├── DraftExpiredError            the draft has expired (D5)
    ├── VersionMismatchError         the resource has changed since the caller read it (D7)
    ├── VersionMissingError          a change without If-Match (D7)
    ├── ActionNotAllowedError        the status does not allow the action; lists those allowed (T1)
    ├── KeyReusedError               the Idempotency-Key was used for another request
    ├── DuplicateRequestError        the same services are already requested (S2)
    ├── DocumentLimitError           no upload slot is left (U3)
    ├── FlagLimitError               the flag limit is reached (T3)
    ├── DocumentNotAvailableError    the document is not attached (U5)
    ├── SameReviewerError            the appeal needs another reviewer (W7)
    ├── OwnRequestError              the reviewer acts for the providers of the request (W10)
    ├── DamagedRecordError           a stored record cannot be read
    ├── TooManyRequestsError         the caller has sent too many requests in this minute
    └── TransientError               a transient technical error: retry

A denial is not an error: it is a decision (X12 HCR), not a rejection (X12 AAA).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar, Final


@dataclass(frozen=True)
class FieldError:
    """One error of the input.

    ``pointer`` is the JSON pointer (RFC 6901) of the invalid or missing value. ``code`` is a key of
    :data:`ERROR_CODES`. ``choices`` are the valid values, where they are few.
    """

    pointer: str
    code: str
    message: str
    choices: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    """Pointers of other values whose change can correct the error; not in responses."""

    def under(self, prefix: str) -> "FieldError":
        """The same error with its pointers below ``prefix``."""
        depends_on = tuple(prefix + pointer for pointer in self.depends_on)
        return replace(self, pointer=prefix + self.pointer, depends_on=depends_on)


class PrecertError(Exception):
    """The root of the tree. ``code`` never changes; ``detail`` states what to do.

    ``extensions`` are further members of the problem (RFC 9457).
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "The request was refused"

    def __init__(self, detail: str, **extensions: object) -> None:
        super().__init__(self.code)
        self.detail = detail
        self.extensions = extensions


class InvalidInputError(PrecertError):
    code = "invalid_input"
    title = "Input is missing or invalid"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("Correct the listed errors and send the request again.")
        self.errors = tuple(errors)


class MalformedHeaderError(InvalidInputError):
    """A header is malformed. The pointer of the error is the header's name, as in ``/If-Match``."""

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
    title = "No patient matches the search"


class PatientNotEligibleError(PrecertError):
    code = "patient_not_eligible"
    title = "The patient's coverage is not active"


class CheckNotAvailableError(PrecertError):
    code = "check_not_available"
    title = "No check can be started for this patient"


class NoConfirmationError(PrecertError):
    code = "confirmation_not_available"
    title = "No confirmation is available for this check"


class NothingToExportError(PrecertError):
    code = "nothing_to_export"
    title = "The delegated vendor decides none of these services"


class PrecertificationNotRequiredError(PrecertError):
    code = "precertification_not_required"
    title = "Precertification is not required"


class VendorDecidesError(PrecertError):
    code = "vendor_decides"
    title = "A delegated vendor decides these services"


class GuidanceOnlyError(PrecertError):
    code = "guidance_only"
    title = "These services cannot be requested online"


class DraftExpiredError(PrecertError):
    code = "draft_expired"
    title = "The draft has expired"


class VersionMismatchError(PrecertError):
    code = "version_mismatch"
    title = "The resource has changed since it was read"


class VersionMissingError(PrecertError):
    code = "version_missing"
    title = "The version is missing"


class ActionNotAllowedError(PrecertError):
    code = "action_not_allowed"
    title = "The status does not allow this"


class KeyReusedError(PrecertError):
    code = "idempotency_key_reused"
    title = "The Idempotency-Key was used for another request"


class DuplicateRequestError(PrecertError):
    code = "duplicate_request"
    title = "The same services are already requested"


class DocumentLimitError(PrecertError):
    code = "document_limit"
    title = "No more documents can be added"


class FlagLimitError(PrecertError):
    code = "flag_limit"
    title = "The flag limit is reached"


class DocumentNotAvailableError(PrecertError):
    code = "document_not_available"
    title = "The document cannot be downloaded"


class SameReviewerError(PrecertError):
    code = "same_reviewer"
    title = "Another reviewer must decide the appeal"


class OwnRequestError(PrecertError):
    code = "own_request"
    title = "Another reviewer must review this request"


class DamagedRecordError(PrecertError):
    code = "record_damaged"
    title = "A stored record cannot be read"


class TooManyRequestsError(PrecertError):
    code = "too_many_requests"
    title = "Too many requests in this minute"
    retry_after = 60
    """The seconds after which the caller may repeat the request."""


class TransientError(PrecertError):
    code = "try_again"
    title = "A technical error"


ERROR_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ambiguous": "The code can be of several code sets or drugs: choose one of `choices`.",
        "approved_elsewhere": "Another request of the member approves the same service.",
        "before_its_beginning": "A period ends before it begins.",
        "behavioral": "Behavioral health services cannot be requested here.",
        "claim_unknown": "The earlier claim that an update names is not known.",
        "contradicts": "Two entries contradict each other.",
        "duplicate": "The same item is listed twice.",
        "duplicate_code": "The same code is listed twice, with the same modifiers and dates.",
        "in_future": "The instant is in the future.",
        "line_missing": "A service line has no decision.",
        "line_unknown": "The request, or its open cycle, has no such service line.",
        "made_worse": "An appeal cannot reduce what was approved.",
        "malformed": "The value does not have the format of the field.",
        "missing": "A required value is missing.",
        "more_than_requested": "More is approved than requested.",
        "no_rule_list": "No rule list was in effect at that instant.",
        "not_a_choice": "The value is not one of `choices`.",
        "not_appealable": "The service line is not denied or modified.",
        "not_applicable": "The value does not apply here.",
        "not_approved": "The service line is not approved.",
        "not_covered": "The member is not covered on the date of service.",
        "not_delegated": "The rule list in effect does not delegate the service to the vendor.",
        "not_expected": "A service of this kind has no such field.",
        "not_independent": "The reviewer may not decide the case.",
        "not_listed": "The directory has no such entry.",
        "not_offered": "The choice is not offered here.",
        "not_taken": "Files of this type are not accepted.",
        "not_temporary": "The provider matches the directory.",
        "not_valid_on_day": "The code is not in effect on the date of service.",
        "not_yours": "The caller is not registered for the value, or must name one of `choices`.",
        "nothing_decided": "No service line is decided.",
        "nothing_overturned": "No decision is overturned.",
        "other_length": "The period has another length.",
        "other_patient": "The draft is for another patient.",
        "other_provider": "An update of a claim cannot change the provider.",
        "out_of_bounds": "The date or instant is not plausible for the field.",
        "out_of_order": "The last day is before the first.",
        "out_of_range": "The value is too small or too large.",
        "outside_window": "The date is outside the dates that can be requested.",
        "placeholder": "Words in square brackets from a template are not replaced.",
        "reference_used": "The reference names another case.",
        "documents_unseen": "A document was received that no reviewer has read: read it first.",
        "response_pending": "The provider can still respond to a request for information.",
        "same_as_requested": "What is approved equals what was requested.",
        "submitters_tin": "The submitting provider would lose access.",
        "too_early": "The instant is too far in the past, or before the request was received.",
        "too_long": "The text has too many characters, or the list too many items.",
        "too_long_ago": "The instant is too far in the past.",
        "too_many_codes": "The request has too many procedure codes.",
        "too_short": "The text has too few characters, or the list too few items.",
        "unknown": "The item does not exist.",
        "unknown_code": "The code set has no such code.",
        "unknown_field": "The field or parameter does not exist.",
        "used": "The service line was appealed or reconsidered at this level already.",
        "vendor_decides": "A delegated vendor decides the service line.",
        "vendor_not_confirmed": "The provider has not confirmed the delegated vendor.",
        "wrong_type": "The value has another type, such as text where a number belongs.",
    }
)
"""The codes of field errors with their meanings. A code never changes.

The OpenAPI document and docs/api.md list them; a test compares them with the source.
"""
