"""A reviewer's ways from the queue to a decision, as a person takes them."""

import re

from playwright.sync_api import expect

from tests.browser.guide import Person
from tests.journeys.portal import Portal

RATIONALE = "The notes document no findings at rest."
CRITERION = "Plan medical policy, section 2"


def urgent_case(api: Portal) -> str:
    """A case with a document that is due before standard ones: the next to be assigned."""
    content = api.content()
    content["services"][0]["urgency"] = "EXPEDITED"
    request_id = api.pending(content)
    api.attach(request_id)
    return request_id


def assign_next(person: Person) -> None:
    """Assign the most urgent case."""
    person.click("Next case")
    expect(person.page).to_have_url(re.compile("/review/.+"))


def read(person: Person) -> None:
    """Choose the first document of a case; it is shown on the page."""
    documents = person.page.locator(".case-documents .document-row button.link")
    expect(documents.first).to_be_visible()
    person.act()
    documents.first.click()
    expect(person.page.locator(".document-frame, .document-text").first).to_be_visible()


def approve_next(person: Person) -> None:
    """Assign, read, approve all, record: the next case opens by itself."""
    assign_next(person)
    read(person)
    first = person.page.url
    person.click("Approve all lines as requested")
    person.click("Record and open next case")
    expect(person.page).not_to_have_url(first)
    expect(person.page.get_by_role("heading", level=1)).to_contain_text("Case PC")


def deny(person: Person) -> None:
    """Read the assigned case, and deny it with reason, rationale and criterion."""
    page = person.page
    read(person)
    person.radio("Deny")
    person.suggest("Reason", "medic", "Not medically necessary")
    person.fill("Rationale", RATIONALE)
    person.act(CRITERION)
    page.get_by_role("combobox", name="Criterion").first.fill(CRITERION)
    page.get_by_role("combobox", name="Criterion").first.press("Escape")
    person.click("Record decision")
    expect(page.locator(".page-lead .badge").first).to_have_text("Denied")
