"""Conversion of requests to items and back, and operations that several writes share.

Attributes that conditions or indexes read are separate. The rest is compressed JSON, so that a typical
request is at most 1 KB and the console does not show health data in plain text. The content is a map of
its parts, each compressed separately, so that a part can be saved without reading the others.
"""

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel

from precert.adapters.dynamodb.dashboard_rows import row_text
from precert.adapters.dynamodb.keys import (
    DRAFT_PARTY_SK,
    event_sk,
    instant,
    member_hash,
    microseconds,
    party_sk,
    request_pk,
    tin_member,
    tin_status,
)
from precert.adapters.dynamodb.packing import pack, unpack
from precert.adapters.dynamodb.table import (
    ABSENT,
    Item,
    get,
    json_of,
    read_one,
    request_id_of,
    to_wire,
)
from precert.domain.content import RequestContent
from precert.domain.coverage import Plan
from precert.domain.damage import RecordKind
from precert.domain.events import Event
from precert.domain.request import Request
from precert.domain.review import Review
from precert.domain.rows import DashboardRow
from precert.domain.statuses import Status
from precert.names import (
    CHANGED,
    DUE,
    MEMBER,
    NEW_DOCUMENTS,
    PK,
    REQUEST_SK,
    ROW_ATTRIBUTE,
    SK,
    TIN,
    TIN_MEMBER,
    TIN_STATUS,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
Model = TypeVar("Model", bound=BaseModel)


def packed(model: BaseModel) -> bytes:
    """A model as compressed JSON."""
    return pack(model.model_dump_json(exclude_defaults=True))


def unpacked(kind: type[Model], data: Any) -> Model:
    """The model of :func:`packed`; ``data`` is the binary attribute."""
    return kind.model_validate_json(unpack(bytes(data)))


def packed_parts(content: RequestContent) -> dict[str, bytes]:
    """The parts of a content that were entered, each as compressed JSON."""
    entered = content.model_dump(mode="json", exclude_defaults=True)
    return {name: pack(_JSON.encode(part)) for name, part in entered.items()}


def unpacked_parts(parts: Mapping[str, Any]) -> RequestContent:
    """The content of :func:`packed_parts`."""
    texts = (f'"{name}":{unpack(bytes(part))}' for name, part in parts.items())
    return RequestContent.model_validate_json(f"{{{','.join(texts)}}}")


def _digest_of(stored: Any) -> str | None:
    """The digest in hexadecimal, from bytes or, in items of earlier releases, from text."""
    return stored if stored is None or isinstance(stored, str) else bytes(stored).hex()


def _plan_of(stored: Any) -> Plan:
    """The plan of a request, from compressed JSON or, in items of earlier releases, from text."""
    text = stored if isinstance(stored, str) else unpack(bytes(stored))
    return Plan.model_validate_json(text)


def request_item(request: Request) -> Item:
    """The request's own attributes, without keys and index attributes."""
    patient = request.content.patient
    return {
        "request_id": request.request_id,
        "version": request.version,
        "status": request.status.value,
        "tins": set(request.tins),
        "member_id": patient.member_id if patient else None,
        MEMBER: member_hash(patient.member_id) if patient else None,
        "plan": pack(request.plan.model_dump_json()),
        "content": packed_parts(request.content),
        "part_versions": dict(request.part_versions),
        "review": packed(request.review) if request.review else None,
        "cycle": request.review.cycle if request.review else None,
        "created_at": instant(request.created_at),
        "updated_at": instant(request.updated_at),
        "internal_since": instant(request.internal_since) if request.internal_since else None,
        "expires_at": instant(request.expires_at) if request.expires_at else None,
        "document_slots": request.document_slots,
        "started_with": bytes.fromhex(request.started_with) if request.started_with else None,
    }


def request_of(item: Item) -> Request:
    """The request of an item.

    Raises:
        DamagedRecordError: it cannot be read. The damage is reported.
    """
    return read_one(RecordKind.REQUEST, item, unchecked_request_of, request_id_of)


def unchecked_request_of(item: Item) -> Request:
    """The request of an item. Any exception means that the item is damaged."""
    return Request(
        request_id=item["request_id"],
        version=int(item["version"]),
        status=item["status"],
        tins=frozenset(item["tins"]),
        plan=_plan_of(item["plan"]),
        content=unpacked_parts(item["content"]),
        created_at=item["created_at"],
        updated_at=item["updated_at"],
        internal_since=item.get("internal_since"),
        expires_at=item.get("expires_at"),
        document_slots=int(item["document_slots"]),
        part_versions={name: int(one) for name, one in item.get("part_versions", {}).items()},
        new_documents=frozenset(item.get(NEW_DOCUMENTS, ())),
        unchanged_since=int(item["unchanged_since"]) if "unchanged_since" in item else None,
        started_with=_digest_of(item.get("started_with")),
        review=unpacked(Review, item["review"]) if "review" in item else None,
    )


def put_event(table: str, event: Event) -> dict[str, Any]:
    """The put of a change's event. Its id is unique, so a second change of the same version fails."""
    item = {
        PK: request_pk(event.request_id),
        SK: event_sk(event.request_id, event.event_id),
        "event": json_of(event),
    }
    return {"Put": {"TableName": table, "Item": to_wire(item), "ConditionExpression": ABSENT}}


def row_writes(
    table: str,
    row: DashboardRow,
    tins: Collection[str],
    member_id: str | None,
    *,
    listed: bool = True,
) -> list[dict[str, Any]]:
    """The updates of a request's dashboard row for each TIN.

    A draft has one row, of its TIN. Other attributes, such as the flag, are not changed. A row that is
    not ``listed`` is in no index.
    """
    return [
        {"Update": _row_update(table, row, tin, member_id, listed=listed)} for tin in sorted(tins)
    ]


def _row_update(
    table: str, row: DashboardRow, tin: str, member_id: str | None, *, listed: bool
) -> dict[str, Any]:
    is_draft = row.status is Status.INCOMPLETE
    attributes = {
        TIN: tin if listed else None,
        TIN_STATUS: tin_status(tin, row.status) if listed else None,
        TIN_MEMBER: tin_member(tin, member_id) if listed and member_id else None,
        CHANGED: microseconds(row.updated_at),
        DUE: microseconds(row.due_at) if row.due_at else None,
        ROW_ATTRIBUTE: row_text(row),
    }
    present = [name for name, value in attributes.items() if value is not None]
    absent = [name for name, value in attributes.items() if value is None]
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in present)
    if absent:
        expression += " REMOVE " + ", ".join(f"#{name}" for name in absent)
    return {
        "TableName": table,
        "Key": to_wire(
            {PK: request_pk(row.request_id), SK: DRAFT_PARTY_SK if is_draft else party_sk(tin)}
        ),
        "UpdateExpression": expression,
        "ExpressionAttributeNames": {f"#{name}": name for name in attributes},
        "ExpressionAttributeValues": to_wire({f":{n}": attributes[n] for n in present}),
    }


