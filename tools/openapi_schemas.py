"""JSON Schemas of the models, as a portal developer should read them.

Pydantic makes them. Here they lose what only repeats a name, what the source says to its own readers
(rule ids, markup), and what would split one model into two.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core import core_schema

Schema = dict[str, Any]

REF_PREFIX: Final = "#/components/schemas/"
_RULE_ID: Final = r"[ACDPSTUW]\d{1,2}"
_RULE_IDS: Final = re.compile(rf" ?\((?:{_RULE_ID}(?:-{_RULE_ID})?(?:, )?)+\)| of {_RULE_ID}\b")

NOTES: Final[Mapping[str, str]] = {
    "allowed_actions": "What may be done next; offer nothing else.",
    "assertion_id": "Of a check's answer: quote it when you ask about what you were told.",
    "check_available": "Whether a check can be started for this patient.",
    "confirmation_available": "Whether there is a confirmation to download.",
    "criterion": "The clinical criterion or plan provision that the decision rests on.",
    "cursor": "Send it to get the next page; null where there is none.",
    "delegate_id": "Who decides instead, where the requirement is THIRD_PARTY.",
    "due_at": "When the payer's decision is due; null where it owes none.",
    "expires_at": "From then on the draft is gone. Every save moves it.",
    "faults": "With `invalid_input`: everything that is wrong, at once.",
    "line_id": "`<service>.<line>`, both counted from 1.",
    "line_ids": "`<service>.<line>`, both counted from 1.",
    "next_steps": "What to do where no check can be started; show it as it is.",
    "notices": "Texts that have to be shown with the answer.",
    "number": "The precertification number: two letters, ten digits. Null until submitted.",
    "reason_code": "X12 886.",
    "review_action": "The status as X12 306 (HCR01): A1, A2, A3, A4 or C. Null for drafts.",
    "round": "1 is the first review; each appeal is one more.",
    "predetermination": "Whether a voluntary predetermination is offered.",
    "predetermination_available": "Whether a predetermination is offered for some code.",
    "quoted_id_fits": "Whether the `assertion_id` that was sent is that of this question, answered "
    "by this rule list; null where none was sent.",
    "referral_needed": "Whether the plan asks for a referral by the primary care provider.",
    "rule_id": "The rule that answered; null where none covers the code.",
    "service": "Which of the services asked, counted from 1.",
    "status_reason": "Why a status that passes has not passed yet.",
    "third_parties": "Who decides on codes whose next step is GO_TO_THIRD_PARTY.",
    "tin": "The TIN you act for; may be left out by callers with one.",
    "version": "Goes up with every change.",
    "waiting_on": "Whose turn it is.",
}
"""What a member means, by its name, wherever the model itself says nothing of it."""

EXTENSIONS: Final[Mapping[str, Schema]] = {
    "allowed_actions": {
        "description": "With `action_not_allowed`: what may be done instead.",
        "items": {"$ref": f"{REF_PREFIX}Action"},
        "type": "array",
    },
    "based_on_version": {
        "description": "With `version_mismatch`: the version that was sent.",
        "type": "integer",
    },
    "current_version": {
        "description": "With `version_mismatch`: the version that stands.",
        "type": "integer",
    },
    "existing": {
        "description": "With `duplicate_request`: the request that stands, where the caller's TINs "
        "see it.",
        "type": "object",
        "properties": {"request_id": {"type": "string"}, "number": {"type": "string"}},
        "required": ["request_id", "number"],
    },
    "differs_in": {
        "description": "With `version_mismatch`: JSON pointers of the parts that differ.",
        "items": {"type": "string"},
        "type": "array",
    },
    "entitlement": {
        "description": "With `not_entitled`: the one that is missing.",
        "type": "string",
    },
    "flagged": {
        "description": "With `flag_limit`: what is flagged, last flagged first.",
        "items": {
            "properties": {
                "number": {"type": ["string", "null"]},
                "request_id": {"type": "string"},
                "status": {"$ref": f"{REF_PREFIX}Status"},
            },
            "required": ["number", "request_id", "status"],
            "type": "object",
        },
        "type": "array",
    },
    "lines": {
        "description": "With `action_not_allowed` on a decision: what stands of each line.",
        "items": {
            "properties": {
                "line_id": {"type": "string"},
                "status": {"$ref": f"{REF_PREFIX}LineStatus"},
            },
            "required": ["line_id", "status"],
            "type": "object",
        },
        "type": "array",
    },
    "number": {
        "description": "With `action_not_allowed` on a submitted draft: its number.",
        "type": ["string", "null"],
    },
    "saved_since": {
        "description": "With `version_mismatch`: JSON pointers of the parts saved since.",
        "items": {"type": "string"},
        "type": "array",
    },
    "requirement": {
        "$ref": f"{REF_PREFIX}Requirement",
        "description": "With `confirmation_not_available`: what the check came to.",
    },
    "operation": {
        "description": "With `precertification_not_required` and `third_party_decides`: the operation "
        "that leads on.",
        "type": "string",
    },
    "third_parties": {
        "description": "With `third_party_decides`: whom to ask, as the check answers them, with "
        "`delegate_id`, name, link, contacts and requirements.",
        "items": {"type": "object"},
        "type": "array",
    },
    "document_status": {
        "$ref": f"{REF_PREFIX}DocumentStatus",
        "description": "With `document_not_available`: where the document stands.",
    },
    "request_status": {
        "$ref": f"{REF_PREFIX}Status",
        "description": "With `action_not_allowed`: where the request stands.",
    },
    "round": {
        "description": "With `action_not_allowed` on a decision: the round that stands.",
        "type": "integer",
    },
}
"""Members of a problem beyond those that every problem has."""


class _Generator(GenerateJsonSchema):
    """Schemas of values in the form in which they are kept.

    Where more spellings are accepted than kept, the schema gives the form that is kept: one that a
    caller can rely on in both directions. So bodies and answers share one schema for each model.
    """

    def chain_schema(self, schema: core_schema.ChainSchema) -> Schema:
        return self.generate_inner(schema["steps"][-1])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's hook
        return False


def schemas_of(models: Iterable[tuple[type[BaseModel], JsonSchemaMode]]) -> dict[str, Schema]:
    """Schemas by name, of the models and of all they refer to."""
    wanted = sorted(set(models), key=lambda pair: (pair[0].__name__, pair[1]))
    _, made = models_json_schema(
        wanted, ref_template=f"{REF_PREFIX}{{model}}", schema_generator=_Generator
    )
    return {name: _told(schema) for name, schema in made["$defs"].items()}


def open_answers(schemas: dict[str, Schema], bodies: Collection[str]) -> None:
    """Lets answers grow: only what is also sent stays closed to members it does not know."""
    closed = reachable(schemas, bodies)
    for name, schema in schemas.items():
        if name not in closed and schema.get("additionalProperties") is False:
            del schema["additionalProperties"]


def reachable(schemas: Mapping[str, Schema], names: Iterable[str]) -> set[str]:
    """The schemas so named, with all they refer to."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_references(schemas[name]))
    return found


