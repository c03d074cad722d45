"""The reviewer's, operator's and intake desks in the portal."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from local.deployment import Deployment
from local.journey.content import PATIENT, REQUESTING
from local.users import CLERK, NEWCOMER, NURSE, OPERATOR, PROVIDER, REVIEWER, SECOND_REVIEWER
from tests.browser.guide import FACILITY_NAME, NUMBER, Person
from tests.browser.keyboard import Keyboard
from tests.browser.places import FAX, QUESTION
from tests.browser.review_walks import approve_next, deny, urgent_case
from tests.browser.screens import Screen
from tests.fakes.printing import text_of
from tests.journeys.portal import DENIAL, Portal, until

MAX_REVIEW_ACTIONS = 12


@pytest.fixture
def api(deployment: Deployment) -> Portal:
    """To create what a test begins with, in fewer seconds than on the page."""
    return Portal.at(deployment)


def decision_of_line(page: Page, choice: str) -> None:
    page.get_by_role("radio", name=choice, exact=True).first.check()


def test_next_case_opens_by_itself_when_a_case_is_approved(
    screens: Callable[..., Screen], api: Portal
) -> None:
    """Assign, read, decide: at most 12 actions, for an approval and for the denial of the next case."""
    for _ in range(2):
        urgent_case(api)
    person = Person(screens(REVIEWER))
    approve_next(person)
    assert person.actions <= MAX_REVIEW_ACTIONS
    person.actions = 1
    deny(person)
    assert person.actions <= MAX_REVIEW_ACTIONS


def test_entries_stay_until_a_denial_is_complete_when_the_session_ends_meanwhile(
    screens: Callable[..., Screen], api: Portal
) -> None:
    """What is missing is named at its field; what was entered is there after the new sign-in."""
    request_id = api.pending()
    screen = screens(SECOND_REVIEWER)
    screen.refusals |= {400, 401, 422}
    page = screen.page
    screen.go(f"/review/{request_id}")
    page.get_by_role("button", name="Assign to me").click()
    expect(page.get_by_text("Assigned to you until")).to_be_visible()
    decision_of_line(page, "Deny")
    page.get_by_role("button", name="Record decision").click()
    summary = page.get_by_role("alert").filter(has=page.get_by_role("listitem"))
    expect(summary.get_by_role("listitem")).to_have_count(3)
    expect(summary).to_be_focused()
    summary.get_by_role("link").nth(1).click()
    expect(page.locator("textarea:focus, input:focus")).to_have_count(1)
    reason = page.get_by_role("combobox", name="Reason")
    reason.press_sequentially("medic", delay=20)
    page.get_by_role("option", name=re.compile("Not medically necessary")).click()
    page.get_by_role("button", name=re.compile("Severity not documented")).click()
    page.get_by_role("combobox", name="Criterion").fill("Plan medical policy, section 2")
    page.get_by_role("combobox", name="Criterion").press("Escape")
    page.get_by_role("button", name="Record decision").click()
    # The words of the template that are to be replaced.
    expect(summary).to_contain_text("Rationale: must not contain [findings], [missing findings]")
    summary.get_by_role("link").click()
    rationale = page.get_by_label("Rationale")
    expect(rationale).to_be_focused()
    rationale.fill("The notes document no findings at rest.")
    end_session(screen)
    expect(page).to_have_url(re.compile(request_id))
    expect(rationale).to_have_value("The notes document no findings at rest.")
    page.get_by_role("button", name="Record decision").click()
    expect(page.locator(".page-lead .badge").first).to_have_text("Denied")


def end_session(screen: Screen) -> None:
    """The API refuses the token from the decision on; then the person signs in again."""
    page = screen.page
    decided: list[str] = []
    signed_in: list[str] = []

    def refuse(route: Route, status: int) -> None:
        """Refuse each call until the browser returns from the sign-in pages."""
        if route.request.url.endswith("/decisions"):
            decided.append(route.request.url)
        if "/signed-in" in route.request.frame.url:
            signed_in.append(route.request.url)
        if signed_in or not decided:  # A read in the background would open the dialog first.
            route.continue_()
        else:
            # The identity provider has another origin.
            allowed = {"Access-Control-Allow-Origin": "*"}
            route.fulfill(status=status, json={"error": "refused"}, headers=allowed)

    page.route("**/v1/**", lambda route: refuse(route, 401))
    page.route("**/oauth2/token", lambda route: refuse(route, 400))
    page.get_by_role("button", name="Record decision").click()
    ended = page.get_by_role("dialog", name="Your session has ended")
    expect(ended).to_be_visible()
    assert screen.accessibility() == []
    for _ in range(3):
        page.keyboard.press("Escape")
    expect(ended).to_be_visible()
    ended.get_by_role("button", name="Sign in again").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.mark.rule("W10")
def test_denial_waits_for_a_physician_when_a_nurse_records_it(
    screens: Callable[..., Screen], api: Portal
) -> None:
    request_id = api.pending()
    nurse = screens(NURSE)
    page = nurse.page
    nurse.go(f"/review/{request_id}")
    page.get_by_role("button", name="Assign to me").click()
    expect(page.get_by_text("Assigned to you until")).to_be_visible()
    physician = screens(REVIEWER)
    physician.go(f"/review/{request_id}")
    expect(physician.page.get_by_text(f"Assigned to: {NURSE.name}")).to_be_visible()
    decision_of_line(page, "Deny")
    # The assignment is of an hour. What is entered stays when it ends.
    page.clock.install()
    page.clock.fast_forward("51:00")
    expect(page.get_by_text("Your assignment ends soon:")).to_be_visible()
    page.clock.fast_forward("10:00")
    expect(page.get_by_text("Your assignment has ended", exact=True)).to_be_visible()
    expect(page.get_by_role("radio", name="Deny", exact=True).first).to_be_checked()
    # A complete code needs no choice from the list.
    page.get_by_role("combobox", name="Reason").fill("0F")
    page.get_by_role("combobox", name="Reason").press("Escape")
    page.get_by_label("Rationale").fill("The notes show no symptoms that call for surgery.")
    page.get_by_role("combobox", name="Criterion").fill("Criterion 2")
    page.get_by_role("combobox", name="Criterion").press("Escape")
    page.get_by_role("button", name="Record decision").click()
    expect(page.get_by_text("Proposed decision")).to_be_visible()
    expect(page.get_by_text("Your assignment has ended", exact=True)).to_have_count(0)
    proposal = physician.page.locator(".banner").filter(has_text="Proposed decision")
    expect(proposal).to_contain_text(NURSE.name)
    expect(proposal).to_contain_text("Surgery with a stay")
    physician.page.get_by_role("button", name="Sign", exact=True).click()
    expect(physician.page.locator(".page-lead .badge").first).to_have_text("Denied")


def test_changes_are_listed_and_the_entry_stays_when_the_case_changed_before_the_decision(
    screens: Callable[..., Screen], api: Portal, deployment: Deployment
) -> None:
    request_id = api.pending()
    screen = screens(REVIEWER)
    screen.refusals.add(412)
    page = screen.page
    screen.go(f"/review/{request_id}")
    page.get_by_role("button", name="Assign to me").click()
    expect(page.get_by_text("Assigned to you until")).to_be_visible()
    page.get_by_role("button", name="Approve all lines as requested").click()

    def ask_first(route: Route) -> None:
        """The reviewer's other window sends a request for information at the same moment."""
        path = f"/v1/review/requests/{request_id}"
        deployment.caller(REVIEWER).act(path, "information", {"text": "Since when?"})
        route.continue_()

    page.route("**/decisions", ask_first, times=1)
    page.get_by_role("button", name="Record decision").click()
    changes = page.get_by_role("status").filter(has_text="The request changed since you read it")
    expect(changes.get_by_role("listitem")).to_contain_text(["Information requested"])
    expect(page.get_by_role("radio", name="Approve", exact=True).first).to_be_checked()
    page.get_by_role("button", name="Record decision").click()
    expect(page.locator(".page-lead .badge").first).to_have_text("Approved")


