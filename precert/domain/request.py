"""The request: from draft to determination and appeal.

A request has services, a service has service lines, each service line is determined, and the request's
status follows from its service lines (W3). Every method returns the changed request with its event;
nothing here stores or sends anything. A reviewer's actions within a determination cycle are in
:mod:`precert.domain.reviewing`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import Field

from precert.domain.caller import Caller
from precert.domain.clocks import Deadline, appeal_filing_end, later
from precert.domain.codes import code_types_of
from precert.domain.content import Procedure, RequestContent, Service, numbered_lines
from precert.domain.coverage import Plan
from precert.domain.dates import Moment
from precert.domain.determination import is_worse
from precert.domain.errors import (
    ActionNotAllowedError,
    FieldError,
    InvalidInputError,
    SameReviewerError,
)
from precert.domain.event_types import EVENTS, EventRule, EventType
from precert.domain.events import Event, event_id
from precert.domain.matching import ProviderRole, as_submitted, unmatched
from precert.domain.review import (
    Appeal,
    Assessment,
    DecidingRole,
    Decision,
    Proposal,
    Review,
    ServiceLine,
)
from precert.domain.statuses import (
    DELEGATED_ACTION,
    DETERMINED,
    Action,
    AppealStatus,
    Status,
    Transition,
    WaitingOn,
    allowed_actions,
    allows,
    determined_status,
)
from precert.domain.values import CodeType, Text, Tin, Urgency, Value


class Request(Value):
    """The current state of a request. ``version`` increases by one with every change.

    ``expires_at`` is set while it is a draft (D3); ``review`` once it is submitted.
    """

    request_id: Text
    version: Annotated[int, Field(ge=1)]
    status: Status
    tins: frozenset[Tin]
    plan: Plan
    content: RequestContent
    created_at: Moment
    updated_at: Moment
    expires_at: Moment | None = None
    document_slots: int = 0
    part_versions: Mapping[str, int] = {}
    """Drafts only: the version in which each part of the content was last saved (D7)."""
    started_with: Text | None = None
    """Digest of the content it was started with: identifies a repeated start."""
    review: Review | None = None

    # -- derived state ------------------------------------------------------------------------------

    @property
    def submitted(self) -> Review:
        if self.review is None:
            raise ActionNotAllowedError(
                "This is a draft: submit it first.", request_status=self.status.value
            )
        return self.review

    @property
    def unmatched_providers(self) -> tuple[ProviderRole, ...]:
        """Provider roles that an operator must match with a directory entry (S3)."""
        return unmatched(self.review.temporary_providers) if self.review else ()

    @property
    def content_as_submitted(self) -> RequestContent:
        """The content with its providers as submitted, before any reconciliation (S3)."""
        if self.review is None:
            return self.content
        return as_submitted(self.content, self.review.temporary_providers)

    def saved_since(self, version: int) -> frozenset[str]:
        """Parts of a draft's content that were saved after ``version`` (D7)."""
        return frozenset(part for part, saved in self.part_versions.items() if saved > version)

    @property
    def urgency(self) -> Urgency:
        """The most urgent level of its services."""
        found = {service.urgency for service in self.content.services}
        for urgency in (Urgency.EMERGENCY, Urgency.EXPEDITED):
            if urgency in found:
                return urgency
        return Urgency.STANDARD

    @property
    def cycle_urgency(self) -> Urgency:
        """The urgency of the open cycle: an appeal has its own, regardless of the request's (W7)."""
        appeal = self.review.open_appeal if self.review else None
        if appeal is None:
            return self.urgency
        return Urgency.EXPEDITED if appeal.expedited else Urgency.STANDARD

    @property
    def is_delegated(self) -> bool:
        """Whether a delegated vendor decides it instead of the payer (W8)."""
        return self.review is not None and self.review.vendor_id is not None

    @property
    def review_action(self) -> str | None:
        """X12 306 (HCR01); ``None`` for a draft."""
        if self.is_delegated and self.status is Status.PENDING:
            return DELEGATED_ACTION
        return self.status.rule.review_action

    @property
    def cycle_is_open(self) -> bool:
        """Whether the payer must still decide the current cycle."""
        if self.is_delegated:
            return False
        if self.status.rule.open:
            return True
        return self.review is not None and self.review.open_appeal is not None

    @property
    def is_history(self) -> bool:
        """Whether no one must act: it is history from its last change on (T4)."""
        return self.waiting_on is WaitingOn.NONE

    @property
    def is_adverse(self) -> bool:
        """Whether a service line is denied or modified."""
        lines = self.review.lines if self.review else ()
        return any(line.status.rule.adverse for line in lines)

    @property
    def takes_documents(self) -> bool:
        """Drafts and pended requests take documents (U4), open appeals included (W7)."""
        if self.status is Status.INCOMPLETE:
            return True
        return self.cycle_is_open and self.status is not Status.PROCESSING

    @property
    def waiting_on(self) -> WaitingOn:
        if self.status is Status.INCOMPLETE:
            return WaitingOn.PROVIDER
        if self.is_delegated and self.status is Status.PENDING:
            return WaitingOn.VENDOR
        if not self.cycle_is_open:
            return WaitingOn.NONE
        rfi = self.review is not None and self.review.open_information_request is not None
        return WaitingOn.PROVIDER if rfi else WaitingOn.PAYER

    @property
    def clock(self) -> Deadline | None:
        """Reminder and deadline of the open cycle; during an RFI, the providers' deadline."""
        if self.review is None or not self.cycle_is_open:
            return None
        if rfi := self.review.open_information_request:
            return Deadline(rfi.answer_by, rfi.answer_by)
        running = self.review.open_appeal or self.review
        if running.warn_at is None or running.due_at is None:
            return None
        return Deadline(running.warn_at, running.due_at)

    @property
    def due_at(self) -> datetime | None:
        """The deadline of whoever must act next; ``None`` when no cycle is open."""
        clock = self.clock
        return clock.due_at if clock else None

    @property
    def lines_to_decide(self) -> tuple[ServiceLine, ...]:
        """Service lines of the open cycle."""
        if self.review is None or not self.cycle_is_open:
            return ()
        appeal = self.review.open_appeal
        if appeal is None:
            return self.review.lines
        return tuple(line for line in self.review.lines if line.line_id in appeal.line_ids)

    @property
    def provider_actions(self) -> tuple[Action, ...]:
        """What either provider may do next (T1)."""
        appeal_open = self.review is not None and self.review.open_appeal is not None
        return allowed_actions(self.status, appeal_open=appeal_open, delegated=self.is_delegated)

    @property
    def waits_for_review(self) -> bool:
        """Whether a reviewer may act: the cycle is open and pended."""
        return self.status is not Status.PROCESSING and self.due_at is not None

    def reviewer_actions(self, caller: Caller, now: datetime) -> tuple[Action, ...]:
        """What this reviewer may do next (T1): read only, unless the cycle is open to them."""
        review, by = self.review, caller.subject
        if review is None or not self.waits_for_review or by in self.earlier_reviewers:
            return (Action.DETAILS,)
        if caller.acts_for(self):
            return (Action.DETAILS,)
        held = review.assignment is not None and now < review.assignment.until
        if held and review.assignment is not None and review.assignment.assigned_to != by:
            return (Action.DETAILS,)
        actions = [Action.DETAILS, Action.ASSIGN]
        if held:
            actions.append(Action.RELEASE)
        actions.extend(_actions_on_proposal(review.proposal, caller))
        if self.status is Status.PENDING and review.open_information_request is None:
            actions.append(Action.REQUEST_INFORMATION)
            if review.extension is None and self.urgency is Urgency.STANDARD:
                actions.append(Action.EXTEND)
        if not self._discussion_is_offered(now):
            actions.append(Action.OFFER_PEER_TO_PEER)
        return tuple(actions)

    @property
    def operator_actions(self) -> tuple[Action, ...]:
        """What an operator may do next: change approved dates (W5), reconcile a provider (S3)."""
        reconcile = (Action.RECONCILE_PROVIDER,) if self.unmatched_providers else ()
        if allows(self.status, Transition.CHANGE_DATES) and any(
            line.status.rule.approves for line in self.submitted.lines
        ):
            return (Action.DETAILS, Action.CHANGE_DATES, *reconcile)
        return (Action.DETAILS, *reconcile)

    @property
    def earlier_reviewers(self) -> frozenset[str]:
        """Who decided or signed the service lines of the open appeal (W7)."""
        if self.review is None or self.review.open_appeal is None:
            return frozenset()
        decisions = (one for line in self.lines_to_decide for one in line.decisions)
        return frozenset(person for decision in decisions for person in decision.persons)

    @property
    def provider_persons(self) -> frozenset[str]:
        """Who submitted the request or appealed it: they do not review it (W10)."""
        review = self.review
        if review is None:
            return frozenset()
        persons = {review.submitted_by, *(appeal.filed_by for appeal in review.appeals)}
        return frozenset(person for person in persons if person is not None)

    def _discussion_is_offered(self, now: datetime) -> bool:
        offer = self.review.peer_to_peer if self.review else None
        return offer is not None and now < offer.respond_by

    # -- transitions --------------------------------------------------------------------------------

    def pend(
        self,
        deadline: Deadline,
        document_slots: int,
        now: datetime,
        assessment: Assessment | None = None,
    ) -> "Change":
        """Start clinical review with its deadline and new upload slots (W1, W2, U3)."""
        review = self.require(Transition.PEND)
        return self.changed(
            EventType.REQUEST_PENDED,
            now,
            status=Status.PENDING,
            document_slots=document_slots,
            review=review.model_copy(
                update={
                    "warn_at": deadline.warn_at,
                    "due_at": deadline.due_at,
                    "assessment": assessment,
                }
            ),
        )

    def delegate(self, vendor_id: str, assessment: Assessment, now: datetime) -> "Change":
        """Delegate it to a vendor, which decides and reports; the payer owes nothing (W8)."""
        review = self.require(Transition.DELEGATE)
        update = {"vendor_id": vendor_id, "assessment": assessment}
        return self.changed(
            EventType.REQUEST_DELEGATED,
            now,
            status=Status.PENDING,
            review=review.model_copy(update=update),
        )

    def end_as_duplicate(
        self,
        other: "Request",
        assessment: Assessment,
        now: datetime,
    ) -> "Change":
        """End it as a duplicate of the other request, which continues (S2)."""
        review = self.require(Transition.END_AS_DUPLICATE)
        update = {
            "duplicate_of": other.submitted.number,
            "duplicate_seen_by": other.tins,
            "assessment": assessment,
        }
        change = self.changed(
            EventType.REQUEST_ENDED_AS_DUPLICATE,
            now,
            status=Status.VOID,
            review=review.model_copy(update=update),
        )
        return change._replace(other=(other.request_id, other.version))

    def determine(
        self,
        decisions: Mapping[str, Decision],
        by: str,
        now: datetime,
        assessment: Assessment | None = None,
    ) -> "Change":
        """Record a decision for every service line; the status follows (W3)."""
        review = self.require(Transition.DETERMINE)
        lines = _decided(review.lines, decisions, [line.line_id for line in review.lines])
        return self.changed(
            EventType.REQUEST_DETERMINED,
            now,
            actor=by,
            status=determined_status(line.counts_as for line in lines),
            review=_closed(review, now).model_copy(
                update={
                    "lines": lines,
                    "determined_at": now,
                    "assessment": assessment or review.assessment,
                }
            ),
        )

    def report(
        self, decisions: Mapping[str, Decision], reported_at: datetime, by: str, now: datetime
    ) -> "Change | None":
        """Record a vendor's determination, first or later (W8).

        Returns ``None`` where a newer report was recorded: reports repeat and arrive out of order.
        """
        review = self.require(Transition.REPORT)
        if not self.is_delegated:
            raise self.refusal("The payer decides this request, not a vendor.")
        if review.reported_at is not None and reported_at <= review.reported_at:
            return None
        lines = _decided(review.lines, decisions, [line.line_id for line in review.lines])
        return self.changed(
            EventType.REQUEST_DETERMINED,
            now,
            actor=by,
            status=determined_status(line.counts_as for line in lines),
            review=review.model_copy(
                update={"lines": lines, "determined_at": reported_at, "reported_at": reported_at}
            ),
        )

    def void(self, reason: str, by: str, now: datetime) -> "Change":
        """Withdraw the request before a determination (W6)."""
        review = self.require(Transition.VOID)
        if self.is_delegated:
            raise self.refusal(
                "A delegated vendor decides this request. Withdraw it with the vendor."
            )
        return self.changed(
            EventType.REQUEST_VOIDED,
            now,
            actor=by,
            status=Status.VOID,
            review=_closed(review, now).model_copy(update={"void_reason": reason}),
        )

    def file_appeal(
        self,
        line_ids: Sequence[str],
        *,
        reason: str,
        expedited: bool,
        filing_days: int,
        zone: ZoneInfo,
        by: str,
        now: datetime,
        levels: int = 1,
        document_slots: int = 0,
    ) -> "Change":
        """Appeal adverse service lines within the filing time (W7).

        A line can be appealed once per level. The appeal grants upload slots.
        """
        review = self.require(Transition.APPEAL)
        if self.is_delegated:
            raise self.refusal("A delegated vendor decided this request. Appeal to the vendor.")
        if review.open_appeal is not None:
            raise self.refusal("An appeal is already open. Wait for its decision.")
        self._require_appealable(review, line_ids)
        if now >= appeal_filing_end(review.answered_at, filing_days, zone):
            raise self.refusal(
                f"The time to appeal is over: it is {filing_days} days from the determination."
            )
        level = 1 + max(
            sum(line_id in appeal.line_ids for appeal in review.appeals) for line_id in line_ids
        )
        if level > levels:
            raise self.refusal("All levels of appeal are used. External review is the next step.")
        appeal = Appeal(
            level=level,
            cycle=review.cycle + 1,
            status=AppealStatus.FILED,
            line_ids=tuple(dict.fromkeys(line_ids)),
            expedited=expedited,
            reason=reason,
            filed_at=now,
            filed_by=by,
        )
        return self.changed(
            EventType.APPEAL_FILED,
            now,
            actor=by,
            document_slots=document_slots,
            review=review.model_copy(
                update={"cycle": appeal.cycle, "appeals": (*review.appeals, appeal)}
            ),
        )

    def pend_appeal(self, deadline: Deadline, now: datetime) -> "Change":
        """Start review of the appeal with its own deadline."""
        appeal = self._open_appeal().model_copy(
            update={
                "status": AppealStatus.PENDED,
                "warn_at": deadline.warn_at,
                "due_at": deadline.due_at,
            }
        )
        return self.changed(EventType.APPEAL_PENDED, now, review=self._with_appeal(appeal))

    def determine_appeal(
        self, decisions: Mapping[str, Decision], by: str, now: datetime
    ) -> "Change":
        """Uphold or overturn each appealed line, by a reviewer who did not decide it (W7)."""
        review = self.require(Transition.DETERMINE_APPEAL)
        appeal = self._open_appeal()
        for person in (by, *(decision.decided_by for decision in decisions.values())):
            self.require_other_reviewer(person)
        lines = _decided(review.lines, decisions, appeal.line_ids)
        decided = appeal.model_copy(update={"status": AppealStatus.DETERMINED})
        return self.changed(
            EventType.APPEAL_DETERMINED,
            now,
            actor=by,
            status=determined_status(line.counts_as for line in lines),
            review=_closed(self._with_appeal(decided), now).model_copy(
                update={"lines": lines, "determined_at": now}
            ),
        )

    def check_deadline(self, now: datetime) -> "Change | None":
        """Record the reminder before the deadline and the escalation after it, once each (W2).

        Also ends the providers' time for an RFI; the payer's clock then resumes.
        """
        if self.review is None or not self.cycle_is_open:
            return None
        review, current = self.review, self.review.cycle
        if rfi := review.open_information_request:
            if now < rfi.answer_by:
                return None
            return self.changed(
                EventType.INFORMATION_OVERDUE, now, review=_running_again(review, now)
            )
        clock = review.open_appeal or review
        if clock.due_at and now >= clock.due_at and review.escalated_cycle < current:
            marked = review.model_copy(update={"escalated_cycle": current, "warned_cycle": current})
            return self.changed(EventType.DEADLINE_PASSED, now, review=marked)
        if clock.warn_at and now >= clock.warn_at and review.warned_cycle < current:
            marked = review.model_copy(update={"warned_cycle": current})
            return self.changed(EventType.DEADLINE_APPROACHING, now, review=marked)
        return None

    def receive_information(
        self, now: datetime, *, by: str | None = None, answer: str | None = None
    ) -> "Change | None":
        """Close the open RFI as answered: the payer's clock resumes (W2).

        Returns ``None`` where no RFI is open.
        """
        review = self.review
        if review is None or review.open_information_request is None:
            return None
        return self.changed(
            EventType.INFORMATION_RECEIVED,
            now,
            actor=by,
            review=_running_again(review, now, answered=True, answer=answer),
        )

    # -- shared with reviewer actions -----------------------------------------------------------------

    def require(self, transition: Transition) -> Review:
        """Return the review if the status allows the transition.

        Raises:
            ActionNotAllowedError: it does not.
        """
        if not allows(self.status, transition):
            raise self.refusal(f"A request that is {self.status.value} does not allow this.")
        return self.submitted

    def require_other_reviewer(self, by: str) -> None:
        """Refuse an appeal to a reviewer who decided what it appeals (W7).

        Raises:
            SameReviewerError.
        """
        if by in self.earlier_reviewers:
            raise SameReviewerError(
                "You decided this request. Another reviewer must decide the appeal."
            )

    def require_lines(self, decisions: Mapping[str, Decision]) -> None:
        """Require exactly one decision for each line of the open cycle.

        Raises:
            InvalidInputError.
        """
        _require_lines(decisions, [line.line_id for line in self.lines_to_decide])

    def refusal(self, detail: str) -> ActionNotAllowedError:
        """The error for an action that is not allowed, with those that are (T1)."""
        return ActionNotAllowedError(
            detail,
            request_status=self.status.value,
            allowed_actions=[action.value for action in self.provider_actions],
        )

    def _require_appealable(self, review: Review, line_ids: Sequence[str]) -> None:
        errors = [
            FieldError(
                f"/line_ids/{index}", "not_appealable", "name a line that was denied or modified"
            )
            for index, line_id in enumerate(line_ids)
            if (line := review.line(line_id)) is None or not line.adverse
        ]
        if not line_ids:
            errors.append(FieldError("/line_ids", "missing", "name the denied lines to appeal"))
        if errors:
            raise InvalidInputError(errors)

    def _open_appeal(self) -> Appeal:
        appeal = self.submitted.open_appeal
        if appeal is None:
            raise self.refusal("No appeal is open.")
        return appeal

    def _with_appeal(self, appeal: Appeal) -> Review:
        return self.submitted.model_copy(update={"appeals": (*self.submitted.appeals[:-1], appeal)})

    def changed(
        self, event_type: EventType, now: datetime, actor: str | None = None, **update: object
    ) -> "Change":
        """The next version of the request with these fields, and its event."""
        after = self.model_copy(update={"version": self.version + 1, "updated_at": now, **update})
        _require_licensed(self, after, event_type, actor)
        return Change(self.version, after, event_of(after, event_type, actor))


