"""Bundles that a partner sends by mistake: each is refused with every reason, or nothing is lost."""

from base64 import b64encode
from collections.abc import Callable
from copy import deepcopy
from hashlib import sha1
from typing import Any, Final

import pytest

from functions.status import handler as status
from tests.adapters.callers import PROVIDER
from tests.adapters.cloud import PDF, Cloud
from tests.adapters.pas_calls import PACEMAKER, VISIT, Json, actions, claim, errors, issues, submit
from tests.adapters.pas_documents import (
    NOTES,
    attach,
    attachment,
    documents,
    notes,
    page,
    parameters,
    reference,
    with_resources,
)
from tests.adapters.pas_questionnaires import PACEMAKERS, answers
from tests.adapters.pas_updates import cancel_item, only_row, update
from tests.fakes.samples import BOWEL_SURGERIES, BOWEL_SURGERY
from tests.unit.test_export import claim_of

Change = Callable[[Json], object]


def resource(document: Json, kind: str) -> Json:
    found: Json = next(
        one["resource"] for one in document["entry"] if one["resource"]["resourceType"] == kind
    )
    return found


def url_of(document: Json, kind: str) -> Json:
    return {
        "reference": next(
            one["fullUrl"] for one in document["entry"] if one["resource"]["resourceType"] == kind
        )
    }


def rows(cloud: Cloud) -> list[Json]:
    found: list[Json] = cloud.call(status, "GET", "/v1/requests", by=PROVIDER).body["requests"]
    return found


# -- References ---------------------------------------------------------------------------------------


def version(document: Json) -> None:
    for holder in (claim_of(document), *claim_of(document)["insurance"]):
        for name in ("patient", "provider", "insurer", "coverage"):
            if name in holder:
                holder[name]["reference"] += "/_history/2"


