"""Decisions of a request of two lines, as reviewers send them."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from precert.domain.request import Request
from tests.adapters.callers import PHYSICIAN, REVIEWER, claims
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.fakes.samples import BOWEL_SURGERIES

THIRD_REVIEWER = claims("reviewer-user-77cd", PHYSICIAN, plans="OAP-COMPLETE")
REASONS = {
    "reason_code": "0L",
    "rationale": "One resection is what the images support.",
    "criterion": "MCG S-310",
}
APPROVED: Mapping[str, Any] = {"line_id": "1.1", "status": "APPROVED"}
DENIED: Mapping[str, Any] = {"line_id": "1.2", "status": "DENIED", **REASONS}


def pended(cloud: Cloud) -> str:
    """A request of two lines without required documentation."""
    return cloud.pended(services=[BOWEL_SURGERIES])


def decide(
    cloud: Cloud,
    request_id: str,
    *lines: Mapping[str, Any],
    by: Mapping[str, str] = REVIEWER,
    cycle: int = 1,
) -> Reply:
    body = {"cycle": cycle, "lines": [dict(line) for line in lines]}
    return cloud.move(request_id, "decisions", body, by=by)


def second(**approved: Any) -> dict[str, Any]:
    """The second line, approved in part."""
    return {"line_id": "1.2", "status": "APPROVED", "approved": approved, **REASONS}


def meanwhile(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, other: Iterator[Reply]) -> list[Reply]:
    """Another change is committed between the next read and its write."""
    read, replies = cloud.deps.requests.read, list[Reply]()

    def slow(request_id: str) -> Request | None:
        found = read(request_id)
        monkeypatch.setattr(cloud.deps.requests, "read", read)
        replies.append(next(other))
        return found

    monkeypatch.setattr(cloud.deps.requests, "read", slow)
    return replies


MOVED: Mapping[str, str] = {
    "line_id": "1.1",
    "from_date": "2026-07-27",
    "to_date": "2026-07-29",
}
