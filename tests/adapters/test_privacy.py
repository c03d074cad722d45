"""Entered values appear in no log line, metric, execution or event."""

import json
import logging
from collections.abc import Callable
from typing import Any, Final

import pytest
from pydantic import ValidationError

from functions.submit import handler as submit
from functions.upload import verify
from precert.domain.content import RequestContent
from precert.domain.errors import TransientError
from tests.adapters.callers import FACILITY, SECOND_REVIEWER, STRANGER, SUBJECTS, UNENTITLED
from tests.adapters.calls import Context
from tests.adapters.cloud import PDF, PNG, Cloud
from tests.fakes.leaks import leaked
from tests.fakes.samples import PATIENT, entered

ENTERED: Final = (
    "849382930",  # member id
    "Adams",
    "Allison",
    "1986-01-01",  # date of birth
    "K5650",  # diagnoses
    "E1122",
    "Z9884",
    "44120",  # procedures
    "2165550188",  # phones
    "2165550189",
    "Rubinstein",
    "Park East",
    "another hospital",  # free text of void, appeal and decision
    "tumor grew",
    "Conservative treatment",
    "adams-allison-operative-note",  # a file name
    "2026-07-20",  # date of service
)


class Written:
    """Everything that the functions wrote since the start of the test."""

    def __init__(
        self,
        cloud: Cloud,
        capfd: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        self._cloud = cloud
        self._capfd = capfd
        self._caplog = caplog

    def text(self) -> str:
        out, err = self._capfd.readouterr()
        return f"{self._cloud.log.getvalue()}\n{out}\n{err}\n{self._caplog.text}"

    def found(self, *more: str) -> list[str]:
        text = self.text()
        assert "operation_id" in text or "error_class" in text or "service" in text
        return leaked((*ENTERED, *SUBJECTS, *more), text)


@pytest.fixture
def written(
    cloud: Cloud, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Written:
    caplog.set_level(logging.INFO)
    return Written(cloud, capfd, caplog)


def run_all_operations(cloud: Cloud) -> str:
    cloud.confirm(PATIENT)
    cloud.search(zip_code="44122", kind="INDIVIDUAL", name="rubinstein")
    cloud.check()
    request_id = cloud.start()
    for name, body in (("note.pdf", PDF), ("scan.pdf", PNG)):
        offer = cloud.offer(request_id, f"adams-allison-operative-{name}")
        cloud.arrive(request_id, offer.body["document"]["document_id"], body)
    cloud.save(request_id, 1)
    cloud.resume(request_id)
    cloud.submit(request_id, 2)
    cloud.relay(cloud.stream())
    cloud.pend(request_id)
    cloud.case(request_id)
    cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "DENIED"})
    cloud.appeal(request_id, "1.2")
    cloud.pend(request_id, 2)
    cloud.decide(request_id, {"1.2": "DENIED"}, cycle=2, by=SECOND_REVIEWER)
    for by in (FACILITY, STRANGER, UNENTITLED):
        cloud.read(request_id, by)
        cloud.dashboard(by)
        cloud.messages(by)
    voided = cloud.pended()
    cloud.void(voided)
    cloud.expire(cloud.start())
    cloud.delete(cloud.start(), 1)
    return request_id


def test_no_entered_value_is_logged_when_a_request_goes_through_its_lifecycle(
    cloud: Cloud, written: Written
) -> None:
    request_id = run_all_operations(cloud)
    assert request_id in cloud.log.getvalue()
    assert written.found() == []


def test_no_entered_value_leaves_when_executions_start_and_events_are_published(
    cloud: Cloud,
) -> None:
    run_all_operations(cloud)
    cloud.relay(cloud.stream())
    left = json.dumps(
        [*cloud.wire.sent("StartExecution"), *cloud.wire.sent("PutEvents")], default=str
    )
    assert "RequestSubmitted" in left
    assert leaked((*ENTERED, *SUBJECTS), left) == []


