"""Documents that arrive while a request is reviewed."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.adapters.callers import NURSE, REVIEWER, SECOND_REVIEWER
from tests.adapters.calls import Reply
from tests.adapters.cloud import PDF, Cloud
from tests.adapters.deciding import APPROVED, DENIED, decide, meanwhile, pended, second


def attached(cloud: Cloud, request_id: str, name: str) -> str:
    document_id = str(cloud.offer(request_id, name).body["document"]["document_id"])
    cloud.arrive(request_id, document_id, PDF)
    return document_id


def test_documents_are_new_until_a_reviewer_has_seen_them_when_they_arrive(cloud: Cloud) -> None:
    request_id = pended(cloud)
    first, second_one = (attached(cloud, request_id, f"{name}.pdf") for name in ("a", "b"))
    both = sorted([first, second_one])
    assert cloud.case(request_id).body["new_documents"] == both
    for what, body in (
        ("assign", None),
        ("notes", {"text": "Call the surgeon."}),
        ("peer-to-peer", None),
        ("extension", {"reason": "A specialist's opinion is awaited."}),
        ("release", None),
    ):
        assert cloud.move(request_id, what, body).status == 200
        assert cloud.case(request_id).body["new_documents"] == both, what
    seen = {"text": "Since when?", "seen_documents": [first, "0" * 26]}
    assert cloud.move(request_id, "information", seen).status == 200
    for by in (REVIEWER, SECOND_REVIEWER):
        assert cloud.case(request_id, by).body["new_documents"] == [second_one]
        assert cloud.worklist(by).body["cycles"][0]["new_documents"] == [second_one]
    note = {"text": "Read the note of May.", "seen_documents": [second_one]}
    assert cloud.move(request_id, "notes", note).status == 200
    assert cloud.case(request_id).body["new_documents"] == []
    assert cloud.worklist().body["cycles"][0]["new_documents"] == []


@pytest.mark.rule("W2")
@pytest.mark.parametrize("adverse", [DENIED, second(units=1)], ids=["denial", "reduction"])
def test_refusal_is_rejected_when_a_document_that_answers_is_not_seen(
    cloud: Cloud, adverse: dict[str, Any]
) -> None:
    """The document closes the request for information, so nothing waits for the providers any more."""
    request_id = pended(cloud)
    cloud.move(request_id, "information", {"documents": ["CLINICAL_NOTES"]})
    document_id = attached(cloud, request_id, "notes.pdf")
    cloud.relay(cloud.stream())
    assert cloud.read(request_id).body["waiting_on"] == "PAYER"
    body = {"cycle": 1, "lines": [APPROVED, adverse], "before_response": True}
    refused = cloud.move(request_id, "decisions", {**body, "seen_documents": []})
    assert refused.status == 422
    [error] = refused.body["errors"]
    assert (error["pointer"], error["code"]) == ("/seen_documents", "documents_unseen")
    assert document_id in error["message"]
    assert cloud.case(request_id).body["new_documents"] == [document_id]
    seen = {**body, "seen_documents": [document_id]}
    assert cloud.move(request_id, "decisions", seen).status == 200
    assert cloud.stored(request_id).get("new_documents") is None


def test_document_stays_new_when_a_case_is_approved_without_it(cloud: Cloud) -> None:
    request_id = pended(cloud)
    document_id = attached(cloud, request_id, "notes.pdf")
    lines = [APPROVED, {**APPROVED, "line_id": "1.2"}]
    body = {"cycle": 1, "lines": lines, "seen_documents": []}
    assert cloud.move(request_id, "decisions", body).status == 200
    assert cloud.stored(request_id)["new_documents"] == {document_id}


@pytest.mark.rule("W2")
def test_denial_is_rejected_when_a_document_arrives_while_it_is_recorded(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = pended(cloud)

    def arriving() -> Iterator[Reply]:
        attached(cloud, request_id, "notes.pdf")
        yield cloud.read(request_id)

    meanwhile(cloud, monkeypatch, arriving())
    body = {"cycle": 1, "lines": [APPROVED, DENIED], "seen_documents": []}
    refused = cloud.move(request_id, "decisions", body)
    assert refused.status == 422
    assert [error["code"] for error in refused.body["errors"]] == ["documents_unseen"]
    assert cloud.read(request_id).body["status"] == "PENDING"


@pytest.mark.rule("W2", "W10")
def test_proposed_denial_is_not_confirmed_when_a_document_is_not_seen(cloud: Cloud) -> None:
    request_id = pended(cloud)
    assert decide(cloud, request_id, APPROVED, DENIED, by=NURSE).status == 202
    document_id = attached(cloud, request_id, "notes.pdf")
    body = {"cycle": 1, "accept": True}
    refused = cloud.move(request_id, "signature", {**body, "seen_documents": []})
    assert [error["code"] for error in refused.body["errors"]] == ["documents_unseen"]
    signed = cloud.move(request_id, "signature", {**body, "seen_documents": [document_id]})
    assert signed.status == 200
