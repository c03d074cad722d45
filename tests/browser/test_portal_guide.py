"""What the steps of the reference guide show, beyond the walk of its example (V1 to V15)."""

import re
from collections.abc import Callable, Mapping
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from local.deployment import Deployment
from local.users import PROVIDER
from tests.browser.guide import FACILITY_NAME, Person
from tests.browser.screens import Screen
from tests.journeys.portal import Portal

UNSUPPORTED: Final[Mapping[str, str]] = {
    "Date of birth": "1984-08-13",
    "Last name": "Prescott",
    "First name": "Naomi",
}
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
    page.get_by_label("Social Security number", exact=True).last.fill(SSN)
    for label, value in UNSUPPORTED.items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Search").first.click()
    expect(page.get_by_text("1 patient found").first).to_be_visible()
    page.get_by_role("button", name="Confirm patient").click()
    expect(page.get_by_text("Active coverage").first).to_be_visible()
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


@pytest.mark.rule("V5", "V6", "V7", "V8")
def test_each_choice_decides_the_next_when_a_service_is_entered(
    screens: Callable[..., Screen],
) -> None:
    person = Person(screens(PROVIDER))
    page = person.page
    person.find_patient()
    person.confirm_patient()
    person.start_check()
    page.get_by_label("ZIP code of the provider", exact=True).fill("44122")
    page.get_by_role("radio", name="Individual").check()
    page.get_by_role("radio", name="Facility").check()
    person.suggest("Provider name", "cleve", FACILITY_NAME)
    expect(page.get_by_role("radio", name=re.compile("Beachwood")).first).to_be_checked()
    expect(page.get_by_role("radio", name="20-3129831")).to_be_checked()
    person.click(re.compile("Save and continue|Continue"))

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
        expect(page.get_by_role("main")).to_contain_text(code)


@pytest.mark.rule("V4", "V11", "V15")
def test_requests_of_the_patient_are_listed_when_the_patient_is_confirmed(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    api = Portal.at(deployment)
    number = api.details(api.pending())["number"]
    person = Person(screens(PROVIDER))
    person.find_patient()
    person.confirm_patient()
    row = person.page.get_by_role("row").filter(has_text=number)
    expect(row).to_contain_text("Pending")
    expect(row.get_by_role("link").first).to_be_visible()
