"""Requirements of PAS that no other test of the Prior Authorization API proves (docs/requirements)."""

import gzip
import json
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import Any, Final

import pytest

from precert.domain.caller import Caller
from precert.domain.errors import TransientError
from precert.domain.statuses import Status
from precert.names import Entitlement
from precert.usecases.assessment import AssessmentSources, assess_cycle
from precert.usecases.ports.requests import MemberFingerprints
from precert.usecases.prior_authorization import submit_prior_authorization
from tests.adapters.cloud import Cloud
from tests.adapters.interleaving import Interleaving
from tests.adapters.pas_calls import (
    PACEMAKER,
    VISIT,
    actions,
    claim,
    heads,
    inquire,
    inquiry,
    response,
    submit,
)
from tests.adapters.pas_documents import NOTES, attachment, reference, with_resources
from tests.adapters.pas_elements import ELEMENTS
from tests.fakes.samples import BOWEL_SURGERIES, BOWEL_SURGERY, IMAGES, PROVIDER_TIN, content, payer
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
    assert all(one.startswith(("https://", "urn:uuid:")) for one in urls)
    known = {one["fullUrl"]: one["resource"] for one in returned if one["fullUrl"] in sent}
    assert {one["resourceType"] for one in known.values()} >= {"Patient", "Organization"}
    assert known == {url: sent[url] for url in known}
    others = [one["resource"]["resourceType"] for one in returned if one["fullUrl"] not in sent]
    assert not {"Patient", "Organization", "Practitioner"} & set(others)


def with_relative_references(document: Json) -> Json:
    """The bundle with addresses as full URLs, and references by type and id."""
    text = json.dumps(document)
    for number, entry in enumerate(document["entry"], start=1):
        name = f"{entry['resource']['resourceType']}/{number}"
        text = text.replace(f'"fullUrl": "{entry["fullUrl"]}"', f'"fullUrl": "{EHR}/{name}"')
        text = text.replace(f'"reference": "{entry["fullUrl"]}"', f'"reference": "{name}"')
    changed: Json = json.loads(text)
    return changed


EHR: Final = "https://ehr.example.org/fhir"


@pytest.mark.parametrize("service", [VISIT, PACEMAKER], ids=["approved", "documents"])
def test_references_of_the_answer_resolve_when_those_of_the_claim_are_relative(
    cloud: Cloud, service: Json
) -> None:
    """FHIR resolves them by the full URL of the resource that has them, here of the response."""
    document = with_relative_references(claim(service))
    reply = submit(cloud, document)
    head = response(reply)
    urls = {one["fullUrl"] for one in reply.body["entry"]}
    for name in ("patient", "insurer", "requestor"):
        assert head[name]["reference"].startswith(EHR)
        assert head[name]["reference"] in urls
    sent = {one["fullUrl"]: one["resource"] for one in document["entry"]}
    returned = {one["fullUrl"]: one["resource"] for one in reply.body["entry"]}
    assert all(returned[url] == sent[url] for url in returned.keys() & sent.keys())


def without_insurer(document: Json) -> None:
    del claim_of(document)["insurer"]


def without_insurers_entry(document: Json) -> None:
    url = claim_of(document)["insurer"]["reference"]
    document["entry"] = [one for one in document["entry"] if one["fullUrl"] != url]


@pytest.mark.parametrize("change", [without_insurer, without_insurers_entry])
def test_answer_names_the_payer_when_the_claim_has_no_insurer(
    cloud: Cloud, change: Callable[[Json], None]
) -> None:
    document = claim(VISIT)
    change(document)
    reply = submit(cloud, document)
    url = response(reply)["insurer"]["reference"]
    found = {one["fullUrl"]: one["resource"] for one in reply.body["entry"]}
    assert found[url]["name"] == payer().name


def test_request_is_found_for_six_months_when_its_services_have_ended(cloud: Cloud) -> None:
    submit(cloud, claim(BOWEL_SURGERIES))
    cloud.clock.pass_by(days=22 + 183)
    (head,) = heads(inquire(cloud, inquiry()))
    assert head["outcome"] == "complete"


def later(service: Json) -> Json:
    """The same service three days later: similar, and no repetition."""
    day = date.fromisoformat(service["service_date"]) + timedelta(days=3)
    return {**service, "service_date": day.isoformat()}


CALLS: Final = ["BatchGetItem", "Query", "TransactWriteItems"]
"""Member and rule list; the member's other requests; the request with its assessment."""


