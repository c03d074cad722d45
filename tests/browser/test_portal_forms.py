"""Requests that need more of the form: lists of codes, several services, drugs, vendors."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from local.deployment import Deployment
from local.journey.content import REQUESTING, completed, office_service
from local.users import CLERK, PROVIDER
from tests.browser.guide import NUMBER, take_suggestion
from tests.browser.screens import Screen
from tests.fakes.printing import text_of
from tests.journeys.portal import Json, Portal

IMAGING = "70450"
"""A code that a delegated vendor decides."""

DRUG = "J1745"
VOLUNTARY = "19340"
"""A code without precertification, for which a predetermination is offered."""

FURTHER = "19342"
SETTLED = re.compile("Pending|Approved")

PASTE = """(field, text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  field.dispatchEvent(
    new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def api(deployment: Deployment) -> Portal:
    return Portal.at(deployment)


def day(days_ahead: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days_ahead)).date().isoformat()


def card(page: Page, title: str) -> Locator:
    # Open suggestions hide the rest of the page from assistive technology, and so from roles.
    heading = page.locator("h2").get_by_text(title, exact=True)
    return page.locator("section.card").filter(has=heading).first


def outpatient(service: Locator, kind: str, place: str, code: str, days_ahead: int) -> None:
    """Enter a service without a stay."""
    service.get_by_role("radio", name="Outpatient").check()
    service.get_by_label("Type of service").select_option(label=kind)
    choices = service.get_by_role("combobox", name="Place of service")
    choice = service.get_by_role("group", name="Place of service").get_by_role("radio", name=place)
    expect(choices.or_(choice)).to_be_visible()
    if choices.is_visible():
        choices.select_option(label=place)
    else:
        choice.check()
    service.get_by_role("radio", name="Standard").check()
    service.get_by_label("Service date").fill(day(days_ahead))
    diagnosis = service.get_by_role("combobox", name="Primary diagnosis")
    take_suggestion(diagnosis, "K55", "K55 ", delay=10)
    field = service.get_by_role("combobox", name="Procedure code")
    field.fill(code)
    field.press("Enter")
    expect(service.get_by_role("button", name=f"Remove {code}")).to_be_visible()


def complete_services(page: Page) -> None:
    """Enter the days of the stay, the units of all three services, and what differs by code."""
    page.get_by_label("Requested days", exact=True).fill("12")
    for number in (1, 2, 3):
        service = card(page, f"Service {number}")
        service.get_by_label("Requested units").first.fill("1")
        service.get_by_label("Unit type").first.select_option(label="Units")
    stay = card(page, "Service 1")
    stay.get_by_role("button", name="Apply to all codes").click()
    stay.get_by_label("Modifiers, 44140").fill("RT 59")
    stay.get_by_label(re.compile("tart date, 44140")).fill(day(122))
    stay.get_by_label("Requested units, 44120").fill("2")
    stay.get_by_label("Unit type, 44120").select_option(label="Visits")
    card(page, "Servicing provider").get_by_label(re.compile("^Phone")).fill("216-555-0199")


def verify_answer(page: Page, answer: Json) -> None:
    """Each code has its own requirement and next step; the vendor its address and the entries."""
    by_code = {one["code"]: one for service in answer["services"] for one in service["codes"]}
    assert len({one["requirement"] for one in by_code.values()}) > 1
    for code, one in by_code.items():
        shown = page.locator(".requirement").filter(has_text=code)
        expect(shown.locator(".badge")).to_have_text(one["requirement_label"])
        expect(shown).to_contain_text(one["next_step"]["text"])
    [vendor] = answer["vendors"]
    expect(page.get_by_text(f"{vendor['name']} decides these codes")).to_be_visible()
    link = page.get_by_role("link", name=re.compile(f"Go to {vendor['name']}"))
    expect(link).to_have_attribute("href", vendor["url"])
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the entries as a document").click()
    assert IMAGING in download.value.path().read_text(encoding="utf-8")


def verify_content(submitted: Json, code: str) -> None:
    """What was entered for the three services is what was submitted."""
    assert submitted["requesting_provider"]["name"] == REQUESTING["name"]
    stay, imaging, pharmacy = submitted["services"]
    assert [
        (one["code"], one["modifiers"], one["units"], one["unit_type"])
        for one in stay["procedures"]
    ] == [
        (code, [], 1, "UNITS"),
        ("44130", ["50"], 1, "UNITS"),
        ("44140", ["RT", "59"], 1, "UNITS"),
        ("44120", [], 2, "VISITS"),
    ]
    assert [one["start_date"] for one in stay["procedures"]] == [
        day(120),
        day(120),
        day(122),
        day(120),
    ]
    assert submitted["servicing_provider"]["phone"] == "2165550199"
    assert (stay["admission_date"], stay["requested_days"]) == (day(120), 12)
    assert (imaging["service_date"], submitted["confirmed_vendors"]) == (day(121), ["EVICORE-RAD"])
    medication = pharmacy["medication"]
    assert medication["name"] == "Infliximab"
    assert medication["frequency"]
    assert medication["route"]


@pytest.mark.rule("V9", "V10", "V13", "V14")
def test_number_is_shown_when_an_earlier_request_is_extended_by_lists_drugs_and_a_vendor(
    screens: Callable[..., Screen], api: Portal
) -> None:
    """For the same patient: a pasted list, a drug with its medication, a vendor's code."""
    content = api.content(days_ahead=150)
    code = content["services"][0]["procedures"][0]["code"]
    earlier = api.draft(content)
    screen = screens(PROVIDER)
    screen.refusals.add(422)
    page = screen.page
    screen.go(f"/drafts/new?from={earlier}&keep=patient")
    expect(page).to_have_url(re.compile("/check"))
    expect(page.get_by_text("Copied from")).to_be_visible()
    if "step=services" not in page.url:
        page.get_by_role("button", name=re.compile("Save and continue")).click()
    first = card(page, "Service 1")
    expect(first.get_by_text(code).first).to_be_visible()
    first.get_by_label("Admission date").fill(day(120))
    field = first.get_by_role("combobox", name=re.compile("rocedure code"))
    field.evaluate(PASTE, "44130-50; 44140\n44120, n/a-code")
    for pasted in ("44130", "44140", "44120"):
        expect(first.get_by_role("button", name=f"Remove {pasted}")).to_be_visible()
    expect(first.get_by_text("Not recognized as codes")).to_be_visible()
    for number in (2, 3):
        page.get_by_role("button", name="Add another service").click()
        expect(card(page, f"Service {number}")).to_be_visible()
    outpatient(card(page, "Service 2"), "Diagnostic Test", "Office", IMAGING, 121)
    outpatient(card(page, "Service 3"), "Medical Pharmacy", "Office", DRUG, 122)
    page.get_by_role("button", name="Check requirements").click()
    summary = page.get_by_role("alert").filter(has=page.get_by_role("listitem"))
    summary.get_by_role("link", name="Service 3 · Medication: this is required").click()
    card(page, "Service 3").get_by_label("Medication name").fill("Infliximab")
    with page.expect_response("**/v1/checks") as checked:
        page.get_by_role("button", name="Check requirements").click()
    verify_answer(page, checked.value.json())
    page.get_by_role("button", name=re.compile("^Start the request")).click()
    expect(page.get_by_text("Saved until").first).to_be_visible()
    draft_id = page.url.rpartition("/")[2]

    complete_services(page)
    drug = card(page, "Service 3")
    expect(drug.get_by_label("Medication name")).to_have_value("Infliximab")
    page.get_by_role("button", name="Review", exact=True).click()
    # Everything that is missing is listed at once.
    for missing in ("Frequency", "Route", "Delegated vendors"):
        expect(summary).to_contain_text(missing)
    expect(page.get_by_role("button", name="Submit", exact=True)).to_have_count(0)
    summary.get_by_role("link", name=re.compile("[Ff]requency")).first.click()
    expect(drug.get_by_label("Frequency")).to_be_focused()
    drug.get_by_label("Frequency").select_option(index=1)
    drug.get_by_label("Route").select_option(index=1)
    page.get_by_role("checkbox", name=re.compile(f"I request {IMAGING}")).check()
    page.get_by_role("button", name="Review", exact=True).click()
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("heading", name="Request submitted")).to_be_visible()
    expect(page.get_by_text(NUMBER).first).to_be_visible()
    expect(page.get_by_role("heading", name="EviCore by Evernorth")).to_be_visible()
    verify_content(api.details(draft_id)["content"], code)


