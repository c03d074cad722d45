"""The decision clock with pauses and extensions, compared with separately counted time (W2)."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from precert.domain.clocks import (
    REMINDER_INTERVAL,
    appeal_deadline,
    extension_days,
    information_deadline,
)
from precert.domain.event_types import EventType
from precert.domain.request import Change, Request
from precert.domain.reviewing import extend, offer_peer_to_peer, request_information
from precert.domain.statuses import Status, WaitingOn
from precert.domain.values import Urgency
from precert.names import Route
from precert.usecases.workflow import cycle_status_of, deadline_of
from tests.fakes import samples
from tests.property.test_clocks import CHANGES, INSTANTS, NEW_YORK

MINUTE: Final = timedelta(minutes=1)
CLOCKS: Final = samples.payer().review_clocks
BUSINESSES: Final = sorted(CLOCKS)
NEARED, PASSED = EventType.DEADLINE_APPROACHING, EventType.DEADLINE_PASSED


def submitted(at: datetime, urgency: str, business: str) -> Request:
    services = [samples.entered()["services"][0] | {"urgency": urgency}]
    plan = samples.PLAN.model_copy(update={"line_of_business": business})
    request = samples.request(
        Status.PROCESSING, content=samples.content(services=services), plan=plan
    )
    review = request.submitted.model_copy(update={"submitted_at": at})
    return request.model_copy(update={"review": review})


class ReviewClock(RuleBasedStateMachine):
    """A cycle with reviewer, provider and workflow actions in any order, until it is decided."""

    @initialize(
        at=INSTANTS,
        urgency=st.sampled_from(list(Urgency)),
        business=st.sampled_from(BUSINESSES),
    )
    def pend(self, at: datetime, urgency: Urgency, business: str) -> None:
        self.now = at
        self.clock = CLOCKS[business]
        request = submitted(at, urgency.value, business)
        deadline = deadline_of(request, samples.payer())
        self.request = request.pend(deadline, 10, at).request
        standard = timedelta(days=self.clock.standard_days)
        urgent = timedelta(hours=self.clock.expedited_hours)
        self.allowed = standard if urgency is Urgency.STANDARD else urgent
        self.used = timedelta()
        """The payer's own time, counted while it was the payer's turn."""
        self.result: list[EventType] = []
        self.latest = self.request.submitted.due_at

    def take(self, change: Change | None) -> None:
        if change is not None:
            self.request = change.request
            self.result.append(change.event.type)

    @rule(minutes=st.integers(1, 20 * 24 * 60))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE
        if self.request.waiting_on is WaitingOn.PAYER:
            self.used += minutes * MINUTE

    @rule()
    def workflow_looks(self) -> None:
        """At any frequency, and late."""
        self.take(self.request.check_deadline(self.now))

    @precondition(lambda self: self.request.waiting_on is WaitingOn.PAYER)
    @rule()
    def reviewer_requests_information(self) -> None:
        answer_by = information_deadline(self.now, self.request.urgency, self.clock)
        self.take(
            request_information(
                self.request, ["CLINICAL_NOTES"], None, answer_by=answer_by, by="r", now=self.now
            )
        )
        assert self.request.due_at == answer_by

    @rule()
    def providers_answer(self) -> None:
        self.take(self.request.receive_information(self.now))
        assert self.request.waiting_on is WaitingOn.PAYER

    @precondition(
        lambda self: (
            self.request.submitted.extension is None
            and self.request.waiting_on is WaitingOn.PAYER
            and self.request.urgency is Urgency.STANDARD
        )
    )
    @rule()
    def reviewer_extends(self) -> None:
        days = extension_days(self.request.urgency, self.clock)
        self.take(extend(self.request, days, "Why.", by="r", now=self.now))
        self.allowed += timedelta(days=days)
        self.result = [one for one in self.result if one not in (NEARED, PASSED)]

    @rule()
    def peer_to_peer_is_offered(self) -> None:
        before = self.request.due_at
        respond_by = self.now + timedelta(hours=24)
        self.take(
            offer_peer_to_peer(self.request, "800.882.4470", respond_by, by="r", now=self.now)
        )
        assert self.request.due_at == before

    @rule()
    def workflow_sleeps(self) -> None:
        """The execution resumes at the returned time, and finds a reminder due or nothing due."""
        standing = cycle_status_of(self.request, 1, samples.payer(), self.now)
        assert standing.route is Route.REVIEW
        self.time_passes_seconds(standing.seconds_to_next_check)
        self.take(self.request.check_deadline(self.now))
        after = cycle_status_of(self.request, 1, samples.payer(), self.now)
        clock = self.request.clock
        assert clock is not None
        ahead = [mark for mark in (clock.warn_at, clock.due_at) if mark > self.now]
        wakes = self.now + timedelta(seconds=after.seconds_to_next_check)
        assert wakes <= min(ahead, default=self.now + REMINDER_INTERVAL) + timedelta(seconds=1)

    def time_passes_seconds(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        if self.request.waiting_on is WaitingOn.PAYER:
            self.used += timedelta(seconds=seconds)

    @invariant()
    def due_is_what_is_left_of_the_payers_time(self) -> None:
        if self.request.waiting_on is WaitingOn.PAYER:
            assert self.request.due_at == self.now + self.allowed - self.used

    @invariant()
    def deadline_never_comes_nearer(self) -> None:
        due_at = self.request.submitted.due_at
        assert due_at is not None
        assert self.latest is not None
        assert due_at >= self.latest
        self.latest = due_at

    @invariant()
    def each_deadline_is_recorded_once(self) -> None:
        assert self.result.count(NEARED) <= 1
        assert self.result.count(PASSED) <= 1
        if PASSED in self.result:
            assert self.used >= self.allowed


ReviewClock.TestCase.settings = settings(max_examples=50, stateful_step_count=25)
TestReviewClock = pytest.mark.rule("W2")(ReviewClock.TestCase)


@pytest.mark.rule("W2")
@given(
    at=st.sampled_from(CHANGES).flatmap(
        lambda change: st.integers(-30 * 24 * 60, 60).map(lambda n: change + n * MINUTE)
    ),
    pause=st.integers(1, 30 * 24 * 60),
    zone=st.sampled_from([NEW_YORK, ZoneInfo("Africa/Cairo"), UTC]),
)
def test_elapsed_time_counts_when_clocks_change_in_between(
    at: datetime, pause: int, zone: ZoneInfo
) -> None:
    """In whatever zone the instants are written."""
    request = submitted(at.astimezone(zone), "STANDARD", BUSINESSES[0])
    deadline = deadline_of(request, samples.payer())
    pended = request.pend(deadline, 10, at.astimezone(zone)).request
    clock = CLOCKS[BUSINESSES[0]]
    answer_by = information_deadline(at.astimezone(zone), Urgency.STANDARD, clock)
    assert answer_by.astimezone(UTC) == at + timedelta(days=clock.information_standard_days)
    requested = request_information(
        pended, [], "Why?", answer_by=answer_by, by="r", now=at.astimezone(zone)
    ).request
    back = requested.receive_information((at + pause * MINUTE).astimezone(zone))
    assert back is not None
    extended = extend(back.request, 15, "Why.", by="r", now=at.astimezone(zone)).request
    due_at = extended.due_at
    assert due_at is not None
    expected = at + timedelta(days=clock.standard_days + 15) + pause * MINUTE
    assert due_at.astimezone(UTC) == expected


@pytest.mark.rule("W2", "W7")
@given(at=INSTANTS, expedited=st.booleans(), business=st.sampled_from(BUSINESSES))
def test_appeal_has_its_own_deadline_when_it_is_filed(
    at: datetime, expedited: bool, business: str
) -> None:
    clock = CLOCKS[business]
    hours, days = clock.appeal_expedited_hours, clock.appeal_standard_days
    expected = timedelta(hours=hours) if expedited else timedelta(days=days)
    deadline = appeal_deadline(at, expedited=expedited, clock=clock)
    assert deadline.due_at - at == expected
    assert at < deadline.warn_at < deadline.due_at
