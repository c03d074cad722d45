"""The details of a request in each status: exactly what the API allows is offered there."""

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from local.deployment import Deployment
from local.journey.content import automatic_service, completed, office_service
from local.users import FACILITY, OPERATOR, PROVIDER, REVIEWER, User
from precert.domain.statuses import ACTIONS, Action, Status
from tests.browser.screens import Screen
from tests.journeys.portal import APPROVAL, DENIAL, Json, Portal

IMAGING = "70450"
"""A code that a delegated vendor decides."""

DIAGNOSTIC = {"type_of_service": "DIAGNOSTIC"}
PROVIDER_ACTIONS = {action for status in Status for action in status.rule.provider_actions} | {
    Action.RECONSIDER,
    Action.REQUEST_PEER_TO_PEER,
}

LESS: Json = {
    "line_id": "1.1",
    "status": "APPROVED",
    "approved": {"code": "44125"},
    "reason_code": "0L",
    "rationale": "The images support the smaller operation.",
    "criterion": "Inpatient surgery, criterion 4",
}
SECONDS_TO_POLL = 30
"""The longest interval in which a page reads its request again."""

SHOWN = """() => [...document.querySelectorAll("main button, main a")]
  .filter((one) => one.checkVisibility()).map((one) => one.textContent.trim())"""
"""The words of every button and link on the page."""

PROVIDER_BUTTONS = {
    **{action.value: ACTIONS[action].label for action in PROVIDER_ACTIONS - {Action.DETAILS}},
    "MODIFY": "Choose files",
}
REVIEW = {
    "ASSIGN": "Assign to me",
    "RELEASE": "Release",
    "DECIDE": "Record decision",
    "REQUEST_INFORMATION": "Request information",
    "EXTEND": "Extend deadline",
    "OFFER_PEER_TO_PEER": "Offer peer-to-peer",
    "RECORD_PEER_TO_PEER": "Record the outcome",
    "SIGN": "Sign",
    "RETURN_PROPOSAL": "Return",
    "ADD_NOTE": "Add note",
    "REASSIGN": "Assign to a colleague",
}
OPERATIONS = {"CHANGE_DATES": "Change approved dates", "CONFIRM_INTAKE": "Confirm for processing"}


def with_services(content: Json, *services: Json) -> Json:
    return completed({**content, "services": list(services)})


@pytest.fixture(scope="module")
def requests(deployment: Deployment) -> dict[str, str]:
    """A request in each situation, created by calls: all are submitted before the first is decided."""
    api = Portal.at(deployment)

    def act(user: User, request: str, action: str, body: object = None) -> None:
        response = deployment.caller(user).act(request, action, body)
        assert response.status_code < 300, response.text

    two_lines, mixed = api.content(), api.content()
    [one] = two_lines["services"][0]["procedures"]
    two_lines["services"][0]["procedures"] = [one, {**one, "code": "44130"}]
    delegated = with_services(mixed, office_service(IMAGING, days_ahead=20, **DIAGNOSTIC))
    automatic = with_services(mixed, automatic_service(20))
    mixed["services"] += delegated["services"]
    mixed["confirmed_vendors"] = ["EVICORE-RAD"]
    found = {
        "incomplete": api.draft(),
        "pending": api.submitted(),
        "information requested": api.submitted(),
        "approved": api.submitted(),
        "partly approved": api.submitted(two_lines),
        "modified": api.submitted(),
        "denied": api.submitted(),
        "appealed": api.submitted(),
        "void": api.submitted(),
        "a vendor decides a part": api.submitted(mixed),
        "approved automatically": api.submitted(automatic),
    }
    for name, request_id in found.items():
        if name not in {"incomplete", "approved automatically"}:
            api.await_status(request_id, PROVIDER, "PENDING")
    act(
        REVIEWER,
        f"/v1/review/requests/{found['information requested']}",
        "information",
        {"documents": [], "text": "Which treatment was tried?"},
    )
    decisions = {
        "approved": [APPROVAL],
        "partly approved": [APPROVAL, {**DENIAL, "line_id": "1.2"}],
        "modified": [LESS],
        "denied": [DENIAL],
        "appealed": [DENIAL],
    }
    for name, lines in decisions.items():
        api.decide(found[name], REVIEWER, 1, lines)
    act(
        PROVIDER,
        f"/v1/requests/{found['appealed']}",
        "appeals",
        {"cycle": 1, "line_ids": ["1.1"], "reason": "New findings."},
    )
    api.await_status(found["approved automatically"], PROVIDER, "APPROVED")
    act(FACILITY, f"/v1/requests/{found['void']}", "void", {"reason": "entered twice"})
    return found


def wrong(
    page: Page, words: Mapping[str, str], allowed: Callable[[], Collection[str]]
) -> list[str]:
    """The actions that are offered and not allowed, or allowed and not offered.

    The page can have read the request before a change that the API has: then it shows it soon.
    """

    def differences() -> list[str]:
        shown, actions = set(page.evaluate(SHOWN)), allowed()
        return [
            f"{action} is {'allowed' if action in actions else 'not allowed'}"
            for action, label in words.items()
            if (label in shown) != (action in actions)
        ]

    until = time.monotonic() + SECONDS_TO_POLL
    while (found := differences()) and time.monotonic() < until:
        page.wait_for_timeout(500)
    return found


