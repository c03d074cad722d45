"""What the payer adds to a request: how it was assessed, what was decided, asked and promised.

Records only; what can happen to them stands in :mod:`precert.domain.request` (rounds) and
:mod:`precert.domain.reviewing` (a reviewer's moves within a round).
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from precert.domain.matching import ProviderRole, TemporaryProvider
from precert.domain.rules import DelegatedVendor, Requirement
from precert.domain.statuses import NOT_REQUIRED_ACTION, AppealStatus, LineStatus
from precert.domain.values import CodeType, Diagnosis, Text, Tin, UnitType, Value

FIRST_CYCLE = 1
SYSTEM: Final = "precert"
"""Who decided or asked where no person did: the payer's own rules, applied by the product."""

CERTIFICATION_NOT_REQUIRED: Final = "0H"
"""X12 886: the reason of an approval where the rules ask for no precertification."""

Reason = Annotated[str, Field(min_length=1, max_length=500)]
Words = Annotated[str, Field(min_length=1, max_length=2000)]


class Channel(StrEnum):
    """How a request came in (S5)."""

    PORTAL = "PORTAL"
    PHONE = "PHONE"
    FAX = "FAX"
    MAIL = "MAIL"
    EDI = "EDI"
    VENDOR = "VENDOR"
    """Decided by a delegated vendor, who reports it (W8)."""


class AssertionStatus(StrEnum):
    """Whether the id of a check's answer that a request quotes is that of the request."""

    NONE = "NONE"
    """No id is quoted."""
    PROVEN = "PROVEN"
    """The same question was answered then, by a list that was published."""
    CHANGED = "CHANGED"
    """The question differs from the one answered, or no such id was issued."""


class Approved(Value):
    """What is approved of a line: code, units and period (W3). The last day is included."""

    code: Text | None = None
    units: Annotated[int, Field(ge=1, le=9999)] | None = None
    unit_type: UnitType | None = None
    from_date: date
    to_date: date


class Decision(Value):
    """What was decided for one line, and why (W4).

    ``reason_code`` is X12 886; ``criterion`` names the clinical criterion or plan provision. Both and
    the rationale are required for a denial. ``approved`` is there unless the line is denied.
    ``diagnosis`` is the adjudicated one, where it differs from the submitted one (W9).
    """

    status: LineStatus
    cycle: Annotated[int, Field(ge=1)]
    decided_at: datetime
    decided_by: Text
    signed_by: Text | None = None
    """The second signature, where the payer asks for one."""
    reason_code: Text | None = None
    rationale: Words | None = None
    criterion: Reason | None = None
    approved: Approved | None = None
    diagnosis: Diagnosis | None = None
    date_change_reason: Reason | None = None
    """Of a decision that only moves the approved period: the operator's reason (W5)."""


class ServiceLine(Value):
    """One code of one service. ``line_id`` is ``<service>.<line>``, counted from 1.

    A stay without a procedure is a line without a code.
    """

    line_id: Text
    code: Text | None
    code_type: CodeType | None
    decisions: tuple[Decision, ...] = ()

    @property
    def status(self) -> LineStatus:
        return self.decisions[-1].status if self.decisions else LineStatus.OPEN

    @property
    def review_action(self) -> str:
        """X12 306 (HCR01): NA where no certification was required, else the status's."""
        last = self.decisions[-1] if self.decisions else None
        if last is not None and last.reason_code == CERTIFICATION_NOT_REQUIRED:
            return NOT_REQUIRED_ACTION
        return self.status.rule.review_action

    @property
    def diagnosis(self) -> str | None:
        """The adjudicated one, as last given; without one it is the submitted (W9)."""
        given = (one.diagnosis for one in reversed(self.decisions) if one.diagnosis is not None)
        return next(given, None)


class Appeal(Value):
    """A round that reconsiders adverse lines (W7). ``level`` counts from 1."""

    cycle: Annotated[int, Field(ge=2)]
    level: Annotated[int, Field(ge=1)] = 1
    status: AppealStatus
    line_ids: tuple[Text, ...]
    expedited: bool
    reason: Annotated[str, Field(min_length=1, max_length=4000)]
    filed_at: datetime
    warn_at: datetime | None = None
    due_at: datetime | None = None


class LineAssessment(Value):
    """What the rule list says of one line, and which of its rules."""

    line_id: Text
    requirement: Requirement
    rule_id: Text | None = None
    vendor_id: Text | None = None
    label: Text | None = None
    """The payer's words for the code, of that rule."""
    automatic: bool = False
    """Whether the rule's own limits allow an approval without a reviewer (W1)."""