@pytest.mark.rule("V9", "V14", "C14")
def test_confirmation_and_predetermination_are_offered_when_nothing_is_required(
    screens: Callable[..., Screen], api: Portal
) -> None:
    services = [
        office_service(code, days_ahead=40, type_of_service="OUTPATIENT_SURGERY")
        for code in (VOLUNTARY, FURTHER)
    ]
    content: Json = {**api.content(), "services": services, "purpose": "PREDETERMINATION"}
    earlier = api.draft(completed(content))
    screen = screens(PROVIDER)
    page = screen.page
    screen.go(f"/drafts/new?from={earlier}&keep=patient")
    for number in (1, 2):
        service = card(page, f"Service {number}")
        expect(service).to_be_visible()
        edit = service.get_by_role("button", name="Edit the entries")
        if edit.is_visible():
            edit.click()
        service.get_by_label("Service date").fill(day(40 + number))
    page.get_by_role("button", name="Check requirements").click()
    expect(page.get_by_text("No precertification required").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the confirmation (PDF)").click()
    document = download.value.path().read_bytes()
    assert download.value.suggested_filename.endswith(".pdf")
    text = text_of(document)
    assert "Allison Adams" in text
    assert VOLUNTARY in text
    assert FURTHER in text
    page.get_by_role("button", name=re.compile("predetermination|Start the request")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Predetermination request")
    for number in (1, 2):
        service = card(page, f"Service {number}")
        service.get_by_label("Requested units").first.fill("1")
        service.get_by_label("Unit type").first.select_option(label="Units")
    page.get_by_role("button", name="Review", exact=True).click()
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("heading", name="Request submitted")).to_be_visible()
    shown_number = page.get_by_text(NUMBER).first.inner_text()
    expect(page.get_by_role("main").locator(".badge")).to_have_text(SETTLED)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy number").click()
    expect(page.get_by_role("button", name="Copy number")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == shown_number
    link = page.get_by_role("link", name="Open the request")
    request_id = page.url.rpartition("/")[2].partition("?")[0]
    expect(link).to_have_attribute("href", f"/requests/{request_id}")
    page.get_by_role("link", name="Go to the dashboard").click()
    expect(page).to_have_url(re.compile("/requests$"))
    expect(page.get_by_role("row").filter(has_text=shown_number)).to_be_visible()


BESIDE = """() => {
  const list = document.querySelector(".popover")?.getBoundingClientRect();
  const field = document.activeElement.getBoundingClientRect();
  const gap = list && Math.max(field.top - list.bottom, list.top - field.bottom);
  return window.scrollY > 0 && gap >= 0 && gap <= 12;
}"""
"""Whether the page is scrolled, and the list of suggestions is above or below the field."""


def test_suggestions_stay_at_their_field_when_the_form_arrives_and_the_page_moves(
    screens: Callable[..., Screen],
) -> None:
    """Of a form that arrives late: what is entered meanwhile, and the focus, stay."""
    screen = screens(CLERK)
    page = screen.page
    page.get_by_role("radio", name="Inpatient").check()
    page.get_by_label("Type of service").select_option(label="Surgical Inpatient")
    page.get_by_role("group", name="Place of service").get_by_role("radio", name="Surgical").check()
    page.get_by_role("radio", name="Standard").check()
    diagnosis = page.get_by_role("combobox", name="Primary diagnosis")
    expect(diagnosis).to_be_visible()
    screen.settled()
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/v1/form?*", hold)
    with page.expect_request("**/v1/form?*"):
        page.get_by_role("radio", name="Expedited").check()
    diagnosis.press_sequentially("K55", delay=10)
    suggested = page.get_by_role("option", name="K55 ").first
    expect(suggested).to_be_visible()
    with page.expect_response("**/v1/form?*"):
        late.pop().continue_()
    # Something above the field becomes higher, and a part of the page is scrolled.
    page.locator("h1").evaluate("heading => { heading.style.marginBottom = '90px' }")
    page.mouse.wheel(0, 60)
    page.wait_for_function(BESIDE)
    expect(diagnosis).to_be_focused()
    suggested.click()
    expect(diagnosis).to_have_value("K55")
    expect(page.get_by_role("radio", name="Expedited")).to_be_checked()


@pytest.mark.rule("V10")
def test_services_of_an_earlier_request_are_entered_when_it_is_repeated_for_another_patient(
    screens: Callable[..., Screen], api: Portal
) -> None:
    content = api.content(days_ahead=60)
    code = content["services"][0]["procedures"][0]["code"]
    earlier = api.draft(content)
    screen = screens(PROVIDER)
    page = screen.page
    screen.go(f"/requests/{earlier}")
    screen.go(f"/drafts/new?from={earlier}&keep=services")
    expect(page).to_have_url(re.compile("/patients$"))
    page.get_by_role("textbox", name="Member ID").fill("U70018347")
    page.get_by_label("Date of birth").fill("1979-04-12")
    page.get_by_label("Last name").fill("Okafor")
    page.get_by_label("First name").fill("Chidi")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Confirm patient").click()
    page.get_by_role("button", name="Start precertification check").click()
    expect(page.get_by_text("Chidi Okafor").first).to_be_visible()
    services = card(page, "Service 1")
    page.get_by_role("button", name="Save and continue").click()
    expect(services.get_by_text(code).first).to_be_visible()
    expect(services.get_by_label("Admission date")).to_have_value("")
    expect(services.get_by_role("combobox", name="Primary diagnosis")).to_have_value("")
