"""The differences between two versions of the OpenAPI document, and which of them break callers.

Operations, parameters, headers and error codes are compared by name, schemas by direction: a schema of
requests may only become wider, one of responses only narrower. A removed member must have been
deprecated in the earlier document, and the version must have increased. Error codes are never removed
or renamed, and other values of responses are never renamed, because callers compare with them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from packaging.version import Version

Json = Mapping[str, Any]


class Kind(StrEnum):
    """The effect of a change on callers."""

    ADDED = "Added"
    DEPRECATED = "Deprecated"
    REMOVED = "Removed"
    BROKEN = "Broken"


@dataclass(frozen=True, order=True)
class Change:
    """One difference; ``where`` is an operation, a parameter or a property of a schema."""

    kind: Kind
    where: str
    what: str

    def __str__(self) -> str:
        return f"`{self.where}`: {self.what}"


class Direction(StrEnum):
    """Whether a schema is used in requests or in responses."""

    REQUEST = "request"
    RESPONSE = "response"


_LOWER: Final = ("minLength", "minItems", "minimum")
_UPPER: Final = ("maxLength", "maxItems", "maximum")
_EQUAL: Final = ("pattern", "format", "default")
_ERROR_CODES: Final = ("Problem.code", "ErrorItem.code")
"""The members with error codes: that of the problem, and that of each of its errors."""
_REF: Final = "#/components/schemas/"


@dataclass
class _Schemas:
    """Both documents' schemas by name, and the pairs of renamed schemas that were compared."""

    old: Json
    new: Json
    compared: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, old: Json, new: Json) -> "_Schemas":
        return cls(old["components"]["schemas"], new["components"]["schemas"])


def changes(old: Json, new: Json) -> list[Change]:
    """Return every difference once, breaking ones last."""
    found = {*_of_operations(old, new), *_of_schemas(old, new)}
    if _version(new) <= _version(old):
        found = {_too_early(change) for change in found}
    return sorted(found, key=lambda change: (list(Kind).index(change.kind), change))


def _version(document: Json) -> Version:
    return Version(document["info"]["version"])


def _too_early(change: Change) -> Change:
    if change.kind is not Kind.REMOVED:
        return change
    return replace(
        change, kind=Kind.BROKEN, what=f"{change.what}, and the version was not increased"
    )


def _removed(old: Json, where: str, what: str) -> Change:
    if old.get("deprecated"):
        return Change(Kind.REMOVED, where, f"{what} was removed")
    return Change(Kind.BROKEN, where, f"{what} was removed and was not deprecated before")


def _deprecated(old: Json, new: Json, where: str) -> Iterator[Change]:
    if new.get("deprecated") and not old.get("deprecated"):
        yield Change(Kind.DEPRECATED, where, "will be removed")


# -- Operations ---------------------------------------------------------------------------------------


def _operations(document: Json) -> dict[str, Json]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def _of_operations(old: Json, new: Json) -> Iterator[Change]:
    before, after = _operations(old), _operations(new)
    for key in after.keys() - before.keys():
        yield Change(Kind.ADDED, key, f"new operation {after[key]['operationId']}")
    for key, operation in before.items():
        if key not in after:
            yield _removed(operation, key, "the operation")
            continue
        yield from _deprecated(operation, after[key], key)
        if operation.get("operationId") != after[key].get("operationId"):
            yield Change(Kind.BROKEN, key, "operationId was changed")
        # Security requirements are alternatives: a further one admits more callers.
        if any(one not in after[key].get("security", []) for one in operation.get("security", [])):
            yield Change(Kind.BROKEN, key, "security was changed")
        yield from _of_parameters(old, operation, new, after[key], key)
        yield from _of_body(operation, after[key], key, _Schemas.of(old, new))
        yield from _of_responses(old, operation, new, after[key], key)


def _resolved(document: Json, part: Json) -> Json:
    if "$ref" not in part:
        return part
    found: Any = document
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return _resolved(document, found)


def _of_parameters(old: Json, was: Json, new: Json, now: Json, key: str) -> Iterator[Change]:
    before, after = (
        {
            part["name"]: part
            for part in (_resolved(doc, p) for p in operation.get("parameters", ()))
        }
        for doc, operation in ((old, was), (new, now))
    )
    for name, parameter in after.items():
        if name in before:
            yield from _deprecated(before[name], parameter, f"{key} {name}")
            if parameter.get("required") and not before[name].get("required"):
                yield Change(Kind.BROKEN, f"{key} {name}", "is now required")
            yield from _of_schema(
                before[name]["schema"],
                parameter["schema"],
                {Direction.REQUEST},
                f"{key} {name}",
                _Schemas.of(old, new),
            )
        elif parameter.get("required"):
            yield Change(Kind.BROKEN, f"{key} {name}", "is new and required")
        else:
            yield Change(Kind.ADDED, f"{key} {name}", "new parameter")
    for name in before.keys() - after.keys():
        yield _removed(before[name], f"{key} {name}", "the parameter")


