"""Requests that come in whole (port :class:`precert.usecases.ports.registrations.Registrations`)."""

from collections.abc import Callable
from datetime import date, datetime
from math import ceil
from typing import TYPE_CHECKING, Any

from precert.adapters.dynamodb.codec import Item, to_wire
from precert.adapters.dynamodb.duplicates import LOCK_ATTEMPTS, lock, put_footprint
from precert.adapters.dynamodb.keys import number_pk, request_pk
from precert.adapters.dynamodb.members import covered_condition
from precert.adapters.dynamodb.operations import put_event, set_lines
from precert.adapters.dynamodb.reads import get
from precert.adapters.dynamodb.request_items import request_item, request_of
from precert.adapters.dynamodb.requests import worklist_attributes
from precert.adapters.dynamodb.transactions import ABSENT, ConditionFailedError, Writes
from precert.adapters.dynamodb.unmatched import unmatched_lines
from precert.contract import PK, REQUEST_SK, SK, TTL_ATTRIBUTE
from precert.domain.duplicates import Footprint
from precert.domain.errors import TransientError
from precert.domain.events import Event
from precert.domain.request import Request
from precert.usecases.ports.drafts import CoverageChangedError, NumberTakenError
from precert.usecases.ports.listings import row_of_request
from precert.usecases.ports.registrations import RegisteredAlreadyError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

NUMBER_SK = "NUMBER"


class LockChangedError(Exception):
    """Others were quicker at the lock on what is asked for; ``item`` is what it holds now."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("the lock changed")
        self.item = item


class DynamoDBRegistrations:
    """One transaction for each: what a submission writes, without a draft before it."""

    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        requests_table: str,
        reference_table: str,
        kept_until: Callable[[datetime], datetime],
    ) -> None:
        """``kept_until`` says until when history stays that changed last at an instant (T4)."""
        self._client = client
        self._kept_until = kept_until
        self._writes = Writes(client)
        self._table = requests_table
        self._reference_table = reference_table

    def register(
        self,
        request: Request,
        event: Event,
        *,
        covered_on: date | None,
        footprint: Footprint | None,
    ) -> None:
        patient = request.content.patient
        operations: list[dict[str, Any]] = [
            {"Put": self._put(request)},
            {"Put": self._put_number(request)},
            put_event(self._table, event),
            *set_lines(
                self._table, row_of_request(request), request.tins, request.content.member_id
            ),
            *unmatched_lines(self._table, request.request_id, request.content, request.submitted),
        ]
        if covered_on and patient:
            operations.append(covered_condition(self._reference_table, patient, covered_on))
        if footprint is None:
            self._transact(operations)
            return
        operations.append(put_footprint(self._table, footprint))
        known: Item | None = None
        for _ in range(LOCK_ATTEMPTS):
            try:
                self._transact([*operations, lock(self._table, footprint, known)])
            except LockChangedError as changed:
                known = changed.item
                continue
            return
        raise TransientError("Others are asking for the same. Send it again.")

    def _transact(self, operations: list[dict[str, Any]]) -> None:
        try:
            self._writes.transact(operations)
        except ConditionFailedError as failed:
            if failed.index == 0:
                current = request_of(failed.item) if failed.item else None
                raise RegisteredAlreadyError(current) from failed
            if "ConditionCheck" in operations[failed.index]:
                raise CoverageChangedError from failed
            if failed.index == 1:
                raise NumberTakenError from failed
            raise LockChangedError(failed.item) from failed

    def request_id_of(self, number: str) -> str | None:
        item = get(self._client, self._table, number_pk(number), NUMBER_SK)
        return item["request_id"] if item else None

    def _put(self, request: Request) -> dict[str, Any]:
        item = {
            PK: request_pk(request.request_id),
            SK: REQUEST_SK,
            **request_item(request),
            **worklist_attributes(request),
            "takes_documents": request.takes_documents,
        }
        if request.is_history:
            item[TTL_ATTRIBUTE] = ceil(self._kept_until(request.updated_at).timestamp())
        return {
            "TableName": self._table,
            "Item": to_wire(item),
            "ConditionExpression": ABSENT,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _put_number(self, request: Request) -> dict[str, Any]:
        number = request.submitted.number
        item = {PK: number_pk(number), SK: NUMBER_SK, "request_id": request.request_id}
        return {
            "TableName": self._table,
            "Item": to_wire(item),
            "ConditionExpression": ABSENT,
        }
