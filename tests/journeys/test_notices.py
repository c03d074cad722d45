"""Determination notices, downloaded by both providers and the reviewers (W4)."""

import httpx
import pytest

from local.users import FACILITY, PROVIDER, REVIEWER, User
from tests.fakes.printing import text_of
from tests.journeys.portal import DENIAL, Json, Portal, until


@pytest.mark.rule("W4")
def test_both_notices_state_the_reasons_when_either_provider_downloads_them_after_a_denial(
    portal: Portal,
) -> None:
    request_id = portal.decided(DENIAL)

    def fetched(user: User, start: str, notice_id: str) -> bytes:
        path = f"{start}/{request_id}/notices/{notice_id}"
        link = portal.deployment.caller(user).call("GET", path)
        assert link.status_code == 200, link.text
        answer = httpx.get(link.json()["url"])
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-disposition"].startswith("attachment;")
        return answer.content

    def printed() -> list[Json] | None:
        notices: list[Json] = portal.details(request_id)["determination_notices"]
        return notices or None

    notices = until("waiting for the notices", printed)
    assert {(one["kind"], one["audience"]) for one in notices} == {
        ("DENIAL", "PROVIDER"),
        ("DENIAL", "MEMBER"),
    }
    for notice in notices:
        name = notice["notice_id"]
        document = fetched(PROVIDER, "/v1/requests", name)
        assert len(document) == notice["size"]
        assert DENIAL["rationale"] in text_of(document)
        assert fetched(FACILITY, "/v1/requests", name) == document
        assert fetched(REVIEWER, "/v1/review/requests", name) == document
        plain = f"/v1/requests/{request_id}/notices/{name}"
        assert portal.deployment.caller(REVIEWER).call("GET", plain).status_code == 403
