"""Payloads of each shape ever released are processed by today's handlers.

Executions wait for weeks, queues deliver for days and streams for hours: a handler receives what an
earlier release sent. ``tests/payloads/<release>`` has a file for each kind; none is ever changed or
removed. A new shape is added as a file of the next release: run this module with
``PRECERT_RECORD_PAYLOADS=<release>``.
"""

import json
import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from functions.expire import handler as expire
from functions.inbox import handler as inbox
from functions.notices import handler as notices
from functions.sweep import executions
from functions.upload import scan, verify
from functions.workflow import handler as workflow
from precert.names import DOCUMENT_PREFIX, WorkflowTask
from tests.adapters.calls import Context
from tests.adapters.cloud import PDF, Cloud

FOLDER: Final = Path(__file__).resolve().parents[1] / "payloads"
REQUEST: Final = "REQUEST-ID"
DOCUMENT: Final = "DOCUMENT-ID"
"""Stand in the files for the ids that each test assigns itself."""

Payload = dict[str, Any]


def _uploaded(cloud: Cloud) -> tuple[str, str]:
    """A pended request with a document whose file has arrived and is not verified."""
    request_id = cloud.pended()
    document_id = str(cloud.offer(request_id).body["document"]["document_id"])
    cloud.put_file(request_id, document_id, PDF)
    return request_id, document_id


def _walk(cloud: Cloud) -> dict[str, list[Payload]]:
    """What today's release sends, by kind, with the ids of one request."""
    request_id, document_id = _uploaded(cloud)
    key = f"{DOCUMENT_PREFIX}{request_id}/{document_id}"
    cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "DENIED"})
    cloud.relay(cloud.stream())
    task = {"request_id": request_id, "cycle": 1, "task_token": "token-1"}
    found = {
        "task-assess": [{"task": WorkflowTask.ASSESS.value, **task}],
        "task-await-decision": [{"task": WorkflowTask.AWAIT_DECISION.value, **task, "seconds": 60}],
        "task-check-deadline": [{"task": WorkflowTask.CHECK_DEADLINE.value, **task}],
        "stream-event": [{"Records": [one]} for one in cloud.stream()],
        "stream-removed": [_removed(cloud, request_id)],
        "bus-event": [
            {"id": "1", "source": one["Source"], "detail": json.loads(one["Detail"])}
            for one in cloud.published()
        ],
        "queue-upload": [_queued({"detail": {"object": {"key": key}}})],
        "queue-scan": [_queued(_scanned(key))],
        "queue-execution": [
            _queued(
                {
                    "source": "aws.states",
                    "detail": {
                        "name": f"{request_id}-1",
                        "status": "ABORTED",
                        "input": json.dumps({"request_id": request_id, "cycle": 1}),
                    },
                }
            )
        ],
    }
    text = (
        json.dumps(found, default=_base64)
        .replace(request_id, REQUEST)
        .replace(document_id, DOCUMENT)
    )
    named: dict[str, list[Payload]] = json.loads(text)
    return named


def _base64(binary: bytes) -> str:
    """As Lambda delivers a binary attribute."""
    return b64encode(binary).decode()


def _removed(cloud: Cloud, request_id: str) -> Payload:
    record = {
        "eventName": "REMOVE",
        "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
        "dynamodb": {"SequenceNumber": "0001", "OldImage": cloud.item(request_id)},
    }
    return {"Records": [record]}


def _queued(event: Payload) -> Payload:
    message = {"messageId": "0", "body": json.dumps(event), "eventSource": "aws:sqs"}
    return {"Records": [message]}


def _scanned(key: str) -> Payload:
    return {
        "source": "aws.guardduty",
        "detail-type": "GuardDuty Malware Protection Object Scan Result",
        "detail": {
            "s3ObjectDetails": {"bucketName": "documents", "objectKey": key, "versionId": "1"},
            "scanResultDetails": {"scanResultStatus": "NO_THREATS_FOUND", "threats": None},
        },
    }


def shape(value: Any) -> Any:
    """The keys and types of a payload; of JSON in a text, those of its content."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in sorted(value.items())}
    if isinstance(value, list):
        return sorted({json.dumps(shape(one)) for one in value})
    if isinstance(value, str) and value.startswith("{"):
        return shape(json.loads(value))
    return type(value).__name__


def released(kind: str = "*") -> Iterator[tuple[str, str, Payload]]:
    """Release, kind and payload of each file."""
    for file in sorted(FOLDER.glob(f"*/{kind}.json")):
        for payload in json.loads(file.read_text(encoding="utf-8")):
            yield file.parent.name, file.stem, payload


def _workflow(cloud: Cloud, payload: Payload) -> None:
    if payload["task"] != WorkflowTask.AWAIT_DECISION and "task_token" in payload:
        cloud.wire.answer("SendTaskFailure", "{}")
    answer = workflow.handle(payload, Context())
    expected = set() if payload["task"] == "await_decision" else {"route", "seconds_to_next_check"}
    assert set(answer) == expected


def _relay(cloud: Cloud, payload: Payload) -> None:
    assert cloud.relay(payload["Records"]) == []


def _bus(cloud: Cloud, payload: Payload) -> None:
    inbox.handle(payload, Context())
    notices.handle(payload, Context())


def _queue(handle: Callable[[Payload, Any], Any]) -> Callable[[Cloud, Payload], None]:
    def deliver(cloud: Cloud, payload: Payload) -> None:
        assert handle(payload, Context()) == {"batchItemFailures": []}

    return deliver


HANDLED: Final[dict[str, Callable[[Cloud, Payload], None]]] = {
    "task-assess": _workflow,
    "task-await-decision": _workflow,
    "task-check-deadline": _workflow,
    "stream-event": _relay,
    "stream-removed": _queue(expire.handle),
    "bus-event": _bus,
    "queue-upload": _queue(verify.handle),
    "queue-scan": _queue(scan.handle),
    "queue-execution": _queue(executions.handle),
}
"""How each kind arrives."""


@pytest.mark.rule("X2")
@pytest.mark.parametrize("kind", HANDLED)
def test_payload_is_processed_when_an_earlier_release_sent_it(cloud: Cloud, kind: str) -> None:
    request_id, document_id = _uploaded(cloud)
    found = list(released(kind))
    assert found
    for _, _, payload in found:
        text = json.dumps(payload).replace(REQUEST, request_id).replace(DOCUMENT, document_id)
        HANDLED[kind](cloud, json.loads(text))
    lines = [json.loads(line) for line in cloud.log.getvalue().splitlines() if line]
    assert [line for line in lines if line["level"] == "ERROR"] == []


def test_every_shape_has_a_file_when_this_release_sends_it(cloud: Cloud) -> None:
    """A shape without a file is new: executions and queues may have it after the next release."""
    sent = _walk(cloud)
    assert sent.keys() == HANDLED.keys()
    if release := os.environ.get("PRECERT_RECORD_PAYLOADS"):
        _record(release, sent)
    known = {(kind, json.dumps(shape(payload))) for _, kind, payload in released()}
    new = {
        kind
        for kind, payloads in sent.items()
        for payload in payloads
        if (kind, json.dumps(shape(payload))) not in known
    }
    assert new == set(), "record them: see the text at the head of this module"


def _record(release: str, sent: dict[str, list[Payload]]) -> None:
    for kind, payloads in sent.items():
        by_shape = {json.dumps(shape(payload)): payload for payload in payloads}
        file = FOLDER / release / f"{kind}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(list(by_shape.values()), indent=2, ensure_ascii=False)
        file.write_text(f"{text}\n", encoding="utf-8")
