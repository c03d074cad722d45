"""Lists of providers and vendors move with what their readers see, and with nothing else (T2, A3)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from tests.adapters.callers import (
    FACILITY,
    LEAD,
    NURSE,
    PROVIDER,
    REVIEWER,
    REVIEWER_SUBJECT,
    SECOND_REVIEWER,
)
from tests.adapters.cloud import Cloud
from tests.fakes.samples import BOWEL_SURGERIES, later

DENY: Final = {"1.1": "APPROVED", "1.2": "DENIED"}


def two_requests(cloud: Cloud) -> tuple[str, str]:
    """An older and a newer pended request."""
    older = cloud.pended(services=[BOWEL_SURGERIES])
    cloud.clock.pass_by(minutes=1)
    newer = cloud.pended(services=later([BOWEL_SURGERIES], 30))
    cloud.clock.pass_by(minutes=1)
    return older, newer


def rows(cloud: Cloud) -> list[list[dict[str, Any]]]:
    """The lists of both providers."""
    return [cloud.dashboard(by).body["requests"] for by in (PROVIDER, FACILITY)]


@pytest.mark.rule("T2", "A3")
def test_request_keeps_its_place_when_only_the_payer_sees_the_change(cloud: Cloud) -> None:
    older, newer = two_requests(cloud)
    before = rows(cloud)
    assert [row["request_id"] for row in before[0]] == [newer, older]

    steps: tuple[tuple[str, Any, Mapping[str, str]], ...] = (
        ("assign", None, REVIEWER),
        ("notes", {"text": "He calls back."}, REVIEWER),
        ("release", None, REVIEWER),
        ("assignment", {"reviewer": REVIEWER_SUBJECT}, LEAD),
        ("assignment", {"reviewer": None}, LEAD),
    )
    for what, body, by in steps:
        cloud.clock.pass_by(minutes=1)
        moved = cloud.move(older, what, body, by=by)
        assert moved.status == 200, (what, moved.text)
        assert rows(cloud) == before, what
    cloud.clock.pass_by(minutes=1)
    assert cloud.decide(older, DENY, by=NURSE).status == 202
    assert rows(cloud) == before
    cloud.clock.pass_by(minutes=1)
    returned = {"cycle": 1, "accept": False, "comment": "See page 3."}
    assert cloud.move(older, "signature", returned, by=SECOND_REVIEWER).status == 200
    assert rows(cloud) == before
    cloud.clock.pass_by(minutes=1)
    assert cloud.move(older, "information", {"text": "Since when?"}).status == 200
    for shown in rows(cloud):
        assert [row["request_id"] for row in shown] == [older, newer]
        assert datetime.fromisoformat(shown[0]["updated_at"]) == cloud.clock.at


@pytest.mark.rule("T4")
def test_retention_does_not_change_when_a_note_is_added_to_a_determined_request(
    cloud: Cloud,
) -> None:
    request_id = cloud.pended(services=[BOWEL_SURGERIES])
    assert cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "APPROVED"}).status == 200
    before, [row] = cloud.stored(request_id), rows(cloud)[0]
    cloud.clock.pass_by(days=30)
    assert cloud.move(request_id, "notes", {"text": "Filed."}).status == 200
    after = cloud.stored(request_id)
    assert (after["ttl"], rows(cloud)[0]) == (before["ttl"], [row])
    ends = datetime.fromtimestamp(int(after["ttl"]), cloud.clock.at.tzinfo)
    cloud.clock.pass_by(seconds=int((ends - cloud.clock.at) / timedelta(seconds=1)) + 1)
    # Row and request end together.
    assert cloud.dashboard().body["requests"] == []
    assert cloud.read(request_id).status == 404
