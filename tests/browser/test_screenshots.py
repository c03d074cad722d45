"""The pictures of README and of the guide for the staff of providers: `make screenshots` renews them.

Without PRECERT_SCREENSHOTS they are written to a temporary folder, so that the walk is always tried.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from local.cloud.process import ROOT
from local.users import CLERK, OPERATOR, PROVIDER, REVIEWER
from tests.browser.guide import Person
from tests.browser.screens import VIEWPORT, Screen

MAX_ACTIONS = 45
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


@pytest.mark.rule("V1", "V2", "V4", "V5", "V6", "V7", "V9", "V10", "V11", "V12", "V14", "V15")
def test_number_is_shown_and_pictures_are_made_when_the_guides_example_is_entered(
    screens: Callable[..., Screen], shown: dict[str, str], folder: Path
) -> None:
    """At most 45 clicks and fields from the sign-in to the number, by somebody without a manual.

    On the way axe finds nothing, and a phone of 360 pixels cuts nothing off.
    """
    provider = screens(PROVIDER)
    person = Person(provider)
    person.actions = 3  # the sign-in: name, password, button
    found: dict[str, list[str]] = {}

    def take(name: str) -> None:
        provider.picture(folder / f"{name}.png")
        if problems := provider.accessibility() + provider.cut_off(360, 740):
            found[name] = problems
        provider.page.set_viewport_size(VIEWPORT)

    person.find_patient()
    found["patients found"] = provider.accessibility()
    person.confirm_patient()
    take("patient")
    person.start_check()
    take("servicing-provider")
    person.choose_facility()
    person.enter_service("44140", days_ahead=60)
    take("services")
    person.check()
    take("requirements")
    person.start_request()
    person.complete()
    take("request")
    person.review()
    take("review")
    number = person.submit()
    assert person.actions <= MAX_ACTIONS, person.actions
    expect(provider.page.get_by_text(re.compile("Pending|Approved")).first).to_be_visible()
    take("submitted")
    provider.page.get_by_role("link", name="Requests").click()
    row = provider.page.get_by_role("row").filter(has_text=number)
    expect(row.get_by_role("link", name=re.compile("Details|" + number)).first).to_be_visible()
    # What is accessible on these screens is a test of every screen.
    for name, user, path in (
        ("home", PROVIDER, "/home"),
        ("details", PROVIDER, "/requests/{denied}"),
        ("reviewer", REVIEWER, "/review/{pending}"),
        ("operator", OPERATOR, "/operations/requests/{denied}"),
        ("intake", CLERK, "/intake"),
    ):
        screen = provider if user is PROVIDER else screens(user)
        screen.go(path.format(**shown))
        screen.picture(folder / f"{name}.png")
    assert [problem for problems in found.values() for problem in problems] == []
    assert {file.stem for file in folder.glob("*.png")} == set(PICTURES)