@pytest.mark.parametrize(
    "services",
    [(VISIT,), (BOWEL_SURGERIES,), (PACEMAKER,), (IMAGES,), (IMAGES, PACEMAKER)],
    ids=["approved", "pended", "documents", "vendor", "vendor and documents"],
)
def test_three_calls_are_made_to_aws_when_a_claim_is_submitted(
    cloud: Cloud, services: tuple[Json, ...]
) -> None:
    cloud.check()  # the rule list is cached
    with cloud.wire.counting() as calls:
        submit(cloud, claim(*services))
    assert calls == CALLS


def test_two_more_calls_are_made_when_another_request_may_be_the_same(cloud: Cloud) -> None:
    """It is read, as its state decides on the new one; and both have one lock, which must be known."""
    submit(cloud, claim(VISIT))
    with cloud.wire.counting() as calls:
        assert actions(submit(cloud, claim(later(VISIT), identifier="2"))) == ["A4"]
    assert calls == [*CALLS[:2], "GetItem", *CALLS[2:] * 2]


def test_each_file_is_one_more_call_when_documents_are_sent(cloud: Cloud) -> None:
    cloud.check()
    contents = (b"%PDF-1.7 notes", b"%PDF-1.7 images")
    files = [reference(attachment(one), NOTES) for one in contents]
    with cloud.wire.counting() as calls:
        submit(cloud, with_resources(claim(BOWEL_SURGERY), *files))
    assert calls == [*CALLS, "PutObject", "PutObject"]


def test_request_is_stored_unassessed_when_the_other_requests_cannot_be_read(cloud: Cloud) -> None:
    """The workflow assesses it; the claim is not lost."""
    cloud.check()
    for _ in range(2):
        cloud.wire.cut("Query")
    assert actions(submit(cloud, claim(VISIT))) == ["A4"]
    (row,) = cloud.dashboard().body["requests"]
    assert row["status"] == "PROCESSING"
    assert actions(submit(cloud, claim(VISIT))) == ["NA"]


@pytest.mark.rule("S2")
@pytest.mark.parametrize("seed", range(12))
def test_one_of_two_similar_claims_is_reviewed_when_both_are_submitted_at_once(
    cloud: Cloud, seed: int
) -> None:
    """Each order of their calls: neither is approved automatically without the other being seen."""
    cloud.check()
    interleaving = Interleaving(Random(seed))
    found: list[list[str]] = []
    documents = [claim(VISIT), claim(later(VISIT), identifier="2")]

    def send(document: Json) -> None:
        found.append(actions(submit(cloud, document)))

    client = cloud.clients.by_name["dynamodb"]
    interleaving.attach(client)
    try:
        interleaving.run([partial(send, one) for one in documents])
    finally:
        interleaving.detach(client)
    assert sorted(found) == [["A4"], ["NA"]]


class NotAnswering:
    """The table does not answer: the request is stored, and the workflow assesses it."""

    def of_member(self, member_id: str) -> MemberFingerprints:
        raise TransientError("The table is busy.")


@pytest.mark.rule("S2")
def test_claim_is_reviewed_when_a_similar_request_is_approved_before_it_is_stored(
    cloud: Cloud,
) -> None:
    """The other one is submitted and assessed by the workflow between two calls of this one."""
    deps, client = cloud.deps, cloud.clients.by_name["dynamodb"]
    (visit,) = later(VISIT)["procedures"]
    day = later(VISIT)["service_date"]
    other = content(services=[{**later(VISIT), "procedures": [{**visit, "start_date": day}]}])
    caller = Caller(
        subject="colleague",
        entitlements=frozenset({Entitlement.PATIENT_SEARCH}),
        tins=frozenset({PROVIDER_TIN}),
    )

    def meanwhile(**_: Any) -> None:
        client.meta.events.unregister(EVENT, meanwhile)
        stored = deps.call(
            submit_prior_authorization,
            other,
            "other",
            None,
            caller,
            id_of=lambda _: "0" * 26,
            fingerprints=NotAnswering(),
        )
        assert stored.request.status is Status.PROCESSING
        assess_cycle("0" * 26, 1, deps.call(AssessmentSources))

    client.meta.events.register(EVENT, meanwhile)
    assert actions(submit(cloud, claim(VISIT))) == ["A4"]
    rows = cloud.dashboard().body["requests"]
    assert sorted(row["status"] for row in rows) == ["APPROVED", "PENDING"]


EVENT: Final = "before-call.dynamodb.TransactWriteItems"
