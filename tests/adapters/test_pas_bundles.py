"""Request bundles generated over the PAS profiles: each is answered by its expected outcome.

Services with known outcomes are combined with optional elements, must-support or not, and without
elements that are optional; and the values of such bundles are replaced by others, which may be no FHIR:
then the answer is valid all the same. ``make test`` sends a few of both, ``make deep`` 2,000 of each.
"""

from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from functions.pas import handler as pas
from tests.adapters.callers import PROVIDER
from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import (
    VISIT,
    Json,
    actions,
    bundles,
    claim,
    inquire,
    inquiry,
    role_findings,
    submit,
)
from tests.adapters.pas_elements import (
    ELEMENTS,
    OMISSIONS,
    claim_numbers,
    concept,
    each_item,
    extended,
    item_numbers,
    missing_must_support,
)
from tests.adapters.pas_mutations import VALUES, Path, paths, replaced
from tests.adapters.snapshots import Resources
from tests.depth import depth
from tests.fakes.samples import BOWEL_SURGERY, IMAGES
from tests.unit.test_export import claim_of
from tools.fhir_validator import pas_validator

SERVICES: Final = {
    "visit": (VISIT, ["NA"]),
    "surgery": (BOWEL_SURGERY, ["A4"]),
    "images": (IMAGES, ["CT", "CT"]),
}
"""Services, and what the sample payer answers for each line."""


def changed(*services: str, changes: list[Callable[[Json], None]]) -> tuple[Json, list[str]]:
    """A valid bundle of these services with these changes, and the expected review actions."""
    document = claim(*(SERVICES[one][0] for one in services), identifier="-".join(services))
    for change in changes:
        change(document)
    expected = [action for one in services for action in SERVICES[one][1]]
    # Where a reviewer decides a line, the payer's other lines are decided with it (W1).
    return document, ["A4" if one == "NA" and "A4" in expected else one for one in expected]


@pytest.mark.parametrize("element", ELEMENTS)
def test_bundle_is_valid_when_an_optional_element_is_added(element: str) -> None:
    document, _ = changed("surgery", changes=[ELEMENTS[element]])
    findings = [str(one) for one in pas_validator().findings(document)]
    assert findings == []


def test_every_must_support_element_is_accepted_when_a_claim_has_it(cloud: Cloud) -> None:
    """Inpatient and outpatient claims that have all must-support elements between them."""
    documents = []
    for service, left_out in (("surgery", {"item period"}), ("visit", {"event period"})):
        changes = [change for name, change in ELEMENTS.items() if name not in left_out]
        document, expected = changed(service, changes=changes)
        assert actions(submit(cloud, document)) == expected
        documents.append(document)
    claims = [claim_of(one) for one in documents]
    assert missing_must_support(claims, "claim") == []


def certified(document: Json) -> None:
    """What the certification was; criteria of inquiries only."""
    kind = concept("https://codesystem.x12.org/005010/1322", "I")
    extended(claim_of(document), "certificationType", valueCodeableConcept=kind)
    names = ("itemCertificationIssueDate", "itemCertificationExpirationDate")
    for item in claim_of(document)["item"]:
        for name in (*names, "itemCertificationEffectiveDate"):
            extended(item, name, valueDate="2026-07-01")
        code = concept("https://codesystem.x12.org/005010/306", "A1")
        extended(item, "reviewActionCode", valueCodeableConcept=code)


