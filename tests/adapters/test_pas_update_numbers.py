"""Numbers of earlier responses in an update: they name its request, or the conflict is named."""

from typing import Final

import pytest

from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import (
    PACEMAKER,
    VISIT,
    Json,
    actions,
    claim,
    errors,
    response,
    submit,
)
from tests.adapters.pas_elements import extended
from tests.adapters.pas_updates import add_item, update
from tests.fakes.samples import BOWEL_SURGERY
from tests.unit.test_export import claim_of, extensions

NUMBERS: Final = ("authorizationNumber", "administrationReferenceNumber")


def submitted(cloud: Cloud, document: Json) -> str:
    """The number of a pended request, as its response has it."""
    (item, *_) = response(submit(cloud, document))["item"]
    number: str = extensions(item)["administrationReferenceNumber"]["valueString"]
    return number


def numbered(document: Json, index: int, name: str, number: str) -> None:
    extended(claim_of(document)["item"][index], name, valueString=number)


@pytest.mark.parametrize("name", NUMBERS)
def test_conflict_is_named_when_an_item_has_the_number_of_another_request(
    cloud: Cloud, name: str
) -> None:
    document = claim(BOWEL_SURGERY)
    submitted(cloud, document)
    other = submitted(cloud, claim(PACEMAKER, identifier="other"))
    changed = update(document)
    add_item(changed, VISIT)
    for index in range(2):
        numbered(changed, index, name, other)
    before = cloud.items()
    reply = submit(cloud, changed)
    (error,) = errors(reply)
    assert error == ("33", f"Claim.item[0].extension('{name}').valueString")
    (note,) = response(reply)["processNote"]
    assert f"Precertification {other} is another request" in note["text"]
    assert cloud.items() == before


def test_conflict_is_named_when_the_claim_and_several_items_have_numbers(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    own = submitted(cloud, document)
    others = [submitted(cloud, claim(PACEMAKER, identifier="other"))]
    changed = update(document)
    extended(claim_of(changed), NUMBERS[0], valueString=others[0].lower())
    numbered(changed, 0, NUMBERS[1], own)
    assert errors(submit(cloud, changed)) == [
        ("33", f"Claim.extension('{NUMBERS[0]}').valueString")
    ]


def test_request_is_updated_when_items_have_its_own_number(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    own = submitted(cloud, document)
    changed = update(document)
    numbered(changed, 0, NUMBERS[1], own)
    add_item(changed, PACEMAKER)
    assert actions(submit(cloud, changed)) == ["A4", "A4"]


def test_number_is_ignored_when_it_is_unknown_or_another_callers(cloud: Cloud) -> None:
    """It may be of another payer; whether another provider's exists is not answered."""
    document = claim(BOWEL_SURGERY)
    submitted(cloud, document)
    changed = update(document)
    numbered(changed, 0, NUMBERS[0], "AUTH0001")
    numbered(changed, 0, NUMBERS[1], "PC0000000000")
    assert actions(submit(cloud, changed)) == ["A4"]


def test_both_numbers_are_compared_when_the_earlier_claim_is_found_by_one_of_them(
    cloud: Cloud,
) -> None:
    document = claim(BOWEL_SURGERY)
    own = submitted(cloud, document)
    other = submitted(cloud, claim(PACEMAKER, identifier="other"))
    changed = update(document, prior="unknown")
    numbered(changed, 0, NUMBERS[0], own)
    numbered(changed, 0, NUMBERS[1], other)
    assert errors(submit(cloud, changed)) == [
        ("33", f"Claim.item[0].extension('{NUMBERS[1]}').valueString")
    ]


def test_each_entry_is_named_when_several_earlier_claims_are_not_one_request(
    cloud: Cloud,
) -> None:
    document = claim(BOWEL_SURGERY)
    submitted(cloud, document)
    submitted(cloud, claim(PACEMAKER, identifier="other"))
    changed = update(document)
    related = claim_of(changed)["related"]
    related += [
        {"claim": {"identifier": {"system": "urn:ehr:claims", "value": one}}}
        for one in ("other", "unknown", "111099")
    ]
    assert errors(submit(cloud, changed)) == [
        ("33", "Claim.related[1]"),
        ("AA", "Claim.related[2]"),
    ]
    del related[1:3]
    assert actions(submit(cloud, changed)) == ["A4"]
