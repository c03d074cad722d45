"""Patient search and confirmation: responses, and the protection of SSNs (P1, P2, A4-A6)."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.check import handler as check
from functions.submit import handler as submit
from local.sample import sample_members, sample_text
from precert.domain.coverage import Coverage
from precert.names import Env
from tests.adapters.callers import PROVIDER, UNENTITLED
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.tables import put_coverages, put_ssn_digest
from tests.fakes.clock import START
from tests.fakes.samples import PATIENT, entered, payer

FACTS = {key: value for key, value in PATIENT.items() if key != "member_id"}
SSN = "987-65-4320"
ROSA = {"date_of_birth": "1981-11-23", "last_name": "Castellano", "first_name": "Rosa"}
INES = {"date_of_birth": "1995-12-08", "last_name": "García-Ruiz", "first_name": "Inés"}


def search(cloud: Cloud, by: Any = PROVIDER, **body: Any) -> Reply:
    return cloud.call(check, "POST", "/v1/patients/search", body, by=by)


def sample(member_id: str) -> dict[str, str]:
    member = next(row for row in sample_members(payer()) if row.member_id == member_id)
    return {name: str(getattr(member, name)) for name in PATIENT}


# -- Search ----------------------------------------------------------------------------------------


@pytest.mark.rule("P1", "V1")
@pytest.mark.parametrize(
    "identifier", [{"member_id": "849382930"}, {"ssn": SSN}, {"ssn": "987654320"}]
)
def test_member_is_found_when_all_four_fields_match(
    cloud: Cloud, identifier: dict[str, str]
) -> None:
    reply = search(cloud, **FACTS, **identifier)
    assert reply.status == 200, reply.text
    account = {"account": "00472356", "account_name": "Live Well, Inc."}
    assert reply.body == {"patients": [{**PATIENT, **account}], "damaged": [], "notices": []}


@pytest.mark.rule("P1")
def test_several_members_are_found_when_one_person_has_several_ids(cloud: Cloud) -> None:
    found = search(cloud, ssn="987-65-4324", **ROSA).body["patients"]
    assert [one["member_id"] for one in found] == ["U70064499", "U70210348"]
    assert len({one["account"] for one in found}) == 2


@pytest.mark.parametrize("identifier", [{"member_id": "u70040250"}, {"ssn": "987-65-4322"}])
def test_member_is_found_when_names_differ_in_diacritics_only(
    cloud: Cloud, identifier: dict[str, str]
) -> None:
    typed = {**INES, "last_name": "GARCIA RUIZ", "first_name": "ines"}
    [found] = search(cloud, **identifier, **typed).body["patients"]
    assert (found["last_name"], found["first_name"]) == ("García-Ruiz", "Inés")


@pytest.mark.rule("P1", "A6")
@pytest.mark.parametrize("by_ssn", [False, True])
def test_response_is_identical_when_any_field_is_wrong(cloud: Cloud, *, by_ssn: bool) -> None:
    identifier = {"ssn": SSN} if by_ssn else {"member_id": "849382930"}
    unknown = {"ssn": "987-65-4329"} if by_ssn else {"member_id": "849382939"}
    wrong: list[dict[str, str]] = [
        {**FACTS, **unknown},
        {**FACTS, **identifier, "date_of_birth": "1986-01-02"},
        {**FACTS, **identifier, "last_name": "Adam"},
        {**FACTS, **identifier, "first_name": "Alice"},
        {**INES, **identifier},
    ]
    response, requested = set(), set()
    for body in wrong:
        with cloud.wire.counting() as calls:
            reply = search(cloud, **body)
        response.add((reply.status, reply.text))
        requested.add(tuple(calls))
    [(status, text)] = response
    assert (status, json.loads(text)["patients"]) == (200, [])
    assert json.loads(text)["notices"] == [
        cloud.deps.payer.notices["patient_not_found"],
        cloud.deps.payer.notices["newborn"],
    ]
    assert requested == {("GenerateMac", "Query")} if by_ssn else {("GetItem",)}


@pytest.mark.rule("A6")
@pytest.mark.parametrize(
    "first_name", ["Baby", "Baby Boy", "BABY GIRL", "Newborn", "BB", "Infant of Allison", "Twin A"]
)
def test_newborn_is_referred_to_provider_services_when_searched_without_an_id(
    cloud: Cloud, first_name: str
) -> None:
    newborn = {"date_of_birth": "2026-06-30", "last_name": "Adams", "first_name": first_name}
    with cloud.wire.counting() as calls:
        reply = search(cloud, **newborn)
    assert calls == []
    notices = cloud.deps.payer.notices
    assert (reply.status, reply.body) == (
        200,
        {
            "patients": [],
            "damaged": [],
            "notices": [notices["patient_id_missing"], notices["newborn"]],
        },
    )
    assert cloud.deps.payer.provider_services.phone in notices["newborn"]
    by_mother = search(cloud, member_id="849382930", **newborn)
    assert notices["newborn"] in by_mother.body["notices"]


@pytest.mark.rule("A6")
@pytest.mark.parametrize(
    "entered",
    [
        {"member_id": "849382930", "date_of_birth": "2026-06-30", "last_name": "Adams"},
        {"member_id": "849382930", "date_of_birth": "2026-06-30", "first_name": "Baby"},
        {"date_of_birth": "2026-06-30", "last_name": "Adams"},
        {"date_of_birth": "2026-06-30", "last_name": "Adams", "first_name": ""},
        {"date_of_birth": "2026-06-30", "last_name": "Adams", "first_name": " "},
        {"date_of_birth": "2026-06-30", "last_name": "Adams", "first_name": None},
        {"member_id": "", "date_of_birth": "2026-06-30", "last_name": "A", "first_name": "B"},
        {"date_of_birth": "2026-06-30"},
        {"member_id": "NONE", "date_of_birth": "2026-06-30", "last_name": "A", "first_name": "B"},
    ],
)
def test_newborn_is_referred_to_provider_services_when_an_id_or_a_name_is_invalid(
    cloud: Cloud, entered: dict[str, str]
) -> None:
    newborn = cloud.deps.payer.notices["newborn"]
    searched = search(cloud, **entered)
    confirmed = cloud.call(check, "POST", "/v1/patients/confirm", {"patient": entered})
    for reply in (searched, confirmed):
        assert reply.status == 422
        assert reply.body["errors"]
        assert newborn in reply.body["detail"]


@pytest.mark.rule("A6")
def test_newborn_is_referred_to_provider_services_when_no_member_is_confirmed(
    cloud: Cloud,
) -> None:
    patient = {**PATIENT, "date_of_birth": "2026-06-30", "first_name": "Baby"}
    reply = cloud.call(check, "POST", "/v1/patients/confirm", {"patient": patient})
    assert (reply.status, reply.code) == (404, "patient_not_found")
    assert cloud.deps.payer.notices["newborn"] in reply.body["detail"]


def test_detail_has_no_referral_when_something_else_is_invalid(cloud: Cloud) -> None:
    reply = search(cloud, **{**PATIENT, "date_of_birth": "soon"})
    assert cloud.deps.payer.notices["newborn"] not in reply.body["detail"]


def test_search_is_one_call_when_it_is_by_patient_id(cloud: Cloud) -> None:
    with cloud.wire.counting() as calls:
        search(cloud, **PATIENT)
    assert calls == ["GetItem"]


def test_search_is_three_calls_when_an_ssn_matches(cloud: Cloud) -> None:
    with cloud.wire.counting() as calls:
        search(cloud, ssn=SSN, **FACTS)
    assert calls == ["GenerateMac", "Query", "BatchGetItem"]


@pytest.mark.rule("P1")
@pytest.mark.parametrize("field", FACTS)
def test_missing_field_is_named_when_it_is_absent(cloud: Cloud, field: str) -> None:
    body = {key: value for key, value in FACTS.items() if key != field}
    reply = search(cloud, ssn=SSN, **body)
    assert reply.status == 422
    assert [error["pointer"] for error in reply.body["errors"]] == [f"/{field}"]


@pytest.mark.rule("A1")
def test_search_is_refused_when_the_entitlement_is_missing(cloud: Cloud) -> None:
    with cloud.wire.counting() as calls:
        assert search(cloud, by=UNENTITLED, ssn=SSN, **FACTS).code == "not_entitled"
    assert calls == []


def test_earlier_ssn_matches_no_member_when_it_was_corrected(cloud: Cloud) -> None:
    digest = cloud.deps.digests.digest("what another number would be hashed to")
    right = cloud.clients.by_name["dynamodb"].get_item(
        TableName=cloud.deps.settings[Env.REFERENCE_TABLE],
        Key={"pk": {"S": "MEMBER#849382930"}, "sk": {"S": "SSN"}},
    )["Item"]["digest"]["S"]
    put_ssn_digest(cloud.deps.loads, "849382930", digest, START)
    try:
        assert search(cloud, ssn=SSN, **FACTS).body["patients"] == []
    finally:
        put_ssn_digest(cloud.deps.loads, "849382930", right, START)
    assert search(cloud, ssn=SSN, **FACTS).body["patients"] != []


def test_caller_may_retry_when_the_key_does_not_respond(cloud: Cloud) -> None:
    cloud.wire.fail("GenerateMac", "DisabledException")
    reply = search(cloud, ssn=SSN, **FACTS)
    assert (reply.status, reply.code) == (503, "try_again")
    assert "4320" not in reply.text + cloud.log.getvalue()


# -- protection of SSNs ----------------------------------------------------------------------------


def _reference_items(cloud: Cloud) -> list[dict[str, Any]]:
    client = cloud.clients.by_name["dynamodb"]
    table = cloud.deps.settings[Env.REFERENCE_TABLE]
    pages = client.get_paginator("scan").paginate(TableName=table)
    return [item for page in pages for item in page["Items"]]


@pytest.fixture
def all_logs(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Every logger of the process, the product's and the libraries', at debug level."""
    with caplog.at_level(logging.INFO):
        yield caplog


