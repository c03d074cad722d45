"""The product on moto: tables as in ``precert.names``, real handlers, counted and failing calls."""

import io
import json
import threading
from base64 import b64decode
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from types import ModuleType
from typing import Any, Final

import boto3
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber
from mypy_boto3_dynamodb.client import DynamoDBClient

from functions.check import confirmation
from functions.check import handler as check
from functions.expire import handler as expire
from functions.expire import warn
from functions.inbox import handler as inbox
from functions.relay import handler as relay
from functions.review import handler as review
from functions.status import handler as status
from functions.submit import handler as submit
from functions.sweep import handler as sweep
from functions.upload import handler as upload
from functions.upload import scan, verify
from functions.workflow import handler as workflow
from precert import names as shared_names
from precert.adapters.dynamodb.bulk import Bulk, LoadSpeed, Pacer
from precert.adapters.dynamodb.loading import DynamoDBLoads
from precert.adapters.dynamodb.table import from_wire
from precert.adapters.stepfunctions import execution_name
from precert.bootstrap import Dependencies, client_config
from precert.domain.coverage import Coverage, members_of
from precert.domain.request import Request
from precert.settings import Settings
from tests.fakes.audit import MemoryAudit
from tests.fakes.clock import START, Clock
from tests.fakes.environments import environment
from tests.fakes.gateway import matched
from tests.fakes.samples import FACILITY_TIN, PROVIDER_TIN, STRANGER_TIN, entered, later

PDF: Final = (
    b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    b"2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
    b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>\nendobj\n"
    b"trailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF"
)
PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(64)
PROVIDER_SUBJECT: Final = "provider-user-5f2c"
FACILITY_SUBJECT: Final = "facility-user-77aa"
REVIEWER_SUBJECT: Final = "reviewer-user-91d0"
SECOND_REVIEWER_SUBJECT: Final = "reviewer-user-33be"
SUBJECTS: Final = (PROVIDER_SUBJECT, FACILITY_SUBJECT, REVIEWER_SUBJECT, SECOND_REVIEWER_SUBJECT)


def claims(subject: str, group: str = "", tins: str = "", plans: str = "") -> dict[str, str]:
    return {
        "sub": subject,
        "cognito:groups": f"[{group}]",
        "custom:tins": tins,
        "custom:plans": plans,
    }


PROVIDER: Final = claims(PROVIDER_SUBJECT, "PatientSearch", PROVIDER_TIN)
FACILITY: Final = claims(FACILITY_SUBJECT, "PatientSearch", FACILITY_TIN)
STRANGER: Final = claims("stranger-user", "PatientSearch", STRANGER_TIN)
UNENTITLED: Final = claims("unentitled-user", "Other", PROVIDER_TIN)
PHYSICIAN: Final = "Reviewer PhysicianReviewer"
REVIEWER: Final = claims(REVIEWER_SUBJECT, PHYSICIAN, plans="OAP-COMPLETE")
SECOND_REVIEWER: Final = claims(SECOND_REVIEWER_SUBJECT, PHYSICIAN, plans="OAP-COMPLETE")
NURSE: Final = claims("nurse-user-12ab", "Reviewer", plans="OAP-COMPLETE")

LEAD: Final = claims("lead-user-40e7", "Reviewer ReviewLead", plans="OAP-COMPLETE")
OPERATOR: Final = claims("operator-user", "Operator")
OTHER_QUEUE: Final = claims("reviewer-of-hmo", "Reviewer", plans="HMO-COMPLETE")


class Context:
    """The fields of Lambda's context that Powertools reads."""

    function_name = "function"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id = "aws-request-id"


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    headers: Mapping[str, str]
    text: str

    @property
    def code(self) -> str | None:
        return self.body.get("code") if isinstance(self.body, dict) else None