def problem_schema(made: Schema, codes: Iterable[str]) -> Schema:
    """The problem's schema with the members that only some codes have; absent ones are left out."""
    properties = {**made["properties"], **EXTENSIONS}
    properties["code"] = {"description": "Never renamed.", "enum": sorted(codes)}
    properties["faults"] = _without_null(properties["faults"])
    properties["status"] = {
        "type": "integer",
        "minimum": HTTPStatus.BAD_REQUEST.value,
        "maximum": 599,
    }
    return _told({**made, "properties": properties})


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
    """A docstring as Markdown without the ids of our rules."""
    paragraphs = _RULE_IDS.sub("", text.replace("``", "`")).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _told(schema: Schema) -> Schema:
    """The schema without names that only repeat its key, and with notes on its members."""
    told = {key: _walked(key, value) for key, value in schema.items() if not _repeats(key, value)}
    if "description" in told:
        told["description"] = plain(told["description"])
    return told


def _walked(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: _noted(name, _told(member)) for name, member in value.items()}
    if isinstance(value, dict):
        return _told(value)
    if isinstance(value, list):
        return [_told(item) if isinstance(item, dict) else item for item in value]
    return value


def _repeats(key: str, value: Any) -> bool:
    return key == "title" and isinstance(value, str)


def _noted(name: str, member: Schema) -> Schema:
    if name in NOTES and "description" not in member:
        return {**member, "description": NOTES[name]}
    return member


def _without_null(member: Schema) -> Schema:
    """The member where it is present; what is absent is left out and never null."""
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
