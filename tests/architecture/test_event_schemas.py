"""The committed event schemas and samples match the code and contain ids and codes only."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, cast

import pytest
from jsonschema import Draft202012Validator

from functions.intake.models import ReportedDetermination
from precert.adapters.eventbridge import EventBridgeBus
from precert.domain.content import Address, Patient, Procedure, Provider, RequestContent, Service
from precert.domain.coverage import Coverage
from precert.domain.documents import Refusal
from precert.domain.errors import ERROR_CODES
from precert.domain.event_types import EVENTS, EventType
from precert.domain.events import Event, ReportRefusal
from precert.domain.statuses import Status, WaitingOn
from precert.domain.values import CodeType
from precert.names import EVENT_SOURCE, VENDOR_DETERMINED, VENDOR_REPORT_REFUSED
from tests.architecture.source import ROOT
from tools import event_schemas
from tools.example_request import OTHER_REVIEWER, PROVIDER_USER, REVIEWER, example_request

PUBLISHED: Final = frozenset(
    {
        *("at", "document_id", "event_id", "number", "request_id", "cycle", "status", "tins"),
        *("refusal_code", "type", "version", "vendor_id", "vendor_lines"),
        *("waiting_on", "due_at", "approved_also_in"),
    }
)
"""Members that were agreed to be on the bus; whatever is added is added here too, knowingly."""

ID_OR_CODE: Final = re.compile(
    "|".join(
        (
            r"[0-9A-HJKMNP-TV-Z]{26}(\.[0-9]{6}(\.warning)?|\.[0-9A-HJKMNP-TV-Z]{26}|\.notices-1)?",
            r"[A-Z]{2}[0-9]{10}",
            "|".join(Refusal),
            r"[0-9]{9}",
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z",
            *EventType,
            *Status,
            *CodeType,
            r"[0-9]{1,2}\.[0-9]{1,3}",
            r"[0-9A-Z]{5}",
            "EVICORE",
            *WaitingOn,
        )
    )
)
"""Ids, numbers, TINs, times, lines and codes."""


def committed(event_type: EventType, kind: str) -> dict[str, Any]:
    path = event_schemas.FOLDER / f"{event_type.value}.{kind}.json"
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def validator(event_type: EventType) -> Draft202012Validator:
    return Draft202012Validator(
        committed(event_type, "schema"), format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for member in value.values():
            yield from leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from leaves(member)
    else:
        yield value


class RecordingClient:
    """Stores the entries that are put on the bus."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's
        self.entries.extend(Entries)
        return {"FailedEntryCount": 0}


def test_folder_is_current_when_event_types_are_read() -> None:
    assert event_schemas.main(["--check"]) == 0


def test_check_fails_when_the_meaning_of_a_type_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    filed = replace(EVENTS[EventType.APPEAL_FILED], meaning="another")
    monkeypatch.setattr(event_schemas, "EVENTS", {**EVENTS, EventType.APPEAL_FILED: filed})
    assert event_schemas.main(["--check"]) == 1


def test_check_fails_when_a_file_without_a_type_remains(monkeypatch: pytest.MonkeyPatch) -> None:
    generated = event_schemas.files()
    generated.popitem()
    monkeypatch.setattr(event_schemas, "files", lambda: generated)
    assert event_schemas.main(["--check"]) == 1


@pytest.mark.parametrize("event_type", EventType)
def test_sample_is_valid_when_it_is_validated_against_its_schema(event_type: EventType) -> None:
    Draft202012Validator.check_schema(committed(event_type, "schema"))
    assert list(validator(event_type).iter_errors(committed(event_type, "sample"))) == []


def test_sample_is_valid_when_the_example_request_does_not_record_the_type() -> None:
    without_events = replace(example_request(), events=())
    for event_type in set(EventType) - {EventType.NOTICES_ISSUED}:  # its id names the cycle
        detail = event_schemas.detail_of(without_events.event(event_type))
        described = committed(event_type, "schema")
        schema = {**described["properties"]["detail"], "$defs": described["$defs"]}
        assert list(Draft202012Validator(schema).iter_errors(detail)) == [], event_type


def test_a_change_records_the_event_when_its_type_exists() -> None:
    folders = (ROOT / "precert" / "domain", ROOT / "precert" / "usecases")
    recorded: set[str] = set()
    for file in (file for folder in folders for file in folder.rglob("*.py")):
        if file.name != "event_types.py":
            recorded.update(re.findall(r"\bEventType\.(\w+)", file.read_text("utf-8")))
    assert {event_type.name for event_type in EventType} - recorded == set()


