"""The API does not break callers: each kind of breaking change is reported, and the current
document has none.
"""

import copy
from collections.abc import Callable
from typing import Any, Final

import pytest

from tools import api_changelog
from tools.openapi import document
from tools.openapi_changes import Change, Kind, changes

Json = dict[str, Any]
SUBMIT: Final = "/v1/drafts/{draft_id}/submission"
CURRENT: Final = document()


def found(change: Callable[[Json], object], *, grown: bool = False) -> list[Change]:
    """The changes that the comparison reports for a modified document."""
    new = copy.deepcopy(CURRENT)
    change(new)
    if grown:
        new["info"]["version"] = "99.0.0"
    return changes(CURRENT, new)


def kinds(result: list[Change]) -> set[Kind]:
    return {change.kind for change in result}


def schema(of: Json, name: str) -> Any:
    return of["components"]["schemas"][name]


def member(of: Json, name: str, member_: str) -> Any:
    return schema(of, name)["properties"][member_]


def operation(of: Json) -> Any:
    return of["paths"][SUBMIT]["post"]


def without(codes: list[str], removed: str, *added: str) -> list[str]:
    assert removed in codes
    return [*(code for code in codes if code != removed), *added]


def rename_problem(new: Json) -> None:
    """Rename an error code of problems everywhere, as the product would."""
    before, after = "duplicate_request", "already_requested"
    codes = member(new, "Problem", "code")
    codes["enum"] = without(codes["enum"], before, after)
    for response in new["components"]["responses"].values():
        for content in response["content"].values():
            for part in content["schema"].get("allOf", ()):
                listed = part.get("properties", {}).get("code", {})
                if before in listed.get("enum", ()):
                    listed["enum"] = without(listed["enum"], before, after)


def error_codes(new: Json, removed: str, *added: str) -> None:
    codes = member(new, "ErrorItem", "code")
    codes["enum"] = without(codes["enum"], removed, *added)


def code_of_submission(new: Json, removed: str, *added: str) -> None:
    """Replace an error code in the responses of one operation only."""
    reference = operation(new)["responses"]["409"]["$ref"]
    response = copy.deepcopy(new["components"]["responses"][reference.rpartition("/")[2]])
    (listed,) = (
        part["properties"]["code"]
        for part in response["content"]["application/problem+json"]["schema"]["allOf"]
        if "properties" in part
    )
    listed["enum"] = without(listed["enum"], removed, *added)
    operation(new)["responses"]["409"] = response


def rename_value(new: Json) -> None:
    values = schema(new, "DocumentStatus")
    values["enum"] = [*values["enum"][1:], "RENAMED"]


BREAKS: Final[dict[str, Callable[[Json], object]]] = {
    "an operation is removed": lambda new: new["paths"].pop(SUBMIT),
    "an operation is renamed": lambda new: operation(new).update(operationId="submit"),
    "another entitlement is required": lambda new: operation(new).update(security=[]),
    "a status is removed": lambda new: operation(new)["responses"].pop("202"),
    "a header is removed": lambda new: operation(new)["responses"]["202"].pop("headers"),
    "a media type is removed": lambda new: operation(new)["responses"]["202"]["content"].clear(),
    "a code has another status": lambda new: operation(new)["responses"].update(
        {"409": operation(new)["responses"]["410"], "410": operation(new)["responses"]["409"]}
    ),
    "an error code is renamed": rename_problem,
    "an error code is removed": lambda new: member(new, "Problem", "code")["enum"].remove(
        "duplicate_request"
    ),
    "an error code of a field is renamed": lambda new: error_codes(new, "not_a_choice", "choice"),
    "an error code of a field is removed": lambda new: error_codes(new, "not_a_choice"),
    "an error code of an operation is renamed": lambda new: code_of_submission(
        new, "duplicate_request", "own_request"
    ),
    "an error code of an operation is removed": lambda new: code_of_submission(
        new, "duplicate_request"
    ),
    "a value that is answered is renamed": rename_value,
    "a parameter is removed": lambda new: operation(new)["parameters"].pop(),
    "a parameter is required": lambda new: operation(new)["parameters"].append(
        {"name": "x", "in": "query", "required": True, "schema": {"type": "string"}}
    ),
    "a member that is sent is removed": lambda new: schema(new, "VoidBody")["properties"].clear(),
    "a member that is sent is required": lambda new: schema(new, "Service").update(
        required=[*schema(new, "Service").get("required", ()), "urgency"]
    ),
    "a new member is required": lambda new: schema(new, "VoidBody").update(
        properties={**schema(new, "VoidBody")["properties"], "why": {"type": "string"}},
        required=[*schema(new, "VoidBody")["required"], "why"],
    ),
    "a text may be shorter": lambda new: member(new, "VoidBody", "reason").update(maxLength=1),
    "a value is no longer accepted": lambda new: schema(new, "Urgency")["enum"].pop(),
    "a member is no longer returned": lambda new: schema(new, "SubmissionResponse")[
        "properties"
    ].pop("number"),
    "a member is not always returned": lambda new: schema(new, "SubmissionResponse")[
        "required"
    ].clear(),
    "a member is of another type": lambda new: member(new, "SubmissionResponse", "number").update(
        type="integer"
    ),
    "a member may be null": lambda new: schema(new, "SubmissionResponse")["properties"].update(
        number={"anyOf": [member(new, "SubmissionResponse", "number"), {"type": "null"}]}
    ),
}

