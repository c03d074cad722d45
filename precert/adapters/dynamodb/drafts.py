"""Drafts in the requests table, and the list of drafts whose expiry warning is due.

A draft's row has keys of the worklist index until the warning is sent: partition ``DRAFTS``, sorted by
the time of the warning, so that a query reads only due warnings. A save postpones the warning but does
not move the entry, which would take two more write units. The entry is rescheduled when it is due.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Any

from precert.adapters.dynamodb.directory import count_selection
from precert.adapters.dynamodb.duplicates import LockChangedError, put_fingerprint, write_with_lock
from precert.adapters.dynamodb.keys import (
    DRAFT_PARTY_SK,
    DRAFTS_QUEUE,
    instant,
    number_pk,
    request_pk,
)
from precert.adapters.dynamodb.queue_entries import processing_attributes, unmatched_writes
from precert.adapters.dynamodb.reference import covered_condition
from precert.adapters.dynamodb.request_items import (
    callers_condition,
    deciding_tins,
    delete_draft_party,
    packed,
    packed_parts,
    put_event,
    request_item,
    request_of,
    row_writes,
)
from precert.adapters.dynamodb.table import (
    ABSENT,
    ConditionFailedError,
    Item,
    Writes,
    pages_of,
    request_id_of,
    to_wire,
)
from precert.domain.content import PARTS, Patient
from precert.domain.events import Event
from precert.domain.request import Request
from precert.domain.rows import dashboard_row, row_of_request
from precert.domain.statuses import Status, WaitingOn
from precert.names import (
    CHANGED,
    PK,
    REQUEST_SK,
    SK,
    TTL_ATTRIBUTE,
    WORKLIST_INDEX,
    WORKLIST_PK,
    WORKLIST_SK,
)
from precert.usecases.ports.requests import (
    CoverageChangedError,
    DraftChangedError,
    DraftRefusedError,
    DueWarning,
    NumberTakenError,
    Saving,
    Submission,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


_LIVE = "#status = :incomplete AND version = :based_on AND expires_at > :now"


class DynamoDBDrafts:
    """Drafts. Each write is one AWS call with all its conditions."""

    def __init__(
        self, client: "DynamoDBClient", *, requests_table: str, reference_table: str
    ) -> None:
        self._client = client
        self._writes = Writes(client)
        self._table = requests_table
        self._reference_table = reference_table

    def _deciding(self, request_id: str, tins: Collection[str]) -> Collection[str]:
        return deciding_tins(self._client, self._table, request_id, tins)

    def start(self, request: Request, event: Event, warn_at: datetime | None) -> None:
        item = {
            **_key(request.request_id),
            **request_item(request),
            TTL_ATTRIBUTE: _ttl(request.expires_at),
        }
        put = {
            "TableName": self._table,
            "Item": to_wire(item),
            "ConditionExpression": ABSENT,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        before = [{"Put": put}, put_event(self._table, event)]
        row = {"Update": self._row_update(request, warn_at)}
        try:
            self._writes.transact([*before, *count_selection(self._table, request), row])
        except ConditionFailedError as failed:
            if failed.index < len(before):
                raise DraftRefusedError(_current(failed.item)) from failed
            # A damaged count of selected providers is overwritten.
            counted = count_selection(self._table, request, replaced=True)
            self._transact([*before, *counted, row])

    def show(self, draft: Request, warn_at: datetime | None) -> None:
        row = self._row_update(draft, warn_at)
        row["ConditionExpression"] = f"attribute_exists(pk) AND #{CHANGED} < :{CHANGED}"
        try:
            self._writes.update(**row)
        except ConditionFailedError:
            return

    def save(self, saving: Saving) -> None:
        update = _live_update(
            "",
            {
                ":next": saving.based_on + 1,
                ":expires_at": instant(saving.expires_at),
                ":ttl": _ttl(saving.expires_at),
            },
            based_on=saving.based_on,
            patient=saving.content.patient,
            callers_tins=self._deciding(saving.request_id, saving.callers_tins),
            now=saving.now,
        )
        sets = "version = :next, updated_at = :now, expires_at = :expires_at, #ttl = :ttl"
        update["UpdateExpression"] = f"SET {sets}{_change_of_parts(saving, update)}"
        update["ExpressionAttributeNames"]["#ttl"] = TTL_ATTRIBUTE
        key = to_wire(_key(saving.request_id))
        try:
            self._writes.update(TableName=self._table, Key=key, **update)
        except ConditionFailedError as failed:
            raise DraftRefusedError(_current(failed.item)) from failed

    def delete(
        self, draft: Request, event: Event, *, callers_tins: Collection[str], now: datetime
    ) -> None:
        live = _live_update(
            "",
            {},
            based_on=draft.version,
            patient=draft.content.patient,
            callers_tins=self._deciding(draft.request_id, callers_tins),
            now=now,
        )
        del live["UpdateExpression"]
        delete = {
            "TableName": self._table,
            "Key": to_wire(_key(draft.request_id)),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **live,
        }
        self._transact(
            [
                {"Delete": delete},
                put_event(self._table, event),
                delete_draft_party(self._table, draft.request_id),
            ]
        )

    def submit(self, submission: Submission) -> None:
        def write(adding: dict[str, Any]) -> None:
            operations = [*self._submission(submission), adding]
            try:
                self._writes.transact(operations)
            except ConditionFailedError as failed:
                if failed.index == 0:
                    raise DraftRefusedError(_current(failed.item)) from failed
                if "ConditionCheck" in operations[failed.index]:
                    raise CoverageChangedError from failed
                if operations[failed.index] is not adding:
                    raise NumberTakenError from failed
                raise LockChangedError(failed.item) from failed

        write_with_lock(self._table, submission.fingerprint, write)

    def _row_update(self, draft: Request, warn_at: datetime | None) -> dict[str, Any]:
        (operation,) = row_writes(
            self._table, row_of_request(draft), draft.tins, draft.content.member_id
        )
        row: dict[str, Any] = operation["Update"]
        if warn_at is not None:
            sets = (
                f"{WORKLIST_PK} = :drafts, {WORKLIST_SK} = if_not_exists({WORKLIST_SK}, :warn_at), "
            )
            row["UpdateExpression"] = row["UpdateExpression"].replace("SET ", f"SET {sets}", 1)
            row["ExpressionAttributeValues"] |= to_wire(
                {":drafts": DRAFTS_QUEUE, ":warn_at": instant(warn_at)}
            )
        return row

    def _submission(self, submission: Submission) -> list[dict[str, Any]]:
        number = submission.review.number
        tins = submission.content.tins
        number_item = {
            PK: number_pk(number),
            SK: "NUMBER",
            "request_id": submission.request_id,
        }
        return [
            {"Update": self._submitting_update(submission)},
            {
                "Put": {
                    "TableName": self._table,
                    "Item": to_wire(number_item),
                    "ConditionExpression": ABSENT,
                }
            },
            covered_condition(self._reference_table, submission.patient, submission.eligible_on),
            {"Put": _unconditional(put_event(self._table, submission.event))},
            *row_writes(
                self._table,
                dashboard_row(
                    submission.request_id,
                    submission.event.status,
                    submission.content,
                    submission.review,
                    submission.now,
                    waiting_on=WaitingOn.PAYER,
                ),
                tins,
                submission.content.member_id,
            ),
            *unmatched_writes(
                self._table, submission.request_id, submission.content, submission.review
            ),
            delete_draft_party(self._table, submission.request_id),
            put_fingerprint(self._table, submission.fingerprint),
        ]

    def _submitting_update(self, submission: Submission) -> dict[str, Any]:
        queued = processing_attributes(submission.request_id, submission.now)
        values = {
            ":content": packed_parts(submission.content),
            ":review": packed(submission.review),
            ":cycle": submission.review.cycle,
            ":next": submission.based_on + 1,
            ":status": submission.event.status.value,
            ":tins": set(submission.content.tins),
            ":slots": submission.document_slots,
            **{f":{name}": value for name, value in queued.items()},
        }
        update = _live_update(
            "SET content = :content, review = :review, #cycle = :cycle, version = :next, "
            "#status = :status, tins = :tins, updated_at = :now, document_slots = :slots, "
            f"{', '.join(f'{name} = :{name}' for name in queued)} "
            "REMOVE expires_at, #ttl, part_versions, slots_taken",
            values,
            based_on=submission.based_on,
            patient=submission.patient,
            callers_tins=self._deciding(submission.request_id, submission.callers_tins),
            now=submission.now,
        )
        update["ExpressionAttributeNames"] |= {"#ttl": TTL_ATTRIBUTE, "#cycle": "cycle"}
        return {
            "TableName": self._table,
            "Key": to_wire(_key(submission.request_id)),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **update,
        }

    def _transact(self, operations: list[dict[str, Any]]) -> None:
        try:
            self._writes.transact(operations)
        except ConditionFailedError as failed:
            raise DraftRefusedError(_current(failed.item)) from failed


def _key(request_id: str) -> Item:
    return {PK: request_pk(request_id), SK: REQUEST_SK}


def _ttl(expires_at: datetime | None) -> int | None:
    """The expiration for TTL, in seconds since 1970, rounded up so that it is not early."""
    return ceil(expires_at.timestamp()) if expires_at else None


def _current(item: Item | None) -> Request | None:
    return request_of(item) if item and "version" in item else None


def _unconditional(operation: dict[str, Any]) -> dict[str, Any]:
    """The put of an event without its condition: the version of the request makes it unique."""
    put: dict[str, Any] = dict(operation["Put"])
    put.pop("ConditionExpression")
    return put


def _change_of_parts(saving: Saving, update: dict[str, Any]) -> str:
    """The SET expression of the parts and the version that saved each of them.

    Adds its names and values to the update.
    """
    entered = packed_parts(saving.content)
    names, values = update["ExpressionAttributeNames"], update["ExpressionAttributeValues"]
    if saving.parts == PARTS:
        versions = dict.fromkeys(sorted(PARTS), saving.based_on + 1)
        values |= to_wire({":content": entered, ":versions": versions})
        return ", content = :content, part_versions = :versions"
    sets, cleared = "", []
    for part in sorted(saving.parts):
        names[f"#{part}"] = part
        sets += f", part_versions.#{part} = :next"
        if part in entered:
            values |= to_wire({f":{part}": entered[part]})
            sets += f", content.#{part} = :{part}"
        else:
            cleared.append(f"content.#{part}")
    return f"{sets} REMOVE {', '.join(cleared)}" if cleared else sets


def _live_update(
    expression: str,
    values: dict[str, Any],
    *,
    based_on: int,
    patient: Patient | None,
    callers_tins: Collection[str],
    now: datetime,
) -> dict[str, Any]:
    """Arguments of an update with the condition that the draft is not expired, submitted or changed,
    and is of the caller and the patient.
    """
    if not callers_tins:
        raise DraftRefusedError(None)
    condition, tins = callers_condition(callers_tins)
    all_values: Item = {
        **values,
        **tins,
        ":incomplete": Status.INCOMPLETE.value,
        ":based_on": based_on,
        ":now": instant(now),
    }
    if patient is not None:
        condition += " AND member_id = :member"
        all_values[":member"] = patient.member_id
    return {
        "UpdateExpression": expression,
        "ConditionExpression": f"{_LIVE} AND {condition}",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": to_wire(all_values),
    }


_DRAFT, _EVENT, _ROW = range(3)
"""Index of each operation of a warning's transaction."""


