"""Damaged records in every other list: queues, comparisons, providers, members, clocks and commands."""

import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any, Final, NamedTuple

import pytest

from functions.check import handler as check
from functions.intake import handler as intake
from functions.operations import handler as operations
from functions.review import handler as review
from functions.status import handler as status
from precert.adapters.dynamodb.audit import DynamoDBAuditLog, audit_item
from precert.adapters.dynamodb.keys import (
    DEEMED_DENIAL_QUEUE,
    INTAKE_QUEUE,
    PLANS_PK,
    REGISTERED_LIST,
    VENDOR_BACKLOG,
    inbox_pk,
    member_hash,
    provider_pk,
    vendor_list_pk,
    worklist_pk,
)
from precert.adapters.dynamodb.table import to_wire
from precert.adapters.s3.audit import S3Audit
from precert.cli import main as cli
from precert.cli import users as users_command
from precert.domain.audit import AccessOutcome, AuditRecord, UserAgent
from precert.domain.caller import Grant
from precert.names import Entitlement, Env
from precert.usecases.ports.listings import CheckQueue
from tests.adapters.callers import CLERK, OPERATOR, REVIEWER, VENDOR
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.tables import create_reference_table, names
from tests.adapters.test_damaged_records import counted_damage, damaged_id
from tests.adapters.test_document_downloads import attached
from tests.adapters.test_vendors import delegated, mixed
from tests.adapters.test_vendors import read as read_as_vendor
from tests.fakes.samples import BOWEL_SURGERY, IMAGES, PATIENT, PLAN, PROVIDER_TIN, entered, later

Item = dict[str, Any]


def put(cloud: Cloud, item: Item, table: str | None = None) -> None:
    client = cloud.clients.by_name["dynamodb"]
    client.put_item(TableName=table or cloud.requests_table, Item=item)


@pytest.fixture
def refer(cloud: Cloud) -> Iterator[Callable[[Item], None]]:
    """Put an item into the reference table, which all tests share, until the test ends."""
    table, before = cloud.deps.settings[Env.REFERENCE_TABLE], list[tuple[Item, Item | None]]()
    client = cloud.clients.by_name["dynamodb"]

    def put_item(item: Item) -> None:
        key = {"pk": item["pk"], "sk": item["sk"]}
        before.append((key, client.get_item(TableName=table, Key=key).get("Item")))
        put(cloud, item, table)

    yield put_item
    for key, item in reversed(before):
        client.delete_item(TableName=table, Key=key)
        if item:
            put(cloud, item, table)


def reference_items(cloud: Cloud, beginning: str) -> list[Item]:
    table = cloud.deps.settings[Env.REFERENCE_TABLE]
    found = cloud.clients.by_name["dynamodb"].scan(TableName=table)["Items"]
    return [item for item in found if item["pk"]["S"].startswith(beginning)]


