"""Write ``docs/openapi.json``: Powertools' OpenAPI document of the operations, with additions.

The additions are formats of parameters and headers, problems by status and code, media types other than
JSON, examples, the gateway's own responses, and one schema for each model in requests and responses.
``openapi_base.json`` and ``openapi_introduction.md`` contain the parts that no operation declares.

It also writes ``infra/routes.json``, ``docs/api.md``, ``docs/fhir-interface.json`` (the interface of
the FHIR endpoint), and in ``docs/api-changelog.md`` the differences of both from the last release.
``--check`` writes nothing and fails if a committed file is not current. A change that breaks callers
fails in either case.
"""

import json
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic.json_schema import JsonSchemaMode

from precert.api.app import COMMON_ERRORS
from precert.api.operation import JSON, PDF, Operation
from precert.api.parsing import MAX_BODY_BYTES
from precert.api.problems import PROBLEM_TYPE, Problem
from precert.domain.errors import DamagedRecordError, NotFoundError, PrecertError, TransientError
from tools import fhir_interface
from tools.api_changelog import (
    CHANGELOG,
    FHIR_DOCUMENT,
    breaks,
    fhir_breaks,
    fhir_changes,
    with_changes,
)
from tools.api_page import PAGE, page
from tools.openapi_examples import examples
from tools.openapi_files import ROOT, as_json, write_or_check
from tools.openapi_problems import problem_examples
from tools.openapi_schemas import (
    REF_PREFIX,
    Schema,
    open_responses,
    parameters_of,
    plain,
    problem_schema,
    schemas_of,
)
from tools.operations import MANIFEST, OPERATIONS, ROUTES, manifest

DOCUMENT: Final = ROOT / "docs" / "openapi.json"
BASE: Final = ROOT / "tools" / "openapi_base.json"
INTRODUCTION: Final = ROOT / "tools" / "openapi_introduction.md"
GATEWAY: Final = {404: "Not Found", 413: "Request Entity Too Large"}
"""Statuses, with the message, that the gateway also returns itself, without calling a function."""

Contents = dict[str, Any]


def document() -> Contents:
    """Return the OpenAPI document."""
    contents = base()
    contents["info"]["description"] = INTRODUCTION.read_text(encoding="utf-8")
    contents["info"]["version"] = _version()
    paths = declared_paths()
    for route in ROUTES:
        item = paths[route.path][route.method.lower()]
        complete(item, route.operation_id, route.path)
    components = contents["components"]
    used = as_json(paths)
    contents["paths"] = dict(paths)
    components["parameters"] = {
        name: parameter
        for name, parameter in components["parameters"].items()
        if f'"#/components/parameters/{name}"' in used
    }
    components["responses"] |= _problem_responses()
    components["examples"] = {code: {"value": value} for code, value in problem_examples().items()}
    components["schemas"] = schemas(components["schemas"])
    return contents


def base() -> Contents:
    """Return the part of the document that no operation declares."""
    found: Contents = json.loads(BASE.read_text(encoding="utf-8"))
    return found


def declared_paths() -> dict[str, dict[str, Contents]]:
    """Return the paths of the document that Powertools generates."""
    resolver = APIGatewayHttpResolver()
    for one in ROUTES:
        resolver.route(
            one.path.replace("{", "<").replace("}", ">"),
            one.method,
            operation_id=one.operation_id,
            summary=one.summary,
            description=plain(one.description),
            tags=[one.api.tag],
            status_code=one.status,
        )(one.endpoint)
    generated = json.loads(resolver.get_openapi_json_schema(openapi_version="3.1.0"))
    return defaultdict(dict, generated["paths"])


def complete(item: Contents, operation_id: str, path: str) -> None:
    """Add to an operation the parts that Powertools does not generate.

    ``item`` is the operation object, which is changed in place.
    """
    one, example = OPERATIONS[operation_id], examples()[operation_id]
    scheme = base()["security"][0]
    # Security requirements are alternatives: a token with one of these entitlements is enough.
    needed = [[each.value] for each in (one.entitlement, *one.also) if each] or [[]]
    item["security"] = [dict.fromkeys(scheme, each) for each in needed]
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    names += sorted(one.request_headers)
    parameters: list[Contents] = [{"$ref": f"#/components/parameters/{name}"} for name in names]
    parameters += parameters_of(one.query) if one.query else []
    item.pop("parameters", None)
    if parameters:
        item["parameters"] = parameters
    if one.body is not None:
        content = {"schema": _schema(one.body.__name__), "example": example.sent}
        item["requestBody"] = {"required": True, "content": {JSON: content}}
    item["responses"] = {
        **_success(one, example),
        **{str(status): _response(name) for status, name in _problem_names(one).items()},
        "401": _response("Unauthorized"),
        "429": _response("TooManyRequests"),
        "500": _response("InternalError"),
        "503": _response("Unavailable"),
    }


