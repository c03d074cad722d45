"""Create ``docs/api.md``: tables of the operations by tag, statuses, values and error codes."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from precert.domain.code_lists import ENUM_NAMES, TEXT_NAMES
from precert.domain.errors import ERROR_CODES
from precert.domain.statuses import (
    DELEGATED_ACTION,
    LINE_STATUSES,
    NOT_REQUIRED_ACTION,
    STATUSES,
    LineStatus,
    Status,
)
from tools.openapi_files import ROOT

PAGE: Final = ROOT / "docs" / "api.md"
INTRODUCTION: Final = """\
# The operations of the API

`make openapi` writes this page. [openapi.json](openapi.json) describes each operation with its
parameters, responses, errors and examples; `make up` serves it for browsing. The last column is the
entitlement that a caller needs.
"""


def page(document: Mapping[str, Any]) -> str:
    """Return the page in Markdown for an OpenAPI document."""
    return "\n".join([INTRODUCTION, *_tables(document), *_statuses(), *_values(), *_error_codes()])


def _tables(document: Mapping[str, Any]) -> Iterator[str]:
    for tag in document["tags"]:
        yield f"## {tag['name']}\n\n{tag['description']}\n"
        yield "| Method and path | Operation | What it does | Entitlement |\n| --- | --- | --- | --- |"
        for path, item in sorted(document["paths"].items()):
            for method, operation in sorted(item.items()):
                if tag["name"] in operation["tags"]:
                    needed = ", ".join(*operation["security"][0].values()) or "any"
                    yield (
                        f"| `{method.upper()} {path}` | `{operation['operationId']}` "
                        f"| {operation['summary']} | {needed} |"
                    )
        yield ""


def _statuses() -> Iterator[str]:
    yield "## Statuses\n"
    yield (
        "`review_action` is the X12 306 code (segment HCR01). It accompanies the status of a request "
        "and of each service line.\n"
    )
    yield "| Status | Of | `review_action` | X12 name | Meaning |\n| --- | --- | --- | --- | --- |"
    for status, rule in STATUSES.items():
        of = "draft" if status is Status.INCOMPLETE else "request"
        yield _status_row(status, of, rule.review_action, rule.description)
        if status is Status.PENDING:
            yield _status_row(
                status, of, DELEGATED_ACTION, "Only delegated vendors have to decide."
            )
    for line_status, line_rule in LINE_STATUSES.items():
        of = "service line"
        yield _status_row(line_status, of, line_rule.review_action, line_rule.description)
        if line_status is LineStatus.OPEN:
            yield _status_row(
                line_status, of, DELEGATED_ACTION, "A delegated vendor has to decide."
            )
        if line_status is LineStatus.APPROVED:
            yield _status_row(line_status, of, NOT_REQUIRED_ACTION, "Needs no certification.")
    yield ""


def _status_row(status: Status | LineStatus, of: str, action: str | None, meaning: str) -> str:
    code, name = "none", "not submitted"
    if action is not None:
        words = TEXT_NAMES["review_actions"][action]
        code, name = f"`{action}`", (words if isinstance(words, str) else words[0]).lower()
    return f"| `{status}` | {of} | {code} | {name} | {meaning} |"


def _values() -> Iterator[str]:
    yield "## Values\n"
    yield (
        "The values of the enumerations that `GET /v1/reference` lists, with their names. A payer can "
        "configure other names for the values of its form.\n"
    )
    yield "| List | Value | Name |\n| --- | --- | --- |"
    for name, members in ENUM_NAMES.items():
        for member, words in members.items():
            shown = words if isinstance(words, str) else ": ".join(one for one in words if one)
            yield f"| `{name}` | `{member.value}` | {shown} |"
    yield ""


def _error_codes() -> Iterator[str]:
    yield "## Error codes of fields\n"
    yield "An error in `errors` has one of these codes. Codes can be added.\n"
    yield "| Code | Meaning |\n| --- | --- |"
    yield from (f"| `{code}` | {meaning} |" for code, meaning in ERROR_CODES.items())
    yield ""
