"""A facility with a mistyped TIN, over HTTP: marked, pended, reconciled, decided (S3)."""

import pytest

from local.journey.transcript import answer
from local.users import FACILITY, OPERATOR, PROVIDER, REVIEWER
from tests.fakes.sample_calls import ABSENT_ID
from tests.journeys.portal import APPROVAL, STRANGER, Json, Portal, until, without_call


def listed(portal: Portal, request_id: str) -> list[Json]:
    """Rows of the operators' list for the request, on any page."""
    caller, rows = portal.deployment.caller(OPERATOR), list[Json]()
    query = {"limit": "100"}
    while True:
        response = caller.call("GET", "/v1/operations/unmatched-providers", query=query)
        page = answer("listing providers to reconcile", response, 200)
        rows += [row for row in page["providers"] if row["request_id"] == request_id]
        if page["cursor"] is None:
            return rows
        query = {"limit": "100", "cursor": page["cursor"]}


@pytest.mark.rule("S3", "A2", "T5")
def test_correct_provider_sees_the_request_when_an_operator_has_reconciled_it(
    portal: Portal,
) -> None:
    content = portal.content()
    facility = {**portal.facility, "phone": "216-555-0188"}
    typed = {**facility, "provider_id": None, "tin": STRANGER.tins[0]}
    request_id = portal.pending({**content, "servicing_provider": typed})
    for user in (PROVIDER, STRANGER):
        row = until("waiting for the row", lambda user=user: portal.row(request_id, user))  # type: ignore[misc]
        assert "SERVICING_PROVIDER" in row["unmatched_providers"]
    assert portal.row(request_id, FACILITY) is None
    result = {one["role"]: one for one in portal.details(request_id)["temporary_providers"]}
    [waiting] = [row for row in listed(portal, request_id) if row["role"] == "SERVICING_PROVIDER"]
    assert waiting["temporary_id"] == result["SERVICING_PROVIDER"]["temporary_id"]
    assert waiting["tin"] == STRANGER.tins[0]

    body = {"role": "SERVICING_PROVIDER", "provider_id": facility["provider_id"]}
    path = f"/v1/operations/requests/{request_id}"
    for _ in range(2):
        response = portal.deployment.caller(OPERATOR).act(path, "providers", body)
        assert answer("reconciling", response, 200)["status"] == "PENDING"

    roles = [row["role"] for row in listed(portal, request_id)]
    assert "SERVICING_PROVIDER" not in roles
    until("waiting for the facility's row", lambda: portal.row(request_id, FACILITY))
    until(
        "waiting for the row to be removed",
        lambda: portal.row(request_id, STRANGER) is None or None,
    )
    until(
        "waiting for the message",
        lambda: "ProviderReconciled" in portal.messages(request_id, FACILITY) or None,
    )
    assert "ProviderReconciled" not in portal.messages(request_id, STRANGER)
    stranger = portal.deployment.caller(STRANGER)
    theirs, nothing = (
        stranger.call("GET", f"/v1/requests/{one}") for one in (request_id, ABSENT_ID)
    )
    assert theirs.status_code == 404
    assert without_call(theirs) == without_call(nothing)
    portal.decide(request_id, REVIEWER, 1, [APPROVAL])
    portal.await_status(request_id, FACILITY, "APPROVED")
