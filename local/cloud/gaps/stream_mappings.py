"""Deliver a table's stream to functions as Lambda's event source mappings do.

Emulator: `ReportBatchItemFailures`, `MaximumRetryAttempts` and bisection are ignored: a failing batch
blocks its mapping forever, and a partial failure counts as success. One thread serves all mappings, so
that a slow function blocks the others. A restart restores read positions, which are offsets, but not
the records, so that the mapping stalls and undelivered records are lost.
Patch: deliver the records of each mapping on its own thread, by sequence number, with retries,
bisection, partial failures and the failure destination. Save undelivered records and positions with the
tables.
Remove when: the unpatched emulator passes the same tests, including the restart.
"""

import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from local.cloud.gaps.upstream import module, wrap

Record = dict[str, Any]
MAX_BACKOFF_SECONDS: Final = 5.0
_STATE_KEY: Final = "precert_streams"


@dataclass
class Segment:
    """Consecutive records of a stream that are delivered in one invocation."""

    records: list[Record]
    through: str
    """The last sequence number that this covers, of a record that matches the filter or not."""
    attempts: int = 0


@dataclass
class Reader:
    """The position of one mapping in its stream."""

    position: str
    """The sequence number up to which records are processed; "" is the start of the stream."""
    waiting: deque[Segment] = field(default_factory=deque)
    """Segments to deliver before the records after the position: retries and halves."""
    busy: bool = False
    """Whether a thread delivers the mapping's records now."""


_lock = threading.Lock()
_readers: dict[str, Reader] = {}


def sequence_number(record: Record) -> str:
    """Return the record's sequence number, a string that sorts in the order of the stream."""
    return str(record["dynamodb"]["SequenceNumber"])


def handled(result: Any, records: list[Record], partial: bool) -> int:
    """Return how many records, from the first one, are processed according to the function's result.

    ``partial`` is whether the mapping has ``ReportBatchItemFailures``. An invalid report counts as a
    failure of all records.
    """
    if result.get("error"):
        return 0
    body = result.get("body")
    failures = body.get("batchItemFailures") if partial and isinstance(body, dict) else None
    if not failures:
        return len(records)
    numbers = [sequence_number(record) for record in records]
    try:
        return min(numbers.index(failure["itemIdentifier"]) for failure in failures)
    except (KeyError, TypeError, ValueError):
        return 0


def halves(segment: Segment) -> tuple[Segment, Segment]:
    """Split the segment in the middle; a split does not count as an attempt."""
    middle = len(segment.records) // 2
    first, second = segment.records[:middle], segment.records[middle:]
    return (
        Segment(first, sequence_number(first[-1]), segment.attempts),
        Segment(second, segment.through, segment.attempts),
    )


def discard_reason(mapping: dict[str, Any], segment: Segment, now: float) -> str | None:
    """Return Lambda's condition by which the segment is discarded, or None if it is retried."""
    attempts = mapping.get("MaximumRetryAttempts")
    if attempts is not None and int(attempts) >= 0 and segment.attempts > int(attempts):
        return "RetryAttemptsExhausted"
    age = mapping.get("MaximumRecordAgeInSeconds")
    oldest = segment.records[0]["dynamodb"].get("ApproximateCreationDateTime", now)
    if age is not None and int(age) > 0 and now - float(oldest) > int(age):
        return "MaxRecordAgeExceeded"
    return None


def _table_name(mapping: dict[str, Any]) -> str:
    return str(mapping["EventSourceArn"]).split("/stream/")[0].rpartition("/")[2]


def _live(mapping: dict[str, Any]) -> list[Record]:
    records: list[Record] = module("services.dynamodb").stream_live_records(_table_name(mapping))
    return list(records)


def _unread(mapping: dict[str, Any], position: str) -> list[Record]:
    """Return the records after the position, by binary search: a stream has the records of a day."""
    live = _live(mapping)
    return live[bisect_right(live, position, key=sequence_number) :]


def _next(mapping: dict[str, Any], reader: Reader) -> Segment | None:
    functions = module("services.lambda_svc")
    while True:
        batch = _unread(mapping, reader.position)[: int(mapping.get("BatchSize", 100))]
        if not batch:
            return None
        through = sequence_number(batch[-1])
        matching = functions._apply_filter_criteria(batch, mapping)
        if matching:
            return Segment(matching, through)
        reader.position = through


def _after_failure(
    mapping: dict[str, Any], func: Any, reader: Reader, segment: Segment, done: int, result: Any
) -> float:
    """Retry, split or discard a segment after a failure; return the seconds until the next one."""
    if result.get("throttle"):
        reader.waiting.appendleft(segment)
        return 1.0
    if done == 0 and len(segment.records) > 1 and mapping.get("BisectBatchOnFunctionError"):
        reader.waiting.extendleft(reversed(halves(segment)))
        return 0.0
    rest = Segment(segment.records[done:], segment.through, segment.attempts + 1)
    reason = discard_reason(mapping, rest, time.time())
    if reason is None:
        reader.waiting.appendleft(rest)
        return float(min(0.2 * 2 ** min(rest.attempts, 10), MAX_BACKOFF_SECONDS))
    module("services.lambda_svc")._send_ddb_stream_failure_record(
        mapping, func, rest.records, mapping["EventSourceArn"], result, reason
    )
    reader.position = rest.through
    return 0.0