ADDITIONS: Final[dict[str, Callable[[Json], object]]] = {
    "an operation": lambda new: new["paths"].update(
        {"/v1/more": {"get": {"operationId": "more", "responses": {}}}}
    ),
    "a parameter": lambda new: operation(new)["parameters"].append(
        {"name": "x", "in": "query", "schema": {"type": "string"}}
    ),
    "a member that may be sent": lambda new: schema(new, "VoidBody")["properties"].update(
        why={"type": "string"}
    ),
    "a member of an answer": lambda new: schema(new, "SubmissionResponse")["properties"].update(
        more={"type": "string"}
    ),
    "a value": lambda new: schema(new, "Urgency")["enum"].append("MORE"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_breaking_change_is_reported_when_the_api_loses_something(name: str) -> None:
    assert Kind.BROKEN in kinds(found(BREAKS[name], grown=True))


@pytest.mark.parametrize("name", ADDITIONS)
def test_no_breaking_change_is_reported_when_the_api_gains_something(name: str) -> None:
    assert kinds(found(ADDITIONS[name])) == {Kind.ADDED}


def test_no_change_is_reported_when_the_api_is_unchanged() -> None:
    assert changes(CURRENT, CURRENT) == []


def test_schema_may_be_renamed_when_its_members_are_the_same() -> None:
    def rename(new: Json) -> None:
        schemas = new["components"]["schemas"]
        schemas["Another"] = schemas.pop("SubmissionResponse")
        schemas["Another"]["properties"]["more"] = {"type": "string"}
        answer = operation(new)["responses"]["202"]["content"]["application/json"]
        answer["schema"] = {"$ref": "#/components/schemas/Another"}

    assert kinds(found(rename)) == {Kind.ADDED}


def test_wording_may_change_when_the_api_is_compared() -> None:
    def reword(new: Json) -> None:
        operation(new)["description"] = "other words"
        schema(new, "VoidBody")["description"] = "other words"

    assert found(reword) == []


@pytest.mark.parametrize(("grown", "kind"), [(True, Kind.REMOVED), (False, Kind.BROKEN)])
def test_member_may_be_removed_when_it_was_deprecated_and_the_version_increases(
    *, grown: bool, kind: Kind
) -> None:
    before = copy.deepcopy(CURRENT)
    member(before, "VoidBody", "reason")["deprecated"] = True
    assert kinds(changes(CURRENT, before)) == {Kind.DEPRECATED}
    after = copy.deepcopy(before)
    del schema(after, "VoidBody")["properties"]["reason"]
    after["info"]["version"] = "99.0.0" if grown else before["info"]["version"]
    assert kinds(changes(before, after)) == {kind}


def test_no_caller_breaks_when_the_api_is_compared_with_the_released_one() -> None:
    assert [str(change) for change in api_changelog.breaks(CURRENT)] == []


def test_change_is_listed_when_it_is_not_released() -> None:
    new = copy.deepcopy(CURRENT)
    ADDITIONS["an operation"](new)
    result = api_changelog.with_changes(
        "# T\n\n## Not released yet\n\nyesterday\n\n## 0.1.0\n\nfirst\n", new
    )
    assert "- `GET /v1/more`: new operation more\n" in result
    assert "yesterday" not in result
    assert result.endswith("\n\n## 0.1.0\n\nfirst\n")
