"""An operator reconciles an unmatched provider with an entry of the directory (S3)."""

from collections.abc import Callable, Mapping

import pytest

from precert.adapters.dynamodb.table import from_wire
from precert.domain.caller import Caller
from precert.domain.matching import ProviderRole
from precert.domain.request import Request
from precert.names import Entitlement, WorkflowTask
from precert.usecases.operations import reconcile_provider
from tests.adapters.callers import FACILITY, OPERATOR, PROVIDER, REVIEWER, STRANGER, claims
from tests.adapters.calls import Reply, ids
from tests.adapters.cloud import PDF, Cloud
from tests.adapters.unmatched import (
    ABSENT,
    REQUESTING,
    SERVICING,
    listed_roles,
    manually_entered,
    with_wrong_tin,
)
from tests.fakes.requests import JUST_READ
from tests.fakes.samples import FACILITY_TIN, PROVIDER_TIN, STRANGER_TIN, entered


def processing(cloud: Cloud) -> str:
    return with_wrong_tin(cloud)


def pending(cloud: Cloud) -> str:
    return cloud.pended(servicing_provider=manually_entered())


def voided(cloud: Cloud) -> str:
    request_id = pending(cloud)
    assert cloud.void(request_id).status == 200
    return request_id


def decided(cloud: Cloud, **lines: str) -> str:
    request_id = pending(cloud)
    assert cloud.decide(request_id, lines or {"1.1": "APPROVED", "1.2": "DENIED"}).status == 200
    return request_id


def approved(cloud: Cloud) -> str:
    return decided(cloud, **{"1.1": "APPROVED", "1.2": "APPROVED"})


def denied(cloud: Cloud) -> str:
    return decided(cloud, **{"1.1": "DENIED", "1.2": "DENIED"})


def appealed(cloud: Cloud) -> str:
    request_id = denied(cloud)
    assert cloud.appeal(request_id, "1.1").status == 202
    cloud.pend(request_id, 2)
    return request_id


@pytest.mark.rule("S3", "A2")
@pytest.mark.parametrize(
    "reach", [processing, pending, voided, approved, decided, denied, appealed]
)
def test_correct_tin_sees_it_and_the_wrong_one_does_not_when_it_is_reconciled(
    cloud: Cloud, reach: Callable[[Cloud], str]
) -> None:
    request_id = reach(cloud)
    before = cloud.read(request_id).body
    assert ids(cloud.dashboard(STRANGER)) == [request_id]
    assert cloud.read(request_id, FACILITY).status == 404
    with cloud.wire.counting() as calls:
        reply = cloud.reconcile(request_id)
    assert (reply.status, reply.body["status"]) == (200, before["status"]), reply.text
    assert calls == ["GetItem", "BatchGetItem", "TransactWriteItems"]
    for by in (PROVIDER, FACILITY):
        after = cloud.read(request_id, by).body
        [row] = cloud.dashboard(by).body["requests"]
        assert (row["request_id"], row["unmatched_providers"]) == (request_id, [])
        assert ids(cloud.of_patient(by)) == [request_id]
        retained = (
            "status",
            "number",
            "lines",
            "due_at",
            "allowed_actions",
            "appeals",
            "documents",
        )
        assert {name: after[name] for name in retained} == {name: before[name] for name in retained}
        provider = after["content"]["servicing_provider"]
        assert (provider["provider_id"], provider["tin"]) == ("P00001", FACILITY_TIN)
        [one] = after["temporary_providers"]
        assert one["submitted"]["tin"] == STRANGER_TIN
        assert one["reconciled_at"] is not None
        assert after["history"][-1]["type"] == "ProviderReconciled"
        assert cloud.deps.payer.notices["temporary_provider"] not in after["notices"]
    assert listed_roles(cloud) == []
    nothing = cloud.read(ABSENT, STRANGER)
    assert (cloud.read(request_id, STRANGER).text, nothing.status) == (nothing.text, 404)
    for reply_ in (cloud.dashboard(STRANGER), cloud.of_patient(STRANGER), cloud.flagged(STRANGER)):
        assert ids(reply_) == []
    for method in (cloud.flag, cloud.offer):
        assert method(request_id, by=STRANGER).status == 404
    assert cloud.void(request_id, STRANGER).status == 404


