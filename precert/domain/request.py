"""The request: from draft to determination and appeal.

A request has services; a service has lines; each line is determined, and the status of the whole
follows from its lines (W3). Every method answers the changed request together with the event that
tells of it; nothing here stores or sends anything.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

from pydantic import Field

from precert.contract import EventType
from precert.domain.clocks import Deadline
from precert.domain.content import RequestContent, Service
from precert.domain.coverage import Plan
from precert.domain.errors import ActionNotAllowedError, Fault, InvalidInputError, SameReviewerError
from precert.domain.events import Event
from precert.domain.statuses import (
    Action,
    AppealStatus,
    LineStatus,
    Status,
    Transition,
    WaitingOn,
    allowed_actions,
    allows,
    determined_status,
)
from precert.domain.values import CodeType, Text, Tin, Urgency, Value

FIRST_ROUND = 1


class Decision(Value):
    """What a reviewer decided for one line, and why (W4).

    ``reason_code`` is X12 886; ``criterion`` names the clinical criterion or plan provision. Both and
    the rationale are required for a denial.
    """

    status: LineStatus
    round: Annotated[int, Field(ge=1)]
    decided_at: datetime
    decided_by: Text
    reason_code: Text | None = None
    rationale: Annotated[str, Field(max_length=2000)] | None = None
    criterion: Annotated[str, Field(max_length=500)] | None = None


class Line(Value):
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


class Appeal(Value):
    """A round that reconsiders denied lines (W7)."""

    round: Annotated[int, Field(ge=2)]
    status: AppealStatus
    line_ids: tuple[Text, ...]
    expedited: bool
    reason: Annotated[str, Field(min_length=1, max_length=4000)]
    filed_at: datetime
    warn_at: datetime | None = None
    due_at: datetime | None = None


class Review(Value):
    """What the payer adds to a submitted request."""

    number: Text
    submitted_at: datetime
    submitted_version: int
    """Version the submission was based on: a repeated submission is told by it (S1)."""
    lines: tuple[Line, ...]
    round: Annotated[int, Field(ge=1)] = FIRST_ROUND
    warn_at: datetime | None = None
    due_at: datetime | None = None
    determined_at: datetime | None = None
    escalated_round: int = 0
    warned_round: int = 0
    appeals: tuple[Appeal, ...] = ()
    void_reason: Annotated[str, Field(max_length=500)] | None = None

    @property
    def open_appeal(self) -> Appeal | None:
        last = self.appeals[-1] if self.appeals else None
        return last if last and last.status is not AppealStatus.DETERMINED else None

    def line(self, line_id: str) -> Line | None:
        return next((line for line in self.lines if line.line_id == line_id), None)


class Request(Value):
    """A request as it stands. ``version`` grows by one with every change of state.

    ``expires_at`` is set while it is a draft (D3); ``review`` from the submission on.
    """

    request_id: Text
    version: Annotated[int, Field(ge=1)]
    status: Status
    tins: frozenset[Tin]
    plan: Plan
    content: RequestContent
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None
    document_slots: int = 0
    part_versions: Mapping[str, int] = {}
    """Of a draft: the version in which each part of its content was last saved (D7)."""
    started_with: Text | None = None
    """Digest of the content it was started with: a repeated start is told by it."""
    review: Review | None = None

    # -- what it says of itself ---------------------------------------------------------------------

    @property
    def submitted(self) -> Review:
        if self.review is None:
            raise ActionNotAllowedError(
                "This is a draft: submit it first.", request_status=self.status.value
            )
        return self.review

    def saved_since(self, version: int) -> frozenset[str]:
        """Parts of a draft's content that were saved after that version of it (D7)."""
        return frozenset(part for part, saved in self.part_versions.items() if saved > version)

    @property
    def urgency(self) -> Urgency:
        """The shortest clock any service asks for."""
        found = {service.urgency for service in self.content.services}
        for urgency in (Urgency.EMERGENCY, Urgency.URGENT):
            if urgency in found:
                return urgency
        return Urgency.ELECTIVE

    @property
    def round_is_open(self) -> bool:
        """Whether the payer still owes a decision in the current round."""
        if self.status in (Status.PROCESSING, Status.PENDING):
            return True
        return self.review is not None and self.review.open_appeal is not None

    @property
    def waiting_on(self) -> WaitingOn:
        if self.status is Status.INCOMPLETE:
            return WaitingOn.PROVIDER
        return WaitingOn.PAYER if self.round_is_open else WaitingOn.NOBODY

    @property
    def due_at(self) -> datetime | None:
        """When the open round is due; nothing is due when no round is open."""
        if self.review is None or not self.round_is_open:
            return None
        appeal = self.review.open_appeal
        return appeal.due_at if appeal else self.review.due_at

    @property
    def lines_to_decide(self) -> tuple[Line, ...]:
        """Lines of the open round."""
        if self.review is None or not self.round_is_open:
            return ()
        appeal = self.review.open_appeal
        if appeal is None:
            return self.review.lines
        return tuple(line for line in self.review.lines if line.line_id in appeal.line_ids)

    @property
    def offices_actions(self) -> tuple[Action, ...]:
        """What either provider's office may do next (T1)."""
        appeal_open = self.review is not None and self.review.open_appeal is not None
        return allowed_actions(self.status, appeal_open=appeal_open)

    @property
    def reviewers_actions(self) -> tuple[Action, ...]:
        """What a reviewer may do next: decide, once the round waits for it."""
        waits = self.status is not Status.PROCESSING and self.due_at is not None
        return (Action.DETAILS, Action.DECIDE) if waits else (Action.DETAILS,)

    # -- what can happen to it ----------------------------------------------------------------------

    def pend(self, deadline: Deadline, document_slots: int, now: datetime) -> "Change":
        """Clinical review begins, with its deadline and new upload slots (W1, W2, U3)."""
        review = self._require(Transition.PEND)
        return self._changed(
            EventType.REQUEST_PENDED,
            now,
            status=Status.PENDING,
            document_slots=document_slots,
            review=review.model_copy(
                update={"warn_at": deadline.warn_at, "due_at": deadline.due_at}
            ),
        )

    def determine(self, decisions: Mapping[str, Decision], by: str, now: datetime) -> "Change":
        """Record a decision for every line; the whole follows from them (W3)."""
        review = self._require(Transition.DETERMINE)
        lines = _decided(review.lines, decisions, [line.line_id for line in review.lines])
        return self._changed(
            EventType.REQUEST_DETERMINED,
            now,
            actor=by,
            status=determined_status(line.status for line in lines),
            review=review.model_copy(update={"lines": lines, "determined_at": now}),
        )

    def void(self, reason: str, by: str, now: datetime) -> "Change":
        """Withdraw the request while no decision stands (W6)."""
        review = self._require(Transition.VOID)
        return self._changed(
            EventType.REQUEST_VOIDED,
            now,
            actor=by,
            status=Status.VOID,
            review=review.model_copy(update={"void_reason": reason}),
        )

    def file_appeal(
        self,
        line_ids: Sequence[str],
        *,
        reason: str,
        expedited: bool,
        filing_days: int,
        by: str,
        now: datetime,
    ) -> "Change":
        """Ask for another look at denied lines, within the filing time (W7)."""
        review = self._require(Transition.APPEAL)
        if review.open_appeal is not None:
            raise self._refusal("An appeal is open already: wait for its decision.")
        self._require_appealable(review, line_ids)
        since = review.determined_at or review.submitted_at
        if now > since + timedelta(days=filing_days):
            raise self._refusal(
                f"The time to appeal is over: it is {filing_days} days from the determination."
            )
        appeal = Appeal(
            round=review.round + 1,
            status=AppealStatus.FILED,
            line_ids=tuple(dict.fromkeys(line_ids)),
            expedited=expedited,
            reason=reason,
            filed_at=now,
        )
        return self._changed(
            EventType.APPEAL_FILED,
            now,
            actor=by,
            review=review.model_copy(
                update={"round": appeal.round, "appeals": (*review.appeals, appeal)}
            ),
        )

    def pend_appeal(self, deadline: Deadline, now: datetime) -> "Change":
        """The appeal reaches the reviewers, with its own deadline."""
        appeal = self._open_appeal().model_copy(
            update={
                "status": AppealStatus.PENDED,
                "warn_at": deadline.warn_at,
                "due_at": deadline.due_at,
            }
        )
        return self._changed(EventType.APPEAL_PENDED, now, review=self._with_appeal(appeal))

    def determine_appeal(
        self, decisions: Mapping[str, Decision], by: str, now: datetime
    ) -> "Change":
        """Uphold or overturn each appealed line; by somebody who did not decide it before (W7)."""
        review = self._require(Transition.DETERMINE_APPEAL)
        appeal = self._open_appeal()
        earlier = {d.decided_by for line in self.lines_to_decide for d in line.decisions}
        if by in earlier:
            raise SameReviewerError(
                "You decided this request before. Leave the appeal to another reviewer."
            )
        lines = _decided(review.lines, decisions, appeal.line_ids)
        decided = appeal.model_copy(update={"status": AppealStatus.DETERMINED})
        return self._changed(
            EventType.APPEAL_DETERMINED,
            now,
            actor=by,
            status=determined_status(line.status for line in lines),
            review=self._with_appeal(decided).model_copy(
                update={"lines": lines, "determined_at": now}
            ),
        )

    def mark_clock(self, now: datetime) -> "Change | None":
        """Tell once that the open round's deadline is near, and once that it has passed (W2)."""
        if self.review is None or not self.round_is_open:
            return None
        review, current = self.review, self.review.round
        clock = review.open_appeal or review
        if clock.due_at and now >= clock.due_at and review.escalated_round < current:
            marked = review.model_copy(update={"escalated_round": current, "warned_round": current})
            return self._changed(EventType.DEADLINE_PASSED, now, review=marked)
        if clock.warn_at and now >= clock.warn_at and review.warned_round < current:
            marked = review.model_copy(update={"warned_round": current})
            return self._changed(EventType.DEADLINE_NEARED, now, review=marked)
        return None

    # -- helpers ------------------------------------------------------------------------------------

    def _require(self, transition: Transition) -> Review:
        if not allows(self.status, transition):
            raise self._refusal(f"A request that is {self.status.value} does not allow this.")
        return self.submitted

    def _refusal(self, detail: str) -> ActionNotAllowedError:
        return ActionNotAllowedError(
            detail,
            request_status=self.status.value,
            allowed_actions=[action.value for action in self.offices_actions],
        )

    def _require_appealable(self, review: Review, line_ids: Sequence[str]) -> None:
        faults = [
            Fault(f"/line_ids/{index}", "not_appealable", "name a line that was denied")
            for index, line_id in enumerate(line_ids)
            if (line := review.line(line_id)) is None or line.status is not LineStatus.DENIED
        ]
        if not line_ids:
            faults.append(Fault("/line_ids", "missing", "name the denied lines to appeal"))
        if faults:
            raise InvalidInputError(faults)

    def _open_appeal(self) -> Appeal:
        appeal = self.submitted.open_appeal
        if appeal is None:
            raise self._refusal("No appeal is open.")
        return appeal

    def _with_appeal(self, appeal: Appeal) -> Review:
        return self.submitted.model_copy(update={"appeals": (*self.submitted.appeals[:-1], appeal)})

    def _changed(
        self, event_type: EventType, now: datetime, actor: str | None = None, **update: object
    ) -> "Change":
        after = self.model_copy(update={"version": self.version + 1, "updated_at": now, **update})
        return Change(self.version, after, event_of(after, event_type, actor))


