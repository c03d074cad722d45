"""Decide a request as the sample physician reviewer, through the API of reviewers.

The product denies nothing by itself: a denial or a reduction needs a licensed person. With this, a
partner that tries the API sees each outcome.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, assert_never

from local.cloud.errors import LocalCloudError

if TYPE_CHECKING:
    import httpx

    from local.client import Caller


class Outcome(StrEnum):
    """What the sample reviewer decides."""

    APPROVE = "approve"
    DENY = "deny"
    PARTIAL = "partial"
    """Approve the first service line, and deny the others."""
    MODIFY = "modify"
    """Approve one unit of each service line."""


_DENIED: Final[dict[str, Any]] = {
    "status": "DENIED",
    "reason_code": "0F",
    "rationale": "The notes show no findings that require this service.",
    "criterion": "MCG Care Guidelines",
}
_REDUCED: Final[dict[str, Any]] = {
    "status": "APPROVED",
    "approved": {"units": 1},
    "reason_code": "0F",
    "rationale": "The notes support one unit.",
    "criterion": "MCG Care Guidelines",
}
_APPROVED: Final[dict[str, Any]] = {"status": "APPROVED"}


def line_decisions(line_ids: list[str], outcome: Outcome) -> list[dict[str, Any]]:
    """The decisions of the service lines of a case."""
    match outcome:
        case Outcome.APPROVE:
            chosen = [_APPROVED] * len(line_ids)
        case Outcome.DENY:
            chosen = [_DENIED] * len(line_ids)
        case Outcome.PARTIAL:
            chosen = [_APPROVED, *[_DENIED] * (len(line_ids) - 1)]
        case Outcome.MODIFY:
            chosen = [_REDUCED] * len(line_ids)
        case _:
            assert_never(outcome)
    return [{"line_id": line_id, **one} for line_id, one in zip(line_ids, chosen, strict=True)]


def decide_request(number: str, outcome: Outcome, *, provider: "Caller", reviewer: "Caller") -> str:
    """Decide all open service lines of a request that are the payer's, and return its status.

    Raises:
        LocalCloudError: there is no such request of the provider, it is not open, or the outcome does
            not fit its service lines.
    """
    found = _answer(provider.call("POST", "/v1/requests/search", {"number": number}))
    path = f"/v1/review/requests/{found['request']['request_id']}"
    case = _answer(reviewer.call("GET", path))
    own = [line for line in case["lines"] if line["vendor"] is None]
    line_ids = [line["line_id"] for line in own if line["status"] == "OPEN"]
    if not line_ids:
        raise LocalCloudError(f"{number} is {case['status']}: no service line of the payer is open")
    if outcome is Outcome.PARTIAL and len(line_ids) == 1:
        raise LocalCloudError(
            f"{number} has one service line: submit two codes of the payer for partial"
        )
    body = {
        "cycle": case["cycle"],
        "lines": line_decisions(line_ids, outcome),
        "before_response": True,
        "seen_documents": case["new_documents"],
    }
    match = {"If-Match": f'"{case["version"]}"'}
    decided = _answer(reviewer.call("POST", f"{path}/decisions", body, headers=match))
    return str(decided["status"])


def _answer(response: "httpx.Response") -> dict[str, Any]:
    answer: dict[str, Any] = response.json()
    if response.is_success:
        return answer
    errors = [f"{one['pointer']}: {one['message']}" for one in answer.get("errors", ())]
    raise LocalCloudError("; ".join([str(answer.get("detail") or answer), *errors]))
