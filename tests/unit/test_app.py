"""Operations on the resolver: checks before the function, response headers, problems."""

import base64
import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

import pytest
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel

from precert.api.app import Api
from precert.api.claims import caller_of
from precert.api.edge import SECURITY_HEADERS, Edge
from precert.api.models import ResponseModel
from precert.api.operation import FHIR_JSON, PDF, file
from precert.api.parameters import BasedOn, CurrentCaller, DraftId, IdempotencyKey
from precert.api.parsing import MAX_BODY_BYTES
from precert.api.problems import MAX_LISTED, PROBLEM_TYPE
from precert.domain.audit import AuditRecord
from precert.domain.caller import ClaimNames
from precert.domain.errors import (
    ActionNotAllowedError,
    FieldError,
    InvalidInputError,
    NotFoundError,
    TransientError,
)
from precert.domain.values import Value
from precert.names import SERVER_ERROR, Entitlement
from precert.observability import logger, metrics
from tests.fakes.samples import REQUEST_ID

NAMES: Final = ClaimNames("cognito:groups", "custom:tins", "custom:plans", "custom:vendors")
SECRET: Final = "Adams, Allison, 849382930"
ENTITLED: Final = {"sub": "u", "cognito:groups": "[PatientSearch]"}


class Context:
    function_name = "function"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id = "8e03978e-40d5-43dd-bc93-6894a57f9324"


class Note(Value):
    text: str
    units: int = 1


class Page(Value):
    limit: int = 25


class Saved(ResponseModel):
    draft_id: str
    version: int
    subject: str
    text: str = ""
    key: str | None = None


AUDIT: Final[list[Callable[[datetime], AuditRecord]]] = []
api: Final = Api(
    "notes",
    tag="Notes",
    identify=lambda claims, token: caller_of(claims, NAMES, token),
    audit=AUDIT.append,
    edge=Edge,
)
DRAFT: Final = "/v1/drafts/{draft_id}"


@api.put(
    DRAFT,
    "Save",
    operation_id="save",
    status=HTTPStatus.CREATED,
    etag="{response.version}",
    location="/v1/drafts/{response.draft_id}",
)
def save(
    draft_id: DraftId,
    body: Note,
    caller: CurrentCaller,
    based_on: BasedOn,
    key: IdempotencyKey = None,
) -> Saved:
    """Save a note."""
    return Saved(
        draft_id=draft_id, version=based_on[0] + 1, subject=caller.subject, text=body.text, key=key
    )


@api.get("/v1/pages", "List", operation_id="list", media_type=FHIR_JSON)
def pages(query: Annotated[Page, Query()]) -> Page:
    """List pages."""
    return query


@api.delete(DRAFT, "Delete", operation_id="delete", status=HTTPStatus.NO_CONTENT)
def delete(draft_id: DraftId) -> None:
    """Delete a note."""


@api.get(DRAFT, "Print", operation_id="print", media_type=PDF)
def printed(draft_id: DraftId) -> Response[bytes]:
    """Print a note."""
    return file(b"%PDF-", PDF, f"{draft_id}.pdf")


@api.post("/v1/decisions", "Decide", operation_id="decide", other_status=HTTPStatus.ACCEPTED)
def decided(body: Note) -> tuple[Note, HTTPStatus]:
    """Decide."""
    return body, HTTPStatus.ACCEPTED if body.units > 1 else HTTPStatus.OK


@api.get("/v1/me", "Who the caller is", operation_id="me", entitlement=None)
def me(caller: CurrentCaller) -> Saved:
    """Show the caller."""
    return Saved(draft_id="", version=0, subject=caller.subject)


@api.get("/v1/broken", "Raise", operation_id="broken")
def broken() -> Saved:
    """Raise what a test sets."""
    raise RAISED[0]


operators: Final = Api(
    "notes",
    tag="Notes",
    identify=api.identify,
    audit=AUDIT.append,
    edge=Edge,
    entitlement=Entitlement.OPERATOR,
)


@operators.get("/v1/operations/notes", "List for operators", operation_id="listAll")
def all_notes(caller: CurrentCaller) -> Saved:
    """List notes of all."""
    return Saved(draft_id="", version=0, subject=caller.subject)