def test_worklist_row_is_unchanged_when_a_provider_is_reconciled(cloud: Cloud) -> None:
    request_id = pending(cloud)
    before = cloud.worklist(plan_id="OAP-COMPLETE").body
    cloud.reconcile(request_id)
    before["cycles"][0]["version"] += 1
    assert cloud.worklist(plan_id="OAP-COMPLETE").body == before
    assert cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "APPROVED"}).status == 200
    assert cloud.read(request_id, FACILITY).body["status"] == "APPROVED"


@pytest.mark.rule("T3")
def test_flags_follow_the_visible_tin_when_a_provider_is_reconciled(cloud: Cloud) -> None:
    request_id = pending(cloud)
    for by in (PROVIDER, STRANGER):
        assert cloud.flag(request_id, by).status == 204
    cloud.reconcile(request_id)
    assert ids(cloud.flagged(PROVIDER)) == [request_id]
    assert ids(cloud.flagged(STRANGER)) == ids(cloud.flagged(FACILITY)) == []
    [counted] = [
        from_wire(item)
        for item in cloud.items("FLAGS")
        if item["pk"]["S"] == f"FLAGS#{STRANGER_TIN}"
    ]
    assert not counted.get("request_ids")


@pytest.mark.rule("S3", "T5")
def test_both_providers_get_a_message_when_a_provider_is_reconciled(cloud: Cloud) -> None:
    request_id = with_wrong_tin(cloud)
    cloud.reconcile(request_id)
    assert cloud.relay(cloud.stream()[-1:]) == []
    [entry] = cloud.published()
    for _ in range(2):
        cloud.receive(entry)
    for by in (PROVIDER, FACILITY):
        [message] = cloud.messages(by).body["messages"]
        assert (message["type"], message["request_id"]) == ("ProviderReconciled", request_id)
    assert cloud.messages(STRANGER).body["messages"] == []


@pytest.mark.rule("U6")
def test_documents_stay_with_the_request_when_the_wrong_tin_had_sent_one(cloud: Cloud) -> None:
    request_id = pending(cloud)
    offered = cloud.offer(request_id, by=STRANGER).body["document"]
    cloud.arrive(request_id, offered["document_id"], PDF)
    cloud.reconcile(request_id)
    [document] = cloud.read(request_id, FACILITY).body["documents"]
    assert (document["status"], document["sent_by"]) == ("ATTACHED", SERVICING)
    assert cloud.download(request_id, document["document_id"], FACILITY).status == 200
    assert cloud.download(request_id, document["document_id"], STRANGER).status == 404


def test_phone_is_retained_when_the_entry_replaces_the_manually_entered_provider(
    cloud: Cloud,
) -> None:
    request_id = cloud.submitted(
        servicing_provider=manually_entered(phone="2165550777", fax="2165550778")
    )
    cloud.reconcile(request_id)
    provider = cloud.read(request_id).body["content"]["servicing_provider"]
    assert (provider["phone"], provider["fax"]) == ("2165550777", "2165550778")


def test_nothing_changes_when_the_same_choice_is_repeated(cloud: Cloud) -> None:
    request_id = with_wrong_tin(cloud)
    first = cloud.reconcile(request_id)
    stored = cloud.item(request_id)
    cloud.clock.pass_by(minutes=1)
    again = cloud.reconcile(request_id)
    assert (again.status, again.body) == (200, first.body)
    assert cloud.item(request_id) == stored


def test_request_is_reconciled_once_when_the_response_was_lost(cloud: Cloud) -> None:
    request_id = with_wrong_tin(cloud)
    cloud.wire.lose_answer("TransactWriteItems", attempts=4)
    assert cloud.reconcile(request_id).status == 503
    assert cloud.reconcile(request_id).status == 200
    types = [entry["type"] for entry in cloud.read(request_id).body["history"]]
    assert types.count("ProviderReconciled") == 1


def test_entry_is_replaced_when_an_operator_had_chosen_the_wrong_one(cloud: Cloud) -> None:
    request_id = with_wrong_tin(cloud)
    assert cloud.reconcile(request_id, "P00002").status == 200
    assert cloud.read(request_id, FACILITY).status == 404
    assert cloud.reconcile(request_id, "P00001").status == 200
    [one] = cloud.read(request_id, FACILITY).body["temporary_providers"]
    assert one["submitted"]["tin"] == STRANGER_TIN


