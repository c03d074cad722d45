"""Writes ``docs/openapi.json`` from the route table, the models and what each operation is, and in
``docs/api-changelog.md`` how it differs from the contract released last.

``--check`` writes nothing and fails where the committed document is not what would be written.
"""

import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic.json_schema import JsonSchemaMode

from precert.api.http import MAX_BODY_BYTES, RETRY_AFTER_SECONDS
from precert.api.names import NAME_PATTERN
from precert.api.operations import COMMON_ERRORS, Header, OperationContract
from precert.api.problems import PROBLEM_TYPE, Problem
from precert.api.routes import Function, Route
from precert.domain.errors import MalformedHeaderError, NotFoundError, PrecertError, TransientError
from tools.api_changelog import CHANGELOG, breaks, with_changes
from tools.openapi_example import Example
from tools.openapi_examples import examples, problem_examples
from tools.openapi_files import ROOT, as_json, settle
from tools.openapi_schemas import (
    REF_PREFIX,
    open_answers,
    parameters_of,
    plain,
    problem_schema,
    schemas_of,
)
from tools.openapi_story import DOCUMENT_ID, LETTER_ID, REQUEST_ID
from tools.operations import MANIFEST, OPERATIONS, ROUTES, errors_of, manifest

DOCUMENT: Final = ROOT / "docs" / "openapi.json"
SECURITY: Final = "token"
JSON: Final = "application/json"

ULID_PATTERN: Final = "^[0-9A-HJKMNP-TV-Z]{26}$"
LETTER_ID_PATTERN: Final = "^[1-9][0-9]{0,3}-(?:provider|member)$"
ETAG_PATTERN: Final = '^"[1-9][0-9]{0,8}"$'
KEY_PATTERN: Final = r"^[\x21-\x7e]{1,255}$"

DESCRIPTION: Final = f"""\
Precertification online: check whether services need it, submit a request, follow it to its decision,
appeal a denial.

**Sign in.** Send the identity provider's token as `Authorization: Bearer …`. What a caller sees and
may do follows from the entitlements and TINs (or, for reviewers, plans) that the token vouches for.

**A request's way.** Confirm the patient → check the requirements → start a draft with the same
`content` → save it as often as you like → attach documents → submit. A request keeps the id of its
draft. `status`, `waiting_on`, `due_at` and `allowed_actions` say where it stands, whose turn it is,
until when, and what can be done.

**Bodies** are JSON in UTF-8, at most {MAX_BODY_BYTES // 1024} KB, and strict: a member that is not
known is a fault. The forms given here are those that are kept and answered. Accepted as well are
spaces and punctuation in phone numbers and TINs, lower case in codes and states, and the dot of
ICD-10-CM codes. **Answers** may gain members: pass over what you do not know. Times are UTC.

**Versions.** A draft's ETag is its version. Saving and submitting send it back as If-Match, so that
two people never overwrite each other unknowingly.

**Repeating.** When an answer was lost, repeat the call. Reading, saving and submitting answer as they
did before, and so does a reviewer's or an operator's move that is the same as the last; starting a
draft does with an Idempotency-Key. What was voided, appealed or deleted already, or decided otherwise,
is refused (409, or 404 for a draft that is gone) and stays as it is. Asking for an upload again takes
another slot.

**Problems** are `{PROBLEM_TYPE}` (RFC 9457). Decide by `code`, which is never renamed; show
`detail`. `invalid_input` lists all faults at once, each with a JSON pointer into what was sent. A
denial is a decision and never a problem.

**Content types.** Whatever Content-Type names, a body is read as JSON in UTF-8. Answers are the
media types given here, without a charset, as JSON is UTF-8.

**The gateway in front** answers by itself, with `{{"message": …}}` and without Retry-After, where a
token is missing or not valid (401), no operation has the method and path, HEAD among them (404), a
call is larger than any we take (413 above 10 MB; 414 and 431 for path and headers above 10 KB), calls
of all callers together come faster than the deployment allows (429), or the service cannot be reached
(500, 503). Wait before you repeat a 429 or 5xx: a second, then twice as long each time, and a little
at random.

**Browsers.** The gateway answers preflights (OPTIONS) for the origins that the deployment is
configured with, without a token, and lets them read ETag, Location, Retry-After and
Content-Disposition.
"""

