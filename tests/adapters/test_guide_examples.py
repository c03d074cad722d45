"""The published examples of the guides: our validator accepts them, and each call has its answer."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Final

import pytest

from functions.dtr import handler as dtr
from functions.pas import handler as pas
from tests.adapters.callers import PROVIDER
from tests.adapters.cloud import Cloud
from tests.adapters.hooks import call_hook
from tests.adapters.pas_calls import (
    PACEMAKER,
    VISIT,
    Json,
    actions,
    claim,
    issues,
    role_findings,
    submit,
)
from tests.adapters.pas_documents import (
    attach,
    deliver_arrivals,
    documents,
    only_request,
    parameters,
    with_resources,
)
from tests.guide_examples import guide_examples
from tests.unit.test_export import claim_of
from tools.fhir_validator import pas_validator
from tools.hook_validator import hook_findings

PAS: Final = guide_examples("pas-2.2.1")
DTR: Final = guide_examples("dtr-2.2.0")
CRD: Final = guide_examples("crd-2.2.1")
DANGLING: Final = {
    "Bundle-ErrorResponseBundleExample": 4,
    "Bundle-PASClaimInquiryResponseBundleExample": 3,
    "Bundle-PASSubscriptionNotification": 2,
    "Bundle-ReferralAuthorizationResponseBundleExample": 2,
    "Bundle-ReferralPendingAuthorizationResponseBundleExample": 2,
    "Bundle-RejectionResponseBundleExample": 4,
    "Bundle-SurgicalRequestBundleExample": 2,
    "Parameters-PASClaimInquiryOperationResponseExample": 3,
}
"""References of examples to resources that their bundle lacks, which the guide itself forbids."""


@pytest.mark.parametrize("name", PAS)
def test_example_is_valid_when_the_guide_publishes_it(name: str) -> None:
    found = [str(one) for one in pas_validator().findings(PAS[name])]
    assert [one for one in found if not one.endswith("which is not in the bundle")] == []
    assert len(found) == DANGLING.get(name, 0)


NO_CLAIM: Final = (422, ["Bundle.entry[0].resource"])
SUBMITTED: Final[dict[str, tuple[int, list[str]]]] = {
    "Bundle-ErrorResponseBundleExample": NO_CLAIM,
    "Bundle-HomecareAuthorizationBundleExample": (
        200,
        [
            "Bundle.entry[4].resource.birthDate",
            "Claim.item[0].location",
            "Claim.item[0].serviced",
            "Claim.item[0].diagnosisSequence",
            "Claim.item[1].serviced",
            "Claim.item[1].productOrService",
        ],
    ),
    "Bundle-HomecareAuthorizationUpdateBundleExample": (
        200,
        [
            "Claim.related",
            "Bundle.entry[4].resource.birthDate",
            "Claim.item[0].location",
            "Claim.item[0].serviced",
            "Claim.item[0].diagnosisSequence",
            "Claim.item[2].serviced",
        ],
    ),
    "Bundle-MedicalServicesAuthorizationBundleExample": (
        200,
        [
            "Bundle.entry[4].resource.birthDate",
            "Claim.item[0].diagnosisSequence",
            "Claim.item[0].serviced",
        ],
    ),
    "Bundle-PASClaimInquiryBundleExample": (
        422,
        ["Bundle.meta.profile[0]", "Claim.meta.profile[0]"],
    ),
    "Bundle-PASClaimInquiryResponseBundleExample": NO_CLAIM,
    "Bundle-PASSubscriptionNotification": (422, ["Bundle.type", "Bundle.entry[0].resource"]),
    "Bundle-ReferralAuthorizationBundleExample": (
        200,
        [
            "Bundle.entry[4].resource.birthDate",
            "Bundle.entry[6].resource.identifier",
            "Claim.item[0].category",
            "Claim.item[0].serviced",
        ],
    ),
    "Bundle-ReferralAuthorizationResponseBundleExample": NO_CLAIM,
    "Bundle-ReferralPendingAuthorizationResponseBundleExample": NO_CLAIM,
    "Bundle-RejectionResponseBundleExample": NO_CLAIM,
    "Bundle-SurgicalRequestBundleExample": (
        200,
        [
            "Bundle.entry[6].resource.practitioner",
            "Bundle.entry[4].resource.birthDate",
            "Bundle.entry[6].resource.name",
            "Bundle.entry[6].resource.identifier",
            "Bundle.entry[6].resource.identifier",
            "Claim.item[0].serviced",
            "Claim.supportingInfo.where(category.coding.code='admissionDates')",
        ],
    ),
}
"""The status, and the places of the errors: members, providers and dates are those of the guide."""


def places(answer: Json) -> Iterator[str]:
    """The places that an OperationOutcome or a refused claim names."""
    if answer["resourceType"] == "OperationOutcome":
        yield from (place for one in answer["issue"] for place in one["expression"])
        return
    for one in answer["entry"][0]["resource"].get("error", ()):
        yield from (
            each["valueString"] for each in one["extension"] if each["url"].endswith("errorPath")
        )


@pytest.mark.parametrize("name", [one for one in PAS if PAS[one]["resourceType"] == "Bundle"])
def test_example_is_answered_by_place_when_it_is_submitted(cloud: Cloud, name: str) -> None:
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$submit", PAS[name], by=PROVIDER)
    assert role_findings(reply.body) == []
    assert (reply.status, list(places(reply.body))) == SUBMITTED[name]


ACCEPTED: Final = {
    "Bundle-MedicalServicesAuthorizationBundleExample": ["NA"],
    "Bundle-SurgicalRequestBundleExample": ["A4"],
}
"""Review actions for the services of the sample plan, for its member and providers, on a day ahead."""


@pytest.mark.parametrize("name", ACCEPTED)
def test_example_is_accepted_when_member_providers_and_days_are_those_of_the_plan(
    cloud: Cloud, name: str
) -> None:
    document = deepcopy(PAS[name])
    known = claim(VISIT)
    head = claim_of(document)
    document["entry"] += known["entry"][1:]
    for element in ("patient", "provider", "insurance", "careTeam"):
        head[element] = claim_of(known)[element]
    for one in head.get("supportingInfo", ()):
        one["timingPeriod"] = {"start": "2026-07-20", "end": "2026-07-23"}
    head.setdefault("diagnosis", claim_of(known)["diagnosis"])
    for item in head["item"]:
        item["servicedDate"] = "2026-07-20"
    assert actions(submit(cloud, document)) == ACCEPTED[name]


@pytest.mark.parametrize("name", SUBMITTED)
def test_only_the_inquiry_is_answered_when_examples_are_inquired(cloud: Cloud, name: str) -> None:
    reply = cloud.call(pas, "POST", "/fhir/r4/Claim/$inquire", PAS[name], by=PROVIDER)
    assert pas_validator().findings(reply.body) == []
    if name == "Bundle-PASClaimInquiryBundleExample":
        assert (reply.status, reply.body["resourceType"]) == (200, "Parameters")
        assert [one["name"] for one in reply.body.get("parameter", ())] in ([], ["outcome"])
    else:
        assert (reply.status, reply.body["resourceType"]) == (422, "OperationOutcome")


OTHERS: Final = {
    "Parameters-PASClaimInquiryOperationResponseExample": "/fhir/r4/$submit-attachment",
    "Parameters-SubscriptionNotificationParameters": "/fhir/r4/$submit-attachment",
    "DocumentReference-DocumentReferenceExample": "/fhir/r4/$submit-attachment",
    "Subscription-PASSubscriptionExample": "/fhir/r4/Subscription",
}


@pytest.mark.parametrize("name", OTHERS)
def test_example_is_refused_by_place_when_it_is_not_what_the_operation_takes(
    cloud: Cloud, name: str
) -> None:
    """The guide has no example of Parameters of an attachment; its endpoint is a local address."""
    reply = cloud.call(pas, "POST", OTHERS[name], PAS[name], by=PROVIDER)
    assert reply.status == 422
    assert all(one["expression"] for one in reply.body["issue"])


HOOKS: Final[dict[str, tuple[int, str]]] = {
    "CRDServiceRequest": (400, "prefetch.coverage.payor"),
    "CRDServiceRequest2": (412, "context.dispatchedOrders"),
    "CRDServiceRequest3": (412, "prefetch.coverage"),
    "CRDServiceRequest4": (412, "prefetch.coverage"),
}


@pytest.mark.parametrize("name", HOOKS)
def test_example_is_refused_by_place_when_its_hook_lacks_our_coverage(
    cloud: Cloud, name: str
) -> None:
    """The payer of the first is another one; the others leave the coverage to the client's server."""
    reply = call_hook(cloud, deepcopy(CRD[name]))
    (issue,) = reply.body["issue"]
    assert (reply.status, issue["expression"]) == (HOOKS[name][0], [HOOKS[name][1]])


