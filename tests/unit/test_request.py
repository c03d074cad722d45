"""The lifecycle of a request: submission, pend, determination, appeal, void."""

from datetime import datetime, timedelta
from typing import Final

import pytest

from precert.domain import disputing
from precert.domain.clocks import Deadline
from precert.domain.decisions import service_lines_of
from precert.domain.errors import ActionNotAllowedError, InvalidInputError, SameReviewerError
from precert.domain.event_types import EVENTS, EventType
from precert.domain.request import Change, Request
from precert.domain.reviewing import request_information
from precert.domain.rows import row_of_request
from precert.domain.statuses import AppealStatus, LineStatus, Status, WaitingOn
from precert.domain.values import Urgency
from tests.fakes import samples
from tests.fakes.clock import START

APPROVED, DENIED = LineStatus.APPROVED, LineStatus.DENIED
DEADLINE: Final = Deadline(START + timedelta(days=10), START + timedelta(days=15), samples.clock())
APPEAL_DEADLINE: Final = Deadline(
    START + timedelta(days=22), START + timedelta(days=30), DEADLINE.clock
)

PAYER: Final = samples.payer()
DETERMINED: Final = (Status.APPROVED, Status.PARTIALLY_APPROVED, Status.DENIED)


def pended() -> Request:
    return samples.request(Status.PROCESSING).pend(DEADLINE, 10, START).request


def determine(request: Request, first: LineStatus, second: LineStatus) -> Change:
    decisions = {"1.1": samples.decision(first), "1.2": samples.decision(second)}
    return request.determine(decisions, "reviewer-1", START)


def appeal(request: Request, *line_ids: str, after: timedelta = timedelta(days=1)) -> Change:
    return disputing.file_appeal(
        request,
        line_ids,
        reason="New findings.",
        expedited=False,
        payer=samples.payer(),
        by="provider",
        now=START + after,
    )


def test_review_begins_when_a_submitted_request_pends() -> None:
    before = samples.request(Status.PROCESSING)
    change = before.pend(DEADLINE, 10, START)
    after = change.request
    assert (after.status, after.document_slots, after.due_at) == (
        Status.PENDING,
        10,
        DEADLINE.due_at,
    )
    assert (change.based_on, after.version) == (before.version, before.version + 1)
    assert change.event.type is EventType.REQUEST_PENDED
    assert change.event.event_id == f"{samples.REQUEST_ID}.{after.version:06d}"


@pytest.mark.rule("W3")
@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        (APPROVED, APPROVED, Status.APPROVED),
        (APPROVED, DENIED, Status.PARTIALLY_APPROVED),
        (DENIED, DENIED, Status.DENIED),
    ],
)
def test_request_status_follows_when_every_line_is_decided(
    first: LineStatus, second: LineStatus, whole: Status
) -> None:
    change = determine(pended(), first, second)
    assert change.request.status is whole
    assert change.event.status is whole
    assert [line.status for line in change.request.submitted.lines] == [first, second]


@pytest.mark.parametrize("lines", [{"1.1"}, {"1.1", "1.2", "2.1"}, set()])
def test_decision_is_rejected_when_lines_are_missing_or_unknown(lines: set[str]) -> None:
    decisions = {line: samples.decision(APPROVED) for line in lines}
    with pytest.raises(InvalidInputError):
        pended().determine(decisions, "reviewer-1", START)


@pytest.mark.rule("W5")
@pytest.mark.parametrize("status", [s for s in Status if s not in {"PROCESSING", "PENDING"}])
def test_determination_and_void_are_rejected_when_no_cycle_is_open(status: Status) -> None:
    request = samples.request(status)
    with pytest.raises(ActionNotAllowedError):
        determine(request, APPROVED, APPROVED)
    with pytest.raises(ActionNotAllowedError) as raised:
        request.void("Not needed.", "provider", START)
    assert raised.value.extensions["request_status"] == status.value
    with pytest.raises(ActionNotAllowedError):
        request.pend(DEADLINE, 10, START)


