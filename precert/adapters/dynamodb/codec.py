"""Items in DynamoDB's typed form and back. How a request is kept stands in ``request_items``."""

import json
from base64 import b64decode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

Item = dict[str, Any]


def to_wire(item: Mapping[str, Any]) -> Item:
    """Attributes in DynamoDB's typed form; absent ones are left out."""
    return {name: _typed(value) for name, value in item.items() if value is not None}


def from_wire(item: Mapping[str, Any]) -> Item:
    return {name: _plain(value) for name, value in item.items()}


def _typed(value: Any) -> dict[str, Any]:
    """One value in DynamoDB's typed form, as boto3 writes it, which a cold start need not import."""
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case list() | tuple():
            return {"L": [_typed(one) for one in value]}
        case Mapping():
            return {"M": {name: _typed(one) for name, one in value.items()}}
        case set() | frozenset() if value and all(isinstance(one, str) for one in value):
            return {"SS": list(value)}
        case None:
            return {"NULL": True}
    raise TypeError(f"no attribute is kept as {type(value).__name__}")


def _plain(typed: Mapping[str, Any]) -> Any:
    """The value of a typed form."""
    [(kind, value)] = typed.items()
    match kind:
        case "N":
            return Decimal(value)
        case "L":
            return [_plain(one) for one in value]
        case "M":
            return from_wire(value)
        case "SS":
            return set(value)
        case "NULL":
            return None
        case "B":  # as text where a stream's record brings it
            return b64decode(value) if isinstance(value, str) else value
        case "S" | "BOOL":
            return value
    raise TypeError(f"no attribute is kept as {kind}")


def json_of(model: BaseModel) -> str:
    """A model as JSON text, for attributes that people read in the console."""
    return json.dumps(model.model_dump(mode="json", exclude_none=True), separators=(",", ":"))
