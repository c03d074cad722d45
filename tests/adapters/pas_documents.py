"""Documents as EHRs send them: in the bundle of a claim, and by ``$submit-attachment``."""

from base64 import b64encode
from typing import Any, Final

from functions.pas import handler as pas
from functions.status import handler as status
from functions.upload import sweep
from tests.adapters.callers import PROVIDER
from tests.adapters.calls import Context, Reply
from tests.adapters.cloud import PDF, Cloud
from tests.adapters.pas_calls import (
    Json,
    claim,
    patient,
    resources,
    response,
)
from tests.unit.test_export import claim_of
from tools.fhir_validator import pas_validator

NOTES: Final = "11506-3"

IMAGES: Final = "18748-4"


def attachment(
    body: bytes = PDF, content_type: str = "application/pdf", **members: Any
) -> dict[str, Any]:
    return {"contentType": content_type, "data": b64encode(body).decode(), **members}


def page(number: int) -> dict[str, Any]:
    """A file with content of its own."""
    return attachment(PDF + b"\n%%%d" % number, title=f"page {number}")


def reference(file: dict[str, Any], code: str | None = None) -> Json:
    coded = {"type": {"coding": [{"system": "http://loinc.org", "code": code}]}} if code else {}
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        **coded,
        "content": [{"attachment": file}],
    }


def with_resources(document: Json, *sent: Json) -> Json:
    """The bundle with these resources as supporting information."""
    infos = claim_of(document).setdefault("supportingInfo", [])
    for number, resource in enumerate(sent, start=50):
        url = f"urn:uuid:{number:08d}-0000-4000-8000-000000000000"
        document["entry"].append({"fullUrl": url, "resource": resource})
        if resource["resourceType"] != "Binary":
            infos.append(
                {
                    "sequence": number,
                    "category": {
                        "coding": [
                            {
                                "system": "http://hl7.org/fhir/us/davinci-pas/CodeSystem/PASTempCodes",
                                "code": "additionalInformation",
                            }
                        ]
                    },
                    "valueReference": {"reference": url},
                }
            )
    return document


def only_request(cloud: Cloud) -> str:
    (row,) = cloud.call(status, "GET", "/v1/requests", by=PROVIDER).body["requests"]
    return str(row["request_id"])


def documents(cloud: Cloud, request_id: str | None = None) -> list[Json]:
    found: list[Json] = cloud.read(request_id or only_request(cloud)).body["documents"]
    return found


def deliver_arrivals(cloud: Cloud) -> None:
    """S3's event of each stored document."""
    stored = cloud.clients.by_name["s3"].list_objects_v2(Bucket=cloud.bucket, Prefix="documents/")
    for one in stored.get("Contents", []):
        cloud.deliver_arrival(one["Key"])


def notes(reply: Reply) -> list[str]:
    return [one["text"] for one in response(reply).get("processNote", ())]


def is_task(reply: Reply) -> bool:
    return bool(resources(reply.body, "Task"))


def lose_files(cloud: Cloud) -> None:
    """The call ends after the transaction, and the client never repeats it."""
    cloud.clock.pass_by(minutes=1)
    for key in cloud.object_versions():
        cloud.clients.by_name["s3"].delete_object(Bucket=cloud.bucket, Key=key)
    cloud.clock.pass_by(minutes=6)
    sweep.handle({}, Context())


def parameters(
    tracking: str, *contents: Json, code: str | None = NOTES, **changes: Any
) -> dict[str, Any]:
    member = patient(claim())["identifier"][0]
    given = {
        "TrackingId": {"valueIdentifier": {"system": "urn:ehr:claims", "value": tracking}},
        "AttachTo": {"valueCode": "preauthorization"},
        "PayerId": {"valueIdentifier": {"value": "payer"}},
        "OrganizationId": {"valueIdentifier": {"value": "1"}},
        "MemberId": {"valueIdentifier": member},
        **changes,
    }
    listed = [{"name": name, **value} for name, value in given.items() if value is not None]
    coded = {"coding": [{"system": "http://loinc.org", "code": code}]}
    for content in contents:
        parts: list[Json] = [
            {"name": "LineItem", "valueString": "1"},
            {"name": "Content", "resource": content},
        ]
        if code:
            parts.append({"name": "Code", "valueCodeableConcept": coded})
        listed.append({"name": "Attachment", "part": parts})
    return {"resourceType": "Parameters", "parameter": listed}


def attach(cloud: Cloud, sent: Any, *, by: dict[str, str] = PROVIDER) -> Reply:
    reply = cloud.call(pas, "POST", "/fhir/r4/$submit-attachment", sent, by=by)
    assert pas_validator().findings(reply.body) == []
    assert reply.body["resourceType"] == "OperationOutcome"
    return reply


def rfi_is_open(cloud: Cloud) -> bool:
    details = cloud.read(only_request(cloud)).body
    return details["information_requests"][-1]["closed_at"] is None
