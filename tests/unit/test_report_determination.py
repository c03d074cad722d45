"""Vendors' determinations: shown once reported, applied once, in any order of arrival (W8)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any, Final

import pytest

from precert.domain.caller import Caller
from precert.domain.coverage import Member, Span
from precert.domain.directory import DirectoryEntry
from precert.domain.errors import (
    InvalidInputError,
    NotEntitledError,
    NotFoundError,
    PatientNotFoundError,
)
from precert.domain.event_types import EventType
from precert.domain.matching import Mismatch, ProviderRole
from precert.domain.request import Request
from precert.domain.review import Approval, Assessment, Channel, LineDecision
from precert.domain.statuses import Action, LineStatus, Status, WaitingOn
from precert.names import Entitlement
from precert.usecases.intake import VendorReport, report_determination
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.code_sets import code_sets
from tests.fakes.registrations import InMemoryRegistrations
from tests.fakes.requests import InMemoryRequests

VENDOR: Final = "EVICORE-RAD"
CALLER: Final = Caller(
    subject="vendor-user",
    entitlements=frozenset({Entitlement.VENDOR}),
    vendor_ids=frozenset({VENDOR}),
)
APPROVED, DENIED = LineStatus.APPROVED, LineStatus.DENIED
MEMBER: Final = Member(
    member_id=samples.PATIENT["member_id"],
    date_of_birth=date(1986, 1, 1),
    last_name="Adams",
    first_name="Allison",
    spans=(Span(account="1", account_name="A", plan=samples.PLAN, active_from=date(2024, 1, 1)),),
)


BACKWARDS = Approval(from_date=date(2026, 7, 20), to_date=date(2026, 7, 19))


def line(line_id: str, status: LineStatus = APPROVED, **result: Any) -> LineDecision:
    reason = {"reason_code": "0F"} if status is DENIED else {}
    return LineDecision.model_validate(
        {"line_id": line_id, "status": status, **reason, **result}, strict=False
    )


def report(*lines: LineDecision, at: datetime = START, **result: Any) -> VendorReport:
    decided = lines or (line("1.1"), line("1.2"))
    given = {"vendor_id": VENDOR, "reference": "RAD-1", "reported_at": at, "lines": decided}
    return VendorReport.model_validate({**given, **result})


def delegated() -> Request:
    assessment = Assessment(rule_list="1", assessed_at=START, lines=())
    return samples.request(Status.PROCESSING).delegate(VENDOR, assessment, START).request


@dataclass
class World:
    requests: InMemoryRequests = field(default_factory=InMemoryRequests)
    member_: Member | None = MEMBER
    serials: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def registrations(self) -> InMemoryRegistrations:
        return InMemoryRegistrations(self.requests)

    def member(self, member_id: str) -> Member | None:
        return self.member_

    def entries(self, provider_ids: Collection[str]) -> dict[str, DirectoryEntry]:
        listed = samples.directory()
        return {one: listed[one] for one in provider_ids if one in listed}

    def take(self, result: VendorReport, caller: Caller = CALLER) -> Request:
        return report_determination(
            result,
            caller,
            id_of=lambda delegate, name: f"{delegate}/{name}",
            registrations=self.registrations,
            requests=self.requests,
            reference=self,  # type: ignore[arg-type]
            code_sets=code_sets(),
            payer=samples.payer(),
            now=START + timedelta(days=30),
            serial=lambda: next(self.serials),
        )


def holding(*requests: Request) -> World:
    return World(InMemoryRequests.holding(*requests))


@pytest.mark.rule("W8")
def test_delegated_request_is_determined_when_its_vendor_reports() -> None:
    world = holding(delegated())
    assert delegated().waiting_on is WaitingOn.VENDOR
    after = world.take(report(line("1.1"), line("1.2", DENIED), number=samples.NUMBER))
    assert (after.status, after.waiting_on) == (Status.PARTIALLY_APPROVED, WaitingOn.NONE)
    assert [event.type for event in world.requests.events] == [EventType.REQUEST_DETERMINED]
    decided = after.submitted.lines[0].decisions[-1]
    assert decided.approved is not None
    assert (decided.decided_by, decided.approved.code) == ("vendor-user", "44120")


@pytest.mark.rule("W7")
def test_delegated_denial_is_appealed_at_the_vendor_when_it_is_shown() -> None:
    world = holding(delegated())
    after = world.take(report(line("1.1", DENIED), line("1.2", DENIED), number=samples.NUMBER))
    assert after.provider_actions == (Action.DETAILS,)


@pytest.mark.rule("W8")
def test_request_filed_with_the_vendor_is_shown_when_it_is_reported_with_its_content() -> None:
    world = World()
    shown = world.take(report(line("1.1"), line("1.2", DENIED), content=samples.content()))
    review = shown.submitted
    assert (review.channel, review.reference, review.vendor_id) == (
        Channel.VENDOR,
        "RAD-1",
        VENDOR,
    )
    assert shown.status is Status.PARTIALLY_APPROVED
    assert shown.tins == {samples.PROVIDER_TIN, samples.FACILITY_TIN}
    assert review.number.startswith("PC")
    assert [event.type for event in world.requests.events] == [EventType.REQUEST_DETERMINED]


@pytest.mark.parametrize("number", [None, samples.NUMBER])
def test_newest_report_applies_when_reports_are_repeated_and_out_of_order(
    number: str | None,
) -> None:
    world = holding(delegated()) if number else World()
    result = {"number": number, "content": None if number else samples.content()}
    approved = report(at=START + timedelta(days=2), **result)
    denied = report(
        line("1.1", DENIED), line("1.2", DENIED), at=START + timedelta(days=1), **result
    )
    for one in (approved, denied, approved, denied):
        assert world.take(one).status is Status.APPROVED
    assert len(world.requests.events) == 1
    later = report(
        line("1.1"), line("1.2", DENIED), at=START + timedelta(days=3), reference="RAD-1", **result
    )
    assert world.take(later).status is Status.PARTIALLY_APPROVED
    assert len(world.requests.events) == 2


def test_line_is_modified_when_the_vendor_approved_less() -> None:
    less = Approval(code="44121", units=1, from_date=date(2026, 7, 20), to_date=date(2026, 7, 22))
    world = holding(delegated())
    after = world.take(report(line("1.1"), line("1.2", approved=less), number=samples.NUMBER))
    assert [one.status for one in after.submitted.lines] == [APPROVED, LineStatus.MODIFIED]


def test_report_is_applied_once_when_another_change_is_committed_first() -> None:
    world = holding(delegated())
    quicker = delegated().report(
        {key: samples.decision(APPROVED) for key in ("1.1", "1.2")}, START, "vendor-user", START
    )
    assert quicker is not None
    world.requests.races = [quicker.request]
    after = world.take(report(line("1.1", DENIED), line("1.2", DENIED), number=samples.NUMBER))
    assert after.status is Status.APPROVED


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (report(line("1.1", DENIED, reason_code=None), line("1.2")), "missing"),
        (report(line("1.1", DENIED, reason_code="ZZ"), line("1.2")), "not_a_choice"),
        (report(line("1.1"), line("1.1")), "duplicate"),
        (report(line("1.1", approved=BACKWARDS), line("1.2")), "out_of_order"),
        (report(line("1.1", DENIED, approved=BACKWARDS), line("1.2")), "not_asked"),
        (report(at=START + timedelta(days=31)), "in_future"),
        (report(vendor_id="EVICORE-MSK"), "not_yours"),
        (report(line("1.1"), content=samples.content()), "line_missing"),
        (report(line("1.1"), line("9.9"), content=samples.content()), "line_unknown"),
        (report(), "missing"),
        (report(content=samples.content(services=[])), "missing"),
    ],
)
def test_report_is_rejected_when_it_is_invalid(result: VendorReport, code: str) -> None:
    world = World()
    with pytest.raises(InvalidInputError) as raised:
        world.take(result)
    assert code in {error.code for error in raised.value.errors}
    assert world.requests.requests == {}


def test_number_is_not_found_when_it_was_not_delegated_to_this_vendor() -> None:
    for world in (World(), holding(samples.request(Status.PENDING))):
        with pytest.raises(NotFoundError):
            world.take(report(number=samples.NUMBER))


def test_vendor_is_refused_when_its_entitlement_is_missing() -> None:
    with pytest.raises(NotEntitledError):
        World().take(report(), CALLER.model_copy(update={"entitlements": frozenset()}))


def test_request_is_not_shown_when_its_patient_is_not_a_member() -> None:
    with pytest.raises(PatientNotFoundError):
        World(member_=None).take(report(content=samples.content()))


@pytest.mark.rule("S3", "W8")
@pytest.mark.parametrize(
    ("changes", "reason_codes"),
    [
        ({}, None),
        ({"provider_id": None}, Mismatch.MANUALLY_ENTERED),
        ({"provider_id": "P9"}, Mismatch.NOT_LISTED),
        ({"tin": samples.STRANGER_TIN}, Mismatch.TIN),
    ],
)
def test_provider_has_a_temporary_id_when_a_vendors_request_does_not_match_the_directory(
    changes: dict[str, Any], reason_codes: Mismatch | None
) -> None:
    provider = {**samples.entered()["servicing_provider"], **changes}
    request = World().take(report(content=samples.content(servicing_provider=provider)))
    temporary = request.submitted.temporary_providers
    assert {role: one.reason_codes for role, one in temporary.items()} == (
        {ProviderRole.SERVICING_PROVIDER: (reason_codes,)} if reason_codes else {}
    )
