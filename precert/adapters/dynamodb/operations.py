"""Operations that several writes share: events, dashboard lines, conditions on the caller's TINs."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from precert.adapters.dynamodb.codec import json_of, to_wire
from precert.adapters.dynamodb.keys import (
    DRAFT_PARTY_SK,
    dashboard_pk,
    dashboard_sk,
    event_sk,
    party_sk,
    request_pk,
)
from precert.contract import DASHBOARD_PK, DASHBOARD_SK, PK, ROW_ATTRIBUTE, SK
from precert.domain.content import RequestContent
from precert.domain.events import Event
from precert.domain.review import Review
from precert.domain.statuses import Status
from precert.usecases.ports.listings import dashboard_row

ABSENT = "attribute_not_exists(pk)"


def put_event(table: str, event: Event) -> dict[str, Any]:
    """The event of a change; it exists once, so a second change of the same version fails."""
    item = {
        PK: request_pk(event.request_id),
        SK: event_sk(event.request_id, event.event_id),
        "event": json_of(event),
    }
    return {"Put": {"TableName": table, "Item": to_wire(item), "ConditionExpression": ABSENT}}


def put_parties(
    table: str,
    request_id: str,
    tins: Collection[str],
    *,
    status: Status,
    content: RequestContent,
    review: Review | None,
    updated_at: datetime,
    expires_at: datetime | None = None,
) -> list[dict[str, Any]]:
    """The request's line on the dashboard of each TIN; a draft has one, of the TIN it is of."""
    row = json_of(dashboard_row(request_id, status, content, review, updated_at, expires_at))
    return [
        {
            "Put": {
                "TableName": table,
                "Item": to_wire(
                    {
                        PK: request_pk(request_id),
                        SK: party_sk(tin) if review else DRAFT_PARTY_SK,
                        DASHBOARD_PK: dashboard_pk(tin),
                        DASHBOARD_SK: dashboard_sk(updated_at, request_id),
                        ROW_ATTRIBUTE: row,
                    }
                ),
            }
        }
        for tin in sorted(tins)
    ]


def delete_draft_party(table: str, request_id: str) -> dict[str, Any]:
    """Takes a draft's line away, without knowing whose it was."""
    key = to_wire({PK: request_pk(request_id), SK: DRAFT_PARTY_SK})
    return {"Delete": {"TableName": table, "Key": key}}


def callers_condition(tins: Collection[str]) -> tuple[str, dict[str, str]]:
    """A condition that one of the TINs sees the request, and its values (A2)."""
    values = {f":tin{index}": tin for index, tin in enumerate(sorted(tins))}
    return "(" + " OR ".join(f"contains(tins, {name})" for name in values) + ")", values
