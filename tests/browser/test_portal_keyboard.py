"""Keyboard alone: from the check to the number, and a reviewer's decision.

An operator, a clerk and a vendor use it in the tests of their desks, and everybody to sign in.
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from local.deployment import Deployment
from local.journey.content import PATIENT
from local.users import PROVIDER, REVIEWER
from tests.browser.guide import FACILITY_NAME, NUMBER
from tests.browser.screens import Screen
from tests.journeys.portal import Portal


@pytest.mark.rule("V12")
def test_number_is_reached_when_a_provider_uses_the_keyboard_alone(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    api = Portal.at(deployment)
    api.draft()  # Its requesting provider is entered in the next one.
    code = api.content()["services"][0]["procedures"][0]["code"]
    screen = screens(PROVIDER)
    screen.go("/patients")
    keys, page = screen.keyboard, screen.page
    keys.to(page.get_by_role("textbox", name="Member ID"))
    page.keyboard.type(PATIENT["member_id"])
    keys.type("Date of birth", "01011986")
    keys.type("Last name", PATIENT["last_name"])
    keys.type("First name", PATIENT["first_name"])
    keys.press("Enter")
    keys.push("Confirm patient")
    keys.push("Start precertification check")
    expect(page.get_by_label("ZIP code of the provider")).to_be_visible()
    screen.settled()
    if page.get_by_role("button", name=FACILITY_NAME).first.is_visible():
        keys.push(re.compile(FACILITY_NAME))
    else:
        keys.type("ZIP code of the provider", "44122")
        keys.radio("Facility")
        keys.suggest("Provider name", "cleve", re.compile(FACILITY_NAME))
        keys.push(re.compile("Save and continue"))
    keys.radio("Inpatient")
    keys.choose("Type of service", "Surgical Inpatient")
    keys.radio("Surgical", "Place of service")
    keys.radio("Standard")
    keys.day("Admission date", 90)
    keys.suggest("Primary diagnosis", "K55", re.compile("^K55 "))
    keys.to(page.get_by_role("combobox", name="Procedure code").first)
    page.keyboard.type(code)
    keys.press("Enter")
    expect(page.get_by_role("button", name=f"Remove {code}")).to_be_visible()
    keys.push("Check requirements")
    keys.push(re.compile("^Start the request"))
    expect(page.get_by_text("Saved until").first).to_be_visible()
    keys.type("Requested days", "4")
    keys.to(page.get_by_label("Requested units").first)
    page.keyboard.type("1")
    keys.choose("Unit type", "Units")
    keys.push("Review")
    expect(page.get_by_role("button", name="Submit", exact=True)).to_be_visible()
    keys.push("Submit")
    expect(page.get_by_role("heading", name="Request submitted")).to_be_focused()
    expect(page.get_by_text(NUMBER).first).to_be_visible()


@pytest.mark.rule("W10")
def test_decision_is_recorded_when_a_reviewer_uses_the_keyboard_alone(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    api = Portal.at(deployment)
    request_id = api.pending()
    screen = screens(REVIEWER)
    screen.go(f"/review/{request_id}")
    keys, page = screen.keyboard, screen.page
    keys.push("Assign to me")
    expect(page.get_by_text("Assigned to you until")).to_be_visible()
    keys.radio("Deny")
    keys.suggest("Reason", "medic", re.compile("Not medically necessary"))
    keys.push(re.compile("Severity not documented"))
    keys.to(page.get_by_label("Rationale"))
    keys.press("ControlOrMeta+A")
    page.keyboard.type("The notes document no findings at rest.")
    keys.to(page.get_by_role("combobox", name="Criterion"))
    page.keyboard.type("Plan medical policy, section 2")
    keys.press("Escape")
    keys.push("Record decision")
    expect(page.locator(".page-lead .badge").first).to_have_text("Denied")
    assert api.details(request_id)["status"] == "DENIED"
