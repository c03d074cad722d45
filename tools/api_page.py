"""Write ``docs/api.md``: the operations of the OpenAPI document, in one table per tag."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from precert.domain.code_lists import ENUM_NAMES
from precert.domain.errors import ERROR_CODES
from tools.openapi_files import ROOT

PAGE: Final = ROOT / "docs" / "api.md"
INTRODUCTION: Final = """\
# The operations of the API

`make openapi` writes this page. [openapi.json](openapi.json) describes each operation with its
parameters, responses, errors and examples; `make up` serves it for browsing. The last column is the
entitlement that a caller needs.
"""


def page(document: Mapping[str, Any]) -> str:
    """Return the page for an OpenAPI document."""
    return "\n".join([INTRODUCTION, *_tables(document), *_values(), *_error_codes()])


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


def _values() -> Iterator[str]:
    yield "## Values\n"
    yield (
        "The values of the enumerations that `GET /v1/reference` lists, with their names. A payer can "
        "name those of its form otherwise.\n"
    )
    yield "| List | Value | Name |\n| --- | --- | --- |"
    for name, members in ENUM_NAMES.items():
        for member, words in members.items():
            shown = words if isinstance(words, str) else ": ".join(one for one in words if one)
            yield f"| `{name}` | `{member.value}` | {shown} |"
    yield ""


def _error_codes() -> Iterator[str]:
    yield "## Error codes of fields\n"
    yield "An error in `errors` has one of these codes. Further ones can be added.\n"
    yield "| Code | Meaning |\n| --- | --- |"
    yield from (f"| `{code}` | {meaning} |" for code, meaning in ERROR_CODES.items())
    yield ""
