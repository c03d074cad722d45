"""Each access to health information is on record before it is answered, in ids only (X1)."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from functions.audit import handler as archiver
from functions.check import handler as check
from functions.review import handler as review
from functions.status import handler as status
from precert import bootstrap
from precert.adapters.dynamodb.audit import DynamoDBAuditLog, audit_item
from precert.adapters.dynamodb.table import to_wire
from precert.adapters.s3.audit import S3Audit
from precert.cli import audit as audit_command
from precert.cli import main as cli
from precert.domain.audit import (
    AccessOutcome,
    AuditRecord,
    UserAgent,
    member_key,
    record_of_event,
)
from precert.domain.event_types import EventType
from precert.domain.events import Event
from precert.domain.statuses import Status
from precert.names import Entitlement
from precert.usecases.audit import copy_audit
from tests.adapters.callers import (
    FACILITY,
    PROVIDER_SUBJECT,
    REVIEWER,
    REVIEWER_SUBJECT,
    STRANGER,
    SUBJECTS,
    UNENTITLED,
)
from tests.adapters.calls import SOURCE_IP, Context
from tests.adapters.cloud import Cloud
from tests.adapters.tables import create_reference_table, names
from tests.adapters.test_privacy import ENTERED, run_all_operations
from tests.adapters.wire import Clients
from tests.fakes.audit import MemoryAudit
from tests.fakes.leaks import leaked
from tests.fakes.samples import FACILITY_TIN, PATIENT, PROVIDER_TIN
from tools.operations import ROUTES

pytestmark = pytest.mark.rule("X1")
START: Final = datetime(2026, 7, 1, 8, tzinfo=UTC)
MEMBER: Final = member_key(PATIENT["member_id"])

WITHOUT_PATIENTS: Final = frozenset(
    {
        *("countOperatorQueues", "countUnreadMessages", "countWorklist"),
        *("getFormFields", "getReference"),
        *("listDecisionReasons", "listFailedDeliveries", "listFrequentProviders"),
        "listReviewers",
        *("listRequestingProviders", "lookUpCodes", "readMe", "redeliver"),
        *("searchDiagnoses", "searchProcedures", "searchProviders"),
    }
)
"""Operations whose input and response are about no patient."""


def record(second: int, access_id: str = "api-1", **facts: Any) -> AuditRecord:
    at = START + timedelta(seconds=second)
    return AuditRecord(access_id=access_id, at=at, operation="readRequest", **facts)


def of(cloud: Cloud, operation: str) -> AuditRecord:
    """The only record of an operation."""
    [found] = [one for one in cloud.audit.records.values() if one.operation == operation]
    return found


@pytest.fixture(params=["table", "memory"])
def log(request: pytest.FixtureRequest, clients: Clients) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryAudit()
        return
    table = names("audit")
    create_reference_table(clients.by_name["dynamodb"], table)
    yield DynamoDBAuditLog(clients.by_name["dynamodb"], audit_table=table)
    clients.by_name["dynamodb"].delete_table(TableName=table)


@pytest.fixture
def stored(cloud: Cloud, clients: Clients) -> Iterator[DynamoDBAuditLog]:
    """The product with the audit in its table."""
    table = names("audit")
    create_reference_table(clients.by_name["dynamodb"], table)
    store = DynamoDBAuditLog(clients.by_name["dynamodb"], audit_table=table)
    cloud.deps.audit_log = cloud.deps.stored_audit = store
    yield store
    clients.by_name["dynamodb"].delete_table(TableName=table)


def test_records_are_read_in_order_when_they_are_in_the_period(log: Any) -> None:
    days = timedelta(days=1)
    for second, access_id in ((90_000, "c"), (0, "a"), (5, "b"), (200_000, "d")):
        log.append(record(second, access_id))
    assert [one.access_id for one in log.between(START, START + 3 * days)] == ["a", "b", "c", "d"]
    end = START + timedelta(seconds=90_000)
    assert [one.access_id for one in log.between(START + timedelta(seconds=1), end)] == ["b"]


def test_record_stays_as_it_is_when_it_is_appended_again(log: Any) -> None:
    log.append(record(0, subject="first"))
    log.append(record(0, subject="second"))
    end = START + timedelta(days=1)
    assert [one.subject for one in log.between(START, end)] == ["first"]


def test_record_is_in_the_table_for_ninety_days_when_it_is_appended() -> None:
    """So long the command finds it without the archive."""
    item = audit_item(record(0))
    assert item["ttl"] == int((START + timedelta(days=90)).timestamp())


def test_every_operation_is_audited_when_it_is_about_patients() -> None:
    unaudited = {one.operation_id for one in ROUTES if not one.audited}
    assert unaudited == WITHOUT_PATIENTS
    assert {one.api.audit for one in ROUTES} == {bootstrap.audit}


def test_audit_is_one_call_more_when_an_operation_is_answered(
    cloud: Cloud, stored: DynamoDBAuditLog
) -> None:
    cloud.check()
    request_id = cloud.pended()
    draft_id = cloud.start()
    operations: list[tuple[Callable[[], Any], list[str]]] = [
        (cloud.check, ["BatchGetItem"]),
        (lambda: cloud.read(request_id), ["Query"]),
        (cloud.dashboard, ["Query"]),
        (lambda: cloud.save(draft_id, 1), ["UpdateItem"]),
        (lambda: cloud.read(request_id, UNENTITLED), []),
    ]
    for operation, expected in operations:
        with cloud.wire.counting() as calls:
            operation()
        assert calls == [*expected, "PutItem"]
    with cloud.wire.counting() as calls:
        cloud.call(check, "GET", "/v1/form")
    assert calls == []


def test_nothing_is_answered_when_the_access_cannot_be_recorded(
    cloud: Cloud, stored: DynamoDBAuditLog
) -> None:
    request_id = cloud.pended()
    cloud.wire.cut("PutItem")
    reply = cloud.read(request_id)
    assert (reply.status, reply.code) == (503, "try_again")
    assert reply.headers["Retry-After"] == "2"
    assert PATIENT["last_name"] not in reply.text
    assert cloud.read(request_id).status == 200


def test_repetition_is_answered_when_a_write_could_not_be_recorded(
    cloud: Cloud, stored: DynamoDBAuditLog
) -> None:
    draft_id = cloud.start()
    cloud.wire.cut("PutItem")
    assert cloud.submit(draft_id).status == 503
    assert cloud.submit(draft_id).status == 202


def test_record_names_who_what_whose_why_and_where_when_a_request_is_read(cloud: Cloud) -> None:
    request_id = cloud.pended()
    cloud.read(request_id)
    found = of(cloud, "readRequest")
    assert (found.subject, found.source_ip, found.user_agent) == (
        PROVIDER_SUBJECT,
        SOURCE_IP,
        UserAgent.BROWSER,
    )
    assert found.requests == (request_id,)
    assert found.members == (MEMBER,)
    assert found.entitlements == (Entitlement.PATIENT_SEARCH,)
    assert found.basis == (f"tin:{PROVIDER_TIN}",)
    assert (found.outcome, found.status, found.code) == (AccessOutcome.ALLOWED, 200, None)
    assert found.at == cloud.clock.at
    assert found.access_id.startswith("api-")


def test_record_names_the_member_when_the_response_is_a_file_or_empty(cloud: Cloud) -> None:
    draft_id = cloud.start()
    cloud.delete(draft_id, 1)
    assert of(cloud, "deleteDraft").members == (MEMBER,)
    cloud.confirm(PATIENT)
    assert of(cloud, "confirmPatient").members == (MEMBER,)


def test_record_names_every_request_when_a_list_is_read(cloud: Cloud) -> None:
    requests = {cloud.pended(), cloud.pended()}
    cloud.dashboard(FACILITY)
    found = of(cloud, "listRequests")
    assert set(found.requests) == requests
    assert found.basis == (f"tin:{FACILITY_TIN}",)


def test_record_names_plan_and_assignment_when_a_reviewer_decides(cloud: Cloud) -> None:
    request_id = cloud.pended()
    cloud.case(request_id)
    assert of(cloud, "readCase").basis == ("plan:OAP-COMPLETE",)
    path = f"/v1/review/requests/{request_id}/assign"
    version = f'"{cloud.case(request_id).body["version"]}"'

    assert cloud.call(review, "POST", path, by=REVIEWER, if_match=version).status == 200
    cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "APPROVED"})
    decided = of(cloud, "decide")
    assert set(decided.basis) == {"plan:OAP-COMPLETE", "assignment"}
    assert decided.subject == REVIEWER_SUBJECT
    assert decided.members == (MEMBER,)


@pytest.mark.parametrize(
    ("by", "answered", "code"),
    [(STRANGER, 404, "not_found"), (UNENTITLED, 403, "not_entitled")],
)
def test_record_says_refused_when_the_caller_may_not_read_it(
    cloud: Cloud, by: dict[str, str], answered: int, code: str
) -> None:
    request_id = cloud.pended()
    cloud.read(request_id, by)
    found = of(cloud, "readRequest")
    assert (found.outcome, found.status, found.code) == (AccessOutcome.REFUSED, answered, code)
    assert (found.subject, found.requests) == (by["sub"], (request_id,))


def test_record_has_no_member_when_the_search_identifies_no_patient(cloud: Cloud) -> None:
    entered = {"member_id": "123456789", "last_name": "X", "first_name": "Y"}
    cloud.call(check, "POST", "/v1/patients/search", {**entered, "date_of_birth": "1990-01-01"})
    assert of(cloud, "searchPatients").members == ()


def test_record_has_no_path_when_an_id_has_no_form_of_one(cloud: Cloud) -> None:
    cloud.call(status, "GET", "/v1/requests/849382930")
    assert of(cloud, "readRequest").requests == ()


def test_no_entered_value_is_recorded_when_a_request_goes_through_its_lifecycle(
    cloud: Cloud,
) -> None:
    request_id = run_all_operations(cloud)
    text = "\n".join(one.model_dump_json() for one in cloud.audit.records.values())
    assert leaked(ENTERED, text) == []
    assert request_id in text
    assert all(subject in text for subject in SUBJECTS)


def test_every_change_is_recorded_when_the_relay_receives_its_event(cloud: Cloud) -> None:
    request_id = cloud.pended()
    changes = cloud.stream()
    cloud.relay(changes)
    recorded = {one.access_id for one in cloud.audit.records.values()}
    events = [
        json.loads(one["dynamodb"]["NewImage"]["event"]["S"])
        for one in changes
        if "event" in one["dynamodb"].get("NewImage", {})
    ]
    assert events
    assert {one["event_id"] for one in events} <= recorded
    assert all(one["request_id"] == request_id for one in events)


def test_event_without_a_caller_is_recorded_when_the_workflow_caused_it(cloud: Cloud) -> None:
    cloud.pended()
    cloud.relay(cloud.stream())
    [pended] = [one for one in cloud.audit.records.values() if one.operation == "RequestPended"]
    assert pended.subject in {None, "precert"}
    assert pended.source_ip is None


class Archive:
    """The archiving function on a bucket of its own."""

    def __init__(self, cloud: Cloud, clients: Clients) -> None:
        self.bucket = names("audit")
        self.client = clients.by_name["s3"]
        self.client.create_bucket(Bucket=self.bucket)
        self.store = S3Audit(self.client, bucket=self.bucket)
        cloud.deps.locked_audit = self.store

    @staticmethod
    def deliver(*records: AuditRecord, first: int = 100) -> dict[str, Any]:
        event = {
            "Records": [
                {
                    "eventName": "INSERT",
                    "dynamodb": {
                        "SequenceNumber": str(first + at),
                        "NewImage": to_wire(audit_item(one)),
                    },
                }
                for at, one in enumerate(records)
            ]
        }
        answer: dict[str, Any] = archiver.handle(event, Context())
        return answer

    def keys(self) -> list[str]:
        listed = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return [one["Key"] for one in listed]


@pytest.fixture
def archive(cloud: Cloud, clients: Clients) -> Archive:
    return Archive(cloud, clients)


def test_records_are_archived_once_when_the_stream_delivers_them_again(archive: Archive) -> None:
    records = (record(0, "a"), record(5, "b"), record(90_000, "c"))
    for _ in range(2):
        assert archive.deliver(*records) == {"batchItemFailures": []}
    first, second = archive.keys()
    assert re.fullmatch(r"audit/2026-07-01/100-[0-9a-f]{16}\.jsonl\.gz", first)
    assert re.fullmatch(r"audit/2026-07-02/100-[0-9a-f]{16}\.jsonl\.gz", second)
    archive.deliver(record(5, "b"), first=101)
    assert tuple(archive.store.between(START, START + timedelta(days=2))) == records


def test_every_record_is_archived_when_a_repeated_batch_is_longer(archive: Archive) -> None:
    """Lambda may read more records after a batch whose response was lost."""
    records = (record(0, "a"), record(5, "b"), record(9, "c"))
    archive.deliver(*records[:2])
    archive.deliver(*records)
    assert tuple(archive.store.between(START, START + timedelta(days=1))) == records


def test_batch_is_delivered_again_when_the_archive_does_not_answer(
    cloud: Cloud, archive: Archive
) -> None:
    cloud.wire.cut("PutObject")
    assert archive.deliver(record(0)) == {"batchItemFailures": [{"itemIdentifier": "100"}]}
    assert archive.keys() == []


def shown(
    capsys: pytest.CaptureFixture[str], cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[dict[str, Any]]]:

    monkeypatch.setattr(audit_command, "stack_dependencies", lambda _stack: cloud.deps)

    def run(*arguments: str) -> list[dict[str, Any]]:
        capsys.readouterr()
        cli.main(["audit", "--stack", "precert-dev", *arguments])
        out = capsys.readouterr().out.splitlines()
        return [json.loads(line) for line in out if line.startswith("{")]

    return run


def test_command_finds_accesses_when_person_patient_or_request_are_named(
    cloud: Cloud,
    stored: DynamoDBAuditLog,
    archive: Archive,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request_id, other = cloud.pended(), cloud.pended()
    cloud.read(request_id)
    cloud.dashboard(FACILITY)
    cloud.call(status, "GET", f"/v1/requests/{other}", by=STRANGER)
    cloud.clock.at += timedelta(minutes=1)
    run = shown(capsys, cloud, monkeypatch)
    everything = run()
    assert {one["operation"] for one in run("--person", STRANGER["sub"])} == {"readRequest"}
    of_request = run("--request", request_id)
    assert {"readRequest", "submitDraft", "listRequests"} <= {
        one["operation"] for one in of_request
    }
    assert all(request_id in one["requests"] for one in of_request)
    of_patient = run("--patient", PATIENT["member_id"])
    # The page of the list names requests only, which are the patient's.
    assert {"listRequests", "startDraft"} <= {one["operation"] for one in of_patient}
    assert run("--patient", "OTHER12345") == []
    assert run("--since", "2030-01-01") == []
    assert run("--copy") == []
    assert run("--archive") == everything


def test_list_page_is_found_by_patient_when_the_request_was_opened_before_the_period(
    cloud: Cloud,
    stored: DynamoDBAuditLog,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The record of a page has ids of requests only, and none of this period has the member."""
    cloud.pended()
    cloud.clock.at += timedelta(days=1)
    since = cloud.clock.at.isoformat()
    cloud.dashboard(FACILITY)
    cloud.clock.at += timedelta(minutes=1)
    run = shown(capsys, cloud, monkeypatch)
    found = run("--patient", PATIENT["member_id"], "--since", since)
    assert [one["operation"] for one in found] == ["listRequests"]
    assert run("--patient", "OTHER12345", "--since", since) == []


