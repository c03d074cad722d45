"""From an HTTP event to an operation and back: parsing, problems, internal errors."""

import base64
import json
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, Final

import pytest
from pydantic import BaseModel, TypeAdapter

from functions.status.models import TinPageQuery
from functions.submit.models import ContentBody, VoidBody
from precert.api.app import Api
from precert.api.claims import caller_of
from precert.api.edge import Edge
from precert.api.parameters import CurrentCaller, DraftId
from precert.api.parsing import (
    MAX_BODY_BYTES,
    Model,
    UnreadableBodyError,
    parse_body,
    parse_idempotency_key,
    parse_if_match,
    parse_query,
)
from precert.api.problems import PROBLEM_TYPE
from precert.domain.caller import ClaimNames
from precert.domain.errors import (
    ActionNotAllowedError,
    InvalidInputError,
    MalformedHeaderError,
    NotFoundError,
    TransientError,
    VersionMissingError,
)
from precert.observability import metrics
from precert.usecases.document_uploads import RequestedUpload
from tests.fakes.gateway import matched
from tests.fakes.samples import REQUEST_ID, entered

NAMES: Final = ClaimNames("cognito:groups", "custom:tins", "custom:plans", "custom:vendors")
SECRET: Final = "Adams, Allison, 849382930"


@pytest.fixture(autouse=True)
def _no_metrics_left() -> Iterator[None]:
    yield
    metrics.clear_metrics()


def event(
    body: str | None = None,
    *,
    method: str = "GET",
    path: str = f"/v1/drafts/{REQUEST_ID}",
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    encoded: bool = False,
    claims: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "version": "2.0",
        **matched(method, path),
        "rawPath": path,
        "rawQueryString": "",
        "headers": {name.lower(): value for name, value in (headers or {}).items()},
        "queryStringParameters": query,
        "requestContext": {
            "http": {"method": method, "path": path},
            "stage": "$default",
            "authorizer": {"jwt": {"claims": claims or {"sub": "u"}}},
        },
        "body": body,
        "isBase64Encoded": encoded,
    }


class Call:
    """An event, and each part of it as an operation gets it."""

    def __init__(self, event: dict[str, Any]) -> None:
        self.event = event

    def body(self, model: type[Model]) -> Model:
        return parse_body(self.event, model)

    def query(self, model: type[Model]) -> Model:
        return parse_query(self.event, model)

    @property
    def based_on(self) -> tuple[int, ...]:
        return parse_if_match(self.event["headers"].get("if-match"))

    @property
    def idempotency_key(self) -> str | None:
        return parse_idempotency_key(self.event["headers"].get("idempotency-key"))


def call(body: str | None = None, **options: Any) -> Call:
    return Call(event(body, **options))


def errors(body: Any, model: type[BaseModel] = ContentBody) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInputError) as raised:
        call(json.dumps(body)).body(model)
    return [(error.pointer, error.code) for error in raised.value.errors]


# -- bodies -----------------------------------------------------------------------------------------


def test_body_is_parsed_into_its_model_when_it_is_valid() -> None:
    content = call(json.dumps({"content": entered()})).body(ContentBody).content
    assert content.patient is not None
    assert content.patient.last_name == "Adams"
    assert content.services[0].procedures[1].modifiers == ("50", "51")


