"""Files and submissions in the portal while the network is slow, lost, or loses answers."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from local.deployment import Deployment
from local.journey.content import clinical_note
from local.users import PROVIDER
from tests.browser.screens import Screen
from tests.browser.tabs import WAIT_MS
from tests.journeys.portal import Json, Portal, until

MEGABYTE = 2**20
LARGEST = 20 * MEGABYTE
DROP = """(zone, files) => {
  const data = new DataTransfer();
  for (const [name, type, begin, size] of files) {
    const bytes = Uint8Array.from(begin, (one) => one.charCodeAt(0));
    const parts = [bytes, "\\n".repeat(Math.max(0, size - bytes.length))];
    data.items.add(new File(parts, name, { type }));
  }
  for (const kind of ["dragenter", "dragover", "drop"]) {
    zone.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""


@pytest.fixture
def api(deployment: Deployment) -> Portal:
    return Portal.at(deployment)


@dataclass
class Stalled:
    """A storage that takes the beginning of a file, and then loses the connection."""

    address: str
    cut: threading.Event


@pytest.fixture
def stalled() -> Iterator[Stalled]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        cut = threading.Event()

        def take() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(MEGABYTE)
                cut.wait(WAIT_MS / 1000)

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield Stalled(f"http://127.0.0.1:{server.getsockname()[1]}/", cut)
        cut.set()
        thread.join()


def file_row(page: Page, name: str) -> Locator:
    return page.get_by_role("table", name="Documents").get_by_role("row").filter(has_text=name)


def is_for_slot(call: Request, method: str) -> bool:
    return call.method == method and "/documents" in call.url


@pytest.mark.rule("U1", "V10")
def test_every_file_is_attached_or_refused_when_several_are_dropped_and_the_network_is_lost(
    screens: Callable[..., Screen], api: Portal, stalled: Stalled
) -> None:
    """One after another, with progress; what was under way is sent again when the network is back."""
    draft_id = api.draft()
    pdf = clinical_note().decode("latin-1")
    screen = screens(PROVIDER)
    page = screen.page
    screen.go(f"/drafts/{draft_id}")
    expect(page.get_by_text("Up to ").first).to_be_visible()
    bucket = api.deployment.outputs["DocumentsBucketName"]
    page.route(re.compile(bucket), lambda route: route.continue_(url=stalled.address), times=1)
    types = page.get_by_label(re.compile("^What the files show"))
    types.select_option(index=1)
    document_type = types.input_value()
    page.locator(".drop-zone").evaluate(
        DROP,
        [
            ["largest.pdf", "application/pdf", pdf, LARGEST],
            ["notes.txt", "text/plain", "Office visit notes.\n", 20],
            ["report.pdf", "application/pdf", "no PDF at all", 13],
            ["too-large.pdf", "application/pdf", pdf, LARGEST + 1],
            ["empty.txt", "text/plain", "", 0],
        ],
    )
    expect(file_row(page, "too-large.pdf")).to_contain_text("larger than 20 MB")
    expect(file_row(page, "empty.txt")).to_contain_text("The file is empty")
    progress = page.get_by_role("progressbar", name="largest.pdf")
    expect(progress).to_have_attribute("value", re.compile("^[1-9]"))
    expect(file_row(page, "notes.txt")).to_contain_text("Waiting")

    screen.offline = True
    page.context.set_offline(True)
    stalled.cut.set()
    expect(page.get_by_text("You are offline").first).to_be_visible()
    expect(file_row(page, "largest.pdf")).to_contain_text("Interrupted")
    expect(file_row(page, "notes.txt")).to_contain_text("Waiting")
    slots: list[str] = []
    """Of calls for slots, in their order: when a reservation is sent, and a deletion answered."""
    page.on("request", lambda one: slots.append("POST") if is_for_slot(one, "POST") else None)
    page.on(
        "requestfinished",
        lambda one: slots.append("DELETE") if is_for_slot(one, "DELETE") else None,
    )
    page.context.set_offline(False)
    for name in ("largest.pdf", "notes.txt"):
        expect(file_row(page, name)).to_contain_text("Attached")
        expect(file_row(page, name)).to_have_count(1)
        screen.announced(f"{name} is attached")
    # The slot of the interrupted file is free before the file gets another one.
    assert slots[:2] == ["DELETE", "POST"]
    refused = file_row(page, "report.pdf")
    expect(refused).to_contain_text("The content does not match the file name extension")
    screen.announced("report.pdf was refused: ")
    documents = api.details(draft_id)["documents"]
    sizes = {one["file_name"]: one["size"] for one in documents}
    assert (sizes["largest.pdf"], sizes["notes.txt"]) == (LARGEST, 20)
    assert {one["document_type"] for one in documents} == {document_type}
    assert len(documents) == 3

    verify_removal(page)
    names = {one["file_name"] for one in api.details(draft_id)["documents"]}
    assert "a.txt" not in names
    assert "b.txt" in names


def verify_removal(page: Page) -> None:
    """Chosen instead of dropped; a removal is confirmed first, as a file cannot be restored."""
    chosen = [{"name": f"{one}.txt", "mimeType": "text/plain", "buffer": b"Notes."} for one in "ab"]
    page.locator(".drop-zone input[type=file]").set_input_files(chosen)  # type: ignore[arg-type]
    for name in ("a.txt", "b.txt"):
        expect(file_row(page, name)).to_contain_text("Attached")
    remove = page.get_by_role("button", name="Remove a.txt")
    remove.click()
    page.keyboard.press("Escape")
    expect(file_row(page, "a.txt")).to_contain_text("Attached")
    remove.click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the document").click()
    expect(file_row(page, "a.txt")).to_have_count(0)


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
    screen.go(f"/drafts/{draft_id}?step=review")
    submit = page.get_by_role("button", name="Submit", exact=True)
    expect(submit).to_be_visible()

    screen.offline = True
    page.context.set_offline(True)
    submit.click()
    unknown = page.get_by_text("it is not known yet whether the request was submitted")
    expect(unknown).to_be_visible()
    assert submitted_numbers(api, code) == []
    # The page reads the draft and its validation again. A read of the draft that arrives after the
    # submission would show at once that the draft is submitted.
    with page.expect_response(f"**/v1/drafts/{draft_id}"), page.expect_response("**/validation"):
        page.context.set_offline(False)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    def refuse(route: Route) -> None:
        route.abort("connectionreset")

    page.route("**/submission", lose)
    # All reads, because the list of documents reads the request too.
    page.route(f"**/v1/requests/{draft_id}", refuse)
    submit.click()
    (number,) = until("waiting for the request", lambda: submitted_numbers(api, code) or None)
    expect(unknown).to_be_visible()
    page.unroute(f"**/v1/requests/{draft_id}", refuse)
    submit.click()
    expect(page.get_by_role("heading", name="Request submitted")).to_be_visible()
    expect(page.get_by_text(number).first).to_be_visible()
    assert submitted_numbers(api, code) == [number]