@dataclass
class Wire:
    """The clients' HTTP traffic: counted, and failing where a test requests it."""

    calls: list[str] = field(default_factory=list)
    parameters: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _errors: list[tuple[str, Callable[[str, Any], AWSResponse | None]]] = field(
        default_factory=list
    )
    _unobserved: bool = False

    def attach(self, client: Any) -> None:
        client.meta.events.register("provide-client-params", self._prepared)
        client.meta.events.register("before-call", self._called)
        client.meta.events.register_first("before-send", self._sent)
        client.meta.events.register_last("before-send", self._passed)

    def reset(self) -> None:
        self.calls.clear()
        self.parameters.clear()
        self._errors.clear()

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """The calls made in the block; botocore's retries count as one call."""
        self.calls.clear()
        yield self.calls

    @contextmanager
    def unobserved(self) -> Iterator[None]:
        """Calls of the test itself: neither counted nor failing."""
        self._unobserved = True
        try:
            yield
        finally:
            self._unobserved = False

    def sent(self, operation: str) -> list[dict[str, Any]]:
        return [sent for name, sent in self.parameters if name == operation]

    def fail(self, operation: str, error: str, **body: Any) -> None:
        """Answer the next attempt of the operation with an error, without executing it."""
        text = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{error}", **body})
        self.answer(operation, text, status=400)

    def answer(self, operation: str, text: str, *, status: int = 200) -> None:
        """Answer the next attempt of the operation with this, without executing it."""

        def answered(_name: str, request: Any) -> AWSResponse:
            botocore_stubber.enabled = False  # moto would otherwise answer too
            headers = {"Content-Type": "application/x-amz-json-1.0"}
            return AWSResponse(request.url, status, headers, MockRawResponse(text))  # type: ignore[arg-type]

        self._errors.append((operation, answered))

    def lose_answer(self, operation: str, *, attempts: int = 1) -> None:
        """Execute attempts of the operation, but lose their responses."""

        def lost(name: str, request: Any) -> None:
            botocore_stubber(name, request)
            raise ReadTimeoutError(endpoint_url=request.url)

        self._errors.extend([(operation, lost)] * attempts)

    def cut(self, operation: str) -> None:
        """Let all four attempts of the operation fail before they arrive."""

        def unanswered(_name: str, request: Any) -> None:
            raise ReadTimeoutError(endpoint_url=request.url)

        self._errors.extend([(operation, unanswered)] * 4)

    @property
    def spent(self) -> bool:
        """Whether every requested error occurred."""
        return not self._errors

    def _prepared(self, params: dict[str, Any], event_name: str, **_: Any) -> None:
        if self._unobserved:
            return
        self.parameters.append((event_name.rpartition(".")[2], dict(params)))

    def _called(self, event_name: str, **_: Any) -> None:
        if self._unobserved:
            return
        self.calls.append(event_name.rpartition(".")[2])

    @staticmethod
    def _passed(**_: Any) -> None:
        botocore_stubber.enabled = True

    def _sent(self, event_name: str, request: Any, **_: Any) -> AWSResponse | None:
        operation = event_name.rpartition(".")[2]
        for index, (expected, error) in enumerate(self._errors):
            if expected == operation and not self._unobserved:
                del self._errors[index]
                return error(event_name, request)
        return None


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


def put_coverages(deps: Dependencies, coverages: Collection[Coverage]) -> None:
    """Load members with exactly these spans, with the date of the sample data."""
    assert all(deps.loads.put_members(members_of(coverages), START))


class Clients:
    """The clients, created once: creating one reads megabytes of service descriptions."""

    def __init__(self, region: str = "us-east-1") -> None:
        self.session = boto3.Session(region_name=region)
        self.wire = Wire()
        services = ("dynamodb", "s3", "stepfunctions", "events", "kms", "sqs", "lambda")
        self.by_name = {
            name: self.session.client(name, config=client_config())  # type: ignore[call-overload]
            for name in services
        }
        for client in self.by_name.values():
            self.wire.attach(client)

    def client(self, name: str, **_: Any) -> Any:
        """As ``boto3.Session.client``; the product creates its clients with it."""
        return self.by_name[name]


_names = count(1)
_calls = count(1)
SOURCE_IP: Final = "203.0.113.9"


_FAR_APART = 14
"""Days, more than a stay and the days within which requests may repeat each other."""


