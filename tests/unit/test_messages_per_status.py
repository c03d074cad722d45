"""Both providers get a message for every change of status, by whichever transition (T5)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import pytest

from precert.domain import disputing
from precert.domain.amending import amend
from precert.domain.assessment import Assessment
from precert.domain.clocks import Deadline
from precert.domain.decisions import Decision, ServiceLine
from precert.domain.event_types import MESSAGE_EVENT_TYPES, EventType
from precert.domain.request import Change, Request
from precert.domain.statuses import STATUSES, LineStatus, Status, Transition
from precert.domain.values import CodeType
from tests.fakes import samples
from tests.fakes.clock import START

DEADLINE: Final = Deadline(START + timedelta(days=10), START + timedelta(days=15), samples.clock())
LATER: Final = START + timedelta(days=1)
NOTHING: Final = Assessment(rule_list="1", assessed_at=START, lines=())
OUTCOMES: Final = {
    Status.APPROVED: (LineStatus.APPROVED, LineStatus.APPROVED),
    Status.PARTIALLY_APPROVED: (LineStatus.APPROVED, LineStatus.DENIED),
    Status.DENIED: (LineStatus.DENIED, LineStatus.DENIED),
}
QUIET: Final = frozenset(
    {
        EventType.DRAFT_STARTED,
        EventType.DRAFT_DELETED,
        EventType.DRAFT_EXPIRING,
        EventType.DRAFT_EXPIRED,
        EventType.INFORMATION_REQUESTED,
        EventType.INFORMATION_RECEIVED,
        EventType.INFORMATION_OVERDUE,
        EventType.DEADLINE_EXTENDED,
        EventType.PEER_TO_PEER_OFFERED,
        EventType.CASE_ASSIGNED,
        EventType.CASE_RELEASED,
        EventType.INTAKE_CONFIRMED,
        EventType.DECISION_PROPOSED,
        EventType.DECISION_RETURNED,
        EventType.NOTE_ADDED,
        EventType.CASE_REASSIGNED,
        EventType.DATES_CHANGED,
        EventType.PROVIDER_RECONCILED,
        EventType.NOTICES_ISSUED,
        EventType.DEADLINE_APPROACHING,
        EventType.VENDOR_DEADLINE_APPROACHING,
        EventType.VENDOR_DEADLINE_PASSED,
        EventType.DEADLINE_PASSED,
        EventType.DEEMED_DENIAL_DUE,
        EventType.DOCUMENT_ATTACHED,
        EventType.DOCUMENT_REFUSED,
        EventType.DOCUMENT_DELETED,
        EventType.APPEAL_FILED,
        EventType.APPEAL_PENDED,
    }
)
"""Events that do not change the status of a request; one with a message need not be listed."""

Walked = tuple[Status, Transition, Change]


def decided(outcome: Status, by: str = "reviewer-1") -> dict[str, Decision]:
    first, second = OUTCOMES[outcome]
    return {"1.1": samples.decision(first, by=by), "1.2": samples.decision(second, by=by)}


def appealed(status: Status) -> Request:
    """With an appeal of each denied line."""
    request = samples.request(status)
    lines = [line.line_id for line in request.submitted.lines if line.status is LineStatus.DENIED]
    return disputing.file_appeal(
        request,
        lines,
        reason="New findings.",
        expedited=False,
        payer=samples.payer(),
        by="provider",
        now=START + timedelta(days=1),
    ).request


def walk_mixed() -> Iterator[Walked]:
    """The payer decides the first line, a delegated vendor the second."""
    mixed = samples.delegated(Status.PROCESSING, samples.delegation("1.2"))
    own = {"1.1": samples.decision(LineStatus.DENIED)}
    determined = mixed.determine(own, "reviewer-1", START)
    yield Status.PROCESSING, Transition.DETERMINE, determined
    filed = disputing.file_appeal(
        determined.request,
        ["1.1"],
        reason="New findings.",
        expedited=False,
        payer=samples.payer(),
        by="provider",
        now=LATER,
    )
    vendors = {"1.2": samples.decision(LineStatus.APPROVED, by="vendor")}
    reported = filed.request.report("EVICORE-RAD", vendors, samples.report_of(LATER), LATER)
    assert reported is not None
    yield Status.PENDING, Transition.REPORT, reported


def walk_updates() -> Iterator[Walked]:
    """The submitter adds or cancels lines, and then all of them."""
    added = ServiceLine(line_id="2.1", code="99213", code_type=CodeType.CPT)
    mixed = samples.delegated(Status.PROCESSING, samples.delegation("1.2"))
    own = {"1.1": samples.decision(LineStatus.APPROVED)}
    partly = mixed.determine(own, "reviewer-1", START).request
    for request, lines, cancelled in (
        (samples.request(Status.PENDING), (), {"1.1"}),
        (samples.request(Status.PENDING), (), {"1.1", "1.2"}),
        (samples.request(Status.APPROVED), (added,), set[str]()),
        (samples.request(Status.APPROVED), (), {"1.1", "1.2"}),
        (partly, (), {"1.2"}),
    ):
        change = amend(
            request,
            request.content,
            lines,
            cancelled,
            by="provider",
            now=LATER,
            payer=samples.payer(),
        )
        yield request.status, Transition.AMEND, change


def walk() -> Iterator[Walked]:
    """Every transition that may change the status of a submitted request, with each outcome."""
    entered, pending = samples.request(Status.PROCESSING), samples.request(Status.PENDING)
    yield Status.PROCESSING, Transition.PEND, entered.pend(DEADLINE, 10, START)
    yield (
        Status.PROCESSING,
        Transition.DELEGATE,
        entered.delegate([samples.delegation()], NOTHING, START),
    )
    ended = entered.end_as_duplicate(pending, NOTHING, START)
    yield Status.PROCESSING, Transition.END_AS_DUPLICATE, ended
    for request in (entered, pending):
        yield request.status, Transition.VOID, request.void("entered twice", "provider", START)
        for outcome in OUTCOMES:
            change = request.determine(decided(outcome), "reviewer-1", START)
            yield request.status, Transition.DETERMINE, change
    for status in (Status.PENDING, *OUTCOMES):
        for outcome in OUTCOMES:
            reported = samples.delegated(status).report(
                "EVICORE-RAD", decided(outcome, "vendor"), samples.report_of(LATER), LATER
            )
            assert reported is not None
            yield status, Transition.REPORT, reported
    yield from walk_mixed()
    yield from walk_updates()
    for status in (Status.PARTIALLY_APPROVED, Status.DENIED):
        request = appealed(status)
        expected = {line.line_id for line in request.lines_to_decide}
        for outcome in OUTCOMES:
            decisions = {
                line_id: decision
                for line_id, decision in decided(outcome, "reviewer-2").items()
                if line_id in expected
            }
            change = disputing.determine_appeal(request, decisions, "reviewer-2", START)
            yield status, Transition.DETERMINE_APPEAL, change


WALK: Final = tuple(walk())
CHANGED: Final = [
    (before, transition, change)
    for before, transition, change in WALK
    if change.request.status is not before
]
STATUS_CHANGING: Final = {change.event.type for _, _, change in CHANGED} | {
    EventType.REQUEST_SUBMITTED
}
"""Events of a change of status; a submission's is written by its use case."""