class Change(NamedTuple):
    """A changed request, the version it was based on, and its event.

    ``unseen_by`` are TINs that no longer see it. ``other`` is another request with the version that the
    change is based on too.
    """

    based_on: int
    request: Request
    event: Event
    unseen_by: frozenset[str] = frozenset()
    other: tuple[str, int] | None = None

    @property
    def effects(self) -> EventRule:
        """What follows from the change: the row of its event type."""
        return EVENTS[self.event.type]


def _actions_on_proposal(proposal: Proposal | None, caller: Caller) -> tuple[Action, ...]:
    """The author replaces a proposal, a physician or second reviewer signs it, each returns it."""
    if proposal is None:
        return (Action.DECIDE,)
    if proposal.proposed_by == caller.subject:
        return (Action.DECIDE, Action.RETURN_PROPOSAL)
    if not proposal.awaits_physician:
        return (Action.SIGN, Action.RETURN_PROPOSAL)
    if caller.deciding_role is DecidingRole.PHYSICIAN:
        return (Action.DECIDE, Action.SIGN, Action.RETURN_PROPOSAL)
    return (Action.RETURN_PROPOSAL,)


def _require_licensed(
    before: Request, after: Request, event_type: EventType, actor: str | None
) -> None:
    """Stop a change that would refuse something without a licensed person (W10).

    Each refusal is the decision of a person who also causes the change, or of a delegated vendor. It is
    recorded with an event of a determination, and the status of the request follows from its lines.
    """
    if after.review is None:
        return
    for line in after.review.lines:
        earlier = before.review.line(line.line_id) if before.review else None
        old = earlier.decisions[-1] if earlier and earlier.decisions else None
        new = line.decisions[-1] if line.decisions else None
        if new == old:
            continue
        if new is None:
            raise AssertionError("a decision was removed")
        refuses = is_worse(new, old) or (new.adverse and not new.date_change_reason)
        licensed = new.decided_as.may_refuse and actor in new.persons
        if refuses and not (licensed and EVENTS[event_type].decides_lines):
            raise AssertionError(f"{event_type} refuses a service line without a licensed person")
    if after.status in DETERMINED and after.status is not determined_status(
        line.counts_as for line in after.review.lines
    ):
        raise AssertionError("the status does not follow from the service lines")


