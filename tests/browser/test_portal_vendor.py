"""A delegated vendor in the portal: from the list to the report of its determination."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

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
    """What is missing or incorrect is named at its field, and a denial needs a reviewer."""
    api = Portal.at(deployment)
    request_id = delegated_request(api)
    number = api.details(request_id)["number"]
    screen = screens(VENDOR)
    screen.refusals |= {404, 422}
    page = screen.page
    screen.go("/vendor/no-id")
    expect(page.get_by_role("alert")).to_contain_text("There is no request with this ID.")
    page.get_by_role("link", name="Go to the delegated requests").click()
    row = page.get_by_role("row").filter(has_text=number)
    expect(row).to_contain_text("70450 CT of the head and neck")
    row.get_by_role("link", name=number).click()
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
    page.get_by_role("radio", name="Approved").check()
    # In the payer's zone, as all times of the page.
    now = datetime.now(UTC).astimezone(ZoneInfo("America/New_York"))
    page.get_by_label("Decided at (Eastern Time)").fill(now.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="Report determination").click()
    expect(page.get_by_text("The determination was reported.").first).to_be_visible()
    expect(page.get_by_text(re.compile(f"^Reported .*, your case {REFERENCE}"))).to_be_visible()
    expect(page.get_by_role("heading", name="Report a later determination")).to_be_visible()
    expect(page.get_by_label("Your case number")).to_have_value(REFERENCE)
    screen.go("/vendor?show=closed")
    closed = page.get_by_role("row").filter(has_text=number)
    expect(closed).to_contain_text(re.compile("Reported.*E[SD]T"))
    expect(page.get_by_role("columnheader", name="Reported")).to_be_visible()

    provider = screens(PROVIDER)
    provider.go(f"/requests/{request_id}")
    line = provider.page.get_by_role("row").filter(has_text="2.1")
    expect(line).to_contain_text("Approved")
    expect(line).to_contain_text("EviCore")


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
