"""A delegated vendor in the portal: from the list to the report of its determination."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, Route, expect

from local.deployment import Deployment
from local.users import PROVIDER, VENDOR
from tests.browser.places import delegated_request
from tests.browser.screens import Screen
from tests.journeys.portal import Portal

REFERENCE = "EV-2207"


@pytest.mark.rule("W8", "W10")
def test_determination_is_shown_to_the_provider_when_a_vendor_reports_it(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    """What is missing or incorrect is named at its field, and a denial needs a reviewer.

    The vendor opens and reports the request by keyboard alone.
    """
    api = Portal.at(deployment)
    request_id = delegated_request(api)
    number = api.details(request_id)["number"]
    screen = screens(VENDOR)
    screen.refusals |= {404, 422}
    page = screen.page
    screen.go("/vendor/no-id")
    expect(page.get_by_role("alert")).to_contain_text("There is no request with this ID.")
    keys = screen.keyboard
    keys.enter(page.get_by_role("link", name="Go to the delegated requests"))
    row = page.get_by_role("row").filter(has_text=number)
    expect(row).to_contain_text("70450 CT of the head and neck")
    keys.enter(row.get_by_role("link", name=number))
    expect(page.get_by_role("heading", level=1)).to_contain_text(number)
    # The vendor reads its own lines only, by their numbers in the whole request.
    expect(page.get_by_role("heading", name="Service 2")).to_be_visible()
    expect(page.get_by_role("heading", name="Service 1")).to_have_count(0)
    expect(page.get_by_text("Contact payer")).to_have_count(0)

    with page.expect_download() as download:
        page.get_by_role("button", name="Export as FHIR bundle").click()
    bundle = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert bundle["resourceType"] == "Bundle"
    verify_errors(screen)
    # In the payer's zone, as all times of the page.
    now = datetime.now(UTC).astimezone(ZoneInfo("America/New_York"))
    keys.moment("Decided at (Eastern Time)", now)
    keys.radio("Approved")
    keys.push("Report determination")
    expect(page.get_by_text("The determination was reported.").first).to_be_visible()
    keys.has_focus()
    expect(page.get_by_text(re.compile(f"^Reported .*, your case {REFERENCE}"))).to_be_visible()
    expect(page.get_by_role("heading", name="Report a later determination")).to_be_visible()
    expect(page.get_by_label("Your case number")).to_have_value(REFERENCE)
    verify_corrections(page, now, lambda: report_by_system(api, number))
    screen.go("/vendor?show=closed")
    closed = page.get_by_role("row").filter(has_text=number)
    expect(closed).to_contain_text(re.compile("Reported.*E[SD]T"))
    expect(page.get_by_role("columnheader", name="Reported")).to_be_visible()

    provider = screens(PROVIDER)
    provider.go(f"/requests/{request_id}")
    line = provider.page.get_by_role("row").filter(has_text="2.1")
    expect(line).to_contain_text("Approved")
    expect(line).to_contain_text("EviCore")


def report_by_system(api: Portal, number: str) -> None:
    """The vendor's system reports the line now."""
    body = {
        "vendor_id": VENDOR.vendors[0],
        "number": number,
        "reference": REFERENCE,
        "reported_at": datetime.now(UTC).isoformat(),
        "lines": [{"line_id": "2.1", "status": "APPROVED"}],
    }
    reply = api.deployment.caller(VENDOR).call("POST", "/v1/vendor/determinations", body)
    assert reply.status_code == 200, reply.text


def report(page: Page, decided: datetime) -> None:
    """Send the report, with the time as the field has it: in whole minutes."""
    page.get_by_label("Decided at (Eastern Time)").fill(decided.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="Report determination").click()


def verify_corrections(page: Page, decided: datetime, later: Callable[[], None]) -> None:
    """One in the minute of the report replaces it; one after a ``later`` report changes nothing."""
    line = page.get_by_role("row").filter(has_text="2.1")
    page.get_by_role("radio", name="Approved").check()
    page.get_by_label("Diagnosis of the decision").fill("K55.1")
    report(page, decided)
    expect(page.get_by_role("main").get_by_text("The determination was reported.")).to_be_visible()
    expect(line).to_contain_text(re.compile(r"K55\.?1"))

    def precede(route: Route) -> None:
        later()
        route.continue_()

    page.route("**/v1/vendor/determinations", precede)
    page.get_by_role("radio", name="Approved").check()
    report(page, decided)
    expect(page.get_by_text("Nothing was changed: a determination").first).to_be_visible()
    page.unroute("**/v1/vendor/determinations", precede)


def verify_errors(screen: Screen) -> None:
    """Of a report without any entry, and of a denial without its reasons and reviewer."""
    page = screen.page
    send = page.get_by_role("button", name="Report determination")
    summary = page.get_by_role("alert").filter(has=page.get_by_role("listitem"))
    send.click()
    for missing in ("Your case number", "Decided at", "Line 2.1 · Decision"):
        expect(summary).to_contain_text(missing)
    assert screen.both_themes() + screen.cut_off(640, 450) + screen.cut_off(360, 740) == []
    decided = page.get_by_label("Decided at (Eastern Time)")
    page.get_by_label("Your case number").fill(REFERENCE)
    decided.fill("2040-01-01T10:00")
    name = page.locator(".field").filter(has=page.locator("#field-reviewer-name"))
    expect(name).to_contain_text("(optional)")
    page.get_by_role("radio", name="Denied").check()
    expect(name).not_to_contain_text("(optional)")
    send.click()
    for missing in ("must not be in the future", "Reason", "Rationale", "Criterion", "Reviewer"):
        expect(summary).to_contain_text(missing)
    assert screen.both_themes() + screen.cut_off(640, 450) + screen.cut_off(360, 740) == []
