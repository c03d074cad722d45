"""Files and submissions in the portal while the network is slow, lost, or loses answers."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import CDPSession, Locator, Page, Route, expect

from local.deployment import Deployment
from local.users import PROVIDER
from tests.browser.guide import NUMBER
from tests.browser.screens import Screen
from tests.journeys.portal import Json, Portal, until

MEGABYTE = 2**20
LARGEST = 20 * MEGABYTE
FAST = 12 * MEGABYTE
"""Bytes per second at which the largest file takes long enough to be seen on its way."""

DROP = """(zone, files) => {
  const data = new DataTransfer();
  for (const [name, type, begin, size] of files) {
    const parts = [begin, "\\n".repeat(Math.max(0, size - begin.length))];
    data.items.add(new File(parts, name, { type }));
  }
  for (const kind of ["dragenter", "dragover", "drop"]) {
    zone.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""
PDF = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@pytest.fixture
def api(deployment: Deployment) -> Portal:
    return Portal.at(deployment)


def network(page: Page) -> Callable[..., None]:
    """Sets the bytes per second that leave the page; 0 cuts the network, also under way."""
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def limit(upload: float = -1) -> None:
        session.send(
            "Network.emulateNetworkConditions",
            {
                "offline": upload == 0,
                "latency": 0,
                "downloadThroughput": -1,
                "uploadThroughput": upload,
            },
        )

    return limit


def file_row(page: Page, name: str) -> Locator:
    return page.get_by_role("table", name="Documents").get_by_role("row").filter(has_text=name)


@pytest.mark.rule("U1")
def test_every_file_is_attached_or_refused_when_several_are_dropped_and_the_network_is_lost(
    screens: Callable[..., Screen], api: Portal
) -> None:
    """One after another, with progress; what was under way is sent again when the network is back."""
    draft_id = api.draft()
    screen = screens(PROVIDER)
    page = screen.page
    limit = network(page)
    limit(FAST)
    screen.go(f"/drafts/{draft_id}")
    expect(page.get_by_text("Up to ").first).to_be_visible()
    page.locator(".drop-zone").evaluate(
        DROP,
        [
            ["largest.pdf", "application/pdf", PDF, LARGEST],
            ["notes.txt", "text/plain", "Office visit notes.\n", 20],
            ["report.pdf", "application/pdf", "no PDF at all", 13],
            ["too-large.pdf", "application/pdf", PDF, LARGEST + 1],
            ["empty.txt", "text/plain", "", 0],
        ],
    )
    expect(file_row(page, "too-large.pdf")).to_contain_text("larger than 20 MB")
    expect(file_row(page, "empty.txt")).to_contain_text("The file is empty")
    progress = page.get_by_role("progressbar", name="largest.pdf")
    expect(progress).to_have_attribute("value", re.compile("[1-9]"))
    expect(file_row(page, "notes.txt")).to_contain_text("Waiting")

    screen.offline = True
    limit(0)
    expect(page.get_by_text("You are offline").first).to_be_visible()
    expect(progress).to_have_count(0)
    expect(file_row(page, "largest.pdf")).to_contain_text("connection")
    expect(file_row(page, "notes.txt")).to_contain_text("Waiting")
    limit()
    for name in ("largest.pdf", "notes.txt"):
        expect(file_row(page, name)).to_contain_text("Attached")
        expect(file_row(page, name)).to_have_count(1)
    refused = file_row(page, "report.pdf")
    expect(refused).to_contain_text("The content does not match the file name extension")
    sizes = {one["file_name"]: one["size"] for one in api.details(draft_id)["documents"]}
    assert (sizes["largest.pdf"], sizes["notes.txt"]) == (LARGEST, 20)
    assert len(api.details(draft_id)["documents"]) == 3


def submitted_numbers(api: Portal, code: str) -> list[str]:
    """The numbers of the requests of a code."""
    rows = [row for row in api.rows(PROVIDER) if row["number"]]
    found = [api.details(row["request_id"]) for row in rows]
    return [
        one["number"]
        for one in found
        if one["content"]["services"][0]["procedures"][0]["code"] == code
    ]


@pytest.mark.rule("U1")
def test_one_request_exists_and_its_number_is_shown_when_the_network_is_lost_while_submitting(
    screens: Callable[..., Screen], api: Portal
) -> None:
    """Before the call, and after it: the answer is lost, and so is the one to the question after it."""
    content: Json = api.content()
    code = content["services"][0]["procedures"][0]["code"]
    draft_id = api.draft(content)
    screen = screens(PROVIDER)
    page = screen.page
    limit = network(page)
    screen.go(f"/drafts/{draft_id}?step=review")
    submit = page.get_by_role("button", name="Submit", exact=True)
    expect(submit).to_be_visible()

    screen.offline = True
    limit(0)
    submit.click()
    unknown = page.get_by_text("it is not known yet whether the request was submitted")
    expect(unknown).to_be_visible()
    assert submitted_numbers(api, code) == []
    limit()
    expect(page.get_by_text("You are offline")).to_have_count(0)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route("**/submission", lose)
    page.route(f"**/v1/requests/{draft_id}", lambda route: route.abort("connectionreset"))
    submit.click()
    until("waiting for the submission", lambda: submitted_numbers(api, code) or None)
    expect(unknown).to_be_visible()
    page.unroute_all()
    submit.click()
    expect(page.get_by_role("heading", name="Request submitted")).to_be_visible()
    shown = page.get_by_text(NUMBER).first.inner_text()
    assert submitted_numbers(api, code) == [shown]