@pytest.mark.rule("P1")
@pytest.mark.parametrize(
    "body",
    [
        {"ssn": SSN, **FACTS},
        {"ssn": "987654320", **FACTS},
        {"ssn": SSN, **FACTS, "last_name": "Other"},
        {"ssn": SSN, **FACTS, "last_name": None},
        {"ssn": SSN, "member_id": "849382930", **FACTS},
        {"ssn": "987-65-43201", **FACTS},
        {"ssn": 987654320, **FACTS},
        {"ssn": [SSN], **FACTS},
        {"ssn": SSN},
        {"ssn": SSN, **FACTS, "more": SSN},
    ],
)
def test_ssn_is_not_stored_or_logged_when_it_was_sent(
    cloud: Cloud, all_logs: pytest.LogCaptureFixture, body: dict[str, Any]
) -> None:
    reply = search(cloud, **body)
    assert reply.status in {200, 422}
    response = reply.text + str(reply.headers) + cloud.log.getvalue() + all_logs.text
    assert not any(digits in response for digits in ("4320", "98765", "987-65"))


@pytest.mark.rule("P1")
def test_ssn_is_not_logged_when_calls_fail_internally(
    cloud: Cloud, all_logs: pytest.LogCaptureFixture
) -> None:
    for operation, error in (("GenerateMac", "KMSInternalException"), ("Query", "Unknown")):
        cloud.wire.fail(operation, error)
        assert search(cloud, ssn=SSN, **FACTS).status == 503
    response = cloud.log.getvalue() + all_logs.text
    assert not any(digits in response for digits in ("4320", "98765", "987-65"))


