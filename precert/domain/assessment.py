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
    """The id was issued for this content by a published rule list."""
    CHANGED = "CHANGED"
    """The content differs, or no such id was issued."""


class LineAssessment(Value):
    """How the rule list answers one service line, and by which rule."""

    line_id: Text
    requirement: Requirement
    rule_id: Text | None = None
    vendor_id: Text | None = None
    label: Text | None = None
    """The payer's text for the code, from that rule."""
    required_documentation: tuple[Text, ...] = ()
    """Codes of the documents that the rule requires, attached or not."""
    automatic: bool = False
    """Whether the rule's own limits allow an approval without a reviewer (W1)."""


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
    """The other request cannot be read, so that the two cannot be compared."""


class PotentialDuplicate(Value):
    """A request that this one may repeat (S2). A reviewer sees both; neither ends by itself."""

    request_id: Text
    number: Text | None = None
    """Absent if neither that request nor its fingerprint can be read."""
    reason_code: DuplicateReason
    plan_id: Text | None = None
    """Its reviewers can read that request. Absent if the record cannot be read."""
    seen_by: frozenset[Tin] = frozenset()
    """TINs that could read that request at the assessment (A2)."""


class Assessment(Value):
    """How the rule list assessed a request at submission (W1)."""

    rule_list: Text
    """Version of the rule list."""
    assessed_at: Moment
    lines: tuple[LineAssessment, ...]
    required_documentation: tuple[Text, ...] = ()
    """Codes of required documentation that was missing."""
    assertion: AssertionStatus = AssertionStatus.NONE
    potential_duplicates: tuple[PotentialDuplicate, ...] = ()
    late_notification: bool = False
    """An emergency admission reported after more than one business day (C10)."""

    @property
    def similar(self) -> tuple[PotentialDuplicate, ...]:
        """The potential duplicates without requests that could not be compared.

        Those may be unrelated, so that only the payer's reviewers see that they exist.
        """
        return tuple(
            one
            for one in self.potential_duplicates
            if one.reason_code is not DuplicateReason.UNREADABLE
        )
