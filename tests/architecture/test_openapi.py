"""The committed OpenAPI document matches the code, and its statements are true."""

import ast
import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Annotated, Any, Final

import openapi_spec_validator
import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from precert.api import app, parsing
from precert.api.app import COMMON_ERRORS
from precert.api.models import ChangedRequest
from precert.api.operation import PDF, Operation
from precert.api.parameters import MESSAGE_ID
from precert.api.problems import STATUS_OF, status_of
from precert.domain import errors
from precert.domain.errors import PrecertError
from precert.domain.review import Channel
from precert.names import Entitlement
from tests.architecture.source import ROOT, Module, dotted, imports, modules, nodes
from tools import openapi, openapi_schemas
from tools.openapi_example import example_of
from tools.openapi_examples import examples
from tools.openapi_problems import problem_examples
from tools.operations import OPERATIONS, ROUTES

DOCUMENT: Final[dict[str, Any]] = json.loads(openapi.DOCUMENT.read_text(encoding="utf-8"))
UNREACHABLE: Final = frozenset({"direct_call", "no_route"})
"""Codes that no operation answers at the documented addresses: no such call gets through."""


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def operation_of(operation_id: str) -> dict[str, Any]:
    return next(found for _, _, found in operations() if found["operationId"] == operation_id)


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """The target of a reference; any other value unchanged."""
    if "$ref" not in part:
        return part
    found: Any = DOCUMENT
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return resolved(found)


def schema_errors(schema: dict[str, Any], value: Any) -> list[str]:
    whole = {**schema, "components": DOCUMENT["components"]}
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def contents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each request and response body of each operation, with its location."""
    for _, _, operation in operations():
        name = operation["operationId"]
        if "requestBody" in operation:
            yield f"{name} body", operation["requestBody"]["content"]["application/json"]
        for status, response in operation["responses"].items():
            for kind, content in resolved(response).get("content", {}).items():
                if kind != PDF:
                    yield f"{name} {status} {kind}", content


def values_of(content: dict[str, Any]) -> Iterator[Any]:
    if "example" in content:
        yield content["example"]
    for example in content.get("examples", {}).values():
        yield resolved(example)["value"]


# -- the document -------------------------------------------------------------------------------------


def test_document_is_current_when_routes_and_models_are_read() -> None:
    assert openapi.main(["--check"]) == 0


def test_check_fails_when_the_document_is_outdated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi, "INTRODUCTION", ROOT / "README.md")
    assert openapi.main(["--check"]) == 1


def test_document_is_valid_when_a_validator_reads_it() -> None:
    openapi_spec_validator.validate(DOCUMENT)


def test_every_operation_is_documented_when_it_has_a_route() -> None:
    described = {(found["operationId"], method, path) for path, method, found in operations()}
    assert described == {(route.operation_id, route.method.lower(), route.path) for route in ROUTES}
    assert set(OPERATIONS) == {route.operation_id for route in ROUTES}
    assert set(examples()) == set(OPERATIONS)


class Withdrawal(BaseModel):
    """The body of a new operation."""

    reason: Annotated[str, Field(examples=["The procedure was cancelled."])]
    channel: Channel
    note: str | None = None


class Receipt(BaseModel):
    """The response of a new operation, which no other one returns."""

    number: Annotated[str, Field(examples=["PC0000000026"])]


def planted(response: type[BaseModel], entitlement: Entitlement) -> Operation:
    """A new operation, which no example names."""

    def withdraw(body: Withdrawal) -> Any: ...

    withdraw.__annotations__["return"] = response
    return replace(
        OPERATIONS["voidRequest"],
        endpoint=withdraw,
        operation_id="planted",
        path="/v1/withdrawals",
        entitlement=entitlement,
    )


def test_example_is_made_from_the_models_when_an_operation_has_no_own() -> None:
    made = example_of(planted(Receipt, Entitlement.OPERATOR), examples(), OPERATIONS)
    assert made.sent == {"reason": "The procedure was cancelled.", "channel": "PORTAL"}
    assert made.returned == {"number": "PC0000000026"}


@pytest.mark.parametrize(
    ("entitlement", "like"),
    [(Entitlement.OPERATOR, "changeDates"), (Entitlement.INTAKE, "voidRegisteredRequest")],
)
def test_example_has_the_response_of_another_operation_when_the_model_is_shared(
    entitlement: Entitlement, like: str
) -> None:
    made = example_of(planted(ChangedRequest, entitlement), examples(), OPERATIONS)
    assert made.returned == examples()[like].returned


def test_missing_example_is_named_when_a_member_has_none() -> None:
    class Bare(BaseModel):
        number: str

    with pytest.raises(LookupError, match=r"Bare\.number has no example"):
        example_of(planted(Bare, Entitlement.OPERATOR), examples(), OPERATIONS)


def test_path_variables_have_the_id_format_when_described() -> None:
    for path, _, operation in operations():
        parameters = [resolved(parameter) for parameter in operation.get("parameters", ())]
        in_path = {found["name"]: found for found in parameters if found["in"] == "path"}
        assert set(in_path) == set(re.findall(r"{(\w+)}", path))
        forms = {"notice_id": parsing.NOTICE_ID.pattern, "message_id": MESSAGE_ID.pattern}
        assert all(
            found["schema"]["pattern"] == f"^{forms.get(name, parsing.ID.pattern)}$"
            for name, found in in_path.items()
        )


def test_header_formats_match_the_checked_ones_when_described() -> None:
    parameters, headers = (DOCUMENT["components"][kind] for kind in ("parameters", "headers"))
    etag = f"^{parsing.ETAG.pattern}$".replace("(", "").replace(")", "")
    assert parameters["If-Match"]["schema"]["pattern"] == etag
    for version in ('"1"', '"999999999"', '"9f86d081884c7d65"'):
        assert re.fullmatch(headers["ETag"]["schema"]["pattern"], version)
    assert parameters["Idempotency-Key"]["schema"]["pattern"] == f"^{parsing.KEY.pattern}$"
    assert headers["Retry-After"]["schema"]["const"] == app.RETRY_AFTER_SECONDS


def test_every_schema_has_one_name_when_used_in_requests_and_responses() -> None:
    assert [name for name in DOCUMENT["components"]["schemas"] if not name.isalnum()] == []


def test_descriptions_are_for_api_users_when_they_come_from_docstrings() -> None:
    text = json.dumps(DOCUMENT)
    assert "``" not in text
    assert ":mod:" not in text
    assert re.findall(r"\([ACDPSTUW]\d{1,2}\b", text) == []


def test_every_note_is_used_when_members_are_described() -> None:
    members = {
        key
        for model, schema in DOCUMENT["components"]["schemas"].items()
        for name in schema.get("properties", ())
        for key in (name, f"{model}.{name}")
    }
    assert set(openapi_schemas.NOTES) - members == set()


OUTSIDE: Final = {"errors", "service"}
"""Their descriptions name a problem's code, and the content that the caller sent."""


