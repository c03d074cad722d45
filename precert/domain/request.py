"""The request: from draft to determination and appeal.

A request has services, a service has service lines, each service line is determined, and the request's
status follows from its service lines (W3). Every method returns the changed request with its event;
nothing here stores or sends anything. What follows from the state of a request is in
:mod:`precert.domain.request_state`. A reviewer's actions within a determination cycle are in
:mod:`precert.domain.reviewing`, :mod:`precert.domain.case_assignment` and
:mod:`precert.domain.proposals`, disputes in :mod:`precert.domain.disputing`, and an operator's changes
in :mod:`precert.domain.operator_actions`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from precert.domain.assessment import Assessment
from precert.domain.clocks import CHECK_INTERVAL, Deadline, resumed
from precert.domain.decisions import Decision, require_lines, with_decisions, without_replaced
from precert.domain.delegation import Delegation, RecordedReport, names_of
from precert.domain.determination import is_worse
from precert.domain.documents import Document
from precert.domain.errors import ActionNotAllowedError, SameReviewerError
from precert.domain.event_types import EVENTS, EventRule, EventType
from precert.domain.events import Event
from precert.domain.payer import Payer
from precert.domain.request_events import event_of
from precert.domain.request_state import RequestState
from precert.domain.review import Review, closed_cycle, with_deadline
from precert.domain.statuses import DETERMINED, Status, Transition, allows, status_of_lines


class Request(RequestState):
    """A request with the changes of its state."""

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
                    "clock": deadline.clock,
                    "warn_at": deadline.warn_at,
                    "due_at": deadline.due_at,
                    "running_warn_at": None,
                    "running_due_at": None,
                    "assessment": assessment,
                }
            ),
        )

    def delegate(
        self, delegations: Sequence[Delegation], assessment: Assessment, now: datetime
    ) -> "Change":
        """Assign the service lines that vendors decide and report to them (W8).

        The payer's own lines, if any, are assessed next; without them, the request is pended until the
        vendors report.
        """
        review = self.require(Transition.DELEGATE).model_copy(
            update={"ownership": tuple(delegations), "assessment": assessment}
        )
        return self.changed(
            EventType.REQUEST_DELEGATED,
            now,
            status=Status.PROCESSING if review.open_own_lines else Status.PENDING,
            review=review,
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
        if self.own_part_is_determined:
            raise self.refusal("The payer's service lines are decided already.")
        open_ids = [line.line_id for line in review.open_own_lines]
        lines = without_replaced(with_decisions(review.lines, decisions, open_ids), now)
        status = status_of_lines(line.counts_as for line in lines)
        return self.changed(
            EventType.REQUEST_DETERMINED
            if status is not Status.PENDING
            else EventType.PAYER_LINES_DETERMINED,
            now,
            actor=by,
            status=status,
            review=closed_cycle(review, now).model_copy(
                update={
                    "lines": lines,
                    "determined_at": now,
                    "assessment": assessment or review.assessment,
                }
            ),
        )

    def report(
        self,
        vendor_id: str,
        decisions: Mapping[str, Decision],
        report: RecordedReport,
        now: datetime,
    ) -> "Change | None":
        """Record a vendor's determination of its service lines, first or later (W8).

        Returns ``None`` where a newer report was recorded: reports repeat and arrive out of order.
        """
        review = self.require(Transition.REPORT)
        delegation = review.delegated_to(vendor_id)
        if delegation is None:
            raise self.refusal("The payer decides this request, not a vendor.")
        last = delegation.reported_at
        if last is not None and report.reported_at <= last:
            return None
        line_ids = [line.line_id for line in review.lines_of_vendor(delegation)]
        lines = without_replaced(with_decisions(review.lines, decisions, line_ids), now)
        status = status_of_lines(line.counts_as for line in lines)
        reported = delegation.model_copy(update={"reports": (*delegation.reports, report)})
        update: dict[str, object] = {"lines": lines}
        if self.is_delegated:
            update["determined_at"] = report.reported_at
        after = review.with_delegation(reported).model_copy(update=update)
        closes = status is not Status.PENDING and review.open_appeal is None
        return self.changed(
            EventType.REQUEST_DETERMINED if closes else EventType.VENDOR_LINES_DETERMINED,
            now,
            actor=report.reported_by,
            about_vendor=vendor_id,
            status=status,
            review=after,
        )

    def void(self, reason: str, by: str, now: datetime) -> "Change":
        """Withdraw the request before a determination (W6)."""
        review = self.require(Transition.VOID)
        if self.is_delegated and self.status is not Status.PROCESSING:
            named = names_of(review.delegations)
            raise self.refusal(f"{named} decides this request. Withdraw it with the vendor.")
        decided = [one for one in review.delegations if one.reports]
        if decided:
            raise self.refusal(
                f"{names_of(decided)} has decided a part of this request. What is decided cannot be "
                "withdrawn."
            )
        if self.own_part_is_determined and review.own_lines:
            raise self.refusal("The payer has decided its part of this request.")
        return self.changed(
            EventType.REQUEST_VOIDED,
            now,
            actor=by,
            status=Status.VOID,
            review=closed_cycle(review, now).model_copy(update={"void_reason": reason}),
        )

    def check_deadline(self, now: datetime, payer: Payer) -> "Change | None":
        """Record what is due now and not recorded yet; ``None`` where nothing is (W2).

        In this order, one at a time: the end of the providers' time for an RFI, the escalation of the
        passed deadline, the notice of a deemed denial to the work queue (W11), the reminder before the
        deadline. The status never changes by time (W10).
        """
        due = next((due for due in self._due_events() if now >= due.at), None)
        if due is None:
            return None
        if due.event is EventType.INFORMATION_OVERDUE:
            review = self.without_open_rfi(now, payer)
        else:
            recorded = dict.fromkeys(due.recorded_in, self.submitted.cycle)
            review = self.submitted.model_copy(update=recorded)
        return self.changed(due.event, now, review=review)

    def next_check_at(self, now: datetime) -> datetime:
        """When :meth:`check_deadline` has something to record next; daily where it has nothing."""
        return self.next_event_at or now + CHECK_INTERVAL

    @property
    def next_event_at(self) -> datetime | None:
        """When :meth:`check_deadline` has something to record next; ``None`` where it has nothing."""
        return min((due.at for due in self._due_events()), default=None)

    def _due_events(self) -> "list[_DueEvent]":
        """The events that :meth:`check_deadline` has not recorded yet, by precedence."""
        review, deadline = self.review, self.deadline
        if review is None or deadline is None:
            return []
        due_events = []
        if rfi := review.open_information_request:
            due_events.append(_DueEvent(rfi.answer_by, EventType.INFORMATION_OVERDUE))
            if rfi.pauses:
                return due_events
        if review.escalated_cycle < review.cycle:
            recorded_in = ("escalated_cycle", "warned_cycle")
            due_events.append(_DueEvent(deadline.due_at, EventType.DEADLINE_PASSED, recorded_in))
        if deadline.clock.deemed_denial and review.deemed_cycle < review.cycle:
            due_events.append(
                _DueEvent(deadline.due_at, EventType.DEEMED_DENIAL_DUE, ("deemed_cycle",))
            )
        if review.warned_cycle < review.cycle:
            due_events.append(
                _DueEvent(deadline.warn_at, EventType.DEADLINE_APPROACHING, ("warned_cycle",))
            )
        return due_events

    def check_vendor_deadline(self, vendor_id: str, now: datetime) -> "Change | None":
        """Record the reminder before a vendor's deadline and the escalation after it, once each.

        Nothing is decided if a vendor does not report: the request stays as it is (W10).
        """
        review = self.review
        delegation = next(
            (one for one in self.open_delegations if one.vendor_id == vendor_id), None
        )
        if review is None or delegation is None:
            return None
        if delegation.due_at and now >= delegation.due_at and not delegation.escalated:
            event_type, update = EventType.VENDOR_DEADLINE_PASSED, {"escalated": True}
        elif delegation.warn_at and now >= delegation.warn_at and not delegation.warned:
            event_type, update = EventType.VENDOR_DEADLINE_APPROACHING, {}
        else:
            return None
        recorded = delegation.model_copy(update={"warned": True, **update})
        return self.changed(
            event_type, now, about_vendor=vendor_id, review=review.with_delegation(recorded)
        )

    def receive_information(
        self, now: datetime, payer: Payer, *, by: str | None = None, answer: str | None = None
    ) -> "Change | None":
        """Close the open RFI as answered: a paused clock resumes (W2).

        Returns ``None`` where no RFI is open.
        """
        review = self.review
        if review is None or review.open_information_request is None:
            return None
        return self.changed(
            EventType.INFORMATION_RECEIVED,
            now,
            actor=by,
            review=self.without_open_rfi(now, payer, answered=True, answer=answer),
        )

    def without_open_rfi(
        self, now: datetime, payer: Payer, *, answered: bool = False, answer: str | None = None
    ) -> Review:
        """The review with its RFI closed; a paused deadline moves by the length of the pause (W2)."""
        review, deadline = self.submitted, self.deadline
        rfi = review.information_requests[-1]
        # The providers' time ends by itself, however late that is recorded.
        pause_end = min(now, rfi.answer_by)
        closed_at = now if answered else pause_end
        closed = rfi.model_copy(
            update={"closed_at": closed_at, "answered": answered, "answer": answer}
        )
        rfis = (*review.information_requests[:-1], closed)
        review = review.model_copy(update={"information_requests": rfis})
        if deadline is None or not rfi.pauses:
            return review
        share = payer.clock_for(self).warn_at_share
        return with_deadline(review, resumed(deadline, rfi.requested_at, pause_end, share, payer))

    # -- shared with reviewer actions -----------------------------------------------------------------

    def require(self, transition: Transition) -> Review:
        """Return the review if the status allows the transition.

        Raises:
            ActionNotAllowedError: it does not.
        """
        if not allows(self.status, transition):
            label = self.status.rule.label
            raise self.refusal(f"A request with the status {label} does not allow this.")
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
        require_lines(decisions, [line.line_id for line in self.lines_to_decide])

    def refusal(self, detail: str) -> ActionNotAllowedError:
        """The error for an action that is not allowed, with those that are (T1)."""
        return ActionNotAllowedError(
            detail,
            request_status=self.status.value,
            allowed_actions=[action.value for action in self.provider_actions(self.updated_at)],
        )

    def changed(
        self,
        event_type: EventType,
        now: datetime,
        actor: str | None = None,
        about_vendor: str | None = None,
        **update: object,
    ) -> "Change":
        """The next version of the request with these fields, and its event."""
        times = {
            "updated_at": now,
            "internal_since": self.shown_at if EVENTS[event_type].internal else None,
            "unchanged_since": None
            if EVENTS[event_type].outdates_actions
            else self.unchanged_since or self.version,
        }
        after = self.model_copy(update={"version": self.version + 1, **times, **update})
        _require_licensed(self, after, event_type, actor)
        event = event_of(after, event_type, actor, vendor_id=about_vendor)
        return Change(self.version, after, event)


class Comparison(NamedTuple):
    """What an approval was compared with: the member's requests until the last one before.

    Without it, two that are assessed at the same time would each be approved without the other (S2).
    """

    member_id: str
    last_approval: str | None
    """The member's last approval that was compared, or ``None`` if there is none."""


