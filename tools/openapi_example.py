"""One example of a call, as in the document.

An operation without an example of its own has a body that is composed from the examples of the model's
members, and the response of another operation with the same response model.
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
    """One call: its body and its response, if the operation has them."""

    body: BaseModel | None = None
    answer: BaseModel | None = None
    other: BaseModel | None = None
    """The response with the other status, if the operation has two."""

    @property
    def sent(self) -> Any:
        """The body as a client would send it, without what is not entered."""
        return self.body and self.body.model_dump(mode="json", exclude_defaults=True)

    @property
    def answered(self) -> Any:
        """The response as the handlers write it, with every member."""
        return self.answer and self.answer.model_dump(mode="json")

    @property
    def answered_otherwise(self) -> Any:
        return self.other and self.other.model_dump(mode="json")


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
    """The example of an operation: its own in ``examples``, completed.

    A response is taken from an operation with the same response model, at best one whose callers have
    the same entitlement.

    Raises:
        LookupError: a required member of its models has no example.
    """
    own = examples.get(operation.operation_id, Example())
    if own.body is None and operation.body is not None:
        own = replace(own, body=composed(operation.body))
    if own.answer is None and operation.response is not None:
        alike = [
            operations[name]
            for name, one in examples.items()
            if one.answer is not None and operations[name].response is operation.response
        ]
        alike.sort(key=lambda one: one.entitlement is not operation.entitlement)
        answer = examples[alike[0].operation_id].answer if alike else composed(operation.response)
        own = replace(own, answer=answer)
    if own.other is None and operation.other_status not in {None, HTTPStatus.NOT_MODIFIED}:
        own = replace(own, other=own.answer)
    return own


def uuids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"6f1c2b9e-3d4a-4c58-8e07-{next(numbers):012d}"