def untrue_of(schema: dict[str, Any], name: str) -> list[str]:
    """What a shared description states of a member that is not so in this schema."""
    members = schema["properties"]
    member, text = members[name], members[name]["description"]
    is_nullable = {"type": "null"} in member.get("anyOf", ())
    untrue = ["it can be null"] if "Null" in text and not is_nullable else []
    referred = re.findall(r"`([a-z_]+)`", text)
    return untrue + [f"the schema has {one}" for one in referred if one not in members]


def test_shared_description_is_true_when_several_schemas_have_the_member() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    untrue = {
        f"{model}.{name}": found
        for model, schema in schemas.items()
        for name, member in schema.get("properties", {}).items()
        if name in openapi_schemas.NOTES.keys() - OUTSIDE
        if member["description"] == openapi_schemas.NOTES[name]
        if (found := untrue_of(schema, name))
    }
    assert untrue == {}, "describe the member of these schemas in tools/openapi_notes.json"


# -- examples -----------------------------------------------------------------------------------------


def test_examples_are_valid_when_validated_against_their_schemas() -> None:
    found = [
        f"{place} {error}"
        for place, content in contents()
        for value in values_of(content)
        for error in schema_errors(content["schema"], value)
    ]
    assert not found, "\n".join(found)


def test_parameter_and_header_examples_are_valid_when_validated() -> None:
    shared = DOCUMENT["components"]
    found = [
        f"{name} {error}"
        for kind in ("parameters", "headers")
        for name, part in shared[kind].items()
        if "example" in part
        for error in schema_errors(part["schema"], part["example"])
    ]
    assert not found, "\n".join(found)


def test_every_request_and_response_body_has_an_example_when_described() -> None:
    bare = [place for place, content in contents() if not list(values_of(content))]
    assert bare == []


@pytest.mark.parametrize("operation_id", [name for name, one in OPERATIONS.items() if one.body])
def test_example_is_accepted_when_it_is_sent(operation_id: str) -> None:
    model = OPERATIONS[operation_id].body
    sent = operation_of(operation_id)["requestBody"]["content"]["application/json"]["example"]
    assert model is not None
    assert model.model_validate_json(json.dumps(sent), strict=True) == examples()[operation_id].body