def test_wrong_tin_keeps_access_when_it_is_the_other_providers(cloud: Cloud) -> None:
    request_id = cloud.submitted(servicing_provider=manually_entered(PROVIDER_TIN))
    assert cloud.reconcile(request_id).status == 200
    for by in (PROVIDER, FACILITY):
        assert cloud.read(request_id, by).status == 200


def test_submission_returns_the_same_response_when_a_provider_was_reconciled_since(
    cloud: Cloud,
) -> None:
    request_id = cloud.start(servicing_provider=manually_entered())
    first = cloud.submit(request_id, servicing_provider=manually_entered())
    cloud.reconcile(request_id)
    again = cloud.submit(request_id, servicing_provider=manually_entered())
    assert (again.status, again.body["number"]) == (202, first.body["number"])


# -- refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider_id", "role", "pointer", "code"),
    [
        ("P99999", SERVICING, "/provider_id", "not_listed"),
        ("P00002", REQUESTING, "/role", "not_temporary"),
    ],
)
def test_choice_is_rejected_when_the_provider_is_not_unmatched(
    cloud: Cloud, provider_id: str, role: str, pointer: str, code: str
) -> None:
    request_id = with_wrong_tin(cloud)
    stored = cloud.item(request_id)
    reply = cloud.reconcile(request_id, provider_id, role)
    [error] = reply.body["errors"]
    assert (reply.status, error["pointer"], error["code"]) == (422, pointer, code)
    assert cloud.item(request_id) == stored


@pytest.mark.rule("A2")
def test_choice_is_rejected_when_its_own_provider_would_lose_the_request(cloud: Cloud) -> None:
    requesting = {**entered()["requesting_provider"], "provider_id": None}
    request_id = cloud.submitted(requesting_provider=requesting)
    reply = cloud.reconcile(request_id, "P00001", REQUESTING)
    [error] = reply.body["errors"]
    assert (reply.status, error["code"]) == (422, "submitters_tin")
    assert cloud.read(request_id).status == 200
    assert cloud.reconcile(request_id, "P00002", REQUESTING).status == 200


@pytest.mark.parametrize("by", [PROVIDER, REVIEWER, claims("clerk", "Intake")])
def test_list_and_choice_are_refused_when_the_caller_is_not_an_operator(
    cloud: Cloud, by: Mapping[str, str]
) -> None:
    request_id = with_wrong_tin(cloud)
    for reply in (cloud.unmatched(by), cloud.reconcile(request_id, by=by)):
        assert (reply.status, reply.code) == (403, "not_entitled")


def test_choice_returns_404_when_there_is_no_submitted_request(cloud: Cloud) -> None:
    draft = cloud.start(servicing_provider=manually_entered())
    assert [cloud.reconcile(one).status for one in (draft, ABSENT)] == [404, 404]


# -- races --------------------------------------------------------------------------------------------


def meanwhile(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, name: str, other: Callable[[], object]
) -> None:
    """Another change is committed between the next read and its write."""
    read = getattr(cloud.deps.requests, name)

    def slow(request_id: str) -> Request | None:
        found: Request | None = read(request_id)
        monkeypatch.setattr(cloud.deps.requests, name, read)
        other()
        return found

    monkeypatch.setattr(cloud.deps.requests, name, slow)


def decision(cloud: Cloud, request_id: str) -> Reply:
    return cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "DENIED"})


def void(cloud: Cloud, request_id: str) -> Reply:
    return cloud.void(request_id)


@pytest.mark.rule("S3")
@pytest.mark.parametrize("other", [decision, void])
@pytest.mark.parametrize("quicker", ["other", "reconciliation"])
def test_both_are_committed_when_another_change_meets_the_reconciliation(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    other: Callable[[Cloud, str], Reply],
    quicker: str,
) -> None:
    request_id = pending(cloud)
    moves: list[Callable[[Cloud, str], Reply]] = [Cloud.reconcile, other]
    slow, first_writer = moves if quicker == "other" else moves[::-1]
    quicks: list[Reply] = []
    meanwhile(cloud, monkeypatch, "read", lambda: quicks.append(first_writer(cloud, request_id)))
    met = slow(cloud, request_id)
    if slow is not void:
        # It was based on the request before the other change: the caller reads it again.
        assert (met.status, met.code) == (412, "version_mismatch")
        met = slow(cloud, request_id)
    assert (met.status, [one.status for one in quicks]) == (200, [200])
    response = cloud.read(request_id, FACILITY).body
    assert response["status"] == ("PARTIALLY_APPROVED" if other is decision else "VOID")
    assert cloud.read(request_id, STRANGER).status == 404
    assert ids(cloud.dashboard(STRANGER)) == []
    assert [row["status"] for row in cloud.dashboard(FACILITY).body["requests"]] == [
        response["status"]
    ]
    types = [entry["type"] for entry in response["history"]]
    assert types.count("ProviderReconciled") == 1


