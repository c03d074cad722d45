"""The steps of a journey: each calls the API as a user, verifies the result, and records it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from local.client import upload
from local.deployment import Deployment
from local.journey import backend
from local.journey.content import PATIENT, clinical_note
from local.journey.transcript import DeviationError, Transcript, answer, expect, to_the_minute
from local.users import FACILITY, PROVIDER, User

_FORTNIGHT: Final = 14


@dataclass
class Journey:
    """The steps of a request's lifecycle on a deployment, recorded in a transcript."""

    deployment: Deployment
    transcript: Transcript

    def confirm_patient(self) -> None:
        response = self.deployment.caller(PROVIDER).call(
            "POST", "/v1/patients/confirm", {"patient": PATIENT}
        )
        found = answer("confirming the patient", response, 200)
        expect("whether a check is available", found["check_available"], expected=True)
        self.transcript.step(f"The provider confirms the patient: {found['plan']['name']}, active.")
        self.transcript.effect("API Gateway verified the token; Lambda read the coverage")

    def find_facility(self) -> dict[str, Any]:
        response = self.deployment.caller(PROVIDER).call(
            "GET",
            "/v1/providers",
            query={"zip_code": "44122", "kind": "FACILITY", "name": "cleveland center"},
        )
        found = answer("searching the directory", response, 200)["providers"]
        expect("a facility near 44122", bool(found), expected=True)
        provider: dict[str, Any] = found[0]["provider"]
        expect("its TIN", provider["tin"], "203129831")
        self.transcript.step(
            f"The provider finds {provider['name']}, {found[0]['miles']} miles from 44122."
        )
        return provider

    def free_days_ahead(self) -> int:
        """Return how many days ahead a service is not a potential duplicate of an earlier request."""
        response = self.deployment.caller(PROVIDER).call(
            "GET", "/v1/requests", query={"limit": "100"}
        )
        rows = answer("reading the dashboard", response, 200)["requests"]
        requested = {row["first_day"] for row in rows if row["status"] != "INCOMPLETE"}
        today = datetime.now(UTC).date()
        free = [
            days
            for days in range(14, 175, _FORTNIGHT)
            if not {
                (today + timedelta(days=days + near)).isoformat()
                for near in range(-_FORTNIGHT + 1, _FORTNIGHT)
            }
            & requested
        ]
        return (free or [14])[0]

    def check(self, content: dict[str, Any], requirements: dict[str, str]) -> None:
        response = self.deployment.caller(PROVIDER).call("POST", "/v1/checks", {"content": content})
        checked = answer("checking requirements", response, 200)
        got = {c["code"]: c["requirement"] for s in checked["services"] for c in s["codes"]}
        expect("the requirement of each code", got, requirements)
        results = ", ".join(f"{code} {requirement}" for code, requirement in got.items())
        self.transcript.step(f"The provider checks the requirements: {results}.")
        self.transcript.effect(
            f"rule list {checked['rule_list']['version']} of {checked['rule_list']['payer']}, "
            f"in effect from {checked['rule_list']['effective_from']}"
        )
        self.transcript.prove("a check returns a requirement per code and the rule list", results)

    def start_draft(self, content: dict[str, Any]) -> str:
        response = self.deployment.caller(PROVIDER).call("POST", "/v1/drafts", {"content": content})
        draft = answer("starting a draft", response, 201)
        expect("the draft's status", draft["status"], "INCOMPLETE")
        expires_at = to_the_minute(draft["expires_at"])
        self.transcript.step(
            f"The provider starts a draft from the check. The draft expires at {expires_at}."
        )
        return str(draft["draft_id"])

    def save(self, draft_id: str, content: dict[str, Any]) -> None:
        requesting = self.deployment.caller(PROVIDER)
        saved = requesting.call(
            "PUT", f"/v1/drafts/{draft_id}", {"content": content}, headers={"If-Match": '"1"'}
        )
        expect("the version after the save", answer("saving", saved, 200)["version"], 2)
        stale = requesting.call(
            "PUT",
            f"/v1/drafts/{draft_id}",
            {"content": {**content, "services": []}},
            headers={"If-Match": '"1"'},
        )
        answer("saving an outdated version", stale, 412)
        self.transcript.step(
            "The provider saves. A colleague who saves the earlier version receives an error (412)."
        )
        self.transcript.prove("a save never overwrites a later version", "412 on an outdated save")

    def resume(self, draft_id: str, content: dict[str, Any]) -> None:
        response = self.deployment.caller(PROVIDER).call("GET", f"/v1/drafts/{draft_id}")
        draft = answer("resuming", response, 200)
        expect("the ETag", response.headers.get("etag"), '"2"')
        codes = [p["code"] for s in draft["content"]["services"] for p in s["procedures"]]
        entered = [p["code"] for s in content["services"] for p in s["procedures"]]
        expect("the codes of the draft", codes, entered)
        self.transcript.step("The provider resumes the draft, which has all entries.")
        self.transcript.prove("a draft retains all entries", f"version {draft['version']}")

    def attach(self, request_id: str, document_type: str | None = None) -> None:
        """Upload a document and wait until it is verified.

        ``document_type`` is the payer's code of a type of required documentation.
        """
        requesting = self.deployment.caller(PROVIDER)
        offered = answer(
            "creating an upload",
            requesting.call(
                "POST",
                f"/v1/requests/{request_id}/documents",
                {"file_name": "operative-plan.pdf", "document_type": document_type},
            ),
            201,
        )
        sent = upload(offered["upload"], "operative-plan.pdf", clinical_note())
        if sent.status_code not in (200, 201, 204):
            raise DeviationError("uploading to S3", "204", f"{sent.status_code} {sent.text[:200]}")
        document_id = offered["document"]["document_id"]
        document = self.transcript.until(
            "waiting for the document to be verified",
            lambda: self._settled(request_id, document_id),
        )
        expect("the document", document["status"], "ATTACHED")
        named = f" as {document_type}" if document_type else ""
        self.transcript.step(
            f"The provider uploads a PDF{named} with a presigned form. Its content is verified."
        )
        self.transcript.effect(
            f"S3 received {document['size']} bytes → EventBridge → SQS → Lambda read them; "
            f"SHA-256 {document['sha256'][:12]}…"
        )
        self.transcript.prove(
            "a document is attached after its content is verified", "PDF, by its content"
        )

    def submit(self, request_id: str, content: dict[str, Any], version: int) -> str:
        requesting = self.deployment.caller(PROVIDER)
        path = f"/v1/drafts/{request_id}/submission"
        match = {"If-Match": f'"{version}"'}
        first = answer(
            "submitting", requesting.call("POST", path, {"content": content}, headers=match), 202
        )
        again = answer(
            "submitting again",
            requesting.call("POST", path, {"content": content}, headers=match),
            202,
        )
        expect("the number of the repeated submission", again["number"], first["number"])
        number = str(first["number"])
        self.transcript.step(
            f"The provider submits and receives the number {number}. A repeat returns the same number."
        )
        self.transcript.prove("a repeated submission creates no second request", number)
        return number

    def await_pending(self, request_id: str) -> None:
        details = self.await_status(request_id, PROVIDER, "PENDING")
        self.transcript.step(
            f"The request is {details['status']}: waiting on {details['waiting_on']}, "
            f"due {to_the_minute(details['due_at'])}."
        )
        self.transcript.until(
            "waiting for the execution to enter Await Decision",
            lambda: (
                backend.states(self.deployment, request_id, 1)[-1:] == ["Await Decision"] or None
            ),
        )
        self.transcript.effect(
            "DynamoDB stream → relay → " + backend.execution(self.deployment, request_id, 1)
        )
        expect("its execution", backend.execution_status(self.deployment, request_id, 1), "RUNNING")
        self.transcript.prove(
            "a submission starts clinical review automatically", "stream → Step Functions"
        )

    def await_status(self, request_id: str, user: User, status: str) -> dict[str, Any]:
        caller = self.deployment.caller(user)

        def look() -> dict[str, Any] | None:
            response = caller.call("GET", f"/v1/requests/{request_id}")
            details: dict[str, Any] = answer("reading the request", response, 200)
            return details if details["status"] == status else None

        return self.transcript.until(f"waiting for the status {status}", look)

    def decide(
        self, request_id: str, reviewer: User, cycle: int, lines: list[dict[str, Any]]
    ) -> str:
        caller, path = self.deployment.caller(reviewer), f"/v1/review/requests/{request_id}"
        seen = answer("reading the case", caller.call("GET", path), 200)["new_documents"]
        response = caller.act(
            path,
            "decisions",
            {"cycle": cycle, "lines": lines, "before_response": True, "seen_documents": seen},
        )
        decided = answer("deciding", response, 200)
        return str(decided["status"])

    def await_execution_end(self, request_id: str, cycle: int) -> None:
        status = self.transcript.until(
            "waiting for the execution to end",
            lambda: self._ended(request_id, cycle),
        )
        expect("how the execution ended", status, "SUCCEEDED")
        self.transcript.effect(backend.execution(self.deployment, request_id, cycle))

    def await_messages(self, request_id: str, type_: str, status: str) -> None:
        for user in (PROVIDER, FACILITY):
            caller = self.deployment.caller(user)

            def look(caller: Any = caller) -> str | None:
                page = answer("reading messages", caller.call("GET", "/v1/messages"), 200)
                for message in page["messages"]:
                    values = (message["request_id"], message["type"], message["status"])
                    if values == (request_id, type_, status):
                        return str(message["text"])
                return None

            text = self.transcript.until(f"waiting for the message to {user.title}", look)
            self.transcript.step(f"A message reaches {user.title}: “{text}”")
        self.transcript.prove("a determination is sent to the inboxes of both providers", type_)

    def _settled(self, request_id: str, document_id: str) -> dict[str, Any] | None:
        response = self.deployment.caller(PROVIDER).call("GET", f"/v1/requests/{request_id}")
        for document in answer("reading documents", response, 200)["documents"]:
            if document["document_id"] == document_id and document["settled_at"]:
                settled: dict[str, Any] = document
                return settled
        return None

    def _ended(self, request_id: str, cycle: int) -> str | None:
        status = backend.execution_status(self.deployment, request_id, cycle)
        return None if status in (None, "RUNNING") else status
