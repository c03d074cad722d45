"""Tables as the infrastructure creates them, and what loads them."""

from collections.abc import Collection
from datetime import datetime
from itertools import count
from typing import Any, Final

from mypy_boto3_dynamodb.client import DynamoDBClient

from precert import names as shared_names
from precert.adapters.dynamodb.bulk import Bulk, LoadSpeed, Pacer
from precert.adapters.dynamodb.loading import DynamoDBLoads
from precert.bootstrap import Dependencies
from precert.domain.coverage import Coverage, members_of
from tests.adapters.wire import Clients
from tests.fakes.clock import START


def _key(*names: str) -> list[Any]:
    kinds = ("HASH", "RANGE")
    return [{"AttributeName": n, "KeyType": k} for n, k in zip(names, kinds, strict=True)]


_OWN_KEY: Final = (shared_names.PK, shared_names.SK)


def create_requests_table(client: DynamoDBClient, name: str) -> None:
    """Create the requests table as the infrastructure does."""
    names = dict.fromkeys([*_OWN_KEY, *(n for i in shared_names.INDEXES.values() for n in i[:2])])
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_key(*_OWN_KEY),
        AttributeDefinitions=[
            {"AttributeName": n, "AttributeType": "N" if n in shared_names.NUMBERS else "S"}
            for n in names
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": name_,
                "KeySchema": _key(index.partition_key, index.sort_key),
                "Projection": (
                    {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.carries)}
                    if index.carries
                    else {"ProjectionType": "KEYS_ONLY"}
                ),
            }
            for name_, index in shared_names.INDEXES.items()
        ],
    )


def create_reference_table(client: DynamoDBClient, name: str) -> None:
    """Create the reference table as the infrastructure does."""
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_key(*_OWN_KEY),
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in _OWN_KEY],
    )


def create_tables(client: DynamoDBClient, requests: str, reference: str) -> None:
    create_requests_table(client, requests)
    create_reference_table(client, reference)


INLINE: Final = LoadSpeed(workers=1, writes_per_second=10**9, macs_per_second=10**9)
"""moto is called from one thread."""


def loads_of(clients: "Clients", table: str, digests: Any = None) -> DynamoDBLoads:
    """Loads of any table, one call after the other."""
    return DynamoDBLoads(
        clients.by_name["dynamodb"],
        reference_table=table,
        digests=digests,
        bulk=Bulk(workers=1, chance=lambda: 0.0),
        writes=Pacer(10**9),
        macs=Pacer(10**9),
    )


def put_ssn_digest(loads: DynamoDBLoads, member_id: str, digest: str, as_of: datetime) -> bool:
    """Store one hash of an SSN unless a newer one is stored; returns whether it did."""
    hashes = loads._hashes
    return hashes.put(member_id, digest, as_of, hashes.current([member_id]))


def put_coverages(deps: Dependencies, coverages: Collection[Coverage]) -> None:
    """Load members with exactly these spans, with the date of the sample data."""
    assert all(deps.loads.put_members(members_of(coverages), START))


_names = count(1)


def names(kind: str) -> str:
    """A name that no other test uses."""
    return f"{kind}-{next(_names)}"
