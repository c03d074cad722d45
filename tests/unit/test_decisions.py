"""Decisions on the lines of a case."""

from typing import Final

import pytest

from precert.domain.caller import Caller
from precert.domain.decisions import LineDecision
from precert.domain.errors import (
    ActionNotAllowedError,
    InvalidInputError,
    NotEntitledError,
    NotFoundError,
    TransientError,
)
from precert.domain.request import Request
from precert.domain.retry import ATTEMPTS
from precert.domain.statuses import LineStatus, Status
from precert.names import Entitlement
from precert.usecases.decisions import decide
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.code_sets import code_sets
from tests.fakes.reference import KnownFingerprints
from tests.fakes.requests import JUST_READ, InMemoryRequests

REVIEWER: Final = Caller(
    subject="reviewer-1",
    entitlements=frozenset({Entitlement.REVIEWER, Entitlement.PHYSICIAN_REVIEWER}),
    plan_ids=frozenset({samples.PLAN.plan_id}),
)
APPROVAL: Final = LineDecision(line_id="1.1", status=LineStatus.APPROVED)
DENIAL: Final = LineDecision(
    line_id="1.2",
    status=LineStatus.DENIED,
    reason_code="0F",
    rationale="Not tried.",
    criterion="MCG S-310",
)
UNEXPLAINED: Final = LineDecision(line_id="1.2", status=LineStatus.DENIED)


def decided(
    *decisions: LineDecision,
    requests: InMemoryRequests | None = None,
    by: Caller = REVIEWER,
    cycle: int = 1,
) -> Request:
    return decide(
        samples.REQUEST_ID,
        decisions,
        by,
        cycle=cycle,
        read=JUST_READ,
        requests=requests or InMemoryRequests.holding(samples.request(Status.PENDING)),
        fingerprints=KnownFingerprints(),
        code_sets=code_sets(),
        payer=samples.payer(),
        now=START,
    )


def errors(*decisions: LineDecision) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInputError) as raised:
        decided(*decisions)
    return [(error.pointer, error.code) for error in raised.value.errors]


def test_every_line_has_its_decision_when_a_cycle_is_determined() -> None:
    request = decided(APPROVAL, DENIAL)
    assert request.status is Status.PARTIALLY_APPROVED
    [denial] = request.submitted.lines[1].decisions
    assert (denial.decided_by, denial.cycle, denial.decided_at) == ("reviewer-1", 1, START)
    assert (denial.reason_code, denial.criterion) == ("0F", "MCG S-310")


@pytest.mark.rule("W4")
@pytest.mark.parametrize(
    ("denial", "names"),
    [
        (UNEXPLAINED, {"reason_code", "rationale", "criterion"}),
        (DENIAL.model_copy(update={"reason_code": "ZZ"}), {"reason_code"}),
        (DENIAL.model_copy(update={"rationale": None}), {"rationale"}),
        (LineDecision(**{**dict(DENIAL), "rationale": "  \n"}), {"rationale"}),
        (DENIAL.model_copy(update={"criterion": ""}), {"criterion"}),
    ],
)
def test_denial_is_rejected_when_it_gives_no_reason(denial: LineDecision, names: set[str]) -> None:
    assert {pointer for pointer, _ in errors(APPROVAL, denial)} == {
        f"/lines/1/{name}" for name in names
    }


def test_all_errors_are_listed_when_several_lines_are_wrong() -> None:
    assert errors(
        APPROVAL,
        DENIAL.model_copy(update={"line_id": "1.1", "criterion": None}),
    ) == [
        ("/lines/1/line_id", "duplicate"),
        ("/lines/1/criterion", "missing"),
    ]
    assert errors() == [("/lines", "missing")]


@pytest.mark.parametrize("status", [s for s in Status if s not in {"PENDING", "INCOMPLETE"}])
def test_decision_is_rejected_when_no_cycle_is_pended(status: Status) -> None:
    with pytest.raises(ActionNotAllowedError):
        decided(APPROVAL, DENIAL, requests=InMemoryRequests.holding(samples.request(status)))


def test_decision_is_rejected_when_it_names_another_cycle() -> None:
    with pytest.raises(ActionNotAllowedError) as raised:
        decided(APPROVAL, DENIAL, cycle=2)
    assert raised.value.extensions["cycle"] == 1


@pytest.mark.parametrize(
    "requests",
    [
        InMemoryRequests(),
        InMemoryRequests.holding(samples.request(Status.INCOMPLETE)),
        InMemoryRequests.holding(
            samples.request(Status.PENDING, plan=samples.PLAN.model_copy(update={"plan_id": "HMO"}))
        ),
    ],
    ids=["none", "draft", "other plan"],
)
def test_case_is_not_found_when_it_is_outside_the_reviewers_plans(
    requests: InMemoryRequests,
) -> None:
    with pytest.raises(NotFoundError):
        decided(APPROVAL, DENIAL, requests=requests)


def test_caller_is_refused_when_not_a_reviewer() -> None:
    provider = Caller(subject="provider", entitlements=frozenset({Entitlement.PATIENT_SEARCH}))
    with pytest.raises(NotEntitledError):
        decided(APPROVAL, DENIAL, by=provider)


def test_void_takes_precedence_when_it_was_committed_before_the_decision() -> None:
    pending = samples.request(Status.PENDING)
    requests = InMemoryRequests.holding(pending)
    requests.races = [pending.void("Not needed.", "provider", START).request]
    with pytest.raises(ActionNotAllowedError) as raised:
        decided(APPROVAL, DENIAL, requests=requests)
    assert raised.value.extensions["request_status"] == "VOID"
    assert requests.events == []


def test_decision_is_committed_when_an_unrelated_change_was_committed_first() -> None:
    pending = samples.request(Status.PENDING)
    requests = InMemoryRequests.holding(pending)
    requests.races = [pending.model_copy(update={"version": 4})]
    assert decided(APPROVAL, DENIAL, requests=requests).version == 5


def test_conflict_is_retryable_when_every_attempt_meets_another_change() -> None:
    pending = samples.request(Status.PENDING)
    requests = InMemoryRequests.holding(pending)
    requests.races = [
        pending.model_copy(update={"version": version}) for version in range(4, 4 + ATTEMPTS)
    ]
    with pytest.raises(TransientError):
        decided(APPROVAL, DENIAL, requests=requests)
    assert requests.races == []