ANSWERS: Final[dict[str, list[str]]] = {
    "CRDServiceResponse": ["systemActions[0].description: is required"],
    "CRDServiceResponse2": [],
    "CRDServiceResponse3": ["systemActions[0].description: is required"],
}
"""What the examples violate: CDS Hooks requires a description of each action."""


@pytest.mark.parametrize("name", ANSWERS)
def test_example_of_an_answer_is_valid_when_the_guide_publishes_it(name: str) -> None:
    assert [str(one) for one in hook_findings(CRD[name])] == ANSWERS[name]


@pytest.mark.parametrize("name", DTR)
def test_example_of_dtr_is_valid_when_the_guide_publishes_it(name: str) -> None:
    assert [str(one) for one in pas_validator().findings(DTR[name])] == []


def test_answers_are_attached_when_the_example_of_a_response_is_sent(cloud: Cloud) -> None:
    """Its questionnaire is another payer's: what it says is shown to reviewers all the same."""
    name = "home-o2-questionnaireresponse"
    submit(cloud, with_resources(claim(PACEMAKER), DTR[name]))
    attach(cloud, parameters("111099", DTR[name], Final={"valueBoolean": False}))
    (document,) = documents(cloud)
    assert document["document_type"] is None
    deliver_arrivals(cloud)
    stored = cloud.clients.by_name["s3"].get_object(
        Bucket=cloud.bucket, Key=f"documents/{only_request(cloud)}/{document['document_id']}"
    )
    text = stored["Body"].read().decode()
    assert "Last Name but Different This Time\n  Quinton" in text


def test_member_is_named_when_the_example_of_a_package_is_requested(cloud: Cloud) -> None:
    sent = DTR["QuestionnairePackageInputParamsExample"]
    path = "/fhir/r4/Questionnaire/$questionnaire-package"
    reply = cloud.call(dtr, "POST", path, sent)
    assert (reply.status, issues(reply)) == (404, ["not-found"])


def test_error_is_logged_when_the_example_of_a_report_is_sent(cloud: Cloud) -> None:
    sent = DTR["LogQuestionnaireErrorsInputParamsExample"]
    path = "/fhir/r4/Questionnaire/$log-questionnaire-errors"
    assert cloud.call(dtr, "POST", path, sent).status == 200


def test_examples_are_all_used_when_the_tables_are_read() -> None:
    bundles = {name for name, one in PAS.items() if one["resourceType"] == "Bundle"}
    assert (len(PAS), bundles) == (47, set(SUBMITTED))
    assert set(DANGLING) | set(OTHERS) <= PAS.keys()
    assert CRD.keys() == {*HOOKS, *ANSWERS}