@pytest.mark.parametrize(
    ("period", "calls"),
    [
        (("--since", "0001-01-01", "--until", "2026-01-02"), 8),
        (("--since", "9999-12-30", "--until", "9999-12-31"), 0),
    ],
)
def test_command_ends_when_the_period_is_longer_than_the_audit(
    cloud: Cloud,
    stored: DynamoDBAuditLog,
    monkeypatch: pytest.MonkeyPatch,
    period: tuple[str, ...],
    calls: int,
) -> None:
    monkeypatch.setattr(audit_command, "stack_dependencies", lambda _stack: cloud.deps)
    with cloud.wire.counting() as made:
        cli.main(["audit", "--stack", "precert-dev", *period])
    assert made.count("Query") == calls


def test_command_is_refused_when_the_period_ends_before_it_begins(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit_command, "stack_dependencies", lambda _stack: cloud.deps)
    period = ("--since", "2026-07-02", "--until", "2026-07-01")
    assert cli.main(["audit", "--stack", "precert-dev", *period]) == cli.REFUSED
    assert "--since: must be before --until" in capsys.readouterr().err


def test_records_are_copied_as_they_are_read_when_there_are_millions() -> None:
    """A day has two million records, which do not fit in memory together."""
    read: list[str] = []
    stored_at: list[int] = []

    class Source:
        def between(self, _since: datetime, _until: datetime) -> Iterator[AuditRecord]:
            for number in range(2500):
                read.append(str(number))
                yield record(number, f"api-{number}")

    class Target:
        def store(self, _records: tuple[AuditRecord, ...], _name: str) -> None:
            stored_at.append(len(read))

    assert copy_audit(START, START, audit=Source(), archive=Target()) == 2500
    assert stored_at == [1000, 2000, 2500]


def test_call_is_identified_when_it_is_logged_or_refused(cloud: Cloud) -> None:
    reply = cloud.call(status, "GET", "/v1/requests/nothing")
    found = of(cloud, "readRequest").access_id
    # The test's cloud replaces the id in responses, so that these can be compared.
    assert reply.body["request_id"] == "api-call"
    lines = [json.loads(line) for line in cloud.log.getvalue().splitlines()]
    assert lines
    assert {line["api_request_id"] for line in lines} == {found}


def test_event_record_names_the_document_when_the_event_is_about_one() -> None:
    found = record_of_event(
        Event(
            event_id="R1.D1.attached",
            type=EventType.DOCUMENT_ATTACHED,
            request_id="R1",
            cycle=1,
            at=START,
            status=Status.PENDING,
            tins=(PROVIDER_TIN,),
            document_id="D1",
        )
    )
    assert (found.objects, found.subject, found.requests) == (("D1",), None, ("R1",))
