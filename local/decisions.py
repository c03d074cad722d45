"""Decide a request as the sample physician reviewer, through the API of reviewers.

The rules approve requests but never deny them: a denial or a reduction needs a physician reviewer. With
the command ``decide``, a partner who tries the API can produce each outcome.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, assert_never

from local.cloud.errors import LocalCloudError

if TYPE_CHECKING:
    import httpx

    from local.client import Caller


class Outcome(StrEnum):
    """The decision of the sample reviewer on a whole case."""

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
    """Return one decision for each service line, in the order of ``line_ids``."""
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
    """Decide the open service lines that no delegated vendor decides, and return the request's status.

    Raises:
        LocalCloudError: The provider has no request of this number, no service line of the payer is
            open, the outcome needs more service lines, or the API refuses the decision.
    """
    found = _body(provider.call("POST", "/v1/requests/search", {"number": number}))
    path = f"/v1/review/requests/{found['request']['request_id']}"
    case = _body(reviewer.call("GET", path))
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
    decided = _body(reviewer.call("POST", f"{path}/decisions", body, headers=match))
    return str(decided["status"])


def _body(response: "httpx.Response") -> dict[str, Any]:
    """Return the body of a successful response.

    Raises:
        LocalCloudError: The response is a problem; the message has its detail and errors.
    """
    body: dict[str, Any] = response.json()
    if response.is_success:
        return body
    errors = [f"{one['pointer']}: {one['message']}" for one in body.get("errors", ())]
    raise LocalCloudError("; ".join([str(body.get("detail") or body), *errors]))
