"""A claim without any one of its elements, and with any resource twice: answered, or refused by place.

``make test`` sends a share of them, ``make deep`` all.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Final

import pytest

from functions.pas import handler as pas
from tests.adapters.callers import PROVIDER
from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import Json, claim, role_findings
from tests.adapters.pas_mutations import paths, without
from tests.adapters.snapshots import Resources
from tests.depth import depth
from tests.fakes.samples import BOWEL_SURGERY
from tests.unit.test_export import claim_of, extensions

DOCUMENT: Final = claim(BOWEL_SURGERY)
PATHS: Final = sorted(paths(DOCUMENT), key=str)
PARTS: Final = 6
PLACE: Final = re.compile(r"(Bundle|Claim)(\.\w+(\[\d+\])?(\('[^']*'\)|\([^()]*\))?)*")
ELSEWHERE: Final = {
    "diagnosis": "diagnosisSequence",
    "locationCodeableConcept": "location",
    "resourceType": "resource",
}
"""Where an error is whose cause is in another element."""


def refusals(cloud: Cloud, document: Json) -> list[str] | None:
    """The places that an answer names; ``None`` of a claim that is accepted."""
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", document, by=PROVIDER)
    assert role_findings(reply.body) == []
    if reply.status != 200:
        assert 400 <= reply.status < 500, reply.body
        return [one for issue in reply.body["issue"] for one in issue["expression"]]
    answer = reply.body["entry"][0]["resource"]
    if answer["outcome"] == "complete":
        assert len(answer["item"]) == len(claim_of(document)["item"])
        return None
    return [extensions(one)["errorPath"]["valueString"] for one in answer["error"]]


@pytest.mark.parametrize("part", range(depth(1, PARTS)))
def test_place_is_named_when_any_element_is_removed(
    cloud: Cloud, resources: Resources, part: int
) -> None:
    for path in PATHS[part::PARTS]:
        resources.empty()
        named = refusals(cloud, without(DOCUMENT, path))
        if named is None:
            continue
        assert named, path
        assert all(PLACE.fullmatch(one) for one in named), (path, named)
        if path[:3] == ("entry", 0, "resource") and len(path) > 3:
            element = next(one for one in reversed(path[3:6]) if isinstance(one, str))
            expected = {str(path[3]), ELSEWHERE.get(element, element)}
            assert any(one in each for one in expected for each in named), (path, named)


Duplicate = Callable[[Json], Json]
DUPLICATES: Final[dict[str, Duplicate]] = {
    "with its full URL": lambda entry: entry,
    "with another full URL": lambda entry: {**entry, "fullUrl": f"urn:uuid:{'0' * 8}-{'f' * 4}"},
    "without a full URL": lambda entry: {"resource": entry["resource"]},
}


@pytest.mark.parametrize("kind", DUPLICATES)
def test_claim_is_answered_or_refused_by_place_when_any_resource_is_sent_twice(
    cloud: Cloud, resources: Resources, kind: str
) -> None:
    last = len(DOCUMENT["entry"])
    for entry in DOCUMENT["entry"]:
        resources.empty()
        document = deepcopy(DOCUMENT)
        document["entry"].append(deepcopy(DUPLICATES[kind](entry)))
        named = refusals(cloud, document)
        if kind == "with its full URL":
            assert named == [f"Bundle.entry[{last}].fullUrl"]
        elif entry["resource"]["resourceType"] == "Claim":
            assert named == [f"Bundle.entry[{last}].resource"]
        else:
            assert named is None
