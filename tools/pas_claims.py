"""PAS bundles of sample claims and inquiries, and their responses as text, for trying the API."""

import base64
import csv
import mimetypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

Json = dict[str, Any]
PAS: Final = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
TEMPORARY: Final = "http://hl7.org/fhir/us/davinci-pas/CodeSystem/PASTempCodes"
X12: Final = "https://codesystem.x12.org/005010"
TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"
CPT: Final = "http://www.ama-assn.org/go/cpt"
PLACES: Final = (
    "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
)
NPI: Final = "http://hl7.org/fhir/sid/us-npi"
TIN: Final = "http://terminology.hl7.org/NamingSystem/USEIN"
CLAIMS: Final = "urn:ehr:claims"
MEMBERS: Final = Path(__file__).resolve().parents[1] / "data" / "sample" / "members.csv"
PROVIDER_TIN: Final = "463778226"
CANCEL: Final = "3"
ACTIONS: Final = {
    "A1": "certified in total",
    "A2": "certified in part",
    "A3": "not certified",
    "A4": "pended",
    "A6": "modified",
    "C": "cancelled",
    "CT": "contact payer",
    "NA": "no certification required",
}
"""X12 306 with its names."""
FOLLOW_UPS: Final = {
    "C": "correct and resubmit",
    "N": "resubmission not allowed",
    "R": "resubmission allowed",
}
"""X12 889 with its names."""


@dataclass(frozen=True)
class Setting:
    """The setting in which the service of a sample code is provided."""

    service_type: str = "1"
    """X12 1365."""
    place: str = "11"
    """CMS place of service code."""
    days: int = 0
    """Days of an inpatient stay; 0 for outpatient services."""


SETTINGS: Final = {
    "33206": Setting("2"),
    "44125": Setting("2", "21", 3),
    "44130": Setting("2", "21", 3),
    "70450": Setting("4", "22"),
    "91110": Setting("73"),
}
"""Settings by CPT code. Other codes have that of an office visit."""


@dataclass(frozen=True)
class Member:
    """A patient in an EHR; ``born`` is a date, YYYY-MM-DD."""

    member_id: str
    family: str = "Unknown"
    given: str = "Member"
    born: str = "1980-01-01"


def sample_member(member_id: str) -> Member:
    """Return the sample payer's member with this id; for an unknown id, a patient who is no member."""
    with MEMBERS.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            if row["member_id"] == member_id:
                names = row["last_name"], row["first_name"]
                return Member(member_id, *names, row["date_of_birth"])
    return Member(member_id)


@dataclass(frozen=True)
class SampleClaim:
    """The values of a sample claim."""

    member: Member
    codes: Sequence[str]
    identifier: str
    day: date
    units: int = 1
    tin: str = PROVIDER_TIN
    cancels: str | None = None
    """The identifier of the claim that this one cancels, if any."""
    without: Sequence[str] = ()
    """Names of Claim elements to leave out."""

    def bundle(self) -> Json:
        """Return the PAS request bundle."""
        claim = self._claim()
        for name in self.without:
            claim.pop(name, None)
        return _bundle("pas-request-bundle", self.day, [claim, *_parties(self.member, self.tin)])

    def _claim(self) -> Json:
        settings = [SETTINGS.get(code, Setting()) for code in self.codes]
        claim = _claim_of("claim-update" if self.cancels else "claim", self.identifier, self.day)
        claim["diagnosis"] = [
            {
                "sequence": 1,
                "diagnosisCodeableConcept": _concept("http://hl7.org/fhir/sid/icd-10-cm", "K55"),
            }
        ]
        claim["item"] = [
            self._item(number, code, setting)
            for number, (code, setting) in enumerate(zip(self.codes, settings, strict=True), 1)
        ]
        if days := max((one.days for one in settings), default=0):
            stay = {
                "admissionDates": self.day,
                "dischargeDates": self.day + timedelta(days=days),
            }
            claim["supportingInfo"] = [
                {
                    "sequence": number,
                    "category": _concept(TEMPORARY, name),
                    "timingDate": str(day),
                }
                for number, (name, day) in enumerate(stay.items(), 1)
            ]
        if self.cancels:
            relationship = _concept(f"{TERMINOLOGY}/ex-relatedclaimrelationship", "prior")
            prior = {"system": CLAIMS, "value": self.cancels}
            claim["related"] = [{"claim": {"identifier": prior}, "relationship": relationship}]
        return claim

    def _item(self, number: int, code: str, setting: Setting) -> Json:
        kind = _concept(f"{X12}/1322", CANCEL if self.cancels else "I")
        review = _concept(f"{X12}/1525", "AR" if setting.days else "HS")
        return {
            "extension": [
                {"url": f"{PAS}/extension-serviceItemRequestType", "valueCodeableConcept": review},
                {"url": f"{PAS}/extension-certificationType", "valueCodeableConcept": kind},
            ],
            "sequence": number,
            "diagnosisSequence": [1],
            "servicedDate": str(self.day),
            "quantity": {"value": self.units},
            "category": _concept(f"{X12}/1365", setting.service_type),
            "productOrService": _concept(CPT, code),
            "locationCodeableConcept": _concept(PLACES, setting.place),
        }


