"""Nothing reaches a denial or a reduction without a licensed person (W10): all changes."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from types import ModuleType
from typing import Any, Final

import pytest

from precert.domain import case_assignment, disputing, operator_actions, proposals, reviewing
from precert.domain.assessment import Assessment
from precert.domain.clocks import Deadline
from precert.domain.decisions import SYSTEM, Approved, DecidingRole, Decision, ServiceLine
from precert.domain.delegation import RecordedReport
from precert.domain.determination import is_worse
from precert.domain.disputes import DiscussionOutcome, DisputeKind
from precert.domain.errors import PrecertError
from precert.domain.event_types import EVENTS, EventType
from precert.domain.matching import ProviderRole
from precert.domain.request import Change, Request
from precert.domain.review import IntakeException
from precert.domain.statuses import LINE_STATUSES, STATUSES, LineStatus, Status, Transition
from precert.domain.values import UnitType
from tests.fakes import samples
from tests.fakes.clock import START

PAYER: Final = samples.payer()
PHYSICIAN: Final = "reviewer-9"
NEAR: Final = Deadline(START + timedelta(days=1), START + timedelta(days=2), samples.clock())
LONG_AFTER: Final = START + timedelta(days=1000)
NOTHING: Final = Assessment(rule_list="1", assessed_at=START, lines=())
GRANTED: Final = Approved(
    code="44121",
    units=2,
    unit_type=UnitType.UNITS,
    from_date=date(2026, 7, 20),
    to_date=date(2026, 7, 22),
)
ADVERSE: Final = (LineStatus.DENIED, LineStatus.MODIFIED)

Attempt = Callable[[Request, LineStatus, str, DecidingRole], Change | None]


def decisions(
    request: Request, status: LineStatus, by: str, role: DecidingRole
) -> dict[str, Decision]:
    """A decision of each open line; built without validation, as a defect would."""
    review = request.submitted
    lines = request.lines_to_decide or review.lines
    return {
        line.line_id: samples.decision(LineStatus.APPROVED, cycle=review.cycle).model_copy(
            update={
                "status": status,
                "decided_by": by,
                "decided_as": role,
                "approved": GRANTED if status.rule.approves else None,
            }
        )
        for line in lines
    }


def decided_lines(
    request: Request, status: LineStatus, by: str, role: DecidingRole
) -> tuple[ServiceLine, ...]:
    """The lines of the request, each with one decision."""
    decided = decisions(request, status, by, role)
    return tuple(
        line.model_copy(update={"decisions": (decided[line.line_id],)})
        for line in request.submitted.lines
    )


def moved(request: Request, status: LineStatus, by: str, role: DecidingRole) -> dict[str, Decision]:
    """The decisions in effect with other dates; with ``refuse`` for a shorter period."""
    shorter = {"to_date": GRANTED.from_date} if status.rule.adverse else {}
    return {
        line.line_id: line.decisions[-1].model_copy(
            update={
                "approved": GRANTED.model_copy(update=shorter),
                "date_change_reason": "Ill.",
                "decided_by": by,
                "decided_as": role,
            }
        )
        for line in request.submitted.lines
        if line.status.rule.approves
    }


def proposed(request: Request, status: LineStatus, by: str, role: DecidingRole) -> Change:
    return proposals.propose(request, decisions(request, status, by, role), by, START)


def appealed(request: Request) -> Change:
    return disputing.file_appeal(
        request,
        [line.line_id for line in request.submitted.lines if line.adverse],
        reason="New findings.",
        expedited=False,
        payer=samples.payer(),
        by="provider",
        now=START,
    )


def disputed(request: Request, kind: DisputeKind) -> Change:
    lines = [line.line_id for line in request.submitted.lines if line.adverse]
    return disputing.file_dispute(
        request, kind, lines, reason="New findings.", by="provider", now=START
    )


def offered(request: Request) -> Request:
    change = reviewing.offer_peer_to_peer(request, "800.555.0100", NEAR.due_at, by="r", now=START)
    assert change is not None
    return change.request


def delegated(request: Request) -> Request:
    review = request.submitted.model_copy(update={"ownership": (samples.delegation(),)})
    return request.model_copy(update={"review": review})


def report_by(subject: str) -> RecordedReport:
    return samples.report_of(START).model_copy(update={"reported_by": subject})


def with_open_rfi(request: Request) -> Request:
    return reviewing.request_information(
        request, (), "Since when?", payer=PAYER, by="r", now=START
    ).request


def registered(request: Request) -> Request:
    exceptions = (IntakeException.PLAN_NOT_SUPPORTED,)
    review = request.submitted.model_copy(update={"intake_exceptions": exceptions})
    return request.model_copy(update={"review": review})


CHANGES: Final[Mapping[str, Attempt]] = {
    "Request.pend": lambda one, *_: one.pend(NEAR, 10, START),
    "Request.delegate": lambda one, *_: one.delegate([samples.delegation()], NOTHING, START),
    "Request.end_as_duplicate": lambda one, *_: one.end_as_duplicate(one, NOTHING, START),
    "Request.determine": lambda one, *how: one.determine(decisions(one, *how), how[1], START),
    "Request.report": lambda one, *how: delegated(one).report(
        samples.VENDOR.vendor_id, decisions(one, *how), report_by(how[1]), START
    ),
    "Request.check_vendor_deadline": lambda one, *_: delegated(one).check_vendor_deadline(
        samples.VENDOR.vendor_id, LONG_AFTER
    ),
    "Request.void": lambda one, *_: one.void("Not needed.", "provider", START),
    "disputing.file_appeal": lambda one, *_: appealed(one),
    "disputing.pend_appeal": lambda one, *_: disputing.pend_appeal(
        appealed(one).request, NEAR, START
    ),
    "disputing.determine_appeal": lambda one, *how: disputing.determine_appeal(
        appealed(one).request, decisions(appealed(one).request, *how), how[1], START
    ),
    "disputing.file_dispute": lambda one, *_: disputed(one, DisputeKind.RECONSIDERATION),
    "disputing.close_discussion": lambda one, *_: disputing.close_discussion(
        disputed(one, DisputeKind.PEER_TO_PEER).request, DiscussionOutcome.UPHELD, "r", START
    ),
    "Request.check_deadline": lambda one, *_: one.check_deadline(LONG_AFTER, PAYER),
    "Request.receive_information": lambda one, *_: with_open_rfi(one).receive_information(
        START, PAYER
    ),
    "Request.changed": lambda one, *how: one.changed(
        EventType.DEADLINE_PASSED,
        START,
        actor=how[1],
        review=one.submitted.model_copy(update={"lines": decided_lines(one, *how)}),
    ),
    "reviewing.review_changed": lambda one, *how: reviewing.review_changed(
        one, EventType.DEADLINE_PASSED, how[1], START, lines=decided_lines(one, *how)
    ),
    "case_assignment.assign": lambda one, *_: case_assignment.assign(one, "r", NEAR.due_at, START),
    "case_assignment.release": lambda one, *_: case_assignment.release(one, "r", START),
    "reviewing.request_information": lambda one, *_: reviewing.request_information(
        one, (), "Since when?", payer=PAYER, by="r", now=START
    ),
    "reviewing.request_more_documents": lambda one, *_: reviewing.request_more_documents(
        with_open_rfi(one), ("CLINICAL_NOTES",), ("Notes",), payer=PAYER, by="r", now=START
    ),
    "reviewing.extend": lambda one, *_: reviewing.extend(
        one, "Later.", payer=PAYER, by="r", now=START
    ),
    "reviewing.offer_peer_to_peer": lambda one, *_: reviewing.offer_peer_to_peer(
        one, "800.555.0100", NEAR.due_at, by="r", now=START
    ),
    "reviewing.record_peer_to_peer": lambda one, *_: reviewing.record_peer_to_peer(
        offered(one), DiscussionOutcome.UPHELD, by="r", now=START
    ),
    "proposals.propose": proposed,
    "proposals.return_proposal": lambda one, *how: proposals.return_proposal(
        proposed(one, *how).request, how[1], START, comment="Name the criterion."
    ),
    "case_assignment.reassign": lambda one, *_: case_assignment.reassign(
        one, "s", NEAR.due_at, "r", START
    ),
    "reviewing.add_note": lambda one, *_: reviewing.add_note(one, "Called.", "r", START),
    "operator_actions.change_dates": lambda one, *how: operator_actions.change_dates(
        one, moved(one, *how), by=how[1], now=START
    ),
    "operator_actions.confirm_intake": lambda one, *_: operator_actions.confirm_intake(
        registered(one), "The plan agrees.", by="operator", now=START
    ),
    "operator_actions.reconcile_provider": lambda one, *_: operator_actions.reconcile_provider(
        one,
        ProviderRole.SERVICING_PROVIDER,
        next(iter(samples.directory().values())),
        by="operator",
        now=START,
    ),
}
"""Each function that changes a submitted request, tried with a decision of each kind and role."""


def functions_with_a_change() -> Iterator[str]:
    for where in (Request, reviewing, case_assignment, proposals, disputing, operator_actions):
        name = where.__name__.rpartition(".")[2]
        for member, function in inspect.getmembers(where, inspect.isfunction):
            own = not isinstance(where, ModuleType) or function.__module__ == where.__name__
            returned = str(function.__annotations__.get("return"))
            # What is derived from a change is part of it.
            of_change = function.__annotations__.get("change") is Change
            if own and not member.startswith("_") and "Change" in returned and not of_change:
                yield f"{name}.{member}"


def requests() -> Iterator[Request]:
    """A submitted request in each status, the lines approved with a period."""
    for status in Status:
        if status is not Status.INCOMPLETE:
            request = samples.request(status)
            lines = tuple(
                line.model_copy(
                    update={
                        "decisions": tuple(
                            one.model_copy(update={"approved": GRANTED})
                            if one.status.rule.approves
                            else one
                            for one in line.decisions
                        )
                    }
                )
                for line in request.submitted.lines
            )
            review = request.submitted.model_copy(update={"lines": lines})
            yield request.model_copy(update={"review": review})


def attempted(name: str, request: Request, *how: Any) -> Change | None:
    """The change, or ``None`` where it is refused or stopped."""
    try:
        return CHANGES[name](request, *how)
    except (PrecertError, AssertionError, ValueError):
        return None


def refused(before: Request, after: Request) -> list[Decision]:
    """New decisions that deny or reduce something."""
    found = []
    for line in after.submitted.lines:
        old = before.submitted.line(line.line_id)
        earlier = old.decisions[-1] if old and old.decisions else None
        last = line.decisions[-1] if line.decisions else None
        if last is not None and last != earlier and (last.adverse or is_worse(last, earlier)):
            found.append(last)
    return found


@pytest.mark.rule("W10")
def test_every_change_is_tried_when_the_domain_is_searched() -> None:
    assert set(functions_with_a_change()) == set(CHANGES)


@pytest.mark.rule("W10")
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("status", [*ADVERSE, LineStatus.APPROVED])
def test_nothing_is_refused_when_no_licensed_person_decides(name: str, status: LineStatus) -> None:
    for request in requests():
        for by, role in (
            (SYSTEM, DecidingRole.RULES),
            ("operator", DecidingRole.RULES),
            ("a-user", DecidingRole.RULES),
        ):
            change = attempted(name, request, status, by, role)
            if change is not None:
                assert refused(request, change.request) == [], (request.status, change.event)


@pytest.mark.rule("W10")
@pytest.mark.parametrize("name", CHANGES)
def test_refusal_names_its_licensed_person_when_one_is_recorded(name: str) -> None:
    seen = 0
    for request in requests():
        for status in ADVERSE:
            role = DecidingRole.VENDOR if name == "Request.report" else DecidingRole.PHYSICIAN
            change = attempted(name, request, status, PHYSICIAN, role)
            for decision in refused(request, change.request) if change else ():
                seen += 1
                assert change is not None
                assert change.event.actor in decision.persons
                assert decision.decided_as is role
                assert EVENTS[change.event.type].decides_lines
    decides = name in {"Request.determine", "Request.report", "disputing.determine_appeal"}
    assert (seen > 0) is decides


@pytest.mark.rule("W10")
def test_change_is_stopped_when_its_actor_is_not_who_decided() -> None:
    request = samples.request(Status.PENDING)
    denial = decisions(request, LineStatus.DENIED, PHYSICIAN, DecidingRole.PHYSICIAN)
    with pytest.raises(AssertionError, match="licensed"):
        request.determine(denial, "operator", START)
    assert request.determine(denial, PHYSICIAN, START).request.status is Status.DENIED


@pytest.mark.rule("W10")
def test_decision_is_not_built_when_rules_would_refuse_something() -> None:
    def built(status: LineStatus, by: str, role: DecidingRole) -> Decision:
        return Decision(status=status, cycle=1, decided_at=START, decided_by=by, decided_as=role)

    for status in LINE_STATUSES:
        for by, role in ((SYSTEM, DecidingRole.REVIEWER), ("r", DecidingRole.RULES)):
            if status.rule.adverse:
                with pytest.raises(ValueError, match="licensed"):
                    built(status, by, role)
            else:
                assert built(status, by, role).status is status


@pytest.mark.rule("W10")
def test_transitions_to_a_refusal_are_determinations_when_the_table_is_read() -> None:
    refusals = {Status.PARTIALLY_APPROVED, Status.DENIED}
    reaching = {
        transition
        for status, rule in STATUSES.items()
        for transition, ends in rule.transitions.items()
        if ends & refusals - {status}
    }
    assert reaching == {
        Transition.DETERMINE,
        Transition.REPORT,
        Transition.DETERMINE_APPEAL,
    }
    assert {kind for kind, rule in EVENTS.items() if rule.decides_lines} == {
        EventType.REQUEST_DETERMINED,
        EventType.PAYER_LINES_DETERMINED,
        EventType.VENDOR_LINES_DETERMINED,
        EventType.APPEAL_DETERMINED,
        EventType.PEER_TO_PEER_OVERTURNED,
        EventType.RECONSIDERATION_DETERMINED,
    }
