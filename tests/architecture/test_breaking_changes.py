"""The API does not break callers: each kind of breaking change is reported, and the current
document has none.
"""

import copy
from collections.abc import Callable
from typing import Any, Final

import pytest

from tools import api_changelog
from tools.contract_changes import Change, Kind, changes
from tools.openapi import document

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


BREAKS: Final[dict[str, Callable[[Json], object]]] = {
    "an operation goes": lambda new: new["paths"].pop(SUBMIT),
    "an operation is renamed": lambda new: operation(new).update(operationId="submit"),
    "another entitlement is required": lambda new: operation(new).update(security=[]),
    "a status goes": lambda new: operation(new)["responses"].pop("202"),
    "a header goes": lambda new: operation(new)["responses"]["202"].pop("headers"),
    "a media type goes": lambda new: operation(new)["responses"]["202"]["content"].clear(),
    "a code has another status": lambda new: operation(new)["responses"].update(
        {"409": operation(new)["responses"]["410"], "410": operation(new)["responses"]["409"]}
    ),
    "a parameter goes": lambda new: operation(new)["parameters"].pop(),
    "a parameter is required": lambda new: operation(new)["parameters"].append(
        {"name": "x", "in": "query", "required": True, "schema": {"type": "string"}}
    ),
    "a member that is sent goes": lambda new: schema(new, "VoidBody")["properties"].clear(),
    "a member that is sent is required": lambda new: schema(new, "Service").update(
        required=[*schema(new, "Service").get("required", ()), "urgency"]
    ),
    "a new member is required": lambda new: schema(new, "VoidBody").update(
        properties={**schema(new, "VoidBody")["properties"], "why": {"type": "string"}},
        required=[*schema(new, "VoidBody")["required"], "why"],
    ),
    "a text may be no longer that long": lambda new: member(new, "VoidBody", "reason").update(
        maxLength=1
    ),
    "a value is taken no more": lambda new: schema(new, "Urgency")["enum"].pop(),
    "a member is answered no more": lambda new: schema(new, "SubmissionResponse")["properties"].pop(
        "number"
    ),
    "a member is not always answered": lambda new: schema(new, "SubmissionResponse")[
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
        "# T\n\n## Not released yet\n\nold\n\n## 0.1.0\n\nfirst\n", new
    )
    assert "- `GET /v1/more`: new operation more\n" in result
    assert "old" not in result
    assert result.endswith("\n\n## 0.1.0\n\nfirst\n")