@dataclass
class Cloud:
    """One test's product: its own tables, bucket, bus and state machine."""

    deps: Dependencies
    clients: Clients
    clock: Clock
    log: io.StringIO
    requests_table: str
    bucket: str
    sample_coverage: Coverage
    audit: MemoryAudit
    covered: bool = False
    """Whether the sample patient's coverage was changed, which all tests share."""
    created_before: int = 0
    """How often the test has submitted something."""

    @property
    def wire(self) -> Wire:
        return self.clients.wire

    # -- callers ------------------------------------------------------------------------------------

    def call(
        self,
        function: ModuleType,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: Mapping[str, str] = PROVIDER,
        query: Mapping[str, str] | None = None,
        raw: str | None = None,
        **headers: str,
    ) -> Reply:
        """Send the function an event as API Gateway would, and return its response.

        The response has no id of the call, which differs between any two.
        """
        call_id = f"api-{next(_calls)}"
        event = {
            "version": "2.0",
            **matched(method, path),
            "rawPath": path,
            "rawQueryString": "",
            "headers": {name.replace("_", "-").lower(): value for name, value in headers.items()},
            "queryStringParameters": query,
            "requestContext": {
                "http": {
                    "method": method,
                    "path": path,
                    "sourceIp": SOURCE_IP,
                    "userAgent": "Mozilla/5.0 (of Allison Adams)",
                },
                "requestId": call_id,
                "authorizer": {"jwt": {"claims": dict(by)}},
                "stage": "$default",
            },
            "body": json.dumps(body) if raw is None and body is not None else raw,
            "isBase64Encoded": False,
        }
        answer = self._environment(function).handle(event, Context())
        text = (answer.get("body") or "").replace(f'"{call_id}"', '"api-call"')
        if answer["isBase64Encoded"]:
            return Reply(answer["statusCode"], b64decode(text), answer["headers"], "")
        return Reply(
            answer["statusCode"], json.loads(text) if text else None, answer["headers"], text
        )

    @staticmethod
    def _environment(function: ModuleType) -> ModuleType:
        """Threads that race stand for Lambda's environments."""
        if threading.current_thread() is threading.main_thread():
            return function
        return environment(function, threading.get_ident())

    def start(self, by: Mapping[str, str] = PROVIDER, **changes: Any) -> str:
        reply = self.call(submit, "POST", "/v1/drafts", {"content": entered(**changes)}, by=by)
        assert reply.status == 201, reply.text + self.log.getvalue()[-600:]
        return str(reply.body["draft_id"])

    def save(
        self, draft_id: str, version: int, by: Mapping[str, str] = PROVIDER, **changes: Any
    ) -> Reply:
        return self.call(
            submit,
            "PUT",
            f"/v1/drafts/{draft_id}",
            {"content": entered(**changes)},
            by=by,
            if_match=f'"{version}"',
        )

    def patch(
        self, draft_id: str, version: int, by: Mapping[str, str] = PROVIDER, **parts: Any
    ) -> Reply:
        """Save only these parts."""
        return self.call(
            submit,
            "PATCH",
            f"/v1/drafts/{draft_id}",
            {"content": parts},
            by=by,
            if_match=f'"{version}"',
        )

    def submit(
        self, draft_id: str, version: int = 1, by: Mapping[str, str] = PROVIDER, **changes: Any
    ) -> Reply:
        self.created_before += 1
        return self.call(
            submit,
            "POST",
            f"/v1/drafts/{draft_id}/submission",
            {"content": entered(**changes)},
            by=by,
            if_match=f'"{version}"',
        )

    def resume(self, draft_id: str, by: Mapping[str, str] = PROVIDER) -> Reply:
        return self.call(submit, "GET", f"/v1/drafts/{draft_id}", by=by)

    def review_of(self, draft_id: str, by: Mapping[str, str] = PROVIDER) -> Reply:
        return self.call(submit, "GET", f"/v1/drafts/{draft_id}/validation", by=by)

    def drafts(self, by: Mapping[str, str] = PROVIDER, **query: str) -> Reply:
        return self.call(status, "GET", "/v1/drafts", by=by, query=query or None)

    @staticmethod
    def warn() -> None:
        """The schedule calls."""
        warn.handle({}, Context())

    @staticmethod
    def sweep() -> None:
        """The schedule calls."""
        sweep.handle({}, Context())

    def abort(self, request_id: str, cycle: int = 1, attempt: int = 0) -> dict[str, Any]:
        """Abort an execution; return the event that Step Functions sends."""
        machine = self.deps.settings[shared_names.Env.STATE_MACHINE_ARN]
        name = execution_name(request_id, cycle, attempt)
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        self.clients.by_name["stepfunctions"].stop_execution(executionArn=arn)
        detail = {
            "name": name,
            "status": "ABORTED",
            "input": json.dumps({"request_id": request_id, "cycle": cycle}),
        }
        return {"source": "aws.states", "detail": detail}

    def delete(self, draft_id: str, version: int, by: Mapping[str, str] = PROVIDER) -> Reply:
        path = f"/v1/drafts/{draft_id}"
        return self.call(submit, "DELETE", path, by=by, if_match=f'"{version}"')

    def void(self, request_id: str, by: Mapping[str, str] = PROVIDER) -> Reply:
        body = {"reason": "The family chose another hospital."}
        return self.call(submit, "POST", f"/v1/requests/{request_id}/void", body, by=by)

    def appeal(
        self,
        request_id: str,
        *line_ids: str,
        by: Mapping[str, str] = PROVIDER,
        expedited: bool = False,
        cycle: int | None = None,
    ) -> Reply:
        """An appeal of the last determination, unless the cycle of another one is given."""
        if cycle is None:
            found = self.found(request_id)
            pending = found.review.open_appeal if found and found.review else None
            cycle = (found.review.cycle if found and found.review else 1) - (1 if pending else 0)
        reason = "The tumor grew since."
        lines = {"line_ids": list(line_ids), "reason": reason, "expedited": expedited}
        body = {"cycle": cycle, **lines}
        return self.call(submit, "POST", f"/v1/requests/{request_id}/appeals", body, by=by)

    def offer(
        self,
        request_id: str,
        file_name: str = "operative-note.pdf",
        by: Mapping[str, str] = PROVIDER,
        **more: str,
    ) -> Reply:
        path = f"/v1/requests/{request_id}/documents"
        return self.call(upload, "POST", path, {"file_name": file_name, **more}, by=by)

    def download(
        self, request_id: str, document_id: str, by: Mapping[str, str] = PROVIDER
    ) -> Reply:
        path = f"/v1/requests/{request_id}/documents/{document_id}"
        return self.call(upload, "GET", path, by=by)

    def download_case(
        self, request_id: str, document_id: str, by: Mapping[str, str] = REVIEWER
    ) -> Reply:
        path = f"/v1/review/requests/{request_id}/documents/{document_id}"
        return self.call(review, "GET", path, by=by)

    def download_notice(
        self, request_id: str, notice_id: str, by: Mapping[str, str] = PROVIDER
    ) -> Reply:
        path = f"/v1/requests/{request_id}/notices/{notice_id}"
        return self.call(upload, "GET", path, by=by)

    def download_case_notice(
        self, request_id: str, notice_id: str, by: Mapping[str, str] = REVIEWER
    ) -> Reply:
        path = f"/v1/review/requests/{request_id}/notices/{notice_id}"
        return self.call(review, "GET", path, by=by)

    def delete_document(
        self, request_id: str, document_id: str, by: Mapping[str, str] = PROVIDER
    ) -> Reply:
        """Remove a document from a draft; the stream delivers the record."""
        old = self.item(request_id, f"DOCUMENT#{document_id}")
        path = f"/v1/requests/{request_id}/documents/{document_id}"
        reply = self.call(upload, "DELETE", path, by=by)
        if reply.status == 204 and old:
            assert self.clean_up(old) == []
        return reply

    def read(self, request_id: str, by: Mapping[str, str] = PROVIDER) -> Reply:
        return self.call(status, "GET", f"/v1/requests/{request_id}", by=by)

    def dashboard(self, by: Mapping[str, str] = PROVIDER, **query: str) -> Reply:
        return self.call(status, "GET", "/v1/requests", by=by, query=query or None)

    def of_patient(self, by: Mapping[str, str] = PROVIDER, **filters: Any) -> Reply:
        body = {"member_id": entered()["patient"]["member_id"], **filters}
        return self.call(status, "POST", "/v1/patients/requests", body, by=by)

    def flagged(self, by: Mapping[str, str] = PROVIDER, **query: str) -> Reply:
        return self.call(status, "GET", "/v1/requests/flagged", by=by, query=query or None)

    def flag(self, request_id: str, by: Mapping[str, str] = PROVIDER, **query: str) -> Reply:
        path = f"/v1/requests/{request_id}/flag"
        return self.call(status, "PUT", path, by=by, query=query or None)

    def unflag(self, request_id: str, by: Mapping[str, str] = PROVIDER, **query: str) -> Reply:
        path = f"/v1/requests/{request_id}/flag"
        return self.call(status, "DELETE", path, by=by, query=query or None)

    def messages(self, by: Mapping[str, str] = PROVIDER, **query: str) -> Reply:
        return self.call(status, "GET", "/v1/messages", by=by, query=query or None)

    def mark(self, message_id: str, by: Mapping[str, str] = PROVIDER, **query: str) -> Reply:
        path = f"/v1/messages/{message_id}/read"
        return self.call(status, "PUT", path, by=by, query=query or None)

    def mark_all_read_by_user(self, by: Mapping[str, str] = PROVIDER, **query: str) -> Reply:
        return self.call(status, "PUT", "/v1/messages/read", by=by, query=query or None)

    def worklist(self, by: Mapping[str, str] = REVIEWER, **query: str) -> Reply:
        return self.call(review, "GET", "/v1/review/requests", by=by, query=query or None)

    def counts(self, by: Mapping[str, str] = REVIEWER, **query: str) -> Reply:
        return self.call(review, "GET", "/v1/review/counts", by=by, query=query or None)

    def case(self, request_id: str, by: Mapping[str, str] = REVIEWER) -> Reply:
        return self.call(review, "GET", f"/v1/review/requests/{request_id}", by=by)

    def move(
        self,
        request_id: str,
        what: str,
        body: Any = None,
        by: Mapping[str, str] = REVIEWER,
        *,
        version: int | None = None,
    ) -> Reply:
        """A reviewer's action, by the end of its path; on the current version, if none is given.

        A signature is that of the current proposal, unless the body names another one. A decision is
        that of a reviewer who has seen all documents, unless the body names them.
        """
        if what in {"decisions", "signature"} and "seen_documents" not in body:
            found = self.found(request_id)
            body = {**body, "seen_documents": sorted(found.new_documents) if found else []}
        if what == "signature" and "proposed_at" not in body:
            body = {**body, "proposed_at": self.proposed_at(request_id)}
        path = f"/v1/review/requests/{request_id}/{what}"
        etag = self.etag(request_id) if version is None else f'"{version}"'
        return self.call(review, "POST", path, body, by=by, if_match=etag)

    def etag(self, request_id: str) -> str:
        """The ETag of the request as it is."""
        with self.wire.unobserved():
            item = self.item(request_id)
        return f'"{item["version"]["N"]}"' if item else '"1"'

    def version(self, request_id: str) -> int:
        """The version of the request as it is."""
        return int(self.etag(request_id).strip('"'))

    def proposed_at(self, request_id: str) -> str:
        """When the current decisions were proposed; any instant where none are."""
        found = self.found(request_id)
        proposal = found.review.proposal if found and found.review else None
        return (proposal.proposed_at if proposal else self.clock.at).isoformat()

    def answer(
        self,
        request_id: str,
        words: str,
        by: Mapping[str, str] = PROVIDER,
        *,
        requested_at: str | None = None,
    ) -> Reply:
        """A provider answers the last request for information, or the one of that instant."""
        if requested_at is None:
            found = self.found(request_id)
            rfis = found.review.information_requests if found and found.review else ()
            requested_at = (rfis[-1].requested_at if rfis else self.clock.at).isoformat()
        path = f"/v1/requests/{request_id}/information"
        body = {"requested_at": requested_at, "answer": words}
        return self.call(submit, "POST", path, body, by=by)

    def found(self, request_id: str) -> Request | None:
        """The request as it is."""
        with self.wire.unobserved():
            return self.deps.stored_requests.read(request_id)

    def overdue(self, by: Mapping[str, str] | None = None, **query: str) -> Reply:
        path = "/v1/operations/overdue"
        return self.call(review, "GET", path, by=by or OPERATOR, query=query or None)

    def deemed_denials(self, by: Mapping[str, str] | None = None, **query: str) -> Reply:
        path = "/v1/operations/deemed-denials"
        return self.call(review, "GET", path, by=by or OPERATOR, query=query or None)

    def change_dates(
        self, request_id: str, *lines: Mapping[str, str], by: Mapping[str, str] | None = None
    ) -> Reply:
        path = f"/v1/operations/requests/{request_id}/dates"
        body = {"lines": list(lines), "reason": "The surgeon fell ill."}
        etag = self.etag(request_id)
        return self.call(review, "POST", path, body, by=by or OPERATOR, if_match=etag)

    def find(self, by: Mapping[str, str] | None = None, **search: Any) -> Reply:
        """An operator's search for requests."""
        path = "/v1/operations/requests/search"
        return self.call(review, "POST", path, search, by=by or OPERATOR)

    def as_operator(
        self, request_id: str, *parts: str, by: Mapping[str, str] | None = None
    ) -> Reply:
        """An operator reads a request, or a part of it by the end of its path."""
        path = "/".join(["/v1/operations/requests", request_id, *parts])
        return self.call(review, "GET", path, by=by or OPERATOR)

    def member_history(
        self, request_id: str, by: Mapping[str, str] = REVIEWER, **query: str
    ) -> Reply:
        path = f"/v1/review/requests/{request_id}/member-history"
        return self.call(review, "GET", path, by=by, query=query or None)

    def unmatched(self, by: Mapping[str, str] | None = None, **query: str) -> Reply:
        path = "/v1/operations/unmatched-providers"
        return self.call(review, "GET", path, by=by or OPERATOR, query=query or None)

    def reconcile(
        self,
        request_id: str,
        provider_id: str = "P00001",
        role: str = "SERVICING_PROVIDER",
        by: Mapping[str, str] | None = None,
    ) -> Reply:
        path = f"/v1/operations/requests/{request_id}/providers"
        body = {"role": role, "provider_id": provider_id}
        etag = self.etag(request_id)
        return self.call(review, "POST", path, body, by=by or OPERATOR, if_match=etag)

    def decide(
        self,
        request_id: str,
        lines: Mapping[str, str],
        *,
        cycle: int = 1,
        by: Mapping[str, str] = REVIEWER,
    ) -> Reply:
        reasons = {
            "reason_code": "0F",
            "rationale": "Conservative treatment was not tried.",
            "criterion": "MCG S-310",
        }
        body = {
            "cycle": cycle,
            "lines": [
                {
                    "line_id": line_id,
                    "status": expected,
                    **(reasons if expected == "DENIED" else {}),
                }
                for line_id, expected in lines.items()
            ],
            "before_response": True,
        }
        return self.move(request_id, "decisions", body, by)

    def check(self, by: Mapping[str, str] = PROVIDER, **changes: Any) -> Reply:
        return self.call(check, "POST", "/v1/checks", {"content": entered(**changes)}, by=by)

    def confirmation(self, by: Mapping[str, str] = PROVIDER, **changes: Any) -> Reply:
        """The document, as bytes in the reply's body, or the problem."""
        path, body = "/v1/checks/confirmation", {"content": entered(**changes)}
        return self.call(confirmation, "POST", path, body, by=by)

    def confirm(self, patient: Mapping[str, str], by: Mapping[str, str] = PROVIDER) -> Reply:
        return self.call(check, "POST", "/v1/patients/confirm", {"patient": patient}, by=by)

    def search(self, by: Mapping[str, str] = PROVIDER, **query: str) -> Reply:
        return self.call(check, "GET", "/v1/providers", by=by, query=query)

    # -- outside the API ----------------------------------------------------------------------------

    def task(
        self, name: shared_names.WorkflowTask, request_id: str, **members: Any
    ) -> dict[str, Any]:
        event = {"task": name.value, "request_id": request_id, "cycle": 1, **members}
        answer: dict[str, Any] = workflow.handle(event, Context())
        return answer

    def pend(self, request_id: str, cycle: int = 1) -> None:
        """Run an execution until it waits: assess, and store its token."""
        self.task(shared_names.WorkflowTask.ASSESS, request_id, cycle=cycle)
        token = f"token-{cycle}"
        wait = {"cycle": cycle, "seconds": 60, "task_token": token}
        self.task(shared_names.WorkflowTask.AWAIT_DECISION, request_id, **wait)

    def check_deadline(self, request_id: str, cycle: int = 1) -> None:
        """Run the execution's task at the next reminder of the clock."""
        self.task(shared_names.WorkflowTask.CHECK_DEADLINE, request_id, cycle=cycle)

    def arrive(self, request_id: str, document_id: str, body: bytes) -> None:
        """The provider uploads the file, and S3 sends the event."""
        key = f"{shared_names.DOCUMENT_PREFIX}{request_id}/{document_id}"
        self.clients.by_name["s3"].put_object(Bucket=self.bucket, Key=key, Body=body)
        self.deliver_arrival(key)

    @staticmethod
    def deliver_arrival(key: str) -> None:
        verify.handle({"detail": {"object": {"key": key}}}, Context())

    def put_file(self, request_id: str, document_id: str, body: bytes) -> str:
        """The provider uploads the file; return its S3 version."""
        key = f"{shared_names.DOCUMENT_PREFIX}{request_id}/{document_id}"
        store = self.clients.by_name["s3"]
        return str(store.put_object(Bucket=self.bucket, Key=key, Body=body)["VersionId"])

    def with_dead_letters(self) -> str:
        """Give the stream consumers a dead-letter queue; return its URL."""
        url = str(self.clients.by_name["sqs"].create_queue(QueueName=names("dead"))["QueueUrl"])
        environ = {**self.deps.settings.environ, shared_names.Env.DEAD_LETTERS: url}
        self.deps.settings = Settings(environ)
        return url

    def dead_letters(self, url: str) -> list[dict[str, Any]]:
        """The messages of a queue."""
        found: list[dict[str, Any]] = []
        sqs = self.clients.by_name["sqs"]
        while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in received:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def scan_documents(self) -> None:
        """The provider uploads the file; return its S3 version."""
        environ = {**self.deps.settings.environ, shared_names.Env.SCAN_DOCUMENTS: "on"}
        self.deps.settings = Settings(environ)

    def deliver_scan_result(
        self, request_id: str, document_id: str, version_id: str | None, result: str
    ) -> None:
        """GuardDuty's event for the scan of one version."""
        scan.handle(
            {
                "source": "aws.guardduty",
                "detail-type": "GuardDuty Malware Protection Object Scan Result",
                "detail": {
                    "schemaVersion": "1.0",
                    "scanStatus": "COMPLETED",
                    "resourceType": "S3_OBJECT",
                    "s3ObjectDetails": {
                        "bucketName": self.bucket,
                        "objectKey": f"{shared_names.DOCUMENT_PREFIX}{request_id}/{document_id}",
                        "versionId": version_id,
                        "s3Throttled": False,
                    },
                    "scanResultDetails": {"scanResultStatus": result, "threats": None},
                },
            },
            Context(),
        )

    def items(self, prefix: str = "") -> list[dict[str, Any]]:
        """Items of the requests table whose sort key has this prefix, in order."""
        answer = self.clients.by_name["dynamodb"].scan(TableName=self.requests_table)
        found = [item for item in answer["Items"] if item["sk"]["S"].startswith(prefix)]
        return sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    def item(self, request_id: str, sk: str = "REQUEST") -> dict[str, Any] | None:
        answer = self.clients.by_name["dynamodb"].get_item(
            TableName=self.requests_table,
            Key={"pk": {"S": f"REQUEST#{request_id}"}, "sk": {"S": sk}},
        )
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def stored(self, request_id: str, sk: str = "REQUEST") -> dict[str, Any]:
        item = self.item(request_id, sk)
        assert item is not None
        return from_wire(item)

    def stream(self) -> list[dict[str, Any]]:
        """Stream records of every event in the table, in order."""
        return [
            {
                "eventName": "INSERT",
                "dynamodb": {"SequenceNumber": f"{number:04d}", "NewImage": item},
            }
            for number, item in enumerate(self.items(shared_names.EVENT_SK_PREFIX), start=1)
        ]

    @staticmethod
    def relay(records: list[dict[str, Any]]) -> list[str]:
        """Sequence numbers that the relay reports as failed."""
        answer = relay.handle({"Records": records}, Context())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def published(self) -> list[dict[str, Any]]:
        """Entries that were put on the bus."""
        return [entry for call in self.wire.sent("PutEvents") for entry in call["Entries"]]

    @staticmethod
    def receive(entry: Mapping[str, Any]) -> None:
        """The bus delivers an entry to the inbox."""
        inbox.handle({"detail": json.loads(entry["Detail"])}, Context())

    def expire(self, request_id: str) -> list[str]:
        """DynamoDB removes an item by its TTL, and the stream delivers the record."""
        old = self.item(request_id)
        assert old is not None
        self.clients.by_name["dynamodb"].delete_item(
            TableName=self.requests_table, Key={"pk": old["pk"], "sk": old["sk"]}
        )
        return self.clean_up(old)

    @staticmethod
    def clean_up(old: Mapping[str, Any]) -> list[str]:
        record = {
            "eventName": "REMOVE",
            "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
            "dynamodb": {"SequenceNumber": "0001", "OldImage": old},
        }
        answer = expire.handle({"Records": [record]}, Context())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def executions(self) -> list[dict[str, Any]]:
        client = self.clients.by_name["stepfunctions"]
        arn = self.deps.settings[shared_names.Env.STATE_MACHINE_ARN]
        listed: list[dict[str, Any]] = client.list_executions(stateMachineArn=arn)["executions"]
        return listed

    def object_versions(self) -> list[str]:
        """Keys of every version and delete marker in the documents bucket."""
        page = self.clients.by_name["s3"].list_object_versions(
            Bucket=self.bucket, Prefix=shared_names.DOCUMENT_PREFIX
        )
        return [v["Key"] for v in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]]

    def cover(self, **changes: Any) -> None:
        """Load the sample patient's coverage again, with changes."""
        changed = Coverage.model_validate(self.sample_coverage.model_dump() | changes)
        self.covered = True
        put_coverages(self.deps, [changed])

    # -- requests in each status --------------------------------------------------------------------

    def submitted(self, **changes: Any) -> str:
        """A request; the second one of a test is for other days, as it would be a duplicate of the
        first.
        """
        services = later(entered(**changes)["services"], _FAR_APART * self.created_before)
        requested = {**changes, "services": services}
        request_id = self.start(**requested)
        reply = self.submit(request_id, **requested)
        assert reply.status == 202, reply.text
        return request_id

    def pended(self, **changes: Any) -> str:
        request_id = self.submitted(**changes)
        self.pend(request_id)
        return request_id

    def determined(self, **lines: str) -> str:
        request_id = self.pended()
        reply = self.decide(request_id, lines or {"1.1": "APPROVED", "1.2": "DENIED"})
        assert reply.status == 200, reply.text
        return request_id


def names(kind: str) -> str:
    """A name that no other test uses."""
    return f"{kind}-{next(_names)}"
