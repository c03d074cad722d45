"""The review record of a submitted request, with requests for information, notes and proposals.

Decisions, disputes and the assessment have modules of their own. Transitions are in
:mod:`precert.domain.request`, and a reviewer's actions within a determination cycle in
:mod:`precert.domain.reviewing`, :mod:`precert.domain.case_assignment` and
:mod:`precert.domain.proposals`.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from precert.domain.assessment import Assessment
from precert.domain.clocks import Deadline
from precert.domain.dates import Moment
from precert.domain.decision_clocks import DecisionClock, Extension
from precert.domain.decisions import Decision, ServiceLine
from precert.domain.delegation import DecidedBy, Delegation
from precert.domain.disputes import Appeal, DiscussionOutcome, Rights
from precert.domain.documents import Document
from precert.domain.matching import ProviderRole, TemporaryProvider
from precert.domain.statuses import AppealStatus
from precert.domain.values import Reason, Text, Tin, Value, Words

FIRST_CYCLE = 1


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
    """Requested from a delegated vendor, which reported its determination (W8)."""


CLERKS_CHANNELS: Final = frozenset({Channel.PHONE, Channel.FAX, Channel.MAIL, Channel.EDI})
"""Channels whose requests the payer's staff register."""


class IntakeException(StrEnum):
    """A condition that prevents providers, but not the payer's staff, from entering a request (S5).

    An operator must confirm the request; until then, no rule approves it.
    """

    DATES_OUTSIDE_WINDOW = "DATES_OUTSIDE_WINDOW"
    """A date of service is outside of the window for providers (C9)."""
    PLAN_NOT_SUPPORTED = "PLAN_NOT_SUPPORTED"
    """The payer's portal does not support the plan's management level (A4)."""
    COVERAGE_INACTIVE = "COVERAGE_INACTIVE"
    """The member was not covered on the day of receipt (A6)."""


class IntakeConfirmation(Value):
    """An operator's confirmation that a request with intake exceptions is to be processed (S5)."""

    confirmed_at: datetime
    confirmed_by: Text
    note: Annotated[str, Field(min_length=1, max_length=500)]


class InformationRequest(Value):
    """A request for information (RFI) to the providers (W2).

    It is open until they respond, ``answer_by`` passes or the cycle is determined.
    """

    requested_at: Moment
    requested_by: Text
    answer_by: Moment
    pauses: bool = True
    """Whether the payer's clock pauses while it is open."""
    documents: tuple[Text, ...] = ()
    """Codes of the payer's ``required_documentation`` that are requested."""
    text: Words | None = None
    closed_at: Moment | None = None
    answered: bool = False
    answer: Words | None = None

    def is_answered_by(self, document: Document) -> bool:
        """Whether an attached document is the response to the RFI.

        It is not if it was received before the RFI, or if its sender announced further documents.
        """
        received_since = not document.precedes(self.requested_at)
        return received_since and not document.more_to_come and self.concerns(document)

    def concerns(self, document: Document) -> bool:
        """Whether a document can be a response to the RFI, by its type.

        Every document can, except the answers of a questionnaire: these must be documentation that the
        RFI requests or, if it requests none by code, any required documentation.
        """
        if not document.of_questionnaire:
            return True
        code = document.document_type
        return code is not None and (not self.documents or code in self.documents)


class PeerToPeer(Value):
    """A peer-to-peer discussion that was offered to the requesting clinician before a determination."""

    offered_at: Moment
    respond_by: Moment
    phone: Text
    outcome: DiscussionOutcome | None = None
    recorded_at: Moment | None = None
    recorded_by: Text | None = None


class Assignment(Value):
    """The assignment of the open cycle to a reviewer; until its end, others may not decide it."""

    assigned_to: Text
    until: Moment
    assigned_by: Text | None = None
    """Subject of the lead who assigned it; in no response."""


class Proposal(Value):
    """Decisions, by line id, that await a physician's confirmation or a second signature (W10)."""

    proposed_by: Text
    proposed_at: Moment
    decisions: dict[str, Decision]
    awaits_physician: bool = False
    """Whether a physician must confirm adverse decisions of another reviewer (W10)."""


class ReturnedProposal(Proposal):
    """A proposal that was returned, with the comment for the reviewer who proposed it."""

    cycle: Annotated[int, Field(ge=1)]
    returned_by: Text
    returned_at: Moment
    comment: Words | None = None
    """``None`` if its author withdrew it."""


