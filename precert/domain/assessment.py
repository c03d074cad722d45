"""Records of how the rule list assessed a request at submission (W1, S2).

The assessment itself is in :mod:`precert.domain.assessing`.
"""

from enum import StrEnum

from precert.domain.dates import Moment
from precert.domain.rules import Requirement
from precert.domain.values import Text, Tin, Value


class AssertionStatus(StrEnum):
    """Whether the assertion id that a request quotes matches its content."""

    NONE = "NONE"
    """No assertion id was quoted."""
    PROVEN = "PROVEN"
    """The id was issued for this content and a published version of the rule list."""
    CHANGED = "CHANGED"
    """The content differs, or no such id was issued."""


class LineAssessment(Value):
    """The requirement of one service line, and the rule that determined it."""

    line_id: Text
    requirement: Requirement
    rule_id: Text | None = None
    vendor_id: Text | None = None
    label: Text | None = None
    """The payer's text for the code, from that rule."""
    required_documentation: tuple[Text, ...] = ()
    """Codes of the documents that the rule requires, attached or not."""
    automatic: bool = False
    """Whether the line needs no reviewer, by its requirement or the limits of its rule (W1)."""


class DuplicateReason(StrEnum):
    """How a potential duplicate matches the request. Codes never change."""

    NEAR_DATES = "near_dates"
    OTHER_UNITS = "other_units"
    OTHER_MODIFIERS = "other_modifiers"
    OTHER_DETAILS = "other_details"
    SHARED_CODES = "shared_codes"
    SAME_FAMILY = "same_family"
    OTHER_IDENTIFIER = "provider_by_another_id"
    OTHER_PROVIDER = "other_provider"
    DECIDED_BEFORE = "decided_before"
    UNREADABLE = "unreadable"
    """The record of the other request cannot be read, so that the two cannot be compared."""


class PotentialDuplicate(Value):
    """A request that this one may repeat (S2): a reviewer compares both, and no rule ends either."""

    request_id: Text
    number: Text | None = None
    """The precertification number. Absent if neither the request nor its fingerprint can be read."""
    reason_code: DuplicateReason
    plan_id: Text | None = None
    """The plan, whose reviewers can read that request. Absent if the record cannot be read."""
    seen_by: frozenset[Tin] = frozenset()
    """TINs that could read that request at the assessment (A2)."""


class Assessment(Value):
    """How the rule list assessed a request at submission (W1)."""

    rule_list: Text
    """Version of the rule list."""
    assessed_at: Moment
    lines: tuple[LineAssessment, ...]
    required_documentation: tuple[Text, ...] = ()
    """Codes of the required documentation that was missing at the assessment."""
    assertion: AssertionStatus = AssertionStatus.NONE
    potential_duplicates: tuple[PotentialDuplicate, ...] = ()
    late_notification: bool = False
    """Whether an emergency admission was reported after the payer's time limit (C10)."""

    @property
    def similar(self) -> tuple[PotentialDuplicate, ...]:
        """The potential duplicates without those that could not be compared.

        Records that could not be compared may be unrelated: only the payer's reviewers see them.
        """
        return tuple(
            one
            for one in self.potential_duplicates
            if one.reason_code is not DuplicateReason.UNREADABLE
        )