def ids_of(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.text
    return [one["id"] for one in reply.body["damaged"]]


# -- queues --------------------------------------------------------------------------------------------


class Queue(NamedTuple):
    """How a list is read whose rows are in a partition of an index."""

    partition: str
    function: ModuleType
    path: str
    by: dict[str, str]
    query: dict[str, str] | None = None
    key: tuple[str, str] = ("worklist_pk", "worklist_sk")


QUEUES: Final = (
    Queue(worklist_pk(PLAN.plan_id), review, "/v1/review/counts", REVIEWER),
    Queue(DEEMED_DENIAL_QUEUE, review, "/v1/operations/deemed-denials", OPERATOR),
    Queue(INTAKE_QUEUE, review, "/v1/operations/intake-exceptions", OPERATOR),
    Queue(VENDOR_BACKLOG, review, "/v1/operations/vendor-backlog", OPERATOR),
    Queue(
        *(CheckQueue.UNASSESSED.value, operations, "/v1/operations/stuck-requests", OPERATOR),
        key=("checks_pk", "checks_sk"),
    ),
    Queue(vendor_list_pk("EVICORE-RAD", is_open=True), intake, "/v1/vendor/requests", VENDOR),
    Queue(
        vendor_list_pk("EVICORE-RAD", is_open=False),
        *(intake, "/v1/vendor/requests", VENDOR),
        {"open": "false"},
    ),
    Queue(
        *(REGISTERED_LIST, intake, "/v1/intake/requests", CLERK),
        key=("member", "created_at"),
    ),
)


@pytest.mark.parametrize("queue", QUEUES, ids=lambda one: f"{one.path} {one.partition}")
def test_damaged_row_is_shown_by_its_id_when_a_queue_is_read(cloud: Cloud, queue: Queue) -> None:
    for number, row in enumerate(({"S": "{"}, {"N": "1"}, None)):
        at = "2026-06-01T00:00:00.000000+00:00"
        item = {
            "pk": {"S": f"REQUEST#{damaged_id(number)}"},
            "sk": {"S": "REQUEST"},
            queue.key[0]: {"S": queue.partition},
            queue.key[1]: {"S": f"0#{at}#{number}" if "work" in queue.key[0] else at},
        }
        put(cloud, {**item, "row": row} if row else item)
    with counted_damage() as reported:
        reply = cloud.call(queue.function, "GET", queue.path, by=queue.by, query=queue.query)
    expected = {damaged_id(number) for number in range(3)}
    assert set(ids_of(reply)) == expected
    assert {one.record_id for one in reported} == expected


def test_damaged_request_is_shown_by_its_id_when_a_members_history_is_read(cloud: Cloud) -> None:
    first, second = cloud.pended(), cloud.pended(services=later(entered()["services"], 90))
    header = cloud.item(second) or {}
    put(cloud, {**header, "plan": {"S": "{"}})
    reply = cloud.member_history(first)
    assert (ids_of(reply), reply.body["requests"]) == ([second], [])
    found = cloud.find(member_id=PATIENT["member_id"])
    assert ids_of(found) == [second]
    assert [row["request_id"] for row in found.body["requests"]] == [first]
    assert header["member"]["S"] == member_hash(PATIENT["member_id"])


# -- potential duplicates ------------------------------------------------------------------------------


def similar_pair(cloud: Cloud) -> tuple[str, str]:
    """A pended request, and a later one for the same services a few days later, not assessed yet."""
    first = submitted(cloud, 0)
    cloud.pend(first)
    return first, submitted(cloud, 3)


def submitted(cloud: Cloud, days: int) -> str:
    """A request for the surgery some days later; nothing moves its dates."""
    request_id = cloud.start(services=later([BOWEL_SURGERY], days))
    assert cloud.submit(request_id, services=later([BOWEL_SURGERY], days)).status == 202
    return request_id


def damage_fingerprint(cloud: Cloud, request_id: str) -> None:
    [item] = [one for one in cloud.items(f"REQUEST#{request_id}") if "fingerprint" in one]
    put(cloud, {**item, "fingerprint": {"B": b"\x00not zlib"}})


def damage_request(cloud: Cloud, request_id: str) -> None:
    put(cloud, {**(cloud.item(request_id) or {}), "plan": {"S": "{"}})


@pytest.mark.rule("S2")
def test_similar_requests_are_compared_when_a_fingerprint_is_damaged(cloud: Cloud) -> None:
    first, second = similar_pair(cloud)
    damage_fingerprint(cloud, first)
    with counted_damage() as reported:
        cloud.pend(second)
        case = cloud.case(second)
    assert {one.record_id for one in reported} == {first}
    [found] = case.body["potential_duplicates"]
    assert (found["request_id"], found["reason_code"]) == (first, "near_dates")
    assert ids_of(case) == []  # nothing is missing
    [seen] = cloud.read(second).body["potential_duplicates"]
    assert seen["request_id"] == first


@pytest.mark.rule("S2", "W10")
def test_reviewer_compares_when_the_record_of_a_similar_request_is_damaged(cloud: Cloud) -> None:
    other = submitted(cloud, 6)
    cloud.pend(other)
    first, second = similar_pair(cloud)
    damage_request(cloud, first)
    with counted_damage() as reported:
        cloud.pend(second)
        case = cloud.case(second)
    assert {one.record_id for one in reported} == {first}
    assert case.body["status"] == "PENDING"
    assert ids_of(case) == [first]
    found = {one["request_id"]: one for one in case.body["potential_duplicates"]}
    assert found.keys() == {None, other}
    assert (found[None]["visible"], found[None]["reason_code"]) == (False, "near_dates")
    assert found[None]["contact"]
    # The fingerprint shows which providers could read it.
    seen = {one["request_id"] for one in cloud.read(second).body["potential_duplicates"]}
    assert seen == {first, other}


@pytest.mark.rule("S2", "W10", "A2")
def test_request_is_pended_when_nothing_of_another_one_can_be_read(cloud: Cloud) -> None:
    first, second = similar_pair(cloud)
    damage_fingerprint(cloud, first)
    damage_request(cloud, first)
    cloud.pend(second)
    case = cloud.case(second)
    assert (case.body["status"], ids_of(case)) == ("PENDING", [first])
    [found] = case.body["potential_duplicates"]
    assert (found["reason_code"], found["request_id"]) == ("unreadable", None)
    assert found["reason_code_label"] == "Record of another request that cannot be read"
    assert case.body["assessment"]["potential_duplicates"][0]["reason_code"] == "unreadable"
    # It may be unrelated: the providers do not see that it exists.
    details = cloud.read(second).body
    assert details["potential_duplicates"] == []
    notices = cloud.deps.payer.notices
    assert notices["potential_duplicate_not_visible"] not in details["notices"]
    assert first not in str(details)


@pytest.mark.rule("S2", "W8")
def test_vendor_sees_the_others_when_a_similar_request_is_damaged(cloud: Cloud) -> None:
    first = delegated(cloud, "FAX-1")
    second = delegated(cloud, "FAX-2", services=later([IMAGES], 3))
    third = delegated(cloud, "FAX-3", services=later([IMAGES], 5))
    damage_request(cloud, second)
    reply = read_as_vendor(cloud, first)
    assert {one["request_id"] for one in reply.body["potential_duplicates"]} == {None, third}
    damage_fingerprint(cloud, second)
    reply = read_as_vendor(cloud, first)
    assert [one["request_id"] for one in reply.body["potential_duplicates"]] == [third]


def test_damaged_document_is_shown_when_a_vendor_reads_its_request(cloud: Cloud) -> None:
    request_id = mixed(cloud)
    document_id = attached(cloud, request_id)
    [item] = cloud.items(f"DOCUMENT#{document_id}")
    put(cloud, {**item, "sk": {"S": f"DOCUMENT#{damaged_id(1)}"}, "document": {"S": "{"}})
    reply = read_as_vendor(cloud, request_id)
    assert ids_of(reply) == [damaged_id(1)]
    assert [one["document_id"] for one in reply.body["documents"]] == [document_id]


# -- providers and members -----------------------------------------------------------------------------


def test_damaged_selection_is_shown_when_frequent_providers_are_listed(cloud: Cloud) -> None:
    cloud.start()
    [item] = cloud.items("ID#")[:1]
    damaged = [{"provider": {"S": "{"}}, {"selected": {"S": "x"}}, {"selected_at": {"S": "soon"}}]
    for number, change in enumerate(damaged):
        put(cloud, {**item, **change, "sk": {"S": f"ID#{damaged_id(number)}"}})
    with counted_damage() as reported:
        reply = cloud.call(status, "GET", "/v1/providers/frequent")
    assert ids_of(reply) == [f"ID#{damaged_id(number)}" for number in range(3)]
    assert len(reply.body["providers"]) == 1
    assert len(reported) == 3


def test_damaged_request_is_shown_when_requesting_providers_are_listed(cloud: Cloud) -> None:
    other = {**entered()["requesting_provider"], "name": "Another Name"}
    cloud.submitted(requesting_provider=other, services=later(entered()["services"], 90))
    broken = cloud.submitted()
    damage_request(cloud, broken)
    reply = cloud.call(status, "GET", "/v1/providers/requesting")
    assert ids_of(reply) == [broken]
    assert [one["provider"]["name"] for one in reply.body["providers"]] == ["Another Name"]


def test_damaged_entry_is_shown_when_the_callers_providers_are_named(
    cloud: Cloud, refer: Callable[[Item], None]
) -> None:
    before = cloud.call(status, "GET", "/v1/me").body
    assert before["damaged"] == []
    tin = PROVIDER_TIN
    for number in range(2):
        refer({"pk": {"S": f"TIN#{tin}"}, "sk": {"S": f"FACILITY#a#{damaged_id(number)}"}})
    reply = cloud.call(status, "GET", "/v1/me")
    assert ids_of(reply) == [damaged_id(0), damaged_id(1)]
    assert reply.body["tins"] == before["tins"]


def test_damaged_member_is_shown_when_an_ssn_is_searched(
    cloud: Cloud, refer: Callable[[Item], None]
) -> None:
    facts = {name: PATIENT[name] for name in ("date_of_birth", "last_name", "first_name")}

    def search() -> Reply:
        body = {"ssn": "987-65-4320", **facts}
        return cloud.call(check, "POST", "/v1/patients/search", body)

    assert len(search().body["patients"]) == 1
    [member] = [
        one
        for one in reference_items(cloud, f"MEMBER#{PATIENT['member_id']}")
        if one["sk"]["S"] == "COVERAGE"
    ]
    refer({**member, "member": {"S": "{"}})
    reply = search()
    assert len(ids_of(reply)) == 1
    assert PATIENT["member_id"] not in reply.text
    # The member exists, so that no answer states otherwise.
    assert (reply.body["patients"], reply.body["notices"]) == ([], [])


def test_operator_learns_it_when_the_chosen_entry_of_the_directory_is_damaged(
    cloud: Cloud, refer: Callable[[Item], None]
) -> None:
    by_hand = {**entered()["servicing_provider"], "provider_id": None, "name": "Other Clinic"}
    request_id = cloud.pended(servicing_provider=by_hand)
    refer({"pk": {"S": provider_pk("P-BROKEN")}, "sk": {"S": "ENTRY"}, "entry": {"S": "{"}})
    reply = cloud.reconcile(request_id, "P-BROKEN")
    assert (reply.status, reply.code) == (500, "record_damaged")
    assert reply.body["record_id"] == "P-BROKEN"


def test_messages_are_listed_when_their_count_is_damaged(cloud: Cloud) -> None:
    cloud.pended()
    cloud.relay(cloud.stream())
    for entry in cloud.published():
        cloud.receive(entry)
    before = cloud.messages().body
    assert before["messages"]
    put(cloud, {"pk": {"S": inbox_pk(PROVIDER_TIN)}, "sk": {"S": "UNREAD"}, "unread": {"S": "x"}})
    after = cloud.messages().body
    assert (after["messages"], after["unread"]) == (before["messages"], None)
    assert cloud.call(status, "GET", "/v1/messages/unread").code == "record_damaged"


# -- clocks and commands -------------------------------------------------------------------------------


@pytest.mark.rule("W2")
def test_other_clocks_are_checked_when_an_open_cycle_cannot_be_read(cloud: Cloud) -> None:
    request_id = cloud.pended()
    header = cloud.item(request_id) or {}
    changes: list[Item] = [{"cycle": None}, {"checks_sk": {"S": "soon#1"}}]
    for number, change in enumerate(changes):
        item = {**header, "pk": {"S": f"REQUEST#{damaged_id(number)}"}, **change}
        put(cloud, {name: value for name, value in item.items() if value})
    listings = cloud.deps.listings
    with counted_damage() as reported:
        due = list(listings.due_checks(cloud.clock.at + timedelta(days=400)))
        page = listings.checks(CheckQueue.PENDED, after=None, limit=None)
    assert [one.request_id for one in due] == [request_id]
    assert [one.request_id for one in page.rows] == [request_id]
    assert set(page.damaged) == {damaged_id(0), damaged_id(1)}
    assert {one.record_id for one in reported} == {damaged_id(0), damaged_id(1)}
    assert set(listings.open_cycles()) == {request_id, damaged_id(0), damaged_id(1)}


def test_other_grants_are_listed_when_one_is_damaged(
    cloud: Cloud,
    refer: Callable[[Item], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    issuer = "https://issuer.example"
    for subject in ("a", "b"):
        grant = Grant(
            issuer=issuer, subject=subject, entitlements=frozenset({Entitlement.OPERATOR})
        )
        cloud.deps.grants.store(grant)
    refer({"pk": {"S": f"GRANT#{issuer}#a"}, "sk": {"S": "GRANT"}, "grant": {"S": "{"}})
    monkeypatch.setattr(users_command, "stack_dependencies", lambda _stack: cloud.deps)
    try:
        assert cli.main(["users", "list", "--stack", "precert-dev"]) == 0
    finally:
        for subject in ("a", "b"):
            cloud.deps.grants.store(Grant(issuer=issuer, subject=subject))
    shown = capsys.readouterr()
    assert "b" in shown.out
    assert f"precert: damaged grant: GRANT#{issuer}#a" in shown.err


def test_other_plans_are_read_when_one_is_damaged(
    cloud: Cloud, refer: Callable[[Item], None]
) -> None:
    before = cloud.deps.loads.plans()
    refer({"pk": {"S": PLANS_PK}, "sk": {"S": "BROKEN"}, "plan": {"S": "{"}})
    with counted_damage() as reported:
        assert cloud.deps.loads.plans() == before
    assert before
    assert [one.record_id for one in reported] == ["BROKEN"]


def access(at: datetime, access_id: str) -> AuditRecord:
    return AuditRecord(
        access_id=access_id,
        at=at,
        operation="readCase",
        subject="reviewer",
        user_agent=UserAgent.BROWSER,
        outcome=AccessOutcome.ALLOWED,
        status=200,
    )


def test_other_accesses_are_read_when_a_record_of_the_audit_is_damaged(cloud: Cloud) -> None:
    client, table = cloud.clients.by_name["dynamodb"], names("audit")
    create_reference_table(client, table)
    at = datetime(2026, 7, 1, 9, tzinfo=UTC)
    first, second = (audit_item(access(at + timedelta(hours=one), f"a{one}")) for one in (0, 1))
    put(cloud, to_wire(first), table)
    put(cloud, {**to_wire(second), "record": {"S": "{"}}, table)
    until = at + timedelta(days=1)
    with counted_damage() as reported:
        found = list(DynamoDBAuditLog(client, audit_table=table).between(at, until))
        store = cloud.clients.by_name["s3"]
        lines = f"{access(at, 'a0').model_dump_json()}\n{{\n".encode()
        for name, body in (("a", gzip.compress(lines)), ("b", b"not compressed")):
            key = f"audit/2026-07-01/{name}.jsonl.gz"
            store.put_object(Bucket=cloud.bucket, Key=key, Body=body)
        archived = list(S3Audit(store, bucket=cloud.bucket).between(at, until))
    assert [one.access_id for one in found] == ["a0"]
    assert [one.access_id for one in archived] == ["a0"]
    assert len(reported) == 3