@pytest.mark.parametrize("status", [Status.PROCESSING, Status.PENDING])
def test_request_is_void_when_it_is_withdrawn_before_its_decision(status: Status) -> None:
    change = samples.request(status).void("Not needed.", "provider", START)
    assert change.request.status is Status.VOID
    assert change.request.submitted.void_reason == "Not needed."
    assert change.request.waiting_on is WaitingOn.NONE
    assert change.event.actor == "provider"


@pytest.mark.parametrize(
    ("decision", "line", "whole"),
    [
        (DENIED, DENIED, Status.PARTIALLY_APPROVED),
        (APPROVED, APPROVED, Status.APPROVED),
    ],
)
def test_denial_is_upheld_or_overturned_when_the_appeal_is_decided(
    decision: LineStatus, line: LineStatus, whole: Status
) -> None:
    filed = appeal(samples.request(Status.PARTIALLY_APPROVED), "1.2").request
    waiting = disputing.pend_appeal(filed, APPEAL_DEADLINE, START).request
    assert (waiting.status, waiting.due_at) == (
        Status.PARTIALLY_APPROVED,
        APPEAL_DEADLINE.due_at,
    )
    decided = disputing.determine_appeal(
        waiting, {"1.2": samples.decision(decision, by="reviewer-2", cycle=2)}, "reviewer-2", START
    ).request
    assert (decided.submitted.lines[1].status, decided.status) == (line, whole)
    assert decided.submitted.appeals[0].status is AppealStatus.DETERMINED
    assert decided.submitted.lines[0].decisions == filed.submitted.lines[0].decisions
    assert decided.due_at is None


def test_one_line_is_overturned_when_only_it_is_appealed() -> None:
    filed = appeal(samples.request(Status.DENIED), "1.2").request
    assert [line.line_id for line in filed.lines_to_decide] == ["1.2"]
    decisions = {"1.2": samples.decision(APPROVED, by="reviewer-2", cycle=2)}
    assert disputing.determine_appeal(filed, decisions, "reviewer-2", START).request.status is (
        Status.PARTIALLY_APPROVED
    )


@pytest.mark.rule("W7")
def test_appeal_decision_is_rejected_when_its_reviewer_decided_before() -> None:
    filed = appeal(samples.request(Status.DENIED), "1.1").request
    decisions = {"1.1": samples.decision(APPROVED, by="reviewer-2", cycle=2)}
    with pytest.raises(SameReviewerError):
        disputing.determine_appeal(filed, decisions, "reviewer-1", START)
    own = {"1.1": samples.decision(APPROVED, by="reviewer-1", cycle=2)}
    with pytest.raises(SameReviewerError):
        disputing.determine_appeal(filed, own, "reviewer-2", START)
    disputing.determine_appeal(filed, decisions, "reviewer-2", START)


def test_second_appeal_needs_a_third_reviewer_when_the_first_was_upheld() -> None:
    request = samples.request(Status.DENIED)
    for cycle, reviewer in ((2, "reviewer-2"), (3, "reviewer-3")):
        filed = appeal(request, "1.1").request
        decisions = {"1.1": samples.decision(DENIED, by=reviewer, cycle=cycle)}
        for earlier in ("reviewer-1", "reviewer-2")[: cycle - 1]:
            with pytest.raises(SameReviewerError):
                disputing.determine_appeal(filed, decisions, earlier, START)
        request = disputing.determine_appeal(filed, decisions, reviewer, START).request
    assert request.submitted.cycle == 3


@pytest.mark.parametrize(
    ("line_ids", "codes"),
    [
        ((), ["missing"]),
        (("1.1",), ["not_appealable"]),
        (("1.2", "9.9"), ["not_appealable"]),
    ],
)
def test_appeal_is_rejected_when_a_line_was_not_denied(
    line_ids: tuple[str, ...], codes: list[str]
) -> None:
    with pytest.raises(InvalidInputError) as raised:
        appeal(samples.request(Status.PARTIALLY_APPROVED), *line_ids)
    assert [error.code for error in raised.value.errors] == codes


