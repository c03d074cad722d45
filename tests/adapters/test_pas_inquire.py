"""Claim/$inquire: the requests of a member that fit the inquiry are returned."""

import pytest

from functions.pas import handler as pas
from functions.status import handler as status
from tests.adapters.callers import PROVIDER, STRANGER
from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import (
    VISIT,
    Json,
    bundles,
    claim,
    heads,
    inquire,
    inquiry,
    issues,
    numbers,
    patient,
    response,
    submit,
)
from tests.fakes.samples import BOWEL_SURGERY
from tests.unit.test_export import claim_of, extensions


def test_requests_of_all_channels_are_found_when_a_member_is_named(cloud: Cloud) -> None:
    submit(cloud, claim(VISIT))
    cloud.submitted()
    rows = cloud.call(status, "GET", "/v1/requests", by=PROVIDER).body["requests"]
    reply = inquire(cloud, inquiry())
    assert numbers(reply) == {row["number"] for row in rows}
    assert len(rows) == 2
    assert [one["name"] for one in reply.body["parameter"]] == ["return", "return"]


def test_item_numbers_are_those_of_the_claim_when_it_is_found_by_number(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    for item in claim_of(document)["item"]:
        item["sequence"] += 6
    head = response(submit(cloud, document))
    number = extensions(head["item"][0])["administrationReferenceNumber"]["valueString"]
    (found,) = heads(inquire(cloud, inquiry(number=number)))
    assert [item["itemSequence"] for item in found["item"]] == [7]
    assert heads(inquire(cloud, inquiry(number="PC1234567897"))) == []


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (inquiry(VISIT), 1),
        (inquiry(BOWEL_SURGERY), 0),
        (inquiry({**VISIT, "service_date": "2026-07-07"}), 0),
    ],
    ids=["same", "other code", "later"],
)
def test_only_what_fits_is_found_when_services_are_described(
    cloud: Cloud, document: Json, found: int
) -> None:
    submit(cloud, claim(VISIT))
    assert len(bundles(inquire(cloud, document))) == found


def test_warning_is_returned_when_the_caller_may_not_see_requests(cloud: Cloud) -> None:
    submit(cloud, claim(VISIT))
    reply = inquire(cloud, inquiry(), by=STRANGER)
    (parameter,) = reply.body["parameter"]
    assert parameter["name"] == "outcome"
    (issue,) = parameter["resource"]["issue"]
    assert (issue["severity"], issue["code"]) == ("warning", "suppressed")


def test_other_requests_are_found_when_one_is_damaged(cloud: Cloud) -> None:
    submit(cloud, claim(VISIT))
    other = cloud.submitted()
    assert len(bundles(inquire(cloud, inquiry()))) == 2
    header = {**(cloud.item(other) or {}), "plan": {"S": "{"}}
    cloud.clients.by_name["dynamodb"].put_item(TableName=cloud.requests_table, Item=header)
    reply = inquire(cloud, inquiry())
    assert len(bundles(reply)) == 1
    (outcome,) = (one["resource"] for one in reply.body["parameter"] if one["name"] == "outcome")
    (issue,) = outcome["issue"]
    assert other in issue["details"]["text"]
    # A caller who may not see the request does not receive its id.
    assert other not in inquire(cloud, inquiry(), by=STRANGER).text


def test_nothing_is_returned_when_the_birth_date_is_of_another_person(cloud: Cloud) -> None:
    submit(cloud, claim(VISIT))
    document = inquiry()
    patient(document)["birthDate"] = "1986-01-02"
    assert inquire(cloud, document).body == {"resourceType": "Parameters"}


def test_outcome_names_the_patient_when_an_inquiry_has_no_member_id(cloud: Cloud) -> None:
    document = inquiry()
    for entry in document["entry"]:
        entry["resource"].pop("identifier", None)
        entry["resource"].pop("subscriberId", None)
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$inquire", document, by=PROVIDER)
    assert (reply.status, issues(reply)) == (422, ["value"])
    assert reply.body["issue"][0]["expression"][0].endswith(".identifier")
