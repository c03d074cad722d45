"""What providers cannot do with what a delegated vendor decides (W6, W8)."""

from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from precert.domain import disputing
from precert.domain.caller import Caller
from precert.domain.errors import ActionNotAllowedError, NotFoundError
from precert.domain.event_types import EventType
from precert.domain.request import Change, Request
from precert.domain.statuses import Action, LineStatus, Status
from precert.names import Entitlement
from precert.usecases.requests import flag_request
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.requests import InMemoryRequests

PROVIDER: Final = Caller(
    subject="provider",
    entitlements=frozenset({Entitlement.PATIENT_SEARCH}),
    tins=frozenset({samples.PROVIDER_TIN}),
)


def void(request: Request) -> Request:
    return request.void("Not needed.", "provider", START).request


def mixed() -> Request:
    """The vendor decides the second line."""
    return samples.delegated(Status.PENDING, samples.delegation("1.2"))


@pytest.mark.rule("W6", "W8")
def test_void_is_refused_when_the_vendor_received_the_request() -> None:
    with pytest.raises(ActionNotAllowedError) as refused:
        void(samples.delegated(Status.PENDING))
    assert "Withdraw it with the vendor" in refused.value.detail
    assert refused.value.extensions["allowed_actions"] == ["DETAILS"]
    assert void(samples.delegated(Status.PROCESSING)).status is Status.VOID


@pytest.mark.rule("W6", "W8")
def test_void_is_refused_when_the_vendor_decided_its_part() -> None:
    assert void(mixed()).status is Status.VOID
    reported = samples.delegation("1.2", reports=(samples.report_of(),))
    with pytest.raises(ActionNotAllowedError) as refused:
        void(samples.delegated(Status.PENDING, reported))
    assert "cannot be withdrawn" in refused.value.detail


@pytest.mark.rule("W6", "W8", "T1")
def test_void_is_offered_when_neither_the_payer_nor_the_vendor_decided_its_part() -> None:
    assert Action.VOID in mixed().provider_actions(START)
    decided = samples.decision(LineStatus.APPROVED)
    reported = samples.delegated(
        Status.PENDING, samples.delegation("1.2", reports=(samples.report_of(),))
    )
    own, theirs = reported.submitted.lines
    lines = (own, theirs.model_copy(update={"decisions": (decided,)}))
    review = reported.submitted.model_copy(update={"lines": lines})
    payer_decided = mixed().determine({"1.1": decided}, "reviewer-1", START).request
    for request in (reported.model_copy(update={"review": review}), payer_decided):
        assert Action.VOID not in request.provider_actions(START)
        with pytest.raises(ActionNotAllowedError) as refused:
            void(request)
        assert "VOID" not in str(refused.value.extensions["allowed_actions"])


@pytest.mark.rule("W5", "W8")
def test_void_is_refused_when_the_payer_decided_its_part() -> None:
    decided = mixed().determine({"1.1": samples.decision(LineStatus.APPROVED)}, "reviewer-1", START)
    assert decided.request.status is Status.PENDING
    with pytest.raises(ActionNotAllowedError) as refused:
        void(decided.request)
    assert "has decided its part" in refused.value.detail


NO_LISTINGS: Any = None
"""They are read only at the limit."""


class Flags:
    """Records what is flagged."""

    def __init__(self) -> None:
        self.flagged: list[str] = []

    def flag(self, request: Request, tin: str, *, now: datetime) -> None:
        self.flagged.append(f"{request.request_id} {tin}")

    def unflag(self, request: Request, tin: str) -> None:
        raise AssertionError("nothing is unflagged here")

    def drop_deleted(self, tin: str) -> bool:
        raise AssertionError("the limit is not reached here")


@pytest.mark.rule("W8")
def test_request_is_not_flagged_when_only_a_vendor_must_still_decide_it() -> None:
    def flag(request: Request) -> list[str]:
        flags = Flags()
        flag_request(
            request.request_id,
            PROVIDER,
            tin=None,
            requests=InMemoryRequests.holding(request),
            flags=flags,
            listings=NO_LISTINGS,
            payer=samples.payer(),
            now=START,
        )
        return flags.flagged

    with pytest.raises(NotFoundError):
        flag(samples.delegated(Status.PENDING))
    for request in (mixed(), samples.delegated(Status.APPROVED), samples.request(Status.PENDING)):
        assert flag(request) == [f"{samples.REQUEST_ID} {samples.PROVIDER_TIN}"]


def reported(request: Request, at: datetime, now: datetime) -> Change:
    lines = request.submitted.delegations[0].line_ids
    decisions = {one: samples.decision(LineStatus.APPROVED, by="vendor") for one in lines}
    change = request.report(samples.VENDOR.vendor_id, decisions, samples.report_of(at), now)
    assert change is not None
    return change


@pytest.mark.rule("W7", "W8")
def test_instant_of_the_decision_is_the_vendors_when_its_report_arrives_later() -> None:
    """The time to dispute it at the vendor begins when the vendor decided."""
    decided_at = START + timedelta(hours=1)
    change = reported(samples.delegated(Status.PENDING), decided_at, START + timedelta(days=2))
    assert change.request.submitted.determined_at == decided_at
    assert change.request.updated_at == START + timedelta(days=2)
    assert change.event.type is EventType.REQUEST_DETERMINED


@pytest.mark.rule("W7", "W8")
def test_cycle_of_an_appeal_stays_open_when_the_vendor_reports_its_part() -> None:
    denied = samples.decision(LineStatus.DENIED)
    decided = mixed().determine({"1.1": denied}, "reviewer-1", START).request
    appealed = disputing.file_appeal(
        decided,
        ["1.1"],
        reason="New findings.",
        expedited=False,
        payer=samples.payer(),
        by="provider",
        now=START,
    ).request
    change = reported(appealed, START, START)
    assert change.event.type is EventType.VENDOR_LINES_DETERMINED
    assert change.request.submitted.open_appeal is not None
    assert change.request.cycle_is_open
    without = reported(decided, START, START)
    assert without.event.type is EventType.REQUEST_DETERMINED


@pytest.mark.rule("W2", "W8")
def test_reminder_and_escalation_occur_once_when_a_vendors_clock_reaches_their_instants() -> None:
    delegation, second = samples.delegation(), timedelta(seconds=1)
    assert delegation.warn_at is not None
    assert delegation.due_at is not None
    request = samples.delegated(Status.PENDING, delegation)

    def check(before: Request, at: datetime) -> Change | None:
        return before.check_vendor_deadline(delegation.vendor_id, at)

    assert check(request, delegation.warn_at - second) is None
    warned = check(request, delegation.warn_at)
    assert warned is not None
    assert warned.event.type is EventType.VENDOR_DEADLINE_APPROACHING
    assert check(warned.request, delegation.due_at - second) is None
    passed = check(warned.request, delegation.due_at)
    assert passed is not None
    assert passed.event.type is EventType.VENDOR_DEADLINE_PASSED
    assert passed.request.status is Status.PENDING
    assert check(passed.request, delegation.due_at + timedelta(days=9)) is None


@pytest.mark.rule("W5")
def test_second_decision_is_refused_when_the_payers_part_is_decided() -> None:
    approval = {"1.1": samples.decision(LineStatus.APPROVED)}
    decided = mixed().determine(approval, "reviewer-1", START).request
    with pytest.raises(ActionNotAllowedError) as refused:
        decided.determine(approval, "reviewer-2", START)
    assert "decided already" in refused.value.detail