def inquiry(member: Member, number: str | None, day: date, tin: str = PROVIDER_TIN) -> Json:
    """Return the inquiry bundle for a member's requests, or for the one with this number."""
    claim = _claim_of("claim-inquiry", "inquiry", day)
    if number:
        claim["extension"] = [
            {"url": f"{PAS}/extension-authorizationNumber", "valueString": number}
        ]
    return _bundle("pas-inquiry-request-bundle", day, [claim, *_parties(member, tin)])


def attachment(
    number: str, member_id: str, file: Path, code: str | None, *, final: bool = True
) -> Json:
    """Return the Parameters of ``$submit-attachment`` with one document; ``code`` is a LOINC code.

    Raises:
        OSError: the file cannot be read.
    """
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    data = base64.b64encode(file.read_bytes()).decode()
    content = {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{"attachment": {"contentType": kind, "title": file.name, "data": data}}],
    }
    parts: list[Json] = [{"name": "Content", "resource": content}]
    if code:
        coded = _concept("http://loinc.org", code)
        parts.append({"name": "Code", "valueCodeableConcept": coded})
    sent: list[Json] = [
        {"name": "TrackingId", "valueIdentifier": {"value": number}},
        {"name": "AttachTo", "valueCode": "preauthorization"},
        {"name": "MemberId", "valueIdentifier": {"value": member_id}},
        {"name": "OrganizationId", "valueIdentifier": {"system": TIN, "value": PROVIDER_TIN}},
        {"name": "Final", "valueBoolean": final},
        {"name": "Attachment", "part": parts},
    ]
    return {"resourceType": "Parameters", "parameter": sent}


def _concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def _urn(number: int) -> str:
    return f"urn:uuid:00000000-0000-4000-8000-{number:012d}"


_PATIENT, _INSURER, _COVERAGE, _REQUESTOR = (_urn(number) for number in range(2, 6))


def _claim_of(profile: str, identifier: str, day: date) -> Json:
    return {
        "resourceType": "Claim",
        "meta": {"profile": [f"{PAS}/profile-{profile}"]},
        "identifier": [{"system": CLAIMS, "value": identifier}],
        "status": "active",
        "type": _concept(f"{TERMINOLOGY}/claim-type", "professional"),
        "use": "preauthorization",
        "patient": {"reference": _PATIENT},
        "created": str(day),
        "insurer": {"reference": _INSURER},
        "provider": {"reference": _REQUESTOR},
        "priority": _concept(f"{TERMINOLOGY}/processpriority", "normal"),
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": _COVERAGE}}],
    }


