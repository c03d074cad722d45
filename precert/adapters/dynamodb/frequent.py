"""Frequently selected providers (port :class:`precert.usecases.ports.frequent.FrequentProviders`)."""

from typing import TYPE_CHECKING, Any

from precert.adapters.dynamodb.codec import json_of, to_wire
from precert.adapters.dynamodb.keys import frequent_pk, instant
from precert.adapters.dynamodb.reads import query_some
from precert.contract import PK, SK
from precert.domain.content import Provider
from precert.domain.frequent import (
    FrequentProvider,
    most_frequent,
    selected_provider,
    selection_key,
)
from precert.domain.request import Request

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_PAGES = 1
"""A megabyte: some two thousand providers of one TIN, of which ten are shown."""


class DynamoDBFrequentProviders:
    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._table = requests_table

    def of(self, tin: str) -> tuple[FrequentProvider, ...]:
        items, _ = query_some(self._client, self._table, frequent_pk(tin), pages=_PAGES)
        return most_frequent(
            [
                FrequentProvider(
                    provider=Provider.model_validate_json(item["provider"]),
                    selected=int(item["selected"]),
                    selected_at=item["selected_at"],
                )
                for item in items
            ]
        )


def count_selection(table: str, draft: Request) -> list[dict[str, Any]]:
    """The operations, of the transaction that starts the draft, that count what it has selected."""
    provider = selected_provider(draft.content)
    if provider is None:
        return []
    values = {":provider": json_of(provider), ":now": instant(draft.created_at), ":one": 1}
    return [
        {
            "Update": {
                "TableName": table,
                "Key": to_wire({PK: frequent_pk(tin), SK: selection_key(provider)}),
                "UpdateExpression": (
                    "SET provider = :provider, selected_at = :now ADD selected :one"
                ),
                "ExpressionAttributeValues": to_wire(values),
            }
        }
        for tin in sorted(draft.tins)
    ]