def test_every_must_support_element_is_accepted_when_an_inquiry_has_it(cloud: Cloud) -> None:
    submit(cloud, claim(BOWEL_SURGERY))
    documents = []
    for service, left_out in ((BOWEL_SURGERY, {"item period"}), (VISIT, {"event period"})):
        document = inquiry(service, billablePeriod={"start": "2026-07-01", "end": "2026-07-31"})
        meta = claim_of(document)["meta"]
        for name, change in ELEMENTS.items():
            if name not in {*left_out, "claim numbers", "item numbers"}:
                change(document)
        certified(document)
        claim_of(document)["meta"] = meta
        documents.append(document)
    assert [len(bundles(inquire(cloud, one))) for one in documents] == [1, 0]
    numbered = inquiry(VISIT)
    claim_numbers(numbered)
    each_item(item_numbers)(numbered)
    assert bundles(inquire(cloud, numbered)) == []
    claims = [claim_of(one) for one in (*documents, numbered)]
    assert missing_must_support(claims, "claim-inquiry") == []


@pytest.mark.parametrize("omission", OMISSIONS)
def test_claim_is_accepted_when_an_optional_element_is_missing(cloud: Cloud, omission: str) -> None:
    document, expected = changed("surgery", changes=[OMISSIONS[omission]])
    assert actions(submit(cloud, document)) == expected


@pytest.mark.parametrize("part", range(depth(1, 4)))
def test_expected_outcome_is_answered_when_a_bundle_is_generated(
    cloud: Cloud, resources: Resources, part: int
) -> None:
    """In parts with a seed each."""

    @seed(part)
    @settings(max_examples=depth(25, 500), database=None)
    @given(
        services=st.lists(st.sampled_from(sorted(SERVICES)), min_size=1, max_size=3, unique=True),
        elements=st.sets(st.sampled_from(sorted(ELEMENTS)), max_size=8),
        omissions=st.sets(st.sampled_from(sorted(OMISSIONS)), max_size=2),
    )
    def outcome_is_expected(services: list[str], elements: set[str], omissions: set[str]) -> None:
        resources.empty()
        added = [ELEMENTS[one] for one in sorted(elements)]
        omitted = [OMISSIONS[one] for one in sorted(omissions)]
        document, expected = changed(*services, changes=[*added, *omitted])
        assert actions(submit(cloud, document)) == expected

    outcome_is_expected()


FULL: Final = changed("surgery", "visit", changes=[*ELEMENTS.values()])[0]
PLACES: Final = sorted(paths(FULL), key=str)


@pytest.mark.parametrize("part", range(depth(1, 4)))
def test_answer_is_valid_when_values_of_a_bundle_are_replaced(
    cloud: Cloud, resources: Resources, part: int
) -> None:
    """In parts with a seed each."""

    @seed(part)
    @settings(max_examples=depth(25, 500), database=None)
    @given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=4))
    def answer_is_valid(changes: list[tuple[Path, object]]) -> None:
        resources.empty()
        document = FULL
        for path, value in changes:
            document = replaced(document, path, value)
        reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", document, by=PROVIDER)
        assert reply.status == 200 or 400 <= reply.status < 500, reply.body
        assert role_findings(reply.body) == []
        if reply.status != 200:
            assert all(one["expression"] for one in reply.body["issue"])

    answer_is_valid()


EXAMPLE: Final = inquiry(BOWEL_SURGERY)
PLACES_OF_INQUIRY: Final = sorted(paths(EXAMPLE), key=str)


def test_answer_is_valid_when_values_of_an_inquiry_are_replaced(cloud: Cloud) -> None:
    submit(cloud, claim(BOWEL_SURGERY))
    found = set()

    @settings(max_examples=depth(25, 500), database=None)
    @given(st.lists(st.tuples(st.sampled_from(PLACES_OF_INQUIRY), VALUES), min_size=1, max_size=4))
    def answer_is_valid(changes: list[tuple[Path, object]]) -> None:
        document = EXAMPLE
        for path, value in changes:
            document = replaced(document, path, value)
        reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$inquire", document, by=PROVIDER)
        assert reply.status == 200 or 400 <= reply.status < 500, reply.body
        if reply.status == 200:
            answers = bundles(reply)
            assert [role_findings(one) for one in answers] == [[]] * len(answers)
            found.add(len(answers))

    answer_is_valid()
    assert 1 in found
