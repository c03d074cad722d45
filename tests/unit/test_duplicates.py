"""Duplicate detection: repetitions, potential duplicates, and which of two requests continues."""

from datetime import date, timedelta
from typing import Any

import pytest

from precert.domain.assessment import DuplicateReason, PotentialDuplicate
from precert.domain.damage import damaged
from precert.domain.duplicates import Fingerprint, fingerprint_of, paired, reason_of, repeats
from precert.domain.event_types import EVENTS, DuplicateLock
from precert.domain.request import Request
from precert.domain.requested_lines import MAX_PERIOD_DAYS, last_of_days
from precert.domain.statuses import LineStatus, Status
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.reference import SampleReference, assess, rule
from tests.fakes.requests import InMemoryRequests

NEAR = 7
FIRST = "01J1QZ8Y7N4W3V2T1S0R9Q8P7A"
OTHER_NPI = {"npi": "8001042398", "provider_id": None}
OTHER_TIN = {"tin": samples.STRANGER_TIN, "provider_id": None}
STRANGERS = {"npi": "8001042398", "tin": samples.STRANGER_TIN, "provider_id": None}
CAMPUS = {"provider_id": "P00009"}
THERAPY: dict[str, Any] = {
    "authorization_type": "OUTPATIENT",
    "type_of_service": "OFFICE_VISIT",
    "place_of_service": "OFFICE",
    "urgency": "STANDARD",
    "service_date": "2026-07-20",
    "primary_diagnosis": "K55",
}


def fingerprint(
    request_id: str = FIRST, *, minutes: int = -10, codes: tuple[str, ...] = (), **changes: Any
) -> Fingerprint:
    """The fingerprint of the sample request, submitted this much earlier; ``changes`` changes parts
    of it.
    """
    days = changes.pop("days", 0)
    services = samples.later(changes.pop("services", samples.entered()["services"]), days)
    if codes:
        of_line = services[0]["procedures"][0]
        services[0]["procedures"] = [{**of_line, "code": code} for code in codes]
    if line := changes.pop("line", {}):
        services[0]["procedures"][0] = {**services[0]["procedures"][0], **line}
    services[0] |= changes.pop("service", {})
    servicing = samples.entered()["servicing_provider"] | changes.pop("servicing", {})
    content = samples.content(services=services, servicing_provider=servicing, **changes)
    return fingerprint_of(request_id, "PC0000000018", START + timedelta(minutes=minutes), content)


def own(**changes: Any) -> Fingerprint:
    return fingerprint(samples.REQUEST_ID, minutes=0, **changes)


