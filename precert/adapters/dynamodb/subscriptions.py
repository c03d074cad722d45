"""Subscriptions in the requests table (port ``SubscriptionStore``).

The condition of each write is the version of the item, so that concurrent deliveries neither repeat nor
skip an event number.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from precert.adapters.dynamodb.keys import (
    HEADERS_SK,
    SUBSCRIPTION_SK,
    SUBSCRIPTIONS_QUEUE,
    instant,
    notification_sk,
    numbered_sk,
    owner_key,
    subscribers_pk,
    subscription_pk,
)
from precert.adapters.dynamodb.table import (
    ABSENT,
    ConditionFailedError,
    Item,
    Writes,
    from_wire,
    get,
    json_of,
    query_all,
    read_one,
    readable,
    to_wire,
    transient_errors,
)
from precert.domain.damage import RecordKind
from precert.domain.subscriptions import RETAINED, Notification, Organization, Subscription
from precert.names import PK, SK, TTL_ATTRIBUTE, WORKLIST_INDEX, WORKLIST_PK, WORKLIST_SK
from precert.usecases.ports.subscriptions import (
    EventNumberedError,
    Headers,
    SubscriptionChangedError,
    SubscriptionsFullError,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_IDS: Final = "subscription_ids"
_STATE: Final = "subscription"
_VERSION: Final = "version"


class DynamoDBSubscriptions:
    """One item collection per subscription, and one item per client with its subscription ids."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._writes = Writes(client)
        self._table = requests_table

    # -- Reads ----------------------------------------------------------------------------------------

    def read(self, subscription_id: str) -> Subscription | None:
        item = get(self._client, self._table, subscription_pk(subscription_id), SUBSCRIPTION_SK)
        return read_one(RecordKind.SUBSCRIPTION, item, _subscription_of, _key_of) if item else None

    def headers(self, subscription_id: str) -> Headers:
        item = get(self._client, self._table, subscription_pk(subscription_id), HEADERS_SK)
        values = json.loads(item["headers"]) if item else {}
        return {name: SecretStr(value) for name, value in values.items()}

    def owned_by(self, issuer: str | None, subject: str) -> tuple[Subscription, ...]:
        listed = get(self._client, self._table, *owner_key(issuer, subject)) or {}
        found = (self.read(one) for one in sorted(listed.get(_IDS, ())))
        return tuple(one for one in found if one is not None)

    def of_organizations(self, organizations: Sequence[Organization]) -> tuple[str, ...]:
        items = [
            item
            for one in organizations
            for item in query_all(self._client, self._table, subscribers_pk(one))
        ]
        return tuple(dict.fromkeys(str(item[SK]) for item in items))

    def events(
        self, subscription_id: str, first: int, last: int, *, most: int
    ) -> tuple[Notification, ...]:
        if last < first:
            return ()
        with transient_errors():
            response = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
                ExpressionAttributeValues=to_wire(
                    {
                        ":pk": subscription_pk(subscription_id),
                        ":first": notification_sk(first),
                        ":last": notification_sk(last),
                    }
                ),
                ConsistentRead=True,
                Limit=most,
            )
        items = [from_wire(item) for item in response["Items"]]
        found, _ = readable(RecordKind.SUBSCRIPTION_EVENT, items, _notification_of, _key_of)
        return tuple(found)

    def due(self, now: datetime, *, most: int) -> tuple[str, ...]:
        with transient_errors():
            response = self._client.query(
                TableName=self._table,
                IndexName=WORKLIST_INDEX,
                KeyConditionExpression=f"{WORKLIST_PK} = :queue AND {WORKLIST_SK} <= :now",
                ExpressionAttributeValues=to_wire(
                    {":queue": SUBSCRIPTIONS_QUEUE, ":now": f"{instant(now)}~"}
                ),
                Limit=most,
            )
        items = (from_wire(item) for item in response["Items"])
        return tuple(str(item[PK]).removeprefix(subscription_pk("")) for item in items)

    # -- Writes ---------------------------------------------------------------------------------------

    def create(self, subscription: Subscription, headers: Headers, *, most: int) -> None:
        count = self._owned(subscription, "ADD")
        count["ConditionExpression"] = f"attribute_not_exists({_IDS}) OR size({_IDS}) < :most"
        count["ExpressionAttributeValues"] |= to_wire({":most": most})
        put = {
            "TableName": self._table,
            "Item": to_wire(_item(subscription)),
            "ConditionExpression": ABSENT,
        }
        try:
            self._writes.transact(
                [
                    {"Update": count},
                    {"Put": put},
                    self._headers(subscription, headers),
                    *self._listed(subscription, subscription.organizations),
                ]
            )
        except ConditionFailedError as failed:
            raise (
                SubscriptionsFullError if failed.index == 0 else SubscriptionChangedError
            ) from failed

    def replace(self, before: Subscription, after: Subscription, headers: Headers) -> None:
        added = set(after.organizations) - set(before.organizations)
        removed = set(before.organizations) - set(after.organizations)
        self._transact(
            [
                {"Put": self._put(after)},
                self._headers(after, headers),
                *self._listed(after, added),
                *self._unlisted(before, removed),
            ]
        )

    def store(self, subscription: Subscription) -> None:
        try:
            self._writes.put(**self._put(subscription))
        except ConditionFailedError as failed:
            raise SubscriptionChangedError from failed

    def record(self, subscription: Subscription, event: Notification) -> None:
        pk = subscription_pk(subscription.subscription_id)
        ttl = int((event.at + RETAINED).timestamp())
        numbered = {
            "TableName": self._table,
            "Item": to_wire({PK: pk, SK: numbered_sk(event.event_id), TTL_ATTRIBUTE: ttl}),
            "ConditionExpression": ABSENT,
        }
        stored = {
            PK: pk,
            SK: notification_sk(event.number),
            "event": json_of(event),
            TTL_ATTRIBUTE: ttl,
        }
        put = {
            "TableName": self._table,
            "Item": to_wire(stored),
            "ConditionExpression": ABSENT,
        }
        try:
            self._writes.transact(
                [{"Put": numbered}, {"Put": self._put(subscription)}, {"Put": put}]
            )
        except ConditionFailedError as failed:
            raise EventNumberedError if failed.index == 0 else SubscriptionChangedError from failed

    def delete(self, subscription: Subscription) -> None:
        pk = subscription_pk(subscription.subscription_id)
        own = {
            "TableName": self._table,
            "Key": to_wire({PK: pk, SK: SUBSCRIPTION_SK}),
            "ConditionExpression": f"{_VERSION} = :version",
            "ExpressionAttributeValues": to_wire({":version": subscription.version}),
        }
        headers = {"TableName": self._table, "Key": to_wire({PK: pk, SK: HEADERS_SK})}
        self._transact(
            [
                {"Delete": own},
                {"Delete": headers},
                {"Update": self._owned(subscription, "DELETE")},
                *self._unlisted(subscription, subscription.organizations),
            ]
        )

    def _transact(self, operations: list[dict[str, Any]]) -> None:
        try:
            self._writes.transact(operations)
        except ConditionFailedError as failed:
            raise SubscriptionChangedError from failed

    def _put(self, subscription: Subscription) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Item": to_wire(_item(subscription)),
            "ConditionExpression": f"{_VERSION} = :before",
            "ExpressionAttributeValues": to_wire({":before": subscription.version - 1}),
        }

    def _headers(self, subscription: Subscription, headers: Headers) -> dict[str, Any]:
        values = {name: value.get_secret_value() for name, value in headers.items()}
        key = {PK: subscription_pk(subscription.subscription_id), SK: HEADERS_SK}
        item = {**key, "headers": json.dumps(values)}
        return {"Put": {"TableName": self._table, "Item": to_wire(item)}}

    def _listed(
        self, subscription: Subscription, organizations: Sequence[Organization] | set[Organization]
    ) -> list[dict[str, Any]]:
        return [
            {"Put": {"TableName": self._table, "Item": _listing(one, subscription)}}
            for one in organizations
        ]

    def _unlisted(
        self, subscription: Subscription, organizations: Sequence[Organization] | set[Organization]
    ) -> list[dict[str, Any]]:
        return [
            {"Delete": {"TableName": self._table, "Key": _listing(one, subscription)}}
            for one in organizations
        ]

    def _owned(self, subscription: Subscription, change: str) -> dict[str, Any]:
        pk, sk = owner_key(subscription.issuer, subscription.subject)
        return {
            "TableName": self._table,
            "Key": to_wire({PK: pk, SK: sk}),
            "UpdateExpression": f"{change} {_IDS} :ids",
            "ExpressionAttributeValues": to_wire({":ids": {subscription.subscription_id}}),
        }


def _listing(organization: Organization, subscription: Subscription) -> Item:
    return to_wire({PK: subscribers_pk(organization), SK: subscription.subscription_id})


def _item(subscription: Subscription) -> Item:
    due = subscription.due_at
    return {
        PK: subscription_pk(subscription.subscription_id),
        SK: SUBSCRIPTION_SK,
        _VERSION: subscription.version,
        _STATE: json_of(subscription),
        WORKLIST_PK: SUBSCRIPTIONS_QUEUE if due else None,
        WORKLIST_SK: f"{instant(due)}#{subscription.subscription_id}" if due else None,
    }


def _subscription_of(item: Item) -> Subscription:
    return Subscription.model_validate_json(item[_STATE])


def _notification_of(item: Item) -> Notification:
    return Notification.model_validate_json(item["event"])


def _key_of(item: Item) -> str:
    return str(item[PK])
