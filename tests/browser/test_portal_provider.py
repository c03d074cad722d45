"""A provider in the portal: the guide's steps, on the screen and in one walk."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Route, expect

from local.deployment import Deployment
from local.journey.content import REQUESTING
from local.users import PROVIDER
from tests.browser.guide import FACILITY_NAME, Person
from tests.browser.screens import Screen
from tests.journeys.portal import Portal, until

REVIEWED = (
    "Allison Adams",
    FACILITY_NAME,
    str(REQUESTING["name"]),
    "Surgical Inpatient",
    re.compile(r"Requested days\s*4"),
    re.compile("K55 – .*intestine", re.IGNORECASE),
    re.compile("K50 – Crohn", re.IGNORECASE),
    re.compile("44125 – \\w+"),
    "Units",
)
"""What the review of a request shows of its entries."""
LOOKED_OVER = ("Surgical Inpatient", "Inpatient", "Standard", re.compile("K55 – \\w+"), "44125")
"""What a check shows of a service while another one is edited."""


def verify_second_service(person: Person) -> None:
    """Add one and remove it: the first one stays as it is, and is shown to look over."""
    page = person.page
    page.get_by_role("button", name="Add another service").click()
    second = page.get_by_role("heading", name="Service 2")
    expect(second).to_be_visible()
    person.radio("Outpatient")
    first = page.locator("section.card").filter(has=page.locator("h2").get_by_text("Service 1"))
    for shown in LOOKED_OVER:
        expect(first).to_contain_text(shown)
    page.get_by_role("button", name="Remove service 2").click()
    expect(second).to_have_count(0)
    expect(page.get_by_text("Service 2 was removed.")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(second).to_be_visible()
    page.get_by_role("button", name="Edit the entries of service 2").click()
    expect(page.get_by_role("radio", name="Outpatient")).to_be_checked()
    page.get_by_role("button", name="Remove service 2").click()
    expect(second).to_have_count(0)


@pytest.mark.rule("V8", "V10", "V12", "V13", "T6")
def test_entries_are_there_when_a_user_goes_back_until_the_user_signs_out(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    """Back from the requirements to the services, and back from the review to the request.

    The review shows them, with the words of each code.
    """
    api = Portal.at(deployment)
    api.draft()  # Its requesting provider is entered in the next one.
    person = Person(screens(PROVIDER))
    page = person.page
    person.find_patient()
    person.confirm_patient()
    person.start_check()
    person.choose_facility()
    person.enter_service("44125", days_ahead=75)
    verify_second_service(person)
    person.check()
    page.get_by_role("button", name="Change the entries").click()
    expect(page.get_by_text("44125").first).to_be_visible()
    person.check()
    person.start_request()
    draft_id = page.url.rpartition("/")[2]
    expect(page.get_by_text("What follows")).to_be_visible()
    phone = page.get_by_label(re.compile("^Phone")).first
    expect(phone).to_have_value(re.compile(r"^\(216\) 555-\d{4}$"))
    person.complete()
    further = page.get_by_role("combobox", name="Further diagnoses")
    for code in ("K50", "K51"):
        further.press_sequentially(code, delay=20)
        further.press("Enter")
        expect(page.get_by_role("button", name=f"Remove diagnosis {code}")).to_be_visible()
    person.review()
    expect(page.get_by_text("Saved until").first).to_be_visible()
    for shown in REVIEWED:
        expect(page.get_by_role("main")).to_contain_text(shown)
    content = api.details(draft_id)["content"]["services"][0]
    assert content["requested_days"] == 4
    assert content["additional_diagnoses"] == ["K50", "K51"]
    page.get_by_role("button", name="Back to the entries").click()
    expect(page.get_by_label("Requested days", exact=True).first).to_have_value("4")
    expect(page.get_by_label("Requested units").first).to_have_value("1")
    stored = "() => JSON.stringify({...sessionStorage, ...localStorage})"
    assert "Adams" in page.evaluate(stored)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    left = page.evaluate(stored)
    assert "Adams" not in left
    assert "849382930" not in left


def days(screen: Screen) -> Locator:
    """A field of the open draft."""
    return screen.page.get_by_label("Requested days", exact=True).first


@pytest.mark.rule("D7")
def test_no_entry_is_lost_when_a_colleague_edits_the_draft_and_the_network_is_lost(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    """Field by field, and nothing is overwritten before a choice is made."""
    api = Portal.at(deployment)
    draft_id = api.draft()
    first, second = screens(PROVIDER), screens(PROVIDER)
    second.refusals.add(412)
    first.offline = True  # The tabs share the network.
    for screen in (first, second):
        screen.go(f"/drafts/{draft_id}")
        expect(screen.page.get_by_text("Saved until").first).to_be_visible()
    with first.page.expect_response(
        lambda answer: answer.request.method == "PATCH" and draft_id in answer.url
    ) as saved:
        days(first).fill("5")
    assert saved.value.status == 200
    days(second).fill("7")
    conflict = second.page.get_by_text("Another user changed this request").first
    expect(conflict).to_be_visible()
    assert second.accessibility() == []
    assert api.details(draft_id)["content"]["services"][0]["requested_days"] == 5
    second.page.get_by_role("button", name="Use all of yours").click()
    second.page.get_by_role("button", name="Apply and save").click()
    expect(second.page.get_by_text("Saved until").first).to_be_visible()
    until(
        "waiting for the chosen value",
        lambda: api.details(draft_id)["content"]["services"][0]["requested_days"] == 7 or None,
    )
    # The network is lost while one types on.
    second.offline = True
    second.page.context.set_offline(True)
    days(second).fill("9")
    expect(second.page.get_by_text("You are offline").first).to_be_visible()
    assert second.accessibility() == []
    second.page.context.set_offline(False)
    until(
        "waiting for the value that was typed offline",
        lambda: api.details(draft_id)["content"]["services"][0]["requested_days"] == 9 or None,
    )
    expect(second.page.get_by_text("Saved until").first).to_be_visible()


@pytest.mark.rule("T3", "T5", "W6")
def test_request_is_withdrawn_when_it_was_found_by_number_flagged_and_followed_by_messages(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    api = Portal.at(deployment)
    request_id = api.pending()
    number = str(api.details(request_id)["number"])
    until("waiting for a message", lambda: api.messages(request_id, PROVIDER) or None)
    screen = screens(PROVIDER)
    screen.refusals.add(422)
    page = screen.page
    title = page.get_by_role("heading", level=1)
    page.get_by_label("Precertification number").fill(number)
    page.get_by_role("button", name="Open request").click()
    expect(title).to_contain_text(number)
    flag = page.get_by_role("button", name=f"Flag {number}")
    flag.click()
    expect(flag).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="Home").click()
    flagged = page.locator("section.card").filter(has_text="Flagged requests")
    expect(flagged).to_contain_text(number)

    page.get_by_role("link", name=re.compile("^Messages .*unread")).click()
    entry = page.get_by_role("listitem").filter(has_text=f"Open {number}").first
    expect(entry).to_contain_text("Unread")
    entry.get_by_role("button", name="Mark as read").click()
    expect(entry.get_by_role("button", name="Mark as read")).to_have_count(0)
    entry.get_by_role("link", name=f"Open {number}").click()
    expect(title).to_contain_text(number)

    page.get_by_role("button", name="Void", exact=True).click()
    dialog = page.get_by_role("dialog")
    confirm = dialog.get_by_role("button", name="Void", exact=True)
    confirm.click()
    expect(dialog.get_by_role("alert")).to_contain_text("Reason")
    assert screen.both_themes() + screen.cut_off(360, 740) == []
    dialog.get_by_label("Reason").fill("The surgery was cancelled.")
    confirm.click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".page-lead .badge").first).to_have_text("Void")
    expect(page.get_by_text("The surgery was cancelled.").first).to_be_visible()

    screen.go("/requests")
    page.get_by_label("Status").select_option(label="Void")
    expect(page).to_have_url(re.compile("status=VOID"))
    expect(page.get_by_role("row").filter(has_text=number)).to_contain_text("Void")
    expect(page.get_by_role("table").get_by_text("Pending", exact=True)).to_have_count(0)


def test_confirmation_is_requested_when_a_draft_is_left_before_an_entry_is_saved(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    api = Portal.at(deployment)
    draft_id = api.draft()
    screen = screens(PROVIDER)
    page = screen.page
    screen.go(f"/drafts/{draft_id}")
    expect(page.get_by_text("Saved until").first).to_be_visible()
    held: list[Route] = []
    page.route(
        f"**/v1/drafts/{draft_id}",
        lambda route: held.append(route) if route.request.method == "PATCH" else route.continue_(),
    )
    days(screen).fill("8")
    page.get_by_role("link", name="Home").click()
    dialog = page.get_by_role("dialog", name="Leave this page?")
    expect(dialog).to_be_visible()
    assert screen.accessibility() == []
    dialog.get_by_role("button", name="Stay").click()
    expect(days(screen)).to_have_value("8")
    expect(page.get_by_text("Saving…").first).to_be_visible()
    held[0].continue_()
    expect(page.get_by_text("Saved until").first).to_be_visible()
    page.get_by_role("link", name="Home").click()
    expect(page).to_have_url(re.compile("/home$"))
    assert api.details(draft_id)["content"]["services"][0]["requested_days"] == 8
