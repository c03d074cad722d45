"""The confirmation over HTTP: bytes arrive as they were printed, or a problem says why not."""

from typing import Any

import pytest

from local.journey.content import PATIENT, office_service, service
from local.users import OFFICE, REVIEWER
from tests.fakes.printing import text_of
from tests.journeys.desk import Desk, Json


def office_visit() -> Json:
    return office_service("99213", days_ahead=3)


def asked(desk: Desk, *services: Json, user: Any = OFFICE) -> Any:
    content = {
        "patient": PATIENT,
        "servicing_provider": desk.facility,
        "services": list(services),
    }
    return desk.stand.caller(user).call("POST", "/v1/checks/confirmation", {"content": content})


@pytest.mark.rule("C7", "C15")
def test_document_arrives_whole_when_nothing_needs_precertification(desk: Desk) -> None:
    response = asked(desk, office_visit())
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"].startswith('attachment; filename="precert')
    assert response.content.startswith(b"%PDF-1.7")
    assert response.content.rstrip().endswith(b"%%EOF")
    text = text_of(response.content)
    payer = desk.stand.deps.payer
    for words in (
        *(payer.name, "Allison Adams", PATIENT["member_id"], "99213"),
        *(desk.facility["name"], desk.facility["address"]["line_1"]),
        *(payer.notices["confirmation"], payer.notices["no_guarantee"]),
    ):
        assert words in text


@pytest.mark.rule("C7")
def test_no_document_comes_when_something_needs_precertification(desk: Desk) -> None:
    response = asked(desk, office_visit(), service("44120"))
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (problem["code"], problem["requirement"]) == ("confirmation_not_available", "REQUIRED")


def test_no_document_comes_when_the_caller_is_a_reviewer(desk: Desk) -> None:
    assert asked(desk, office_visit(), user=REVIEWER).status_code == 403
