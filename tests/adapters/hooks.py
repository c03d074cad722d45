"""Calls of CDS Hooks services, as an EHR makes them."""

from http import HTTPStatus
from typing import Any, Final

from functions.crd import handler as crd
from precert.names import Env
from precert.settings import Settings
from tests.adapters.callers import PROVIDER
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.fakes.samples import FACILITY_TIN, PATIENT, PROVIDER_TIN
from tools.hook_validator import hook_findings

Json = dict[str, Any]
BASE: Final = "https://api.example.org"
CPT: Final = "http://www.ama-assn.org/go/cpt"
HCPCS: Final = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
ICD_10: Final = "http://hl7.org/fhir/sid/icd-10-cm"
CMS_PLACE: Final = (
    "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
)
X12_SERVICE: Final = "https://codesystem.x12.org/005010/1365"
NPI: Final = "http://hl7.org/fhir/sid/us-npi"
TIN: Final = "http://terminology.hl7.org/NamingSystem/USEIN"
EXTENSION: Final = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"
PAYER: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/NAICCompanyCodes",
    "value": "99999",
}
"""The sample payer."""
ADDRESS: Final = {
    "line": ["3700 Park East Drive 100a"],
    "city": "Beachwood",
    "state": "OH",
    "postalCode": "44122",
}


def concept(system: str, *codes: str) -> Json:
    return {"coding": [{"system": system, "code": code} for code in codes]}


def organization(id_: str, name: str, npi: str, tin: str) -> Json:
    return {
        "resourceType": "Organization",
        "id": id_,
        "name": name,
        "identifier": [{"system": NPI, "value": npi}, {"system": TIN, "value": tin}],
        "telecom": [{"system": "phone", "value": "2165550188"}],
        "address": [ADDRESS],
    }


REQUESTER: Final = organization("requester", "Rubinstein Clinic", "8001042398", PROVIDER_TIN)
PERFORMER: Final = organization(
    "performer", "Cleveland Center for Digestive Health", "8001041853", FACILITY_TIN
)


def patient(**changes: Any) -> Json:
    """The sample patient in the EHR."""
    return {
        "resourceType": "Patient",
        "id": "p1",
        "identifier": [
            {
                "type": concept("http://terminology.hl7.org/CodeSystem/v2-0203", "MB"),
                "value": PATIENT["member_id"],
            }
        ],
        "birthDate": PATIENT["date_of_birth"],
        "name": [{"family": PATIENT["last_name"], "given": [PATIENT["first_name"]]}],
        **changes,
    }


def coverage(**changes: Any) -> Json:
    return {
        "resourceType": "Coverage",
        "id": "c1",
        "status": "active",
        "subscriberId": PATIENT["member_id"],
        "beneficiary": {"reference": "Patient/p1"},
        "payor": [{"reference": "Organization/plan", "identifier": PAYER}],
        **changes,
    }


def order(
    billed: str = "91110", *, system: str = CPT, place: str | None = "11", **changes: Any
) -> Json:
    """A ServiceRequest that states everything that a request needs."""
    sent = {
        "resourceType": "ServiceRequest",
        "id": "o1",
        "status": "draft",
        "intent": "order",
        "category": [concept(X12_SERVICE, "73")],
        "code": concept(system, billed),
        "subject": {"reference": "Patient/p1"},
        "occurrenceDateTime": "2026-07-20",
        "authoredOn": "2026-07-01",
        "requester": {"reference": "Organization/requester"},
        "performer": [{"reference": "Organization/performer"}],
        "locationCode": [concept(CMS_PLACE, place)] if place else [],
        "reasonCode": [concept(ICD_10, "K56.50")],
        **changes,
    }
    return {name: value for name, value in sent.items() if value not in (None, [])}


def appointment(**changes: Any) -> Json:
    return {
        "resourceType": "Appointment",
        "id": "a1",
        "status": "proposed",
        "start": "2026-07-20T09:00:00Z",
        "participant": [{"actor": {"reference": "Patient/p1"}}],
        **changes,
    }


def bundle(*resources: Json) -> Json:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": one} for one in resources],
    }


def prefetch(**changes: Any) -> Json:
    sent = {
        "patient": patient(),
        "coverage": bundle(coverage()),
        "organizations": bundle(REQUESTER, PERFORMER),
    }
    return {name: value for name, value in {**sent, **changes}.items() if value is not ...}


def hook_call(*orders: Json, hook: str = "order-sign", **changes: Any) -> Json:
    """A call with these orders; ``...`` leaves a member out."""
    call = {
        "hook": hook,
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "fhirServer": "https://ehr.example.org/fhir",
        "context": {
            "userId": "Practitioner/u1",
            "patientId": "p1",
            "draftOrders": bundle(*orders or [order()]),
        },
        "prefetch": prefetch(),
        **changes,
    }
    return {name: value for name, value in call.items() if value is not ...}


def call_hook(cloud: Cloud, document: Any, *, by: dict[str, str] = PROVIDER) -> Reply:
    """Call the service of the document's hook."""
    hook = document.get("hook") if isinstance(document, dict) else "order-sign"
    return call_service(cloud, f"{hook}-crd", document, by=by)


def call_service(
    cloud: Cloud,
    service: str,
    document: Any = None,
    *,
    by: dict[str, str] = PROVIDER,
    raw: str | None = None,
) -> Reply:
    """Call a service as this caller; :mod:`tests.adapters.test_hook_callers` has the JWT."""
    cloud.deps.settings = Settings({**cloud.deps.settings.environ, Env.PUBLIC_URL: BASE})
    cloud.deps.hook_caller = lambda *_: cloud.deps.callers.identify(by, None)
    reply = cloud.call(crd, "POST", f"/cds-services/{service}", document, raw=raw, by={})
    if reply.status == HTTPStatus.OK:
        assert hook_findings(reply.body) == []
    return reply


def updates(reply: Reply) -> list[Json]:
    """The resources that are updated."""
    assert reply.status == 200, reply.text
    assert reply.body["cards"] == []
    found = []
    for action in reply.body["systemActions"]:
        assert action["type"] == "update"
        found.append(action["resource"])
    return found


def information(resource: Json) -> list[Json]:
    """Coverage information by the names of its parts; a part that can be repeated is a list."""
    return [parts_of(one) for one in resource.get("extension", ()) if one["url"] == EXTENSION]


REPEATED: Final = frozenset(
    {"billingCode", "doc-purpose", "info-needed", "reason", "detail", "questionnaire", "contact"}
)


def parts_of(extension: Json) -> Json:
    found: Json = {}
    for part in extension["extension"]:
        # "detail" has parts of its own.
        [value] = (value for name, value in part.items() if name != "url")
        if part["url"] in REPEATED:
            found.setdefault(part["url"], []).append(value)
        else:
            assert part["url"] not in found
            found[part["url"]] = value
    return found


def only(reply: Reply) -> Json:
    """The one coverage information of the one order."""
    [resource] = updates(reply)
    [found] = information(resource)
    return found
