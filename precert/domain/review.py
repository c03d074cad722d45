"""What the payer adds to a request: assessment, decisions, requests for information, appeals.

Records only; transitions are in :mod:`precert.domain.request` and a reviewer's actions within a
determination cycle in :mod:`precert.domain.reviewing`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final, Self, assert_never

from pydantic import Field, model_validator

from precert.domain.dates import ApprovedDate, Moment
from precert.domain.decision_clocks import DecisionClock, ExtensionRequester
from precert.domain.delegation import DecidedBy, Delegation
from precert.domain.event_types import EventType
from precert.domain.matching import ProviderRole, TemporaryProvider
from precert.domain.rules import Requirement
from precert.domain.statuses import NOT_REQUIRED_ACTION, AppealStatus, EnteredStatus, LineStatus
from precert.domain.values import (
    FINISHED,
    PROSE,
    CodeType,
    Diagnosis,
    EnteredCode,
    Text,
    Tin,
    Units,
    UnitType,
    Value,
)

FIRST_CYCLE = 1
SYSTEM: Final = "precert"
"""Recorded as the actor where the payer's rules acted and no person did."""

CERTIFICATION_NOT_REQUIRED: Final = "0H"
"""X12 886: approval reason where the rules require no precertification."""

Reason = Annotated[str, Field(min_length=1, max_length=500), PROSE]
Words = Annotated[str, Field(min_length=1, max_length=2000), PROSE]


class Channel(StrEnum):
    """How a request was submitted (S5)."""

    PORTAL = "PORTAL"
    PHONE = "PHONE"
    FAX = "FAX"
    MAIL = "MAIL"
    EDI = "EDI"
    API = "API"
    """The Prior Authorization API (Da Vinci PAS)."""
    VENDOR = "VENDOR"
    """Decided and reported by a delegated vendor (W8)."""


CLERKS_CHANNELS: Final = frozenset({Channel.PHONE, Channel.FAX, Channel.MAIL, Channel.EDI})
"""Channels whose requests the payer's staff registers."""


class DecidingRole(StrEnum):
    """In which role a decision was made: rules approve, licensed persons also refuse (W10)."""

    RULES = "RULES"
    REVIEWER = "REVIEWER"
    PHYSICIAN = "PHYSICIAN"
    VENDOR = "VENDOR"
    """A delegated vendor, whose own reviewers are licensed."""

    @property
    def may_refuse(self) -> bool:
        """Whether a decision in this role may deny or reduce."""
        return self is not DecidingRole.RULES


class IntakeException(StrEnum):
    """What prevents a provider, but not the payer's staff, from entering a request (S5).

    An operator confirms each such request; no rule approves it before.
    """

    DATES_OUTSIDE_WINDOW = "DATES_OUTSIDE_WINDOW"
    """A date of service that providers cannot enter (C9)."""
    PLAN_NOT_SUPPORTED = "PLAN_NOT_SUPPORTED"
    """A management level without precertification in the portal (A4)."""
    COVERAGE_INACTIVE = "COVERAGE_INACTIVE"
    """The member was not covered on the day of receipt (A6)."""


class IntakeConfirmation(Value):
    """An operator's confirmation that a request with exceptions is to be processed."""

    confirmed_at: datetime
    confirmed_by: Text
    note: Annotated[str, Field(min_length=1, max_length=500)]


class AssertionStatus(StrEnum):
    """Whether the assertion id that a request quotes matches its content."""

    NONE = "NONE"
    """No assertion id was quoted."""
    PROVEN = "PROVEN"
    """The id was issued for this content by a published rule list."""
    CHANGED = "CHANGED"
    """The content differs, or no such id was issued."""


class Approval(Value):
    """What is approved of a service line (W3); what is left out is approved as requested.

    ``to_date`` is the last day of the period.
    """

    code: EnteredCode | None = None
    units: Units | None = None
    unit_type: UnitType | None = None
    from_date: ApprovedDate | None = None
    to_date: ApprovedDate | None = None


class Approved(Approval):
    """What is approved of a service line, complete. The last day is included."""

    from_date: date
    to_date: date


class DecisionEntry(Value):
    """The members of a decision that are entered, stored and returned without a change."""

    reason_code: Annotated[Text, Field(max_length=4)] | None = None
    """X12 886."""
    rationale: Annotated[str, Field(max_length=2000), PROSE] | None = None
    criterion: Annotated[str, Field(max_length=500), PROSE] | None = None
    """The clinical criterion or plan provision."""
    diagnosis: Diagnosis | None = None
    """The adjudicated one, where it differs from the submitted one (W9)."""


