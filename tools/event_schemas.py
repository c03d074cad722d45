"""Write ``docs/events``: for each event type, the JSON Schema of the event on the bus and a sample.

``--check`` writes nothing and fails if a committed file is not current.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from functions.intake.models import ReportedDetermination
from precert.adapters.dynamodb.table import json_of
from precert.domain.dates import instant_text
from precert.domain.errors import InvalidInputError
from precert.domain.event_types import EVENTS, EventType, Subject
from precert.domain.events import Event, ReportError, ReportRefusal
from precert.domain.statuses import LineStatus
from precert.domain.subscriptions import (
    TURNED_OFF_AFTER,
    DeliveryError,
    SubscriptionStatus,
    SubscriptionStop,
)
from precert.domain.values import CodeType
from precert.names import (
    EVENT_SOURCE,
    SUBSCRIPTION_STOPPED,
    VENDOR_DETERMINED,
    VENDOR_REPORT_REFUSED,
    VENDOR_SOURCE_PREFIX,
)
from tools.example_request import example_request
from tools.openapi_files import ROOT, as_json, write_or_check
from tools.openapi_schemas import Schema, schemas_of

FOLDER: Final = ROOT / "docs" / "events"
VERSION: Final = 1
"""Version of the event schemas. It increases only with changes that break existing consumers."""

PRIVATE: Final = frozenset({"actor", "assigned_to"})
"""Properties of an event that are stored but not published (A3)."""

OF_VENDOR: Final = frozenset(
    {
        EventType.VENDOR_LINES_DETERMINED,
        EventType.VENDOR_DEADLINE_APPROACHING,
        EventType.VENDOR_DEADLINE_PASSED,
        EventType.REQUEST_DETERMINED,
    }
)
"""Types of events that can concern one delegated vendor, and then contain its ``vendor_id``."""

ULID: Final = "[0-9A-HJKMNP-TV-Z]{26}"
PATTERNS: Final[Mapping[str, str]] = {
    "document_id": f"^{ULID}$",
    "event_id": rf"^{ULID}\.(?:[0-9]{{6,}}(?:\.warning)?|{ULID})$",
    "number": "^[A-Z]{2}[0-9]{10}$",
    "request_id": f"^{ULID}$",
}

VENDOR_LINE: Final[Schema] = {
    "type": "object",
    "properties": {
        "vendor_id": {"type": "string"},
        "line_id": {"pattern": r"^[0-9]+\.[0-9]+$", "type": "string"},
        "procedure_code": {"pattern": "^[0-9A-Z]{3,5}$", "type": "string"},
        "code_set": {"enum": [kind.value for kind in CodeType]},
    },
    "required": ["line_id", "vendor_id"],
}
"""The schema of a service line that a delegated vendor decides: ids and codes."""
LISTS: Final[Mapping[str, Schema]] = {
    "approved_also_in": {"pattern": PATTERNS["number"], "type": "string"},
    "vendor_lines": VENDOR_LINE,
}

NOTES: Final[Mapping[str, str]] = {
    "approved_also_in": "Precertification numbers of other requests that approve one of the decided "
    "services on overlapping dates. Absent if there are none. Have a person compare the requests.",
    "at": "When the event occurred.",
    "document_id": "The document that the event concerns.",
    "due_at": "By when the party in `waiting_on` must act, if known.",
    "event_id": "The same at every delivery. Use it to detect repeated events.",
    "number": "The precertification number. A draft has none.",
    "refusal_code": "Why the document was refused. Codes can be added.",
    "request_id": "The id of the request. Read everything else from the API.",
    "cycle": "0 for a draft, 1 for the initial determination; each appeal adds 1.",
    "status": "The status of the request after the event.",
    "tins": "TINs of the providers that may see the request.",
    "type": "The same as `detail-type`.",
    "vendor_id": "The delegated vendor that reported, or whose decision is due.",
    "vendor_lines": "All service lines that delegated vendors decide. Absent if there are none.",
    "version": "The version of the event schemas.",
    "waiting_on": "Who must act next. Absent if the event does not change it.",
}

README: Final = f"""\
# Events on the bus

