"""Duplicate detection: signatures, days, providers with other ids, code families."""

from datetime import timedelta
from typing import Any

import pytest

from precert.domain.duplicates import (
    Fingerprint,
    fingerprint_of,
    potential_duplicates,
    sure_duplicates,
)
from precert.domain.request import Request
from precert.domain.statuses import Status
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.reference import SampleReference, assess, rule
from tests.fakes.requests import InMemoryRequests

NEAR = 7
FIRST = "01J1QZ8Y7N4W3V2T1S0R9Q8P7A"
OTHER_NPI = {"npi": "8001042398", "provider_id": None}
OTHER_TIN = {"tin": samples.STRANGER_TIN, "provider_id": None}
STRANGERS = {"npi": "8001042398", "tin": samples.STRANGER_TIN, "provider_id": None}


def fingerprint(
    request_id: str = FIRST, *, minutes: int = -10, codes: tuple[str, ...] = (), **given: Any
) -> Fingerprint:
    """The fingerprint of the sample request, submitted this much earlier; ``given`` changes parts
    of it.
    """
    services = samples.later(samples.entered()["services"], given.pop("days", 0))
    if codes:
        of_line = services[0]["procedures"][0]
        services[0]["procedures"] = [{**of_line, "code": code} for code in codes]
    servicing = samples.entered()["servicing_provider"] | given.pop("servicing", {})
    content = samples.content(services=services, servicing_provider=servicing, **given)
    return fingerprint_of(request_id, "PC0000000018", START + timedelta(minutes=minutes), content)


def own(**given: Any) -> Fingerprint:
    return fingerprint(samples.REQUEST_ID, minutes=0, **given)


# -- at submission ------------------------------------------------------------------------------------


@pytest.mark.rule("S2")
def test_signature_is_identical_when_only_days_and_order_differ() -> None:
    assert own().signature == fingerprint(days=30).signature
    assert own(codes=("44120", "44121")).signature == own(codes=("44121", "44120")).signature
    assert own(codes=("44120", "44120")).signature == own(codes=("44120",)).signature


@pytest.mark.rule("S2")
@pytest.mark.parametrize(
    "given",
    [
        {"codes": ("44120",)},
        {"servicing": OTHER_NPI},
        {"servicing": OTHER_TIN},
        {"patient": {**samples.PATIENT, "member_id": "849382931"}},
        {"purpose": "PREDETERMINATION"},
    ],
)
def test_signature_differs_when_anything_else_differs(given: dict[str, Any]) -> None:
    assert own().signature != fingerprint(**given).signature


@pytest.mark.rule("S2")
@pytest.mark.parametrize(("days", "overlapping"), [(-3, False), (-2, True), (2, True), (3, False)])
def test_stays_overlap_when_they_share_a_day(days: int, overlapping: bool) -> None:
    assert own().overlaps(fingerprint(days=days)) == overlapping


# -- in the assessment, compared by fingerprint -------------------------------------------------------


@pytest.mark.rule("S2")
@pytest.mark.parametrize(
    ("given", "sure"),
    [
        ({"days": 5}, True),
        ({"days": -9}, True),
        ({"days": 10}, False),
        ({"days": -10}, False),
        ({"servicing": OTHER_NPI}, True),
        ({"servicing": OTHER_TIN, "days": 4}, True),
        ({"servicing": STRANGERS}, False),
        ({"servicing": {**STRANGERS, "provider_id": "P00001"}}, True),
        ({"codes": ("44120",)}, False),
        ({"purpose": "PREDETERMINATION"}, False),
        ({"patient": {**samples.PATIENT, "member_id": "849382931"}}, False),
    ],
)
def test_duplicate_is_certain_when_codes_and_provider_match_and_days_are_within_the_window(
    given: dict[str, Any], sure: bool
) -> None:
    assert bool(sure_duplicates(own(), [fingerprint(**given)], NEAR)) == sure


@pytest.mark.rule("S2")
@pytest.mark.parametrize(
    ("given", "potential"),
    [
        ({"codes": ("44120",)}, True),
        ({"codes": ("44125",), "days": 4}, True),
        ({"codes": ("44130",)}, True),
        ({"codes": ("44131",)}, False),
        ({"codes": ("44125",), "days": 12}, False),
        ({"codes": ("44125",), "servicing": STRANGERS}, False),
        ({"codes": ("44125",), "minutes": 10}, False),
        ({}, False),
    ],
)
def test_duplicate_is_potential_when_an_earlier_request_has_codes_of_the_same_family(
    given: dict[str, Any], potential: bool
) -> None:
    found = potential_duplicates(own(), [fingerprint(**given)], NEAR)
    assert [(one.request_id, one.reason_code) for one in found] == (
        [(FIRST, "same_family")] if potential else []
    )


def test_request_is_not_its_own_duplicate_when_it_is_compared() -> None:
    assert sure_duplicates(own(), [own()], NEAR) == ()
    assert potential_duplicates(own(), [own()], NEAR) == ()


# -- in the assessment --------------------------------------------------------------------------------

FREE = SampleReference.of(rule("44120", "NOT_REQUIRED"), rule("44121", "NOT_REQUIRED"))


def earlier(status: Status, **changes: Any) -> Request:
    return samples.request(status, request_id=FIRST, **changes)


def assessed(other: Request, print_: Fingerprint) -> Request:
    requests = InMemoryRequests.holding(samples.request(Status.PROCESSING), other)
    assess(requests, by=FREE, others=(print_, own()))
    return requests.requests[samples.REQUEST_ID]


@pytest.mark.rule("S2")
@pytest.mark.parametrize("status", [Status.PROCESSING, Status.PENDING, Status.APPROVED])
def test_later_request_is_voided_as_duplicate_when_it_repeats_an_earlier_one(
    status: Status,
) -> None:
    ended = assessed(earlier(status), fingerprint(days=5))
    assert (ended.status, ended.submitted.duplicate_of) == (Status.VOID, "PC0000000018")
    assert ended.tins <= ended.submitted.duplicate_seen_by
    assert ended.submitted.assessment is not None


@pytest.mark.rule("S2")
def test_request_proceeds_when_the_one_it_repeats_was_voided_meanwhile() -> None:
    assert assessed(earlier(Status.VOID), fingerprint(days=5)).status is Status.APPROVED


@pytest.mark.rule("S2")
def test_earlier_request_proceeds_when_the_later_one_is_not_assessed_yet() -> None:
    later = fingerprint(days=5, minutes=10)
    assert assessed(earlier(Status.PROCESSING), later).status is Status.APPROVED


@pytest.mark.rule("S2")
def test_one_of_two_is_voided_when_the_later_was_assessed_without_seeing_the_earlier() -> None:
    later = fingerprint(days=5, minutes=10)
    assert assessed(earlier(Status.PENDING), later).status is Status.VOID


@pytest.mark.rule("S2", "W1")
def test_reviewer_decides_and_sees_both_when_a_duplicate_is_potential() -> None:
    """The rules would approve it."""
    potential = assessed(earlier(Status.PENDING), fingerprint(codes=("44120",)))
    assert potential.status is Status.PENDING
    assert potential.submitted.assessment is not None
    [potential_duplicate] = potential.submitted.assessment.potential_duplicates
    assert (potential_duplicate.request_id, potential_duplicate.number) == (FIRST, "PC0000000018")