api.include(operators)

RAISED: Final[list[Exception]] = []
handle: Final = api.lambda_handler()


@pytest.fixture(autouse=True)
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the handler logs; its metrics are printed."""
    stream = io.StringIO()
    monkeypatch.setattr(metrics.provider, "namespace", "precert")
    monkeypatch.setattr(metrics.provider, "service", "precert")
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    yield stream
    metrics.clear_metrics()
    RAISED.clear()


def called(
    method: str,
    path: str,
    body: Any = None,
    *,
    claims: Mapping[str, str] = ENTITLED,
    raw: str | None = None,
    encoded: bool = False,
    query: Mapping[str, str] | None = None,
    **headers: str,
) -> dict[str, Any]:
    draft_id = path.rpartition("/")[2] if path.startswith("/v1/drafts/") else None
    event = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "queryStringParameters": query,
        "pathParameters": {"draft_id": draft_id} if draft_id else None,
        "requestContext": {
            "http": {"method": method, "path": path},
            "stage": "$default",
            "authorizer": {"jwt": {"claims": claims}},
        },
        "body": json.dumps(body) if raw is None and body is not None else raw,
        "isBase64Encoded": encoded,
    }
    return handle(event, Context())


def problem(answer: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer["body"])
    assert answer["headers"]["Content-Type"] == PROBLEM_TYPE
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert answer["statusCode"] == found["status"]
    assert found["instance"] == f"urn:precert:call:{Context.aws_request_id}"
    return found


def saving(body: Any = None, **options: Any) -> dict[str, Any]:
    options.setdefault("if_match", '"3"')
    return called("PUT", f"/v1/drafts/{REQUEST_ID}", body or {"text": "é"}, **options)


def test_operation_is_found_when_a_path_parameter_has_characters_that_powertools_does_not_match() -> (
    None
):
    event = {
        "version": "2.0",
        "routeKey": "GET /v1/drafts/{draft_id}",
        "rawPath": "/v1/drafts/\u00e9\u2028?#",
        "headers": {},
        "pathParameters": {"draft_id": "\u00e9\u2028?#"},
        "requestContext": {
            "http": {"method": "GET", "path": "/v1/drafts/x"},
            "stage": "$default",
            "authorizer": {"jwt": {"claims": ENTITLED}},
        },
        "body": None,
        "isBase64Encoded": False,
    }
    assert problem(handle(event, Context()))["code"] == "not_found"


# -- responses ----------------------------------------------------------------------------------------


def test_response_is_the_model_with_its_headers_when_an_operation_returns_it() -> None:
    answer = saving(idempotency_key="k")
    assert answer["statusCode"] == 201
    assert json.loads(answer["body"]) == {
        "draft_id": REQUEST_ID,
        "version": 4,
        "subject": "u",
        "text": "é",
        "key": "k",
    }
    assert answer["headers"] == {
        **SECURITY_HEADERS,
        "Cache-Control": "no-store",
        "Content-Type": "application/json",
        "ETag": '"4"',
        "Location": f"/v1/drafts/{REQUEST_ID}",
    }


def test_response_is_empty_when_an_operation_returns_nothing() -> None:
    answer = called("DELETE", f"/v1/drafts/{REQUEST_ID}")
    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert answer["headers"] == {"Cache-Control": "no-store", **SECURITY_HEADERS}


def test_response_is_binary_when_an_operation_returns_a_file() -> None:
    answer = called("GET", f"/v1/drafts/{REQUEST_ID}")
    assert answer["isBase64Encoded"] is True
    assert base64.b64decode(answer["body"]) == b"%PDF-"
    assert answer["headers"] == {
        **SECURITY_HEADERS,
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{REQUEST_ID}.pdf"',
        "Content-Type": "application/pdf",
    }


def test_media_type_is_the_declared_one_when_the_response_is_fhir() -> None:
    answer = called("GET", "/v1/pages", query={"limit": "5"})
    assert (answer["body"], answer["headers"]["Content-Type"]) == ('{"limit":5}', FHIR_JSON)


@pytest.mark.parametrize(("units", "status"), [(1, 200), (2, 202)])
def test_status_is_the_returned_one_when_an_operation_has_two_statuses(
    units: int, status: int
) -> None:
    answer = called("POST", "/v1/decisions", {"text": "x", "units": units})
    assert answer["statusCode"] == status
    assert json.loads(answer["body"]) == {"text": "x", "units": units}


# -- checks before the function -----------------------------------------------------------------------


def test_caller_is_refused_before_input_is_parsed_when_entitlement_is_missing() -> None:
    for options in ({"raw": "{"}, {"body": {"units": "x"}}, {"if_match": "x"}):
        answer = saving(claims={"sub": "u", "cognito:groups": "[Reviewer]"}, **options)
        assert problem(answer)["code"] == "not_entitled"
        assert problem(answer)["entitlement"] == Entitlement.PATIENT_SEARCH.value


def test_any_token_is_accepted_when_an_operation_needs_no_entitlement() -> None:
    assert called("GET", "/v1/me", claims={"sub": "u"})["statusCode"] == 200
    assert problem(called("GET", "/v1/me", claims={}))["status"] == 403


@pytest.mark.parametrize("draft_id", ["x", REQUEST_ID.lower(), REQUEST_ID + "0", "849382930"])
def test_response_is_404_when_an_id_is_malformed(draft_id: str) -> None:
    answer = called("PUT", f"/v1/drafts/{draft_id}", raw="{", if_match='"3"')
    assert (answer["statusCode"], problem(answer)["code"]) == (404, "not_found")


@pytest.mark.parametrize("value", ["1", "W/1", '"1","x"', '"1" "2"', '"0"', ""])
def test_header_is_rejected_when_if_match_is_not_an_etag_of_this_api(value: str) -> None:
    found = problem(saving(if_match=value))
    assert (found["status"], found["code"]) == (400, "malformed_header")
    assert [one["pointer"] for one in found["errors"]] == ["/If-Match"]


def test_version_is_reported_missing_when_if_match_is_absent() -> None:
    answer = called("PUT", f"/v1/drafts/{REQUEST_ID}", {"text": "x"})
    assert problem(answer)["status"] == 428


def test_header_is_rejected_when_the_idempotency_key_is_not_ascii() -> None:
    found = problem(saving(idempotency_key="ключ"))
    assert [one["pointer"] for one in found["errors"]] == ["/Idempotency-Key"]


@pytest.mark.parametrize(
    ("raw", "encoded", "status"),
    [
        ("{", False, 400),
        ("", False, 400),
        ("A", True, 400),
        ("[" * 100_000, False, 400),
        ('{"units": ' + "9" * 5000 + "}", False, 400),
        ('{"text": "\\ud800"}', False, 400),
        ("\ud800", False, 422),
        ('{"text": 1, "units": "1"}', False, 422),
        (" " * MAX_BODY_BYTES + "{}", False, 413),
        (base64.b64encode('{"text": "é"}'.encode()).decode(), True, 201),
    ],
)
def test_body_is_parsed_as_strict_json_when_it_is_read(
    raw: str, encoded: bool, status: int
) -> None:
    assert saving(raw=raw, encoded=encoded)["statusCode"] == status


def test_every_error_has_its_pointer_when_a_body_is_wrong() -> None:
    found = problem(saving({"units": "1", "a/b~c": 1}))
    assert [(one["pointer"], one["code"]) for one in found["errors"]] == [
        ("/text", "missing"),
        ("/units", "wrong_type"),
        ("/a~1b~0c", "unknown_field"),
    ]


@pytest.mark.parametrize("query", [{"limit": "x"}, {"limit": "1,2"}, {"other": "1"}])
def test_parameter_is_named_when_it_is_wrong_repeated_or_unknown(query: dict[str, str]) -> None:
    found = problem(called("GET", "/v1/pages", query=query))
    assert (found["status"], [one["pointer"] for one in found["errors"]]) == (
        422,
        [f"/{name}" for name in query],
    )


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/nothing"), ("PATCH", f"/v1/drafts/{REQUEST_ID}")]
)
def test_response_is_404_when_no_route_matches(method: str, path: str) -> None:
    found = problem(called(method, path))
    assert (found["status"], found["code"]) == (404, "no_route")


# -- problems -----------------------------------------------------------------------------------------


def test_further_errors_are_counted_when_there_are_more_than_a_problem_lists() -> None:
    RAISED.append(
        InvalidInputError([FieldError(f"/{n}", "missing", "required") for n in range(130)])
    )
    found = problem(called("GET", "/v1/broken"))
    assert (len(found["errors"]), found["further_errors"]) == (100, 30)


def test_count_of_further_errors_is_omitted_when_all_are_listed() -> None:
    RAISED.append(InvalidInputError([FieldError("/a", "missing", "required")] * MAX_LISTED))
    assert "further_errors" not in problem(called("GET", "/v1/broken"))


def test_extensions_are_members_when_an_error_has_them() -> None:
    RAISED.append(ActionNotAllowedError("No.", request_status="VOID", allowed_actions=["X"]))
    found = problem(called("GET", "/v1/broken"))
    assert (found["status"], found["allowed_actions"]) == (409, ["X"])
    assert "errors" not in found


def test_retry_after_is_sent_when_an_error_is_transient() -> None:
    RAISED.append(TransientError("Try again."))
    answer = called("GET", "/v1/broken")
    assert (problem(answer)["status"], answer["headers"]["Retry-After"]) == (503, "2")


@pytest.mark.parametrize("error", [RuntimeError(SECRET), KeyError(SECRET), RecursionError(SECRET)])
def test_response_hides_details_when_an_internal_error_occurs(
    error: Exception, logged: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    RAISED.append(error)
    answer = called("GET", "/v1/broken")
    assert problem(answer)["code"] == "internal"
    printed = capsys.readouterr()
    assert SECRET not in answer["body"] + logged.getvalue() + printed.out + printed.err


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(None, 200, None), (NotFoundError("No."), 404, "not_found"), (KeyError(), 500, "internal")],
)
def test_call_is_logged_and_counted_once_when_it_ends(
    error: Exception | None,
    status: int,
    code: str | None,
    logged: io.StringIO,
    capsys: pytest.CaptureFixture[str],
) -> None:
    RAISED.extend([error] if error else [])
    called("GET", "/v1/broken" if error else "/v1/me")
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    responded = [line for line in lines if line.get("message") == "responded"]
    assert [(line["status_code"], line.get("code")) for line in responded] == [(status, code)]
    assert responded[0]["function_request_id"] == Context.aws_request_id
    assert responded[0]["operation_id"]
    written = capsys.readouterr().out
    if error is None:
        assert written == ""
        return
    counted = json.loads(written)
    assert counted.get(SERVER_ERROR) == ([1.0] if status == 500 else None)
    assert counted[f"{status // 100}xx"] == [1.0]
    [directive] = counted["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["service"]]


@pytest.mark.parametrize(("group", "status"), [("PatientSearch", 403), ("Operator", 200)])
def test_included_operation_has_the_entitlement_of_its_module_when_it_is_called(
    group: str, status: int
) -> None:
    claims = {"sub": "u", "cognito:groups": f"[{group}]"}
    assert called("GET", "/v1/operations/notes", claims=claims)["statusCode"] == status


# -- what the document and the tests read -------------------------------------------------------------


def test_declaration_has_models_headers_and_errors_when_an_operation_is_decorated() -> None:
    by_id = {operation.operation_id: operation for operation in api.operations}
    one = by_id["save"]
    assert (one.key, one.function, one.description) == (f"PUT {DRAFT}", "notes", "Save a note.")
    assert (one.body, one.query, one.response) == (Note, None, Saved)
    assert one.header_names == ["If-Match", "Idempotency-Key"]
    assert {error.code for error in one.all_errors} == {
        *("invalid_input", "malformed_header", "version_missing")
    }
    assert (by_id["list"].query, by_id["decide"].response) == (Page, Note)
    models: list[type[BaseModel] | None] = [by_id["print"].response, by_id["delete"].response]
    assert models == [None, None]
