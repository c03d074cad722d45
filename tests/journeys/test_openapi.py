"""For any input, the response matches the OpenAPI document: status, headers and body.

schemathesis generates the calls from the document itself, so that a new operation is covered
without a change here.
"""

import copy
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local.client import Caller
from local.deployment import Deployment
from local.users import PROVIDER, REVIEWER, USERS, User
from precert.api.operation import Operation
from precert.names import Entitlement
from tests.depth import depth
from tests.fakes.sample_calls import ABSENT_ID, ABSENT_NOTICE
from tests.journeys.portal import Json, Portal
from tests.journeys.test_access import Ids
from tools.openapi import document
from tools.operations import OPERATIONS, ROUTES


def signed_in(result: Json) -> BaseSchema:
    """The document for a caller with a token; invalid tokens have tests of their own."""
    open_paths = {
        path: {
            method: {name: part for name, part in operation.items() if name != "security"}
            for method, operation in methods.items()
        }
        for path, methods in result["paths"].items()
    }
    known = {name: part for name, part in result.items() if name != "security"}
    return schemathesis.openapi.from_dict({**known, "paths": open_paths})


DOCUMENT: Final = document()
SCHEMA: Final = signed_in(DOCUMENT)
CHECKS: Final[list[Any]] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
VALID_CALLS: Final = depth(2, 60)
"""Valid calls of each operation, and as many invalid ones."""
FOREIGN: Final = depth(1, 15)
"""How many of them callers make who are not entitled."""

SECONDS: Final = 120
"""How long a call may take on a busy machine."""

OF: Final[dict[Entitlement | None, User]] = {
    None: PROVIDER,
    **{one: user for user in reversed(USERS) for one in user.entitlements},
}
"""Who may call the operations that need an entitlement, or none."""


def has_input(route: Any) -> bool:
    """Whether a call can be invalid: an operation without input accepts every call."""
    return "{" in route.path or route.body is not None or route.query is not None


def callers(route: Operation) -> tuple[list[User], list[User]]:
    """Who may call the operation, and who may not, of the kinds of callers that are tried."""
    entitlement = OPERATIONS[route.operation_id].entitlement
    tried = list(dict.fromkeys((OF[entitlement], PROVIDER, REVIEWER)))
    entitled = [user for user in tried if entitlement in (None, *user.entitlements)]
    return entitled, [user for user in tried if user not in entitled]


SPECIMENS: Final = ("generated", "to what is there", "one part generated")


@dataclass(frozen=True)
class Recorder(Caller):
    """Records the calls that it receives."""

    bodies: list[Any] = field(default_factory=list)
    queries: list[Mapping[str, str]] = field(default_factory=list)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        self.bodies.append(body)
        self.queries.append(query or {})
        return httpx.Response(204)


AT_ONCE: Final = 10


@dataclass
class Stock:
    """Requests that wait for a reviewer, made many at once: each is processed for a second."""

    portal: Portal
    ready: deque[tuple[str, Json]] = field(default_factory=deque)

    def pending(self) -> tuple[str, Json]:
        """A request, which the caller may end, and its content."""
        if not self.ready:
            self._make()
        return self.ready.popleft()

    def _make(self) -> None:
        contents = [self.portal.content() for _ in range(AT_ONCE)]
        self.portal.deployment.caller(PROVIDER)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            submitted = list(pool.map(self.portal.submitted, contents))
        for request_id in submitted:
            self.portal.await_status(request_id, PROVIDER, "PENDING")
        self.ready.extend(zip(submitted, contents, strict=True))


@dataclass(frozen=True)
class ValidCall:
    """A valid call of the operation: path ids, body and query."""

    ids: dict[str, str]
    body: Any
    query: Mapping[str, str]

    @classmethod
    def at(cls, stock: Stock, route: Operation, read: Ids) -> "ValidCall":
        """What the path names is another one for each test that may end it."""
        ids = read if route.method == "GET" else cls._unused(stock, route)
        recorder = Recorder("", None)
        ids.call(route, recorder)
        known = {"draft_id": ids.draft, "request_id": ids.request}
        named = {name: value for name, value in known.items() if f"{{{name}}}" in route.path}
        return cls(named, recorder.bodies[0], recorder.queries[0])

    @staticmethod
    def _unused(stock: Stock, route: Operation) -> Ids:
        if "{request_id}" in route.path:
            request_id, content = stock.pending()
            return Ids(ABSENT_ID, request_id, content)
        content = stock.portal.content()
        draft_id = stock.portal.draft(content) if "{draft_id}" in route.path else ABSENT_ID
        return Ids(draft_id, ABSENT_ID, content)


@pytest.fixture(scope="module")
def read(deployment: Deployment) -> Ids:
    """A draft and a pending request that tests only read."""
    portal = Portal.at(deployment)
    content = portal.content()
    return Ids(portal.draft(content), portal.pending(content), content)


