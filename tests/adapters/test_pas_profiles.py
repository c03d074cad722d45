"""A bundle whose profile is that of the other operation is refused: nothing is stored or returned."""

from collections.abc import Callable
from typing import Final

import pytest

from functions.pas import handler as pas
from functions.status import handler as status
from tests.adapters.callers import PROVIDER
from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import PAS, Json, claim, inquire, inquiry, issues, submit
from tests.fakes.samples import BOWEL_SURGERY
from tests.unit.test_export import claim_of

PROFILE: Final = f"{PAS}/StructureDefinition/profile-"


def of_bundle(*names: str) -> Callable[[Json], None]:
    return lambda document: document.update(meta={"profile": [PROFILE + one for one in names]})


def of_claim(*names: str) -> Callable[[Json], None]:
    profiles = [PROFILE + one for one in names]
    return lambda document: claim_of(document).update(meta={"profile": profiles})


WRONG: Final[dict[str, tuple[str, Callable[[Json], None], str]]] = {
    "bundle of an inquiry": (
        "$submit",
        of_bundle("pas-inquiry-request-bundle"),
        "Bundle.meta.profile[0]",
    ),
    "claim of an inquiry": ("$submit", of_claim("claim-inquiry"), "Claim.meta.profile[0]"),
    "claim of an inquiry in a version": (
        "$submit",
        of_claim("claim", "claim-inquiry|2.2.1"),
        "Claim.meta.profile[1]",
    ),
    "bundle of a request": ("$inquire", of_bundle("pas-request-bundle"), "Bundle.meta.profile[0]"),
    "claim of a request": ("$inquire", of_claim("claim"), "Claim.meta.profile[0]"),
    "claim of an update": ("$inquire", of_claim("claim-update|2.2.1"), "Claim.meta.profile[0]"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_operation_is_named_when_the_profile_is_of_the_other_one(cloud: Cloud, kind: str) -> None:
    operation, change, place = WRONG[kind]
    submits = operation == "$submit"
    document = claim(BOWEL_SURGERY) if submits else inquiry(BOWEL_SURGERY)
    change(document)
    reply = cloud.call(pas, "POST", f"/fhir/r4/Claim/{operation}", document, by=PROVIDER)
    assert (reply.status, issues(reply)) == (422, ["business-rule"])
    (issue,) = reply.body["issue"]
    assert issue["expression"] == [place]
    assert ("Claim/$inquire" if submits else "Claim/$submit") in issue["details"]["text"]
    assert cloud.call(status, "GET", "/v1/requests", by=PROVIDER).body["requests"] == []


@pytest.mark.parametrize("profiles", [[], ["https://ehr.example/own"], [f"{PROFILE}other|9.9"]])
def test_bundle_is_accepted_when_its_profiles_are_unknown(
    cloud: Cloud, profiles: list[str]
) -> None:
    document = claim(BOWEL_SURGERY)
    document["meta"] = claim_of(document)["meta"] = {"profile": profiles}
    assert submit(cloud, document).status == 200
    example = inquiry(BOWEL_SURGERY)
    example["meta"] = claim_of(example)["meta"] = {"profile": profiles}
    assert inquire(cloud, example).status == 200
