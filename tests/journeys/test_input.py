"""For any invalid input, the response is a problem that states the fix, and never a 500."""

import json
from typing import Any, Final

import httpx
import pytest

from local.client import Caller, tls_context
from local.deployment import Deployment
from local.journey.content import PATIENT
from local.users import PROVIDER, USERS
from precert.api.operation import Operation
from tests.fakes.sample_calls import ABSENT_ID, path_of
from tests.journeys.portal import Portal
from tools.openapi_examples import examples
from tools.operations import OPERATIONS, ROUTES

WRITING: Final = [route for route in ROUTES if OPERATIONS[route.operation_id].body]
LISTING: Final = [route for route in ROUTES if OPERATIONS[route.operation_id].query]
BY_ID: Final = [route for route in ROUTES if "{" in route.path]

NO_JSON: Final = {
    "nothing": b"",
    "half": b'{"content": ',
    "text": b"content=1",
    "xml": b"<content/>",
}
NO_BODY_OF_OURS: Final = {
    "null": b"null",
    "list": b"[]",
    "word": b'"content"',
    "number": b"7",
    "unknown": b'{"unheard_of": 1}',
    "empty": b"{}",
    "infinity": b'{"unheard_of": Infinity}',
    "deep": b'{"content": ' + b"[" * 2000 + b"]" * 2000 + b"}",
}


def entitled(deployment: Deployment, route: Operation) -> Caller:
    """A user who may call the operation."""
    expected = OPERATIONS[route.operation_id].entitlement
    return deployment.caller(next(user for user in USERS if expected in (None, *user.entitlements)))


def send(
    deployment: Deployment, route: Operation, content: bytes, **headers: str
) -> httpx.Response:
    caller = entitled(deployment, route)
    return httpx.request(
        route.method,
        f"{deployment.api_url}{path_of(route)}",
        content=content,
        headers={
            "Authorization": f"Bearer {caller.token}",
            "Content-Type": "application/json",
            "If-Match": '"1"',
            **headers,
        },
        timeout=60,
        verify=tls_context(),
    )


def is_problem(response: httpx.Response, *statuses: int) -> dict[str, Any]:
    assert response.status_code in statuses, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == response.status_code
    assert problem["code"]
    assert problem["detail"]
    return problem


@pytest.mark.parametrize("route", WRITING, ids=lambda route: route.operation_id)
def test_body_is_rejected_when_it_is_not_json_or_has_unknown_fields(
    deployment: Deployment, route: Operation
) -> None:
    for content in NO_JSON.values():
        assert is_problem(send(deployment, route, content), 400)["code"] == "malformed_body"
    body = OPERATIONS[route.operation_id].body
    assert body is not None
    needs_nothing = not any(field.is_required() for field in body.model_fields.values())
    for name, content in NO_BODY_OF_OURS.items():
        if name == "empty" and needs_nothing:
            continue
        problem = is_problem(send(deployment, route, content), 400 if name == "deep" else 422, 422)
        assert name == "deep" or all("pointer" in error for error in problem["errors"])
    is_problem(
        send(deployment, route, '{"reason": "Zieliński"}'.encode("iso-8859-2")), 400, 404, 422
    )