class LineDecision(DecisionEntry):
    """The decision of one service line, as a reviewer or a delegated vendor enters it (W4).

    A denial has a reason code (X12 886), a rationale and a criterion, and so has an approval of fewer
    units, a shorter period or another code than requested. An approval as requested has no reason
    code. More than requested is approved with the status MODIFIED, which states what changes.
    Words in [brackets] of a rationale's template are replaced.
    ``diagnosis`` is the adjudicated one, where it differs from the submitted one (W9).
    """

    line_id: Text
    status: EnteredStatus
    rationale: Annotated[str, Field(max_length=2000), PROSE, FINISHED] | None = None
    criterion: Annotated[str, Field(max_length=500), PROSE, FINISHED] | None = None
    approved: Approval | None = None


class Decision(DecisionEntry):
    """What was decided for one service line, why, and by whom (W4).

    ``approved`` is there unless the line is denied.
    """

    status: LineStatus
    cycle: Annotated[int, Field(ge=1)]
    decided_at: Moment
    decided_by: Text
    decided_as: DecidingRole = DecidingRole.REVIEWER
    signed_by: Text | None = None
    """The second signature, where the payer requires one."""
    proposed_by: Text | None = None
    """The reviewer who proposed what a physician confirmed."""
    dates_changed_by: Text | None = None
    """The operator who changed the approved period (W5)."""
    favorable: bool = False
    """Of a modified line: whether nothing requested was refused, so that it is not adverse."""
    approved: Approved | None = None
    date_change_reason: Reason | None = None
    """Why an operator changed the approved period (W5)."""

    @model_validator(mode="after")
    def _is_licensed(self) -> Self:
        if self.adverse and (not self.decided_as.may_refuse or self.decided_by == SYSTEM):
            raise ValueError("only a licensed person denies or reduces (W10)")
        return self

    @property
    def adverse(self) -> bool:
        """Whether it refuses something requested: it has reasons and can be appealed (W4, W7)."""
        return self.status.rule.adverse and not self.favorable

    @property
    def counts_as(self) -> LineStatus:
        """The status that decides on the whole request and its notice (W3)."""
        return LineStatus.APPROVED if self.favorable else self.status

    @property
    def outcome(self) -> str:
        """The decision in a determination notice."""
        return "Approved with changes" if self.favorable else self.status.rule.outcome

    @property
    def persons(self) -> frozenset[str]:
        """Who made it: they do not decide its appeal (W7)."""
        persons = {self.decided_by, self.signed_by, self.proposed_by}
        return frozenset(one for one in persons if one is not None and one != SYSTEM)


class ServiceLine(Value):
    """One code of one service. ``line_id`` is ``<service>.<line>``, counted from 1.

    A stay without a procedure is one service line without a code.
    """

    line_id: Text
    code: Text | None
    code_type: CodeType | None
    decisions: tuple[Decision, ...] = ()

    @property
    def status(self) -> LineStatus:
        return self.decisions[-1].status if self.decisions else LineStatus.OPEN

    def before(self, cycle: int) -> Decision | None:
        """The decision in effect before this determination cycle."""
        earlier = (one for one in reversed(self.decisions) if one.cycle < cycle)
        return next(earlier, None)

    @property
    def adverse(self) -> bool:
        """Whether the decision in effect refuses something requested."""
        return bool(self.decisions) and self.decisions[-1].adverse

    @property
    def counts_as(self) -> LineStatus:
        """The status that decides on the whole request (W3)."""
        return self.decisions[-1].counts_as if self.decisions else LineStatus.OPEN

    @property
    def approved(self) -> Approved | None:
        """What is approved at present."""
        return self.decisions[-1].approved if self.decisions else None

    @property
    def review_action(self) -> str:
        """X12 306 (HCR01): NA where no certification was required, else the status's."""
        last = self.decisions[-1] if self.decisions else None
        if last is not None and last.reason_code == CERTIFICATION_NOT_REQUIRED:
            return NOT_REQUIRED_ACTION
        return self.status.rule.review_action

    @property
    def diagnosis(self) -> str | None:
        """The last adjudicated diagnosis; ``None`` where the submitted one applies (W9)."""
        adjudicated = (
            one.diagnosis for one in reversed(self.decisions) if one.diagnosis is not None
        )
        return next(adjudicated, None)


