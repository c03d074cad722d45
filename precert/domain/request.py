"""The request: from draft to determination and appeal.

A request has services, a service has service lines, each service line is determined, and the request's
status follows from its service lines (W3). A method that changes the request returns a :class:`Change`,
which a use case stores. What follows from the state of a request is in
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
from precert.domain.determination import require_licensed
from precert.domain.documents import Document
from precert.domain.errors import ActionNotAllowedError, SameReviewerError
from precert.domain.event_types import EVENTS, EventRule, EventType
from precert.domain.events import Event
from precert.domain.payer import Payer
from precert.domain.request_events import event_of
from precert.domain.request_state import RequestState
from precert.domain.review import Review, closed_cycle, with_deadline
from precert.domain.statuses import Status, Transition, allows, status_of_lines


class Request(RequestState):
    """A request, with the methods that change it.

    Methods raise :class:`ActionNotAllowedError` if the status does not allow the change.
    """

    def pend(
        self,
        deadline: Deadline,
        document_slots: int,
        now: datetime,
        assessment: Assessment | None = None,
    ) -> "Change":
        """Pend the request for clinical review until ``deadline`` (W1, W2).

        ``document_slots`` is the number of documents that can be added to it while it is pended (U3).
        """
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
        """Delegate service lines to the vendors that decide them (W8).

        The payer's own lines, if there are any, are assessed next. Otherwise the request is pended
        until the vendors report their determinations.
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
        """End the request as a duplicate of ``other``, which is unchanged (S2)."""
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
        """Record the decisions on all open lines of the payer, by line id; the status follows (W3).

        Raises:
            ActionNotAllowedError: the status does not allow it, or the lines are decided already.
            InvalidInputError: an open line has no decision, or a decision is for another line.
        """
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
        """Record a vendor's determination of all its service lines, or a later one (W8).

        Returns ``None`` if a report of the same or a later time is recorded: vendors repeat reports,
        and they arrive out of order.

        Raises:
            ActionNotAllowedError: no line is delegated to the vendor, or the status does not allow it.
            InvalidInputError: a line of the vendor has no decision, or a decision is for another one.
        """
        review = self.require(Transition.REPORT)
        delegation = review.delegated_to(vendor_id)
        if delegation is None:
            raise self.refusal("No service line of this request is delegated to this vendor.")
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
        """Withdraw the request before a determination (W6).

        Raises:
            ActionNotAllowedError: the status does not allow it, delegated vendors decide all of the
                request, or a part of it is decided.
        """
        review = self.require(Transition.VOID)
        if self.is_delegated and self.status is not Status.PROCESSING:
            named = names_of(review.delegations)
            raise self.refusal(f"{named} decides this request. Withdraw it with the vendor.")
        decided = [one for one in review.delegations if one.reports]
        if decided:
            raise self.refusal(
                f"{names_of(decided)} has decided a part of this request. A request with a decision "
                "cannot be withdrawn."
            )
        if self.own_part_is_determined and review.own_lines:
            raise self.refusal(
                "The payer has decided its part of this request. A request with a decision cannot be "
                "withdrawn."
            )
        return self.changed(
            EventType.REQUEST_VOIDED,
            now,
            actor=by,
            status=Status.VOID,
            review=closed_cycle(review, now).model_copy(update={"void_reason": reason}),
        )

    def check_deadline(self, now: datetime, payer: Payer) -> "Change | None":
        """Record the first event that is due and not recorded yet; ``None`` if there is none (W2).

        The order of events is: the end of the providers' time for an RFI, the escalation after the
        deadline, the entry of a deemed denial in the operators' queue (W11), the reminder before the
        deadline. None of them changes the status (W10).
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
        """When to call :meth:`check_deadline` again: for the next event, or after a day without any."""
        return self.next_event_at or now + CHECK_INTERVAL

    @property
    def next_event_at(self) -> datetime | None:
        """When :meth:`check_deadline` has an event to record; ``None`` if it has none."""
        return min((due.at for due in self._due_events()), default=None)

    def _due_events(self) -> "list[_DueEvent]":
        """The events that :meth:`check_deadline` has not recorded yet, in its order.

        While an RFI pauses the clock, only the end of the providers' time can be due.
        """
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
        """Record the reminder before a vendor's deadline or the escalation after it, each once.

        Returns ``None`` if none of them is due. Neither changes the status or decides anything (W10).
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
        """Close the open RFI as answered; a paused clock resumes (W2).

        ``answer`` is the provider's response in words, if there is one. Returns ``None`` if no RFI is
        open.
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
        """The review with its open RFI closed; a paused deadline moves by the pause (W2)."""
        review, deadline = self.submitted, self.deadline
        rfi = review.information_requests[-1]
        # A pause ends with the providers' time, even if that is recorded later.
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
            ActionNotAllowedError: the status does not allow it, or the request is a draft.
        """
        if not allows(self.status, transition):
            label = self.status.rule.label
            raise self.refusal(f"A request with the status {label} does not allow this.")
        return self.submitted

    def require_other_reviewer(self, by: str) -> None:
        """Require a reviewer who did not decide or sign the lines of the open appeal (W7).

        Raises:
            SameReviewerError: this reviewer did.
        """
        if by in self.earlier_reviewers:
            raise SameReviewerError(
                "You decided this request. Another reviewer must decide the appeal."
            )

    def require_lines(self, decisions: Mapping[str, Decision]) -> None:
        """Require exactly one decision for each line of the open cycle.

        Raises:
            InvalidInputError: a line has no decision, or a decision is for another line.
        """
        require_lines(decisions, [line.line_id for line in self.lines_to_decide])

    def refusal(self, detail: str) -> ActionNotAllowedError:
        """The error for an action that is not allowed, with the providers' actions that are (T1)."""
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
        """The next version of the request with the fields of ``update``, and its event.

        Args:
            event_type: The event of the change.
            now: The time of the change.
            actor: Subject of the user who made it; ``None`` for the product.
            about_vendor: The delegated vendor that the event is about.
            update: Fields of the request with their new values.
        """
        times = {
            "updated_at": now,
            "internal_since": self.shown_at if EVENTS[event_type].internal else None,
            "unchanged_since": None
            if EVENTS[event_type].outdates_actions
            else self.unchanged_since or self.version,
        }
        after = self.model_copy(update={"version": self.version + 1, **times, **update})
        require_licensed(self, after, event_type, actor)
        event = event_of(after, event_type, actor, vendor_id=about_vendor)
        return Change(self.version, after, event)


