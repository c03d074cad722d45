"""What breaks on a page is caught in its part of the page, and loses nothing that was entered."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from local.deployment import Deployment
from local.users import OPERATOR, PROVIDER, REVIEWER
from tests.browser.screens import Screen
from tests.journeys.portal import Portal


@pytest.fixture
def api(deployment: Deployment) -> Portal:
    return Portal.at(deployment)


def break_answer(page: Page, path: str, field: str) -> list[str]:
    """Remove a field of an answer that the page needs; returns the ids of the calls."""
    ids: list[str] = []

    def answer(route: Route) -> None:
        response = route.fetch()
        ids.append(response.headers["apigw-requestid"])
        route.fulfill(response=response, json={**response.json(), field: None})

    page.route(path, answer)
    return ids


def test_other_parts_and_entries_stay_when_a_part_of_a_page_breaks(
    screens: Callable[..., Screen], api: Portal
) -> None:
    """The ids that are shown include that of the call whose answer broke the part.

    The part is shown again with the next answer that the page reads, or by the button.
    """
    request_id, draft_id = api.decided(), api.draft()
    screen = screens(PROVIDER)
    screen.broken = True
    page = screen.page
    failed = page.get_by_role("alert").filter(has_text="This part of the page failed")
    retry = failed.get_by_role("button", name="Try again")

    ids = break_answer(page, f"**/v1/requests/{request_id}", "history")
    screen.go(f"/requests/{request_id}")
    expect(failed).to_have_count(1)
    expect(failed).to_contain_text("Reference for support")
    expect(page.get_by_role("table", name="Service lines")).to_be_visible()
    expect(page.get_by_role("heading", name="Documents")).to_be_visible()
    assert ids
    page.unroute_all()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(failed).to_have_count(0)

    screen.go(f"/drafts/{draft_id}")
    days = page.get_by_label("Requested days", exact=True)
    expect(days).to_have_value("3")
    ids = break_answer(page, "**/v1/codes/lookup", "procedures")
    days.fill("6")
    code = page.get_by_role("combobox", name="Add a procedure code")
    code.fill("44130")
    code.press("Enter")
    expect(failed).to_be_visible()
    expect(failed).to_contain_text(re.compile("|".join(map(re.escape, ids))))
    expect(page.get_by_role("heading", name="Requesting provider")).to_be_visible()
    expect(page.get_by_role("button", name="Choose files")).to_be_visible()
    page.unroute_all()
    retry.click()
    expect(days).to_have_value("6")
    expect(page.get_by_role("button", name="Remove 44130")).to_be_visible()


ROW = "01DAMAGED00000000000000001"
DAMAGED = {"N": "7"}
"""Of an attribute with text or bytes."""


def test_damaged_entries_are_counted_and_the_others_shown_when_records_cannot_be_read(
    screens: Callable[..., Screen], api: Portal
) -> None:
    """A row, an event, and a whole request: what is damaged is named by its id, and fits on a phone."""
    table = api.deployment.outputs["RequestsTableName"]
    client = api.deployment.cloud.client("dynamodb")

    def items(request_id: str) -> dict[str, dict[str, Any]]:
        found = client.query(
            TableName=table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"REQUEST#{request_id}"}},
        )
        return {item["sk"]["S"]: item for item in found["Items"]}

    def put(item: dict[str, Any], **changed: Any) -> None:
        client.put_item(TableName=table, Item={**item, **changed})

    request_id, lost = api.decided(), api.decided()
    stored = items(request_id)
    party = next(item for sk, item in stored.items() if sk == f"PARTY#{PROVIDER.tins[0]}")
    put(party, pk={"S": f"REQUEST#{ROW}"}, row=DAMAGED)
    put(stored["EVENT#000001"], sk={"S": "EVENT#01DAMAGED00000000000000002"}, event=DAMAGED)
    whole = items(lost)["REQUEST"]
    put(whole, content=DAMAGED)
    try:
        provider = screens(PROVIDER)
        provider.refusals.add(500)
        page = provider.page
        shown = page.get_by_text("One entry could not be read and is not shown")
        provider.go("/requests")
        expect(shown).to_be_visible()
        expect(page.get_by_text(ROW)).to_be_visible()
        expect(page.get_by_role("table").locator("tbody tr").first).to_be_visible()
        assert provider.both_themes() + provider.cut_off(360, 740) == []
        provider.go(f"/requests/{request_id}")
        expect(shown).to_be_visible()
        expect(page.get_by_role("table", name="Service lines")).to_be_visible()
        assert provider.both_themes() + provider.cut_off(360, 740) == []
        reviewer, operator = screens(REVIEWER), screens(OPERATOR)
        for screen, path in (
            (provider, f"/requests/{lost}"),
            (reviewer, f"/review/{lost}"),
            (operator, f"/operations/requests/{lost}"),
        ):
            screen.refusals.add(500)
            screen.go(path)
            alert = screen.page.get_by_role("alert")
            expect(alert).to_contain_text(lost)
            expect(alert).to_contain_text("Reference for support")
            expect(alert.get_by_role("button")).to_have_count(0)  # It would fail again.
            assert screen.both_themes() + screen.cut_off(360, 740) == []
    finally:
        client.delete_item(
            TableName=table,
            Key={"pk": {"S": f"REQUEST#{ROW}"}, "sk": party["sk"]},
        )
        client.put_item(TableName=table, Item=whole)
