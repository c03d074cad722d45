"""Vendors' determinations: shown once reported, applied once, in any order of arrival (W8)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, Final

import pytest

from precert.domain.caller import Caller
from precert.domain.coverage import Member, Span
from precert.domain.decisions import Approval, LineDecision
from precert.domain.delegation import VendorReviewer
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
from precert.domain.review import Channel
from precert.domain.statuses import Action, LineStatus, Status, WaitingOn
from precert.domain.vendor_reports import VendorReport
from precert.names import Entitlement
from precert.usecases.ownership import evaluate_case
from precert.usecases.ports.reference import CheckFacts
from precert.usecases.vendor_reports import report_determination
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.code_sets import code_sets
from tests.fakes.reference import RULE_LIST, KnownFingerprints, SampleReference, rule
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


REASONS: Final[dict[str, Any]] = {
    "reason_code": "0F",
    "rationale": "Conservative treatment was not tried.",
    "criterion": "MCG S-310",
}
PHYSICIAN: Final = {"name": "Robin Moss", "credential": "MD"}
BACKWARDS = Approval(from_date=date(2026, 7, 20), to_date=date(2026, 7, 19))


FEWER: Final = Approval(units=1)
REQUESTED: Final = samples.content()


def line(line_id: str, status: LineStatus = APPROVED, **result: Any) -> LineDecision:
    reason = REASONS if status is DENIED else {}
    return LineDecision.model_validate(
        {"line_id": line_id, "status": status, **reason, **result}, strict=False
    )


def report(*lines: LineDecision, at: datetime = START, **result: Any) -> VendorReport:
    decided = lines or (line("1.1"), line("1.2"))
    body = {
        "vendor_id": VENDOR,
        "reference": "RAD-1",
        "reported_at": at,
        "reviewer": PHYSICIAN,
        "lines": decided,
    }
    return VendorReport.model_validate({**body, **result})


def delegated() -> Request:
    return samples.delegated(Status.PENDING)


def mixed() -> Request:
    """The payer decides the first line, the vendor the second."""
    return samples.delegated(Status.PENDING, samples.delegation("1.2"))


RULES: Final = SampleReference.of(
    *(rule(code, "DELEGATED_VENDOR", vendor_id=VENDOR) for code in ("44120", "44121")),
    vendors_by_id={VENDOR: samples.VENDOR},
)


@dataclass
class World:
    requests: InMemoryRequests = field(default_factory=InMemoryRequests)
    member_: Member | None = MEMBER
    rules: SampleReference = field(default_factory=lambda: RULES)
    serials: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def registrations(self) -> InMemoryRegistrations:
        return InMemoryRegistrations(self.requests)

    def check_facts(self, member_id: str) -> CheckFacts:
        return CheckFacts(self.member_, RULE_LIST)

    def entries(self, provider_ids: Collection[str]) -> dict[str, DirectoryEntry]:
        return self.rules.entries(provider_ids)

    def take(self, result: VendorReport, caller: Caller = CALLER) -> Request:
        reference: Any = self
        rules: Any = self.rules
        return report_determination(
            result,
            caller,
            id_of=lambda delegate, name: f"{delegate}/{name}",
            registrations=self.registrations,
            requests=self.requests,
            fingerprints=KnownFingerprints(),
            evaluate_case=partial(
                evaluate_case,
                reference=reference,
                rule_lists=rules,
                rule_list_versions=rules,
                payer=samples.payer(),
            ),
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
    assert after.provider_actions(after.updated_at) == (Action.DETAILS,)


@pytest.mark.rule("W8")
def test_request_filed_with_the_vendor_is_shown_when_it_is_reported_with_its_content() -> None:
    world = World()
    shown = world.take(report(line("1.1"), line("1.2", DENIED), content=samples.content()))
    review = shown.submitted
    assert (review.channel, review.reference) == (Channel.VENDOR, "RAD-1")
    [delegation] = review.delegations
    assert (delegation.vendor, delegation.line_ids) == (samples.VENDOR, ("1.1", "1.2"))
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
    reduced = line("1.2", approved=less, **REASONS)
    after = world.take(report(line("1.1"), reduced, number=samples.NUMBER))
    assert [one.status for one in after.submitted.lines] == [APPROVED, LineStatus.MODIFIED]


def test_report_is_applied_once_when_another_change_is_committed_first() -> None:
    world = holding(delegated())
    quicker = delegated().report(
        VENDOR,
        {key: samples.decision(APPROVED) for key in ("1.1", "1.2")},
        samples.report_of(START),
        START,
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
        (report(line("1.1", DENIED, approved=BACKWARDS), line("1.2")), "not_applicable"),
        (report(at=START + timedelta(days=31)), "in_future"),
        (report(vendor_id="EVICORE-MSK"), "not_yours"),
        (report(line("1.1"), content=samples.content()), "line_missing"),
        (report(line("1.1"), line("9.9"), content=samples.content()), "line_unknown"),
        (report(), "missing"),
        (report(content=samples.content(services=[])), "missing"),
        (report(line("1.1", DENIED, rationale=""), line("1.2"), content=REQUESTED), "missing"),
        (report(line("1.1", DENIED, rationale="  "), line("1.2"), content=REQUESTED), "missing"),
        (report(line("1.1", DENIED, criterion=""), line("1.2"), content=REQUESTED), "missing"),
        (report(line("1.1", DENIED, criterion=None), line("1.2"), content=REQUESTED), "missing"),
        (report(line("1.1"), line("1.2", approved=FEWER), content=REQUESTED), "missing"),
        (report(at=datetime(2000, 1, 2, tzinfo=UTC), content=REQUESTED), "too_early"),
        (report(at=datetime(2100, 12, 30, tzinfo=UTC), content=REQUESTED), "in_future"),
    ],
)
def test_report_is_rejected_when_it_is_invalid(result: VendorReport, code: str) -> None:
    world = World()
    with pytest.raises(InvalidInputError) as raised:
        world.take(result)
    assert code in {error.code for error in raised.value.errors}
    assert world.requests.requests == {}


@pytest.mark.rule("W8", "C13")
@pytest.mark.parametrize(
    ("rules", "owner"),
    [
        (SampleReference.of(rule("44120", "DELEGATED_VENDOR", vendor_id="OTHER")), "to OTHER"),
        (SampleReference.of(rule("44120"), rule("44121")), "to no vendor"),
        (SampleReference.of(rule("44120", "NOT_REQUIRED")), "to no vendor"),
        (SampleReference(), "to no vendor"),
    ],
    ids=["another vendor", "the payer", "not required", "unknown"],
)
def test_report_is_rejected_when_the_rule_list_does_not_delegate_a_code_to_the_vendor(
    rules: SampleReference, owner: str
) -> None:
    rules = SampleReference(rules.rules_by_code, {VENDOR: samples.VENDOR})
    world = World(rules=rules)
    with pytest.raises(InvalidInputError) as raised:
        world.take(report(content=REQUESTED))
    first = raised.value.errors[0]
    assert first.pointer == "/content/services/0/procedures/0/code"
    assert (first.code, owner in first.message) == ("not_delegated", True)
    assert world.requests.requests == {}


@pytest.mark.rule("W8")
def test_report_is_rejected_when_the_rule_ended_before_the_date_of_service() -> None:
    ended = replace(RULES.rules_by_code["44121"], effective_to=date(2026, 7, 19))
    rules = SampleReference({**RULES.rules_by_code, "44121": ended}, RULES.vendors_by_id)
    with pytest.raises(InvalidInputError) as raised:
        World(rules=rules).take(report(content=REQUESTED))
    [error] = raised.value.errors
    assert (error.pointer, error.code) == (
        "/content/services/0/procedures/1/code",
        "not_delegated",
    )


@pytest.mark.rule("W8", "A6")
@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-07-21", None), ("2024-01-01", "2026-07-19"), ("2024-01-01", "2026-07-21")],
)
def test_report_is_rejected_when_the_member_is_not_covered_on_the_dates_of_service(
    first: str, last: str | None
) -> None:
    span = MEMBER.spans[0].model_copy(
        update={
            "active_from": date.fromisoformat(first),
            "active_to": date.fromisoformat(last) if last else None,
        }
    )
    world = World(member_=MEMBER.model_copy(update={"spans": (span,)}))
    with pytest.raises(InvalidInputError) as raised:
        world.take(report(content=REQUESTED))
    [error] = raised.value.errors
    assert (error.pointer, error.code) == ("/content/services/0/admission_date", "not_covered")


@pytest.mark.rule("W10")
@pytest.mark.parametrize(
    ("reviewer", "pointer"),
    [
        (None, "/reviewer"),
        ({"name": "Robin Moss", "credential": "RN"}, "/reviewer/credential"),
        ({"name": "Automated review", "credential": "Algorithm"}, "/reviewer/credential"),
    ],
)
@pytest.mark.parametrize("decided", [line("1.2", DENIED), line("1.2", approved=FEWER, **REASONS)])
@pytest.mark.parametrize("number", [None, samples.NUMBER])
def test_denial_or_reduction_is_rejected_when_no_licensed_person_decided(
    reviewer: dict[str, str] | None, pointer: str, decided: LineDecision, number: str | None
) -> None:
    world = holding(delegated()) if number else World()
    sent: dict[str, Any] = {
        "number": number,
        "content": None if number else REQUESTED,
        "reviewer": reviewer,
    }
    with pytest.raises(InvalidInputError) as raised:
        world.take(report(line("1.1"), decided, **sent))
    assert [error.pointer for error in raised.value.errors] == [pointer]
    assert world.requests.events == []


@pytest.mark.rule("A3")
def test_vendors_reviewer_is_recorded_when_a_denial_is_reported() -> None:
    world = holding(delegated())
    after = world.take(report(line("1.1"), line("1.2", DENIED), number=samples.NUMBER))
    [recorded] = after.submitted.delegations[0].reports
    assert recorded.reviewer == VendorReviewer(name="Robin Moss", credential="MD")
    assert (recorded.reported_by, recorded.received_at) == (
        "vendor-user",
        START + timedelta(days=30),
    )


def test_approval_is_recorded_when_it_names_no_reviewer() -> None:
    assert World().take(report(reviewer=None, content=REQUESTED)).status is Status.APPROVED


@pytest.mark.rule("W8")
def test_other_line_is_rejected_when_the_payer_decides_it() -> None:
    world = holding(mixed())
    with pytest.raises(InvalidInputError) as raised:
        world.take(report(line("1.1"), line("1.2"), number=samples.NUMBER))
    [error] = raised.value.errors
    assert (error.pointer, error.code) == ("/lines/0/line_id", "not_delegated")


@pytest.mark.rule("W3", "W8")
def test_request_stays_pended_when_a_vendor_reports_before_the_payer_decides() -> None:
    world = holding(mixed())
    after = world.take(report(line("1.2"), number=samples.NUMBER))
    assert (after.status, after.waiting_on) == (Status.PENDING, WaitingOn.PAYER)
    assert [event.type for event in world.requests.events] == [EventType.VENDOR_LINES_DETERMINED]
    determined = after.determine({"1.1": samples.decision(DENIED)}, "reviewer-1", START)
    assert determined.request.status is Status.PARTIALLY_APPROVED
    assert determined.event.type is EventType.REQUEST_DETERMINED


@pytest.mark.rule("W3", "W8")
def test_status_follows_from_all_lines_when_the_vendor_reports_last() -> None:
    determined = mixed().determine({"1.1": samples.decision(APPROVED)}, "reviewer-1", START)
    assert (determined.request.status, determined.request.waiting_on) == (
        Status.PENDING,
        WaitingOn.VENDOR,
    )
    world = holding(determined.request)
    after = world.take(report(line("1.2", DENIED), number=samples.NUMBER))
    assert (after.status, after.waiting_on) == (Status.PARTIALLY_APPROVED, WaitingOn.NONE)
    assert after.submitted.determined_at == START
    [event] = world.requests.events
    assert (event.type, event.vendor_id) == (EventType.REQUEST_DETERMINED, VENDOR)
    assert after.provider_actions(START) == (Action.DETAILS,)


def test_reference_is_rejected_when_it_names_a_case_of_another_member_or_other_codes() -> None:
    world = World()
    world.take(report(content=REQUESTED))
    others = {**samples.PATIENT, "member_id": "849382931"}
    for content in (
        samples.content(patient=others),
        samples.content(services=[samples.BOWEL_SURGERY]),
    ):
        with pytest.raises(InvalidInputError) as raised:
            world.take(report(at=START + timedelta(days=1), content=content))
        assert "reference_used" in {error.code for error in raised.value.errors}


def test_number_is_not_found_when_it_was_not_delegated_to_this_vendor() -> None:
    for world in (World(), holding(samples.request(Status.PENDING))):
        with pytest.raises(NotFoundError):
            world.take(report(number=samples.NUMBER))


def test_number_is_not_found_when_the_vendor_has_not_received_its_lines_yet() -> None:
    waiting = samples.delegated(Status.PROCESSING, samples.delegation(delegated_at=None))
    with pytest.raises(NotFoundError):
        holding(waiting).take(report(number=samples.NUMBER))


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
