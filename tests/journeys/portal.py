"""Shared by the tests of the deployed product: the cloud it runs on, and a client of its API.

A portal is the demo's walk without output: its steps, and shortcuts to the statuses that tests
start from. All calls are over HTTP.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import pytest

from local import users
from local.cloud.process import cloud_python
from local.cloud.settings import TEMPORARY
from local.deployment import Deployment, prepare, started_with_assembly
from local.journey.content import PATIENT, completed, service
from local.journey.steps import Journey
from local.journey.transcript import Transcript, answer
from local.users import PHYSICIAN, PROVIDER, REVIEWER, User
from precert.names import Entitlement

Found = TypeVar("Found")
Json = dict[str, Any]

STRANGER: Final = User(
    "stranger", "a provider of another TIN", (Entitlement.PATIENT_SEARCH,), ("690121431",)
)
OTHER_QUEUE: Final = User(
    "other-queue", "a reviewer of another plan", (Entitlement.REVIEWER,), reviews=True
)
THIRD_REVIEWER: Final = User(
    "third-reviewer", "a physician reviewer of second appeals", PHYSICIAN, reviews=True
)
_OWN_CODES: Final = map(str, range(11000, 19000, 10))
"""Further apart than the codes of one procedure's variants; all are surgery to the sample payer."""

SHORT_WAIT: Final = {
    "PRECERT_CLOUD_EXPIRY_SECONDS": "0.5",
    "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.1",
}
WITHOUT_CHECKPOINTS: Final = {TEMPORARY: "1"}
"""Saving all state every two seconds takes half of the processor time of a tier."""
APPROVAL: Final = {"line_id": "1.1", "status": "APPROVED"}
DENIAL: Final = {
    "line_id": "1.1",
    "status": "DENIED",
    "reason_code": "0F",
    "rationale": "The notes show no symptoms that call for an inpatient stay.",
    "criterion": "Inpatient surgery, criterion 2",
}


@contextmanager
def deployed(home: Path, settings: Mapping[str, str] | None = None) -> Iterator[Deployment]:
    """The product on its own cloud with these settings, with its state below ``home``."""
    if not cloud_python().exists():
        pytest.skip(f"the local cloud is not installed ({cloud_python()})")
    environment = {**SHORT_WAIT, **WITHOUT_CHECKPOINTS, **(settings or {})}
    with started_with_assembly(home / "state", 0, environment=environment) as cloud:
        yield prepare(cloud)


def register_user(deployment: Deployment, user: User, plans: tuple[str, ...] = ()) -> None:
    """Register a user whom the sample payer does not have."""
    cognito = deployment.cloud.client("cognito-idp")
    users.register_user(cognito, deployment.outputs, deployment.deps.grants, user, plans)


def _quiet(_line: str) -> None:
    """Print nothing."""


def until(about: str, look: Callable[[], Found | None], seconds: float = 120.0) -> Found:
    """The result of ``look``, as soon as it has one."""
    return Transcript(_quiet).until(about, look, seconds)


@dataclass
class Portal(Journey):
    """The demo's walk with shortcuts."""

    @classmethod
    def at(cls, deployment: Deployment) -> "Portal":
        return cls(deployment, Transcript(_quiet))

    @cached_property
    def facility(self) -> Json:
        """The servicing provider, as listed in the directory."""
        return self.find_facility()

    def content(
        self, *codes: str, patient: Mapping[str, str] = PATIENT, days_ahead: int = 14
    ) -> Json:
        """A complete request of one service.

        Without codes it is for one that no other request has, and whose rule requires no documents.
        """
        return completed(
            {
                "patient": dict(patient),
                "servicing_provider": self.facility,
                "services": [service(*(codes or (next(_OWN_CODES),)), days_ahead=days_ahead)],
            }
        )

    def draft(self, content: Json | None = None, user: User = PROVIDER) -> str:
        body = {"content": content or self.content()}
        response = self.deployment.caller(user).call("POST", "/v1/drafts", body)
        return str(answer("starting a draft", response, 201)["draft_id"])

    def submission(self, draft_id: str, content: Json) -> Json:
        response = self.deployment.caller(PROVIDER).call(
            "POST",
            f"/v1/drafts/{draft_id}/submission",
            {"content": content},
            headers={"If-Match": '"1"'},
        )
        submitted: Json = answer("submitting", response, 202)
        return submitted

    def submitted(self, content: Json | None = None) -> str:
        """A request that was just submitted."""
        content = content or self.content()
        request_id = self.draft(content)
        self.submission(request_id, content)
        return request_id

    def pending(self, content: Json | None = None) -> str:
        """A request that waits for a reviewer."""
        request_id = self.submitted(content)
        self.await_status(request_id, PROVIDER, "PENDING")
        return request_id

    def decided(self, *lines: Json) -> str:
        """A request of one line that a reviewer decided."""
        request_id = self.pending()
        self.decide(request_id, REVIEWER, 1, list(lines) or [APPROVAL])
        return request_id

    def details(self, request_id: str, user: User = PROVIDER) -> Json:
        response = self.deployment.caller(user).call("GET", f"/v1/requests/{request_id}")
        found: Json = answer("reading the request", response, 200)
        return found

    def rows(self, user: User) -> list[Json]:
        """The user's dashboard."""
        response = self.deployment.caller(user).call("GET", "/v1/requests", query={"limit": "100"})
        found: list[Json] = answer("reading the dashboard", response, 200)["requests"]
        return found

    def row(self, request_id: str, user: User) -> Json | None:
        return next((row for row in self.rows(user) if row["request_id"] == request_id), None)

    def messages(self, request_id: str, user: User) -> list[str]:
        """Types of the messages about a request, oldest first."""
        response = self.deployment.caller(user).call("GET", "/v1/messages", query={"limit": "100"})
        page = answer("reading messages", response, 200)["messages"]
        return [m["type"] for m in reversed(page) if m["request_id"] == request_id]

    def await_types(self, request_id: str, user: User, types: list[str]) -> None:
        """Wait until exactly these messages have arrived, in any order."""
        until(
            f"waiting for {types} to reach {user.title}",
            lambda: sorted(self.messages(request_id, user)) == sorted(types) or None,
        )

    def offer(self, request_id: str, file_name: str, user: User = PROVIDER, **more: str) -> Json:
        response = self.deployment.caller(user).call(
            "POST", f"/v1/requests/{request_id}/documents", {"file_name": file_name, **more}
        )
        offered: Json = answer("asking for an upload", response, 201)
        return offered

    def settled(self, request_id: str, document_id: str) -> Json:
        """A document, once it was verified."""
        return until("waiting for the document", lambda: self._settled(request_id, document_id))


def without_call(response: httpx.Response) -> Any:
    """The problem without the id of the call, which differs between any two."""
    problem = response.json()
    problem.pop("instance", None)
    problem.pop("request_id", None)
    return problem
