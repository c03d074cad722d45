"""A provider's office in the portal: the guide's steps, on the screen and in one walk."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Locator, expect

from local.deployment import Deployment
from local.users import PROVIDER
from tests.browser.guide import Person
from tests.browser.screens import Screen
from tests.journeys.portal import Portal, until

MOST_ACTIONS = 45


@pytest.mark.rule("V1", "V2", "V4", "V5", "V6", "V7", "V9", "V10", "V11", "V12", "V14", "V15")
def test_number_is_shown_when_the_guides_example_is_entered(
    screens: Callable[..., Screen],
) -> None:
    """At most 45 clicks and fields from the sign-in to the number, by somebody without a manual."""
    screen = screens(PROVIDER)
    person = Person(screen)
    person.actions = 3  # the sign-in: name, password, button
    person.find_patient()
    person.confirm_patient()
    person.start_check()
    person.choose_facility()
    person.enter_service()
    person.check()
    person.start_request()
    person.complete()
    person.review()
    number = person.submit()
    assert person.actions <= MOST_ACTIONS, person.actions
    expect(screen.page.get_by_text(re.compile("Pending|Processing|Approved")).first).to_be_visible()
    screen.page.get_by_role("link", name="Requests").click()
    row = screen.page.get_by_role("row").filter(has_text=number)
    expect(row.get_by_role("link", name=re.compile("Details|" + number)).first).to_be_visible()


@pytest.mark.rule("V8", "V13")
def test_entries_are_there_when_a_user_goes_back(screens: Callable[..., Screen]) -> None:
    """Back from the requirements to the services, and back from the review to the request."""
    person = Person(screens(PROVIDER))
    page = person.page
    person.find_patient()
    person.confirm_patient()
    person.start_check()
    person.choose_facility()
    person.enter_service("44125", days_ahead=75)
    page.get_by_role("button", name="Add another service").click()
    expect(page.get_by_role("heading", name="Service 2")).to_be_visible()
    page.get_by_role("button", name="Remove service 2").click()
    expect(page.get_by_role("heading", name="Service 2")).to_have_count(0)
    person.check()
    page.get_by_role("button", name="Change the entries").click()
    expect(page.get_by_text("44125").first).to_be_visible()
    person.check()
    person.start_request()
    person.complete()
    person.review()
    page.get_by_role("button", name="Back to the entries").click()
    expect(page.get_by_label("Requested days", exact=True).first).to_have_value("4")
    expect(page.get_by_label("Requested units").first).to_have_value("1")


def days(screen: Screen) -> Locator:
    """A field of the open draft."""
    return screen.page.get_by_label("Requested days", exact=True).first


@pytest.mark.rule("D7")
def test_changes_of_a_colleague_are_shown_when_both_edit_one_draft(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    """Field by field, and nothing is overwritten before a choice is made."""
    api = Portal.at(deployment)
    draft_id = api.draft()
    first, second = screens(PROVIDER), screens(PROVIDER)
    second.refusals.add(412)
    for screen in (first, second):
        screen.go(f"/drafts/{draft_id}")
        expect(screen.page.get_by_text("Saved, kept until").first).to_be_visible()
    with first.page.expect_response(re.compile(draft_id)) as saved:
        days(first).fill("5")
    assert saved.value.status == 200
    days(second).fill("7")
    conflict = second.page.get_by_text("Another user changed this request").first
    expect(conflict).to_be_visible()
    assert api.details(draft_id)["content"]["services"][0]["requested_days"] == 5
    second.page.get_by_role("button", name="Use all of yours").click()
    second.page.get_by_role("button", name="Apply and save").click()
    expect(second.page.get_by_text("Saved, kept until").first).to_be_visible()
    until(
        "waiting for the chosen value",
        lambda: api.details(draft_id)["content"]["services"][0]["requested_days"] == 7 or None,
    )


def test_entries_are_saved_later_when_the_network_is_lost_while_typing(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    api = Portal.at(deployment)
    draft_id = api.draft()
    screen = screens(PROVIDER)
    screen.go(f"/drafts/{draft_id}")
    expect(screen.page.get_by_text("Saved, kept until").first).to_be_visible()
    screen.page.context.set_offline(True)
    screen.offline = True
    days(screen).fill("9")
    expect(screen.page.get_by_text("You are offline").first).to_be_visible()
    screen.page.context.set_offline(False)
    until(
        "waiting for the value that was typed offline",
        lambda: api.details(draft_id)["content"]["services"][0]["requested_days"] == 9 or None,
    )
    expect(screen.page.get_by_text("Saved, kept until").first).to_be_visible()


@pytest.mark.rule("U1")
def test_reason_stands_beside_the_file_when_a_document_is_refused(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    """Two files at once: one is what its name says, one is not."""
    draft_id = Portal.at(deployment).draft()
    screen = screens(PROVIDER)
    screen.go(f"/drafts/{draft_id}")
    page = screen.page
    files: list[FilePayload] = [
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Office visit notes.\n"},
        {"name": "report.pdf", "mimeType": "application/pdf", "buffer": b"no PDF at all"},
    ]
    page.locator("input[type=file]").first.set_input_files(files)
    documents = page.get_by_role("table", name="Documents")
    taken = documents.get_by_role("row").filter(has_text="notes.txt")
    expect(taken).to_contain_text("Attached")
    refused = documents.get_by_role("row").filter(has_text="report.pdf")
    expect(refused).to_contain_text("The content does not match the file name extension")


def test_sign_out_leaves_nothing_in_the_tab_when_a_user_signs_out(
    screens: Callable[..., Screen],
) -> None:
    screen = screens(PROVIDER)
    person = Person(screen)
    person.find_patient()
    person.confirm_patient()
    screen.page.get_by_role("button", name="Sign out").click()
    expect(screen.page.get_by_role("button", name="Sign in")).to_be_visible()
    stored = screen.page.evaluate("() => JSON.stringify({...sessionStorage, ...localStorage})")
    assert "Adams" not in stored
    assert "849382930" not in stored
