"""What the payer adds to a request: the review record, with requests for information, notes, proposals.

Records. Decisions, disputes and the assessment have modules of their own. Transitions are in
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
    """Decided and reported by a delegated vendor (W8)."""


CLERKS_CHANNELS: Final = frozenset({Channel.PHONE, Channel.FAX, Channel.MAIL, Channel.EDI})
"""Channels whose requests the payer's staff registers."""


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

    def is_answered_by(self, document: Document) -> bool:
        """Whether a document that was attached answers it.

        It does not if it was received before, or if its sender announced more.
        """
        received_since = not document.precedes(self.requested_at)
        return received_since and not document.more_to_come and self.concerns(document)

    def concerns(self, document: Document) -> bool:
        """Whether a document can be an answer: any document, as its sender chose it.

        Answers of a questionnaire are one if they are documentation that is requested, or, where the
        request is in words only, any required documentation.
        """
        if not document.of_questionnaire:
            return True
        code = document.document_type
        return code is not None and (not self.documents or code in self.documents)


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
MOST_ASSIGNMENTS: Final = 200
MOST_PROPOSALS: Final = 100
"""Of one cycle: each is an event of the history, which is read with the case."""


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
    clock_from: Moment | None = None
    """When the clock started again because of an update; otherwise it starts with the submission."""
    running_warn_at: Moment | None = None
    running_due_at: Moment | None = None
    """The deadline that continues after an update, as lines that it did not change wait for it."""
    determined_at: Moment | None = None
    escalated_cycle: int = 0
    warned_cycle: int = 0
    deemed_cycle: int = 0
    """The last cycle whose deadline passed under a rule of deemed denial (W11)."""
    information_requests: tuple[InformationRequest, ...] = ()
    extension: Extension | None = None
    peer_to_peer: PeerToPeer | None = None
    assignment: Assignment | None = None
    assignments: int = 0
    """How often the open cycle was assigned, also to the same reviewer again."""
    proposal: Proposal | None = None
    proposals: int = 0
    """How often decisions of the open cycle were proposed."""
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
        """The service lines that the payer decides, without cancelled ones."""
        return tuple(line for line in self.active_lines if self.delegation_of(line.line_id) is None)

    @property
    def open_own_lines(self) -> tuple[ServiceLine, ...]:
        """Those that the payer has not decided."""
        return tuple(line for line in self.own_lines if not line.decisions)

    @property
    def active_lines(self) -> tuple[ServiceLine, ...]:
        """The service lines that are not cancelled."""
        return tuple(line for line in self.lines if line.cancelled_at is None)

    def lines_of_vendor(self, delegation: Delegation) -> tuple[ServiceLine, ...]:
        """The lines that a vendor decides, without cancelled ones."""
        return tuple(line for line in self.active_lines if line.line_id in delegation.line_ids)

    @property
    def vendor_lines(self) -> tuple[ServiceLine, ...]:
        """The service lines that delegated vendors decide, without cancelled ones."""
        return tuple(
            line for line in self.active_lines if self.delegation_of(line.line_id) is not None
        )

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
        of_appeal = (one.extension for one in self.appeals if one.cycle == cycle)
        return next(of_appeal, self.extension)

    def lines_of(self, cycle: int) -> tuple[ServiceLine, ...]:
        """The service lines that a cycle decides."""
        appeal = next((one for one in self.appeals if one.cycle == cycle), None)
        if appeal is None:
            return tuple(line for line in self.own_lines if line.before(cycle) is None)
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


def closed_cycle(review: Review, now: datetime) -> Review:
    """The review of a closed cycle: no assignment, open RFI or proposal."""
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
    """The review with another deadline of the current cycle, and other changes of that cycle."""
    changed = {"warn_at": deadline.warn_at, "due_at": deadline.due_at, **update}
    if appeal := review.open_appeal:
        appeals = (*review.appeals[:-1], appeal.model_copy(update=changed))
        return review.model_copy(update={"appeals": appeals})
    return review.model_copy(update=changed)
