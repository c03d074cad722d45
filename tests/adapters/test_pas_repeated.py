"""The same content is one document of a request, whichever operation sends it, and how often."""

from collections.abc import Callable
from copy import deepcopy
from typing import Final

import pytest

from tests.adapters.cloud import PDF, Cloud
from tests.adapters.pas_calls import PACEMAKER, Json, claim, issues, submit
from tests.adapters.pas_documents import (
    IMAGES,
    NOTES,
    attach,
    attachment,
    deliver_arrivals,
    documents,
    is_task,
    only_request,
    parameters,
    reference,
    rfi_is_open,
    with_resources,
)
from tests.adapters.pas_questionnaires import INCOMPLETE, PACEMAKERS, answers, bundled, types
from tests.adapters.pas_updates import update

WORDS: Final = b"Office visit notes."
BINARY: Final = {
    "resourceType": "Binary",
    "contentType": "application/pdf",
    "data": attachment()["data"],
}
REPORT: Final = {
    "resourceType": "DiagnosticReport",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": NOTES}]},
    "presentedForm": [attachment(title="Report")],
}
INCOMPLETE_NOTES: Final = answers(PACEMAKERS, "imaging-findings", with_files=True)
SENT: Final[dict[str, Json]] = {
    "questionnaire response": answers(PACEMAKERS, with_files=True),
    "bundle of a response": bundled(answers(PACEMAKERS)),
    "incomplete response": INCOMPLETE_NOTES,
    "response to another payer's questionnaire": INCOMPLETE["it is another payer's"],
    "document with a title": reference(attachment(title="Notes"), NOTES),
    "document without a title": reference(attachment(), NOTES),
    "report": REPORT,
    "binary": BINARY,
}


def by_claim(cloud: Cloud, resource: Json) -> None:
    submit(cloud, with_resources(claim(PACEMAKER), deepcopy(resource)))


def by_attachment(cloud: Cloud, resource: Json) -> None:
    assert attach(cloud, parameters("111099", deepcopy(resource))).status == 200


def by_update(cloud: Cloud, resource: Json) -> None:
    submit(cloud, update(with_resources(claim(PACEMAKER), deepcopy(resource)), "update"))


Send = Callable[[Cloud, Json], None]


CHANNELS: Final[tuple[tuple[Send, Send], ...]] = (
    (by_claim, by_attachment),
    (by_attachment, by_attachment),
    (by_attachment, by_update),
    (by_claim, by_update),
)
# A bundle of DTR is sent by $submit-attachment only.
CASES: Final = [
    (kind, *CHANNELS[(at + shift) % 4], bool(shift % 2))
    for at, kind in enumerate(kind for kind in SENT if kind != "bundle of a response")
    for shift in range(2)
] + [("bundle of a response", by_attachment, by_attachment, True)]


@pytest.mark.parametrize(("kind", "first", "again", "settled"), CASES)
def test_content_is_one_document_when_it_is_sent_again(
    cloud: Cloud, kind: str, first: Send, again: Send, settled: bool
) -> None:
    if first is not by_claim:
        submit(cloud, claim(PACEMAKER))
    first(cloud, SENT[kind])
    before = {one["document_id"] for one in documents(cloud)}
    assert before
    if settled:
        deliver_arrivals(cloud)
    again(cloud, SENT[kind])
    assert {one["document_id"] for one in documents(cloud)} == before
    deliver_arrivals(cloud)
    assert {one["status"] for one in documents(cloud)} == {"ATTACHED"}


def test_content_is_one_document_when_another_position_or_title_names_it(cloud: Cloud) -> None:
    submit(cloud, claim(PACEMAKER))
    for title in (None, "Notes", "Other notes"):
        file = attachment(title=title) if title else attachment()
        attach(
            cloud, parameters("111099", reference(attachment(b"%PDF-1.7 other")), reference(file))
        )
    assert len(documents(cloud)) == 2


def test_content_is_one_document_when_it_was_uploaded_before(cloud: Cloud) -> None:
    submit(cloud, claim(PACEMAKER))
    request_id = only_request(cloud)
    cloud.arrive(request_id, cloud.offer(request_id).body["document"]["document_id"], PDF)
    attach(cloud, parameters("111099", reference(attachment())))
    (document,) = documents(cloud)
    assert (document["status"], document["document_type"]) == ("ATTACHED", "CLINICAL_NOTES")