def test_body_is_decoded_when_the_gateway_encoded_it() -> None:
    text = base64.b64encode('{"reason": "naïve 🏥"}'.encode()).decode()
    assert call(text, encoded=True).body(VoidBody).reason == "naïve 🏥"


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        (None, False),
        ("", False),
        ("{", False),
        ('{"reason": "x"', False),
        ("{'reason': 'x'}", False),
        ('{"reason": "x"} extra', False),
        ('{"reason": "\\ud800"}', False),
        (base64.b64encode(b'{"reason": "\xff\xfe"}').decode(), True),
        ("not base64!", True),
        ("A", True),
    ],
)
def test_body_is_malformed_when_it_is_not_json(text: str | None, encoded: bool) -> None:
    with pytest.raises(UnreadableBodyError) as raised:
        call(text, encoded=encoded).body(VoidBody)
    assert raised.value.status is HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('{"reason": "x",}', "valid JSON in UTF-8 (trailing comma at line 1 column 16)"),
        ("[" * 300 + "]" * 300, "nested too deeply, at line 1 column"),
        ('{"round": ' + "9" * 4400 + "}", "a number with too many digits, at line 1 column"),
        ('{"reason": "\\ud800"}', "without its pair, at line 1 column 19"),
        ('{"reason": "\\ud800\\u0041"}', "without its pair, at line 1 column"),
        (f'{{"{SECRET}": nothing}}', "(expected ident at line 1 column"),
    ],
    ids=["no JSON", "nested", "huge", "half a pair", "wrong half", "secret"],
)
def test_detail_states_cause_and_position_when_a_body_cannot_be_parsed(
    text: str, result: str
) -> None:
    with pytest.raises(UnreadableBodyError) as raised:
        call(text).body(VoidBody)
    assert (raised.value.status, raised.value.code) == (400, "malformed_body")
    assert result in raised.value.detail
    assert SECRET not in raised.value.detail


def test_expected_format_is_stated_when_a_code_is_sent_as_a_number() -> None:
    services = [{**entered()["services"][0], "procedures": [{"code": 450}]}]
    with pytest.raises(InvalidInputError) as raised:
        call(json.dumps({"content": entered(services=services)})).body(ContentBody)
    [error] = raised.value.errors
    assert error.pointer == "/content/services/0/procedures/0/code"
    assert '"0450"' in error.message


@pytest.mark.parametrize("text", ["null", "[]", '"text"', "7", "true", "\ud800"])
def test_body_is_rejected_when_it_is_json_but_not_an_object(text: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        call(text).body(VoidBody)
    assert [error.pointer for error in raised.value.errors] == [""]


def test_body_is_too_large_when_it_exceeds_the_limit_only() -> None:
    frame = len('{"reason": ""}')
    with pytest.raises(InvalidInputError):  # read, and rejected as too long
        call('{"reason": "' + "x" * (MAX_BODY_BYTES - frame) + '"}').body(VoidBody)
    for text in (
        '{"reason": "' + "x" * (MAX_BODY_BYTES - frame + 1) + '"}',
        '{"reason": "' + "é" * (MAX_BODY_BYTES // 2) + '"}',
        "x" * (MAX_BODY_BYTES * 3),
    ):
        with pytest.raises(UnreadableBodyError) as raised:
            call(text).body(VoidBody)
        assert raised.value.status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_number_is_rejected_when_it_is_sent_as_text() -> None:
    services = entered()["services"]
    services[0]["requested_days"] = "3"
    services[0]["procedures"][0]["units"] = "1"
    found = errors({"content": entered(services=services)})
    assert [pointer for pointer, _ in found] == [
        "/content/services/0/requested_days",
        "/content/services/0/procedures/0/units",
    ]


@pytest.mark.parametrize("value", [7, True, None, [], {}])
def test_text_is_rejected_when_it_is_another_type(value: Any) -> None:
    assert [pointer for pointer, _ in errors({"reason": value}, VoidBody)] == ["/reason"]


def test_unknown_field_is_named_when_it_is_sent() -> None:
    found = errors({"content": {"pateint": {}, "a/b~c": 1}, "tin": "463778226"})
    assert found == [
        ("/content/pateint", "unknown_field"),
        ("/content/a~1b~0c", "unknown_field"),
        ("/tin", "unknown_field"),
    ]


@pytest.mark.parametrize("name", ["a\x00.pdf", "a\nb.pdf", "a\x1b[31m.pdf", "a\u2028b.pdf"])
def test_control_characters_are_rejected_when_a_name_contains_them(name: str) -> None:
    assert [p for p, _ in errors({"file_name": name}, RequestedUpload)] == ["/file_name"]


def test_emoji_and_accents_are_preserved_when_a_name_contains_them() -> None:
    body = json.dumps({"file_name": "Röntgen 🦴 №1.pdf"})
    assert call(body).body(RequestedUpload).file_name == "Röntgen 🦴 №1.pdf"


def test_error_contains_no_value_when_input_is_rejected() -> None:
    with pytest.raises(InvalidInputError) as raised:
        call(json.dumps({"content": {"patient": {"member_id": SECRET}}})).body(ContentBody)
    assert SECRET not in str([vars(error) for error in raised.value.errors])


# -- headers, path, query ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "versions"),
    [
        ('"1"', (1,)),
        (' "12" ', (12,)),
        ('"999999999"', (999999999,)),
        ('W/"1"', (1,)),
        (' W/"7" ', (7,)),
        ('"1", "2"', (2, 1)),
        ('"2","1",W/"2"', (2, 1)),
        ('"3",', (3,)),
        (', "3" , ,', (3,)),
        ('W/"4", W/"4"', (4,)),
    ],
)
def test_versions_are_read_when_if_match_names_etags(value: str, versions: tuple[int]) -> None:
    assert call(headers={"if-match": value}).based_on == versions
    assert call(headers={"If-Match": value}).based_on == versions


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        '"0"',
        '"-1"',
        '"01"',
        '"1',
        ",",
        'w/"1"',
        "W/1",
        'W/ "1"',
        '"1" "2"',
        '"1", 2',
        '*, "1"',
        ", ".join(f'"{version}"' for version in range(1, 12)),
        '"1.0"',
        '"1e3"',
        '"x"',
        '"1000000000"',
        '"١"',
    ],
)
def test_version_is_malformed_when_if_match_is_not_an_etag_of_this_api(value: str) -> None:
    with pytest.raises(MalformedHeaderError) as raised:
        _ = call(headers={"if-match": value}).based_on
    assert [error.pointer for error in raised.value.errors] == ["/If-Match"]


