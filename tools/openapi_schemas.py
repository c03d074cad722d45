"""JSON Schemas of the models for the OpenAPI document.

Pydantic generates them. Titles, and markup and rule ids in descriptions, are removed. The validation
and serialization schemas of a model are the same.
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
"""Descriptions of members by name, for members without ``Field(description=…)``, or by
``<model>.<member>``, which replace all others."""


class _Generator(GenerateJsonSchema):
    """Generates schemas of values in their stored form.

    If several formats are accepted, the schema has the stored one, which is valid in requests and
    returned in responses. So requests and responses share one schema for each model.
    """

    def chain_schema(self, schema: core_schema.ChainSchema) -> Schema:
        return self.generate_inner(schema["steps"][-1])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's hook
        return False


def schemas_of(models: Iterable[tuple[type[BaseModel], JsonSchemaMode]]) -> dict[str, Schema]:
    """Return the schemas, by name, of the models and of all models that they refer to."""
    pairs = sorted(set(models), key=lambda pair: (pair[0].__name__, pair[1]))
    _, generated = models_json_schema(
        pairs, ref_template=f"{REF_PREFIX}{{model}}", schema_generator=_Generator
    )
    return {
        name: _with_own_notes(name, _cleaned(schema)) for name, schema in generated["$defs"].items()
    }


def _with_own_notes(model: str, schema: Schema) -> Schema:
    """The schema with the descriptions for ``<model>.<member>``, which replace others."""
    for name, member in schema.get("properties", {}).items():
        if note := NOTES.get(f"{model}.{name}"):
            member["description"] = note
    return schema


def open_responses(schemas: dict[str, Schema], bodies: Collection[str]) -> None:
    """Allow unknown members in schemas that ``bodies`` do not use, as responses can gain members."""
    closed = reachable(schemas, bodies)
    for name, schema in schemas.items():
        if name not in closed and schema.get("additionalProperties") is False:
            del schema["additionalProperties"]


def reachable(schemas: Mapping[str, Schema], names: Iterable[str]) -> set[str]:
    """Return the names of the schemas and of all schemas that they refer to."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_references(schemas[name]))
    return found


def problem_schema(base: Schema, extensions: Schema, codes: Iterable[str]) -> Schema:
    """Return the schema of problems, including the members that only some codes have.

    Absent members are omitted, so no member can be null.
    """
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
    """Return the members of a query model as OpenAPI parameters."""
    schema = schemas_of([(query, "validation")])[query.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, **_parameter(name, member)}
        for name, member in schema["properties"].items()
    ]


def _parameter(name: str, member: Schema) -> Schema:
    note = {"cursor": "The cursor of the previous page."}.get(name, member.get("description"))
    schema = {key: value for key, value in _without_null(member).items() if key != "description"}
    return {"schema": schema, **({"description": note} if note else {})}


def plain(text: str) -> str:
    """Return a docstring as Markdown, without rule ids and line breaks within paragraphs."""
    paragraphs = _RULE_IDS.sub("", text.replace("``", "`")).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _cleaned(schema: Schema) -> Schema:
    """The schema without titles, and with descriptions of its members."""
    cleaned = {
        key: _walked(key, value) for key, value in schema.items() if not _repeats(key, value)
    }
    if "description" in cleaned:
        cleaned["description"] = plain(cleaned["description"])
    return cleaned


def _walked(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: _described(name, _cleaned(member)) for name, member in value.items()}
    if isinstance(value, dict):
        return _cleaned(value)
    if isinstance(value, list):
        return [_cleaned(item) if isinstance(item, dict) else item for item in value]
    return value


def _repeats(key: str, value: Any) -> bool:
    return key == "title" and isinstance(value, str)


def _described(name: str, member: Schema) -> Schema:
    if name in NOTES and "description" not in member:
        return {**member, "description": NOTES[name]}
    return member


def _without_null(member: Schema) -> Schema:
    """The schema of a member that is omitted instead of null: without the alternative null."""
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