def test_resource_is_found_when_a_reference_names_its_version(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    version(document)
    assert actions(submit(cloud, document)) == ["A4"]


WRONG_TYPES: Final[dict[str, tuple[Change, str]]] = {
    "patient": (
        lambda one: claim_of(one).update(patient=url_of(one, "Coverage")),
        "Claim.patient",
    ),
    "coverage": (
        lambda one: claim_of(one)["insurance"][0].update(coverage=url_of(one, "Patient")),
        "Claim.insurance.coverage",
    ),
    "provider": (
        lambda one: claim_of(one).update(provider=url_of(one, "Patient")),
        "Claim.provider",
    ),
    "servicing provider": (
        lambda one: claim_of(one)["careTeam"][0].update(provider=url_of(one, "Coverage")),
        "Claim.careTeam[0].provider",
    ),
    "servicing provider that is no entry": (
        lambda one: claim_of(one)["careTeam"][0].update(provider={"reference": "Practitioner/1"}),
        "Claim.careTeam[0].provider",
    ),
}


@pytest.mark.parametrize("kind", WRONG_TYPES)
def test_reference_is_named_when_it_is_of_another_type(cloud: Cloud, kind: str) -> None:
    change, place = WRONG_TYPES[kind]
    document = claim(BOWEL_SURGERY)
    change(document)
    reply = submit(cloud, document)
    assert any(path.startswith(place) for _, path in errors(reply))
    assert rows(cloud) == []


def test_payer_is_named_when_the_insurer_is_of_another_type(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    claim_of(document)["insurer"] = url_of(document, "Patient")
    assert actions(submit(cloud, document)) == ["A4"]


# -- Values -------------------------------------------------------------------------------------------


def test_every_error_is_named_when_values_and_parts_are_wrong(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    head = claim_of(document)
    head["use"] = "claim"
    item = head["item"][0]
    item["quantity"] = {"value": -1}
    item["productOrService"]["coding"][0]["code"] = "4412"
    item["diagnosisSequence"] = [99]
    resource(document, "Patient").pop("birthDate")
    assert {path for _, path in errors(submit(cloud, document))} == {
        "Claim.use",
        "Claim.item[0].quantity.value",
        "Bundle.entry[1].resource.birthDate",
        "Claim.item[0].diagnosisSequence",
        "Claim.item[0].productOrService",
    }


@pytest.mark.parametrize("day", ["2026", "2026-07", "20260720"])
def test_whole_date_is_requested_once_when_a_date_is_partial(cloud: Cloud, day: str) -> None:
    document = claim(VISIT)
    claim_of(document)["item"][0].pop("servicedPeriod", None)
    claim_of(document)["item"][0]["servicedDate"] = day
    claim_of(document).pop("supportingInfo", None)
    assert errors(submit(cloud, document)) == [("57", "Claim.item[0].serviced")]
    stay = claim(BOWEL_SURGERY)
    for one in claim_of(stay)["supportingInfo"]:
        if one["category"]["coding"][0]["code"] == "admissionDates":
            one.pop("timingPeriod", None)
            one["timingDate"] = day
    assert errors(submit(cloud, stay)) == [("33", "Claim.supportingInfo[1].timing")]


def test_modifier_is_read_when_its_system_is_missing(cloud: Cloud) -> None:
    document = claim(VISIT)
    claim_of(document)["item"][0]["modifier"] = [{"coding": [{"code": "25"}]}]
    submit(cloud, document)
    details = cloud.read(only_row(cloud)["request_id"]).body
    assert details["content"]["services"][0]["procedures"][0]["modifiers"] == ["25"]


MODIFIER: Final = {"url": "https://ehr.example/unknown", "valueBoolean": True}
MODIFIED: Final[dict[str, Change]] = {
    "bundle": lambda one: one.update(modifierExtension=[MODIFIER]),
    "entry": lambda one: one["entry"][2].update(modifierExtension=[MODIFIER]),
    "no list": lambda one: claim_of(one).update(modifierExtension=MODIFIER),
    "rules": lambda one: claim_of(one).update(implicitRules="https://ehr.example/rules"),
    "rules of the bundle": lambda one: one.update(implicitRules="https://ehr.example/rules"),
}


@pytest.mark.parametrize("kind", MODIFIED)
def test_bundle_is_refused_when_a_modifier_element_is_unknown(cloud: Cloud, kind: str) -> None:
    document = claim(BOWEL_SURGERY)
    MODIFIED[kind](document)
    reply = submit(cloud, document)
    assert reply.status == 422
    (issue,) = reply.body["issue"]
    assert ("modifierExtension" in issue["expression"][0]) is not kind.startswith("rules")


# -- Updates and cancellations ------------------------------------------------------------------------


def cancelled(document: Json, *indexes: int) -> Json:
    changed = update(document)
    for index in indexes:
        cancel_item(changed, index)
    return changed


def of_other_patient(document: Json) -> Json:
    changed = deepcopy(document)
    resource(changed, "Patient")["identifier"][0]["value"] = "U70019461"
    return changed


def test_nothing_is_changed_when_an_update_or_cancellation_is_of_another_patient(
    cloud: Cloud,
) -> None:
    document = claim(BOWEL_SURGERY)
    submit(cloud, document)
    for sent in (update(document), cancelled(document, 0)):
        assert errors(submit(cloud, of_other_patient(sent))) == [("33", "Claim")]
    assert [one["status"] for one in rows(cloud)] == ["PENDING"]


def test_provider_is_named_when_an_update_without_a_change_has_another_one(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    submit(cloud, document)
    changed = update(document)
    for one in changed["entry"]:
        for identifier in one["resource"].get("identifier", ()):
            if identifier.get("value") == "8001042398":
                identifier["value"] = "1234567893"
    assert errors(submit(cloud, changed))


@pytest.mark.parametrize("indexes", [(0,), (0, 1)], ids=["one item", "all items"])
def test_earlier_claim_is_requested_when_a_new_claim_cancels_items(
    cloud: Cloud, indexes: tuple[int, ...]
) -> None:
    document = claim(BOWEL_SURGERIES)
    for index in indexes:
        cancel_item(document, index)
    assert ("15", "Claim.related") in errors(submit(cloud, document))
    assert rows(cloud) == []


def test_other_lines_stay_when_only_cancelled_items_are_sent(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERIES)
    submit(cloud, document)
    changed = cancelled(document, 0)
    claim_of(changed)["item"] = claim_of(changed)["item"][:1]
    assert actions(submit(cloud, changed)) == ["C", "A4"]
    assert [one["status"] for one in rows(cloud)] == ["PENDING"]


def test_item_is_named_when_a_cancelled_number_is_unknown(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERIES)
    submit(cloud, document)
    changed = cancelled(document, 0, 1)
    claim_of(changed)["item"][0]["sequence"] = 9
    assert errors(submit(cloud, changed)) == [("33", "Claim.item[0].sequence")]
    assert [one["status"] for one in rows(cloud)] == ["PENDING"]


@pytest.mark.parametrize("indexes", [(0,), (0, 1)], ids=["one item", "all items"])
def test_item_is_cancelled_when_its_values_are_wrong(
    cloud: Cloud, indexes: tuple[int, ...]
) -> None:
    document = claim(BOWEL_SURGERIES)
    submit(cloud, document)
    changed = cancelled(document, *indexes)
    claim_of(changed)["item"][0]["quantity"] = {"value": -3}
    claim_of(changed)["item"][0]["productOrService"]["coding"][0]["code"] = "x"
    expected = ["C", "A4"] if len(indexes) == 1 else ["C", "C"]
    assert actions(submit(cloud, changed)) == expected


# -- Documents ----------------------------------------------------------------------------------------


LOSSY: Final[dict[str, tuple[Json, ...]]] = {
    "media": ({"resourceType": "Media", "status": "completed", "content": page(1)},),
    "consent": ({"resourceType": "Consent", "status": "active", "sourceAttachment": page(1)},),
    "nested": (
        {
            "resourceType": "Communication",
            "status": "completed",
            "payload": [{"contentAttachment": page(1)}, {"contentString": "See the file."}],
        },
    ),
}


@pytest.mark.parametrize("kind", LOSSY)
def test_file_is_a_document_when_another_type_of_resource_has_it(cloud: Cloud, kind: str) -> None:
    submit(cloud, with_resources(claim(BOWEL_SURGERY), *LOSSY[kind]))
    assert [one["file_name"] for one in documents(cloud)] == ["page 1.pdf"]


WITHDRAWN: Final[dict[str, Json]] = {
    "document": {**reference(attachment(title="Notes"), NOTES), "status": "entered-in-error"},
    "answers": answers(PACEMAKERS, status="entered-in-error"),
}


@pytest.mark.parametrize("kind", WITHDRAWN)
def test_document_is_not_attached_when_it_is_entered_in_error(cloud: Cloud, kind: str) -> None:
    reply = submit(cloud, with_resources(claim(PACEMAKER), WITHDRAWN[kind]))
    assert documents(cloud) == []
    assert any("entered in error" in text for text in notes(reply))
    refused = attach(cloud, parameters("111099", WITHDRAWN[kind]))
    assert (refused.status, issues(refused)) == (422, ["business-rule"])


@pytest.mark.parametrize(
    "stated", [{"size": 1}, {"hash": "AAAA"}, {"size": len(PDF)}, {"hash": None}]
)
def test_file_is_refused_when_it_has_another_size_or_hash(
    cloud: Cloud, stated: dict[str, Any]
) -> None:
    right = b64encode(sha1(PDF, usedforsecurity=False).digest()).decode()
    members = {name: right if value is None else value for name, value in stated.items()}
    submit(cloud, with_resources(claim(BOWEL_SURGERY), reference(attachment() | members)))
    (document,) = documents(cloud)
    is_right = stated in ({"size": len(PDF)}, {"hash": None})
    assert (document["status"] == "AWAITING_UPLOAD") is is_right


def test_each_undecodable_file_is_listed_when_several_are_sent(cloud: Cloud) -> None:
    files = [attachment(title=f"page {number}") | {"data": "%%%"} for number in range(2)]
    submit(cloud, with_resources(claim(BOWEL_SURGERY), *map(reference, files)))
    assert {one["file_name"] for one in documents(cloud)} == {"page 0.pdf", "page 1.pdf"}


def bundle_of_contents(*resources: Json) -> Json:
    entries = [{"resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def test_every_resource_is_attached_when_a_bundle_has_several(cloud: Cloud) -> None:
    submit(cloud, claim(PACEMAKER))
    other = answers(PACEMAKERS, questionnaire="https://other.example.com/q")
    sent = bundle_of_contents(reference(page(1), NOTES), other, answers(PACEMAKERS))
    assert attach(cloud, parameters("111099", sent, code=None)).status == 200
    assert len(documents(cloud)) == 4


def test_every_content_is_attached_when_an_attachment_has_several(cloud: Cloud) -> None:
    submit(cloud, claim(PACEMAKER))
    sent = parameters("111099", reference(page(1)))
    sent["parameter"][-1]["part"].append({"name": "Content", "resource": reference(page(2))})
    assert attach(cloud, sent).status == 200
    assert [one["document_type"] for one in documents(cloud)] == ["CLINICAL_NOTES"] * 2