class DynamoDBDraftWarnings:
    """Drafts by the time of their expiry warning (port ``DraftWarnings``)."""

    def __init__(self, client: "DynamoDBClient", *, requests_table: str) -> None:
        self._client = client
        self._writes = Writes(client)
        self._table = requests_table

    def due(self, now: datetime) -> Iterator[DueWarning]:
        for page in pages_of(
            self._client.query,
            TableName=self._table,
            IndexName=WORKLIST_INDEX,
            KeyConditionExpression=f"{WORKLIST_PK} = :drafts AND {WORKLIST_SK} <= :now",
            ExpressionAttributeValues=to_wire({":drafts": DRAFTS_QUEUE, ":now": instant(now)}),
        ):
            for item in page:
                yield DueWarning(request_id_of(item), item[WORKLIST_SK])

    def record(self, warning: DueWarning, draft: Request, event: Event) -> None:
        unchanged = {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(draft.request_id), SK: REQUEST_SK}),
            "ConditionExpression": "version = :version AND #status = :incomplete",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": to_wire(
                {":version": draft.version, ":incomplete": Status.INCOMPLETE.value}
            ),
        }
        operations = [
            {"ConditionCheck": unchanged},
            put_event(self._table, event),
            {"Update": self._without_warning(warning)},
        ]
        try:
            self._writes.transact(operations)
        except ConditionFailedError as failed:
            if failed.index == _EVENT:
                # The warning was sent already; the entry was updated after that.
                self.remove(warning)
                return
            raise DraftChangedError from failed

    def remove(self, warning: DueWarning) -> None:
        self._change(self._without_warning(warning))

    def reschedule(self, warning: DueWarning, until: datetime) -> None:
        later = self._without_warning(warning)
        later["UpdateExpression"] = f"SET {WORKLIST_SK} = :until"
        later["ExpressionAttributeValues"] |= to_wire({":until": instant(until)})
        self._change(later)

    def _change(self, update: dict[str, Any]) -> None:
        try:
            self._writes.update(**update)
        except ConditionFailedError:
            return

    def _without_warning(self, warning: DueWarning) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": to_wire({PK: request_pk(warning.request_id), SK: DRAFT_PARTY_SK}),
            "UpdateExpression": f"REMOVE {WORKLIST_PK}, {WORKLIST_SK}",
            "ConditionExpression": f"{WORKLIST_SK} = :listed",
            "ExpressionAttributeValues": to_wire({":listed": warning.listed_at}),
        }
