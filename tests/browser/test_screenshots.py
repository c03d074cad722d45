"""The pictures of README and of the guide for office staff: `make screenshots` renews them.

Without PRECERT_SCREENSHOTS they are written to a temporary folder, so that the walk is always tried.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from local.cloud.process import ROOT
from local.deployment import Deployment
from local.users import CLERK, OPERATOR, PROVIDER, REVIEWER
from tests.browser.guide import Person
from tests.browser.screens import Screen
from tests.journeys.portal import DENIAL, Portal

GUIDE = ROOT / "docs" / "guide" / "pictures"
PICTURES = (
    "patient",
    "servicing-provider",
    "services",
    "requirements",
    "request",
    "review",
    "submitted",
    "home",
    "details",
    "reviewer",
    "operator",
    "intake",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return GUIDE if os.environ.get("PRECERT_SCREENSHOTS") else tmp_path


def test_pictures_are_made_when_the_guides_example_is_walked(
    screens: Callable[..., Screen], deployment: Deployment, folder: Path
) -> None:
    api = Portal.at(deployment)
    denied = api.decided(DENIAL)
    pending = api.pending()
    office = screens(PROVIDER)
    person = Person(office)
    person.find_patient()
    person.confirm_patient()
    office.picture(folder / "patient.png")
    person.start_check()
    office.picture(folder / "servicing-provider.png")
    person.choose_facility()
    person.enter_service("44140", days_ahead=60)
    office.picture(folder / "services.png")
    person.check()
    office.picture(folder / "requirements.png")
    person.start_request()
    person.complete()
    office.picture(folder / "request.png")
    person.review()
    office.picture(folder / "review.png")
    person.submit()
    office.picture(folder / "submitted.png")
    office.go("/home")
    office.picture(folder / "home.png")
    office.go(f"/requests/{denied}")
    office.picture(folder / "details.png")
    reviewer = screens(REVIEWER)
    reviewer.go(f"/review/{pending}")
    reviewer.picture(folder / "reviewer.png")
    operator = screens(OPERATOR)
    operator.go(f"/operations/requests/{denied}")
    operator.picture(folder / "operator.png")
    clerk = screens(CLERK)
    clerk.picture(folder / "intake.png")
    assert {file.stem for file in folder.glob("*.png")} == set(PICTURES)
