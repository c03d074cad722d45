"""Requests by phone, fax, mail and EDI: processed as from the portal, once each (S5)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any, Final

import pytest

from precert.domain.caller import Caller
from precert.domain.clocks import deadline_of
from precert.domain.content import RequestContent
from precert.domain.delegation import Ownership
from precert.domain.errors import (
    DuplicateRequestError,
    InvalidInputError,
    KeyReusedError,
    NotEntitledError,
    PatientNotEligibleError,
    PatientNotFoundError,
)
from precert.domain.event_types import EventType
from precert.domain.matching import ProviderRole
from precert.domain.review import Channel
from precert.domain.statuses import Status
from precert.domain.values import precert_number
from precert.names import Entitlement
from precert.usecases.intake import Arrival, register_request
from precert.usecases.submission import SubmittedRequest
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.code_sets import code_sets
from tests.fakes.registrations import InMemoryRegistrations
from tests.fakes.requests import InMemoryRequests
from tests.unit.test_report_determination import MEMBER

CLERK: Final = Caller(subject="clerk", entitlements=frozenset({Entitlement.INTAKE}))
RECEIVED: Final = START - timedelta(hours=30)


@dataclass
class World:
    requests: InMemoryRequests = field(default_factory=InMemoryRequests)
    serials: Iterator[int] = field(default_factory=lambda: count(1))
    delegates: bool = False
    enrolled: bool = True
    owners_at: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.registrations = InMemoryRegistrations(self.requests)

    def member(self, member_id: str) -> object:
        return MEMBER if self.enrolled else None

    def owners(self, content: RequestContent, *, now: datetime = START) -> Ownership:
        """A vendor decides the second line; the rule list applies as of the receipt."""
        self.owners_at.append(now)
        vendors = {samples.VENDOR.vendor_id: samples.VENDOR} if self.delegates else {}
        owner = samples.VENDOR.vendor_id if self.delegates else None
        return Ownership("1", {"1.1": None, "1.2": owner}, vendors)

    def take(
        self,
        content: RequestContent | None = None,
        caller: Caller = CLERK,
        channel: Channel = Channel.FAX,
        **result: Any,
    ) -> SubmittedRequest:
        arrival = {"reference": "FAX-1", "received_at": RECEIVED, **result}
        return register_request(
            Arrival.model_validate({"channel": channel, **arrival}),
            content or samples.content(),
            caller,
            id_of=lambda way, name: f"{way}/{name}",
            requests=self.requests,
            registrations=self.registrations,
            reference=self,  # type: ignore[arg-type]
            line_owners=self.owners,
            code_sets=code_sets(),
            payer=samples.payer(),
            now=START,
            serial=lambda: next(self.serials),
        )


@pytest.mark.rule("S5")
@pytest.mark.parametrize("channel", [Channel.PHONE, Channel.FAX, Channel.MAIL, Channel.EDI])
def test_request_enters_the_same_workflow_when_it_came_by_another_channel(channel: Channel) -> None:
    world = World()
    answered = world.take(channel=channel)
    [request] = world.requests.requests.values()
    assert request.tins == {samples.PROVIDER_TIN, samples.FACILITY_TIN}
    assert (request.submitted.channel, request.status) == (channel, Status.PROCESSING)
    assert (answered.request_id, answered.number) == (request.request_id, request.submitted.number)
    assert [event.type for event in world.requests.events] == [EventType.REQUEST_SUBMITTED]


@pytest.mark.rule("W2")
def test_clock_starts_at_receipt_when_it_was_entered_later() -> None:
    world = World()
    world.take()
    [request] = world.requests.requests.values()
    assert deadline_of(request, samples.payer()).due_at == RECEIVED + timedelta(days=15)


@pytest.mark.parametrize("days", [366, 400, 3650, 9000])
def test_request_is_refused_when_its_receipt_is_more_than_a_year_ago(days: int) -> None:
    with pytest.raises(InvalidInputError) as raised:
        World().take(received_at=START - timedelta(days=days))
    [error] = [one for one in raised.value.errors if one.pointer == "/received_at"]
    assert (error.code, error.message) == ("too_long_ago", "must be within the last 365 days")


def test_one_request_is_created_when_it_is_registered_twice() -> None:
    world = World()
    assert world.take() == world.take()
    assert len(world.requests.events) == 1
    with pytest.raises(KeyReusedError):
        world.take(samples.content(purpose="PREDETERMINATION"))


@pytest.mark.rule("S5")
@pytest.mark.parametrize(
    ("change", "channel"),
    [
        ({"delegates": True}, Channel.FAX),
        ({"enrolled": False}, Channel.FAX),
        ({"enrolled": False}, Channel.EDI),
    ],
)
def test_repetition_is_answered_as_before_when_it_would_be_refused_now(
    change: dict[str, bool], channel: Channel
) -> None:
    """A rule list in between delegates a line to a vendor, or the member is no longer known."""
    world = World()
    first = world.take(channel=channel)
    for name, value in change.items():
        setattr(world, name, value)
    assert world.take(channel=channel) == first
    assert len(world.requests.events) == 1
    with pytest.raises((InvalidInputError, PatientNotFoundError)):
        world.take(samples.content(purpose="PREDETERMINATION"), channel=channel)
    with pytest.raises((InvalidInputError, PatientNotFoundError)):
        world.take(channel=channel, reference="FAX-2")


def test_another_number_is_drawn_when_the_first_is_taken() -> None:
    world = World()
    world.registrations.taken = {precert_number("PC", 1)}
    assert world.take().number == precert_number("PC", 2)


def test_coverage_is_checked_on_the_day_of_receipt_when_registered() -> None:
    world = World()
    world.take()
    assert world.registrations.coverage_days == [date(2026, 6, 30)]
    world = World()
    world.registrations.uncovered = True
    with pytest.raises(PatientNotEligibleError):
        world.take()


def test_request_is_rejected_when_a_field_is_missing_or_receipt_is_in_the_future() -> None:
    with pytest.raises(InvalidInputError) as raised:
        World().take(
            samples.content(requesting_provider=None), received_at=START + timedelta(minutes=1)
        )
    assert {error.pointer for error in raised.value.errors} == {
        "/content/requesting_provider",
        "/received_at",
    }


def test_caller_is_refused_when_the_intake_entitlement_is_missing() -> None:
    with pytest.raises(NotEntitledError):
        World().take(caller=CLERK.model_copy(update={"entitlements": frozenset()}))


@pytest.mark.rule("S2")
def test_existing_request_is_named_when_the_registered_one_is_a_duplicate() -> None:
    world = World()
    first = world.take()
    with pytest.raises(DuplicateRequestError) as raised:
        world.take(reference="FAX-2")
    assert raised.value.extensions["existing"] == {
        "request_id": first.request_id,
        "number": first.number,
    }
    assert len(world.requests.requests) == 1


@pytest.mark.rule("S3", "S5")
def test_provider_has_a_temporary_id_when_the_clerk_manually_entered_it() -> None:
    world = World()
    typed = {**samples.entered()["servicing_provider"], "provider_id": None}
    result = world.take(samples.content(servicing_provider=typed))
    assert set(result.temporary_providers) == {ProviderRole.SERVICING_PROVIDER}
    stored = world.requests.requests[result.request_id]
    assert stored.unmatched_providers == (ProviderRole.SERVICING_PROVIDER,)
    assert world.take(samples.content(servicing_provider=typed)) == result


# -- lines of delegated vendors -----------------------------------------------------------------------

STAFF: Final = (Channel.PHONE, Channel.FAX, Channel.MAIL)


@pytest.mark.rule("W8", "S5")
@pytest.mark.parametrize("channel", STAFF)
def test_vendor_needs_a_confirmation_when_staff_register_its_lines(channel: Channel) -> None:
    world = World(delegates=True)
    for confirmed in ((), ("EVICORE-MSK",)):
        content = samples.content(confirmed_vendors=list(confirmed))
        with pytest.raises(InvalidInputError) as raised:
            world.take(content, channel=channel)
        [error] = raised.value.errors
        assert (error.pointer, error.code) == ("/content/confirmed_vendors", "vendor_not_confirmed")
        assert "1.2 (44121)" in error.message
        assert error.choices == ("EVICORE-RAD",)
    assert world.requests.requests == {}
    assert set(world.owners_at) == {RECEIVED}
    content = samples.content(confirmed_vendors=["EVICORE-RAD"])
    taken = world.take(content, channel=channel)
    [delegation] = world.requests.requests[taken.request_id].submitted.delegations
    assert (delegation.line_ids, delegation.confirmed_at) == (("1.2",), START)
    assert delegation.confirmed_by_staff
    assert world.take(content, channel=channel).number == taken.number


@pytest.mark.rule("W8", "S5")
def test_assessment_assigns_the_lines_when_a_request_came_by_edi() -> None:
    world = World(delegates=True)
    world.take(channel=Channel.EDI)
    [request] = world.requests.requests.values()
    assert request.submitted.ownership is None


def test_all_errors_are_listed_when_a_vendor_is_not_confirmed_either() -> None:
    with pytest.raises(InvalidInputError) as raised:
        World(delegates=True).take(samples.content(patient=None), received_at=START + timedelta(1))
    assert {(error.pointer, error.code) for error in raised.value.errors} == {
        ("/content/patient", "missing"),
        ("/content/confirmed_vendors", "vendor_not_confirmed"),
        ("/received_at", "in_future"),
    }
