"""One stored record that cannot be read never hides the others, and is shown by its id.

Records of every kind are damaged in several ways, and every list is read.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import pytest

from precert.adapters.dynamodb.keys import DRAFT_PARTY_SK, cell_pk
from precert.adapters.dynamodb.packing import pack, unpack
from precert.domain.damage import LOGGER, RecordKind, report_damage
from precert.domain.directory import cell_of
from precert.domain.event_types import EventType
from precert.domain.events import Event, event_id
from precert.domain.notices import Audience, Notice, NoticeKind
from precert.domain.statuses import Status
from precert.domain.values import ProviderKind
from precert.names import DAMAGED_RECORD, Env
from precert.usecases.repairs import repair_executions
from tests.adapters.cloud import PDF, Cloud
from tests.adapters.snapshots import restored
from tests.fakes.samples import FACILITY_TIN, PROVIDER_TIN, entered, later

Wire = dict[str, Any]
Change = Callable[[Any], Any]


# -- Ways to damage an attribute ---------------------------------------------------------------------


def packed_json(change: Change) -> Change:
    """Change the JSON inside a compressed attribute."""

    def changed(attribute: Wire) -> Wire:
        return {"B": pack(json.dumps(change(json.loads(unpack(bytes(attribute["B"]))))))}

    return changed


def plain_json(change: Change) -> Change:
    """Change the JSON inside a text attribute."""
    return lambda attribute: {"S": json.dumps(change(json.loads(attribute["S"])))}


def member(name: str, value: object) -> Change:
    return lambda found: {**found, name: value}


def constant(value: Wire) -> Change:
    return lambda _: value


MISSING: Final = None
"""The attribute is removed."""
NUMBER: Final = constant({"N": "7"})
NULL: Final = constant({"NULL": True})
NUMBER_SET: Final = constant({"NS": ["1", "2"]})
TRUNCATED: Final[Change] = lambda attribute: {"S": attribute["S"][: len(attribute["S"]) // 2]}  # noqa: E731
TRUNCATED_BYTES: Final[Change] = lambda attribute: {"B": attribute["B"][: len(attribute["B"]) // 2]}  # noqa: E731
NOT_COMPRESSED: Final = constant({"B": b"\x00not zlib"})


def json_damage(status_name: str = "status", date_name: str = "at") -> dict[str, Change | None]:
    """What can be wrong with a record that is JSON text."""
    return {
        "missing": MISSING,
        "number": NUMBER,
        "null": NULL,
        "number set": NUMBER_SET,
        "truncated": TRUNCATED,
        "unknown enum member": plain_json(member(status_name, "REINCARNATED")),
        "year of three digits": plain_json(member(date_name, "0202-06-07T00:00:00Z")),
        "last day of the calendar": plain_json(member(date_name, "9999-12-31T23:59:59Z")),
        "date without zone": plain_json(member(date_name, "2026-07-01T09:00:00")),
        "no date": plain_json(member(date_name, "soon")),
        "unknown member": plain_json(member("surprise", 1)),
        "a list": plain_json(lambda _: []),
    }


def row_damage() -> dict[str, Change | None]:
    """What can be wrong with a row of tab-separated text."""

    def part(number: int, value: str) -> Change:
        def changed(attribute: Wire) -> Wire:
            parts = attribute["S"].split("\t")
            parts[number] = value
            return {"S": "\t".join(parts)}

        return changed

    return {
        "missing": MISSING,
        "number": NUMBER,
        "null": NULL,
        "number set": NUMBER_SET,
        "empty": constant({"S": ""}),
        "too few parts": constant({"S": "1\tKPO"}),
        "unknown format": part(0, "9"),
        "unknown enum member": part(1, "???????"),
        "year of three digits": part(3, "2020607"),
        "month 13": part(4, "20261301"),
        "no digits": part(5, "tomorrow"),
        "malformed TIN": part(6, "12"),
    }


class Kind(NamedTuple):
    """Records of one kind: where they are, and what can be wrong with one."""

    sk: str
    attribute: str
    ways: Mapping[str, Change | None]


WORKLIST_ROWS: Final = json_damage("waiting_on", "due_at")
ROWS: Final[Mapping[str, Kind]] = {
    "dashboard row": Kind(f"PARTY#{PROVIDER_TIN}", "row", row_damage()),
    "draft's row": Kind(DRAFT_PARTY_SK, "row", row_damage()),
    "worklist row": Kind("REQUEST", "row", WORKLIST_ROWS),
    "overdue row": Kind("OVERDUE", "row", WORKLIST_ROWS),
    "unmatched provider": Kind("UNMATCHED#", "row", json_damage("role", "submitted_at")),
    "message": Kind("2", "message", json_damage("type", "at")),
}
"""Records that are rows of lists."""
PARTS: Final[Mapping[str, Kind]] = {
    "event": Kind("EVENT#", "event", json_damage("type", "at")),
    "document": Kind("DOCUMENT#", "document", json_damage("status", "offered_at")),
    "notice": Kind("NOTICE#", "notice", json_damage("kind", "printed_at")),
}
"""Records that belong to a request."""
REQUESTS: Final[Mapping[str, Kind]] = {
    "review": Kind(
        "REQUEST",
        "review",
        {
            "number": NUMBER,
            "not compressed": NOT_COMPRESSED,
            "unknown enum member": packed_json(member("channel", "PIGEON")),
            "year of three digits": packed_json(member("submitted_at", "0202-06-07T00:00:00Z")),
            "date without zone": packed_json(member("due_at", "2026-07-01T09:00:00")),
            "no lines": packed_json(lambda found: {k: v for k, v in found.items() if k != "lines"}),
        },
    ),
    "plan": Kind("REQUEST", "plan", {"missing": MISSING, "truncated": TRUNCATED_BYTES}),
    "version": Kind("REQUEST", "version", {"text": constant({"S": "two"})}),
    "status": Kind("REQUEST", "status", {"unknown": constant({"S": "REINCARNATED"})}),
    "tins": Kind("REQUEST", "tins", {"missing": MISSING, "number": NUMBER}),
    "content": Kind(
        "REQUEST",
        "content",
        {
            "missing": MISSING,
            "text": constant({"S": "x"}),
            "not compressed": constant({"M": {"services": {"B": b"x"}}}),
        },
    ),
}
"""Attributes of the request itself."""


# -- Every list ---------------------------------------------------------------------


def lists(cloud: Cloud) -> dict[str, tuple[list[str], set[str]]]:
    """By the name of the list: the ids of its rows, and the ids that it shows as damaged."""
    replies = {
        "dashboard": (cloud.dashboard(limit="100"), "requests", "request_id"),
        "dashboard by due date": (
            cloud.dashboard(sort="due", limit="100"),
            "requests",
            "request_id",
        ),
        "dashboard by status": (
            cloud.dashboard(status="PENDING", limit="100"),
            "requests",
            "request_id",
        ),
        "patient's requests": (cloud.of_patient(limit=100), "requests", "request_id"),
        "drafts": (cloud.drafts(limit="100"), "drafts", "draft_id"),
        "flagged": (cloud.flagged(), "requests", "request_id"),
        "messages": (cloud.messages(limit="100"), "messages", "message_id"),
        "worklist": (cloud.worklist(limit="100"), "cycles", "request_id"),
        "assigned": (cloud.worklist(mine="true"), "cycles", "request_id"),
        "overdue": (cloud.overdue(limit="100"), "cycles", "request_id"),
        "unmatched": (cloud.unmatched(limit="100"), "providers", "request_id"),
    }
    found = {}
    for name, (reply, rows, key) in replies.items():
        assert reply.status == 200, (name, reply.text)
        shown = [row[key] for row in reply.body[rows]]
        found[name] = shown, {one["id"] for one in reply.body["damaged"]}
    return found


LISTS_OF: Final[Mapping[str, set[str]]] = {
    "dashboard row": {
        *("dashboard", "dashboard by due date", "dashboard by status", "patient's requests"),
        "flagged",
    },
    "draft's row": {"dashboard", "dashboard by due date", "patient's requests", "drafts"},
    "worklist row": {"worklist", "assigned"},
    "overdue row": {"overdue"},
    "unmatched provider": {"unmatched"},
    "message": {"messages"},
}
"""The lists that have rows of a kind."""


class Stage(NamedTuple):
    """A request that is on every list, and a draft."""

    cloud: Cloud
    request_id: str
    draft_id: str

    def record(self, kind: Kind) -> Wire:
        """A record of the request or of the draft."""
        owner = self.draft_id if kind.sk == DRAFT_PARTY_SK else self.request_id
        return next(
            item
            for item in self.cloud.items(kind.sk)
            if kind.attribute in item and owner in str(item) and f"#{FACILITY_TIN}" not in str(item)
        )

    def put(self, record: Wire, kind: Kind, way: str, **key: str) -> None:
        """A copy of the record under another key, damaged in one way."""
        change = kind.ways[way]
        item = {**record, **{name: {"S": value} for name, value in key.items()}}
        if change is None:
            del item[kind.attribute]
        else:
            item[kind.attribute] = change(item[kind.attribute])
        self.cloud.clients.by_name["dynamodb"].put_item(
            TableName=self.cloud.requests_table, Item=item
        )


@pytest.fixture
def stage(cloud: Cloud) -> Stage:
    request_id, draft_id = restored(cloud, "on every list", lambda: _listed(cloud))
    return Stage(cloud, request_id, draft_id)


def _listed(cloud: Cloud) -> tuple[str, str]:
    """The ids of a request that is on every list, and of a draft."""
    by_hand = {**entered()["servicing_provider"], "provider_id": None}
    request_id = cloud.pended(servicing_provider=by_hand)
    cloud.relay(cloud.stream())
    for entry in cloud.published():
        if entry["DetailType"] == "RequestPended":
            cloud.receive(entry)
    document_id = cloud.offer(request_id).body["document"]["document_id"]
    cloud.arrive(request_id, document_id, PDF)
    cloud.flag(request_id)
    for _ in range(2):  # the providers' time to respond, and then the payer's
        cloud.clock.pass_by(days=46)
        cloud.check_deadline(request_id)
    cloud.move(request_id, "assign")
    cloud.deps.notices.record(request_id, *_notices(cloud, request_id))
    draft_id = cloud.start(services=later(entered()["services"], 90))
    found = lists(cloud)
    assert [name for name, (rows, damaged) in found.items() if not rows or damaged] == []
    return request_id, draft_id


def _notices(cloud: Cloud, request_id: str) -> tuple[list[Notice], Event]:
    notice = Notice(
        notice_id="1-provider",
        kind=NoticeKind.DENIAL,
        audience=Audience.PROVIDER,
        cycle=1,
        printed_at=cloud.clock.at,
        size=1,
        sha256="0" * 64,
    )
    event = Event(
        event_id=event_id(request_id, "notices-1"),
        type=EventType.NOTICES_ISSUED,
        request_id=request_id,
        cycle=1,
        at=cloud.clock.at,
        status=Status.PENDING,
        tins=(PROVIDER_TIN,),
    )
    return [notice], event


def damaged_id(number: int) -> str:
    return f"01DAMAGED{number:017d}"


# -- The tests ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_other_rows_are_listed_when_rows_of_one_kind_are_damaged(stage: Stage, name: str) -> None:
    before, kind = lists(stage.cloud), ROWS[name]
    record = stage.record(kind)
    ids = {damaged_id(number): way for number, way in enumerate(kind.ways)}
    for one, way in ids.items():
        if name == "message":
            stage.put(record, kind, way, sk=f"2026-07-01T09:00:00.000000+00:00#{one}")
        else:
            stage.put(record, kind, way, pk=f"REQUEST#{one}")
    with counted_damage() as reported:
        after = lists(stage.cloud)
    for list_, (rows, damaged) in after.items():
        assert rows == before[list_][0], list_
        missing = {ids[one] for one in set(ids) - damaged} if list_ in LISTS_OF[name] else set()
        assert missing == set(), f"{list_} does not show the id of these"
    assert {one.record_id for one in reported} == set(ids)


@pytest.mark.parametrize("name", PARTS)
def test_request_is_read_when_some_of_its_parts_are_damaged(stage: Stage, name: str) -> None:
    kind, before = PARTS[name], stage.cloud.read(stage.request_id).body
    record = stage.record(kind)
    for number, way in enumerate(kind.ways):
        stage.put(record, kind, way, sk=f"{kind.sk}{damaged_id(number)}")
    for read in (stage.cloud.read, stage.cloud.case):
        reply = read(stage.request_id)
        assert reply.status == 200, reply.text
        shown = [one["id"] for one in reply.body["damaged"]]
        ways = [
            way
            for number, way in enumerate(kind.ways)
            if not any(damaged_id(number) in one for one in shown)
        ]
        assert ways == []
    after = stage.cloud.read(stage.request_id).body
    for member_ in ("documents", "determination_notices", "history"):
        assert after[member_] == before[member_]


@pytest.mark.parametrize("name", REQUESTS)
def test_only_that_request_fails_when_its_record_is_damaged(stage: Stage, name: str) -> None:
    before, kind = lists(stage.cloud), REQUESTS[name]
    record = stage.record(kind)
    for number, way in enumerate(kind.ways):
        request_id = damaged_id(number)
        stage.put(record, kind, way, pk=f"REQUEST#{request_id}", worklist_sk=f"9#{request_id}")
        reply = stage.cloud.read(request_id)
        assert (reply.status, reply.code) == (500, "record_damaged"), (way, reply.text)
        assert reply.body["record_id"] == request_id
    # Their copied worklist rows are sound, and end the list.
    after = lists(stage.cloud)
    assert {one: rows[: len(before[one][0])] for one, (rows, _) in after.items()} == {
        one: rows for one, (rows, _) in before.items()
    }
    repaired = repair_executions(
        listings=stage.cloud.deps.listings,
        requests=stage.cloud.deps.requests,
        workflow=stage.cloud.deps.workflow,
    )
    assert set(repaired) <= {stage.request_id}


def test_other_drafts_are_warned_of_when_one_is_damaged(cloud: Cloud) -> None:
    broken, sound = cloud.start(), cloud.start()
    table = cloud.requests_table
    item = {**(cloud.item(broken) or {}), "plan": {"S": "{"}}
    cloud.clients.by_name["dynamodb"].put_item(TableName=table, Item=item)
    cloud.clock.pass_by(hours=71)
    with counted_damage() as reported:
        cloud.warn()
    warned = [one["pk"]["S"] for one in cloud.items("EVENT#") if "warning" in one["sk"]["S"]]
    assert warned == [f"REQUEST#{sound}"]
    assert [one.record_id for one in reported] == [broken]


def test_directory_is_searched_when_an_entry_is_damaged(cloud: Cloud) -> None:
    query: dict[str, Any] = {"zip_code": "44122", "kind": "FACILITY", "name": "cleveland"}
    before = cloud.search(**query)
    client, table = cloud.clients.by_name["dynamodb"], cloud.deps.settings[Env.REFERENCE_TABLE]
    place = cloud.deps.zip_codes.place("44122")
    assert place is not None
    pk = cell_pk(ProviderKind.FACILITY, cell_of(place), "cleveland")
    found = next(item for item in client.scan(TableName=table)["Items"] if item["pk"]["S"] == pk)
    copies = []
    for number, entry in enumerate(({"S": "{"}, {"N": "1"}, {"NS": ["1"]}, None)):
        copy = {**found, "sk": {"S": f"cleveland#{damaged_id(number)}"}}
        copy |= {"entry": entry} if entry else {}
        if entry is None:
            del copy["entry"]
        copies.append(copy)
        client.put_item(TableName=table, Item=copy)
    try:
        after = cloud.search(**query)
    finally:
        for copy in copies:
            client.delete_item(TableName=table, Key={"pk": copy["pk"], "sk": copy["sk"]})
    assert before.body["providers"]
    assert after.body["providers"] == before.body["providers"]
    assert [one["id"] for one in after.body["damaged"]] == [damaged_id(n) for n in range(4)]


def test_alarm_metric_is_sent_by_itself_when_a_record_is_damaged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report_damage(RecordKind.EVENT, "01", ValueError("PHI"))
    [line] = [one for one in capsys.readouterr().out.splitlines() if DAMAGED_RECORD in one]
    sent = json.loads(line)
    [metric] = sent["_aws"]["CloudWatchMetrics"]
    assert metric["Dimensions"] == [["service"]]
    assert [one["Name"] for one in metric["Metrics"]] == [DAMAGED_RECORD]
    assert "PHI" not in line


@contextmanager
def counted_damage() -> Iterator[list[Any]]:
    """The reports of damaged records."""
    reported: list[Any] = []
    handler = logging.Handler()
    handler.emit = reported.append  # type: ignore[assignment,method-assign]
    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    try:
        yield reported
    finally:
        logger.removeHandler(handler)
