"""Operations that several writes share: events, lines of lists, conditions on the caller's TINs."""

from collections.abc import Collection
from typing import Any

from precert.adapters.dynamodb.codec import json_of, to_wire
from precert.adapters.dynamodb.keys import (
    DRAFT_PARTY_SK,
    event_sk,
    microseconds,
    party_sk,
    request_pk,
    tin_member,
    tin_status,
)
from precert.adapters.dynamodb.rows import row_text
from precert.adapters.dynamodb.transactions import ABSENT
from precert.contract import CHANGED, DUE, PK, ROW_ATTRIBUTE, SK, TIN, TIN_MEMBER, TIN_STATUS
from precert.domain.events import Event
from precert.domain.statuses import Status, WaitingOn
from precert.usecases.ports.listings import DashboardRow


def put_event(table: str, event: Event) -> dict[str, Any]:
    """The event of a change; it exists once, so a second change of the same version fails."""
    item = {
        PK: request_pk(event.request_id),
        SK: event_sk(event.request_id, event.event_id),
        "event": json_of(event),
    }
    return {"Put": {"TableName": table, "Item": to_wire(item), "ConditionExpression": ABSENT}}


def set_lines(
    table: str, row: DashboardRow, tins: Collection[str], member_id: str | None
) -> list[dict[str, Any]]:
    """Updates that bring a request's line up to date on the lists of each TIN.

    A draft has one line, of the TIN it is of. What else a line has, its flag, is the TIN's and stays.
    """
    return [{"Update": _line_update(table, row, tin, member_id)} for tin in sorted(tins)]


def _line_update(table: str, row: DashboardRow, tin: str, member_id: str | None) -> dict[str, Any]:
    is_draft = row.status is Status.INCOMPLETE
    # What a vendor still decides is on no list (W8), and in no index without these.
    listed = row.waiting_on is not WaitingOn.VENDOR
    attributes = {
        TIN: tin if listed else None,
        TIN_STATUS: tin_status(tin, row.status) if listed else None,
        TIN_MEMBER: tin_member(tin, member_id) if listed and member_id else None,
        CHANGED: microseconds(row.updated_at),
        DUE: microseconds(row.due_at) if row.due_at else None,
        ROW_ATTRIBUTE: row_text(row),
    }
    kept = [name for name, value in attributes.items() if value is not None]
    gone = [name for name, value in attributes.items() if value is None]
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in kept)
    if gone:
        expression += " REMOVE " + ", ".join(f"#{name}" for name in gone)
    return {
        "TableName": table,
        "Key": to_wire(
            {PK: request_pk(row.request_id), SK: DRAFT_PARTY_SK if is_draft else party_sk(tin)}
        ),
        "UpdateExpression": expression,
        "ExpressionAttributeNames": {f"#{name}": name for name in attributes},
        "ExpressionAttributeValues": to_wire({f":{n}": attributes[n] for n in kept}),
    }


def delete_draft_party(table: str, request_id: str) -> dict[str, Any]:
    """Takes a draft's line away, without knowing whose it was."""
    key = to_wire({PK: request_pk(request_id), SK: DRAFT_PARTY_SK})
    return {"Delete": {"TableName": table, "Key": key}}


def callers_condition(tins: Collection[str]) -> tuple[str, dict[str, str]]:
    """A condition that one of the TINs sees the request, and its values (A2)."""
    values = {f":tin{index}": tin for index, tin in enumerate(sorted(tins))}
    return "(" + " OR ".join(f"contains(tins, {name})" for name in values) + ")", values
