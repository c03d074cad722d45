"""A required document that is refused is requested again, whatever else is requested (W1, W2)."""

from typing import Any, Final

import pytest

from functions.status import handler as status
from tests.adapters.callers import PROVIDER
from tests.adapters.cloud import PDF, PNG, Cloud
from tests.adapters.pas_calls import PACEMAKER, Json, claim, code_task, submit
from tests.adapters.pas_documents import (
    IMAGES,
    NOTES,
    attach,
    attachment,
    deliver_arrivals,
    documents,
    lose_files,
    only_request,
    parameters,
    reference,
    with_resources,
)

OTHER_PDF: Final = PDF + b"\n%other"


def relay(cloud: Cloud) -> None:
    assert cloud.relay(cloud.stream()) == []


def rfis(cloud: Cloud) -> list[Json]:
    found: list[Json] = cloud.read(only_request(cloud)).body["information_requests"]
    return found


def open_codes(cloud: Cloud) -> list[str]:
    """The documents of the open request for information."""
    return [
        document["code"]
        for one in rfis(cloud)
        if one["closed_at"] is None
        for document in one["documents"]
    ]


def requested_codes(cloud: Cloud) -> set[str]:
    """The documents that the Task of the next response requests."""
    task = code_task(submit(cloud, claim(PACEMAKER)).body)
    return {one["valueCodeableConcept"]["coding"][0]["code"] for one in task["input"][1:]}


def messages(cloud: Cloud) -> list[str]:
    for entry in cloud.published():
        cloud.receive(entry)
    return [one["type"] for one in cloud.messages().body["messages"]]


def damaged(cloud: Cloud) -> None:
    submit(cloud, with_resources(claim(PACEMAKER), reference(attachment(PNG), NOTES)))
    relay(cloud)
    deliver_arrivals(cloud)


def infected(cloud: Cloud) -> None:
    cloud.scan_documents()
    submit(cloud, with_resources(claim(PACEMAKER), reference(attachment(), NOTES)))
    relay(cloud)
    deliver_arrivals(cloud)
    (document,) = documents(cloud)
    request_id = only_request(cloud)
    stored = cloud.deps.documents.document(request_id, document["document_id"])
    assert stored is not None
    cloud.deliver_scan_result(request_id, stored.document_id, stored.version_id, "THREATS_FOUND")


def lost(cloud: Cloud) -> None:
    """Recorded, and its file was never stored."""
    submit(cloud, with_resources(claim(PACEMAKER), reference(attachment(), NOTES)))
    relay(cloud)
    lose_files(cloud)


REFUSALS: Final[dict[str, Any]] = {"damaged": damaged, "infected": infected, "lost": lost}


@pytest.mark.rule("W1", "W2")
@pytest.mark.parametrize("kind", REFUSALS)
def test_refused_document_is_requested_when_another_one_is_requested(
    cloud: Cloud, kind: str
) -> None:
    REFUSALS[kind](cloud)
    assert [one["status"] for one in documents(cloud)] == ["REFUSED"]
    assert open_codes(cloud) == ["IMAGING_REPORT"]
    cloud.clock.pass_by(minutes=5)
    relay(cloud)
    relay(cloud)
    assert open_codes(cloud) == ["IMAGING_REPORT", "CLINICAL_NOTES"]
    (rfi,) = rfis(cloud)
    labels = [cloud.deps.payer.required_documentation[one["code"]] for one in rfi["documents"]]
    assert rfi["text"].split("\n") == labels
    assert requested_codes(cloud) == {NOTES, IMAGES}
    (row,) = cloud.call(status, "GET", "/v1/requests", by=PROVIDER).body["requests"]
    assert row["waiting_on"] == "PROVIDER"
    relay(cloud)
    assert {"DocumentRefused", "InformationRequested"} <= set(messages(cloud))


@pytest.mark.rule("W2")
def test_provider_has_the_time_of_a_new_request_when_a_document_is_added(cloud: Cloud) -> None:
    damaged(cloud)
    (before,) = rfis(cloud)
    cloud.clock.pass_by(hours=30)
    relay(cloud)
    (after,) = rfis(cloud)
    assert after["requested_at"] == before["requested_at"]
    assert after["answer_by"] > before["answer_by"]


@pytest.mark.rule("W1", "W2")
def test_refused_document_is_requested_when_the_others_answered_the_request(cloud: Cloud) -> None:
    """Both are sent in one call: the first that is verified answers, and the other one is refused."""
    submit(cloud, claim(PACEMAKER))
    relay(cloud)
    for attempt in range(2):
        cloud.clock.pass_by(minutes=1)
        good = PDF + b"\n%%%d" % attempt
        attach(cloud, parameters("111099", reference(attachment(good)), code=NOTES))
        attach(cloud, parameters("111099", reference(attachment(PNG + good)), code=IMAGES))
        deliver_arrivals(cloud)
        cloud.clock.pass_by(minutes=1)
        # The event of the answer follows that of the document.
        relay(cloud)
        relay(cloud)
        assert open_codes(cloud) == ["IMAGING_REPORT"]
        assert requested_codes(cloud) == {IMAGES}
    cloud.clock.pass_by(minutes=1)
    attach(cloud, parameters("111099", reference(attachment(OTHER_PDF)), code=IMAGES))
    deliver_arrivals(cloud)
    relay(cloud)
    assert open_codes(cloud) == []


@pytest.mark.rule("W2")
@pytest.mark.parametrize("code", [NOTES, None], ids=["sent twice", "no type"])
def test_nothing_is_added_when_the_refused_document_is_not_missing(
    cloud: Cloud, code: str | None
) -> None:
    good, bad = reference(attachment(), NOTES), reference(attachment(PNG), code)
    submit(cloud, with_resources(claim(PACEMAKER), good, bad))
    deliver_arrivals(cloud)
    relay(cloud)
    assert sorted(one["status"] for one in documents(cloud)) == ["ATTACHED", "REFUSED"]
    assert open_codes(cloud) == ["IMAGING_REPORT"]


@pytest.mark.rule("W2")
def test_refused_document_is_added_when_a_reviewer_requests_information(cloud: Cloud) -> None:
    """The reviewer's text stays; the document is named after it."""
    sent = [reference(attachment(PNG), NOTES), reference(attachment(), IMAGES)]
    submit(cloud, with_resources(claim(PACEMAKER), *sent))
    relay(cloud)
    assert rfis(cloud) == []
    request_id = only_request(cloud)
    words = {"documents": [], "text": "Which lead is used?"}
    reply = cloud.move(request_id, "information", words)
    assert reply.status < 300, reply.body
    deliver_arrivals(cloud)
    cloud.clock.pass_by(minutes=1)
    relay(cloud)
    (rfi,) = rfis(cloud)
    assert [one["code"] for one in rfi["documents"]] == ["CLINICAL_NOTES"]
    assert rfi["text"].startswith("Which lead is used?\n")