CHECK: Final = ("Check", "The patient, the directory, and what needs precertification.")
TAGS: Final[Mapping[Function, tuple[str, str]]] = {
    Function.CHECK: CHECK,
    Function.CONFIRMATION: CHECK,
    Function.SUBMIT: ("Request", "Drafts, submission, withdrawal and appeal."),
    Function.UPLOAD: ("Documents", "Uploads, past the API straight to the store."),
    Function.STATUS: ("Status", "Dashboard, details and messages."),
    Function.REVIEW: ("Review", "For the payer's clinical reviewers, and its operators."),
    Function.INTAKE: (
        "Intake",
        "Requests by other ways than the portal, and vendors' determinations.",
    ),
}

HEADERS: Final[Mapping[str, Any]] = {
    Header.CONTENT_DISPOSITION.value: {
        "description": "A name to save the file by; it leads to nobody.",
        "example": 'attachment; filename="precertification-confirmation-2027-03-01.pdf"',
        "schema": {"type": "string"},
    },
    Header.ETAG.value: {
        "description": "The draft's version, for If-Match.",
        "example": '"3"',
        "schema": {"pattern": ETAG_PATTERN, "type": "string"},
    },
    Header.LOCATION.value: {
        "description": "Where to read what was made.",
        "schema": {"format": "uri-reference", "type": "string"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the next try. The gateway's own answers, 429 among "
        "them, have none.",
        "schema": {"const": RETRY_AFTER_SECONDS, "type": "integer"},
    },
}

PARAMETERS: Final[Mapping[str, Any]] = {
    Header.IF_MATCH.value: {
        "description": "The ETag of the version you read.",
        "example": '"3"',
        "in": "header",
        "name": Header.IF_MATCH.value,
        "required": True,
        "schema": {"pattern": ETAG_PATTERN, "type": "string"},
    },
    Header.IDEMPOTENCY_KEY.value: {
        "description": "A key of your choice for this write, the same when you repeat it.",
        "example": "5f0c2d6e-draft",
        "in": "header",
        "name": Header.IDEMPOTENCY_KEY.value,
        "required": False,
        "schema": {"pattern": KEY_PATTERN, "type": "string"},
    },
    "draft_id": {
        "description": "The draft's id.",
        "example": REQUEST_ID,
        "in": "path",
        "name": "draft_id",
        "required": True,
        "schema": {"pattern": ULID_PATTERN, "type": "string"},
    },
    "document_id": {
        "description": "The document's id.",
        "example": DOCUMENT_ID,
        "in": "path",
        "name": "document_id",
        "required": True,
        "schema": {"pattern": ULID_PATTERN, "type": "string"},
    },
    "letter_id": {
        "description": "The letter's id: its round, and for whom it is worded.",
        "example": LETTER_ID,
        "in": "path",
        "name": "letter_id",
        "required": True,
        "schema": {"pattern": LETTER_ID_PATTERN, "type": "string"},
    },
    "message_id": {
        "description": "The message's id, as the inbox names it.",
        "example": f"1772466544000000-{REQUEST_ID}.000002",
        "in": "path",
        "name": "message_id",
        "required": True,
        "schema": {"pattern": f"^{NAME_PATTERN}$", "type": "string"},
    },
    "request_id": {
        "description": "The request's id, which is that of its draft.",
        "example": REQUEST_ID,
        "in": "path",
        "name": "request_id",
        "required": True,
        "schema": {"pattern": ULID_PATTERN, "type": "string"},
    },
}


def document() -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in ROUTES:
        paths[route.path][route.method.lower()] = operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "precert",
            "summary": "Online precertification",
            "description": DESCRIPTION,
            "version": _version(),
        },
        "servers": [
            {
                "url": "https://{host}",
                "description": "The address that the deployment gives out.",
                "variables": {"host": {"default": "api.example.com"}},
            }
        ],
        "tags": [
            {"name": name, "description": text} for name, text in dict.fromkeys(TAGS.values())
        ],
        "security": [{SECURITY: []}],
        "paths": paths,
        "components": components(paths),
    }


def operation(route: Route) -> dict[str, Any]:
    """One operation of the route table."""
    contract = OPERATIONS[route.operation_id]
    example = examples()[route.operation_id]
    return {
        "operationId": route.operation_id,
        "summary": route.summary,
        "description": contract.description,
        "tags": [TAGS[route.function][0]],
        "security": [{SECURITY: [contract.entitlement.value]}],
        **_parameters(route, contract),
        **_request_body(contract, example),
        "responses": {
            str(contract.status.value): _success(contract, example),
            **_other_success(contract, example),
            **_problems(contract),
            "401": _response("Unauthorized"),
            "429": _response("TooManyRequests"),
            "500": _response("InternalError"),
            "503": _response("Unavailable"),
        },
    }