@pytest.mark.rule("P1")
def test_ssn_is_in_no_item_when_members_were_loaded(cloud: Cloud) -> None:
    cloud.submitted()
    lines = sample_text("ssns").splitlines()[1:]
    numbers = {line.partition(",")[2] for line in lines}
    items = _reference_items(cloud)
    found = {item["sk"]["S"] for item in items if item["pk"]["S"].startswith("SSN#")}
    assert found == {line.partition(",")[0] for line in lines}
    response = json.dumps([*items, *cloud.items()], default=str)
    for number in numbers:
        assert number not in response
        assert number.replace("-", "") not in response


# -- Confirmation ----------------------------------------------------------------------------------


def confirmed(cloud: Cloud, member_id: str) -> dict[str, Any]:
    reply = cloud.confirm(sample(member_id))
    assert reply.status == 200, reply.text
    body: dict[str, Any] = reply.body
    return body


@pytest.mark.rule("P2")
def test_coverage_is_returned_when_a_patient_is_confirmed(cloud: Cloud) -> None:
    body = confirmed(cloud, "849382930")
    assert (body["plan"]["plan_type"], body["plan"]["management_level"]) == ("OAP", "Complete")
    assert (body["active"], body["check_available"], body["next_steps"]) == (True, True, None)
    assert body["referral_needed"] is False