def test_version_is_reported_missing_when_if_match_is_absent() -> None:
    with pytest.raises(VersionMissingError):
        _ = call(headers={}).based_on


def test_version_is_reported_missing_when_if_match_is_any() -> None:
    """A save without a version would overwrite changes of other users (D7)."""
    with pytest.raises(VersionMissingError, match="version_missing") as raised:
        _ = call(headers={"if-match": " * "}).based_on
    assert raised.value.detail.startswith("* would overwrite")


def test_idempotency_key_is_accepted_when_it_is_plain_ascii_only() -> None:
    assert call().idempotency_key is None
    for key in ("a", "8e03978e-40d5-43dd-bc93-6894a57f9324", "x" * 255):
        assert call(headers={"idempotency-key": key}).idempotency_key == key
    for key in ("", "x" * 256, "a b", "ключ", "a\tb", "a\n"):
        with pytest.raises(MalformedHeaderError):
            _ = call(headers={"idempotency-key": key}).idempotency_key


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        REQUEST_ID.lower(),
        REQUEST_ID[:-1],
        REQUEST_ID + "0",
        "I" * 26,
        REQUEST_ID + "\n",
        "../" * 8 + "ab",
        "0" * 25 + "%",
        "849382930",
    ],
)
def test_response_is_404_when_an_id_is_malformed(value: str) -> None:
    with pytest.raises(NotFoundError):
        TypeAdapter(DraftId).validate_python(value)


def test_id_is_read_when_it_is_well_formed() -> None:
    assert TypeAdapter(DraftId).validate_python(REQUEST_ID) == REQUEST_ID