def delete_draft_party(table: str, request_id: str) -> dict[str, Any]:
    """The delete of a draft's dashboard row, whose key does not contain its TIN."""
    key = to_wire({PK: request_pk(request_id), SK: DRAFT_PARTY_SK})
    return {"Delete": {"TableName": table, "Key": key}}


MAX_TINS: Final = 25
"""Maximum number of TINs in a condition; DynamoDB limits the operators of an expression."""
_NO_TIN: Final = "none"


def deciding_tins(
    client: "DynamoDBClient", table: str, request_id: str, tins: Collection[str]
) -> Collection[str]:
    """The TINs of a caller that a condition on the request must list.

    For a caller with more than ``MAX_TINS``, they are those that the request also has, which is read
    for that; the condition of the write is still required. One AWS call in that case.
    """
    if len(tins) <= MAX_TINS:
        return tins
    item = get(client, table, request_pk(request_id), REQUEST_SK)
    return set(item["tins"] if item else ()).intersection(tins) or {_NO_TIN}


def callers_condition(tins: Collection[str]) -> tuple[str, dict[str, str]]:
    """The condition that the request has one of the TINs, and its values (A2)."""
    values = {f":tin{index}": tin for index, tin in enumerate(sorted(tins))}
    return "(" + " OR ".join(f"contains(tins, {name})" for name in values) + ")", values
