"""Claims that update earlier ones, and what the portal shows of the request."""

from copy import deepcopy
from typing import Final

from functions.status import handler as status
from tests.adapters.callers import PROVIDER
from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import (
    PACEMAKER,
    Json,
    claim,
)
from tests.unit.test_export import claim_of

PAS: Final = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"

PROCEDURE: Final = {"code": "33206", "code_type": "CPT", "units": 1, "unit_type": "UNITS"}

TWO: Final = {**PACEMAKER, "procedures": [PROCEDURE, {**PROCEDURE, "code": "33208"}]}
"""Two items of which a reviewer decides each."""


def update(document: Json, identifier: str = "update", prior: str = "111099") -> Json:
    changed = deepcopy(document)
    head = claim_of(changed)
    head["identifier"] = [{"system": "urn:ehr:claims", "value": identifier}]
    head["related"] = [{"claim": {"identifier": {"system": "urn:ehr:claims", "value": prior}}}]
    return changed


def cancel_item(document: Json, index: int) -> None:
    item = claim_of(document)["item"][index]
    item["modifierExtension"] = [
        {"url": f"{PAS}/modifierextension-infoCancelled", "valueBoolean": True}
    ]
    for one in item["extension"]:
        if one["url"].endswith("certificationType"):
            one["valueCodeableConcept"]["coding"][0]["code"] = "3"


def add_item(document: Json, like: Json) -> None:
    """Another item, as in another claim."""
    item = deepcopy(claim_of(claim(like))["item"][0])
    item["sequence"] = len(claim_of(document)["item"]) + 1
    item["extension"].append({"url": f"{PAS}/extension-infoChanged", "valueCode": "added"})
    claim_of(document)["item"].append(item)


def only_row(cloud: Cloud, by: dict[str, str] = PROVIDER) -> Json:
    (row,) = cloud.call(status, "GET", "/v1/requests", by=by).body["requests"]
    found: Json = row
    return found


def details(cloud: Cloud) -> Json:
    found: Json = cloud.read(only_row(cloud)["request_id"]).body
    return found


def lines(cloud: Cloud) -> list[tuple[str, str]]:
    return [(one["line_id"], one["status"]) for one in details(cloud)["lines"]]


def only_row_of(cloud: Cloud) -> str:
    (found,) = cloud.deps.fingerprints.of_member(patient_id(claim())).records
    return found.request_id


def patient_id(document: Json) -> str:
    found = (entry["resource"] for entry in document["entry"])
    (patient,) = (one for one in found if one["resourceType"] == "Patient")
    return str(patient["identifier"][0]["value"])