`make events` writes this folder from the code: for each event type a JSON Schema (2020-12) of the
EventBridge event, and a sample. An event states what happened to which request. It contains ids and
codes only, and no patient, diagnosis or user. Read everything else from the API with your own access
rights.

- **Subscribe** with a rule on the `source` `{EVENT_SOURCE}` and the `detail-type` that you need.
- **Repetition:** an event can arrive more than once. Its `event_id` is the same each time. Store
  the ids of the events that you have processed.
- **Order** is not guaranteed, not even for one request. `at` is the time of the change. If only the
  latest state matters, read the request.
- **Version:** the `$id` of each schema ends with the version of the event schemas, {VERSION}.
  Within a version, members and types can be added: ignore unknown ones. Nothing is
  renamed, removed or changed in meaning. If that becomes necessary, a new detail type is published in
  parallel with the old one until every receiver has migrated.

| Detail type | What happened |
| --- | --- |
"""

INBOUND: Final = f"""
## Events from delegated vendors

A delegated vendor reports a determination by HTTPS (`reportDetermination` of the API) or, for a
request that the payer delegated to it, with an event
[{VENDOR_DETERMINED}]({VENDOR_DETERMINED}.schema.json) whose `source` is
`{VENDOR_SOURCE_PREFIX}<vendor id>`. The bus allows each vendor's AWS account to publish its own
source only (`[vendors]` in `config/<stage>.toml`). Events contain ids and codes only. An event
can therefore report approvals as requested; a denial or a reduction needs its rationale, criterion
and reviewer, and is reported by HTTPS. Events can arrive twice and out of order: the report of a
request with the latest `reported_at` applies.

A report that is refused, such as a denial, changes nothing. An event
[{VENDOR_REPORT_REFUSED}]({VENDOR_REPORT_REFUSED}.schema.json) with the source `{EVENT_SOURCE}` is
published. It has the code of the error, and pointer and code of each error in the report. `report_id`
is the `EventId` that `PutEvents` returned to the vendor. The payer delivers it by a rule on
`vendor_id`. Correct the report and send it again. For a report that is recorded,
`VendorLinesDetermined` or `RequestDetermined` is published; a report that is older than the last one is
ignored.

## To owners of subscriptions