def outpatient(*procedures: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    """A service whose procedures have one visit each, unless changed."""
    visit = {"code": "97110", "units": 1, "unit_type": "VISITS"}
    return [{**THERAPY, "procedures": [{**visit, **one} for one in procedures], **changes}]


# -- at submission ------------------------------------------------------------------------------------


@pytest.mark.rule("S2")
def test_signature_is_identical_when_only_days_and_order_differ() -> None:
    assert own().signature == fingerprint(days=30).signature
    assert own(codes=("44120", "44121")).signature == own(codes=("44121", "44120")).signature
    turned = {"modifiers": ["51", "50"]}
    assert own(line={"modifiers": ["50", "51"]}).signature == fingerprint(line=turned).signature


@pytest.mark.rule("S2")
@pytest.mark.parametrize(
    "changes",
    [
        {"codes": ("44120",)},
        {"line": {"modifiers": ["LT"]}},
        {"line": {"units": 2}},
        {"line": {"unit_type": "DAYS"}},
        {"service": {"requested_days": 4}},
        {"service": {"medication": {"name": "Infliximab"}}},
        {"servicing": OTHER_NPI},
        {"servicing": OTHER_TIN},
        {"patient": {**samples.PATIENT, "member_id": "849382931"}},
        {"purpose": "PREDETERMINATION"},
    ],
)
def test_signature_differs_when_anything_else_differs(changes: dict[str, Any]) -> None:
    assert own().signature != fingerprint(**changes).signature


@pytest.mark.rule("S2")
@pytest.mark.parametrize(("days", "refused"), [(-3, False), (-2, True), (2, True), (3, False)])
def test_request_is_refused_when_its_stay_shares_a_day(days: int, refused: bool) -> None:
    assert own().is_refused_by(fingerprint(days=days)) == refused


def test_request_is_accepted_when_another_directory_entry_of_the_same_npi_is_named() -> None:
    assert own().signature == fingerprint(servicing=CAMPUS).signature
    assert not own().is_refused_by(fingerprint(servicing=CAMPUS))
    assert own().is_refused_by(fingerprint(servicing={"provider_id": None}))


# -- certain and potential duplicates -----------------------------------------------------------------


@pytest.mark.rule("S2")
@pytest.mark.parametrize(
    ("changes", "sure", "reason"),
    [
        ({}, True, None),
        ({"days": 2}, True, None),
        ({"days": 3}, False, "near_dates"),
        ({"days": -9}, False, "near_dates"),
        ({"days": 10}, False, None),
        ({"days": -10}, False, None),
        ({"line": {"units": 2}}, False, "other_units"),
        ({"service": {"requested_days": 5}}, False, "other_units"),
        ({"line": {"modifiers": ["LT"]}}, False, "other_modifiers"),
        ({"service": {"place_of_service": "OBSERVATION"}}, False, "other_details"),
        ({"service": {"medication": {"ndc": "00002-7510-01"}}}, False, "other_details"),
        ({"codes": ("44120",)}, False, "shared_codes"),
        ({"codes": ("44120", "44121", "44130")}, False, "shared_codes"),
        ({"codes": ("44120",), "days": 10}, False, None),
        ({"codes": ("44125",)}, False, "same_family"),
        ({"codes": ("44130",)}, False, "same_family"),
        ({"codes": ("44131",)}, False, None),
        ({"codes": ("44125",), "days": 12}, False, None),
        ({"codes": ("44125",), "servicing": STRANGERS}, False, None),
        ({"servicing": STRANGERS}, False, "other_provider"),
        ({"servicing": STRANGERS, "days": 5}, False, "other_provider"),
        ({"servicing": STRANGERS, "days": 12}, False, None),
        ({"servicing": OTHER_NPI}, False, "other_provider"),
        ({"servicing": OTHER_TIN}, False, "provider_by_another_id"),
        ({"servicing": CAMPUS}, False, "provider_by_another_id"),
        ({"servicing": {"provider_id": None}}, True, None),
        ({"purpose": "PREDETERMINATION"}, False, None),
        ({"patient": {**samples.PATIENT, "member_id": "849382931"}}, False, None),
    ],
)
def test_duplicate_is_certain_only_when_all_services_are_the_same_on_overlapping_dates(
    changes: dict[str, Any], sure: bool, reason: str | None
) -> None:
    for one, other in ((own(), fingerprint(**changes)), (fingerprint(**changes), own())):
        assert repeats(one, other) == sure
        if not sure:
            assert reason_of(one, other, NEAR) == reason


@pytest.mark.rule("S2")
@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ([{"modifiers": ["LT"]}], [{"modifiers": ["RT"]}], "other_modifiers"),
        (
            [{"modifiers": ["50"]}],
            [{"modifiers": ["LT"]}, {"modifiers": ["RT"]}],
            "other_modifiers",
        ),
        ([{"modifiers": ["50"]}], [{}], "other_modifiers"),
        ([{"units": 12}], [{"units": 8}], "other_units"),
        ([{"start_date": "2026-07-20"}], [{"start_date": "2026-07-27"}], "near_dates"),
        ([{"start_date": "2026-07-20"}], [{"start_date": "2026-07-28"}], None),
        ([{}, {"code": "97140"}], [{"code": "97140"}], "shared_codes"),
    ],
)
def test_duplicate_is_potential_when_outpatient_services_differ(
    one: list[dict[str, Any]], other: list[dict[str, Any]], reason: str | None
) -> None:
    """A weekly series, sides of the body, and numbers of visits."""
    first, second = (outpatient(*lines) for lines in (one, other))
    pair = own(services=second), fingerprint(services=first)
    assert not repeats(*pair)
    assert reason_of(*pair, NEAR) == reason


@pytest.mark.rule("S2")
def test_rental_is_a_duplicate_when_the_counted_days_overlap() -> None:
    rental = {"code": "E0601", "units": 30, "unit_type": "DAYS"}
    first, overlapping, following = (
        outpatient({**rental, "start_date": day})
        for day in ("2026-07-01", "2026-07-30", "2026-07-31")
    )
    assert repeats(own(services=overlapping), fingerprint(services=first))
    following_pair = own(services=following), fingerprint(services=first)
    assert not repeats(*following_pair)
    assert reason_of(*following_pair, NEAR) is DuplicateReason.NEAR_DATES