def _parameters(route: Route, contract: OperationContract) -> dict[str, Any]:
    names = [
        *(part[1:-1] for part in route.path.split("/") if part.startswith("{")),
        *sorted(str(header) for header in contract.headers_in),
    ]
    parameters = [
        *({"$ref": f"#/components/parameters/{name}"} for name in names),
        *(parameters_of(contract.query) if contract.query else ()),
    ]
    return {"parameters": parameters} if parameters else {}


def _request_body(contract: OperationContract, example: Example) -> dict[str, Any]:
    if contract.body is None:
        return {}
    content = {"schema": _schema(contract.body.__name__), "example": example.sent}
    return {"requestBody": {"required": True, "content": {JSON: content}}}


def _success(contract: OperationContract, example: Example) -> dict[str, Any]:
    names = sorted(str(header) for header in contract.headers_out)
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    answered: dict[str, Any] = {"description": contract.status.phrase}
    if headers:
        answered["headers"] = headers
    if contract.answer is not None:
        answered["description"] = plain(contract.answer.__doc__ or contract.status.phrase)
        content = {"schema": _schema(contract.answer.__name__), "example": example.answered}
        answered["content"] = {contract.media_type: content}
    if contract.attachment is not None:
        answered["content"] = {contract.attachment: {}}
    return answered


def _other_success(contract: OperationContract, example: Example) -> dict[str, Any]:
    if contract.other_status is None or contract.answer is None:
        return {}
    content = {
        contract.media_type: {
            "schema": _schema(contract.answer.__name__),
            "example": example.answered_otherwise,
        }
    }
    told = {"description": contract.other_status.phrase, "content": content}
    return {str(contract.other_status.value): told}


# -- Problems -----------------------------------------------------------------------------------------


def codes_by_status(contract: OperationContract) -> dict[HTTPStatus, list[str]]:
    """Codes of the problems that an operation may answer, faults of ours left out."""
    codes: dict[HTTPStatus, list[str]] = defaultdict(list)
    errors: set[type[PrecertError]] = {*errors_of(contract), *COMMON_ERRORS} - {TransientError}
    for error in errors:
        codes[HTTPStatus(_example(error.code)["status"])].append(error.code)
    if contract.headers_in:
        codes[HTTPStatus.BAD_REQUEST].append(MalformedHeaderError.code)
    if contract.body is not None:
        codes[HTTPStatus.BAD_REQUEST].append("malformed_body")
        codes[HTTPStatus.REQUEST_ENTITY_TOO_LARGE].append("body_too_large")
    return {status: sorted(codes[status]) for status in sorted(codes)}


def _example(code: str) -> Mapping[str, Any]:
    """The example of a problem, which knows its status and title."""
    found: Mapping[str, Any] | None = problem_examples().get(code)
    if found is None:
        raise LookupError(f"tools/openapi_examples.py has no example of the problem {code}")
    return found


def _problems(contract: OperationContract) -> dict[str, Any]:
    return {
        str(status.value): _response(_name(status, codes))
        for status, codes in codes_by_status(contract).items()
    }


def _problem_responses() -> dict[str, Any]:
    """Each refusal that some operation answers, once."""
    return {
        _name(status, codes): _problem(status, codes)
        for contract in OPERATIONS.values()
        for status, codes in codes_by_status(contract).items()
    }


def _name(status: HTTPStatus, codes: Iterable[str]) -> str:
    return f"{status.value}.{'.'.join(codes)}"


def _problem(status: HTTPStatus, codes: Iterable[str]) -> dict[str, Any]:
    titles = [f"`{code}`: {_title(status, code)}." for code in codes]
    return {
        "description": " ".join(titles),
        "content": {
            PROBLEM_TYPE: _problem_content(status, codes),
            **_refused_before(status, codes),
        },
    }


def _refused_before(status: HTTPStatus, codes: Iterable[str]) -> dict[str, Any]:
    """What the gateway answers under the same status, before an operation is found or called."""
    if status is HTTPStatus.NOT_FOUND and NotFoundError.code in codes:
        # An empty id in the path leads to no operation.
        return _gateway("Not Found")
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return _gateway("Request Entity Too Large")
    return {}