def _of_body(was: Json, now: Json, key: str, known: _Schemas) -> Iterator[Change]:
    before, after = (
        operation.get("requestBody", {}).get("content", {}) for operation in (was, now)
    )
    if after and not before:
        yield Change(Kind.BROKEN, key, "now requires a body")
    for kind, content in before.items():
        if kind not in after:
            yield Change(Kind.BROKEN, key, f"no longer accepts {kind}")
        else:
            yield from _of_schema(
                content["schema"], after[kind]["schema"], {Direction.REQUEST}, key, known
            )


def _of_responses(old: Json, was: Json, new: Json, now: Json, key: str) -> Iterator[Change]:
    before, after = (
        {status: _resolved(doc, one) for status, one in operation["responses"].items()}
        for doc, operation in ((old, was), (new, now))
    )
    for status in (status for status in before if status.startswith("2")):
        if status not in after:
            yield Change(Kind.BROKEN, key, f"no longer returns {status}")
            continue
        for header in before[status].get("headers", {}).keys() - after[status].get("headers", {}):
            yield Change(Kind.BROKEN, key, f"no longer returns {header}")
        for header in after[status].get("headers", {}).keys() - before[status].get("headers", {}):
            yield Change(Kind.ADDED, key, f"now returns {header}")
        contents = after[status].get("content", {})
        for kind, content in before[status].get("content", {}).items():
            if kind not in contents:
                yield Change(Kind.BROKEN, key, f"no longer returns {kind}")
            elif "schema" in content and "schema" in contents[kind]:
                yield from _of_schema(
                    content["schema"],
                    contents[kind]["schema"],
                    {Direction.RESPONSE},
                    key,
                    _Schemas.of(old, new),
                )
    yield from _of_codes(_codes(before), _codes(after), key)


def _codes(responses: Json) -> dict[str, str]:
    """Return the HTTP status of each problem code."""
    return {
        code: status
        for status, response in responses.items()
        for content in response.get("content", {}).values()
        for part in content.get("schema", {}).get("allOf", ())
        for code in part.get("properties", {}).get("code", {}).get("enum", ())
    }


def _of_codes(before: Mapping[str, str], after: Mapping[str, str], key: str) -> Iterator[Change]:
    for code, status in after.items():
        if code not in before:
            yield Change(Kind.ADDED, key, f"may return {status} {code}")
        elif status != before[code]:
            yield Change(
                Kind.BROKEN, key, f"returns {code} with {status}, before with {before[code]}"
            )
    for code, status in before.items():
        if code not in after:
            yield Change(Kind.BROKEN, key, f"no longer returns {status} {code}")


# -- Schemas ------------------------------------------------------------------------------------------


def _of_schemas(old: Json, new: Json) -> Iterator[Change]:
    known = _Schemas.of(old, new)
    before, after = known.old, known.new
    directions = _directions(old)
    for name, schema in before.items():
        if name in after:
            yield from _of_schema(schema, after[name], directions.get(name, set()), name, known)


def _directions(document: Json) -> dict[str, set[Direction]]:
    """Return whether each schema is used in requests, in responses or in both."""
    schemas = document["components"]["schemas"]
    found: dict[str, set[Direction]] = {}
    for operation in _operations(document).values():
        sent = [operation.get("requestBody"), operation.get("parameters")]
        for direction, parts in (
            (Direction.REQUEST, sent),
            (Direction.RESPONSE, [operation["responses"]]),
        ):
            waiting = list(_names(parts))
            while waiting:
                name = waiting.pop()
                if direction not in found.setdefault(name, set()):
                    found[name].add(direction)
                    waiting += _names(schemas[name])
    for name in ("Problem", "ErrorItem"):
        found.setdefault(name, set()).add(Direction.RESPONSE)
    return found