class Comparison(NamedTuple):
    """The state of the member's approvals with which an approval was compared (S2).

    Storing the approval fails if the member has a later one. Otherwise two requests that are assessed
    at the same time could both be approved, because neither is compared with the other.
    """

    member_id: str
    last_approval: str | None
    """Id of the member's last approval at the comparison; ``None`` if there was none."""


class Change(NamedTuple):
    """A changed request with its event, as a use case stores it in one transaction.

    ``based_on`` is the version that the change replaces. ``unseen_by`` has the TINs that no longer see
    the request. ``other`` is the id and version of another request that must be unchanged.
    ``seen_documents`` has the ids of the new documents that the reviewer has seen; with ``all_seen``,
    the change is refused if there are other new documents.
    """

    based_on: int
    request: Request
    event: Event
    unseen_by: frozenset[str] = frozenset()
    other: tuple[str, int] | None = None
    seen_documents: frozenset[str] = frozenset()
    all_seen: bool = False
    before: Request | None = None
    """For an update: the request before it, whose duplicate lock the new one replaces."""
    original: bytes | None = None
    """For an update: its bundle as received, compressed with gzip."""
    documents: tuple[tuple[Document, Event | None], ...] = ()
    """For an update: the documents in it, each with an event if it is refused."""
    compared: Comparison | None = None
    """For an approval that was compared with others: see :class:`Comparison`."""
    reference: str | None = None
    """For an update: the identifier of its Claim, by which the request can be found as well."""

    @property
    def effects(self) -> EventRule:
        """The consequences of the change, from the table of event types."""
        return EVENTS[self.event.type]


@dataclass(frozen=True)
class _DueEvent:
    """An event of the cycle's deadline, and when it is due."""

    at: datetime
    event: EventType
    recorded_in: tuple[str, ...] = ()
    """The fields of the review that record the event, with the number of the cycle."""