def _success(one: Operation, example: Any) -> Contents:
    """The responses of a successful call."""
    headers = {
        name: {"$ref": f"#/components/headers/{name}"} for name in sorted(one.response_headers)
    }
    shown = {one.status: example.returned, one.other_status: example.other_returned}
    found: Contents = {}
    for status, returned in shown.items():
        if status is None:
            continue
        response = found[str(status.value)] = {"description": status.phrase}
        if headers:
            response["headers"] = headers
        if one.media_type == PDF:
            response["content"] = {PDF: {}}
        elif one.response is not None and status is not HTTPStatus.NOT_MODIFIED:
            response["description"] = plain(one.response.__doc__ or status.phrase)
            content = {"schema": _schema(one.response.__name__), "example": returned}
            response["content"] = {one.media_type: content}
    return found


# -- Problems -----------------------------------------------------------------------------------------


def codes_by_status(one: Operation) -> dict[int, list[str]]:
    """Return the codes of an operation's problems by status, without 500 and 503."""
    codes: dict[int, set[str]] = defaultdict(set)
    internal = {TransientError, DamagedRecordError}
    errors: set[type[PrecertError]] = {*one.all_errors, *COMMON_ERRORS} - internal
    found = [error.code for error in errors]
    found += ["malformed_header"] if one.request_headers - {"If-None-Match"} else []
    found += ["malformed_body", "body_too_large"] if one.body else []
    for code in found:
        codes[_example(code)["status"]].add(code)
    return {status: sorted(codes[status]) for status in sorted(codes)}


def _example(code: str) -> Mapping[str, Any]:
    """The example of a problem, which has its status and title.

    Raises:
        LookupError: the code has no example.
    """
    found: Mapping[str, Any] | None = problem_examples().get(code)
    if found is None:
        raise LookupError(f"tools/openapi_problems.py has no example of the problem {code}")
    return found


def _problem_names(one: Operation) -> dict[int, str]:
    return {status: _name(status, codes) for status, codes in codes_by_status(one).items()}


def _problem_responses() -> Contents:
    """The response, by name, of each combination of status and problem codes that is returned."""
    return {
        _name(status, codes): _problem(status, codes)
        for one in OPERATIONS.values()
        for status, codes in codes_by_status(one).items()
    }


def _name(status: int, codes: Iterable[str]) -> str:
    return f"{status}.{'.'.join(codes)}"


def _problem(status: int, codes: list[str]) -> Contents:
    limit = f"A body can have at most {MAX_BODY_BYTES // 1024} KB"
    titles = {
        code: limit if code == "body_too_large" else _example(code)["title"] for code in codes
    }
    schema = {"allOf": [_schema(Problem.__name__), {"properties": {"code": {"enum": codes}}}]}
    shown = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    content: Contents = {PROBLEM_TYPE: {"schema": schema, "examples": shown}}
    # For an empty id in the path, the gateway finds no route and returns 404.
    if status in GATEWAY and (status != HTTPStatus.NOT_FOUND or NotFoundError.code in codes):
        message = {"message": GATEWAY[status]}
        content[JSON] = {"schema": _schema("GatewayMessage"), "example": message}
    return {
        "description": " ".join(f"`{code}`: {title}." for code, title in titles.items()),
        "content": content,
    }


# -- Schemas ------------------------------------------------------------------------------------------


def schemas(additions: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return the schemas by name: of request bodies for validation, of responses for serialization.

    ``additions`` are the schemas of :func:`base`, with further members of the problem.
    """
    all_ = OPERATIONS.values()
    bodies = {one.body for one in all_ if one.body}
    queries = {one.query for one in all_ if one.query}
    responses = {one.response for one in all_ if one.response}
    modes: list[tuple[Iterable[Any], JsonSchemaMode]] = [
        ({*bodies, *queries}, "validation"),
        ({*responses, Problem}, "serialization"),
    ]
    generated = schemas_of((model, mode) for models, mode in modes for model in models)
    open_responses(generated, [body.__name__ for body in bodies])
    for query in queries:
        generated.pop(query.__name__, None)
    added = dict(additions)
    members = added.pop(Problem.__name__)["properties"]
    problem = problem_schema(generated[Problem.__name__], members, problem_examples())
    return {**generated, **added, Problem.__name__: problem}


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"{REF_PREFIX}{name}"}


def _response(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{name}"}


@cache
def _version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version: str = project["version"]
    return version


def main(arguments: list[str]) -> int:
    """Write or, with ``--check``, compare the files; return 1 for differences or breaking changes."""
    contents = document()
    interface = fhir_interface.document()
    text = CHANGELOG.read_text(encoding="utf-8")
    changelog = with_changes(text, contents, fhir_changes(interface))
    for change in (broken := [*breaks(contents), *fhir_breaks(interface)]):
        print(f"precert: this breaks callers: {change}; docs/api-changelog.md has the rule")
    status = write_or_check(
        {
            DOCUMENT: as_json(contents),
            PAGE: page(contents),
            CHANGELOG: changelog,
            MANIFEST: manifest(),
            FHIR_DOCUMENT: as_json(interface),
        },
        obsolete=frozenset(),
        check="--check" in arguments,
        command="make openapi",
    )
    return status or bool(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
