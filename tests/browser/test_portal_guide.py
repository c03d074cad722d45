"""What the steps of the reference guide show, beyond the walk of its example (V1 to V15)."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, Route, expect

from local.deployment import Deployment
from local.journey.content import REQUESTING
from local.users import PROVIDER
from tests.browser.guide import FACILITY_NAME, Person, take_suggestion
from tests.browser.screens import Screen
from tests.journeys.portal import Portal, until

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
VISIT: Final = "99221"
"""A code without precertification."""
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
    person = Person(screens(PROVIDER, new=True))  # Another tab can have read the list before.
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
    for code in ("44130", VISIT):
        codes.press_sequentially(code, delay=20)
        codes.press("Enter")
    for code in ("44125", "44130", VISIT):
        expect(page.get_by_role("button", name=f"Remove {code}")).to_be_visible()
    with page.expect_response("**/v1/checks") as checked:
        person.check()
    answer = checked.value.json()
    codes_of_service = answer["services"][0]["codes"]
    assert [one["requirement"] for one in codes_of_service] == [*2 * ["REQUIRED"], "NOT_REQUIRED"]
    for one in codes_of_service:
        result = page.locator(".requirement").filter(has_text=one["code"])
        expect(result.locator(".badge")).to_have_text(one["requirement_label"])
        expect(result).to_contain_text(one["next_step"]["text"])
    for notice in answer["notices"]:
        expect(page.get_by_text(notice)).to_be_visible()
    # A requirement is confirmed by no document (C7).
    expect(page.get_by_role("button", name="Download the confirmation (PDF)")).to_have_count(0)


def until_words(moment: str) -> re.Pattern[str]:
    """As the portal shows until when a draft is saved."""
    expires = datetime.fromisoformat(moment).astimezone(PAYERS_ZONE)
    time = f"{expires:%I:%M}".lstrip("0")
    return re.compile(f"Saved until {expires:%a, %b} {expires.day}, .*{time}")


@pytest.mark.rule("V4", "V15")
def test_requests_of_the_patient_are_listed_when_the_patient_is_confirmed(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    """All of this patient and of no other, by pages; each with the actions that its status allows."""
    api = Portal.at(deployment)
    theirs = [api.submitted(api.content(patient=OTHER_PATIENT)) for _ in range(2)]
    pending, draft = api.pending(), api.draft()
    numbers = {one: str(api.details(one)["number"]) for one in (pending, *theirs)}
    person = Person(screens(PROVIDER))
    page = person.page
    person.find_patient()
    person.confirm_patient()
    row = page.get_by_role("row").filter(has_text=numbers[pending])
    expect(row).to_contain_text("Pending")
    actions = row.locator(".row-actions").get_by_role("link")
    expect(actions).to_have_text([re.compile("^Details "), re.compile("^Modify ")])
    expect(page.get_by_role("row").filter(has_text=numbers[theirs[0]])).to_have_count(0)
    resume = page.locator(f".row-actions a[href='/drafts/{draft}']")
    expect(page.get_by_role("row").filter(has=resume)).to_contain_text("Incomplete")
    # The list of the next patient, with one row a page.
    page.route("**/v1/patients/requests", one_row_a_page)
    page.get_by_role("link", name="Patients").first.click()
    page.get_by_role("textbox", name="Member ID").fill(OTHER_PATIENT["member_id"])
    page.get_by_label("Date of birth").fill(OTHER_PATIENT["date_of_birth"])
    page.get_by_label("Last name").fill(OTHER_PATIENT["last_name"])
    page.get_by_label("First name").fill(OTHER_PATIENT["first_name"])
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Confirm patient").click()
    rows = page.get_by_role("tabpanel").get_by_role("row")
    expect(rows.nth(1)).to_be_visible()
    # At once: the rows of the patient before are not shown until those of this one are here.
    assert rows.filter(has_text=numbers[pending]).count() == 0
    for one in theirs:
        person.reveal(rows.filter(has_text=numbers[one]))
    page.get_by_role("button", name="Start precertification check").click()
    expect(page.get_by_text("Chidi Okafor").first).to_be_visible()


def one_row_a_page(route: Route) -> None:
    body = {**json.loads(route.request.post_data or "{}"), "limit": 1}
    route.continue_(post_data=json.dumps(body))


SAVE_STATES: Final = """() => {
  window.saveStates = [];
  const note = () => {
    const shown = document.querySelector(".save-state")?.textContent;
    if (shown && window.saveStates.at(-1) !== shown) window.saveStates.push(shown);
  };
  new MutationObserver(note).observe(document.body, {
    subtree: true, childList: true, characterData: true,
  });
}"""
"""Records what the page states about saving: some of it is there for a second only."""


@pytest.mark.rule("V11")
def test_date_until_which_the_draft_is_saved_is_shown_when_it_is_resumed_and_saved_again(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    """In the payer's zone; while a change is not saved, the page says so."""
    api = Portal.at(deployment)
    draft = api.draft({**api.content(), "requesting_provider": None})
    api.draft()  # Its requesting provider is entered in the first one by itself.

    def saved() -> dict[str, object]:
        found: dict[str, object] = deployment.caller(PROVIDER).call("GET", path).json()
        return found

    path = f"/v1/drafts/{draft}"
    before = saved()
    earlier = datetime.fromisoformat(str(before["expires_at"])) - timedelta(days=20)
    screen = screens(PROVIDER)
    page = screen.page
    held: list[Route] = []

    def answered(route: Route) -> None:
        """The first answer of the draft is an earlier one; the first change waits."""
        if route.request.method == "PATCH":
            held.append(route)
            return
        answer = route.fetch()
        body = {**answer.json(), "expires_at": earlier.isoformat()}
        route.fulfill(response=answer, json=body)

    page.route(f"**{path}", answered, times=2)
    page.evaluate(SAVE_STATES)
    screen.go(f"/drafts/{draft}")
    state = page.locator(".save-state").first
    # The requesting provider of the last request was entered, and is saved by itself.
    expect(state).to_have_text("Saving…")
    shown = page.evaluate("() => window.saveStates")
    assert re.match("Saved until ", shown[0])
    assert shown[1:] == ["Not saved yet…", "Saving…"]
    held.pop().continue_()
    entered = until("waiting for the entry", lambda: saved_provider(saved()))
    assert entered == REQUESTING["name"]
    expect(state).to_have_text(until_words(str(saved()["expires_at"])))


def saved_provider(draft: Mapping[str, object]) -> object:
    content = draft["content"]
    assert isinstance(content, dict)
    provider = content["requesting_provider"]
    return provider and provider["name"]