@dataclass(frozen=True)
class DisputeRule:
    """What follows from the kind of a dispute."""

    label: str
    filed: EventType
    pended: EventType
    determined: EventType
    before_appeal: bool = True
    """Whether it comes before any appeal, and any reviewer may decide it."""


class DisputeKind(StrEnum):
    """How providers dispute adverse lines: only an appeal uses up a level (W7, W12)."""

    PEER_TO_PEER = "PEER_TO_PEER"
    RECONSIDERATION = "RECONSIDERATION"
    APPEAL = "APPEAL"

    @property
    def rule(self) -> DisputeRule:
        return DISPUTES[self]


DISPUTES: Final[Mapping[DisputeKind, DisputeRule]] = MappingProxyType(
    {
        DisputeKind.PEER_TO_PEER: DisputeRule(
            "Peer-to-peer discussion",
            EventType.PEER_TO_PEER_REQUESTED,
            EventType.PEER_TO_PEER_PENDED,
            EventType.PEER_TO_PEER_OVERTURNED,
        ),
        DisputeKind.RECONSIDERATION: DisputeRule(
            "Reconsideration",
            EventType.RECONSIDERATION_FILED,
            EventType.RECONSIDERATION_PENDED,
            EventType.RECONSIDERATION_DETERMINED,
        ),
        DisputeKind.APPEAL: DisputeRule(
            "Appeal",
            EventType.APPEAL_FILED,
            EventType.APPEAL_PENDED,
            EventType.APPEAL_DETERMINED,
            before_appeal=False,
        ),
    }
)


class DiscussionOutcome(StrEnum):
    """How a peer-to-peer discussion ended (W12)."""

    UPHELD = "UPHELD"
    OVERTURNED = "OVERTURNED"
    WITHDRAWN = "WITHDRAWN"
    NO_SHOW = "NO_SHOW"


CLINICAL_OUTCOMES: Final = frozenset({DiscussionOutcome.UPHELD, DiscussionOutcome.OVERTURNED})
"""Outcomes that need the judgment of a clinician who may decide."""


class DisputeOption(StrEnum):
    """What remains open to the providers or the member after an adverse determination."""

    PEER_TO_PEER = "PEER_TO_PEER"
    RECONSIDERATION = "RECONSIDERATION"
    APPEAL = "APPEAL"
    EXTERNAL_REVIEW = "EXTERNAL_REVIEW"


class Rights(Value):
    """What the providers can do about adverse lines, and before when; ``None`` where they cannot."""

    levels: Annotated[int, Field(ge=1)]
    """How often a line can be appealed."""
    peer_to_peer_until: Moment | None = None
    reconsideration_until: Moment | None = None
    appeal_until: Moment | None = None
    external_review_until: Moment | None = None
    """It counts only while no appeal is possible."""

    def until(self, kind: DisputeKind) -> datetime | None:
        match kind:
            case DisputeKind.PEER_TO_PEER:
                return self.peer_to_peer_until
            case DisputeKind.RECONSIDERATION:
                return self.reconsideration_until
            case DisputeKind.APPEAL:
                return self.appeal_until
            case other:
                assert_never(other)

    def allows(self, kind: DisputeKind, now: datetime) -> bool:
        until = self.until(kind)
        return until is not None and now < until

    def options(self, now: datetime) -> dict[DisputeOption, datetime]:
        """What is open, and before when: external review only where no appeal is."""
        options = {
            DisputeOption(kind.value): until
            for kind in DisputeKind
            if (until := self.until(kind)) is not None and now < until
        }
        if (until := self.external_review(now)) is not None:
            options[DisputeOption.EXTERNAL_REVIEW] = until
        return options

    def external_review(self, now: datetime) -> datetime | None:
        """The end of the time for external review, while it is what remains."""
        until = self.external_review_until
        if until is None or now >= until or self.allows(DisputeKind.APPEAL, now):
            return None
        return until

    def later(self, length: timedelta) -> "Rights":
        """The rights after a pause: the time of an open dispute does not count."""
        ends = {name: end + length for name, end in self if isinstance(end, datetime)}
        return self.model_copy(update=ends)


