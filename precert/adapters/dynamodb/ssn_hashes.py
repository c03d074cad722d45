"""Keyed hashes of SSNs (P1): the current one of each member, and what leads from it to the member.

A changed hash replaces both in one transaction, so that exactly the current hash leads to the member,
wherever a load ends and whatever is loaded next. Of an unchanged hash only the date is written. The
hash of a member who is removed is deleted with the member.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from precert.adapters.dynamodb.dated_table import AS_OF, CONFLICTS, NOT_NEWER, DatedTable
from precert.adapters.dynamodb.keys import instant, member_pk, ssn_pk
from precert.adapters.dynamodb.reference import SSN_SK
from precert.adapters.dynamodb.table import Item
from precert.domain.errors import TransientError
from precert.names import PK, SK

AS_SEEN: Final = f"({NOT_NEWER}) AND digest = :seen"
FIRST: Final = f"({NOT_NEWER}) AND attribute_not_exists(digest)"


class SsnHashes:
    """The hashes in the reference table."""

    def __init__(self, items: DatedTable) -> None:
        self._items = items

    def current(self, member_ids: Sequence[str]) -> dict[str, Item]:
        """The items of the current hashes, by partition key, without members that have none."""
        return {item[PK]: item for item in self._items.read([_key(one) for one in member_ids])}

    def put(self, member_id: str, digest: str, as_of: datetime, known: Mapping[str, Item]) -> bool:
        """Store a member's hash unless a newer one is stored; returns whether it did.

        ``known`` are items from :meth:`current`, which can be outdated.

        Raises:
            TransientError: other loads changed the hash concurrently.
        """
        key = _key(member_id)
        stored = known.get(key[PK], {})
        for _ in range(CONFLICTS):
            if stored.get(AS_OF, "") > instant(as_of):
                return False
            if self._replace(member_id, digest, as_of, stored.get("digest")):
                return True
            stored = self._items.one(key)
        raise TransientError("SSNs were changed concurrently. Run the same command again later.")

    def deletions(self, member_id: str) -> list[dict[str, Any]]:
        """The operations that delete a member's hash, in the transaction that deletes the member."""
        stored = self._items.one(_key(member_id))
        if "digest" not in stored:
            return []
        unchanged = {
            "ConditionExpression": "digest = :seen",
            "ExpressionAttributeValues": {":seen": stored["digest"]},
        }
        return [
            self._items.operation("Delete", Key=_key(member_id), **unchanged),
            self._items.operation("Delete", Key=_link(member_id, stored["digest"])),
        ]

    def _replace(self, member_id: str, digest: str, as_of: datetime, seen: str | None) -> bool:
        """Store the hash if the current one is ``seen``; returns whether it did."""
        date = instant(as_of)
        item = {**_key(member_id), "digest": digest, AS_OF: date}
        condition = AS_SEEN if seen else FIRST
        values = {":as_of": date, ":seen": seen} if seen else {":as_of": date}
        if seen == digest:
            return self._items.put_if(condition, values, item)
        operation = self._items.operation
        operations = [
            operation(
                "Put", Item=item, ConditionExpression=condition, ExpressionAttributeValues=values
            ),
            operation("Put", Item=_link(member_id, digest)),
        ]
        if seen:
            operations.append(operation("Delete", Key=_link(member_id, seen)))
        return self._items.transact(operations)


def _key(member_id: str) -> dict[str, str]:
    return {PK: member_pk(member_id), SK: SSN_SK}


def _link(member_id: str, digest: str) -> dict[str, str]:
    """The item that leads from a hash to the member; it has no other attributes."""
    return {PK: ssn_pk(digest), SK: member_id.upper()}