MAX_NOTES: Final = 100
MAX_ASSIGNMENTS: Final = 200
MAX_PROPOSALS: Final = 100
"""Limits of a request's notes, and of the assignments and proposals of one cycle. Each is an event in
the history, which is read with the case."""


class Note(Value):
    """A reviewer's note for other reviewers. Providers and delegated vendors do not receive it."""

    written_by: Text
    """Subject of the reviewer."""
    written_at: Moment
    cycle: Annotated[int, Field(ge=1)]
    text: Words
    version: int = 0
    """The version of the request that added the note; 0 for notes that earlier releases stored."""


class Review(Value):
    """The payer's record of a submitted request."""

    number: Text
    submitted_at: Moment
    submitted_version: int
    """The version of the draft that was submitted; identifies a repeated submission (S1)."""
    lines: tuple[ServiceLine, ...]
    channel: Channel = Channel.PORTAL
    reference: Text | None = None
    """The reference of the channel, such as a vendor's case number, a fax or an interchange number."""
    cycle: Annotated[int, Field(ge=1)] = FIRST_CYCLE
    assessment: Assessment | None = None
    ownership: tuple[Delegation, ...] | None = None
    """The delegations to vendors; ``None`` until the rule list is applied (W8)."""
    clock: DecisionClock | None = None
    """The clock of the last cycle that is not an appeal, as in effect when that cycle was pended."""
    warn_at: Moment | None = None
    due_at: Moment | None = None
    clock_from: Moment | None = None
    """When an update started the clock again; ``None`` if it started with the submission."""
    running_warn_at: Moment | None = None
    running_due_at: Moment | None = None
    """The reminder and deadline that continue after an update, for lines that it did not change."""
    determined_at: Moment | None = None
    escalated_cycle: int = 0
    """The last cycle whose escalation after the deadline was recorded."""
    warned_cycle: int = 0
    """The last cycle whose reminder before the deadline was recorded."""
    deemed_cycle: int = 0
    """The last cycle whose deemed denial was recorded (W11)."""
    information_requests: tuple[InformationRequest, ...] = ()
    extension: Extension | None = None
    peer_to_peer: PeerToPeer | None = None
    assignment: Assignment | None = None
    assignments: int = 0
    """The number of assignments in the open cycle, repeated ones to one reviewer included."""
    proposal: Proposal | None = None
    proposals: int = 0
    """The number of proposals in the open cycle."""
    returned_proposal: ReturnedProposal | None = None
    """The last returned proposal, until decisions are proposed again."""
    notes: tuple[Note, ...] = ()
    appeals: tuple[Appeal, ...] = ()
    """Appeals, reconsiderations and discussions after a determination, in the order of filing."""
    rights: Rights | None = None
    """The dispute options after the last determination, if it was adverse."""
    void_reason: Reason | None = None
    duplicate_of: Text | None = None
    """Precertification number of the request that this one repeats (S2)."""
    duplicate_seen_by: frozenset[Tin] = frozenset()
    """TINs of that request. Only callers with one of them receive its number (A2)."""
    intake_exceptions: tuple[IntakeException, ...] = ()
    intake_confirmation: IntakeConfirmation | None = None
    temporary_providers: Mapping[ProviderRole, TemporaryProvider] = {}
    """Provider roles that did not match the directory, reconciled or not (S3)."""
    submitted_by: Text | None = None
    """Subject of the person who submitted or registered it; in no response (A3)."""
    submitter_tins: tuple[Tin, ...] = ()
    """The submitter's TINs among those of the request. One of them must remain (S3)."""

    @property
    def reviewers(self) -> frozenset[str]:
        """Subjects of the reviewers whom the assignment, the proposals and the notes name."""
        returned = self.returned_proposal
        found = {note.written_by for note in self.notes}
        found |= {self.assignment.assigned_to} if self.assignment else set()
        found |= {self.proposal.proposed_by} if self.proposal else set()
        found |= {returned.proposed_by, returned.returned_by} if returned else set()
        return frozenset(found)

    @property
    def delegations(self) -> tuple[Delegation, ...]:
        """The delegations to vendors; () until the rule list is applied."""
        return self.ownership or ()

    def delegation_of(self, line_id: str) -> Delegation | None:
        """The delegation of a line; ``None`` if the payer decides it."""
        return next((one for one in self.delegations if line_id in one.line_ids), None)

    def delegated_to(self, vendor_id: str) -> Delegation | None:
        """The delegation to a vendor; ``None`` if no line is delegated to it."""
        return next((one for one in self.delegations if one.vendor_id == vendor_id), None)

    def decided_by(self, line_id: str) -> DecidedBy | None:
        """Whether the payer or a vendor decides a line; ``None`` until the rule list is applied."""
        if self.ownership is None and not any(line.decisions for line in self.lines):
            return None
        return DecidedBy.VENDOR if self.delegation_of(line_id) else DecidedBy.PAYER

    @property
    def own_lines(self) -> tuple[ServiceLine, ...]:
        """The service lines that the payer decides, without cancelled ones."""
        return tuple(line for line in self.active_lines if self.delegation_of(line.line_id) is None)

    @property
    def open_own_lines(self) -> tuple[ServiceLine, ...]:
        """The payer's service lines without a decision."""
        return tuple(line for line in self.own_lines if not line.decisions)

    @property
    def active_lines(self) -> tuple[ServiceLine, ...]:
        """The service lines that are not cancelled."""
        return tuple(line for line in self.lines if line.cancelled_at is None)

    def lines_of_vendor(self, delegation: Delegation) -> tuple[ServiceLine, ...]:
        """The service lines of a delegation, without cancelled ones."""
        return tuple(line for line in self.active_lines if line.line_id in delegation.line_ids)

    @property
    def vendor_lines(self) -> tuple[ServiceLine, ...]:
        """The service lines that delegated vendors decide, without cancelled ones."""
        return tuple(
            line for line in self.active_lines if self.delegation_of(line.line_id) is not None
        )

    def with_delegation(self, changed: Delegation) -> "Review":
        """The review with this delegation in place of the earlier one to the same vendor."""
        ownership = tuple(
            changed if one.vendor_id == changed.vendor_id else one for one in self.delegations
        )
        return self.model_copy(update={"ownership": ownership})

    @property
    def open_appeal(self) -> Appeal | None:
        """The appeal, reconsideration or discussion that is not determined yet, if any."""
        last = self.appeals[-1] if self.appeals else None
        return last if last and last.status is not AppealStatus.DETERMINED else None

    def extension_of(self, cycle: int) -> Extension | None:
        """The extension of a cycle's deadline, also after the cycle is determined."""
        of_appeal = (one.extension for one in self.appeals if one.cycle == cycle)
        return next(of_appeal, self.extension)

    def lines_of(self, cycle: int) -> tuple[ServiceLine, ...]:
        """The service lines that the payer decides, or decided, in a cycle."""
        appeal = next((one for one in self.appeals if one.cycle == cycle), None)
        if appeal is None:
            return tuple(line for line in self.own_lines if line.before(cycle) is None)
        return tuple(line for line in self.lines if line.line_id in appeal.line_ids)

    @property
    def open_information_request(self) -> InformationRequest | None:
        """The open RFI, of which there is at most one."""
        last = self.information_requests[-1] if self.information_requests else None
        return last if last and last.closed_at is None else None

    @property
    def last_determined_at(self) -> datetime:
        """The time of the last determination; that of the submission if there is none."""
        return self.determined_at or self.submitted_at

    def line(self, line_id: str) -> ServiceLine | None:
        """The service line with this id, if there is one."""
        return next((line for line in self.lines if line.line_id == line_id), None)


def closed_cycle(review: Review, now: datetime) -> Review:
    """The review after its open cycle is closed: without assignment and proposal, with a closed RFI."""
    rfi = review.open_information_request
    ended = rfi.model_copy(update={"closed_at": now}) if rfi else None
    return review.model_copy(
        update={
            "assignment": None,
            "assignments": 0,
            "proposal": None,
            "proposals": 0,
            "information_requests": (
                (*review.information_requests[:-1], ended) if ended else review.information_requests
            ),
        }
    )


def with_deadline(review: Review, deadline: Deadline, **update: object) -> Review:
    """The review with another deadline of the current cycle.

    ``update`` has further fields of the open appeal, or of the review if there is none.
    """
    changed = {"warn_at": deadline.warn_at, "due_at": deadline.due_at, **update}
    if appeal := review.open_appeal:
        appeals = (*review.appeals[:-1], appeal.model_copy(update=changed))
        return review.model_copy(update={"appeals": appeals})
    return review.model_copy(update=changed)