[{SUBSCRIPTION_STOPPED}]({SUBSCRIPTION_STOPPED}.schema.json) states that a subscription is no longer
notified, because its endpoint failed for three days or accepted no handshake. The payer delivers it
by a rule on `client_id`. When the endpoint works again, update the subscription with the status
`requested`: undelivered events are then delivered.
"""


def schema(event_type: EventType) -> Schema:
    """Return the schema of an event type, which allows additional properties."""
    schemas = schemas_of([(Event, "serialization")])
    detail = _detail(schemas["Event"], event_type)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{EVENT_SOURCE}:event:{event_type.value}:{VERSION}",
        "title": event_type.value,
        "description": EVENTS[event_type].meaning,
        "type": "object",
        "properties": {
            "version": {"const": "0", "description": "EventBridge's own."},
            "id": {"format": "uuid", "type": "string", "description": "EventBridge's own."},
            "detail-type": {"const": event_type.value},
            "source": {"const": EVENT_SOURCE},
            "account": {"pattern": "^[0-9]{12}$", "type": "string"},
            "time": {"format": "date-time", "type": "string"},
            "region": {"type": "string"},
            "resources": {"items": {"type": "string"}, "type": "array"},
            "detail": detail,
        },
        "required": ["detail", "detail-type", "id", "source", "time"],
        "$defs": {name: schemas[name] for name in ("Status", "WaitingOn")},
    }


def _detail(event: Schema, event_type: EventType) -> Schema:
    """Return the schema of the event's detail. Absent values are omitted and never null.

    The number is optional in an event about a document, as it can belong to a draft.
    """
    absent = set(PRIVATE)
    if EVENTS[event_type].subject is Subject.DRAFT:
        absent |= {"number", "vendor_lines"}
    if not EVENTS[event_type].of_document:
        absent.add("document_id")
    if event_type not in OF_VENDOR:
        absent.add("vendor_id")
    if event_type is not EventType.DOCUMENT_REFUSED:
        absent.add("refusal_code")
    if not EVENTS[event_type].decides_lines:
        absent.add("approved_also_in")
    names = set(event["properties"]) - absent
    optional = {"approved_also_in", "due_at", "vendor_id", "vendor_lines", "waiting_on"}
    if EVENTS[event_type].of_document:
        optional.add("number")
    return {
        "type": "object",
        "properties": {
            name: _member(name, event["properties"][name], event_type) for name in names
        },
        "required": sorted(names - optional),
    }


def _member(name: str, member: Schema, event_type: EventType) -> Schema:
    note = {"description": NOTES[name]} if name in NOTES else {}
    if name == "type":
        return {"const": event_type.value, **note}
    if name == "status":
        return {"$ref": "#/$defs/Status", **note}
    if name == "refusal_code":
        return {"pattern": "^[a-z_]+$", "type": "string", **note}
    if name == "waiting_on":
        return {"$ref": "#/$defs/WaitingOn", **note}
    if name == "due_at":
        return {"format": "date-time", "type": "string", **note}
    if name == "event_id" and event_type is EventType.NOTICES_ISSUED:
        return {
            "pattern": rf"^{ULID}\.notices-[0-9]+(?:-dates-[0-9]+|-extension|-vendor-[0-9]+-[0-9]+)?$",
            "type": "string",
            **note,
        }
    if name == "vendor_id":
        return {"type": "string", **note}
    if name in LISTS:
        return {"items": LISTS[name], "type": "array", **note}
    if name in PATTERNS:
        return {"pattern": PATTERNS[name], "type": "string", **note}
    return {**member, **note}


def sample(event_type: EventType) -> dict[str, Any]:
    """Return an example event as consumers receive it."""
    event = example_request().event(event_type)
    return {
        "version": "0",
        "id": str(uuid5(NAMESPACE_URL, event.event_id + event_type.value)),
        "detail-type": event_type.value,
        "source": EVENT_SOURCE,
        "account": "111122223333",
        "time": instant_text(event.at, "seconds"),
        "region": "us-east-1",
        "resources": [],
        "detail": detail_of(event),
    }


def detail_of(event: Event) -> dict[str, Any]:
    """Return the members of an event that are published."""
    published = event.model_copy(update=dict.fromkeys(PRIVATE))
    detail: dict[str, Any] = json.loads(json_of(published))
    return detail


def vendor_schema() -> Schema:
    """Return the schema of a delegated vendor's event. Unknown members are allowed and ignored."""
    detail = ReportedDetermination.model_json_schema()
    definitions = detail.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{EVENT_SOURCE}:event:{VENDOR_DETERMINED}:1",
        "title": VENDOR_DETERMINED,
        "description": "A delegated vendor decided service lines that the payer delegated to it.",
        "type": "object",
        "properties": {
            "detail-type": {"const": VENDOR_DETERMINED},
            "source": {"pattern": f"^{VENDOR_SOURCE_PREFIX}.+", "type": "string"},
            "detail": detail,
        },
        "required": ["detail", "detail-type", "source"],
        "$defs": definitions,
    }


def vendor_sample() -> dict[str, Any]:
    """Return a vendor's event for the example request."""
    determined = example_request().determined.request
    return {
        "source": f"{VENDOR_SOURCE_PREFIX}EVICORE-RAD",
        "detail-type": VENDOR_DETERMINED,
        "detail": {
            "version": 1,
            "number": determined.submitted.number,
            "reference": "RAD-2027-0001183",
            "reported_at": instant_text(determined.updated_at),
            "lines": [
                {"line_id": line.line_id, "status": LineStatus.APPROVED.value}
                for line in determined.submitted.lines
            ],
        },
    }


def refusal_schema() -> Schema:
    """Return the schema of the event about a vendor's report that was refused."""
    detail = ReportRefusal.model_json_schema(mode="serialization")
    definitions = detail.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{EVENT_SOURCE}:event:{VENDOR_REPORT_REFUSED}:1",
        "title": VENDOR_REPORT_REFUSED,
        "description": "A delegated vendor's report was refused. Nothing was recorded.",
        "type": "object",
        "properties": {
            "detail-type": {"const": VENDOR_REPORT_REFUSED},
            "source": {"const": EVENT_SOURCE},
            "detail": {**detail, "additionalProperties": True},
        },
        "required": ["detail", "detail-type", "source"],
        "$defs": definitions,
    }