@pytest.mark.parametrize("route", WRITING, ids=lambda route: route.operation_id)
def test_body_is_rejected_when_it_is_too_large(deployment: Deployment, route: Operation) -> None:
    body = json.dumps({"reason": "x" * 300_000}).encode()
    is_problem(send(deployment, route, body), 413)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"units": "1"}, "/content/services/0/procedures/0/units"),
        ({"units": 1.5}, "/content/services/0/procedures/0/units"),
        ({"units": True}, "/content/services/0/procedures/0/units"),
        ({"units": 0}, "/content/services/0/procedures/0/units"),
        ({"start_date": 1793836800}, "/content/services/0/procedures/0/start_date"),
        ({"start_date": "tomorrow"}, "/content/services/0/procedures/0/start_date"),
        ({"code": 44120}, "/content/services/0/procedures/0/code"),
        ({"modifiers": "50"}, "/content/services/0/procedures/0/modifiers"),
        ({"cpt": "44120"}, "/content/services/0/procedures/0/cpt"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_error_points_to_the_field_when_its_value_has_another_type(
    portal: Portal, change: dict[str, Any], pointer: str
) -> None:
    content = portal.content()
    content["services"][0]["procedures"][0] |= change
    response = portal.deployment.caller(PROVIDER).call("POST", "/v1/drafts", {"content": content})
    assert [f["pointer"] for f in is_problem(response, 422)["errors"]] == [pointer]


def test_response_repeats_no_entered_value_when_it_is_rejected(deployment: Deployment) -> None:
    """The error does not repeat the value (it may be a patient's)."""
    patient = {**PATIENT, "member_id": "!SECRET!", "date_of_birth": "SECRET", "SECRET": "SECRET"}
    response = deployment.caller(PROVIDER).call(
        "POST", "/v1/patients/confirm", {"patient": patient}
    )
    result = is_problem(response, 422)
    assert all("SECRET" not in error["message"] for error in result["errors"])
    assert "!SECRET!" not in response.text


@pytest.mark.rule("D6")
def test_every_error_is_listed_when_an_empty_draft_is_submitted(portal: Portal) -> None:
    content = {"patient": PATIENT, "services": [{}]}
    request_id = portal.draft()
    response = portal.deployment.caller(PROVIDER).call(
        "POST",
        f"/v1/drafts/{request_id}/submission",
        {"content": content},
        headers={"If-Match": '"1"'},
    )
    pointers = {error["pointer"] for error in is_problem(response, 422)["errors"]}
    assert pointers >= {
        "/content/servicing_provider",
        "/content/requesting_provider",
        "/content/services/0/authorization_type",
        "/content/services/0/type_of_service",
        "/content/services/0/place_of_service",
        "/content/services/0/urgency",
        "/content/services/0/primary_diagnosis",
    }


@pytest.mark.rule("D7")
def test_save_is_rejected_when_it_has_no_version_or_an_old_one(portal: Portal) -> None:
    content = portal.content()
    draft_id = portal.draft(content)
    provider = portal.deployment.caller(PROVIDER)
    path = f"/v1/drafts/{draft_id}"
    for method, to in (("PUT", path), ("POST", f"{path}/submission")):
        is_problem(provider.call(method, to, {"content": content}), 428)
        is_problem(provider.call(method, to, {"content": content}, headers={"If-Match": "*"}), 428)
        for etag in ("1", "W/1"):
            response = provider.call(method, to, {"content": content}, headers={"If-Match": etag})
            [error] = is_problem(response, 400)["errors"]
            assert error["pointer"] == "/If-Match"
        response = provider.call(method, to, {"content": content}, headers={"If-Match": '"7"'})
        problem = is_problem(response, 412)
        assert problem["current_version"] == 1
    changed = {**content, "services": []}
    saved = provider.call("PUT", path, {"content": changed}, headers={"If-Match": '"1"'})
    assert (saved.status_code, saved.headers["etag"]) == (200, '"2"')
    stale = provider.call("PUT", path, {"content": content}, headers={"If-Match": '"1"'})
    problem = is_problem(stale, 412)
    assert (problem["current_version"], problem["differs_in"]) == (2, ["/services"])


@pytest.mark.parametrize("route", LISTING, ids=lambda route: route.operation_id)
def test_query_is_rejected_when_it_has_unknown_parameters(
    deployment: Deployment, route: Operation
) -> None:
    query_model = OPERATIONS[route.operation_id].query
    assert query_model is not None
    good = {
        name: value
        for name, value in {
            "zip_code": "44122",
            "kind": "FACILITY",
            "name": "x",
            "plan_id": "OAP-COMPLETE",
        }.items()
        if name in query_model.model_fields
    }
    wrong = [{"unheard_of": "1"}]
    if "cursor" in query_model.model_fields:
        wrong += [{"limit": "0"}, {"limit": "x"}, {"limit": "1000000"}]
        wrong += [{"cursor": "x" * 2000}]
        if "{request_id}" not in route.path:
            # The list of one request is found before its cursor is read.
            wrong += [{"cursor": "%%%"}, {"cursor": "eyJwayI6IjEifQ"}]
    for query in wrong:
        response = entitled(deployment, route).call(
            route.method, path_of(route), query={**good, **query}
        )
        assert is_problem(response, 422)["errors"], query


@pytest.mark.parametrize("route", BY_ID, ids=lambda route: route.operation_id)
def test_response_is_404_when_an_id_is_malformed(deployment: Deployment, route: Operation) -> None:
    body = examples()[route.operation_id].sent
    for wrong in ("1", "849382930", ABSENT_ID.lower(), f"{ABSENT_ID}0", "%00", "REQUEST%23x", "ü"):
        path = path_of(route, wrong, document_id=wrong)
        response = entitled(deployment, route).call(
            route.method, path, body, headers={"If-Match": '"1"'}
        )
        assert response.status_code == 404, (wrong, response.text)


@pytest.mark.parametrize("key", ["x" * 256, "with space", ""])
def test_idempotency_key_is_rejected_when_it_is_not_plain_ascii(portal: Portal, key: str) -> None:
    response = portal.deployment.caller(PROVIDER).call(
        "POST", "/v1/drafts", {"content": portal.content()}, headers={"Idempotency-Key": key}
    )
    [error] = is_problem(response, 400)["errors"]
    assert error["pointer"] == "/Idempotency-Key"


def timeless(draft: dict[str, Any]) -> dict[str, Any]:
    """The draft without values that each response computes from the current time."""
    assert draft.pop("time_left")
    assert draft["check"].pop("assertion_id")
    return draft


def test_one_draft_is_created_when_it_is_started_twice_with_one_key(portal: Portal) -> None:
    provider, headers = portal.deployment.caller(PROVIDER), {"Idempotency-Key": "front-desk-17"}
    body = {"content": portal.content()}
    first, again = (provider.call("POST", "/v1/drafts", body, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert timeless(first.json()) == timeless(again.json())
    other = {"content": portal.content("44140")}
    is_problem(provider.call("POST", "/v1/drafts", other, headers=headers), 409, 422)
