"""Conditional writes: how boto3's errors become answers.

A write that fails its condition is an answer, not a fault, and is never tried again. A transaction
that met another one is tried again a few times; botocore repeats throttled and unanswered calls
itself, with the same ClientRequestToken, so that a lost answer does not write twice.
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from precert.adapters.dynamodb.codec import Item, from_wire
from precert.domain.errors import TransientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

ABSENT = "attribute_not_exists(pk)"
"""The condition of a write that makes an item."""
CONFLICT_PAUSES = (0.02, 0.05, 0.1, 0.2)
"""Seconds to wait after each transaction conflict before the next attempt."""


class ConditionFailedError(Exception):
    """A condition did not hold.

    ``index`` is the operation whose condition it was, the first of them; ``item`` what was there.
    """

    def __init__(self, index: int, item: Item | None) -> None:
        super().__init__(f"condition {index}")
        self.index = index
        self.item = item


class Writes:
    """Writes of one client."""

    def __init__(
        self, client: "DynamoDBClient", *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._pause = pause

    def transact(self, operations: Sequence[dict[str, Any]]) -> None:
        """All of the operations, or none.

        Raises:
            ConditionFailedError: a condition did not hold.
            TransientError: the table did not take it; nothing is known to be written.
        """
        for pause in (*CONFLICT_PAUSES, None):
            try:
                self._client.transact_write_items(TransactItems=cast("Any", list(operations)))
            except ClientError as error:
                answer: dict[str, Any] = dict(error.response)
                reasons = answer.get("CancellationReasons", [])
                _raise_failed_condition(reasons)
                codes = {reason.get("Code") for reason in reasons}
                if "TransactionConflict" in codes and pause is not None:
                    self._pause(pause)
                    continue
                raise _transient(error) from error
            except BotoCoreError as error:
                raise _transient(error) from error
            return

    def update(self, **arguments: Any) -> None:
        """One conditional update; a failed condition tells what was there."""
        try:
            self._client.update_item(**arguments, ReturnValuesOnConditionCheckFailure="ALL_OLD")
        except ClientError as error:
            _raise_single(error)
        except BotoCoreError as error:
            raise _transient(error) from error

    def put(self, **arguments: Any) -> None:
        """One put, conditional or not."""
        try:
            self._client.put_item(**arguments)
        except ClientError as error:
            _raise_single(error)
        except BotoCoreError as error:
            raise _transient(error) from error

    def delete(self, **arguments: Any) -> None:
        """One conditional delete."""
        try:
            self._client.delete_item(**arguments)
        except ClientError as error:
            _raise_single(error)
        except BotoCoreError as error:
            raise _transient(error) from error


def _raise_failed_condition(reasons: Sequence[dict[str, Any]]) -> None:
    for index, reason in enumerate(reasons):
        if reason.get("Code") == "ConditionalCheckFailed":
            item = reason.get("Item")
            raise ConditionFailedError(index, from_wire(item) if item else None)


def _raise_single(error: ClientError) -> None:
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise _transient(error) from error
    item = dict[str, Any](error.response).get("Item")
    raise ConditionFailedError(0, from_wire(item) if item else None) from error


def _transient(error: Exception) -> TransientError:
    return TransientError(f"The table did not take the write ({type(error).__name__}). Try again.")