def test_wrong_value_is_invalid_when_validated() -> None:
    body = operation_of("confirmPatient")["requestBody"]["content"]["application/json"]
    wrong = {"patient": {**body["example"]["patient"], "member_id": "1"}}
    assert [error.partition(":")[0] for error in schema_errors(body["schema"], wrong)] == [
        "$.patient.member_id"
    ]


# -- problems -----------------------------------------------------------------------------------------


def codes_in(content: dict[str, Any]) -> list[str]:
    found: list[str] = content["schema"]["allOf"][1]["properties"]["code"]["enum"]
    return found


def documented() -> set[tuple[str, str, str]]:
    """Operation, status and code of every problem."""
    return {
        (operation["operationId"], status, code)
        for _, _, operation in operations()
        for status, response in operation["responses"].items()
        for kind, content in resolved(response).get("content", {}).items()
        if kind == "application/problem+json"
        for code in codes_in(content)
    }


def tree(root: type[PrecertError]) -> Iterator[type[PrecertError]]:
    for kind in root.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield kind
            yield from tree(kind)


def all_errors(operation: Operation) -> tuple[type[PrecertError], ...]:
    return (*operation.all_errors, *COMMON_ERRORS)


def test_every_error_is_documented_when_a_caller_can_receive_it() -> None:
    known = {kind.code for kind in tree(PrecertError)}
    assert known - {code for _, _, code in documented()} == set()
    assert known - set(problem_examples()) == set()


def test_every_problem_has_its_own_example_when_an_operation_returns_it() -> None:
    shown = {
        (operation["operationId"], status, value["code"])
        for _, _, operation in operations()
        for status, response in operation["responses"].items()
        for kind, content in resolved(response).get("content", {}).items()
        if kind == "application/problem+json"
        for value in values_of(content)
    }
    assert shown == documented()


def test_errors_are_documented_under_their_status_when_an_operation_returns_them() -> None:
    expected = {
        (name, str(STATUS_OF[error].value), error.code)
        for name, operation in OPERATIONS.items()
        for error in all_errors(operation)
    }
    assert expected - documented() == set()


def test_examples_have_the_status_of_their_error_when_built() -> None:
    for error in STATUS_OF:
        if error is not errors.InvalidInputError:
            assert problem_examples()[error.code]["status"] == status_of(error("detail"))


def test_generic_problems_are_documented_when_the_http_layer_returns_them() -> None:
    (module,) = (module for module in modules() if module.name == app.__name__)
    raised = {
        call.args[1].value
        for call in calls(module.tree)
        if dotted(call.func) == "plain_problem" and isinstance(call.args[1], ast.Constant)
    }
    assert raised - UNREACHABLE - {code for _, _, code in documented()} == set()
    assert raised >= UNREACHABLE


def test_members_of_problems_are_described_when_an_error_has_them() -> None:
    names = {kind.__name__ for kind in tree(PrecertError)}
    carried = {
        keyword.arg
        for module in modules()
        if module.is_in("precert")
        for call in calls(module.tree)
        if dotted(call.func).rpartition(".")[2] in names
        for keyword in call.keywords
    }
    assert carried == set(openapi.base()["components"]["schemas"]["Problem"]["properties"])


# -- the handlers -------------------------------------------------------------------------------------


def calls(tree_: ast.AST) -> Iterator[ast.Call]:
    return (node for node in nodes(tree_) if isinstance(node, ast.Call))


def handled() -> dict[str, tuple[Module, ast.FunctionDef]]:
    """The function that serves each operation."""
    return {
        operation_id: (module, node)
        for module in modules()
        if module.is_in("functions")
        for node in nodes(module.tree)
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        for operation_id in decorated(decorator)
    }


def decorated(decorator: ast.expr) -> list[str]:
    """The operation id of a decorator: the keyword argument or the positional one."""
    if not isinstance(decorator, ast.Call) or dotted(decorator.func).partition(".")[0] != "api":
        return []
    found = [one.value for one in decorator.keywords if one.arg == "operation_id"]
    return [
        one.value for one in found if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_errors_are_documented_when_the_use_case_names_them(operation_id: str) -> None:
    module, node = handled()[operation_id]
    used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    named = {
        error
        for _, name in imports(module.tree)
        if name.startswith("precert.usecases.") and name.rpartition(".")[2] in used
        for error in raised_by(name)
    }
    known = {error.__name__ for error in all_errors(OPERATIONS[operation_id])}
    assert named - known == set()


def raised_by(name: str) -> list[str]:
    """The errors that a use case's docstring lists."""
    package, _, function = name.rpartition(".")
    documentation = inspect.getdoc(getattr(import_module(package), function)) or ""
    return re.findall(r"[A-Z]\w+Error\b", documentation.partition("Raises:")[2])
