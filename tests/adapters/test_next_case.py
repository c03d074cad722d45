"""The reviewer's next case, and what the rules require beside the documents that answer it (W1, W2)."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.review import handler as review
from precert.domain.caller import Caller
from precert.names import Entitlement
from precert.usecases.changes import Reading
from precert.usecases.review import assign_case
from tests.adapters.callers import NURSE, OTHER_QUEUE, PROVIDER, REVIEWER, SECOND_REVIEWER, claims
from tests.adapters.calls import Reply
from tests.adapters.cloud import PDF, Cloud
from tests.fakes.samples import PROVIDER_TIN, entered


def following(cloud: Cloud, by: Mapping[str, str] = REVIEWER, **body: Any) -> Reply:
    return cloud.call(review, "POST", "/v1/review/next", body, by=by)


def assigned(cloud: Cloud, by: Mapping[str, str] = REVIEWER, **body: Any) -> str | None:
    reply = following(cloud, by, **body)
    assert reply.status == 200, reply.text
    case = reply.body["case"]
    return case["request_id"] if case else None


def waiting(cloud: Cloud, **changes: Any) -> str:
    """A case that waits on the payer."""
    request_id = cloud.pended(**changes)
    assert cloud.answer(request_id, "See the note.").body["waiting_on"] == "PAYER"
    return request_id


def expedited() -> list[Any]:
    return [{**service, "urgency": "EXPEDITED"} for service in entered()["services"]]


def test_most_urgent_case_is_assigned_when_a_reviewer_takes_the_next(cloud: Cloud) -> None:
    assert assigned(cloud) is None
    standard = waiting(cloud)
    urgent = waiting(cloud, services=expedited())
    with cloud.wire.counting() as calls:
        assert assigned(cloud) == urgent
    assert calls == ["Query", "GetItem", "TransactWriteItems"]
    assert cloud.case(urgent).body["assignment"]["assigned_to"] == "YOU"
    assert assigned(cloud, SECOND_REVIEWER) == standard
    assert assigned(cloud, NURSE) is None
    assert assigned(cloud) == urgent
    assert assigned(cloud, skip=[urgent]) is None
    cloud.decide(urgent, {"1.1": "APPROVED", "1.2": "APPROVED"})
    assert assigned(cloud) is None


def test_case_is_not_next_when_the_reviewer_may_not_decide_it(cloud: Cloud) -> None:
    waits_on_provider = cloud.pended()
    own = {**REVIEWER, "custom:tins": PROVIDER_TIN}
    case = waiting(cloud)
    assert assigned(cloud, own) is None
    assert assigned(cloud, OTHER_QUEUE) is None
    assert assigned(cloud, view="EXPEDITED") is None
    assert assigned(cloud) == case
    assert assigned(cloud, view="WAITING_ON_PROVIDER") == waits_on_provider
    assert following(cloud, claims("another-user", "Reviewer")).status == 403


def test_following_case_is_assigned_when_a_colleague_takes_the_first_at_that_moment(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = waiting(cloud), waiting(cloud)
    read = cloud.deps.listings.worklist
    colleague = Caller(
        subject=SECOND_REVIEWER["sub"],
        entitlements=frozenset({Entitlement.REVIEWER}),
        plan_ids=frozenset({"OAP-COMPLETE"}),
    )

    def worklist(*arguments: Any, **named: Any) -> Any:
        page = read(*arguments, **named)
        now = cloud.deps.requests.read(first)
        assert now is not None
        cloud.deps.call(assign_case, first, colleague, read=Reading([now.version]))
        return page

    monkeypatch.setattr(cloud.deps.listings, "worklist", worklist)
    assert assigned(cloud) == second
    assert cloud.case(first).body["assignment"]["assigned_to"] == "ANOTHER"


def test_required_documents_have_what_answers_them_when_a_case_is_read(cloud: Cloud) -> None:
    request_id = cloud.pended()
    body = cloud.case(request_id).body
    [required] = {
        tuple(one["code"] for one in line["required_documentation"])
        for line in body["assessment"]["lines"]
        if line["required_documentation"]
    }
    documentation = {one["code"]: one for one in body["documentation"]}
    assert set(required) <= set(documentation)
    assert all(one["requested"] and not one["document_ids"] for one in documentation.values())
    assert body["suggested_information_request"] is None
    code = required[0]
    document = cloud.offer(request_id, document_type=code).body["document"]["document_id"]
    cloud.arrive(request_id, document, PDF)
    assert cloud.relay(cloud.stream()) == []
    body = cloud.case(request_id).body
    [answered] = [one for one in body["documentation"] if one["code"] == code]
    assert (answered["document_ids"], answered["requested"]) == ([document], False)
    assert answered["label"] == cloud.deps.payer.required_documentation[code]
    missing = [one["code"] for one in body["documentation"] if not one["document_ids"]]
    suggested = body["suggested_information_request"]
    assert (suggested["documents"] if suggested else []) == missing
    if suggested:
        assert cloud.move(request_id, "information", suggested).status == 200


def test_reasons_have_their_templates_when_reviewers_read_them(cloud: Cloud) -> None:
    with cloud.wire.counting() as calls:
        reply = cloud.call(review, "GET", "/v1/review/reasons", by=NURSE)
    assert (reply.status, calls) == (200, [])
    payer, reasons = cloud.deps.payer, {one["code"]: one for one in reply.body["reasons"]}
    assert {code: one["label"] for code, one in reasons.items()} == payer.reason_codes
    assert reasons["0M"]["statuses"] == ["DENIED"]
    assert reasons["0P"]["needs_information_request"]
    assert all(one["rationale_templates"] for one in reasons.values())
    assert reply.body["criteria"] == list(payer.criteria)
    path, etag = "/v1/review/reasons", reply.headers["ETag"]
    assert cloud.call(review, "GET", path, by=NURSE, if_none_match=etag).status == 304
    assert cloud.call(review, "GET", path, by=PROVIDER).status == 403


def test_coverage_is_that_of_today_when_a_reviewer_reads_it(cloud: Cloud) -> None:
    request_id = cloud.pended()
    path = f"/v1/review/requests/{request_id}/coverage"
    with cloud.wire.counting() as calls:
        body = cloud.call(review, "GET", path, by=REVIEWER).body
    assert calls == ["GetItem", "BatchGetItem"]
    assert (body["active"], body["plan"]["plan_id"]) == (True, "OAP-COMPLETE")
    [span] = body["spans"]
    assert (span["active_from"], span["active_to"]) == ("2024-01-01", None)
    cloud.cover(active_to=cloud.clock.at.date().replace(day=1).isoformat())
    cloud.clock.pass_by(days=2)
    body = cloud.call(review, "GET", path, by=REVIEWER).body
    assert (body["active"], body["plan"], len(body["spans"])) == (False, None, 1)


@pytest.mark.parametrize("code", ["0F", "0P"])
def test_payer_is_rejected_when_a_template_names_no_reason(cloud: Cloud, code: str) -> None:
    data = cloud.deps.payer.model_dump(mode="json")
    del data["reason_codes"][code]
    data["reason_rules"].pop(code, None)
    with pytest.raises(ValueError, match="rationale_templates"):
        type(cloud.deps.payer).model_validate(data)