@pytest.mark.rule("P2")
@pytest.mark.parametrize(
    ("member_id", "needed"),
    [
        ("U70084890", True),
        ("U70112897", True),
        ("U70135553", True),
        ("849382930", False),
        ("U70064499", False),
    ],
)
def test_referral_notice_is_returned_when_the_plan_type_needs_one(
    cloud: Cloud, member_id: str, *, needed: bool
) -> None:
    body = confirmed(cloud, member_id)
    notice = cloud.deps.payer.notices["referral_needed"]
    assert body["referral_needed"] is needed
    assert (notice in body["notices"]) is needed


@pytest.mark.rule("A4")
@pytest.mark.parametrize("member_id", ["U70181624", "U70189188"])
def test_next_steps_replace_the_check_when_the_level_is_not_supported(
    cloud: Cloud, member_id: str
) -> None:
    body = confirmed(cloud, member_id)
    assert (body["active"], body["check_available"]) == (True, False)
    assert body["next_steps"] == cloud.deps.payer.notices["check_not_available"]
    for text in (
        "whether precertification is required",
        "take the request by phone",
        "(800) 882-4462",
    ):
        assert text in body["next_steps"]
    refused = cloud.check(patient=sample(member_id))
    assert (refused.status, refused.code) == (409, "check_not_available")
    started = cloud.call(
        submit, "POST", "/v1/drafts", {"content": entered(patient=sample(member_id))}
    )
    assert (started.status, started.code) == (409, "check_not_available")


@pytest.mark.parametrize("member_id", ["849382930", "U70181624", "U70196271"])
def test_behavioral_guidance_is_returned_when_any_patient_is_confirmed(
    cloud: Cloud, member_id: str
) -> None:
    assert cloud.deps.payer.notices["behavioral"] in confirmed(cloud, member_id)["notices"]


@pytest.mark.parametrize(
    ("member_id", "days", "response"),
    [
        ("U70196271", ("2022-01-01", "2024-12-31"), "Coverage ended on 2024-12-31."),
        ("U70204113", ("2035-01-01", None), "Coverage begins on 2035-01-01."),
    ],
)
def test_dates_are_returned_without_a_plan_when_coverage_is_not_active(
    cloud: Cloud, member_id: str, days: tuple[str, str | None], response: str
) -> None:
    body = confirmed(cloud, member_id)
    assert (body["active"], body["check_available"]) == (False, False)
    assert (body["plan"], body["referral_needed"]) == (None, None)
    assert (body["active_from"], body["active_to"]) == days
    assert body["next_steps"].startswith(response)