def _parties(member: Member, tin: str) -> list[Json]:
    kind = _concept("http://terminology.hl7.org/CodeSystem/v2-0203", "MB")
    return [
        {
            "resourceType": "Patient",
            "identifier": [{"type": kind, "value": member.member_id}],
            "name": [{"family": member.family, "given": [member.given]}],
            "gender": "unknown",
            "birthDate": member.born,
        },
        {"resourceType": "Organization", "active": True, "name": "Sample Health Plan"},
        {
            "resourceType": "Coverage",
            "status": "active",
            "subscriberId": member.member_id,
            "beneficiary": {"reference": _PATIENT},
            "payor": [{"reference": _INSURER}],
        },
        {
            "resourceType": "Organization",
            "identifier": [
                {"system": NPI, "value": "8001042398"},
                {"system": TIN, "value": tin},
            ],
            "active": True,
            "name": "Rubinstein Surgery",
            "telecom": [{"system": "phone", "value": "2165550189"}],
            "address": [
                {
                    "line": ["4430 Canalside Way"],
                    "city": "Beachwood",
                    "state": "OH",
                    "postalCode": "44122",
                }
            ],
        },
    ]


def _bundle(profile: str, day: date, resources: Sequence[Json]) -> Json:
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [f"{PAS}/profile-{profile}"]},
        "identifier": {"system": "urn:ietf:rfc:3986", "value": uuid4().urn},
        "type": "collection",
        "timestamp": f"{day}T12:00:00Z",
        "entry": [
            {"fullUrl": _urn(number), "resource": one} for number, one in enumerate(resources, 1)
        ],
    }


def written(response: Json) -> str:
    """Return the result of a call as text: of a claim, an inquiry or another operation."""
    kind = response.get("resourceType")
    if kind == "OperationOutcome":
        return "\n".join(_issues(response))
    if kind == "Parameters":
        found = [one["resource"] for one in response.get("parameter", ())]
        return "\n".join(written(one) for one in found) or "No request was found."
    return "\n".join(_response(response["entry"][0]["resource"]))


def _issues(outcome: Json) -> Iterator[str]:
    for one in outcome["issue"]:
        text = one.get("details", {}).get("text") or one.get("diagnostics", "")
        place = ", ".join(one.get("expression", ()))
        yield f"{one['severity']} {one['code']}{place and f' at {place}'}: {text}"


def _response(response: Json) -> Iterator[str]:
    for item in response.get("item", ()):
        yield f"item {item['itemSequence']}: {_action(item)}"
    for added in response.get("addItem", ()):
        (number,) = added["itemSequence"]
        units = added.get("quantity", {}).get("value")
        code = added["productOrService"]["coding"][0]["code"]
        yield f"item {number} is approved as: {code}, {units} units"
    numbers = {response.get("preAuthRef"), *map(_number, response.get("item", ()))} - {None}
    yield from (f"number: {number}" for number in sorted(map(str, numbers)))
    for error in response.get("error", ()):
        parts = _extensions(error)
        follow_up = parts["errorFollowupAction"]["valueCodeableConcept"]["coding"][0]["code"]
        code, place = error["code"]["coding"][0]["code"], parts["errorPath"]["valueString"]
        yield f"error {code} at {place}; {follow_up} ({FOLLOW_UPS[follow_up]})"
    texts = [response.get("disposition"), *(one["text"] for one in response.get("processNote", ()))]
    yield from dict.fromkeys(text for text in texts if text)


def _extensions(element: Json) -> Json:
    return {one["url"].rpartition("extension-")[2]: one for one in element.get("extension", ())}


def _action(item: Json) -> str:
    parts = _extensions(_extensions(item["adjudication"][0])["reviewAction"])
    action = parts["reviewActionCode"]["valueCodeableConcept"]["coding"][0]["code"]
    reason = parts.get("reasonCode", {}).get("valueCodeableConcept", {}).get("coding", ())
    return f"{action} ({ACTIONS[action]})" + "".join(f", reason {one['code']}" for one in reason)


def _number(item: Json) -> str | None:
    """The precertification number in the review action or, of a pended item, in its extension."""
    parts = _extensions(_extensions(item["adjudication"][0])["reviewAction"])
    pended: Json = _extensions(item).get("administrationReferenceNumber", {})
    holder: Json = parts.get("number") or pended
    return holder.get("valueString")
