"""One method for each operation of the API that tests call."""

import io
import json
import threading
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from functions.check import confirmation
from functions.check import handler as check
from functions.review import handler as review
from functions.status import handler as status
from functions.submit import handler as submit
from functions.upload import handler as upload
from precert.api.operation import FHIR_JSON
from precert.bootstrap import Dependencies
from precert.domain.coverage import Coverage
from precert.domain.request import Request
from tests.adapters.callers import OPERATOR, PROVIDER, REVIEWER
from tests.adapters.documented import is_documented
from tests.adapters.snapshots import Resources
from tests.adapters.wire import Clients, Wire
from tests.fakes.audit import MemoryAudit
from tests.fakes.clock import START, Clock
from tests.fakes.environments import environment
from tests.fakes.gateway import matched
from tests.fakes.samples import entered

Json = dict[str, Any]


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


def ids(reply: Reply) -> list[str]:
    """The ids of the listed requests, in their order."""
    assert reply.status == 200, reply.text
    return [row["request_id"] for row in reply.body["requests"]]


def fhir_findings(resource: Json) -> list[str]:
    """What a resource violates of FHIR, and of the profiles that it claims."""
    from tools.fhir_validator import pas_validator

    return [str(one) for one in pas_validator().findings(resource)]


_calls = count(1)
SOURCE_IP: Final = "203.0.113.9"


@dataclass
class Calls:
    """One test's product, called over HTTP."""

    deps: Dependencies
    clients: Clients
    clock: Clock
    log: io.StringIO
    requests_table: str
    bucket: str
    sample_coverage: Coverage
    audit: MemoryAudit
    resources: Resources
    folder: Path
    """Where the product caches rule lists."""
    injected: Mapping[str, Any]
    """The dependencies before the product's first call."""
    covered: bool = False
    """Whether the sample patient's coverage was changed, which all tests share."""
    created_before: int = 0
    """How often the test has submitted something."""

    @property
    def wire(self) -> Wire:
        return self.clients.wire

    @property
    def is_unchanged(self) -> bool:
        """Whether neither the test nor the product has changed anything."""
        now = vars(self.deps)
        return (
            now.keys() == self.injected.keys()
            and all(now[name] is value for name, value in self.injected.items())
            and self.clock.at == START
            and not (self.covered or self.created_before or self.audit.records)
            and not (self.wire.parameters or self.log.getvalue())
            and self.wire.spent
            and self.resources.are_empty
        )

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
        authorizer: Mapping[str, Any] | None = None,
        domain: str | None = None,
        **headers: str,
    ) -> Reply:
        """Send the function an event as API Gateway would, and return its response.

        ``authorizer`` replaces what the JWT authorizer passes on of the caller, and ``domain`` is the
        domain of the API that is called.

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
                "domainName": domain,
                "authorizer": (
                    {"jwt": {"claims": dict(by)}} if authorizer is None else dict(authorizer)
                ),
                "stage": "$default",
            },
            "body": json.dumps(body) if raw is None and body is not None else raw,
            "isBase64Encoded": False,
        }
        answer = self._environment(function).handle(event, Context())
        assert is_documented(str(event["routeKey"]), answer["statusCode"]), answer
        text = (answer.get("body") or "").replace(f'"{call_id}"', '"api-call"')
        if answer["isBase64Encoded"]:
            return Reply(answer["statusCode"], b64decode(text), answer["headers"], "")
        reply = Reply(
            answer["statusCode"], json.loads(text) if text else None, answer["headers"], text
        )
        if reply.body is not None and reply.headers.get("Content-Type") == FHIR_JSON:
            # Every answer fits the profiles that it claims, errors included.
            findings = fhir_findings(reply.body)
            assert findings == []
        return reply

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
        """An appeal of the last determination, unless the cycle of another one is passed."""
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
        """A reviewer's action, by the end of its path; on the current version, if none is passed.

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

    def item(self, request_id: str, sk: str = "REQUEST") -> dict[str, Any] | None:
        answer = self.clients.by_name["dynamodb"].get_item(
            TableName=self.requests_table,
            Key={"pk": {"S": f"REQUEST#{request_id}"}, "sk": {"S": sk}},
        )
        item: dict[str, Any] | None = answer.get("Item")
        return item