@pytest.mark.parametrize("event_type", EventType)
def test_sample_of_another_type_is_invalid_when_validated(event_type: EventType) -> None:
    other = next(kind for kind in EventType if kind is not event_type)
    assert not validator(event_type).is_valid(committed(other, "sample"))


@pytest.mark.parametrize("event_type", EventType)
def test_sample_equals_the_published_event_when_the_event_occurs(event_type: EventType) -> None:
    client, sample = RecordingClient(), committed(event_type, "sample")
    EventBridgeBus(cast("Any", client), bus_name="bus").publish(example_request().event(event_type))
    (entry,) = client.entries
    assert json.loads(entry["Detail"]) == sample["detail"]
    assert (entry["Source"], entry["DetailType"]) == (EVENT_SOURCE, sample["detail-type"])


@pytest.mark.parametrize("event_type", EventType)
def test_sample_is_accepted_when_the_inbox_reads_it(event_type: EventType) -> None:
    read = Event.model_validate(committed(event_type, "sample")["detail"])
    assert read == example_request().event(event_type).model_copy(
        update={"actor": None, "assigned_to": None}
    )


@pytest.mark.parametrize("event_type", EventType)
def test_event_has_ids_and_codes_only_when_it_is_published(
    event_type: EventType,
) -> None:
    schema, sample = committed(event_type, "schema"), committed(event_type, "sample")
    described = schema["properties"]["detail"]["properties"]
    assert set(described) <= PUBLISHED
    assert set(sample["detail"]) <= set(described)
    assert all("description" in member for member in described.values())
    result = [value for value in leaves(sample["detail"]) if not isinstance(value, int)]
    assert [value for value in result if not ID_OR_CODE.fullmatch(value)] == []


@pytest.mark.parametrize("event_type", EventType)
def test_neither_patient_nor_user_is_in_the_event_when_it_is_published(
    event_type: EventType,
) -> None:
    models = (Address, Coverage, Patient, Procedure, Provider, RequestContent, Service)
    private = {name for model in models for name in model.model_fields} | {
        "actor",
        "assigned_to",
        "tin",
    }
    people = (
        PROVIDER_USER,
        REVIEWER,
        OTHER_REVIEWER,
        *example_request().patient.model_dump(mode="json").values(),
    )
    described = committed(event_type, "schema")["properties"]["detail"]
    for result in (described, committed(event_type, "sample")["detail"]):
        text = json.dumps(result)
        assert [name for name in sorted(private) if f'"{name}"' in text] == []
        assert [person for person in people if person in text] == []


# -- events from vendors -----------------------------------------------------------------------------


def inbound(kind: str, detail_type: str = VENDOR_DETERMINED) -> dict[str, Any]:
    path = event_schemas.FOLDER / f"{detail_type}.{kind}.json"
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def test_vendor_sample_is_accepted_when_the_report_handler_reads_it() -> None:
    sample = inbound("sample")
    Draft202012Validator(inbound("schema")).validate(sample)
    read = ReportedDetermination.model_validate(sample["detail"])
    assert {line.status for line in read.lines} == {"APPROVED"}


def test_no_free_text_is_accepted_from_the_bus_when_a_vendor_reports() -> None:
    described = json.dumps(inbound("schema")["properties"]["detail"]) + json.dumps(
        inbound("schema")["$defs"]
    )
    assert [
        name for name in ("rationale", "criterion", "content") if f'"{name}"' in described
    ] == []


def test_reply_to_a_report_has_ids_and_codes_only_when_it_is_published() -> None:
    sample = inbound("sample", VENDOR_REPORT_REFUSED)
    schema = inbound("schema", VENDOR_REPORT_REFUSED)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(sample)
    client = RecordingClient()
    refusal = ReportRefusal.model_validate(sample["detail"])
    EventBridgeBus(cast("Any", client), bus_name="bus").refuse(refusal)
    [entry] = client.entries
    assert json.loads(entry["Detail"]) == sample["detail"]
    assert (entry["Source"], entry["DetailType"]) == (EVENT_SOURCE, VENDOR_REPORT_REFUSED)
    described = schema["properties"]["detail"]["properties"]
    assert set(described) == {
        *("at", "code", "errors", "event_id", "number", "report_id", "vendor_id", "version"),
    }
    assert set(schema["$defs"]["ReportError"]["properties"]) == {"code", "pointer"}
    assert {error["code"] for error in sample["detail"]["errors"]} <= set(ERROR_CODES)
