"""Calls of the PAS operations on claims, as an EHR makes them."""

from copy import deepcopy
from typing import Any, Final

from functions.pas import handler as pas
from precert.api.operation import FHIR_JSON
from tests.adapters.callers import PROVIDER
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.fakes.samples import OFFICE_VISIT
from tests.unit.test_export import bundle, claim_of, coding, extensions
from tools.fhir_validator import pas_validator

Json = dict[str, Any]


PAS: Final = "http://hl7.org/fhir/us/davinci-pas"


VISIT: Final = {
    **OFFICE_VISIT,
    "procedures": [{"code": "99213", "code_type": "CPT", "units": 1, "unit_type": "UNITS"}],
}


def claim(*services: Any, identifier: str = "111099", **changes: Any) -> Json:
    """A request bundle of an EHR, with its own identifier of the claim."""
    document = bundle(services=[*services] or [VISIT])
    claim_of(document)["identifier"] = [{"system": "urn:ehr:claims", "value": identifier}]
    claim_of(document).update(changes)
    return document


def submit(cloud: Cloud, document: Any, *, by: dict[str, str] = PROVIDER) -> Reply:
    """Send a bundle; whatever is answered is valid FHIR and PAS."""
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", document, by=by)
    assert reply.headers["Content-Type"] == FHIR_JSON
    assert role_findings(reply.body) == []
    return reply


ROLES: Final = {
    "patient": {"Patient": "beneficiary"},
    "insurer": {"Organization": "insurer"},
    "requestor": {"Organization": "requestor", "PractitionerRole": "practitionerrole"},
}
"""Profiles of what a ClaimResponse refers to."""


def role_findings(answer: Json) -> list[str]:
    """What an answer violates; of the parties also what the profiles of their roles require."""
    found = pas_validator().findings(answer)
    entries: dict[str, Json] = {
        one.get("fullUrl"): one["resource"] for one in answer.get("entry", ())
    }
    head = next(iter(entries.values()), {})
    for role, profiles in ROLES.items():
        party = entries.get(head.get(role, {}).get("reference"))
        if party is not None:
            profile = f"{PAS}/StructureDefinition/profile-{profiles[party['resourceType']]}"
            # References of the party are checked with the bundle.
            found += [
                one
                for one in pas_validator().findings(party, profile)
                if "not in the bundle" not in one.message
            ]
    return [str(one) for one in found]


def response(reply: Reply) -> Json:
    assert reply.status == 200, reply.body
    found: Json = reply.body["entry"][0]["resource"]
    return found


def actions(reply: Reply) -> list[str]:
    found = []
    for item in response(reply)["item"]:
        (adjudication,) = item["adjudication"]
        parts = extensions(extensions(adjudication)["reviewAction"])
        found.append(coding(parts["reviewActionCode"]["valueCodeableConcept"])[1])
    return found


def errors(reply: Reply) -> list[tuple[str, str]]:
    answer = response(reply)
    assert answer["outcome"] == "error"
    return [
        (coding(one["code"])[1], extensions(one)["errorPath"]["valueString"])
        for one in answer["error"]
    ]


def patient(document: Json) -> Json:
    found: Json = next(
        entry["resource"]
        for entry in document["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    )
    return found


def issues(reply: Reply) -> list[str]:
    assert reply.body["resourceType"] == "OperationOutcome"
    return [one["code"] for one in reply.body["issue"]]


def inquire(cloud: Cloud, document: Any, *, by: dict[str, str] = PROVIDER) -> Reply:
    """Inquire about requests; each returned bundle is valid PAS."""
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$inquire", document, by=by)
    assert reply.status == 200, reply.body
    assert pas_validator().findings(reply.body) == []
    for one in bundles(reply):
        assert pas_validator().findings(one) == []
    return reply


def bundles(reply: Reply) -> list[Json]:
    parameters = reply.body.get("parameter", ())
    return [one["resource"] for one in parameters if one["name"] == "return"]


def inquiry(*services: Any, number: str | None = None, **changes: Any) -> Json:
    document = claim(*services, identifier="inquiry", **changes)
    document["meta"] = {
        "profile": [f"{PAS}/StructureDefinition/profile-pas-inquiry-request-bundle"]
    }
    head = claim_of(document)
    head["meta"] = {"profile": [f"{PAS}/StructureDefinition/profile-claim-inquiry"]}
    if not services:
        head["item"], head["supportingInfo"] = [], []
    if number:
        url = f"{PAS}/StructureDefinition/extension-authorizationNumber"
        head["extension"] = [{"url": url, "valueString": number}]
    return document


def heads(reply: Reply) -> list[Json]:
    return [one["entry"][0]["resource"] for one in bundles(reply)]


def numbers(reply: Reply) -> set[str]:
    found = set()
    for head in heads(reply):
        for item in head["item"]:
            extension = extensions(item).get("administrationReferenceNumber")
            found.add(extension["valueString"] if extension else head["preAuthRef"])
    return found


PACEMAKER: Final = {
    **VISIT,
    "type_of_service": "OUTPATIENT_SURGERY",
    "procedures": [{"code": "33206", "code_type": "CPT", "units": 1, "unit_type": "UNITS"}],
}


def resources(document: Json, kind: str) -> list[Json]:
    found = (entry["resource"] for entry in document["entry"])
    return [one for one in found if one["resourceType"] == kind]


def code_task(answer: Json) -> Json:
    """The Task that requests documents by their codes."""
    by_code = "attachment-request-code"
    (task,) = (one for one in resources(answer, "Task") if coding(one["code"])[1] == by_code)
    return task


def cancelling(document: Json) -> Json:
    """The claim again under another identifier, with all items cancelled."""
    prior = deepcopy(claim_of(document))
    cancelled = deepcopy(document)
    head = claim_of(cancelled)
    head["identifier"] = [{"system": "urn:ehr:claims", "value": "cancel"}]
    head["related"] = [{"claim": {"identifier": prior["identifier"][0]}}]
    for item in head["item"]:
        for one in item["extension"]:
            if one["url"].endswith("certificationType"):
                one["valueCodeableConcept"]["coding"][0]["code"] = "3"
    return cancelled
