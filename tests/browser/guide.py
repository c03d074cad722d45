"""The walk of the reference guide's example, from the patient to the number, as a person does it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from playwright.sync_api import Locator, Page, expect

from local.journey.content import PATIENT
from local.users import PASSWORD, User
from tests.browser.screens import Screen

FACILITY_NAME: Final = "Cleveland Center for Digestive Health"
MAX_PAGES: Final = 40
NUMBER: Final = re.compile(r"PC\d{10}")


MENTAL_S: Final = 1.35
POINTING_S: Final = 1.1
CLICK_S: Final = 0.2
KEY_S: Final = 0.28
"""Seconds of the keystroke-level model (Card, Moran and Newell, 1980); a key as an average typist."""


def take_suggestion(field: Locator, typed: str, option: str, delay: float = 20) -> None:
    """Type into a field with suggestions, and take one."""
    field.press_sequentially(typed, delay=delay)
    field.page.get_by_role("option", name=option).first.click()


class Person:
    """Counts what a person does: each click, and each field that is filled or chosen.

    At human speed it waits before each action as long as a person needs to think of it, to point and
    click, or to tab to a field and type.
    """

    def __init__(self, screen: Screen, *, human: bool = False) -> None:
        self.screen = screen
        self.page: Page = screen.page
        self.human = human
        self.actions = 0

    def act(self, typed: str = "") -> None:
        """One click, or one field with what is typed into it."""
        self.actions += 1
        if self.human:
            hands = KEY_S * (1 + len(typed)) if typed else POINTING_S + CLICK_S
            self.page.wait_for_timeout(1000 * (MENTAL_S + hands))

    def sign_in(self, user: User) -> None:
        """Name, password, button."""
        self.act(user.name)
        self.act(PASSWORD)
        self.act()
        self.screen.sign_in(user)

    def click(self, name: str | re.Pattern[str], role: str = "button") -> None:
        self.act()
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]

    def fill(self, label: str, value: str) -> None:
        self.act(value)
        self.page.get_by_label(label, exact=True).first.fill(value)

    def radio(self, name: str, group: str | None = None) -> None:
        self.act()
        scope = self.page.get_by_role("group", name=group) if group else self.page
        scope.get_by_role("radio", name=name).first.check()

    def choose(self, label: str, option: str) -> None:
        self.act(option[:2])
        self.page.get_by_label(label).first.select_option(label=option)

    def suggest(self, label: str, typed: str, option: str) -> None:
        """Type into a field with suggestions and take one: two actions."""
        self.act(typed)
        self.act()
        take_suggestion(self.page.get_by_role("combobox", name=label).first, typed, option)

    def reveal(self, row: Locator) -> None:
        """Show further pages of a list until it has this row."""
        more = self.page.get_by_role("button", name="Show more")
        expect(row.or_(more).first).to_be_visible()
        for _ in range(MAX_PAGES):
            if row.count() > 0:
                break
            more.click()
            expect(more.or_(row).first).to_be_visible()
        expect(row).to_have_count(1)

    # The steps of the guide.

    def find_patient(self) -> None:
        self.click("Patients", role="link")
        page = self.page
        self.act(PATIENT["member_id"])
        page.get_by_role("textbox", name="Member ID").fill(PATIENT["member_id"])
        self.fill("Date of birth", PATIENT["date_of_birth"])
        self.fill("Last name", PATIENT["last_name"])
        self.fill("First name", PATIENT["first_name"])
        self.click("Search")
        expect(page.get_by_text("1 patient found").first).to_be_visible()

    def confirm_patient(self) -> None:
        self.click("Confirm patient")
        expect(self.page.get_by_text("Active coverage").first).to_be_visible()

    def start_check(self) -> None:
        self.click("Start precertification check")
        expect(self.page).to_have_url(re.compile("/check"))

    def choose_facility(self) -> None:
        """From those that were selected before, or by ZIP code, kind and name."""
        page = self.page
        zip_code = page.get_by_label("ZIP code of the provider")
        frequent = page.get_by_role("button", name=FACILITY_NAME).first
        expect(zip_code).to_be_visible()
        self.screen.settled()
        if frequent.is_visible():
            self.act()
            frequent.click()
            return
        self.fill("ZIP code of the provider", "44122")
        self.radio("Facility")
        self.suggest("Provider name", "cleve", FACILITY_NAME)
        self.click(re.compile("Save and continue|Continue"))

    def enter_service(self, code: str = "44120", *, days_ahead: int = 30) -> None:
        day = (datetime.now(UTC) + timedelta(days=days_ahead)).date().isoformat()
        self.radio("Inpatient")
        self.choose("Type of service", "Surgical Inpatient")
        self.radio("Surgical", group="Place of service")
        self.radio("Standard")
        self.fill("Admission date", day)
        self.suggest("Primary diagnosis", "K55", "K55 ")
        self.act(code)
        codes = self.page.get_by_role("combobox", name="Procedure code").first
        codes.press_sequentially(code, delay=20)
        codes.press("Enter")
        expect(self.page.get_by_role("button", name=f"Remove {code}")).to_be_visible()

    def check(self) -> None:
        self.click("Check requirements")
        expect(self.page.get_by_text("Requires precertification").first).to_be_visible()

    def start_request(self) -> None:
        self.click(re.compile("^Start .*request"))
        expect(self.page).to_have_url(re.compile("/drafts/"))
        expect(self.page.get_by_text("Saved until").first).to_be_visible()

    def complete(self) -> None:
        page = self.page
        self.fill("Requested days", "4")
        self.act("1")
        page.get_by_label("Requested units").first.fill("1")
        self.act("U")
        page.get_by_label("Unit type").first.select_option(label="Units")
        expect(page.get_by_text("Saved until").first).to_be_visible()

    def review(self) -> None:
        self.click("Review")
        expect(self.page.get_by_role("button", name=re.compile("^Submit"))).to_be_visible()

    def walk(self, code: str = "44120", *, days_ahead: int = 30) -> str:
        """All steps, from the signed-in home page to the number."""
        self.find_patient()
        self.confirm_patient()
        self.start_check()
        self.choose_facility()
        self.enter_service(code, days_ahead=days_ahead)
        self.check()
        self.start_request()
        self.complete()
        self.review()
        return self.submit()

    def submit(self) -> str:
        self.click(re.compile("^Submit"))
        expect(self.page.get_by_role("heading", name="Request submitted")).to_be_visible()
        number = self.page.get_by_text(NUMBER).first
        expect(number).to_be_visible()
        found = NUMBER.search(number.inner_text())
        assert found is not None
        return found[0]


def enter_check(screen: Screen) -> None:
    """Confirm a patient and choose a servicing provider, which the screens of a check need."""
    person = Person(screen)
    person.find_patient()
    person.confirm_patient()
    person.start_check()
    person.choose_facility()
    expect(screen.page).to_have_url(re.compile("step=services"))