@pytest.mark.rule("T1")
def test_exactly_what_is_allowed_is_offered_when_a_provider_opens_a_request(
    screens: Callable[..., Screen], deployment: Deployment, requests: dict[str, str]
) -> None:
    api = Portal.at(deployment)
    screen = screens(PROVIDER)
    page = screen.page
    found: dict[str, object] = {}
    badge = page.locator(".page-lead .badge").first

    def look(name: str, request_id: str) -> None:
        screen.go(f"/requests/{request_id}")
        expect(badge).to_be_visible()
        screen.settled()

        def allowed() -> Collection[str]:
            actions: list[str] = api.details(request_id)["allowed_actions"]
            return actions

        if problems := wrong(page, PROVIDER_BUTTONS, allowed):
            found[name] = problems
        if name == "void":  # Its line is not open: no one has to act.
            expect(page.get_by_role("table", name="Service lines")).to_contain_text("Not decided")
        answers = page.get_by_role("button", name="Answer in words").is_visible()
        assert answers == (name == "information requested")

    for name, request_id in requests.items():
        look(name, request_id)
    with undelivered(deployment):
        look("processing", api.submitted())
        expect(badge).to_have_text("Processing")
    # The page shows the next status by itself.
    expect(badge).to_have_text("Pending")
    assert found == {}


@pytest.mark.parametrize(
    ("user", "path", "words", "names"),
    [
        (
            REVIEWER,
            "/review",
            REVIEW,
            ["pending", "information requested", "approved", "denied", "appealed", "void"],
        ),
        (OPERATOR, "/operations/requests", OPERATIONS, ["pending", "approved", "denied"]),
    ],
    ids=["reviewer", "operator"],
)
def test_exactly_what_is_allowed_is_offered_when_the_payers_staff_opens_a_request(
    screens: Callable[..., Screen],
    deployment: Deployment,
    requests: dict[str, str],
    user: User,
    path: str,
    words: Mapping[str, str],
    names: Sequence[str],
) -> None:
    """Before a case is assigned, and while it is."""
    screen = screens(user)
    page = screen.page
    found: dict[str, object] = {}

    def look(name: str, words: Mapping[str, str] = words) -> None:
        screen.settled()
        call = ("GET", f"/v1{path}/{requests[name]}".replace("/review/", "/review/requests/"))

        def allowed() -> Collection[str]:
            actions: list[str] = deployment.caller(user).call(*call).json()["allowed_actions"]
            return actions

        if problems := wrong(page, words, allowed):
            found[name] = problems

    for name in names:
        screen.go(f"{path}/{requests[name]}")
        expect(page.locator(".page-lead .badge").first).to_be_visible()
        look(name)
        if name == "pending" and user is REVIEWER:
            page.get_by_role("button", name="Assign to me").click()
            expect(page.get_by_text("Assigned to you until")).to_be_visible()
            look(name, {**words, "ASSIGN": "Renew assignment"})
    assert found == {}


@contextmanager
def undelivered(deployment: Deployment) -> Iterator[None]:
    """The streams of the tables deliver nothing, so that no workflow starts."""
    functions = deployment.cloud.client("lambda")
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]
    streams = [one["UUID"] for one in mappings if ":dynamodb:" in one["EventSourceArn"]]

    def deliver(*, enabled: bool) -> None:
        for uuid in streams:
            functions.update_event_source_mapping(UUID=uuid, Enabled=enabled)

    deliver(enabled=False)
    try:
        yield
    finally:
        deliver(enabled=True)


def expire(deployment: Deployment, draft_id: str) -> None:
    """Move the deadline of a draft to the past, which its stored copy alone states."""
    deployment.cloud.client("dynamodb").update_item(
        TableName=deployment.outputs["RequestsTableName"],
        Key={"pk": {"S": f"REQUEST#{draft_id}"}, "sk": {"S": "REQUEST"}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"S": "2026-01-02T15:00:00+00:00"}},
    )


@pytest.mark.rule("D5")
def test_entries_are_the_start_of_a_new_draft_when_a_draft_expired_while_it_was_open(
    screens: Callable[..., Screen], deployment: Deployment
) -> None:
    """Its link names it in another tab, which has no entries."""
    api = Portal.at(deployment)
    draft_id = api.draft()
    screen, other = screens(PROVIDER), screens(PROVIDER)
    for one in (screen, other):
        one.refusals.add(410)
    page = screen.page
    screen.go(f"/drafts/{draft_id}")
    days = page.get_by_label("Requested days", exact=True)
    expect(days).to_have_value("3")
    expire(deployment, draft_id)
    days.fill("8")
    expect(page.get_by_role("heading", level=1)).to_have_text("This draft has expired")
    for path in (f"/drafts/{draft_id}", f"/requests/{draft_id}"):
        other.go(path)
        expect(other.page.get_by_text("expired").first).to_be_visible()
        expect(other.page.get_by_role("main").get_by_role("link").first).to_be_visible()
    page.get_by_role("button", name="Start a new draft from these entries").click()
    expect(page).not_to_have_url(re.compile(draft_id))
    expect(days).to_have_value("8")
    new_id = page.url.rpartition("/")[2]
    [service] = api.details(new_id)["content"]["services"]
    assert service["requested_days"] == 8