def _deliver(mapping: dict[str, Any], func: Any, reader: Reader, segment: Segment) -> float:
    functions = module("services.lambda_svc")
    result = functions._execute_function(func, {"Records": segment.records})
    partial = "ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or [])
    done = handled(result, segment.records, partial)
    if done == len(segment.records):
        mapping["LastProcessingResult"] = f"OK - {done} records"
        reader.position = segment.through
        return 0.0
    mapping["LastProcessingResult"] = "FAILED"
    functions.logger.warning(
        "stream mapping of %s: %d of %d records handled, attempt %d\n%s",
        mapping["FunctionName"],
        done,
        len(segment.records),
        segment.attempts + 1,
        result.get("log", ""),
    )
    if done:
        reader.position = sequence_number(segment.records[done - 1])
    return _after_failure(mapping, func, reader, segment, done, result)


def _drain(mapping_id: str, reader: Reader) -> None:
    functions = module("services.lambda_svc")
    pause = threading.Event()
    try:
        while True:
            mapping = functions._esms.get(mapping_id)
            if not mapping or not mapping.get("Enabled", True) or not _open(mapping):
                return
            func, _ = functions._get_func_record_for_qualifier(
                mapping["FunctionName"], mapping.get("Qualifier")
            )
            if func is None:
                return
            segment = reader.waiting.popleft() if reader.waiting else _next(mapping, reader)
            if segment is None:
                return
            pause.wait(_deliver(mapping, func, reader, segment))
    finally:
        reader.busy = False


def _open(mapping: dict[str, Any]) -> bool:
    table = module("services.dynamodb")._tables.get(_table_name(mapping))
    return bool(table) and table.get("LatestStreamArn") == mapping["EventSourceArn"]


def _reader(mapping: dict[str, Any]) -> Reader:
    with _lock:
        reader = _readers.get(mapping["UUID"])
        if reader is None:
            live = _live(mapping) if mapping.get("StartingPosition") == "LATEST" else []
            reader = Reader(sequence_number(live[-1]) if live else "")
            _readers[mapping["UUID"]] = reader
        return reader


def _has_work(mapping: dict[str, Any], reader: Reader) -> bool:
    if reader.waiting:
        return True
    new = _unread(mapping, reader.position)
    window = int(mapping.get("MaximumBatchingWindowInSeconds") or 0)
    if not new or not window or len(new) >= int(mapping.get("BatchSize", 100)):
        return bool(new)
    return time.time() - float(new[0]["dynamodb"]["ApproximateCreationDateTime"]) >= window


def _poll(_replaced: Callable[..., Any]) -> Callable[..., Any]:
    functions = module("services.lambda_svc")
    scope = module("core.responses").request_scope
    spawn = module("core.concurrency").spawn_background

    def poll() -> bool:
        for account, region, mapping in functions._iter_all_esms():
            source = str(mapping.get("EventSourceArn", ""))
            if ":dynamodb:" not in source or not mapping.get("Enabled", True):
                continue
            with scope(account, region):
                if not _open(mapping):
                    continue
                reader = _reader(mapping)
                if not reader.busy and _has_work(mapping, reader):
                    reader.busy = True
                    spawn(_drain, mapping["UUID"], reader, thread_name="precert-stream")
        return False

    return poll


def _started(start: Callable[..., Any]) -> Callable[..., Any]:
    def start_and_read(mapping_id: str, source: str, starting: str) -> None:
        start(mapping_id, source, starting)
        if ":dynamodb:" in source and "/stream/" in source:
            _reader({"UUID": mapping_id, "EventSourceArn": source, "StartingPosition": starting})

    return start_and_read


def _released(release: Callable[..., Any]) -> Callable[..., Any]:
    def release_reader(mapping_id: str) -> None:
        release(mapping_id)
        with _lock:
            _readers.pop(mapping_id, None)

    return release_reader


def _undelivered() -> list[list[Any]]:
    """Return the records not yet processed, as `[account, region, table, records]`."""
    tables = module("services.dynamodb")
    behind: dict[tuple[str, str, str], str] = {}
    for account, region, mapping in module("services.lambda_svc")._iter_all_esms():
        reader = _readers.get(mapping["UUID"])
        if reader is not None:
            place = (account, region, _table_name(mapping))
            behind[place] = min(reader.position, behind.get(place, reader.position))
    return [
        [
            *place,
            [
                r
                for r in list(tables._stream_records.get_scoped(*place) or [])
                if sequence_number(r) > position
            ],
        ]
        for place, position in behind.items()
    ]


def _saved(get_state: Callable[..., Any]) -> Callable[..., Any]:
    def get_state_with_streams() -> Any:
        state = get_state()
        positions = {name: reader.position for name, reader in list(_readers.items())}
        state[_STATE_KEY] = {"positions": positions, "records": _undelivered()}
        return state

    return get_state_with_streams


def _restored(load: Callable[..., Any]) -> Callable[..., Any]:
    def load_with_streams(data: Any) -> None:
        load(data)
        saved = (data or {}).get(_STATE_KEY)
        if not saved:
            return
        tables = module("services.dynamodb")
        for mapping_id, position in saved["positions"].items():
            _readers[mapping_id] = Reader(position)
        for account, region, table, records in saved["records"]:
            tables._stream_records.set_scoped(account, region, table, records)

    return load_with_streams


def apply() -> None:
    """Replace the emulator's poller of table streams."""
    functions, tables = module("services.lambda_svc"), module("services.dynamodb")
    wrap(functions, "_poll_dynamodb_streams", _poll)
    wrap(functions, "_init_stream_position", _started)
    wrap(functions, "_release_esm_poll_state", _released)
    wrap(tables, "get_state", _saved)
    wrap(tables, "load_persisted_state", _restored)
