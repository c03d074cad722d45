"""The operators' list of unmatched providers (S3), and what a reconciliation takes away.

A side's line stands in the worklist index under a partition of its own, in the request's collection:
from the write that marks the side to the one that reconciles it.
"""

from typing import Any

from precert.adapters.dynamodb.codec import json_of, to_wire
from precert.adapters.dynamodb.flags import uncount
from precert.adapters.dynamodb.keys import (
    UNMATCHED_QUEUE,
    party_sk,
    request_pk,
    unmatched_sk,
    unmatched_worklist_sk,
)
from precert.contract import PK, ROW_ATTRIBUTE, SK, WORKLIST_PK, WORKLIST_SK
from precert.domain.content import RequestContent
from precert.domain.matching import Side, unmatched
from precert.domain.request import Change
from precert.domain.review import Review
from precert.usecases.ports.listings import unmatched_row


def unmatched_lines(
    table: str, request_id: str, content: RequestContent, review: Review
) -> list[dict[str, Any]]:
    """Writes that bring the list up to date: a line for each side that waits, none for the others."""
    waiting = unmatched(review.temporary_providers)
    return [
        _put(table, request_id, side, content, review)
        if side in waiting
        else {"Delete": {"TableName": table, "Key": to_wire(_key(request_id, side))}}
        for side in Side
        if side in review.temporary_providers
    ]


def taken_away(table: str, change: Change) -> list[dict[str, Any]]:
    """Writes that take a request off the lists of the TINs that see it no more, flags included."""
    request_id = change.request.request_id
    return [
        operation
        for tin in sorted(change.unseen_by)
        for operation in (
            {
                "Delete": {
                    "TableName": table,
                    "Key": to_wire({PK: request_pk(request_id), SK: party_sk(tin)}),
                }
            },
            {"Update": uncount(table, tin, request_id)},
        )
    ]


def _key(request_id: str, side: Side) -> dict[str, str]:
    return {PK: request_pk(request_id), SK: unmatched_sk(side)}


def _put(
    table: str, request_id: str, side: Side, content: RequestContent, review: Review
) -> dict[str, Any]:
    item = {
        **_key(request_id, side),
        WORKLIST_PK: UNMATCHED_QUEUE,
        WORKLIST_SK: unmatched_worklist_sk(review.submitted_at, request_id, side),
        ROW_ATTRIBUTE: json_of(unmatched_row(request_id, side, content, review)),
    }
    return {"Put": {"TableName": table, "Item": to_wire(item)}}
