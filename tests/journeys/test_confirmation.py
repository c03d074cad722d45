"""The confirmation over HTTP: the bytes as printed, or a problem with the reason."""

from typing import Any

import pytest

from local.journey.content import PATIENT, office_service, service
from local.users import PROVIDER, REVIEWER
from tests.fakes.printing import text_of
from tests.journeys.portal import Json, Portal


def office_visit() -> Json:
    return office_service("99213", days_ahead=3)


def requested(portal: Portal, *services: Json, user: Any = PROVIDER) -> Any:
    content = {
        "patient": PATIENT,
        "servicing_provider": portal.facility,
        "services": list(services),
    }
    return portal.deployment.caller(user).call(
        "POST", "/v1/checks/confirmation", {"content": content}
    )


@pytest.mark.rule("C7", "C15")
def test_document_is_complete_when_nothing_needs_precertification(portal: Portal) -> None:
    response = requested(portal, office_visit())
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"].startswith('attachment; filename="precert')
    assert response.content.startswith(b"%PDF-1.7")
    assert response.content.rstrip().endswith(b"%%EOF")
    text = text_of(response.content)
    payer = portal.deployment.deps.payer
    for words in (
        *(payer.name, "Allison Adams", PATIENT["member_id"], "99213"),
        *(portal.facility["name"], portal.facility["address"]["line_1"]),
        *(payer.notices["confirmation"], payer.notices["no_guarantee"]),
    ):
        assert words in text


@pytest.mark.rule("C7")
def test_no_document_is_returned_when_something_needs_precertification(portal: Portal) -> None:
    response = requested(portal, office_visit(), service("44120"))
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (problem["code"], problem["requirement"]) == ("confirmation_not_available", "REQUIRED")


def test_no_document_is_returned_when_the_caller_is_a_reviewer(portal: Portal) -> None:
    assert requested(portal, office_visit(), user=REVIEWER).status_code == 403
