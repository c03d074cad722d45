"""Keyboard alone: from the check to the number, and a reviewer's decision.

Each place where the focus stops is visible, and no header or bar covers it (WCAG 2.4.7, 2.4.11).
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from local.deployment import Deployment
from local.journey.content import PATIENT
from local.users import PROVIDER, REVIEWER
from tests.browser.guide import FACILITY_NAME, NUMBER
from tests.browser.screens import Screen
from tests.journeys.portal import Portal

MAX_TABS = 90

STOP = """async (target) => {
  const focused = document.activeElement;
  const covering = () => {
    const box = focused.getBoundingClientRect();
    const over = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const bar = over?.closest(".header, .sticky-actions");
    return bar && !bar.contains(focused) ? bar : null;
  };
  // The page is scrolled to the focus in one of the next frames.
  for (let frame = 0; frame < 30 && covering(); frame += 1) {
    await new Promise(requestAnimationFrame);
  }
  const name = `${focused.tagName} ${focused.id} ${focused.textContent.trim().slice(0, 40)}`;
  const style = getComputedStyle(focused);
  const problems = [];
  if (covering()) problems.push(`covered by ${covering().className}: ${name}`);
  // Behind the last element the focus is on the document, and then on the first element.
  const marked = style.outlineStyle !== "none" || style.boxShadow !== "none";
  if (!marked && focused !== document.body) {
    problems.push(`focus not visible: ${name}`);
  }
  return [focused === target, focused.name !== "" && focused.name === target.name, problems];
}"""
"""Whether the focus is on the target or in its group of radio buttons, and what is wrong there."""


class Keyboard:
    """A person without a mouse."""

    def __init__(self, screen: Screen) -> None:
        self.page: Page = screen.page
        self.problems: list[str] = []

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def to(self, target: Locator) -> None:
        """Press Tab until the target has the focus; in a group of radio buttons one of them has it."""
        expect(target).to_be_visible()
        handle = target.element_handle()
        for _ in range(MAX_TABS):
            self.press("Tab")
            there, near, problems = self.page.evaluate(STOP, handle)
            self.problems += [one for one in problems if one not in self.problems]
            if there or near:
                return
        raise AssertionError(f"not reached by Tab: {target}")

    def push(self, name: str | re.Pattern[str]) -> None:
        self.to(self.page.get_by_role("button", name=name).first)
        self.press("Enter")

    def type(self, label: str, text: str) -> Locator:
        field = self.page.get_by_label(label, exact=True).first
        self.to(field)
        self.page.keyboard.type(text, delay=5)
        return field

    def day(self, label: str, days_ahead: int) -> None:
        self.type(label, (datetime.now(UTC) + timedelta(days=days_ahead)).strftime("%m%d%Y"))

    def radio(self, name: str, group: str | None = None) -> None:
        scope = self.page.get_by_role("group", name=group) if group else self.page
        choice = scope.get_by_role("radio", name=name, exact=True).first
        self.to(choice)
        self.press("Space")
        for _ in range(10):
            if choice.is_checked():
                return
            self.press("ArrowDown")
        raise AssertionError(f"not reached by arrow keys: {name}")

    def suggest(self, label: str, typed: str, option: str | re.Pattern[str]) -> None:
        field = self.page.get_by_role("combobox", name=label).first
        self.to(field)
        self.page.keyboard.type(typed, delay=5)
        suggested = self.page.get_by_role("option", name=option).first
        expect(suggested).to_be_visible()
        for _ in range(10):
            if suggested.get_attribute("data-focused"):
                break
            self.press("ArrowDown")
        self.press("Enter")
        expect(suggested).to_have_count(0)


@pytest.mark.rule("V12")
def test_number_is_reached_when_a_provider_uses_the_keyboard_alone(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    api = Portal.at(deployment)
    api.draft()  # Its requesting provider is entered in the next one.
    code = api.content()["services"][0]["procedures"][0]["code"]
    screen = screens(PROVIDER)
    screen.go("/patients")
    keys, page = Keyboard(screen), screen.page
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
    keys.type("Type of service", "Surgical Inpatient")
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
    keys.to(page.get_by_label("Unit type").first)
    page.keyboard.type("Units")
    keys.push("Review")
    expect(page.get_by_role("button", name="Submit", exact=True)).to_be_visible()
    keys.push("Submit")
    expect(page.get_by_role("heading", name="Request submitted")).to_be_focused()
    expect(page.get_by_text(NUMBER).first).to_be_visible()
    assert not keys.problems, keys.problems


@pytest.mark.rule("W10")
def test_decision_is_recorded_when_a_reviewer_uses_the_keyboard_alone(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    api = Portal.at(deployment)
    request_id = api.pending()
    screen = screens(REVIEWER)
    screen.go(f"/review/{request_id}")
    keys, page = Keyboard(screen), screen.page
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
    assert not keys.problems, keys.problems
