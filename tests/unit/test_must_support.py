"""Each must-support element of the responses of PAS is answered, or has a reason why it cannot be."""

from datetime import timedelta
from itertools import count
from typing import Any, Final

import pytest

from precert.domain.request import Request
from precert.domain.review import InformationRequest
from precert.domain.statuses import LineStatus, Status
from precert.fhir.bundles import bundle_of
from precert.fhir.response_bundles import ClaimError
from precert.fhir.responses import determined, refused
from tests.adapters.pas_elements import ELEMENTS, added, missing_must_support, of_type
from tests.fakes.clock import START
from tests.fakes.samples import payer, questionnaires
from tests.unit.test_export import bundle, claim_of
from tests.unit.test_fhir_responses import decided
from tools.fhir_validator import pas_validator

Json = dict[str, Any]
BASE: Final = "https://payer.example.org"
_numbers: Final = count(1)
CANNOT: Final[dict[str, dict[str, str]]] = {
    "claimresponse": {
        "ClaimResponse.addItem.extension:administrationReferenceNumber": (
            "An added item is decided: the number of a decided line is in its reviewAction."
        ),
    },
    "claiminquiryresponse": {
        "ClaimResponse.addItem.extension:administrationReferenceNumber": (
            "An added item is decided: the number of a decided line is in its reviewAction."
        ),
    },
    "task": {
        "Task.input:AttachmentsNeeded.extension:contentModifier": (
            "No rule narrows the content of a document beyond its LOINC code."
        ),
        "Task.statusReason": "A task is requested; no task is rejected or on hold.",
    },
    "communicationrequest": {
        "CommunicationRequest.payload.extension:contentModifier": (
            "No rule narrows the content of a document beyond its LOINC code."
        ),
    },
    "pas-response-bundle": {},
    "pas-inquiry-response-bundle": {},
}
"""By profile, the elements for which the plan has no value, and why."""


def _new_uuid() -> str:
    """Of the plan's own resources: others than those of the claim."""
    return f"00000000-0000-4000-a000-{next(_numbers):012d}"


def everything() -> Json:
    """A claim with every must-support element of a request."""
    document = bundle()
    document["identifier"] = {"system": "urn:ehr:bundles", "value": "B1"}
    for change in ELEMENTS.values():
        change(document)
    of_type(document, "PractitionerRole")["organization"] = added(
        document,
        4,
        "requestor",
        resourceType="Organization",
        active=True,
        name="Rubinstein Surgery",
        identifier=[{"system": "http://hl7.org/fhir/sid/us-npi", "value": "8001042398"}],
    )
    return document


def asked() -> Request:
    """A pended request with an open request for information."""
    request = decided(Status.PENDING, None, None)
    rfi = InformationRequest(
        requested_at=START,
        requested_by="rules",
        answer_by=START + timedelta(days=3),
        documents=("CLINICAL_NOTES", "PHOTOGRAPHS"),
    )
    review = request.submitted.model_copy(update={"information_requests": (rfi,)})
    return request.model_copy(update={"review": review})


def answers(document: Json, *, inquired: bool) -> list[Json]:
    """The responses to a claim in each state that a request can have."""
    requests = (
        asked(),
        decided(Status.PARTIALLY_APPROVED, LineStatus.APPROVED, LineStatus.MODIFIED),
        decided(Status.DENIED, LineStatus.DENIED, LineStatus.DENIED),
    )
    found = [
        determined(
            one,
            (1, 2),
            bundle_of(document, first="Claim"),
            payer=payer(),
            questionnaires=questionnaires(),
            base_url=BASE,
            at=START,
            new_uuid=_new_uuid,
            inquired=inquired,
        )
        for one in requests
    ]
    errors = [ClaimError("AF", "Claim.diagnosis", "Send a diagnosis.")]
    if not inquired:
        sent = bundle_of(document, first="Claim")
        found.append(refused(sent, errors, payer=payer(), at=START, new_uuid=_new_uuid))
    for one in found:
        assert [str(each) for each in pas_validator().findings(one)] == []
    return found


def resources(documents: list[Json], kind: str) -> list[Json]:
    return [
        entry["resource"]
        for one in documents
        for entry in one["entry"]
        if entry["resource"]["resourceType"] == kind
    ]


@pytest.mark.parametrize("profile", CANNOT)
def test_every_must_support_element_is_answered_when_the_plan_has_a_value(profile: str) -> None:
    inquired = "inquiry" in profile
    without_number = everything()
    claim_of(without_number).pop("identifier")
    found = answers(everything(), inquired=inquired)
    # The reason why a claim is not named is that it has no number.
    found += answers(without_number, inquired=inquired)
    kind = pas_validator().type_of(
        f"http://hl7.org/fhir/us/davinci-pas/StructureDefinition/profile-{profile}"
    )
    shown = found if kind == "Bundle" else resources(found, kind)
    missing = missing_must_support(shown, profile)
    errors = {one for one in missing if inquired and one.startswith("ClaimResponse.error")}
    assert errors == {one for one in missing if one in OF_ERRORS and inquired}
    assert {*missing} - errors == CANNOT[profile].keys()
    assert all(CANNOT[profile].values())


OF_ERRORS: Final = frozenset(
    {
        "ClaimResponse.error",
        "ClaimResponse.error.code",
        "ClaimResponse.error.extension:errorElement",
        "ClaimResponse.error.extension:errorPath",
        "ClaimResponse.error.extension:followupAction",
    }
)
"""An inquiry that cannot be processed is answered by an OperationOutcome."""
