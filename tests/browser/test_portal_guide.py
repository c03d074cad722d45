"""What the steps of the reference guide show, beyond the walk of its example (V1 to V15)."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from local.deployment import Deployment
from local.journey.content import REQUESTING
from local.users import PROVIDER
from tests.browser.guide import FACILITY_NAME, Person, take_suggestion
from tests.browser.screens import Screen
from tests.journeys.portal import Portal

UNSUPPORTED: Final[Mapping[str, str]] = {
    "Date of birth": "1984-08-13",
    "Last name": "Prescott",
    "First name": "Naomi",
}
OTHER_PATIENT: Final = {
    "member_id": "U70018347",
    "date_of_birth": "1979-04-12",
    "last_name": "Okafor",
    "first_name": "Chidi",
}
PAYERS_ZONE: Final = ZoneInfo("America/New_York")
SSN: Final = "987-65-4326"
"""Of a sample member whose plan supports no check."""


@pytest.mark.rule("V1", "V2", "V3", "V4")
def test_coverage_and_next_steps_are_shown_when_a_patient_is_found_by_ssn(
    screens: Callable[..., Screen],
) -> None:
    page = screens(PROVIDER).page
    page.get_by_role("link", name="Patients").first.click()
    page.get_by_role("radio", name="Social Security number").check()
    expect(page.get_by_role("textbox", name="Member ID")).to_have_count(0)
    number = page.get_by_label("Social Security number", exact=True).last
    number.fill(SSN)
    expect(number).to_have_css("-webkit-text-security", "disc")
    page.get_by_role("button", name="Show").click()
    expect(number).to_have_css("-webkit-text-security", "none")
    for label, value in UNSUPPORTED.items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Search").first.click()
    expect(page.get_by_text("1 patient found").first).to_be_visible()
    page.get_by_role("button", name="Confirm patient").click()
    expect(page.get_by_text("Active coverage").first).to_contain_text(
        "No referral by the primary care provider is needed."
    )
    assert SSN not in page.url
    expect(page.get_by_text("No precertifications yet for this patient")).to_be_visible()
    expect(page.get_by_role("button", name="Start precertification check")).to_have_count(0)
    page.get_by_role("button", name="Next steps").click()
    steps = page.get_by_role("dialog")
    expect(steps).to_contain_text(re.compile("call", re.IGNORECASE))
    steps.get_by_role("button", name="Close").first.click()
    page.get_by_role("tab", name="Coverage").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("Medical management levelPHS")


def options(page: Page, label: str) -> list[str]:
    return page.get_by_label(label).first.locator("option").all_inner_texts()


@pytest.mark.rule("V5", "V6", "V7", "V8", "V9")
def test_each_choice_decides_the_next_when_a_service_is_entered(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    Portal.at(deployment).submitted()  # Its servicing provider is then selected often.
    person = Person(screens(PROVIDER))
    page = person.page
    person.find_patient()
    person.confirm_patient()
    person.start_check()
    name = page.get_by_role("combobox", name="Provider name")
    page.get_by_label("ZIP code of the provider", exact=True).fill("44122")
    page.get_by_role("radio", name="Individual").check()
    take_suggestion(name, "rubin", str(REQUESTING["name"]))
    page.get_by_role("radio", name="Facility").check()
    name.clear()
    name.press_sequentially("rubin", delay=20)
    expect(page.get_by_text("No provider found").first).to_be_visible()
    name.clear()
    person.suggest("Provider name", "cleve", FACILITY_NAME)
    expect(page.get_by_role("radio", name=re.compile("Beachwood")).first).to_be_checked()
    expect(page.get_by_role("radio", name="20-3129831")).to_be_checked()
    person.click(re.compile("Save and continue|Continue"))
    # It can be looked at, and changed to one that is selected often.
    page.get_by_role("button", name="Servicing provider").click()
    provider = page.locator(".provider")
    for shown in (FACILITY_NAME, "Beachwood, OH 44122", "20-3129831"):
        expect(provider).to_contain_text(shown)
    page.get_by_role("button", name="Change provider").click()
    page.get_by_role("button", name=FACILITY_NAME).first.click()

    person.radio("Inpatient")
    expect(page.get_by_label("Admission date")).to_be_visible()
    inpatient = options(page, "Type of service")
    person.radio("Outpatient")
    expect(page.get_by_label("Admission date")).to_have_count(0)
    expect(page.get_by_label("Service date")).to_be_visible()
    outpatient = options(page, "Type of service")
    assert "Surgical Inpatient" in inpatient
    assert "Surgical Inpatient" not in outpatient
    assert any("Observation" in option for option in outpatient)
    person.enter_service("44125", days_ahead=90)
    codes = page.get_by_role("combobox", name="Procedure code").first
    codes.press_sequentially("44130", delay=20)
    codes.press("Enter")
    for code in ("44125", "44130"):
        expect(page.get_by_role("button", name=f"Remove {code}")).to_be_visible()
    person.check()
    for code in ("44125", "44130"):
        expect(page.locator(".requirement").filter(has_text=code)).to_contain_text(
            "Precertification required"
        )
    # A requirement is confirmed by no document (C7).
    expect(page.get_by_role("button", name="Download the confirmation (PDF)")).to_have_count(0)


@pytest.mark.rule("V4", "V11", "V15")
def test_requests_of_the_patient_are_listed_when_the_patient_is_confirmed(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    """Of no other patient; each with the actions that its status allows."""
    api = Portal.at(deployment)
    others = api.submitted(api.content(patient=OTHER_PATIENT))
    pending, draft = api.pending(), api.draft()
    numbers = {one: str(api.details(one)["number"]) for one in (pending, others)}
    person = Person(screens(PROVIDER))
    page = person.page
    person.find_patient()
    person.confirm_patient()
    row = page.get_by_role("row").filter(has_text=numbers[pending])
    expect(row).to_contain_text("Pending")
    actions = row.locator(".row-actions").get_by_role("link")
    expect(actions).to_have_text([re.compile("^Details "), re.compile("^Modify ")])
    expect(page.get_by_role("row").filter(has_text=numbers[others])).to_have_count(0)
    resume = page.locator(f".row-actions a[href='/drafts/{draft}']")
    expect(page.get_by_role("row").filter(has=resume)).to_contain_text("Incomplete")
    resume.click()
    saved = deployment.caller(PROVIDER).call("GET", f"/v1/drafts/{draft}").json()
    expires = datetime.fromisoformat(saved["expires_at"]).astimezone(PAYERS_ZONE)
    day, time = f"{expires:%a, %b} {expires.day}, ", f"{expires:%I:%M}".lstrip("0")
    expect(page.get_by_text(f"Saved until {day}").first).to_contain_text(time)
