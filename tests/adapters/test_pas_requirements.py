"""Requirements of PAS that no other test of the Prior Authorization API proves (docs/requirements)."""

import gzip
import json
from typing import Any

import pytest

from functions.pas import handler as pas
from tests.adapters.callers import PROVIDER
from tests.adapters.cloud import Cloud
from tests.adapters.pas_elements import ELEMENTS
from tests.adapters.test_pas import VISIT, claim, heads, inquire, inquiry, response, submit
from tests.fakes.samples import BOWEL_SURGERIES, IMAGES, payer
from tests.unit.test_export import claim_of
from tools.operations import ALL_ROUTES

Json = dict[str, Any]


def test_one_address_submits_claims_of_every_coverage_when_routes_are_listed() -> None:
    submissions = {one.path for one in ALL_ROUTES if "/Claim" in one.path}
    assert submissions == {"/fhir/r4/Claim/{operation}"}
    assert len(payer().review_clocks) > 1


def test_original_bundle_is_stored_when_a_claim_is_submitted(cloud: Cloud) -> None:
    """Also what the product does not read: extensions of the EHR, and elements without a use."""
    document = claim(VISIT)
    for change in ELEMENTS.values():
        change(document)
    submit(cloud, document)
    (row,) = cloud.dashboard().body["requests"]
    file = cloud.deps.requests.read_file(row["request_id"])
    assert file is not None
    assert file.original is not None
    assert json.loads(gzip.decompress(file.original)) == document


def test_answer_repeats_full_urls_and_sequences_when_a_claim_is_submitted(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERIES)
    for number, item in zip((7, 3), claim_of(document)["item"], strict=True):
        item["sequence"] = number
    reply = submit(cloud, document)
    assert [one["itemSequence"] for one in response(reply)["item"]] == [7, 3]
    sent = {one["fullUrl"]: one["resource"] for one in document["entry"]}
    returned = reply.body["entry"]
    urls = [one["fullUrl"] for one in returned]
    assert len(urls) == len(set(urls))
    known = {one["fullUrl"]: one["resource"] for one in returned if one["fullUrl"] in sent}
    assert {one["resourceType"] for one in known.values()} >= {"Patient", "Organization"}
    assert known == {url: sent[url] for url in known}
    others = [one["resource"]["resourceType"] for one in returned if one["fullUrl"] not in sent]
    assert not {"Patient", "Organization", "Practitioner"} & set(others)


def test_request_is_found_for_six_months_when_its_services_have_ended(cloud: Cloud) -> None:
    submit(cloud, claim(BOWEL_SURGERIES))
    cloud.clock.pass_by(days=22 + 183)
    (head,) = heads(inquire(cloud, inquiry()))
    assert head["outcome"] == "complete"


@pytest.mark.parametrize(
    ("service", "reads"),
    [(VISIT, 6), (BOWEL_SURGERIES, 6)],
    ids=["approved", "pended"],
)
def test_calls_to_aws_are_as_counted_when_a_claim_is_submitted(
    cloud: Cloud, service: dict[str, Any], reads: int
) -> None:
    """One transaction stores the claim, one its assessment; the rest are reads."""
    cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", claim(IMAGES), by=PROVIDER)
    with cloud.wire.counting() as calls:
        submit(cloud, claim(service, identifier="2"))
    assert calls.count("TransactWriteItems") == 2
    assert len(calls) == 2 + reads
