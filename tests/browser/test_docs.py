"""The API document in a browser, as served by `make up`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, expect

from local.deployment import Deployment
from local.journey.content import PATIENT
from local.users import PROVIDER
from tests.browser.screens import NOTICED
from tests.journeys.portal import Portal
from tools.openapi_problems import problem_examples
from tools.operations import ROUTES

FETCH = """async ([address, token, body]) => {
  const answer = await fetch(address, {
    method: "POST",
    headers: {"Authorization": `Bearer ${token}`, "Content-Type": "application/json"},
    body,
  });
  return [answer.status, answer.headers.get("ETag"), answer.headers.get("Location")];
}"""


@dataclass
class Document:
    """The document in a page, which takes seconds to open."""

    page: Page
    printed: list[str] = field(default_factory=list)
    hosts: set[str | None] = field(default_factory=set)

    def operation(self, tag: str, operation_id: str) -> Locator:
        """An operation, opened."""
        block = self.page.locator(f"#operations-{tag}-{operation_id}")
        block.locator(".opblock-summary-control").click()
        return block


@pytest.fixture(scope="module")
def document(browser: Browser, docs: str) -> Iterator[Document]:
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.add_init_script(NOTICED)
    found = Document(page)
    page.on("console", lambda message: found.printed.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: found.printed.append(str(error)))
    page.on("request", lambda request: found.hosts.add(urlsplit(request.url).hostname))
    page.goto(docs)
    expect(page.locator(".opblock")).to_have_count(len(ROUTES))
    yield found
    page.close()


def test_every_operation_is_shown_when_the_document_is_browsed(document: Document) -> None:
    """From this machine's files only, under a policy that blocks everything else."""
    page = document.page
    shown = page.locator(".opblock").evaluate_all("all => all.map(one => one.id)")
    assert {name.rpartition("-")[2] for name in shown} == {route.operation_id for route in ROUTES}
    assert (document.printed, document.hosts - {"localhost", None, ""}) == ([], set())


def test_examples_are_shown_when_an_operation_is_opened(document: Document) -> None:
    block = document.operation("Request", "submitDraft")
    expect(block.locator(".request-body, .opblock-section-request-body").first).to_contain_text(
        PATIENT["last_name"]
    )
    expect(block).to_contain_text(problem_examples()["version_mismatch"]["title"])


def test_request_succeeds_when_it_is_sent_from_the_page(
    document: Document, deployment: Deployment
) -> None:
    page = document.page
    page.get_by_role("button", name="Authorize").first.click()
    page.locator(".auth-container input").fill(deployment.caller(PROVIDER).token or "")
    page.locator(".auth-btn-wrapper .authorize").click()
    page.locator(".auth-btn-wrapper .btn-done").click()
    block = document.operation("Status", "listMessages")
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    live = block.locator(".live-responses-table")
    expect(live.locator(".response-col_status").last).to_have_text("200")
    expect(live).to_contain_text("messages")
    assert document.printed == []


def draft(deployment: Deployment) -> list[Any]:
    body = json.dumps({"content": Portal.at(deployment).content()})
    return [f"{deployment.api_url}/v1/drafts", deployment.caller(PROVIDER).token, body]


def opened_at(page: Page, origin: str) -> None:
    """An empty page of this origin, which needs no server.

    The browser does not detect that the page is of this machine, so it would request a
    permission before it calls here.
    """
    page.context.grant_permissions(["local-network-access"], origin=origin)
    page.route(f"{origin}/", lambda route: route.fulfill(body="", content_type="text/html"))
    page.goto(f"{origin}/")


def test_headers_are_readable_when_a_partners_page_calls(
    page: Page, deployment: Deployment
) -> None:
    """Preflight, call and exposed headers, as a browser enforces them."""
    opened_at(page, "http://localhost:3000")
    status, etag, location = page.evaluate(FETCH, draft(deployment))
    assert (status, etag) == (201, '"1"')
    assert location.startswith("/v1/drafts/")


def test_call_is_blocked_when_the_page_has_another_origin(
    page: Page, deployment: Deployment, problems: list[str]
) -> None:
    opened_at(page, "http://localhost:3999")
    with pytest.raises(Error, match="Failed to fetch"):
        page.evaluate(FETCH, draft(deployment))
    assert any("blocked by CORS policy" in one for one in problems), problems
    problems.clear()
