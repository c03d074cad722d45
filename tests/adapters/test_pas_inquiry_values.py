"""Criteria of PAS inquiries that cannot be read, or are not compared."""

from collections.abc import Callable
from typing import Final

import pytest

from functions.pas import handler as pas
from precert.fhir import systems
from tests.adapters.callers import PROVIDER
from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import Json, bundles, claim, inquire, inquiry, submit
from tests.adapters.pas_elements import concept
from tests.adapters.test_pas_unread import URL, item_extension, of_claim, of_item
from tests.fakes.samples import BOWEL_SURGERY
from tests.unit.test_export import claim_of

UNREAD_INQUIRY: Final[dict[str, tuple[Callable[[Json], object], str]]] = {
    "code of an unknown system": (
        of_item(productOrService=concept("urn:none", "44125")),
        "Claim.item[0].productOrService",
    ),
    "code in words": (of_item(productOrService={"text": "x"}), "Claim.item[0].productOrService"),
    "date without a day": (
        lambda document: claim_of(document)["item"][0].update(servicedDate="2026-07"),
        "Claim.item[0].serviced",
    ),
    "period without a day": (
        of_claim(billablePeriod={"start": "2026-07"}),
        "Claim.billablePeriod",
    ),
}


@pytest.mark.parametrize("kind", UNREAD_INQUIRY)
def test_place_is_named_when_a_criterion_cannot_be_read(cloud: Cloud, kind: str) -> None:
    change, place = UNREAD_INQUIRY[kind]
    document = inquiry(BOWEL_SURGERY)
    claim_of(document)["item"][0].pop("servicedPeriod", None)
    change(document)
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$inquire", document, by=PROVIDER)
    assert reply.status == 422
    assert [one["expression"] for one in reply.body["issue"]] == [[place]]


@pytest.mark.parametrize(("start", "found"), [("2026-07-01", 1), ("2026-12-01", 0)])
def test_period_is_compared_when_an_inquiry_has_no_other_date(
    cloud: Cloud, start: str, found: int
) -> None:
    submit(cloud, claim(BOWEL_SURGERY))
    document = inquiry(billablePeriod={"start": start})
    assert len(bundles(inquire(cloud, document))) == found


@pytest.mark.parametrize(("code", "found"), [("120", 1), ("0360", 0)])
def test_revenue_code_is_compared_when_an_inquiry_has_one(
    cloud: Cloud, code: str, found: int
) -> None:
    room = {"code": "0120", "code_type": "REVENUE", "units": 2, "unit_type": "UNITS"}
    submit(cloud, claim({**BOWEL_SURGERY, "procedures": [room]}))
    none = concept(systems.DATA_ABSENT_REASON, "not-applicable")
    item = {"sequence": 1, "productOrService": none}
    item["revenue"] = concept(systems.NUBC_REVENUE, code)
    document = inquiry()
    claim_of(document)["item"] = [item]
    assert len(bundles(inquire(cloud, document))) == found


def test_warning_names_the_criterion_when_it_is_not_compared(cloud: Cloud) -> None:
    submit(cloud, claim(BOWEL_SURGERY))
    document = inquiry(BOWEL_SURGERY)
    item_extension("itemCertificationIssueDate", valueDate="2026-07-01")(document)
    reply = inquire(cloud, document)
    (issue,) = reply.body["parameter"][-1]["resource"]["issue"]
    assert (issue["severity"], issue["code"]) == ("warning", "not-supported")
    assert f"Claim.item[0].extension('{URL}itemCertificationIssueDate')" in issue["expression"]