def test_request_for_information_reaches_the_provider_when_a_reviewer_sends_it(
    screens: Callable[..., Screen], api: Portal
) -> None:
    """And its answer reaches the reviewer, on the open page, where the document stays as it is."""
    request_id = api.pending()
    api.attach(request_id)
    review = screens(REVIEWER)
    review.go(f"/review/{request_id}")
    expect(review.page.locator(".document-frame, .document-text").first).to_be_visible()
    review.page.get_by_role("button", name="Assign to me").click()
    expect(review.page.get_by_text("Assigned to you until")).to_be_visible()
    review.page.get_by_role("button", name="Request information").click()
    dialog = review.page.get_by_role("dialog")
    dialog.get_by_label(re.compile("Question")).fill("Which treatment was tried?")
    send(review, "Request information")
    provider = screens(PROVIDER)
    provider.go(f"/requests/{request_id}")
    page = provider.page
    expect(page.get_by_text("Which treatment was tried?").first).to_be_visible()
    page.get_by_role("button", name="Answer in words").click()
    page.get_by_role("dialog").get_by_label("Answer").fill("Six weeks of medication.")
    send(provider, "Send answer")
    expect(review.page.get_by_text("Six weeks of medication.")).to_be_visible()
    review.announced("The case has changed.")
    # Another link would load it again from its first page.
    assert len([call for call in review.calls if "/documents/" in call]) == 1


