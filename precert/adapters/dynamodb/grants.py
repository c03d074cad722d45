"""Grants (port :class:`precert.usecases.grants.Grants`) in the reference table.

No function can write this table. A second item per grant is for the list of all grants, and one item
per issuer has the reviewers, for review leads.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from precert.adapters.dynamodb.keys import (
    GRANT_SK,
    GRANTS_PK,
    REVIEWERS_SK,
    grant_pk,
    reviewers_pk,
)
from precert.adapters.dynamodb.table import (
    ConditionFailedError,
    Item,
    Writes,
    get,
    json_of,
    query_all,
    read_one,
    readable,
    to_wire,
)
from precert.domain.caller import Grant, ListedReviewer
from precert.domain.damage import Readable, RecordKind
from precert.domain.errors import DamagedRecordError, TransientError
from precert.names import PK, SK

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


CONFLICTS: Final = 5
"""Number of attempts to change a grant that other commands change concurrently."""


class DynamoDBGrants:
    """TINs, plans, vendors and entitlements by subject (port ``Grants``)."""

    def __init__(self, client: "DynamoDBClient", *, reference_table: str) -> None:
        self._client = client
        self._writes = Writes(client)
        self._table = reference_table

    def read(self, issuer: str, subject: str) -> Grant | None:
        item = get(self._client, self._table, grant_pk(issuer, subject), GRANT_SK)
        return read_one(RecordKind.GRANT, item, _grant_of, _key_of) if item else None

    def store(self, grant: Grant) -> None:
        self._write(grant)

    def change(self, issuer: str, subject: str, change: Callable[[Grant], Grant]) -> Grant:
        for _ in range(CONFLICTS):
            item = get(self._client, self._table, grant_pk(issuer, subject), GRANT_SK)
            before = read_one(RecordKind.GRANT, item, _grant_of, _key_of) if item else None
            after = change(before or Grant(issuer=issuer, subject=subject))
            condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
            if item:
                condition = {
                    "ConditionExpression": "#grant = :read",
                    "ExpressionAttributeNames": {"#grant": "grant"},
                    "ExpressionAttributeValues": to_wire({":read": item["grant"]}),
                }
            try:
                self._write(after, condition)
            except ConditionFailedError:
                continue
            return after
        raise TransientError("The rights were changed concurrently. Run the same command again.")

    def _write(self, grant: Grant, condition: Mapping[str, Any] | None = None) -> None:
        """Write the grant, its entry among all grants, and that among the reviewers, or nothing."""
        key = {PK: grant_pk(grant.issuer, grant.subject), SK: GRANT_SK}
        listed = {PK: GRANTS_PK, SK: f"{grant.issuer}#{grant.subject}"}
        reviewers = {"Key": to_wire({PK: reviewers_pk(grant.issuer), SK: REVIEWERS_SK})}
        self._writes.update(
            TableName=self._table,
            **reviewers,
            UpdateExpression="SET #reviewers = if_not_exists(#reviewers, :none)",
            ExpressionAttributeNames={"#reviewers": "reviewers"},
            ExpressionAttributeValues={":none": {"M": {}}},
        )
        of_reviewers = {"Update": {**reviewers, **_entry_of(grant)}}
        if grant.is_empty:
            written = [
                {"Delete": {"Key": to_wire(key), **(condition or {})}},
                {"Delete": {"Key": to_wire(listed)}},
            ]
        else:
            item = {**key, "grant": json_of(grant)}
            text = {"issuer": grant.issuer, "subject": grant.subject}
            written = [
                {"Put": {"Item": to_wire(item), **(condition or {})}},
                {"Put": {"Item": to_wire({**listed, **text})}},
            ]
        self._writes.transact(
            [
                {kind: {"TableName": self._table, **arguments}}
                for operation in (*written, of_reviewers)
                for kind, arguments in operation.items()
            ]
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


def _entry_of(grant: Grant) -> dict[str, Any]:
    """The update of the list of reviewers, which has the grants with plans."""
    names = {"#reviewers": "reviewers", "#subject": grant.subject}
    if not grant.plan_ids:
        return {
            "UpdateExpression": "REMOVE #reviewers.#subject",
            "ExpressionAttributeNames": names,
        }
    listed = ListedReviewer(subject=grant.subject, label=grant.label, plan_ids=grant.plan_ids)
    return {
        "UpdateExpression": "SET #reviewers.#subject = :listed",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": to_wire({":listed": json_of(listed)}),
    }


def _grant_of(item: Item) -> Grant:
    return Grant.model_validate_json(item["grant"])


def _reviewer_of(entry: Item) -> ListedReviewer:
    return ListedReviewer.model_validate_json(entry["listed"])


def _subject_of(entry: Item) -> str:
    return str(entry["subject"])


def _key_of(item: Item) -> str:
    return str(item[PK])