def test_no_entered_value_is_in_a_key_when_objects_and_items_are_stored(cloud: Cloud) -> None:
    request_id = cloud.start()
    offer = cloud.offer(request_id, "adams-allison-operative-note.pdf")
    cloud.arrive(request_id, offer.body["document"]["document_id"], PDF)
    cloud.submit(request_id)
    keys = json.dumps([[item["pk"]["S"], item["sk"]["S"]] for item in cloud.items()])
    keys += json.dumps(cloud.object_versions())
    assert leaked(ENTERED, keys) == []


@pytest.mark.parametrize(
    "raw",
    [
        '{"content": {"patient": {"member_id": "849382930", "last_name": "Adams"',
        json.dumps({"content": entered(patient=dict(PATIENT) | {"Allison Adams": "849382930"})}),
        json.dumps({"content": {"patient": dict(PATIENT) | {"member_id": "849382930 Adams"}}}),
        json.dumps({"content": {"patient": dict(PATIENT) | {"date_of_birth": "1986-01-01 Adams"}}}),
        json.dumps({"content": entered(services=[{"primary_diagnosis": "K5650 Adams"}])}),
        json.dumps({"content": ["849382930", "Adams"]}),
    ],
)
def test_no_entered_value_is_logged_when_input_is_wrong(
    cloud: Cloud, written: Written, raw: str
) -> None:
    reply = cloud.call(submit, "POST", "/v1/drafts", raw=raw)
    assert reply.status in {400, 422}
    assert written.found() == []


def telling(*_args: object, **_named: object) -> Any:
    raise RuntimeError("Adams, Allison, 849382930, born 1986-01-01, K5650")


def misreading(*_args: object, **_named: object) -> Any:
    return RequestContent.model_validate(entered(patient=dict(PATIENT) | {"member_id": "Adams !"}))


def transient(*_args: object, **_named: object) -> Any:
    try:
        telling()
    except RuntimeError as error:
        raise TransientError("Adams, Allison: try again") from error


@pytest.mark.parametrize("error", [telling, misreading])
def test_response_and_log_have_no_phi_when_an_internal_error_occurs(
    cloud: Cloud, written: Written, monkeypatch: pytest.MonkeyPatch, error: Callable[..., Any]
) -> None:
    draft_id = cloud.start()
    monkeypatch.setattr(cloud.deps.drafts, "save", error)
    monkeypatch.setattr(cloud.deps.requests, "read_file", error)
    for reply in (cloud.save(draft_id, 1), cloud.resume(draft_id), cloud.read(draft_id)):
        assert (reply.status, reply.code) == (500, "internal")
        assert leaked(ENTERED, reply.text) == []
        assert not {"RuntimeError", "ValidationError", "Traceback"} & set(reply.text.split('"'))
    assert written.found() == []
    assert error.__name__ == "misreading" or '"error_class":"RuntimeError"' in (
        cloud.log.getvalue()
    )


def test_log_has_no_phi_when_a_technical_error_contains_it(
    cloud: Cloud, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_id = cloud.start()
    monkeypatch.setattr(cloud.deps.drafts, "save", transient)
    assert cloud.save(draft_id, 1).status == 503
    assert '"code":"try_again"' in cloud.log.getvalue()
    assert written.found() == []


@pytest.mark.parametrize("error", [telling, misreading])
def test_log_has_no_phi_when_a_stream_record_fails(
    cloud: Cloud, written: Written, monkeypatch: pytest.MonkeyPatch, error: Callable[..., Any]
) -> None:
    draft_id = cloud.start()
    old = cloud.item(draft_id)
    assert old is not None
    monkeypatch.setattr(cloud.deps.bus, "publish", error)
    monkeypatch.setattr(cloud.deps.requests, "read", error)
    assert cloud.relay(cloud.stream()) == ["0001"]
    assert cloud.clean_up(old) == ["0001"]
    assert written.found() == []


def test_error_has_no_phi_when_the_runtime_prints_it(
    cloud: Cloud, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_id = cloud.start()
    monkeypatch.setattr(cloud.deps.requests, "read", misreading)
    event = {"detail": {"object": {"key": f"documents/{draft_id}/{draft_id}"}}}
    with pytest.raises(ValidationError) as raised:
        verify.handle(event, Context())
    assert leaked(ENTERED, str(raised.value)) == []
    assert written.found() == []
    assert '"error_class":"ValidationError"' in cloud.log.getvalue()