def test_query_is_parsed_into_its_model_when_parameters_are_text() -> None:
    found = call(query={"limit": "5", "tin": "46-3778226"}).query(TinPageQuery)
    assert (found.limit, found.tin) == (5, "463778226")
    assert call().query(TinPageQuery).limit == 25


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "x"),
        ("tin", "1"),
        ("cursor", "x" * 1001),
        ("other", "1"),
    ],
)
def test_parameter_is_named_when_it_is_wrong(name: str, value: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        call(query={name: value}).query(TinPageQuery)
    assert [error.pointer for error in raised.value.errors] == [f"/{name}"]


# -- responses -------------------------------------------------------------------------------------


class Body(BaseModel):
    text: str
    version: int = 3


class Context:
    function_name = "function"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def served(operation: Callable[..., Body], **options: Any) -> dict[str, Any]:
    """The response of a function whose only operation is this one."""
    return resolved(operation, event(**options))


def resolved(operation: Callable[..., Body], received: dict[str, Any]) -> dict[str, Any]:
    api = Api(
        "submit",
        tag="Request",
        identify=lambda claims, token: caller_of(claims, NAMES, token),
        audit=lambda _record: None,
        edge=Edge,
        entitlement=None,
    )
    path = "/v1/drafts/{draft_id}"
    api.get(path, "Read", operation_id="resumeDraft", etag="{response.version}")(operation)
    context: Any = Context()
    return api.resolver.resolve(received, context)


def raising(error: Exception) -> Callable[[DraftId], Body]:
    def operation(draft_id: DraftId) -> Body:
        raise error

    return operation


def reading(draft_id: DraftId) -> Body:
    return Body(text=draft_id)


def test_response_is_not_cacheable_when_it_is_returned() -> None:
    def operation(draft_id: DraftId) -> Body:
        return Body(text="é")

    answer = served(operation)
    assert (answer["statusCode"], answer["body"]) == (200, '{"text":"é","version":3}')
    assert answer["headers"] == {
        "Cache-Control": "no-store",
        "ETag": '"3"',
        "Content-Type": "application/json",
    }


def test_path_is_passed_on_when_an_operation_is_served() -> None:
    answer = served(reading)
    assert json.loads(answer["body"])["text"] == REQUEST_ID


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(SECRET),
        KeyError(SECRET),
        AssertionError(SECRET),
        RecursionError(SECRET),
        UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET),
    ],
)
def test_response_hides_details_when_an_internal_error_occurs(error: Exception) -> None:
    answer = served(raising(error))
    body = json.loads(answer["body"])
    assert (answer["statusCode"], body["code"]) == (500, "internal")
    assert answer["headers"]["Content-Type"] == PROBLEM_TYPE
    assert SECRET not in answer["body"]
    assert type(error).__name__ not in answer["body"]


def test_retry_after_is_sent_when_an_error_is_transient() -> None:
    answer = served(raising(TransientError("Try again.")))
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "2")


def test_problem_lists_allowed_actions_when_the_status_forbids_one() -> None:
    error = ActionNotAllowedError("No.", request_status="VOID", allowed_actions=["DETAILS"])
    answer = served(raising(error))
    body = json.loads(answer["body"])
    assert (answer["statusCode"], body["status"]) == (409, 409)
    assert (body["request_status"], body["allowed_actions"]) == ("VOID", ["DETAILS"])
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert "errors" not in body


def test_malformed_body_is_a_problem_when_an_operation_reads_it() -> None:
    def operation(draft_id: DraftId, body: VoidBody) -> Body:
        return Body(text=body.reason)

    answer = served(operation, body="{")
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (400, "malformed_body")


@pytest.mark.parametrize(
    "options",
    [
        {"path": "/v1/nothing"},
        {"path": "/v1/drafts"},
        {"method": "PATCH"},
        {"path": f"/v1/drafts/{REQUEST_ID}/more"},
    ],
)
def test_response_is_404_when_no_route_matches(options: dict[str, Any]) -> None:
    answer = served(reading, **options)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (404, "no_route")
    assert "4xx" in metrics.provider.metric_set


def test_caller_is_anonymous_when_there_is_no_authorizer() -> None:
    def operation(draft_id: DraftId, caller: CurrentCaller) -> Body:
        return Body(text=caller.subject)

    bare = event()
    del bare["requestContext"]["authorizer"]
    assert resolved(operation, bare)["statusCode"] == 403


def test_operation_is_rejected_when_another_function_serves_it() -> None:
    answer = served(reading, path="/v1/requests")
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (404, "no_route")
