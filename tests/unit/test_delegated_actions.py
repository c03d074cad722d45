"""What providers cannot do with what a delegated vendor decides (W6, W8)."""

from datetime import datetime
from typing import Any, Final

import pytest

from precert.domain.caller import Caller
from precert.domain.errors import ActionNotAllowedError, NotFoundError
from precert.domain.request import Request
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