class Appeal(Value):
    """A determination cycle that reconsiders adverse lines: an appeal, or what comes before (W7, W12).

    ``level`` is that of an appeal, from 1, and 0 for what is none.
    """

    kind: DisputeKind = DisputeKind.APPEAL
    cycle: Annotated[int, Field(ge=2)]
    level: Annotated[int, Field(ge=0)] = 1
    status: AppealStatus
    line_ids: tuple[Text, ...]
    expedited: bool
    reason: Annotated[str, Field(min_length=1, max_length=4000), PROSE]
    filed_at: Moment
    filed_by: Text | None = None
    """Subject of the person who filed it; not for callers (A3)."""
    clock: DecisionClock | None = None
    warn_at: Moment | None = None
    due_at: Moment | None = None
    phone: Text | None = None
    """Where the clinician can be reached for a discussion."""
    outcome: DiscussionOutcome | None = None
    closed_at: Moment | None = None
    closed_by: Text | None = None
    """Who recorded the outcome of a discussion; not for callers (A3)."""
    extension: "Extension | None" = None


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

        Those may be unrelated, so that only the payer's reviewers learn that they exist.
        """
        return tuple(
            one
            for one in self.potential_duplicates
            if one.reason_code is not DuplicateReason.UNREADABLE
        )


class InformationRequest(Value):
    """A request for information (RFI) to the providers (W2).

    Open until they respond or ``answer_by`` passes.
    """

    requested_at: Moment
    requested_by: Text
    answer_by: Moment
    pauses: bool = True
    """Whether the payer's clock pauses while it is open."""
    documents: tuple[Text, ...] = ()
    """Codes of the payer's ``required_documentation``."""
    text: Words | None = None
    closed_at: Moment | None = None
    answered: bool = False
    answer: Words | None = None


class Extension(Value):
    """One extension of the deadline, with its reason (W2)."""

    extended_at: Moment
    due_at: Moment
    """The deadline after it. A pause that is open then, or comes later, moves it further."""
    paused: bool = False
    """Whether the clock was paused."""
    days: Annotated[int, Field(ge=1)]
    requested_by: ExtensionRequester = ExtensionRequester.PAYER
    reason: Reason


class PeerToPeer(Value):
    """A peer-to-peer discussion offered to the requesting clinician."""

    offered_at: Moment
    respond_by: Moment
    phone: Text
    outcome: DiscussionOutcome | None = None
    recorded_at: Moment | None = None
    recorded_by: Text | None = None


class Assignment(Value):
    """The reviewer assigned to the open cycle; others may not decide it until then."""

    assigned_to: Text
    until: Moment
    assigned_by: Text | None = None
    """Subject of the lead who assigned it; not for callers."""


class Proposal(Value):
    """Decisions that wait for a physician's confirmation or a second signature."""

    proposed_by: Text
    proposed_at: Moment
    decisions: dict[str, Decision]
    awaits_physician: bool = False
    """Whether a physician must confirm it: it refuses something, and its author is none (W10)."""


class ReturnedProposal(Proposal):
    """A proposal that was returned, with the comment for the reviewer who proposed it."""

    cycle: Annotated[int, Field(ge=1)]
    returned_by: Text
    returned_at: Moment
    comment: Words | None = None
    """Absent where the author withdrew it."""


MOST_NOTES: Final = 100


class Note(Value):
    """A note between the payer's reviewers; no provider or delegated vendor reads it."""

    written_by: Text
    """Subject of the reviewer."""
    written_at: Moment
    cycle: Annotated[int, Field(ge=1)]
    text: Words
    version: int = 0
    """The version of the request with the note; 0 on notes of earlier releases."""