@pytest.mark.rule("S2")
def test_duplicate_is_potential_when_one_of_two_services_is_on_another_date() -> None:
    days = ({"start_date": "2026-07-20"}, {"code": "97140", "start_date": "2026-07-20"})
    moved = (days[0], {**days[1], "start_date": "2026-08-20"})
    pair = own(services=outpatient(*days)), fingerprint(services=outpatient(*moved))
    assert not repeats(*pair)
    assert reason_of(*pair, NEAR) is DuplicateReason.NEAR_DATES


@pytest.mark.rule("S2")
def test_series_is_paired_by_date_when_a_code_is_listed_several_times() -> None:
    def series(*days: int) -> Fingerprint:
        lines = [{"start_date": f"2026-07-{day:02d}"} for day in days]
        return fingerprint(samples.REQUEST_ID, services=outpatient(*lines))

    assert repeats(
        series(6, 13, 20),
        fingerprint(
            services=outpatient(*({"start_date": f"2026-07-{day:02d}"} for day in (20, 6, 13)))
        ),
    )
    assert not repeats(
        series(6, 13, 20),
        fingerprint(
            services=outpatient(*({"start_date": f"2026-07-{day:02d}"} for day in (6, 13, 27)))
        ),
    )


def test_units_of_days_are_compared_within_the_calendar_when_they_are_many() -> None:
    many = {"units": 999_999, "unit_type": "DAYS", "start_date": "2100-12-30"}
    [service] = fingerprint(services=outpatient(many)).services
    assert service.last_day == date(2100, 12, 30) + timedelta(days=MAX_PERIOD_DAYS - 1)
    assert last_of_days(date.max, 999_999) == date.max


def test_request_is_not_its_own_duplicate_when_it_is_compared() -> None:
    assert not repeats(own(), own())
    assert reason_of(own(), own(), NEAR) is None


def test_services_are_side_by_side_when_two_requests_are_compared() -> None:
    mine = own(services=outpatient({"modifiers": ["LT"]}, {"code": "97140"}))
    theirs = fingerprint(services=outpatient({"modifiers": ["RT"]}, {"code": "99213"}))
    pairs = [
        (one.code if one else None, other.code if other else None)
        for one, other in paired(mine, theirs)
    ]
    assert pairs == [("97110", "97110"), ("97140", None), (None, "99213")]


# -- in the assessment --------------------------------------------------------------------------------

FREE = SampleReference.of(rule("44120", "NOT_REQUIRED"), rule("44121", "NOT_REQUIRED"))


def earlier(status: Status, **changes: Any) -> Request:
    return samples.request(status, request_id=FIRST, **changes)


def assessed(other: Request, print_: Fingerprint) -> Request:
    requests = InMemoryRequests.holding(samples.request(Status.PROCESSING), other)
    assess(requests, by=FREE, others=(print_, own()))
    return requests.requests[samples.REQUEST_ID]


def found(request: Request) -> tuple[PotentialDuplicate, ...]:
    assert request.submitted.assessment is not None
    return request.submitted.assessment.potential_duplicates


@pytest.mark.rule("S2")
@pytest.mark.parametrize("status", [Status.PROCESSING, Status.PENDING, Status.APPROVED])
def test_later_request_is_voided_as_duplicate_when_it_repeats_an_earlier_one(
    status: Status,
) -> None:
    ended = assessed(earlier(status), fingerprint(days=2))
    assert (ended.status, ended.submitted.duplicate_of) == (Status.VOID, samples.NUMBER)
    assert ended.tins <= ended.submitted.duplicate_seen_by
    assert ended.submitted.assessment is not None


@pytest.mark.rule("S2", "W10")
@pytest.mark.parametrize(
    "changes",
    [
        {"days": 5},
        {"line": {"units": 2}},
        {"line": {"modifiers": ["LT"]}},
        {"codes": ("44120",)},
        {"codes": ("44125",)},
        {"servicing": STRANGERS},
    ],
)
@pytest.mark.parametrize("status", [Status.PENDING, Status.APPROVED, Status.DENIED])
def test_reviewer_decides_when_a_duplicate_is_potential(
    changes: dict[str, Any], status: Status
) -> None:
    """The rules would approve it."""
    pended = assessed(earlier(status), fingerprint(**changes))
    assert pended.status is Status.PENDING
    [potential] = found(pended)
    assert (potential.request_id, potential.number) == (FIRST, "PC0000000018")
    assert potential.seen_by == earlier(status).tins


