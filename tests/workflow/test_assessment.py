"""Assessment by the rules on the deployed state machine: the states it enters."""

import pytest

from local.users import FACILITY, PROVIDER, REVIEWER
from tests.journeys.portal import APPROVAL, Json, until
from tests.workflow.bench import Bench, imaging


def of_drg(bench: Bench, code: str) -> Json:
    """A stay of three days, within the automatic limit of the sample payer's rule."""
    content = bench.portal.content(code)
    content["services"][0]["procedures"][0]["code_type"] = "DRG"
    return content


@pytest.mark.rule("W1")
def test_no_execution_waits_when_the_rules_approve(bench: Bench) -> None:
    """The Express state machine assesses the request, and closes its cycle."""
    request_id = bench.portal.submitted(of_drg(bench, "177"))
    bench.portal.await_status(request_id, PROVIDER, "APPROVED")
    details = bench.portal.details(request_id)
    [decision] = details["lines"][0]["decisions"]
    assert (details["status"], decision["criterion"]) == ("APPROVED", "DRG-LUNG-177")
    for user in (PROVIDER, FACILITY):
        bench.portal.await_types(request_id, user, ["RequestSubmitted", "RequestDetermined"])
    assert bench.executions(request_id) == []


@pytest.mark.rule("W8")
def test_vendor_is_named_and_both_providers_get_a_message_when_it_decides(bench: Bench) -> None:
    """A service of a draft may have been delegated to a vendor since its check."""
    content = bench.portal.content()
    request_id = bench.portal.draft(content)
    bench.portal.submission(request_id, imaging(content))
    until("the vendor", lambda: "RequestDelegated" in bench.events(request_id) or None)
    for user in (PROVIDER, FACILITY):
        details = bench.portal.details(request_id, user)
        assert (details["waiting_on"], details["review_action"]) == ("VENDOR", "CT")
        assert details["delegate"]["url"].startswith("https://")
        assert bench.portal.row(request_id, user) is None
        bench.portal.await_types(request_id, user, ["RequestSubmitted", "RequestDelegated"])
    assert bench.executions(request_id) == []


@pytest.mark.rule("S2")
def test_later_request_ends_with_a_message_when_it_is_a_duplicate(bench: Bench) -> None:
    content = bench.portal.content("32000")
    mistyped = {**content["servicing_provider"], "provider_id": None, "npi": "1234567893"}
    first = bench.portal.pending({**content, "servicing_provider": mistyped})
    bench.reconcile(first, content["servicing_provider"]["provider_id"])
    second = bench.portal.submitted(content)
    bench.portal.await_status(second, PROVIDER, "VOID")
    details = bench.portal.details(second)
    number = bench.portal.details(first)["number"]
    assert (details["status"], details["duplicate_of"]) == ("VOID", number)
    for user in (PROVIDER, FACILITY):
        bench.portal.await_types(second, user, ["RequestSubmitted", "RequestEndedAsDuplicate"])
    assert bench.executions(second) == []
    assert bench.portal.details(first)["status"] == "PENDING"


@pytest.mark.rule("W1", "W2", "W6")
def test_six_states_at_most_are_entered_when_required_documents_arrive_and_a_reviewer_decides(
    bench: Bench,
) -> None:
    portal = bench.portal
    request_id = portal.pending(portal.content("47562", days_ahead=60))
    until("the question", lambda: portal.details(request_id)["waiting_on"] == "PROVIDER" or None)
    until("the wait", lambda: "CYCLE" in bench.kinds(request_id) or None)
    for _ in range(2):
        portal.attach(request_id)
    until("the answer", lambda: portal.details(request_id)["waiting_on"] == "PAYER" or None)
    until("the new sleep", lambda: bench.states(request_id).count("Await Decision") == 2 or None)
    portal.decide(request_id, REVIEWER, 1, [APPROVAL])
    assert bench.ended(request_id)["status"] == "SUCCEEDED"
    assert len(bench.states(request_id)) <= 4
    requested = [name for name in bench.events(request_id) if name.startswith("Information")]
    assert requested == ["InformationRequested", "InformationReceived"]