def _closed(review: Review, now: datetime) -> Review:
    """The review of a closed cycle: no assignment, open RFI or proposal."""
    rfi = review.open_information_request
    ended = rfi.model_copy(update={"closed_at": now}) if rfi else None
    return review.model_copy(
        update={
            "assignment": None,
            "proposal": None,
            "information_requests": (
                (*review.information_requests[:-1], ended) if ended else review.information_requests
            ),
        }
    )


def _running_again(
    review: Review, now: datetime, *, answered: bool = False, answer: str | None = None
) -> Review:
    """Resume the clock: the deadline moves by the length of the pause (W2)."""
    rfi = review.information_requests[-1]
    closed = rfi.model_copy(update={"closed_at": now, "answered": answered, "answer": answer})
    pause = now.astimezone(UTC) - rfi.requested_at.astimezone(UTC)
    return review.model_copy(
        update={
            "information_requests": (*review.information_requests[:-1], closed),
            "warn_at": later(review.warn_at, pause) if review.warn_at else None,
            "due_at": later(review.due_at, pause) if review.due_at else None,
        }
    )


def event_of(request: Request, event_type: EventType, actor: str | None = None) -> Event:
    """The event of a change. One per version, so its id is derived from it."""
    review = request.review
    return Event(
        event_id=event_id(request.request_id, request.version),
        type=event_type,
        request_id=request.request_id,
        cycle=review.cycle if review else 0,
        at=request.updated_at,
        status=request.status,
        number=review.number if review else None,
        tins=tuple(sorted(request.tins)),
        actor=actor,
    )