@pytest.mark.rule("S2", "W10")
def test_request_is_pended_when_the_one_it_repeats_was_denied() -> None:
    """A resubmission with more information, for example."""
    pended = assessed(earlier(Status.DENIED), fingerprint())
    assert pended.status is Status.PENDING
    assert [one.reason_code for one in found(pended)] == [DuplicateReason.DECIDED_BEFORE]


class OthersDamaged(InMemoryRequests):
    """Of the requests, only the one that is assessed can be read."""

    def read(self, request_id: str) -> Request | None:
        if request_id != samples.REQUEST_ID:
            raise damaged(request_id)
        return super().read(request_id)


@pytest.mark.rule("S2", "W10")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"days": 2}, DuplicateReason.UNREADABLE),
        ({"days": 5}, DuplicateReason.NEAR_DATES),
        ({"codes": ("44120",)}, DuplicateReason.SHARED_CODES),
    ],
)
def test_request_is_pended_when_the_one_it_matches_is_damaged(
    changes: dict[str, Any], reason: DuplicateReason
) -> None:
    requests = OthersDamaged.holding(samples.request(Status.PROCESSING))
    assess(requests, by=FREE, others=(fingerprint(**changes), own()))
    pended = requests.requests[samples.REQUEST_ID]
    assert pended.status is Status.PENDING
    [potential] = found(pended)
    assert (potential.request_id, potential.reason_code) == (FIRST, reason)
    assert potential.number == "PC0000000018"


@pytest.mark.rule("S2")
@pytest.mark.parametrize("changes", [{"days": 2}, {"days": 5}])
def test_request_proceeds_when_the_one_it_matches_was_voided_meanwhile(
    changes: dict[str, Any],
) -> None:
    assert assessed(earlier(Status.VOID), fingerprint(**changes)).status is Status.APPROVED


@pytest.mark.rule("S2")
@pytest.mark.parametrize("changes", [{"days": 2}, {"days": 5}])
def test_earlier_request_proceeds_when_the_later_one_is_not_assessed_yet(
    changes: dict[str, Any],
) -> None:
    later = fingerprint(**changes, minutes=10)
    assert assessed(earlier(Status.PROCESSING), later).status is Status.APPROVED


@pytest.mark.rule("S2")
@pytest.mark.parametrize(
    ("changes", "status"), [({"days": 2}, Status.VOID), ({"days": 5}, Status.PENDING)]
)
def test_request_is_compared_when_the_later_one_was_assessed_without_seeing_it(
    changes: dict[str, Any], status: Status
) -> None:
    """A fax that is entered days after it was received."""
    later = fingerprint(**changes, minutes=10)
    assert assessed(earlier(Status.PENDING), later).status is status


@pytest.mark.rule("S2")
def test_assessed_request_is_named_when_several_are_repeated() -> None:
    second = "01J1QZ8Y7N4W3V2T1S0R9Q8P7B"
    requests = InMemoryRequests.holding(
        samples.request(Status.PROCESSING),
        earlier(Status.PROCESSING),
        samples.request(Status.PENDING, request_id=second),
    )
    assess(requests, by=FREE, others=(fingerprint(), fingerprint(second, minutes=-5), own()))
    [change] = [event for event in requests.events if event.request_id == samples.REQUEST_ID]
    assert change.type == "RequestEndedAsDuplicate"
    assert requests.others == [(second, requests.requests[second].version)]


def test_no_line_is_decided_when_a_request_ends_as_a_duplicate() -> None:
    ended = assessed(earlier(Status.PENDING), fingerprint())
    assert {line.status for line in ended.submitted.lines} == {LineStatus.OPEN}


@pytest.mark.rule("S2")
def test_lock_follows_the_decisions_when_an_event_decides_lines() -> None:
    for event_type, effects in EVENTS.items():
        determines = effects.duplicate_lock is DuplicateLock.DETERMINE
        assert determines == effects.decides_lines, event_type