class PotentialDuplicate(Value):
    """Another request that this one may repeat (S2): for the reviewer, who sees both."""

    request_id: Text
    number: Text
    reason_codes: Text
    """A stable code: ``near_dates``, ``same_family``, ``provider_by_another_id``."""


class Assessment(Value):
    """How a request was judged when it came in (W1)."""

    rule_list: Text
    """Version of the rule list."""
    assessed_at: datetime
    lines: tuple[LineAssessment, ...]
    required_documentation: tuple[Text, ...] = ()
    """Codes of documents that the deciding rules want and that were not there."""
    assertion: AssertionStatus = AssertionStatus.NONE
    potential_duplicates: tuple[PotentialDuplicate, ...] = ()
    delegate: DelegatedVendor | None = None
    """The vendor who decides it, as published with that list (W8)."""
    late_notification: bool = False
    """An emergency admission reported after more than one business day (C10)."""


class InformationRequest(Value):
    """Information asked of the providers; the payer's clock stands still meanwhile (W2).

    It is open until they bring something or their own time, ``answer_by``, is over.
    """

    requested_at: datetime
    requested_by: Text
    answer_by: datetime
    documents: tuple[Text, ...] = ()
    """Codes of the payer's ``required_documentation``."""
    text: Words | None = None
    closed_at: datetime | None = None
    answered: bool = False
    answer: Words | None = None


class Extension(Value):
    """More time for the payer, once, with a reason (W2)."""

    extended_at: datetime
    days: Annotated[int, Field(ge=1)]
    reason: Reason


class PeerToPeer(Value):
    """A talk between the requesting clinician and the payer's, offered before a decision."""

    offered_at: datetime
    respond_by: datetime
    phone: Text


class Assignment(Value):
    """Who works on the open round, and until when nobody else may decide it."""

    assigned_to: Text
    until: datetime


class Proposal(Value):
    """Decisions that wait for a second signature."""

    proposed_by: Text
    proposed_at: datetime
    decisions: dict[str, Decision]


class Review(Value):
    """What the payer adds to a submitted request."""

    number: Text
    submitted_at: datetime
    submitted_version: int
    """Version the submission was based on: a repeated submission is told by it (S1)."""
    lines: tuple[ServiceLine, ...]
    channel: Channel = Channel.PORTAL
    reference: Text | None = None
    """What another channel calls it: a vendor's case, a fax's or interchange's number."""
    cycle: Annotated[int, Field(ge=1)] = FIRST_CYCLE
    assessment: Assessment | None = None
    vendor_id: Text | None = None
    """The vendor who decides it (W8)."""
    reported_at: datetime | None = None
    """Of a vendor's case: the instant of the last report that was taken; older ones are passed by."""
    warn_at: datetime | None = None
    due_at: datetime | None = None
    determined_at: datetime | None = None
    escalated_cycle: int = 0
    warned_cycle: int = 0
    information_requests: tuple[InformationRequest, ...] = ()
    extension: Extension | None = None
    peer_to_peer: PeerToPeer | None = None
    assignment: Assignment | None = None
    proposal: Proposal | None = None
    appeals: tuple[Appeal, ...] = ()
    void_reason: Reason | None = None
    duplicate_of: Text | None = None
    """Number of the request that this one repeats (S2)."""
    duplicate_seen_by: frozenset[Tin] = frozenset()
    """TINs that see that one; its number is told where both sides of this one do (A2)."""
    temporary_providers: Mapping[ProviderRole, TemporaryProvider] = {}
    """Sides whose provider did not match the directory, reconciled or not (S3)."""
    submitter_tins: tuple[Tin, ...] = ()
    """TINs of the submitter among the request's: one of them goes on seeing it."""

    @property
    def open_appeal(self) -> Appeal | None:
        last = self.appeals[-1] if self.appeals else None
        return last if last and last.status is not AppealStatus.DETERMINED else None

    @property
    def open_information_request(self) -> InformationRequest | None:
        last = self.information_requests[-1] if self.information_requests else None
        return last if last and last.closed_at is None else None

    @property
    def answered_at(self) -> datetime:
        """Since when the last determination stands; without one, since the submission."""
        return self.determined_at or self.submitted_at

    def line(self, line_id: str) -> ServiceLine | None:
        return next((line for line in self.lines if line.line_id == line_id), None)
