"""Grants (port :class:`precert.usecases.grants.Grants`) in the reference table.

No function can write this table. A second item per grant is for the list of all grants, and one item
per issuer has the reviewers, for review leads.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from precert.adapters.dynamodb.keys import (
    GRANT_SK,
    GRANTS_PK,
    REVIEWERS_SK,
    grant_pk,
    reviewers_pk,
)
from precert.adapters.dynamodb.table import (
    Item,
    get,
    json_of,
    query_all,
    read_one,
    readable,
    to_wire,
    transient_errors,
)
from precert.domain.caller import Grant, ListedReviewer
from precert.domain.damage import Readable, RecordKind
from precert.domain.errors import DamagedRecordError
from precert.names import PK, SK

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoDBGrants:
    """TINs, plans, vendors and entitlements by subject (port ``Grants``)."""

    def __init__(self, client: "DynamoDBClient", *, reference_table: str) -> None:
        self._client = client
        self._table = reference_table

    def read(self, issuer: str, subject: str) -> Grant | None:
        item = get(self._client, self._table, grant_pk(issuer, subject), GRANT_SK)
        return read_one(RecordKind.GRANT, item, _grant_of, _key_of) if item else None

    def store(self, grant: Grant) -> None:
        key = {PK: grant_pk(grant.issuer, grant.subject), SK: GRANT_SK}
        listed = {PK: GRANTS_PK, SK: f"{grant.issuer}#{grant.subject}"}
        with transient_errors():
            self._list_reviewer(grant)
            if grant.is_empty:
                for one in (key, listed):
                    self._client.delete_item(TableName=self._table, Key=to_wire(one))
                return
            text = {"issuer": grant.issuer, "subject": grant.subject}
            for item in ({**listed, **text}, {**key, "grant": json_of(grant)}):
                self._client.put_item(TableName=self._table, Item=to_wire(item))

    def _list_reviewer(self, grant: Grant) -> None:
        """Store the grant's entry in the list of reviewers; delete it if the grant has no plans."""
        key = to_wire({PK: reviewers_pk(grant.issuer), SK: REVIEWERS_SK})
        entry = {"#reviewers": "reviewers", "#subject": grant.subject}
        if not grant.plan_ids:
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=key,
                    UpdateExpression="REMOVE #reviewers.#subject",
                    ConditionExpression="attribute_exists(#reviewers.#subject)",
                    ExpressionAttributeNames=entry,
                )
            except ClientError as error:
                # Most grants are not of reviewers, and have no entry.
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise
            return
        listed = ListedReviewer(subject=grant.subject, label=grant.label, plan_ids=grant.plan_ids)
        self._client.update_item(
            TableName=self._table,
            Key=key,
            UpdateExpression="SET #reviewers = if_not_exists(#reviewers, :none)",
            ExpressionAttributeNames={"#reviewers": "reviewers"},
            ExpressionAttributeValues={":none": {"M": {}}},
        )
        self._client.update_item(
            TableName=self._table,
            Key=key,
            UpdateExpression="SET #reviewers.#subject = :listed",
            ExpressionAttributeNames=entry,
            ExpressionAttributeValues={":listed": {"S": json_of(listed)}},
        )

    def reviewers(self, issuer: str) -> Readable[ListedReviewer]:
        item = get(self._client, self._table, reviewers_pk(issuer), REVIEWERS_SK)
        entries = [
            {"subject": subject, "listed": listed}
            for subject, listed in (item["reviewers"] if item else {}).items()
        ]
        found, unread = readable(RecordKind.GRANT, entries, _reviewer_of, _subject_of)
        return Readable(tuple(found), unread)

    def stored(self) -> Iterator[Grant]:
        for item in query_all(self._client, self._table, GRANTS_PK):
            try:
                grant = self.read(item["issuer"], item["subject"])
            except DamagedRecordError:
                # The damage is reported. The others are listed.
                continue
            if grant is not None:
                yield grant


def _grant_of(item: Item) -> Grant:
    return Grant.model_validate_json(item["grant"])


def _reviewer_of(entry: Item) -> ListedReviewer:
    return ListedReviewer.model_validate_json(entry["listed"])


def _subject_of(entry: Item) -> str:
    return str(entry["subject"])


def _key_of(item: Item) -> str:
    return str(item[PK])