@pytest.mark.parametrize(
    "status",
    [Status.INCOMPLETE, Status.PROCESSING, Status.PENDING, Status.APPROVED, Status.VOID],
)
def test_appeal_is_rejected_when_no_line_was_denied(status: Status) -> None:
    with pytest.raises(ActionNotAllowedError):
        appeal(samples.request(status), "1.1")


def test_second_appeal_is_rejected_when_one_is_open() -> None:
    filed = appeal(samples.request(Status.DENIED), "1.1").request
    with pytest.raises(ActionNotAllowedError) as raised:
        appeal(filed, "1.2")
    assert raised.value.extensions["allowed_actions"] == ["DETAILS", "MODIFY"]


def test_line_is_appealed_once_when_it_is_named_twice() -> None:
    filed = appeal(samples.request(Status.DENIED), "1.1", "1.1").request
    assert filed.submitted.appeals[0].line_ids == ("1.1",)


@pytest.mark.rule("W7")
def test_appeal_is_accepted_until_the_end_of_the_day_when_the_notice_states_it() -> None:
    request = samples.request(Status.DENIED)
    # Determined at eleven on July 1; the clocks are set back in between.
    over = datetime(2026, 12, 29, tzinfo=samples.payer().zone) - START
    last = over - timedelta(microseconds=1)
    assert appeal(request, "1.1", after=last).request.submitted.cycle == 2
    with pytest.raises(ActionNotAllowedError, match="action_not_allowed"):
        appeal(request, "1.1", after=over)


def test_filing_period_restarts_when_an_appeal_was_decided() -> None:
    filed = appeal(samples.request(Status.DENIED), "1.1", after=timedelta(days=170)).request
    later = START + timedelta(days=190)
    upheld = disputing.determine_appeal(
        filed, {"1.1": samples.decision(DENIED, by="reviewer-2", cycle=2)}, "reviewer-2", later
    ).request
    assert appeal(upheld, "1.2", after=timedelta(days=370)).request.submitted.cycle == 3


@pytest.mark.rule("W2")
def test_reminder_and_escalation_occur_once_each_when_a_cycle_is_not_decided() -> None:
    request = pended()
    assert request.check_deadline(DEADLINE.warn_at - timedelta(seconds=1), PAYER) is None
    warned = request.check_deadline(DEADLINE.warn_at, PAYER)
    assert warned is not None
    assert warned.event.type is EventType.DEADLINE_APPROACHING
    assert warned.request.check_deadline(DEADLINE.due_at - timedelta(seconds=1), PAYER) is None
    passed = warned.request.check_deadline(DEADLINE.due_at, PAYER)
    assert passed is not None
    assert passed.event.type is EventType.DEADLINE_PASSED
    assert passed.request.status is Status.PENDING
    assert passed.request.check_deadline(DEADLINE.due_at + timedelta(days=9), PAYER) is None


@pytest.mark.rule("W2")
def test_information_deadline_expires_once_when_it_is_checked_early_and_late() -> None:
    escalated = pended().check_deadline(DEADLINE.due_at, PAYER)
    assert escalated is not None
    for before in (pended(), escalated.request):
        answer_by = DEADLINE.due_at + timedelta(days=45)
        requested = request_information(
            before, (), "Since when?", payer=PAYER, by="reviewer", now=DEADLINE.due_at
        ).request
        assert requested.check_deadline(answer_by - timedelta(seconds=1), PAYER) is None
        over = requested.check_deadline(answer_by, PAYER)
        assert over is not None
        assert over.event.type is EventType.INFORMATION_OVERDUE
        assert over.request.waiting_on is WaitingOn.PAYER


def test_only_the_escalation_is_recorded_when_no_check_ran_before() -> None:
    passed = pended().check_deadline(DEADLINE.due_at + timedelta(days=1), PAYER)
    assert passed is not None
    assert passed.event.type is EventType.DEADLINE_PASSED
    assert passed.request.check_deadline(DEADLINE.due_at + timedelta(days=2), PAYER) is None