@pytest.fixture(scope="module")
def stock(deployment: Deployment) -> Stock:
    return Stock(Portal.at(deployment))


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Reuses connections."""
    with requests.Session() as new:
        yield new


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation_id)
def test_response_matches_the_document_when_any_input_is_sent(
    deployment: Deployment,
    session: requests.Session,
    stock: Stock,
    read: Ids,
    route: Operation,
) -> None:
    """Each call is made by all who may make it, and the first ones by others too.

    Invalid input comes first: valid calls may end what the path names.
    """
    valid_call = ValidCall.at(stock, route, read)
    entitled, others = callers(route)
    sent = 0

    def send(case: Case[Any], specimen: str, data: st.DataObject) -> None:
        nonlocal sent
        sent += 1
        if specimen != SPECIMENS[0]:
            case.path_parameters = {**case.path_parameters, **valid_call.ids}
        if specimen == SPECIMENS[2]:
            case.headers["If-Match"] = '"1"'
            case.body = crossed(valid_call.body, case.body, data)
            case.query = crossed(valid_call.query, case.query, data)
        for user in (*entitled, *(others if sent <= FOREIGN else ())):
            headers = {"Authorization": f"Bearer {deployment.caller(user).token}"}
            case.call_and_validate(
                deployment.api_url, session, headers, checks=CHECKS, timeout=SECONDS
            )

    for mode in (GenerationMode.NEGATIVE, GenerationMode.POSITIVE):
        sent = 0
        if mode is GenerationMode.POSITIVE or has_input(route):
            repeat(VALID_CALLS, SCHEMA[route.path][route.method].as_strategy(mode), send)


def crossed(valid_call: Any, generated: Any, data: st.DataObject) -> Any:
    """The valid value with one generated member, recursively down to where their types differ."""
    if valid_call is None:
        return generated
    if not isinstance(valid_call, Mapping) or not isinstance(generated, Mapping):
        return valid_call if generated is NOT_SET else generated
    shared = sorted(set(valid_call) & set(generated))
    if not shared:
        return dict(valid_call)
    name = data.draw(st.sampled_from(shared))
    return {**valid_call, name: crossed(valid_call[name], generated[name], data)}


def repeat(
    times: int,
    cases: st.SearchStrategy[Case[Any]],
    send: Callable[[Case[Any], str, st.DataObject], None],
) -> None:
    """Send this many, identical on every run; a failure is shown as found, without shrinking."""
    settings(
        max_examples=times,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(given(cases, st.sampled_from(SPECIMENS), st.data())(send))()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation_id)
def test_response_matches_the_document_when_the_input_is_valid(
    deployment: Deployment, stock: Stock, read: Ids, route: Operation
) -> None:
    caller = deployment.caller(OF[OPERATIONS[route.operation_id].entitlement])
    case_of(SCHEMA, route, ValidCall.at(stock, route, read), caller).call_and_validate(
        deployment.api_url, checks=CHECKS, timeout=SECONDS
    )


def case_of(
    schema: BaseSchema, route: Operation, valid_call: ValidCall, caller: Caller
) -> Case[Any]:
    return schema[route.path][route.method].Case(
        path_parameters={
            "document_id": ABSENT_ID,
            "notice_id": ABSENT_NOTICE,
            "message_id": f"1772466544000000-{ABSENT_ID}.000002",
            **valid_call.ids,
        },
        headers={"Authorization": f"Bearer {caller.token}", "If-Match": '"1"'},
        query=dict(valid_call.query),
        body=NOT_SET if valid_call.body is None else valid_call.body,
        media_type=None if valid_call.body is None else "application/json",
    )


@pytest.mark.parametrize("missing", ["status", "member", "header"])
def test_response_is_detected_when_it_does_not_match_the_document(
    deployment: Deployment, stock: Stock, read: Ids, missing: str
) -> None:
    """The control for the tests above."""
    result = copy.deepcopy(DOCUMENT)
    responses = result["paths"]["/v1/drafts"]["post"]["responses"]
    if missing == "status":
        del responses["201"]
    elif missing == "member":
        name = responses["201"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        answer = result["components"]["schemas"][name]
        answer["properties"]["draft_id"] = {"type": "integer"}
    else:
        responses["201"]["headers"]["Expected"] = {"required": True, "schema": {"type": "string"}}
    (route,) = (route for route in ROUTES if route.operation_id == "startDraft")
    case = case_of(
        signed_in(result), route, ValidCall.at(stock, route, read), deployment.caller(PROVIDER)
    )
    with pytest.raises((Failure, FailureGroup)):
        case.call_and_validate(deployment.api_url, checks=CHECKS)


# -- responses of the gateway itself ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/nowhere"), ("PATCH", "/v1/requests"), ("HEAD", "/v1/requests")],
)
def test_gateway_responds_when_no_operation_matches(
    deployment: Deployment, method: str, path: str
) -> None:
    response = deployment.caller(PROVIDER).call(method, path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"
    assert method == "HEAD" or response.json() == {"message": "Not Found"}


@pytest.mark.parametrize(
    "content_type", ["text/xml", "application/json; charset=utf-8", "application/fhir+json", ""]
)
def test_body_is_read_as_json_when_another_content_type_is_sent(
    deployment: Deployment, content_type: str
) -> None:
    headers = {"Content-Type": content_type}
    body = {"content": Portal.at(deployment).content()}
    response = deployment.caller(PROVIDER).call("POST", "/v1/checks", body, headers=headers)
    assert response.status_code == 200, response.text