class Change(NamedTuple):
    """A changed request, the version it was based on, and its event.

    ``unseen_by`` are TINs that no longer see it. ``other`` is another request with the version that the
    change is based on too. ``seen_documents`` are those that the reviewer saw. With ``all_seen``
    the change is valid only while no other document is new.
    """

    based_on: int
    request: Request
    event: Event
    unseen_by: frozenset[str] = frozenset()
    other: tuple[str, int] | None = None
    seen_documents: frozenset[str] = frozenset()
    all_seen: bool = False
    before: Request | None = None
    """The request before an update, whose duplicate lock moves."""
    original: bytes | None = None
    """The submitter's update as it was sent, compressed by gzip."""
    documents: tuple[tuple[Document, Event | None], ...] = ()
    """Records of the documents that were sent with it, each with its event if it is refused."""
    compared: Comparison | None = None
    """Of an approval that was compared: it is valid only while the member has no later one."""
    reference: str | None = None
    """An id under which the request is found too: that of the update's claim."""

    @property
    def effects(self) -> EventRule:
        """What follows from the change: the row of its event type."""
        return EVENTS[self.event.type]


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
    if after.status in DETERMINED and after.status is not status_of_lines(
        line.counts_as for line in after.review.lines
    ):
        raise AssertionError("the status does not follow from the service lines")


@dataclass(frozen=True)
class _DueEvent:
    """An event of the cycle's deadline, and when it is due."""

    at: datetime
    event: EventType
    recorded_in: tuple[str, ...] = ()
    """Fields of the review that hold the last cycle in which it was recorded."""