@pytest.mark.rule("W2")
def test_reminder_is_recorded_again_when_an_appeal_opens_another_cycle() -> None:
    passed = pended().check_deadline(DEADLINE.due_at, PAYER)
    assert passed is not None
    denied = determine(passed.request, DENIED, DENIED).request
    assert denied.check_deadline(DEADLINE.due_at + timedelta(days=1), PAYER) is None
    filed = appeal(denied, "1.1").request
    assert filed.check_deadline(APPEAL_DEADLINE.due_at, PAYER) is None
    waiting = disputing.pend_appeal(filed, APPEAL_DEADLINE, START).request
    assert waiting.check_deadline(APPEAL_DEADLINE.warn_at - timedelta(seconds=1), PAYER) is None
    again = waiting.check_deadline(APPEAL_DEADLINE.due_at, PAYER)
    assert again is not None
    assert (again.event.type, again.event.cycle) == (EventType.DEADLINE_PASSED, 2)


@pytest.mark.parametrize("status", [Status.INCOMPLETE, *DETERMINED, Status.VOID])
def test_no_clock_runs_when_no_cycle_is_open(status: Status) -> None:
    request = samples.request(status)
    assert request.check_deadline(START + timedelta(days=999), PAYER) is None
    assert request.due_at is None
    assert request.lines_to_decide == ()


@pytest.mark.parametrize("status", Status)
def test_waiting_on_follows_from_the_status_when_a_request_is_read(status: Status) -> None:
    turns = {
        Status.INCOMPLETE: WaitingOn.PROVIDER,
        Status.PROCESSING: WaitingOn.PAYER,
        Status.PENDING: WaitingOn.PAYER,
    }
    assert samples.request(status).waiting_on is turns.get(status, WaitingOn.NONE)


def test_waiting_on_is_the_payer_when_an_appeal_is_open() -> None:
    filed = appeal(samples.request(Status.DENIED), "1.1").request
    assert (filed.waiting_on, filed.status) == (WaitingOn.PAYER, Status.DENIED)


@pytest.mark.parametrize(
    ("urgencies", "shortest"),
    [
        ((), Urgency.STANDARD),
        (("STANDARD",), Urgency.STANDARD),
        (("STANDARD", "EXPEDITED"), Urgency.EXPEDITED),
        (("EXPEDITED", "EMERGENCY", "STANDARD"), Urgency.EMERGENCY),
    ],
)
def test_shortest_clock_applies_when_services_differ(
    urgencies: tuple[str, ...], shortest: Urgency
) -> None:
    [service] = samples.entered()["services"]
    services = [service | {"urgency": urgency} for urgency in urgencies]
    request = samples.request(content=samples.content(services=services))
    assert request.urgency is shortest


def test_lines_are_in_order_of_entry_when_services_are_read() -> None:
    [service] = samples.entered()["services"]
    content = samples.content(services=[service, service | {"procedures": []}])
    assert [(line.line_id, line.code) for line in service_lines_of(content.services)] == [
        ("1.1", "44120"),
        ("1.2", "44121"),
        ("2.1", None),
    ]


@pytest.mark.rule("T2", "A3")
@pytest.mark.parametrize("event_type", EventType)
def test_lists_of_providers_move_when_they_see_the_change_only(event_type: EventType) -> None:
    request, later = samples.request(Status.PENDING), START + timedelta(hours=1)
    after = request.changed(event_type, later).request
    shown = START if EVENTS[event_type].internal else later
    assert (after.updated_at, after.shown_at, row_of_request(after).updated_at) == (
        *(later, shown),
        shown,
    )
    again = after.changed(EventType.NOTE_ADDED, later + timedelta(hours=1)).request
    assert again.shown_at == shown
    moved = again.changed(EventType.DEADLINE_PASSED, later + timedelta(hours=2)).request
    assert (moved.shown_at, moved.internal_since) == (later + timedelta(hours=2), None)


def test_action_applies_when_nothing_that_outdates_it_was_recorded_since() -> None:
    request = pended().model_copy(update={"version": 7, "unchanged_since": 5})
    accepted = [version for version in range(3, 10) if request.accepts_version(version)]
    assert accepted == [5, 6, 7]
    alone = request.model_copy(update={"unchanged_since": None})
    assert [version for version in range(3, 10) if alone.accepts_version(version)] == [7]
