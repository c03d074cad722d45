"""The product on moto: tables as in ``precert.names``, real handlers, counted and failing calls."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from functions.expire import handler as expire
from functions.expire import warn
from functions.inbox import handler as inbox
from functions.relay import handler as relay
from functions.sweep import handler as sweep
from functions.upload import handler as upload
from functions.upload import scan, verify
from functions.workflow import handler as workflow
from precert import names as shared_names
from precert.adapters.dynamodb.table import from_wire
from precert.adapters.stepfunctions import execution_name
from precert.domain.coverage import Coverage
from precert.settings import Settings
from tests.adapters.callers import PROVIDER
from tests.adapters.calls import Calls, Context, Reply
from tests.adapters.snapshots import restored
from tests.adapters.tables import names, put_coverages
from tests.fakes.samples import entered, later

PDF: Final = (
    b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    b"2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
    b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>\nendobj\n"
    b"trailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF"
)
PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(64)
_FAR_APART = 14
"""Days, more than a stay and the days within which requests may repeat each other."""


@dataclass
class Cloud(Calls):
    """One test's product: its own tables, bucket, bus and state machine."""

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
        """Configure a dead-letter queue of the stream consumers; return its URL."""
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
        return restored(self, f"submitted {changes}", lambda: self._submitted(**changes))

    def _submitted(self, **changes: Any) -> str:
        services = later(entered(**changes)["services"], _FAR_APART * self.created_before)
        requested = {**changes, "services": services}
        request_id = self.start(**requested)
        reply = self.submit(request_id, **requested)
        assert reply.status == 202, reply.text
        return request_id

    def pended(self, **changes: Any) -> str:
        return restored(self, f"pended {changes}", lambda: self._pended(**changes))

    def _pended(self, **changes: Any) -> str:
        request_id = self.submitted(**changes)
        self.pend(request_id)
        return request_id

    def determined(self, **lines: str) -> str:
        return restored(self, f"determined {lines}", lambda: self._determined(**lines))

    def _determined(self, **lines: str) -> str:
        request_id = self.pended()
        reply = self.decide(request_id, lines or {"1.1": "APPROVED", "1.2": "DENIED"})
        assert reply.status == 200, reply.text
        return request_id