def send(screen: Screen, name: str) -> None:
    """Send the open dialog, in which nothing is inaccessible, by this button."""
    dialog = screen.page.get_by_role("dialog")
    assert screen.accessibility() == []
    dialog.get_by_role("button", name=name, exact=True).click()
    expect(dialog).to_have_count(0)


@pytest.mark.rule("V9", "W7", "W12")
def test_denial_is_changed_when_the_provider_discusses_one_line_and_appeals_the_other(
    screens: Callable[..., Screen], api: Portal
) -> None:
    """From the notice to the discussion, and to the appeal that another reviewer decides."""
    content = api.content()
    [one] = content["services"][0]["procedures"]
    content["services"][0]["procedures"] = [one, {**one, "code": "44130"}]
    request_id = api.pending(content)
    api.decide(request_id, REVIEWER, 1, [DENIAL, {**DENIAL, "line_id": "1.2"}])
    until("waiting for a notice", lambda: api.details(request_id)["determination_notices"] or None)
    number = str(api.details(request_id)["number"])
    provider = screens(PROVIDER)
    provider.go(f"/requests/{request_id}")
    page, badge = provider.page, provider.page.locator(".page-lead .badge").first
    with page.expect_download() as download:
        page.get_by_role(
            "button", name=re.compile("^Download.*notice", re.IGNORECASE)
        ).first.click()
    assert number in text_of(download.value.path().read_bytes())
    expect(page.get_by_role("heading", level=1)).to_contain_text(number)

    page.get_by_role("button", name="Request a peer-to-peer discussion").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("checkbox", name=re.compile("^1.2")).uncheck()
    dialog.get_by_label("What is to be discussed?").fill("The images show a stenosis.")
    dialog.get_by_label("Phone of the treating clinician").fill("216-555-0177")
    send(provider, "Request a peer-to-peer discussion")

    reviewer = screens(REVIEWER)
    reviewer.go(f"/review/{request_id}")
    desk = reviewer.page
    desk.get_by_role("button", name="Assign to me").click()
    desk.get_by_role("button", name="Record the outcome").click()
    outcome = desk.get_by_role("region", name="Record the outcome")
    expect(outcome).to_contain_text("The images show a stenosis.")
    assert reviewer.accessibility() == []
    # The reviewer calls the number that the provider entered.
    expect(desk.get_by_role("link", name="(216) 555-0177")).to_be_visible()
    outcome.get_by_label("Outcome").select_option(label="Decision overturned")
    outcome.get_by_role("button", name="Approve all lines as requested").click()
    outcome.get_by_role("button", name="Save").click()
    expect(desk.locator(".page-lead .badge").first).to_have_text("Partially approved")
    expect(badge).to_have_text("Partially approved")
    provider.announced("Status: Partially approved.")
    expect(page.get_by_text("Decision overturned").first).to_be_visible()

    page.get_by_role("button", name="Appeal", exact=True).click()
    dialog.get_by_label("Why should the decision change?").fill("The second line belongs to it.")
    send(provider, "Appeal")
    second = screens(SECOND_REVIEWER)
    second.go(f"/review/{request_id}")
    expect(second.page.get_by_text("The second line belongs to it.")).to_be_visible()
    person = Person(second)
    person.click("Assign to me")
    person.click("Approve all lines as requested")
    person.click("Record decision")
    expect(second.page.locator(".page-lead .badge").first).to_have_text("Approved")
    expect(badge).to_have_text("Approved")


