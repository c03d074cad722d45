"""Tables that were restored under a new name (port ``RestoredTables``).

DynamoDB restores keys, indexes, items and encryption, but not the stream, TTL, point-in-time recovery
and deletion protection.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from precert.domain.errors import TransientError
from precert.names import INDEXES, NUMBERS, PK, SK, TTL_ATTRIBUTE
from precert.usecases.restoring import PreparedTable, UnfitTableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

POLL_SECONDS: Final = 5.0
_WAIT_SECONDS: Final = 24 * 3600


class DynamoDBRestoredTables:
    """Prepares tables. A step that is done already is skipped, so that the command can be repeated."""

    def __init__(self, client: "DynamoDBClient", *, pause: Callable[[float], None]) -> None:
        self._client = client
        self._pause = pause

    def prepare(
        self, table: str, *, requests: bool, key_arn: str | None, protect: bool
    ) -> PreparedTable:
        try:
            return self._prepare(table, requests=requests, key_arn=key_arn, protect=protect)
        except self._client.exceptions.ResourceNotFoundException:
            raise UnfitTableError(f"the table {table} does not exist in this Region") from None
        except (BotoCoreError, ClientError) as error:
            raise TransientError(f"The table {table} did not respond ({error}).") from error

    def _prepare(
        self, table: str, *, requests: bool, key_arn: str | None, protect: bool
    ) -> PreparedTable:
        found = self._active(table)
        keys = [(one["AttributeName"], one["KeyType"]) for one in found["KeySchema"]]
        if sorted(keys) != [(PK, "HASH"), (SK, "RANGE")]:
            raise UnfitTableError(f"the keys of the table {table} are not {PK} and {SK}")
        used = found.get("SSEDescription", {}).get("KMSMasterKeyArn")
        if key_arn is not None and used != key_arn:
            raise UnfitTableError(
                f"the table {table} is encrypted with {used or 'a key that AWS owns'}, but the "
                f"functions can only use the stage's key: restore the table with {key_arn}"
            )
        done: list[str] = []
        if requests:
            for name in self._missing_indexes(table, found):
                self._create_index(table, name)
                done.append(f"index {name}")
            if not found.get("StreamSpecification", {}).get("StreamEnabled"):
                self._update(
                    table,
                    StreamSpecification={
                        "StreamEnabled": True,
                        "StreamViewType": "NEW_AND_OLD_IMAGES",
                    },
                )
                done.append("stream")
            if self._enable_ttl(table):
                done.append("TTL")
        if self._enable_recovery(table):
            done.append("point-in-time recovery")
        if protect and not found.get("DeletionProtectionEnabled"):
            self._update(table, DeletionProtectionEnabled=True)
            done.append("deletion protection")
        stream = self._active(table).get("LatestStreamArn") if requests else None
        return PreparedTable(table, stream, tuple(done))

    def _active(self, table: str) -> dict[str, Any]:
        for _ in range(int(_WAIT_SECONDS / POLL_SECONDS)):
            found: dict[str, Any] = dict(self._client.describe_table(TableName=table)["Table"])
            indexes = found.get("GlobalSecondaryIndexes", [])
            states = {found["TableStatus"], *(one.get("IndexStatus", "ACTIVE") for one in indexes)}
            if states == {"ACTIVE"}:
                return found
            self._pause(POLL_SECONDS)
        raise TransientError(f"The table {table} is not active after a day.")

    def _missing_indexes(self, table: str, found: dict[str, Any]) -> Iterator[str]:
        stored = {one["IndexName"]: one for one in found.get("GlobalSecondaryIndexes", [])}
        for name, index in INDEXES.items():
            if name not in stored:
                yield name
                continue
            keys = tuple(
                one["AttributeName"]
                for one in sorted(stored[name]["KeySchema"], key=lambda key: key["KeyType"])
            )
            carried = set(stored[name]["Projection"].get("NonKeyAttributes", ()))
            if keys != index.key or carried != set(index.carries):
                raise UnfitTableError(
                    f"the index {name} of the table {table} has different keys or attributes, so the "
                    "backup is of another release. Deploy that release, or restore without the index"
                )

    def _create_index(self, table: str, name: str) -> None:
        """Create an index, and wait for it: DynamoDB creates one index at a time."""
        index = INDEXES[name]
        projection: Any = (
            {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.carries)}
            if index.carries
            else {"ProjectionType": "KEYS_ONLY"}
        )
        self._update(
            table,
            AttributeDefinitions=[
                {"AttributeName": one, "AttributeType": "N" if one in NUMBERS else "S"}
                for one in index.key
            ],
            GlobalSecondaryIndexUpdates=[
                {
                    "Create": {
                        "IndexName": name,
                        "KeySchema": [
                            {"AttributeName": index.partition_key, "KeyType": "HASH"},
                            {"AttributeName": index.sort_key, "KeyType": "RANGE"},
                        ],
                        "Projection": projection,
                    }
                }
            ],
        )

    def _update(self, table: str, **change: Any) -> None:
        self._client.update_table(TableName=table, **change)
        self._active(table)

    def _enable_ttl(self, table: str) -> bool:
        found = self._client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if found.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}:
            return False
        self._client.update_time_to_live(
            TableName=table,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE},
        )
        return True

    def _enable_recovery(self, table: str) -> bool:
        found = self._client.describe_continuous_backups(TableName=table)
        state = found["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        if state.get("PointInTimeRecoveryStatus") == "ENABLED":
            return False
        self._client.update_continuous_backups(
            TableName=table,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )
        return True
