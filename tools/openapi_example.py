"""The example of an operation in the OpenAPI document: a request body and its responses.

For an operation without an example of its own, the body is composed from the examples of the model's
members, and the response is that of another operation with the same response model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus
from itertools import count
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from precert.api.operation import Operation


@dataclass(frozen=True)
class Example:
    """One call: its body and its response, ``None`` where the operation has none."""

    body: BaseModel | None = None
    response: BaseModel | None = None
    other_response: BaseModel | None = None
    """The response with the operation's second success status, if it has one with a body."""

    @property
    def sent(self) -> Any:
        """The body as JSON, without members that have their default."""
        return self.body and self.body.model_dump(mode="json", exclude_defaults=True)

    @property
    def returned(self) -> Any:
        """The response as JSON with every member, as the handlers return it."""
        return self.response and self.response.model_dump(mode="json")

    @property
    def other_returned(self) -> Any:
        """The response with the second success status as JSON."""
        return self.other_response and self.other_response.model_dump(mode="json")


def composed(model: type[BaseModel]) -> BaseModel:
    """An example of a model, from the examples of its members: ``Field(examples=[…])``.

    Raises:
        LookupError: a required member has no example.
    """
    found = {name: _example_of(model, name, one) for name, one in model.model_fields.items()}
    return model.model_validate({name: one for name, one in found.items() if one is not None})


def _example_of(model: type[BaseModel], name: str, member: FieldInfo) -> object:
    """The example of a member; ``None`` for an optional one that has none."""
    if member.examples:
        return member.examples[0]
    if not member.is_required():
        return None
    kind = member.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return composed(kind)
    raise LookupError(f"{model.__name__}.{name} has no example: add Field(examples=[…]) to it")


def example_of(
    operation: Operation, examples: Mapping[str, Example], operations: Mapping[str, Operation]
) -> Example:
    """The operation's own example in ``examples``, with the missing parts added.

    A missing response is taken from an operation with the same response model, preferably one that
    requires the same entitlement; otherwise it is composed.

    Raises:
        LookupError: a required member of its models has no example.
    """
    own = examples.get(operation.operation_id, Example())
    if own.body is None and operation.body is not None:
        own = replace(own, body=composed(operation.body))
    if own.response is None and operation.response is not None:
        alike = [
            operations[name]
            for name, one in examples.items()
            if one.response is not None and operations[name].response is operation.response
        ]
        alike.sort(key=lambda one: one.entitlement is not operation.entitlement)
        response = (
            examples[alike[0].operation_id].response if alike else composed(operation.response)
        )
        own = replace(own, response=response)
    if own.other_response is None and operation.other_status not in {None, HTTPStatus.NOT_MODIFIED}:
        own = replace(own, other_response=own.response)
    return own


def uuids() -> Callable[[], str]:
    """A function that returns consecutive, reproducible UUIDs."""
    numbers = count(1)
    return lambda: f"6f1c2b9e-3d4a-4c58-8e07-{next(numbers):012d}"