def test_request_is_found_with_its_audit_trail_when_an_operator_searches_the_number(
    screens: Callable[..., Screen], api: Portal
) -> None:
    request_id = api.pending()
    number = str(api.details(request_id)["number"])
    screen = screens(OPERATOR)
    page = screen.page
    page.get_by_label("Number", exact=True).fill(number)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=number).click()
    trail = page.get_by_role("table", name="Audit trail")
    expect(trail.get_by_text("Request submitted")).to_be_visible()
    expect(trail.get_by_text(PROVIDER.name, exact=True).first).to_be_visible()
    assert number not in page.url
    screen.go("/operations?queue=unmatched")
    # The oldest are first: those of other tests can fill the first pages.
    link, more = page.get_by_role("link", name=number), page.get_by_role("button", name="Show more")
    expect(link.or_(more).first).to_be_visible()
    while not link.is_visible():
        more.click()
        expect(page.locator("[data-pending]")).to_have_count(0)


def test_question_and_channel_are_shown_when_a_clerk_reads_a_registered_request(
    screens: Callable[..., Screen], shown: dict[str, str]
) -> None:
    """To explain to a caller what is missing, and to attach the pages of the answer."""
    screen = screens(CLERK)
    page = screen.page
    screen.go(f"/intake/requests/{shown['registered']}")
    expect(page.get_by_text("The payer requests information")).to_be_visible()
    expect(page.get_by_text(QUESTION).first).to_be_visible()
    expect(page.get_by_text(FAX, exact=True)).to_be_visible()
    expect(page.get_by_role("table", name="Service lines")).to_be_visible()
    expect(page.get_by_role("button", name="Attach pages")).to_be_visible()
    provider = screens(PROVIDER)
    provider.go(f"/requests/{shown['registered']}")
    expect(provider.page.get_by_text(f"received by: Fax · reference {FAX}")).to_be_visible()


