"""An operator's queues in the portal: what each dialog shows and does."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from local.deployment import Deployment
from local.journey.content import PATIENT, completed, office_service
from local.users import CLERK, OPERATOR, PROVIDER, REVIEWER, VENDOR
from tests.browser.guide import FACILITY_NAME
from tests.browser.screens import VIEWPORT, Screen
from tests.journeys.portal import Json, Portal

STUCK_SINCE = "2026-06-01T09:00:00+00:00"
FAILED = {"delivery": "MESSAGES", "delivery_label": "Messages", "oldest_at": None}


@pytest.fixture
def api(deployment: Deployment) -> Portal:
    return Portal.at(deployment)


def assert_fits(screen: Screen) -> None:
    """The open dialog on a phone: accessible, nothing cut off, and its buttons are in view."""
    assert screen.accessibility() + screen.cut_off(360, 740) == []
    actions = screen.page.locator("dialog[open] .dialog-actions button")
    for button in actions.all():
        box = button.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 740
    screen.page.set_viewport_size(VIEWPORT)


def test_provider_is_matched_when_an_operator_chooses_an_entry_of_the_directory(
    screens: Callable[..., Screen], api: Portal
) -> None:
    content = api.content()
    facility = {**api.facility, "phone": "216-555-0188", "provider_id": None, "npi": "1999999992"}
    request_id = api.pending({**content, "servicing_provider": facility})
    screen = screens(OPERATOR)
    screen.refusals.add(422)
    page = screen.page
    screen.go(f"/operations/requests/{request_id}")
    page.get_by_role("button", name="Match: Servicing provider").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("No such facility")
    expect(dialog.get_by_text("Shorten the name")).to_be_visible()
    dialog.get_by_role("button", name="Match", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Directory ID")
    assert_fits(screen)
    dialog.get_by_label("Name").fill("cleve")
    # Closed by mistake, it has its entries when it is opened again.
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Match: Servicing provider").click()
    expect(dialog.get_by_label("Name")).to_have_value("cleve")
    dialog.get_by_role("button", name=f"Choose {FACILITY_NAME}").first.click()
    dialog.get_by_role("button", name="Match", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("Servicing provider: matched to the directory.")).to_be_visible()


@pytest.mark.rule("S3")
def test_each_queue_shows_how_many_wait_when_an_operator_opens_the_desk(
    screens: Callable[..., Screen], api: Portal
) -> None:
    """The numbers are those of the lists; of a long queue, it says that there are more."""
    facility = {**api.facility, "phone": "216-555-0188", "provider_id": None, "npi": "1999999992"}
    api.pending({**api.content(), "servicing_provider": facility})
    counts = api.deployment.caller(OPERATOR).call("GET", "/v1/operations/counts").json()
    screen = screens(OPERATOR)
    page = screen.page
    for name, queue in (
        ("Overdue decisions", "overdue"),
        ("Providers to match", "unmatched_providers"),
        ("Failed deliveries", "failed_deliveries"),
    ):
        shown = page.get_by_role("button", name=re.compile(f"^{name}"))
        expect(shown).to_have_text(f"{name} {counts[queue]['count']}")
    page.get_by_role("button", name=re.compile("^Providers to match")).click()
    rows = page.get_by_role("table", name="Providers to match").locator("tbody tr")
    expect(rows).to_have_count(counts["unmatched_providers"]["count"])

    long: Json = {**counts, "vendor_backlog": {"count": 100, "complete": False}}
    page.route("**/v1/operations/counts", lambda route: route.fulfill(json=long))
    # The desk reads the numbers twice a minute, and when it is opened.
    page.reload()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    screen.go("/operations?queue=backlog")
    backlog = page.get_by_role("button", name="Vendor backlog 100 or more")
    expect(backlog).to_contain_text("100+")
    expect(backlog).to_have_attribute("aria-pressed", "true")
    assert screen.both_themes() == []


@pytest.mark.rule("S5")
def test_request_is_confirmed_when_an_operator_states_why_it_is_to_be_processed(
    screens: Callable[..., Screen], api: Portal
) -> None:
    """Registered by phone for dates that providers cannot enter. The operator has no mouse."""
    received = datetime.now(UTC) - timedelta(hours=1)
    body = {
        "channel": "PHONE",
        "reference": "CALL-40",
        "received_at": received.isoformat(),
        "content": api.content(days_ahead=-40),
    }
    taken = api.deployment.caller(CLERK).call("POST", "/v1/intake/requests", body)
    request_id, number = (str(taken.json()[one]) for one in ("request_id", "number"))
    api.await_status(request_id, PROVIDER, "PENDING")
    screen = screens(OPERATOR)
    screen.refusals.add(422)
    page, keys = screen.page, screen.keyboard
    keys.type("Number", number)
    keys.press("Enter")
    keys.enter(page.get_by_role("link", name=number))
    keys.push("Confirm for processing")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Dates of service that providers cannot enter")
    keys.push("Confirm for processing", dialog)
    expect(dialog.get_by_role("alert")).to_contain_text("Note for the reviewers")
    expect(dialog.get_by_role("alert")).to_be_focused()
    assert_fits(screen)
    keys.type("Note for the reviewers", "The account paid in arrears.", dialog)
    keys.push("Confirm for processing", dialog)
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("The account paid in arrears.")).to_be_visible()
    keys.has_focus()
    expect(page.get_by_role("button", name="Confirm for processing")).to_have_count(0)


@pytest.mark.rule("W5")
def test_dates_are_changed_when_an_operator_finds_the_approved_request_of_a_member(
    screens: Callable[..., Screen], api: Portal
) -> None:
    """Dates that are incorrect are named at their field, and the reason is recorded."""
    request_id = api.decided()
    before = api.details(request_id)
    screen = screens(OPERATOR)
    screen.refusals.add(422)
    page = screen.page
    page.get_by_role("radio", name="Member ID").check()
    page.get_by_role("textbox", name="Member ID").fill(PATIENT["member_id"])
    page.get_by_role("button", name="Search", exact=True).click()
    link = page.get_by_role("table", name="Requests found").get_by_role(
        "link", name=before["number"]
    )
    more = page.get_by_role("button", name="Show more")
    expect(link.or_(more).first).to_be_visible()
    while not link.is_visible():
        more.click()
        expect(page.locator("[data-pending]")).to_have_count(0)
    assert PATIENT["member_id"] not in page.url
    link.click()
    page.get_by_role("button", name="Change approved dates").click()
    dialog = page.get_by_role("dialog")
    first = date.fromisoformat(before["lines"][0]["approved"]["from_date"])
    dialog.get_by_label("Line 1.1: from").fill((first + timedelta(days=9)).isoformat())
    dialog.get_by_label("Line 1.1: to").fill((first + timedelta(days=7)).isoformat())
    dialog.get_by_role("button", name="Change approved dates").click()
    summary = dialog.get_by_role("alert")
    expect(summary).to_contain_text("Line 1.1:")
    expect(summary).to_contain_text("Reason")
    assert_fits(screen)
    dialog.get_by_label("Line 1.1: to").fill((first + timedelta(days=11)).isoformat())
    dialog.get_by_label("Reason").fill("The operating room was not available.")
    dialog.get_by_role("button", name="Change approved dates").click()
    expect(dialog).to_have_count(0)
    approved = api.details(request_id)["lines"][0]["approved"]
    assert date.fromisoformat(approved["from_date"]) == first + timedelta(days=9)
    expect(page.get_by_text("Approved dates changed").first).to_be_visible()


def test_outcome_is_shown_when_an_operator_repairs_a_stuck_request(
    screens: Callable[..., Screen], api: Portal
) -> None:
    """The list is answered by the test; the repair is not, and finds that the workflow runs."""
    request_id = api.pending()
    body = {"request_id": request_id, "number": None, "member_id": None, "cursor": None}
    [row] = (
        api.deployment.caller(OPERATOR)
        .call("POST", "/v1/operations/requests/search", {**body, "limit": 25})
        .json()["requests"]
    )
    stuck = {"request": row, "cycle": 1, "execution_running": False, "stuck_since": STUCK_SINCE}
    page_of = {"requests": [stuck], "cursor": None, "damaged": []}
    screen = screens(OPERATOR)
    page = screen.page
    page.route("**/v1/operations/stuck-requests**", lambda route: route.fulfill(json=page_of))
    screen.go("/operations?queue=stuck")
    shown = page.get_by_role("row").filter(has_text=row["number"])
    expect(shown).to_contain_text("The workflow does not run")
    page.get_by_role("button", name=f"Repair {row['number']}").click()
    expect(shown).to_contain_text("The workflow runs already.")
    assert screen.both_themes() + screen.cut_off(360, 740) == []


def deliveries(page: Page, results: list[Json], left: list[int]) -> None:
    """Answer the calls of failed deliveries with these results and remaining counts."""

    def answer(route: Route) -> None:
        if route.request.method == "GET":
            count = left[0] if len(left) == 1 else left.pop(0)
            body: Json = {"deliveries": [{**FAILED, "count": count}]}
        else:
            body = {**FAILED, "redelivered": 0, "failed": 0, "not_redeliverable": 0}
            body |= results.pop(0) if results else {}
        route.fulfill(content_type="application/json", body=json.dumps(body))

    page.route("**/v1/operations/failed-deliveries**", answer)
    page.route("**/v1/operations/failed-deliveries/redelivery", answer)


@pytest.mark.rule("X2")
def test_sent_and_failed_events_are_counted_when_an_operator_sends_them_again(
    screens: Callable[..., Screen],
) -> None:
    """All of them with one click; where the receiver refuses them, the rest waits for the next one."""
    screen = screens(OPERATOR)
    page = screen.page
    deliveries(
        page,
        [
            {"redelivered": 5},
            {"redelivered": 4, "failed": 1},
            {"failed": 5},
            {"redelivered": 5},
            {"redelivered": 3},
        ],
        [18, 9, 0],
    )
    screen.go("/operations?queue=failed")
    row = page.get_by_role("listitem").filter(has_text="Messages")
    send = row.get_by_role("button", name="Send again: Messages")
    send.click()
    expect(row).to_contain_text("9 of 18 sent again.")
    expect(row).to_contain_text("6 events failed again.")
    expect(row).to_contain_text("The receiver refuses every event")
    expect(row).to_contain_text("9 events")
    send.click()
    expect(row).to_contain_text("8 of 9 sent again.")
    expect(row).to_contain_text("no failed events left")
    expect(send).to_have_count(0)


@pytest.mark.rule("S2", "W8")
def test_other_approval_is_shown_when_a_vendor_approved_one_service_twice(
    screens: Callable[..., Screen], api: Portal
) -> None:
    imaging = office_service("70450", days_ahead=41, type_of_service="IMAGING")
    content = completed({**api.content(), "services": [{**imaging, "urgency": "STANDARD"}]})
    first, second = (vendor_approval(api, content, f"RAD-{one}") for one in ("TWICE-1", "TWICE-2"))
    for user, path, title in (
        (OPERATOR, "/operations/requests", f"Request {first['number']}"),
        (REVIEWER, "/review", f"Case {first['number']}"),
        (PROVIDER, "/requests", f"Request {first['number']}"),
    ):
        screen = screens(user)
        page = screen.page
        screen.go(f"{path}/{second['request_id']}")
        shown = page.locator(
            ".banner-warning", has_text="Another request approves the same service"
        )
        expect(shown).to_contain_text(f"Service line 1.1: {first['number']}, line 1.1")
        assert screen.accessibility() + screen.cut_off(360, 740) == []
        page.set_viewport_size(VIEWPORT)
        shown.get_by_role("link", name=first["number"]).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(shown).to_have_count(0)


def vendor_approval(api: Portal, content: Json, reference: str) -> Json:
    """A request that the vendor received and approved itself."""
    body = {
        "vendor_id": "EVICORE-RAD",
        "reference": reference,
        "reported_at": datetime.now(UTC).isoformat(),
        "content": content,
        "lines": [{"line_id": "1.1", "status": "APPROVED"}],
    }
    reply = api.deployment.caller(VENDOR).call("POST", "/v1/vendor/determinations", body)
    assert reply.status_code == 200, reply.text
    reported: Json = reply.json()
    return reported
