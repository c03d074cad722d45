"""JSON Schemas of the models for the API document.

Pydantic creates them. Titles that only repeat a name and notes for readers of the source (rule ids,
markup) are removed, and both variants of a model are merged into one.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core import core_schema

from tools.openapi_files import ROOT

Schema = dict[str, Any]

REF_PREFIX: Final = "#/components/schemas/"
_RULE_ID: Final = r"[ACDPSTUW]\d{1,2}"
_RULE_IDS: Final = re.compile(rf" ?\((?:{_RULE_ID}(?:-{_RULE_ID})?(?:, )?)+\)| of {_RULE_ID}\b")

NOTES: Final[Mapping[str, str]] = json.loads(
    (ROOT / "tools" / "openapi_notes.json").read_text(encoding="utf-8")
)
"""The meaning of a member by its name, if the model does not describe it (``Field(description=…)``)."""


class _Generator(GenerateJsonSchema):
    """Schemas of values in their stored form.

    If several spellings are accepted, the schema has the stored form, which callers can rely on in both
    directions. So requests and responses share one schema for each model.
    """

    def chain_schema(self, schema: core_schema.ChainSchema) -> Schema:
        return self.generate_inner(schema["steps"][-1])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's hook
        return False


def schemas_of(models: Iterable[tuple[type[BaseModel], JsonSchemaMode]]) -> dict[str, Schema]:
    """Schemas by name, of the models and of all they refer to."""
    pairs = sorted(set(models), key=lambda pair: (pair[0].__name__, pair[1]))
    _, generated = models_json_schema(
        pairs, ref_template=f"{REF_PREFIX}{{model}}", schema_generator=_Generator
    )
    return {
        name: _with_own_notes(name, _cleaned(schema)) for name, schema in generated["$defs"].items()
    }


def _with_own_notes(model: str, schema: Schema) -> Schema:
    """The schema with the notes on ``<model>.<member>``, which replace those on the member's name."""
    for name, member in schema.get("properties", {}).items():
        if note := NOTES.get(f"{model}.{name}"):
            member["description"] = note
    return schema


def open_responses(schemas: dict[str, Schema], bodies: Collection[str]) -> None:
    """Open responses to additions: only schemas that are also sent forbid unknown members."""
    closed = reachable(schemas, bodies)
    for name, schema in schemas.items():
        if name not in closed and schema.get("additionalProperties") is False:
            del schema["additionalProperties"]


def reachable(schemas: Mapping[str, Schema], names: Iterable[str]) -> set[str]:
    """The named schemas, with all that they refer to."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_references(schemas[name]))
    return found


def problem_schema(base: Schema, extensions: Schema, codes: Iterable[str]) -> Schema:
    """The problem's schema with the members that only some codes have; absent ones are omitted."""
    properties = {name: _without_null(one) for name, one in base["properties"].items()}
    properties |= extensions
    properties["code"] = {"description": "Never renamed.", "enum": sorted(codes)}
    properties["status"] = {
        "type": "integer",
        "minimum": HTTPStatus.BAD_REQUEST.value,
        "maximum": 599,
    }
    return _cleaned({**base, "properties": properties})


def parameters_of(query: type[BaseModel]) -> list[Schema]:
    """The query's members as parameters."""
    schema = schemas_of([(query, "validation")])[query.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, **_parameter(name, member)}
        for name, member in schema["properties"].items()
    ]


def _parameter(name: str, member: Schema) -> Schema:
    note = {"cursor": "The cursor that the page before gave."}.get(name, member.get("description"))
    schema = {key: value for key, value in _without_null(member).items() if key != "description"}
    return {"schema": schema, **({"description": note} if note else {})}


def plain(text: str) -> str:
    """A docstring as Markdown without the ids of rules."""
    paragraphs = _RULE_IDS.sub("", text.replace("``", "`")).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _cleaned(schema: Schema) -> Schema:
    """The schema without names that only repeat its key, and with notes on its members."""
    cleaned = {
        key: _walked(key, value) for key, value in schema.items() if not _repeats(key, value)
    }
    if "description" in cleaned:
        cleaned["description"] = plain(cleaned["description"])
    return cleaned


def _walked(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: _noted(name, _cleaned(member)) for name, member in value.items()}
    if isinstance(value, dict):
        return _cleaned(value)
    if isinstance(value, list):
        return [_cleaned(item) if isinstance(item, dict) else item for item in value]
    return value


def _repeats(key: str, value: Any) -> bool:
    return key == "title" and isinstance(value, str)


def _noted(name: str, member: Schema) -> Schema:
    if name in NOTES and "description" not in member:
        return {**member, "description": NOTES[name]}
    return member


def _without_null(member: Schema) -> Schema:
    """The member's schema when it is present; absent members are omitted and never null."""
    kinds = [kind for kind in member.get("anyOf", ()) if kind != {"type": "null"}]
    rest = {
        key: value
        for key, value in member.items()
        if key != "anyOf" and (key, value) != ("default", None)
    }
    return {**kinds[0], **rest} if len(kinds) == 1 else rest


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.removeprefix(REF_PREFIX)
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)