@pytest.mark.rule("V10")
def test_number_is_shown_when_a_clerk_registers_a_phone_call_by_keyboard_alone(
    screens: Callable[..., Screen],
) -> None:
    """With the same form as providers use, in one page, then read back."""
    screen = screens(CLERK)
    screen.refusals.add(422)
    page, keys = screen.page, screen.keyboard
    keys.choose("Channel", "Phone")
    keys.type("Reference", "CALL-1")
    keys.push("Register request")
    summary = page.get_by_role("alert").filter(has=page.get_by_role("listitem"))
    expect(summary).to_be_focused()
    keys.type("Member ID", PATIENT["member_id"])
    keys.type("Date of birth", "01011986")
    keys.type("Last name", PATIENT["last_name"])
    keys.type("First name", PATIENT["first_name"])
    choose_provider(keys, "Facility", "cleve", FACILITY_NAME)
    keys.radio("Inpatient")
    keys.choose("Type of service", "Surgical Inpatient")
    keys.radio("Surgical", "Place of service")
    keys.radio("Standard")
    keys.day("Admission date", 30)
    keys.suggest("Primary diagnosis", "K55", re.compile("^K55 "))
    keys.type("Requested days", "4")
    keys.to(page.get_by_role("combobox", name="Procedure code").first)
    page.keyboard.type("44120")
    keys.press("Enter")
    expect(page.get_by_role("button", name="Remove 44120")).to_be_visible()
    keys.to(page.get_by_label("Requested units").first)
    page.keyboard.type("1")
    keys.choose("Unit type", "Units")
    choose_provider(keys, "Individual provider", "rubin", str(REQUESTING["name"]))
    keys.push("Register request")
    expect(page.get_by_role("heading", name="The request is registered")).to_be_visible()
    keys.has_focus()
    number = page.get_by_role("main").get_by_text(NUMBER).first.inner_text()
    keys.enter(page.get_by_role("link", name="Read back and attach pages"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(number)
    expect(page.get_by_text("CALL-1", exact=True)).to_be_visible()


def choose_provider(keys: Keyboard, kind: str, typed: str, name: str) -> None:
    """In the dialog of the first provider that is still to be chosen."""
    keys.push("Choose a provider")
    dialog = keys.page.get_by_role("dialog")
    keys.type("ZIP code of the provider", "44122", dialog)
    keys.radio(kind)
    field = dialog.get_by_role("combobox", name="Provider name")
    keys.to(field)
    keys.page.keyboard.type(typed)
    expect(dialog.get_by_role("option", name=name).first).to_be_visible()
    keys.press("Escape")  # closes the list only
    expect(dialog.get_by_role("option")).to_have_count(0)
    keys.press("ControlOrMeta+A")
    keys.press("Delete")
    keys.suggest("Provider name", typed, name, dialog)
    keys.push("Use this provider", dialog)
    expect(dialog).to_have_count(0)
    keys.has_focus()


@pytest.mark.rule("V3", "A1")
def test_reason_and_whom_to_ask_are_shown_when_a_user_has_no_entitlement(
    screens: Callable[..., Screen],
) -> None:
    page = screens(NEWCOMER).page
    expect(page.get_by_role("heading", level=1)).to_have_text("No access yet")
    expect(page.get_by_role("main")).to_contain_text("website access manager")
    expect(page.get_by_role("navigation").get_by_role("link")).to_have_count(0)


def test_deadline_moves_and_the_case_is_free_when_a_reviewer_extends_and_releases_it(
    screens: Callable[..., Screen], api: Portal
) -> None:
    """The time left of the assignment is visible; the reason of the extension is required."""
    request_id = api.pending()
    due = api.details(request_id)["due_at"]
    screen = screens(REVIEWER)
    screen.refusals.add(422)
    page = screen.page
    screen.go(f"/review/{request_id}")
    page.get_by_role("button", name="Assign to me").click()
    expect(page.get_by_text("Assigned to you until")).to_be_visible()
    page.get_by_role("button", name="Extend deadline").click()
    dialog = page.get_by_role("dialog")
    extend = dialog.get_by_role("button", name="Extend deadline")
    extend.click()
    expect(dialog.get_by_role("alert")).to_contain_text("Reason")
    assert screen.both_themes() + screen.cut_off(360, 740) == []
    dialog.get_by_label("Reason").fill("The member's records are on the way.")
    extend.click()
    expect(dialog).to_have_count(0)
    assert api.details(request_id)["due_at"] > due
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_role("button", name="Assign to me")).to_be_visible()
