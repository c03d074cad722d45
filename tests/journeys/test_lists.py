"""The lists over HTTP: the home list has at most fifteen under concurrency, and pages continue."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from local.journey.content import PATIENT
from local.users import User
from precert.names import Entitlement
from tests.journeys.portal import Json, Portal, register_user, until

HOME: Final = User(
    "home", "a provider with a home list", (Entitlement.PATIENT_SEARCH,), ("341209876",)
)


@pytest.fixture(scope="module")
def drafts(portal_: Portal) -> list[str]:
    content = portal_.content()
    return [portal_.draft(content, HOME) for _ in range(18)]


@pytest.fixture(scope="module")
def portal_(deployment: object) -> Portal:
    new = Portal.at(deployment)  # type: ignore[arg-type]
    register_user(new.deployment, HOME)
    return new


@pytest.mark.rule("T3")
def test_fifteen_are_flagged_when_more_are_requested_at_once(
    portal_: Portal, drafts: list[str]
) -> None:
    caller = portal_.deployment.caller(HOME)

    def flag(draft_id: str) -> int:
        path = f"/v1/requests/{draft_id}/flag"
        return until(
            "flagging",
            lambda: ((s := caller.call("PUT", path).status_code) != 503 and s) or None,
        )

    with ThreadPoolExecutor(6) as at_once:
        answers = list(at_once.map(flag, drafts))
    assert sorted(answers) == [204] * 15 + [409] * 3
    home = caller.call("GET", "/v1/requests/flagged").json()["requests"]
    expected = {one for one, status in zip(drafts, answers, strict=True) if status == 204}
    assert {row["request_id"] for row in home} == expected
    assert {row["status"] for row in home} == {"INCOMPLETE"}
    refused = caller.call("PUT", f"/v1/requests/{(set(drafts) - expected).pop()}/flag").json()
    assert refused["code"] == "flag_limit"
    assert {row["request_id"] for row in refused["flagged"]} == expected


@pytest.mark.rule("T3")
def test_every_draft_is_on_a_page_when_cursors_are_followed(
    portal_: Portal, drafts: list[str]
) -> None:
    caller = portal_.deployment.caller(HOME)
    for method, path, parameters in (
        ("GET", "/v1/requests", {"limit": "5"}),
        ("GET", "/v1/requests", {"limit": "5", "status": "INCOMPLETE"}),
        ("GET", "/v1/requests", {"limit": "5", "sort": "due"}),
        ("POST", "/v1/patients/requests", {"limit": 5, "member_id": PATIENT["member_id"]}),
    ):
        seen: list[str] = []
        page: Json = {"cursor": None, "requests": []}
        while not seen or page["cursor"]:
            requested = parameters | ({"cursor": page["cursor"]} if page["cursor"] else {})
            page = (
                caller.call(method, path, query=requested)  # type: ignore[arg-type]
                if method == "GET"
                else caller.call(method, path, requested)
            ).json()
            seen += [row["request_id"] for row in page["requests"]]
        assert set(seen) == set(drafts), path
