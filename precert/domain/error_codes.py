"""The codes of the errors of single fields, and what each means.

A code never changes once published. They are listed in the OpenAPI document and in docs/api.md; a test
compares them with the source.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ERROR_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ambiguous": "The code fits several code sets or drugs: choose one of `choices`.",
        "before_its_beginning": "A period ends before it begins.",
        "behavioral": "A behavioral health code, which is not requested here.",
        "contradicts": "Two entries contradict each other.",
        "duplicate": "The same item is listed twice.",
        "duplicate_code": "The same code is listed twice, with the same modifiers and dates.",
        "in_future": "The instant is in the future.",
        "line_missing": "A service line has no decision.",
        "line_unknown": "The request, or its open cycle, has no such service line.",
        "made_worse": "An appeal cannot reduce what was approved.",
        "malformed": "The value does not have the form of the field.",
        "missing": "A required value is missing.",
        "more_than_requested": "More is approved than requested.",
        "no_rule_list": "No rule list was in effect at that instant.",
        "not_a_choice": "The value is none of `choices`.",
        "not_appealable": "The service line is not denied or modified.",
        "not_approved": "The service line is not approved.",
        "not_asked": "The value does not belong here.",
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
        "other_patient": "The draft is of another patient.",
        "out_of_bounds": "The date or instant is not plausible for the field.",
        "out_of_order": "The last day is before the first.",
        "out_of_range": "The value is too small or too large.",
        "outside_window": "The date is outside the dates that can be requested.",
        "placeholder": "Words in square brackets, as in a template, are not replaced.",
        "reference_used": "The reference names another case.",
        "documents_unseen": "A document arrived that no reviewer has seen: read it before you refuse.",
        "response_pending": "The provider can still respond to a request for information.",
        "same_as_requested": "What is approved equals what was requested.",
        "submitters_tin": "The submitting provider would lose access.",
        "too_early": "The instant is too far in the past.",
        "too_long": "The text has too many characters, or the list too many items.",
        "too_long_ago": "The instant is too far in the past.",
        "too_many_codes": "The request has too many procedure codes.",
        "too_short": "The text has too few characters, or the list too few items.",
        "unknown": "No such item exists.",
        "unknown_code": "The code set has no such code.",
        "unknown_field": "There is no such field or parameter.",
        "used": "The service line was appealed or reconsidered at this level already.",
        "vendor_decides": "A delegated vendor decides the service line.",
        "vendor_not_confirmed": "The provider has not confirmed the delegated vendor.",
        "wrong_type": "The value has another type, such as text where a number belongs.",
    }
)