def service_lines_of(services: Sequence[Service]) -> tuple[ServiceLine, ...]:
    """The service lines to determine of a submission."""
    return tuple(
        ServiceLine(
            line_id=line_id,
            code=procedure.code if procedure else None,
            code_type=_code_type(procedure) if procedure else None,
        )
        for line_id, _, procedure in numbered_lines(services)
    )


def _code_type(procedure: Procedure) -> CodeType | None:
    """The code set that the content names, or the one whose form the code has."""
    return procedure.code_type or next(iter(code_types_of(procedure.code)), None)


def _decided(
    lines: Sequence[ServiceLine], decisions: Mapping[str, Decision], wanted: Sequence[str]
) -> tuple[ServiceLine, ...]:
    _require_lines(decisions, wanted)
    return tuple(
        line.model_copy(update={"decisions": (*line.decisions, decisions[line.line_id])})
        if line.line_id in decisions
        else line
        for line in lines
    )


def _require_lines(decisions: Mapping[str, Decision], wanted: Sequence[str]) -> None:
    errors = [
        FieldError("/lines", "line_missing", f"line {line_id} needs a decision")
        for line_id in wanted
        if line_id not in decisions
    ] + [
        FieldError(
            "/lines", "line_unknown", f"line {line_id} is not part of this determination cycle"
        )
        for line_id in decisions
        if line_id not in wanted
    ]
    if errors:
        raise InvalidInputError(errors)