@pytest.mark.rule("P1")
@pytest.mark.parametrize("field", PATIENT)
def test_no_patient_is_confirmed_when_one_field_is_wrong(cloud: Cloud, field: str) -> None:
    wrong = {"date_of_birth": "1986-01-02"}.get(field, "849382939")
    reply = cloud.confirm({**PATIENT, field: wrong})
    assert (reply.status, reply.code) == (404, "patient_not_found")
    with_all_wrong = cloud.confirm({**PATIENT, "member_id": "000000000", "last_name": "Nobody"})
    assert with_all_wrong.text == reply.text


# -- Several spans ---------------------------------------------------------------------------------

THEO = "U70022037"
"""Covered by one plan until the end of 2025 and by another from 2026 on."""


@pytest.mark.rule("P2")
@pytest.mark.parametrize(
    ("today", "plan_id"),
    [
        (datetime(2025, 12, 31, 18, tzinfo=UTC), "OAP-COMPLETE"),
        (datetime(2026, 1, 1, 4, tzinfo=UTC), "OAP-COMPLETE"),
        (datetime(2026, 1, 1, 6, tzinfo=UTC), "OAP-PREFERRED"),
    ],
)
def test_plan_is_the_current_one_in_the_payers_zone_when_it_changes(
    cloud: Cloud, today: datetime, plan_id: str
) -> None:
    cloud.clock.at = today
    assert confirmed(cloud, THEO)["plan"]["plan_id"] == plan_id


@pytest.mark.rule("A6")
@pytest.mark.parametrize(
    ("spans", "covered"),
    [
        ([("2024-01-01", "2026-06-30"), ("2026-07-01", None)], True),
        ([("2024-01-01", "2026-07-01"), ("2026-08-01", None)], True),
        ([("2024-01-01", "2026-06-30"), ("2026-07-02", None)], False),
        ([(f"{year}-01-01", f"{year}-12-31") for year in range(2019, 2027)], True),
        ([(f"{year}-01-01", f"{year}-12-31") for year in range(2018, 2026)], False),
    ],
)
def test_submission_checks_every_span_when_a_member_has_several(
    cloud: Cloud, spans: list[tuple[str, str | None]], *, covered: bool
) -> None:
    draft_id = cloud.start()
    coverage = cloud.sample_coverage.model_dump()
    cloud.covered = True
    put_coverages(
        cloud.deps,
        [
            Coverage.model_validate({**coverage, "active_from": first, "active_to": last})
            for first, last in spans
        ],
    )
    reply = cloud.submit(draft_id)
    assert (reply.status, reply.code) == ((202, None) if covered else (409, "patient_not_eligible"))


def test_rules_are_those_of_the_plan_on_the_service_date_when_it_changes_by_then(
    cloud: Cloud,
) -> None:
    coverage = cloud.sample_coverage.model_dump()
    later = {**coverage["plan"], "plan_id": "HMO-COMPLETE", "plan_type": "HMO"}
    cloud.covered = True
    put_coverages(
        cloud.deps,
        [
            Coverage.model_validate({**coverage, "active_to": "2026-07-31"}),
            Coverage.model_validate({**coverage, "plan": later, "active_from": "2026-08-01"}),
        ],
    )
    answers = {}
    for day in ("2026-07-15", "2026-08-15"):
        service = {
            "authorization_type": "OUTPATIENT",
            "type_of_service": "DIAGNOSTIC",
            "place_of_service": "HOSPITAL_OUTPATIENT",
            "urgency": "STANDARD",
            "service_date": day,
            "primary_diagnosis": "G4733",
            "procedures": [{"code": "95810"}],
        }
        reply = cloud.check(services=[service])
        assert reply.status == 200, reply.text
        answers[day] = reply.body["services"][0]["codes"][0]["requirement"]
    assert answers == {"2026-07-15": "NOT_REQUIRED", "2026-08-15": "REQUIRED"}