def _names(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        if str(part.get("$ref", "")).startswith(_REF):
            yield part["$ref"].removeprefix(_REF)
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from _names(one)


def _of_schema(
    old: Json, new: Json, directions: set[Direction], where: str, known: _Schemas
) -> Iterator[Change]:
    yield from _deprecated(old, new, where)
    was, could_be_null = _without_null(old)
    now, can_be_null = _without_null(new)
    if Direction.REQUEST in directions and could_be_null and not can_be_null:
        yield Change(Kind.BROKEN, where, "null is no longer accepted")
    if Direction.RESPONSE in directions and can_be_null and not could_be_null:
        yield Change(Kind.BROKEN, where, "may now be null")
    if {"$ref"} <= was.keys() & now.keys():
        yield from _of_named(was["$ref"], now["$ref"], directions, where, known)
        return
    for member in ("$ref", "type", "anyOf", "oneOf"):
        if was.get(member) != now.get(member):
            yield Change(Kind.BROKEN, where, f"{member} was changed")
            return
    yield from _of_values(was, now, directions, where)
    if Direction.REQUEST in directions:
        yield from _of_bounds(was, now, where)
    yield from _of_members(was, now, directions, where, known)
    for member in ("items", "additionalProperties"):
        if isinstance(was.get(member), Mapping) and isinstance(now.get(member), Mapping):
            yield from _of_schema(was[member], now[member], directions, f"{where}[]", known)


def _of_named(
    before: str, after: str, directions: set[Direction], where: str, known: _Schemas
) -> Iterator[Change]:
    """Compare two referenced schemas once, if their names differ.

    A schema with the same name in both documents is compared by :func:`_of_schemas`.
    """
    if before == after or (before, after) in known.compared:
        return
    known.compared.add((before, after))
    was, now = before.removeprefix(_REF), after.removeprefix(_REF)
    yield from _of_schema(known.old[was], known.new[now], directions, where, known)


def _without_null(schema: Json) -> tuple[Json, bool]:
    """The schema without null as alternative, and whether null was allowed."""
    options = schema.get("anyOf", ())
    others = [option for option in options if option != {"type": "null"}]
    if len(others) == len(options):
        return schema, False
    rest = {name: part for name, part in schema.items() if name != "anyOf"}
    return ({**rest, **others[0]} if len(others) == 1 else {**rest, "anyOf": others}), True


def _of_values(was: Json, now: Json, directions: set[Direction], where: str) -> Iterator[Change]:
    before, after = _values(was), _values(now)
    if before is None and after is None:
        return
    if before is None or after is None:
        if (after is None and directions != {Direction.REQUEST}) or (
            before is None and Direction.REQUEST in directions
        ):
            yield Change(Kind.BROKEN, where, "the list of values was added or removed")
        return
    for value in after - before:
        yield Change(Kind.ADDED, where, f"new value {value}")
    # A value that is removed while another is added counts as renamed.
    breaks = Direction.REQUEST in directions or where in _ERROR_CODES or after - before
    for value in before - after:
        kind = Kind.BROKEN if breaks else Kind.REMOVED
        yield Change(kind, where, f"the value {value} was removed")


def _values(schema: Json) -> set[str] | None:
    if "const" in schema:
        return {str(schema["const"])}
    return {str(value) for value in schema["enum"]} if "enum" in schema else None


def _of_bounds(was: Json, now: Json, where: str) -> Iterator[Change]:
    narrower = [
        *(name for name in _LOWER if name in now and now[name] > was.get(name, float("-inf"))),
        *(name for name in _UPPER if name in now and now[name] < was.get(name, float("inf"))),
        *(name for name in _EQUAL if name in now and now[name] != was.get(name)),
    ]
    for name in narrower:
        yield Change(Kind.BROKEN, where, f"{name} is now narrower or different: {now[name]}")


def _of_members(
    was: Json, now: Json, directions: set[Direction], where: str, known: _Schemas
) -> Iterator[Change]:
    before, after = was.get("properties", {}), now.get("properties", {})
    required, requires = set(was.get("required", ())), set(now.get("required", ()))
    for name in after.keys() - before.keys():
        if Direction.REQUEST in directions and name in requires:
            yield Change(Kind.BROKEN, f"{where}.{name}", "is new and required")
        else:
            yield Change(Kind.ADDED, f"{where}.{name}", "new member")
    for name, schema in before.items():
        place = f"{where}.{name}"
        if name not in after:
            yield _removed(schema, place, "the member")
            continue
        if Direction.REQUEST in directions and name in requires - required:
            yield Change(Kind.BROKEN, place, "is now required")
        if Direction.RESPONSE in directions and name in required - requires:
            yield Change(Kind.BROKEN, place, "is no longer always returned")
        yield from _of_schema(schema, after[name], directions, place, known)