def _title(status: HTTPStatus, code: str) -> str:
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return f"A body has at most {MAX_BODY_BYTES // 1024} KB"
    title: str = _example(code)["title"]
    return title


def _problem_content(status: HTTPStatus, codes: Iterable[str]) -> dict[str, Any]:
    known = [code for code in codes if _example(code)["status"] == status]
    content: dict[str, Any] = {
        "schema": {
            "allOf": [_schema(Problem.__name__), {"properties": {"code": {"enum": list(codes)}}}],
        },
    }
    if known:
        content["examples"] = {code: {"$ref": f"#/components/examples/{code}"} for code in known}
    return content


# -- Components ---------------------------------------------------------------------------------------


def components(paths: Mapping[str, Any]) -> dict[str, Any]:
    """What operations share; only parameters that some path or operation names."""
    used = as_json(paths)
    return {
        "securitySchemes": {
            SECURITY: {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "A token of the identity provider that the payer runs or trusts. An "
                "operation names the entitlement that the token must carry.",
            }
        },
        "parameters": {
            name: parameter
            for name, parameter in PARAMETERS.items()
            if f'"#/components/parameters/{name}"' in used
        },
        "headers": HEADERS,
        "responses": {**_problem_responses(), **_shared_responses()},
        "examples": {code: {"value": value} for code, value in problem_examples().items()},
        "schemas": schemas(),
    }


def schemas() -> dict[str, Any]:
    """Every schema: bodies as they are checked, answers as they are written."""
    bodies = [contract.body for contract in OPERATIONS.values() if contract.body]
    queries = [contract.query for contract in OPERATIONS.values() if contract.query]
    answers = [contract.answer for contract in OPERATIONS.values() if contract.answer]
    modes: list[tuple[Iterable[Any], JsonSchemaMode]] = [
        ((*bodies, *queries), "validation"),
        ((*answers, Problem), "serialization"),
    ]
    made = schemas_of((model, mode) for models, mode in modes for model in models)
    open_answers(made, [body.__name__ for body in bodies])
    for query in queries:
        made.pop(query.__name__, None)
    made[Problem.__name__] = problem_schema(made[Problem.__name__], problem_examples())
    made["GatewayMessage"] = {
        "description": "What the gateway answers by itself.",
        "properties": {"message": {"type": "string"}},
        "required": ["message"],
        "type": "object",
    }
    return made


def _shared_responses() -> dict[str, Any]:
    return {
        "Unauthorized": {
            "description": "The token is missing, expired or not valid: sign in again.",
            "content": _gateway("Unauthorized"),
        },
        "TooManyRequests": {
            "description": "Calls of all callers come faster than the deployment allows. The gateway "
            "names no time to wait: try after a second, then twice as long each time.",
            "content": _gateway("Too Many Requests"),
        },
        "InternalError": {
            "description": "Something is wrong with us. It can be repeated; nothing is half done.",
            "content": {
                PROBLEM_TYPE: _problem_content(HTTPStatus.INTERNAL_SERVER_ERROR, ["internal"]),
                **_gateway("Internal Server Error"),
            },
        },
        "Unavailable": {
            "description": "A technical fault that passes: repeat after Retry-After.",
            "headers": {"Retry-After": {"$ref": "#/components/headers/Retry-After"}},
            "content": {
                PROBLEM_TYPE: _problem_content(
                    HTTPStatus.SERVICE_UNAVAILABLE, [TransientError.code]
                ),
                **_gateway("Service Unavailable"),
            },
        },
    }


def _gateway(message: str) -> dict[str, Any]:
    return {JSON: {"schema": _schema("GatewayMessage"), "example": {"message": message}}}


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"{REF_PREFIX}{name}"}


def _response(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{name}"}


def _version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version: str = project["version"]
    return version


def main(arguments: list[str]) -> int:
    """Writes the document and the changelog, or compares them; 1 where callers would break."""
    made = document()
    changelog = with_changes(CHANGELOG.read_text(encoding="utf-8"), made)
    for change in (broken := breaks(made)):
        print(f"precert: this breaks callers: {change}; docs/api-changelog.md has the rule")
    settled = settle(
        {DOCUMENT: as_json(made), CHANGELOG: changelog, MANIFEST: manifest()},
        strays=frozenset(),
        check="--check" in arguments,
        command="make openapi",
    )
    return settled or bool(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