class Review(Value):
    """What the payer adds to a submitted request."""

    number: Text
    submitted_at: Moment
    submitted_version: int
    """Version the submission was based on: identifies a repeated submission (S1)."""
    lines: tuple[ServiceLine, ...]
    channel: Channel = Channel.PORTAL
    reference: Text | None = None
    """The submitting channel's reference: vendor case, fax or interchange number."""
    cycle: Annotated[int, Field(ge=1)] = FIRST_CYCLE
    assessment: Assessment | None = None
    ownership: tuple[Delegation, ...] | None = None
    """What delegated vendors decide; ``None`` until the rule list is applied (W8)."""
    clock: DecisionClock | None = None
    """The clock of the first cycle, as it was in effect when the cycle was pended."""
    warn_at: Moment | None = None
    due_at: Moment | None = None
    determined_at: Moment | None = None
    escalated_cycle: int = 0
    warned_cycle: int = 0
    deemed_cycle: int = 0
    """The last cycle whose deadline passed under a rule of deemed denial (W11)."""
    information_requests: tuple[InformationRequest, ...] = ()
    extension: Extension | None = None
    peer_to_peer: PeerToPeer | None = None
    assignment: Assignment | None = None
    proposal: Proposal | None = None
    returned_proposal: ReturnedProposal | None = None
    """The last one that was returned, until decisions are proposed again."""
    notes: tuple[Note, ...] = ()
    appeals: tuple[Appeal, ...] = ()
    """Appeals, reconsiderations and discussions after a determination, in the order of filing."""
    rights: Rights | None = None
    """What the providers can do after the last determination, if it refused something."""
    void_reason: Reason | None = None
    duplicate_of: Text | None = None
    """Precertification number of the request that this one repeats (S2)."""
    duplicate_seen_by: frozenset[Tin] = frozenset()
    """TINs that see that request; its number is shown only to them (A2)."""
    intake_exceptions: tuple[IntakeException, ...] = ()
    intake_confirmation: IntakeConfirmation | None = None
    temporary_providers: Mapping[ProviderRole, TemporaryProvider] = {}
    """Provider roles that did not match the directory, reconciled or not (S3)."""
    submitted_by: Text | None = None
    """Subject of the person who submitted it or entered it for a provider; not for callers (A3)."""
    submitter_tins: tuple[Tin, ...] = ()
    """The submitter's TINs on the request: at least one must keep seeing it."""

    @property
    def delegations(self) -> tuple[Delegation, ...]:
        """What delegated vendors decide."""
        return self.ownership or ()

    def delegation_of(self, line_id: str) -> Delegation | None:
        """The delegation that a line belongs to; ``None`` where the payer decides it."""
        return next((one for one in self.delegations if line_id in one.line_ids), None)

    def delegated_to(self, vendor_id: str) -> Delegation | None:
        return next((one for one in self.delegations if one.vendor_id == vendor_id), None)

    def decided_by(self, line_id: str) -> DecidedBy | None:
        """Who decides a line; ``None`` until the rule list is applied."""
        if self.ownership is None and not any(line.decisions for line in self.lines):
            return None
        return DecidedBy.VENDOR if self.delegation_of(line_id) else DecidedBy.PAYER

    @property
    def own_lines(self) -> tuple[ServiceLine, ...]:
        """The service lines that the payer decides."""
        return tuple(line for line in self.lines if self.delegation_of(line.line_id) is None)

    @property
    def vendor_lines(self) -> tuple[ServiceLine, ...]:
        """The service lines that delegated vendors decide."""
        return tuple(line for line in self.lines if self.delegation_of(line.line_id) is not None)

    def with_delegation(self, changed: Delegation) -> "Review":
        """The review with the changed delegation in the place of its vendor's."""
        ownership = tuple(
            changed if one.vendor_id == changed.vendor_id else one for one in self.delegations
        )
        return self.model_copy(update={"ownership": ownership})

    @property
    def open_appeal(self) -> Appeal | None:
        last = self.appeals[-1] if self.appeals else None
        return last if last and last.status is not AppealStatus.DETERMINED else None

    def extension_of(self, cycle: int) -> Extension | None:
        """The extension of a cycle's deadline, also after its decision."""
        if cycle == FIRST_CYCLE:
            return self.extension
        return next((one.extension for one in self.appeals if one.cycle == cycle), None)

    def lines_of(self, cycle: int) -> tuple[ServiceLine, ...]:
        """The service lines that a cycle decides."""
        appeal = next((one for one in self.appeals if one.cycle == cycle), None)
        if appeal is None:
            return self.own_lines
        return tuple(line for line in self.lines if line.line_id in appeal.line_ids)

    @property
    def open_information_request(self) -> InformationRequest | None:
        last = self.information_requests[-1] if self.information_requests else None
        return last if last and last.closed_at is None else None

    @property
    def answered_at(self) -> datetime:
        """Instant of the last determination, or of the submission."""
        return self.determined_at or self.submitted_at

    def line(self, line_id: str) -> ServiceLine | None:
        return next((line for line in self.lines if line.line_id == line_id), None)
