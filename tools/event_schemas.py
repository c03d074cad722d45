"""Writes ``docs/events``: for each event type the schema of what is on the bus, and a sample of it.

``--check`` writes nothing and fails where the committed files are not what would be written.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from precert.adapters.dynamodb.table import json_of
from precert.api.intake import ReportedDetermination
from precert.domain.events import Event
from precert.names import EVENT_SOURCE, VENDOR_DETERMINED, VENDOR_SOURCE_PREFIX, EventType
from tools.openapi_files import ROOT, as_json, settle
from tools.openapi_schemas import Schema, schemas_of
from tools.openapi_story import story

FOLDER: Final = ROOT / "docs" / "events"
VERSION: Final = 1
"""Version of the event contract: goes up only with what an existing receiver could not read."""

PRIVATE: Final = frozenset({"actor"})
"""Members of an event that stay in the table (A3)."""

ULID: Final = "[0-9A-HJKMNP-TV-Z]{26}"
PATTERNS: Final[Mapping[str, str]] = {
    "document_id": f"^{ULID}$",
    "event_id": rf"^{ULID}\.(?:[0-9]{{6,}}(?:\.warning)?|{ULID})$",
    "number": "^[A-Z]{2}[0-9]{10}$",
    "request_id": f"^{ULID}$",
}

MEANINGS: Final[Mapping[EventType, str]] = {
    EventType.DRAFT_STARTED: "Somebody began to enter a request.",
    EventType.DRAFT_DELETED: "A draft was deleted by hand.",
    EventType.DRAFT_EXPIRING: "A draft will soon be removed unless it is saved; once for each save.",
    EventType.DRAFT_EXPIRED: "A draft was removed as its time was over, its documents too.",
    EventType.REQUEST_SUBMITTED: "A request has arrived, with its number.",
    EventType.REQUEST_PENDED: "Clinical review has begun.",
    EventType.REQUEST_DETERMINED: "Every line is decided; `status` is that of the whole.",
    EventType.REQUEST_VOIDED: "The request was withdrawn before a decision.",
    EventType.REQUEST_DELEGATED: "A vendor decides the request, and will report it.",
    EventType.REQUEST_ENDED_AS_DUPLICATE: "The request repeats another one, which goes on.",
    EventType.INFORMATION_REQUESTED: "The providers are asked for more; the clock stands still.",
    EventType.INFORMATION_RECEIVED: "What was asked for has come; the clock runs on.",
    EventType.INFORMATION_OVERDUE: "What was asked for did not come in time; the clock runs on.",
    EventType.DEADLINE_EXTENDED: "The payer takes more time, once, for a reason.",
    EventType.PEER_TO_PEER_OFFERED: "A talk is offered to the requesting clinician.",
    EventType.CASE_ASSIGNED: "A reviewer holds the open round for a while.",
    EventType.CASE_RELEASED: "The open round is back in the queue.",
    EventType.DECISION_PROPOSED: "Decisions wait for a second signature.",
    EventType.DECISION_RETURNED: "The second signature was refused; the round is open again.",
    EventType.NOTICES_PRINTED: "The letters of the round are there, to be fetched and mailed.",
    EventType.DATES_CHANGED: "An operator moved approved dates.",
    EventType.PROVIDER_RECONCILED: "A provider was matched with the directory; `tins` may differ.",
    EventType.DEADLINE_NEARED: "The decision of the open round is due soon.",
    EventType.DEADLINE_PASSED: "The decision of the open round is overdue.",
    EventType.DOCUMENT_ATTACHED: "A document was verified and belongs to the request.",
    EventType.DOCUMENT_REFUSED: "A document was not accepted.",
    EventType.DOCUMENT_DELETED: "The office took a document off its draft.",
    EventType.APPEAL_FILED: "Denied lines are to be looked at again; a new round is open.",
    EventType.APPEAL_PENDED: "The appeal has reached the reviewers.",
    EventType.APPEAL_DETERMINED: "The appeal is decided; `status` is that of the whole after it.",
}
NOTES: Final[Mapping[str, str]] = {
    "at": "When it happened.",
    "document_id": "The document it is about.",
    "event_id": "The same at every delivery: tell repetitions by it.",
    "number": "The precertification number; a draft has none yet.",
    "request_id": "Ask the API for everything else.",
    "cycle": "0 for a draft, 1 for the first review; each appeal is one more.",
    "status": "Of the whole request, after the event.",
    "tins": "TINs of the providers that may see the request.",
    "type": "The same as `detail-type`.",
    "version": "Of the event contract.",
}

_OF_DRAFTS: Final = frozenset(
    {
        EventType.DRAFT_STARTED,
        EventType.DRAFT_DELETED,
        EventType.DRAFT_EXPIRING,
        EventType.DRAFT_EXPIRED,
        EventType.DOCUMENT_DELETED,
    }
)
_OF_DOCUMENTS: Final = frozenset(
    {EventType.DOCUMENT_ATTACHED, EventType.DOCUMENT_REFUSED, EventType.DOCUMENT_DELETED}
)

README: Final = f"""\
# Events on the bus

Written from the code by `make events`: for each type a JSON Schema (2020-12) of the whole EventBridge
event, and a sample. An event says what happened to which request, in ids and codes; no person, no
illness, no user. Whoever needs more asks the API, with rights of their own.

- **Subscribe** with a rule on the `source` `{EVENT_SOURCE}` and the `detail-type` you want.
- **Repetition:** an event may arrive more than once. Its `event_id` stays the same; keep those you have
  handled.
- **Order** is not promised. `at` tells when it happened; where only the last state matters, read the
  request.