def test_documents_are_two_when_the_same_content_is_two_required_documents(cloud: Cloud) -> None:
    sent = [reference(attachment(title="Chart"), code) for code in (NOTES, IMAGES)]
    assert not is_task(submit(cloud, with_resources(claim(PACEMAKER), *sent)))
    assert types(cloud) == ["CLINICAL_NOTES", "IMAGING_REPORT"]


def test_document_has_its_type_when_a_repetition_names_it(cloud: Cloud) -> None:
    submit(cloud, with_resources(claim(PACEMAKER), reference(attachment())))
    deliver_arrivals(cloud)
    assert types(cloud) == [None]
    attach(cloud, parameters("111099", reference(attachment())))
    assert types(cloud) == ["CLINICAL_NOTES"]
    assert not rfi_is_open(cloud)


def test_file_is_a_new_document_when_it_was_refused_by_its_type(cloud: Cloud) -> None:
    submit(cloud, claim(PACEMAKER))
    attach(cloud, parameters("111099", reference(attachment(WORDS))))
    deliver_arrivals(cloud)
    for _ in range(2):
        attach(cloud, parameters("111099", reference(attachment(WORDS, "text/plain"))))
    deliver_arrivals(cloud)
    assert [one["status"] for one in documents(cloud)] == ["REFUSED", "ATTACHED"]


@pytest.mark.rule("W2")
@pytest.mark.parametrize("settled", [True, False], ids=["attached", "waiting"])
def test_request_for_information_is_answered_when_a_document_is_sent_again(
    cloud: Cloud, settled: bool
) -> None:
    """By its sender, as the answer: it was sent with the claim, or announced as one of several."""
    submit(cloud, with_resources(claim(PACEMAKER), reference(attachment(), NOTES)))
    cloud.clock.pass_by(minutes=1)
    if settled:
        deliver_arrivals(cloud)
        assert cloud.relay(cloud.stream()) == []
    assert rfi_is_open(cloud)
    attach(cloud, parameters("111099", reference(attachment()), Final={"valueBoolean": False}))
    attach(cloud, parameters("111099", reference(attachment())))
    deliver_arrivals(cloud)
    assert cloud.relay(cloud.stream()) == []
    assert not rfi_is_open(cloud)


UNRELATED: Final[dict[str, Json]] = {
    "another payer's": INCOMPLETE["it is another payer's"],
    "no questionnaire": INCOMPLETE["it names no questionnaire"],
    "another version": INCOMPLETE["its version is another"],
    "another payer's with files": answers(
        PACEMAKERS, with_files=True, questionnaire="https://other.example.com/q"
    ),
}


@pytest.mark.rule("W2")
@pytest.mark.parametrize(
    ("kind", "send"),
    [(kind, (by_attachment, by_update)[at % 2]) for at, kind in enumerate(UNRELATED)],
)
def test_request_for_information_stays_open_when_a_response_is_to_another_questionnaire(
    cloud: Cloud, kind: str, send: Send
) -> None:
    submit(cloud, claim(PACEMAKER))
    cloud.clock.pass_by(minutes=1)
    for _ in range(2):
        send(cloud, UNRELATED[kind])
        deliver_arrivals(cloud)
        assert cloud.relay(cloud.stream()) == []
        assert rfi_is_open(cloud)
    found = documents(cloud)
    assert {one["status"] for one in found} == {"ATTACHED"}
    assert {one["document_type"] for one in found} == {None}
    assert is_task(submit(cloud, claim(PACEMAKER)))


def test_sender_learns_that_the_request_is_not_answered_when_it_is_another_questionnaire(
    cloud: Cloud,
) -> None:
    submit(cloud, claim(PACEMAKER))
    reply = attach(cloud, parameters("111099", UNRELATED["another payer's"]))
    assert issues(reply) == ["informational", "incomplete"]
    assert "is not answered by" in reply.body["issue"][-1]["details"]["text"]
    assert issues(attach(cloud, parameters("111099", reference(attachment())))) == ["informational"]


@pytest.mark.rule("W1")
def test_sections_answer_only_what_is_requested_when_one_document_is_missing(cloud: Cloud) -> None:
    """The response has the notes, which were sent before; the images are still missing."""
    submit(cloud, with_resources(claim(PACEMAKER), reference(attachment(), NOTES)))
    cloud.clock.pass_by(minutes=1)
    by_attachment(cloud, INCOMPLETE["a required answer is missing"])
    deliver_arrivals(cloud)
    assert cloud.relay(cloud.stream()) == []
    assert rfi_is_open(cloud)
    by_attachment(cloud, answers(PACEMAKERS))
    deliver_arrivals(cloud)
    assert cloud.relay(cloud.stream()) == []
    assert not rfi_is_open(cloud)