def refusal_sample() -> dict[str, Any]:
    """Return the event about a report that denies a line."""
    determined = example_request().determined.request
    report_id = str(uuid5(NAMESPACE_URL, VENDOR_REPORT_REFUSED))
    refusal = ReportRefusal(
        event_id=f"{report_id}.refused",
        report_id=report_id,
        vendor_id="EVICORE-RAD",
        at=determined.updated_at,
        number=determined.submitted.number,
        code=InvalidInputError.code,
        errors=(
            ReportError(pointer="/lines/0/rationale", code="missing"),
            ReportError(pointer="/reviewer", code="missing"),
        ),
    )
    detail: dict[str, Any] = json.loads(json_of(refusal))
    return {"source": EVENT_SOURCE, "detail-type": VENDOR_REPORT_REFUSED, "detail": detail}


def stop_schema() -> Schema:
    """Return the schema of the event to the owner of a subscription that is no longer notified."""
    detail = SubscriptionStop.model_json_schema(mode="serialization")
    definitions = detail.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{EVENT_SOURCE}:event:{SUBSCRIPTION_STOPPED}:1",
        "title": SUBSCRIPTION_STOPPED,
        "description": "Notifications of a subscription were stopped, because its endpoint failed.",
        "type": "object",
        "properties": {
            "detail-type": {"const": SUBSCRIPTION_STOPPED},
            "source": {"const": EVENT_SOURCE},
            "detail": {**detail, "additionalProperties": True},
        },
        "required": ["detail", "detail-type", "source"],
        "$defs": definitions,
    }


def stop_sample() -> dict[str, Any]:
    """Return the event about an endpoint that failed for three days."""
    at = example_request().determined.request.updated_at
    subscription_id = str(uuid5(NAMESPACE_URL, SUBSCRIPTION_STOPPED))
    stop = SubscriptionStop(
        event_id=f"{subscription_id}.57",
        subscription_id=subscription_id,
        client_id="clinic-ehr",
        at=at,
        status=SubscriptionStatus.OFF,
        error=DeliveryError.NOT_ACCEPTED,
        error_status=503,
        failing_since=at - TURNED_OFF_AFTER,
        waiting=4,
    )
    detail: dict[str, Any] = json.loads(json_of(stop))
    return {"source": EVENT_SOURCE, "detail-type": SUBSCRIPTION_STOPPED, "detail": detail}


def files() -> dict[Path, str]:
    """Return the content of each file of the folder."""
    rows = [
        f"| [{kind.value}]({kind.value}.schema.json) | {EVENTS[kind].meaning} |"
        for kind in EventType
    ]
    contents = {FOLDER / "README.md": README + "\n".join(rows) + "\n" + INBOUND}
    contents[FOLDER / f"{VENDOR_DETERMINED}.schema.json"] = as_json(vendor_schema())
    contents[FOLDER / f"{VENDOR_DETERMINED}.sample.json"] = as_json(vendor_sample())
    contents[FOLDER / f"{VENDOR_REPORT_REFUSED}.schema.json"] = as_json(refusal_schema())
    contents[FOLDER / f"{VENDOR_REPORT_REFUSED}.sample.json"] = as_json(refusal_sample())
    contents[FOLDER / f"{SUBSCRIPTION_STOPPED}.schema.json"] = as_json(stop_schema())
    contents[FOLDER / f"{SUBSCRIPTION_STOPPED}.sample.json"] = as_json(stop_sample())
    for kind in EventType:
        contents[FOLDER / f"{kind.value}.schema.json"] = as_json(schema(kind))
        contents[FOLDER / f"{kind.value}.sample.json"] = as_json(sample(kind))
    return contents


def main(arguments: list[str]) -> int:
    """Write the folder or, with ``--check``, compare it; return the exit status."""
    contents = files()
    return write_or_check(
        contents,
        obsolete=frozenset(path for path in FOLDER.rglob("*.*") if path not in contents),
        check="--check" in arguments,
        command="make events",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