- **Version:** each schema's `$id` ends with the version of the contract, {VERSION}. Within a version
  members and types may be added: pass over what you do not know. Nothing is renamed, removed or given
  another meaning. Should that be needed, there will be a new detail type beside the old one, and both
  are published until every receiver has moved.

| Detail type | What happened |
| --- | --- |
"""

INBOUND: Final = f"""
## What vendors put on it

A vendor that decides for the payer reports by HTTPS (`reportDetermination` of the API), or, for
requests that were handed on to it, by an event
[{VENDOR_DETERMINED}]({VENDOR_DETERMINED}.schema.json) with the `source`
`{VENDOR_SOURCE_PREFIX}<delegate id>`. The bus lets each vendor's AWS account put events of its own
source and no other (`vendors` in the deployment's context). Ids and codes only: what has to be said
in words goes by HTTPS. Events may come twice and out of order; of one request the latest
`reported_at` holds. What cannot be taken waits in the dead-letter queue.
"""


def schema(event_type: EventType) -> Schema:
    """What a receiver of the type may rely on; closed nowhere, as members may be added."""
    deps = schemas_of([(Event, "serialization")])
    detail = _detail(deps["Event"], event_type)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{EVENT_SOURCE}:event:{event_type.value}:{VERSION}",
        "title": event_type.value,
        "description": MEANINGS[event_type],
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
        "$defs": {"Status": deps["Status"]},
    }


def _detail(deps: Schema, event_type: EventType) -> Schema:
    """The event as the bus carries it: what is absent is left out and never null.

    A document may belong to a draft, which has no number yet.
    """
    absent = set(PRIVATE)
    if event_type in _OF_DRAFTS:
        absent.add("number")
    if event_type not in _OF_DOCUMENTS:
        absent.add("document_id")
    names = set(deps["properties"]) - absent
    optional = {"number"} if event_type in _OF_DOCUMENTS else set()
    return {
        "type": "object",
        "properties": {name: _member(name, deps["properties"][name], event_type) for name in names},
        "required": sorted(names - optional),
    }


def _member(name: str, member: Schema, event_type: EventType) -> Schema:
    note = {"description": NOTES[name]} if name in NOTES else {}
    if name == "type":
        return {"const": event_type.value, **note}
    if name == "status":
        return {"$ref": "#/$defs/Status", **note}
    if name == "event_id" and event_type is EventType.NOTICES_PRINTED:
        return {"pattern": rf"^{ULID}\.notices-[0-9]+$", "type": "string", **note}
    if name in PATTERNS:
        return {"pattern": PATTERNS[name], "type": "string", **note}
    return {**member, **note}


def sample(event_type: EventType) -> dict[str, Any]:
    """An event as a receiver gets it."""
    event = story().event(event_type)
    published = event.model_copy(update=dict.fromkeys(PRIVATE))
    detail = json.loads(json_of(published))
    return {
        "version": "0",
        "id": str(uuid5(NAMESPACE_URL, event.event_id + event_type.value)),
        "detail-type": event_type.value,
        "source": EVENT_SOURCE,
        "account": "111122223333",
        "time": event.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }


def vendor_schema() -> Schema:
    """What a vendor's event must hold; our reader passes over members it does not know."""
    detail = ReportedDetermination.model_json_schema()
    deps = detail.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{EVENT_SOURCE}:event:{VENDOR_DETERMINED}:1",
        "title": VENDOR_DETERMINED,
        "description": "A delegated vendor has decided a request that the payer handed on.",
        "type": "object",
        "properties": {
            "detail-type": {"const": VENDOR_DETERMINED},
            "source": {"pattern": f"^{VENDOR_SOURCE_PREFIX}.+", "type": "string"},
            "detail": detail,
        },
        "required": ["detail", "detail-type", "source"],
        "$defs": deps,
    }


def vendor_sample() -> dict[str, Any]:
    """The event that the schema describes, of the examples' request."""
    told = story().determined.request
    return {
        "source": f"{VENDOR_SOURCE_PREFIX}EVICORE-RAD",
        "detail-type": VENDOR_DETERMINED,
        "detail": {
            "version": 1,
            "number": told.submitted.number,
            "reference": "RAD-2027-0001183",
            "reported_at": told.updated_at.isoformat().replace("+00:00", "Z"),
            "lines": [
                {
                    "line_id": line.line_id,
                    "status": line.status.value,
                    **({"reason_code": code} if (code := line.decisions[-1].reason_code) else {}),
                }
                for line in told.submitted.lines
            ],
        },
    }


def files() -> dict[Path, str]:
    """Everything that belongs into the folder."""
    rows = [
        f"| [{kind.value}]({kind.value}.schema.json) | {MEANINGS[kind]} |" for kind in EventType
    ]
    deps = {FOLDER / "README.md": README + "\n".join(rows) + "\n" + INBOUND}
    deps[FOLDER / f"{VENDOR_DETERMINED}.schema.json"] = as_json(vendor_schema())
    deps[FOLDER / f"{VENDOR_DETERMINED}.sample.json"] = as_json(vendor_sample())
    for kind in EventType:
        deps[FOLDER / f"{kind.value}.schema.json"] = as_json(schema(kind))
        deps[FOLDER / f"{kind.value}.sample.json"] = as_json(sample(kind))
    return deps


def main(arguments: list[str]) -> int:
    """Writes the folder, or compares it."""
    deps = files()
    return settle(
        deps,
        strays=frozenset(path for path in FOLDER.rglob("*.*") if path not in deps),
        check="--check" in arguments,
        command="make events",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
