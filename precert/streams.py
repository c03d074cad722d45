"""Process batches of records from the table's stream, with partial batch responses.

A record that can never be processed is sent to the dead-letter queue at the first attempt, and the
batch continues. Any other failure ends the batch: the stream delivers that record and all after it
again.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from precert.domain.damage import RecordKind, report_damage
from precert.domain.errors import PrecertError, TransientError
from precert.names import EVENT_SK_PREFIX, INBOX_PK_PREFIX, PK, REDRIVE, REQUEST_PK_PREFIX, SK
from precert.observability import note_error, work_on
from precert.usecases.ports.workflow import DeadLetters, PoisonRecord

_POISON: Final = (
    *(PrecertError, ValueError, TypeError, LookupError, ArithmeticError),
    *(AttributeError, AssertionError),
)
"""Errors that are caused by the record or by stored data, so that they recur at every attempt."""

_CLEANED_UP_BY: Final = (
    *(PK, SK, "request_id", "document_id", "status", "version"),
    *("tins", "expires_at", "read_at"),
)


def is_poison(error: Exception) -> bool:
    """Whether further attempts would fail as well."""
    return isinstance(error, _POISON) and not isinstance(error, TransientError)


def process_records(
    event: Mapping[str, Any],
    process: Callable[[dict[str, Any]], None],
    dead_letters: DeadLetters | None,
) -> dict[str, Any]:
    """Process the records of a batch; returns the first one to deliver again, if any.

    Without a dead-letter queue, every failed record is delivered again; so is a failed record of a
    redrive. Callers must create the dependencies of ``process`` before (see
    :func:`precert.bootstrap.prepared`): if a deployment is broken, the whole batch must fail, instead
    of its records being treated as poison.
    """
    if event.get(REDRIVE):
        dead_letters = None
    for record in event["Records"]:
        with work_on(**ids_of(record)):
            try:
                process(record)
            except Exception as error:  # noqa: BLE001 - the response names the failed record
                note_error(error)
                if is_poison(error) and _set_aside(record, error, dead_letters):
                    continue
                number = record["dynamodb"]["SequenceNumber"]
                return {"batchItemFailures": [{"itemIdentifier": number}]}
    return {"batchItemFailures": []}


def ids_of(record: Mapping[str, Any]) -> dict[str, str]:
    """The ids of a stream record for the log, from its keys."""
    changed = record["dynamodb"]
    keys = changed.get("Keys") or changed.get("NewImage") or changed.get("OldImage") or {}
    pk, sk = _text(keys, PK), _text(keys, SK)
    found = {"sequence_number": str(changed.get("SequenceNumber", ""))}
    if pk.startswith(REQUEST_PK_PREFIX):
        found["request_id"] = pk.removeprefix(REQUEST_PK_PREFIX)
    if sk.startswith(EVENT_SK_PREFIX):
        found["event_id"] = f"{found.get('request_id')}.{sk.removeprefix(EVENT_SK_PREFIX)}"
    if pk.startswith(INBOX_PK_PREFIX):
        # A message has the id of its event.
        found["event_id"] = sk.partition("#")[2]
    return found


def _set_aside(
    record: Mapping[str, Any], error: Exception, dead_letters: DeadLetters | None
) -> bool:
    if dead_letters is None:
        return False
    changed = record["dynamodb"]
    keys = changed.get("Keys") or changed.get("NewImage") or changed.get("OldImage") or {}
    number = changed["SequenceNumber"]
    poison = PoisonRecord(
        pk=_text(keys, PK),
        sk=_text(keys, SK),
        event_name=str(record.get("eventName")),
        sequence_number=number,
        error_class=type(error).__name__,
        removed=_ids_of(changed.get("OldImage") or {}),
    )
    try:
        dead_letters.set_aside(poison)
    except TransientError as refused:
        note_error(refused)
        return False
    report_damage(RecordKind.STREAM_RECORD, number, error)
    return True


def _ids_of(image: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a deleted item that its cleanup reads: ids and times, as in the record."""
    ids = {name: image[name] for name in _CLEANED_UP_BY if name in image}
    # The cleanup reads only whether the item was a message.
    return {**ids, "message": {"NULL": True}} if "message" in image else ids


def _text(keys: Mapping[str, Any], name: str) -> str:
    return str(keys.get(name, {}).get("S", ""))