@pytest.mark.rule("T5")
@pytest.mark.parametrize(
    ("before", "transition", "change"),
    CHANGED,
    ids=[f"{before.name}-{how.name}-{c.request.status.name}" for before, how, c in CHANGED],
)
def test_both_providers_get_a_message_when_the_status_changes(
    before: Status, transition: Transition, change: Change
) -> None:
    assert change.event.status is change.request.status is not before
    assert change.event.type in MESSAGE_EVENT_TYPES
    assert set(change.event.tins) == {samples.PROVIDER_TIN, samples.FACILITY_TIN}
    assert samples.payer().messages[change.event.type.value]


@pytest.mark.rule("T5")
def test_walk_is_complete_when_the_table_of_transitions_is_read() -> None:
    """A transition added to the table has to be added to the walk."""
    possible = {
        (status, transition, end)
        for status, rule in STATUSES.items()
        for transition, ends in rule.transitions.items()
        for end in ends
        if end is not status and status is not Status.INCOMPLETE
    }
    assert {(before, how, c.request.status) for before, how, c in CHANGED} == possible


@pytest.mark.rule("T5")
@pytest.mark.parametrize("kind", EventType)
def test_event_has_a_message_when_it_changes_a_status(kind: EventType) -> None:
    """An event type without a message is listed as one that does not change the status."""
    assert kind in MESSAGE_EVENT_TYPES or kind in QUIET - STATUS_CHANGING
    assert kind not in STATUS_CHANGING & QUIET