def test_reconciliation_is_retained_when_the_assessment_had_read_before_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = with_wrong_tin(cloud)
    operator = Caller(subject="operator-user", entitlements=frozenset({Entitlement.OPERATOR}))
    meanwhile(
        cloud,
        monkeypatch,
        "read_file",
        lambda: reconcile_provider(
            request_id,
            ProviderRole.SERVICING_PROVIDER,
            "P00001",
            operator,
            read=JUST_READ,
            requests=cloud.deps.requests,
            reference=cloud.deps.reference,
            now=cloud.clock(),
        ),
    )
    cloud.pend(request_id)
    response = cloud.read(request_id, FACILITY).body
    assert response["status"] == "PENDING"
    assert response["temporary_providers"][0]["reconciled_at"] is not None
    assert listed_roles(cloud) == []


def test_both_providers_are_reconciled_when_two_operators_work_at_once(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    requesting = {**entered()["requesting_provider"], "provider_id": None}
    request_id = cloud.submitted(
        servicing_provider=manually_entered(), requesting_provider=requesting
    )
    second = claims("second-operator", "Operator")
    meanwhile(
        cloud,
        monkeypatch,
        "read",
        lambda: cloud.reconcile(request_id, "P00002", REQUESTING, by=second),
    )
    assert cloud.reconcile(request_id, by=OPERATOR).code == "version_mismatch"
    assert cloud.reconcile(request_id, by=OPERATOR).status == 200
    response = cloud.read(request_id, FACILITY).body["content"]
    listed = [
        response[part]["provider_id"] for part in ("requesting_provider", "servicing_provider")
    ]
    assert listed == ["P00002", "P00001"]
    assert listed_roles(cloud) == []


# -- duplicates ---------------------------------------------------------------------------------------


@pytest.mark.rule("S2", "A2")
def test_duplicate_is_named_to_callers_who_see_the_first_when_its_provider_was_reconciled(
    cloud: Cloud,
) -> None:
    own = {**entered()["requesting_provider"], "tin": STRANGER_TIN, "provider_id": None}
    request_id = with_wrong_tin(cloud)
    first = cloud.start(servicing_provider=manually_entered())
    theirs = cloud.start(STRANGER, servicing_provider=manually_entered(), requesting_provider=own)
    cloud.reconcile(request_id)
    again = cloud.submit(first, servicing_provider=manually_entered())
    assert (again.status, again.body["existing"]["request_id"]) == (409, request_id)
    response = cloud.submit(
        theirs, by=STRANGER, servicing_provider=manually_entered(), requesting_provider=own
    )
    assert response.status == 409
    assert request_id not in response.text
    cloud.void(request_id)
    assert cloud.submit(first, servicing_provider=manually_entered()).status == 202


@pytest.mark.rule("S2")
def test_later_duplicate_is_found_when_the_provider_of_the_first_was_reconciled(
    cloud: Cloud,
) -> None:
    request_id = cloud.submitted(servicing_provider=manually_entered(npi="1234567893"))
    cloud.reconcile(request_id)
    cloud.clock.pass_by(minutes=1)
    again = cloud.start()
    assert cloud.submit(again).status == 202
    cloud.task(WorkflowTask.ASSESS, again)
    response = cloud.read(again).body
    number = cloud.read(request_id).body["number"]
    assert (response["status"], response["duplicate_of"]) == ("VOID", number)


def test_nothing_is_locked_when_the_provider_of_a_void_request_is_reconciled(cloud: Cloud) -> None:
    request_id = voided(cloud)
    assert cloud.reconcile(request_id).status == 200
    assert (
        cloud.submit(
            cloud.start(servicing_provider=manually_entered()),
            servicing_provider=manually_entered(),
        ).status
        == 202
    )
