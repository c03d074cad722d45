"""What is entered is never lost without asking: it can be restored, or a confirmation comes first."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from local.journey.content import PATIENT
from local.users import CLERK, PROVIDER
from tests.browser.guide import Person
from tests.browser.screens import Screen

OTHER_PATIENT = {
    "Member ID": "U70018347",
    "Date of birth": "1979-04-12",
    "Last name": "Okafor",
    "First name": "Chidi",
}


def test_entries_are_restored_when_a_clerk_clears_all_of_them(
    screens: Callable[..., Screen],
) -> None:
    """By keyboard, and after a reload as well; a tab with entries asks before the user signs out."""
    screen = screens(CLERK)
    page = screen.page
    clear = page.get_by_role("button", name="Clear all entries")
    undo = page.get_by_role("button", name="Undo")
    clear.click()
    expect(undo).to_have_count(0)  # Nothing was entered.
    page.get_by_label("Reference").fill("CALL-7")
    page.get_by_label("Member ID").fill(PATIENT["member_id"])
    page.get_by_role("radio", name="Inpatient").check()
    clear.click()
    expect(page.get_by_label("Reference")).to_have_value("")
    expect(page.get_by_text("All entries were cleared.")).to_be_visible()
    expect(undo).to_be_focused()
    assert screen.accessibility() == []
    screen.go("/intake/requests")
    screen.go("/intake")
    undo.press("Enter")
    expect(undo).to_have_count(0)
    expect(page.get_by_label("Reference")).to_have_value("CALL-7")
    expect(page.get_by_label("Member ID")).to_have_value(PATIENT["member_id"])
    expect(page.get_by_role("radio", name="Inpatient")).to_be_checked()

    page.get_by_role("button", name="Sign out").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Signing out deletes them")
    assert screen.accessibility() == []
    dialog.get_by_role("button", name="Stay").click()
    expect(page.get_by_label("Reference")).to_have_value("CALL-7")


def test_entries_of_a_check_are_restored_when_it_is_started_over_or_another_patient_comes_first(
    screens: Callable[..., Screen],
) -> None:
    """The codes that were removed too."""
    screen = screens(PROVIDER)
    person = Person(screen)
    page = screen.page
    person.find_patient()
    person.confirm_patient()
    person.start_check()
    person.choose_facility()
    person.enter_service("44125", days_ahead=75)
    code = page.get_by_role("button", name="Remove 44125")
    undo = page.get_by_role("button", name="Undo")
    code.click()
    expect(page.get_by_text("44125 was removed.")).to_be_visible()
    expect(code).to_have_count(0)
    undo.click()
    expect(code).to_be_visible()

    page.get_by_role("button", name="Start over").click()
    expect(page.get_by_text("All entries of this check were cleared.")).to_be_visible()
    expect(page.get_by_label("ZIP code of the provider")).to_be_visible()
    assert screen.accessibility() == []
    undo.click()
    verify_entered(page, "44125")

    screen.go("/patients")
    for label, value in OTHER_PATIENT.items():
        page.get_by_label(label, exact=True).last.fill(value)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Confirm patient").click()
    person.start_check()
    expect(page.get_by_text("Chidi Okafor").first).to_be_visible()
    expect(page.get_by_label("ZIP code of the provider")).to_be_visible()
    screen.go("/patients")
    person.find_patient()
    person.confirm_patient()
    person.start_check()
    expect(page.get_by_text("These are your entries from before.")).to_be_visible()
    verify_entered(page, "44125")


def test_entries_that_a_changed_choice_cleared_are_restored_when_the_change_is_undone(
    screens: Callable[..., Screen],
) -> None:
    """The focus stays on the choice, as the arrow keys change it; the codes never disappear."""
    screen = screens(PROVIDER)
    person = Person(screen)
    page = screen.page
    person.find_patient()
    person.confirm_patient()
    person.start_check()
    person.choose_facility()
    person.enter_service("44125", days_ahead=75)
    day = page.get_by_label("Admission date").input_value()
    inpatient = page.get_by_role("radio", name="Inpatient")
    notice = page.get_by_role("main").get_by_text("The change of “Authorization type” cleared:")
    undo = page.get_by_role("button", name="Undo")
    inpatient.focus()
    for key, name in (("ArrowDown", "Outpatient"), ("ArrowUp", "Inpatient")):
        page.keyboard.press(key)
        expect(page.get_by_role("radio", name=name)).to_be_checked()
        expect(page.get_by_role("radio", name=name)).to_be_focused()
        expect(notice).to_contain_text("Type of service, Place of service")
        expect(page.get_by_label("Type of service")).to_have_value("")
        expect(page.get_by_role("status").filter(has_text="The change of")).to_have_count(1)
        assert screen.accessibility() == []
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Outpatient")).to_be_checked()
    assert screen.cut_off(360, 740) == []
    undo.press("Enter")
    expect(undo).to_have_count(0)
    expect(page.get_by_role("group", name="Authorization type")).to_be_focused()
    expect(inpatient).to_be_checked()
    expect(page.get_by_label("Type of service")).to_have_value("SURGICAL_INPATIENT")
    expect(page.get_by_role("radio", name="Surgical", exact=True)).to_be_checked()
    expect(page.get_by_label("Admission date")).to_have_value(day)
    expect(page.get_by_role("button", name="Remove 44125")).to_be_visible()
    expect(notice).to_have_count(0)

    # What is entered again needs no restoration.
    page.get_by_role("radio", name="Outpatient").check()
    expect(notice).to_be_visible()
    inpatient.check()
    person.choose("Type of service", "Surgical Inpatient")
    person.radio("Surgical", group="Place of service")
    expect(undo).to_have_count(0)


def verify_entered(page: Page, code: str) -> None:
    """The services of the check have their entries."""
    page.get_by_role("button", name=re.compile("Save and continue")).click()
    expect(page.get_by_role("radio", name="Inpatient")).to_be_checked()
    expect(page.get_by_role("button", name=f"Remove {code}")).to_be_visible()