class Change(NamedTuple):
    """A request after something happened, the version it was based on, and the event that tells."""

    based_on: int
    request: Request
    event: Event


def event_of(request: Request, event_type: EventType, actor: str | None = None) -> Event:
    """The event of a change; one for each version, so its id needs no chance."""
    review = request.review
    return Event(
        event_id=f"{request.request_id}.{request.version:06d}",
        type=event_type,
        request_id=request.request_id,
        round=review.round if review else 0,
        at=request.updated_at,
        status=request.status,
        number=review.number if review else None,
        tins=tuple(sorted(request.tins)),
        actor=actor,
    )


def lines_of(services: Sequence[Service]) -> tuple[Line, ...]:
    """The lines that a submission asks to be determined; ids follow the order of entry."""
    lines: list[Line] = []
    for number, service in enumerate(services, start=1):
        if not service.procedures:
            lines.append(Line(line_id=f"{number}.1", code=None, code_type=None))
        for index, procedure in enumerate(service.procedures, start=1):
            lines.append(
                Line(
                    line_id=f"{number}.{index}",
                    code=procedure.code,
                    code_type=procedure.code_type,
                )
            )
    return tuple(lines)


def _decided(
    lines: Sequence[Line], decisions: Mapping[str, Decision], wanted: Sequence[str]
) -> tuple[Line, ...]:
    faults = [
        Fault("/lines", "line_missing", f"line {line_id} needs a decision")
        for line_id in wanted
        if line_id not in decisions
    ] + [
        Fault("/lines", "line_unknown", f"line {line_id} is not to be decided in this round")
        for line_id in decisions
        if line_id not in wanted
    ]
    if faults:
        raise InvalidInputError(faults)
    return tuple(
        line.model_copy(update={"decisions": (*line.decisions, decisions[line.line_id])})
        if line.line_id in decisions
        else line
        for line in lines
    )
