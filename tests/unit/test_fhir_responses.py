"""ClaimResponses are valid PAS, and agree with the request."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from precert.domain.assessment import Assessment, LineAssessment
from precert.domain.decisions import Approved
from precert.domain.request import Request
from precert.domain.review import InformationRequest
from precert.domain.rules import Requirement
from precert.domain.statuses import LineStatus, Status
from precert.domain.values import UnitType
from precert.fhir.bundles import bundle_of
from precert.fhir.response_bundles import ClaimError
from precert.fhir.responses import determined, refused
from tests.fakes.clock import START
from tests.fakes.samples import NUMBER, decision, payer, questionnaires, request, review
from tests.unit.test_export import bundle, coding, extensions, uuids
from tools.fhir_validator import pas_validator

Json = dict[str, Any]


def answered(of: Request) -> Json:
    response = determined(
        of,
        (1, 2),
        bundle_of(bundle(), first="Claim"),
        payer=payer(),
        questionnaires=questionnaires(),
        base_url="https://payer.example.org",
        at=START,
        new_uuid=lambda: str(uuid4()),
    )
    assert pas_validator().findings(response) == []
    return response


def head(response: Json) -> Json:
    found: Json = response["entry"][0]["resource"]
    return found


def action(element: Json) -> str:
    (adjudication,) = element["adjudication"]
    parts = extensions(extensions(adjudication)["reviewAction"])
    return coding(parts["reviewActionCode"]["valueCodeableConcept"])[1]


APPROVED = Approved(
    units=1, unit_type=UnitType.UNITS, from_date=date(2026, 7, 20), to_date=date(2026, 7, 22)
)


def decided(status: Status, *lines: LineStatus | None) -> Request:
    """A request with these lines, each approved for the stay unless it is denied."""
    built = review(lines)
    approved = tuple(
        line.model_copy(
            update={
                "decisions": tuple(
                    one.model_copy(update={"approved": APPROVED})
                    if line.status is not LineStatus.DENIED
                    else one
                    for one in line.decisions
                )
            }
        )
        for line in built.lines
    )
    return request(status, review=built.model_copy(update={"lines": approved}))


@pytest.mark.parametrize(
    ("status", "lines", "actions", "whole"),
    [
        (Status.PROCESSING, (None, None), ["A4", "A4"], "A4"),
        (Status.PENDING, (None, None), ["A4", "A4"], "A4"),
        (Status.APPROVED, (LineStatus.APPROVED, LineStatus.APPROVED), ["A1", "A1"], "A1"),
        (Status.DENIED, (LineStatus.DENIED, LineStatus.DENIED), ["A3", "A3"], "A3"),
        (
            Status.PARTIALLY_APPROVED,
            (LineStatus.APPROVED, LineStatus.MODIFIED),
            ["A1", "A6"],
            "A2",
        ),
        (Status.VOID, (None, None), ["C", "C"], "C"),
    ],
)
def test_actions_are_those_of_the_request_when_it_is_answered(
    status: Status, lines: tuple[LineStatus | None, ...], actions: list[str], whole: str
) -> None:
    response = head(answered(decided(status, *lines)))
    assert [action(item) for item in response["item"]] == actions
    assert action(response) == whole
    assert response["outcome"] == "complete"
    assert [item["itemSequence"] for item in response["item"]] == [1, 2]


def test_number_and_period_are_returned_when_a_line_is_approved() -> None:
    response = head(answered(decided(Status.APPROVED, LineStatus.APPROVED, LineStatus.APPROVED)))
    assert response["preAuthRef"] == NUMBER
    assert response["preAuthPeriod"] == {"start": "2026-07-20", "end": "2026-07-22"}
    period = extensions(response["item"][0])["itemPreAuthPeriod"]["valuePeriod"]
    assert period == response["preAuthPeriod"]


def test_number_is_an_administrative_reference_when_it_is_pended() -> None:
    response = head(answered(decided(Status.PENDING, None, None)))
    assert "preAuthRef" not in response
    number = extensions(response["item"][0])["administrationReferenceNumber"]["valueString"]
    assert number == NUMBER


def test_rationale_is_a_note_of_its_item_when_a_line_is_denied() -> None:
    made = decision(LineStatus.DENIED)
    response = head(answered(decided(Status.DENIED, LineStatus.DENIED, LineStatus.DENIED)))
    notes = {note["number"]: note["text"] for note in response["processNote"]}
    texts = [notes[number] for number in response["item"][0]["noteNumber"]]
    assert texts == [text for text in (made.rationale, made.criterion) if text]


@pytest.mark.rule("T6")
def test_review_action_and_reason_have_their_names_when_a_line_is_denied() -> None:
    response = answered(decided(Status.PARTIALLY_APPROVED, LineStatus.DENIED, LineStatus.APPROVED))
    claim = head(response)
    parts = [
        extensions(extensions(one["adjudication"][0])["reviewAction"])
        for one in (claim, *claim["item"])
    ]
    assert [one["reviewActionCode"]["valueCodeableConcept"]["text"] for one in parts] == [
        "Certified in part",
        "Not certified",
        "Certified in total",
    ]
    reason = parts[1]["reasonCode"]["valueCodeableConcept"]
    assert (coding(reason)[1], reason["text"]) == ("0F", "Not medically necessary")


def test_what_was_approved_is_added_when_a_line_is_modified() -> None:
    response = head(
        answered(decided(Status.PARTIALLY_APPROVED, LineStatus.APPROVED, LineStatus.MODIFIED))
    )
    (added,) = response["addItem"]
    assert added["itemSequence"] == [2]
    assert added["quantity"] == {"value": 1, "unit": "units"}
    assert action(added) == "A6"


@pytest.mark.parametrize(
    ("required", "requested", "name"),
    [
        (("PHOTOGRAPHS", "CLINICAL_NOTES"), ("CLINICAL_NOTES",), "breast-surgery"),
        (("PHOTOGRAPHS",), ("PHOTOGRAPHS", "CLINICAL_NOTES"), "breast-surgery"),
        (("PHOTOGRAPHS",), ("CLINICAL_NOTES",), "clinical-notes"),
        ((), ("CLINICAL_NOTES",), "clinical-notes"),
        (("PHOTOGRAPHS",), ("WEIGHT_HISTORY",), None),
    ],
)
def test_questionnaire_collects_the_requested_documents_when_information_is_requested(
    required: tuple[str, ...], requested: tuple[str, ...], name: str | None
) -> None:
    pended = decided(Status.PENDING, None, None)
    line, _ = pended.submitted.lines
    rule = LineAssessment(
        line_id=line.line_id,
        requirement=Requirement.REQUIRED,
        required_documentation=required,
    )
    rfi = InformationRequest(
        requested_at=START,
        requested_by="reviewer-1",
        answer_by=START + timedelta(days=3),
        documents=requested,
    )
    review = pended.submitted.model_copy(
        update={
            "assessment": Assessment(rule_list="1", assessed_at=START, lines=(rule,)),
            "information_requests": (rfi,),
        }
    )
    response = answered(pended.model_copy(update={"review": review}))
    contexts = [
        sent["valueString"]
        for entry in response["entry"]
        for sent in entry["resource"].get("input", ())
        if coding(sent["type"])[1] == "questionnaire-context"
        and extensions(sent)["serviceLineNumber"]["valuePositiveInt"] == 1
    ]
    data = questionnaires()
    assert contexts == [data.context(one) for one in data.families if one.name == name]


def test_every_error_has_place_note_and_follow_up_when_a_claim_is_refused() -> None:
    errors = [
        ClaimError("AF", "Claim.diagnosis", "Send a diagnosis."),
        ClaimError("57", "Claim.item[0].serviced", "Send the date of service."),
    ]
    response = refused(
        bundle_of(bundle(), first="Claim"), errors, payer=payer(), at=START, new_uuid=uuids()
    )
    assert pas_validator().findings(response) == []
    answer = head(response)
    assert answer["outcome"] == "error"
    assert [coding(one["code"])[1] for one in answer["error"]] == ["AF", "57"]
    found = [extensions(one) for one in answer["error"]]
    assert [one["errorPath"]["valueString"] for one in found] == [one.path for one in errors]
    assert [note["text"] for note in answer["processNote"]] == [one.message for one in errors]
    assert "item" not in answer
