"""The valid part of a malformed body, so that all its errors can be listed at once.

A body with values of a wrong type cannot be parsed to its model. The values with errors are removed,
each with the smallest enclosing element that is valid without it, until the rest can be parsed. The
operation's errors in the rest are listed too, unless they may be caused by the removal.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from precert.domain.errors import FieldError
from precert.domain.value_errors import errors_of

MAX_REMOVED: Final = 100
"""If there are more errors, the rest is not validated, because a problem does not list more."""
MAX_PASSES: Final = 5
"""Maximum number of times that values are removed and the rest is parsed."""
_PLACEHOLDERS: Final[tuple[Any, ...]] = (
    {},
    [],
    None,
    1,
    "-",
    False,
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "PDF",
)

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[str, ...]


@dataclass
class _Entry:
    """An element of a list, with its place in the body."""

    place: int
    value: Any


@dataclass(frozen=True)
class ValidPart(Generic[Model]):
    """The model of the rest of a body, and the locations that were removed."""

    model: Model
    tree: Any
    removed: frozenset[Location]

    def further_errors(self, errors: Iterable[FieldError]) -> list[FieldError]:
        """The operation's errors with pointers into the whole body.

        An error is left out if it may be caused by the removal: its element, or a value that it depends
        on, contains a removed location or is within one.
        """
        all_errors = []
        for error in errors:
            places = [
                _original(self.tree, _parts(pointer))
                for pointer in (error.pointer, *error.depends_on)
            ]
            if not any(_related(place, one) for place in places for one in self.removed):
                all_errors.append(replace(error, pointer=_pointer(places[0])))
        return all_errors


def valid_part(
    body: object, model: type[Model], error: ValidationError, *, strict: bool
) -> ValidPart[Model] | None:
    """The part of the body that can be parsed to the model; ``None`` if there is none."""
    tree, removed = _tree(body), set[Location]()
    for _ in range(MAX_PASSES):
        if error.error_count() > MAX_REMOVED or not isinstance(tree, dict):
            return None
        locations = [one["loc"] for one in error.errors(include_input=False, include_url=False)]
        if not _remove(tree, locations, model, removed):
            return None
        try:
            return ValidPart(_validated(model, _plain(tree), strict), tree, frozenset(removed))
        except ValidationError as remaining:
            error = remaining
    return None


def _validated(model: type[Model], value: Any, strict: bool) -> Model:
    if strict:
        return model.model_validate_json(_json(value), strict=True)
    return model.model_validate(value)


def _json(value: Any) -> bytes:
    return TypeAdapter(Any).dump_json(value)


def _remove(
    tree: dict[str, Any],
    locations: Sequence[tuple[int | str, ...]],
    model: type[BaseModel],
    removed: set[Location],
) -> bool:
    """Remove the elements at the locations; required members of the body get a placeholder.

    Returns whether this was possible.
    """
    entries = list[tuple[list[_Entry], _Entry]]()
    for location in locations:
        holder, key, place = _element(tree, location)
        if holder is None:
            name = str(location[0]) if location else ""
            field = model.model_fields.get(name)
            placeholder = _placeholder(field) if field else None
            if placeholder is None:
                return False
            tree[name] = placeholder.value
            removed.add((name,))
        elif isinstance(holder, dict):
            holder.pop(key, None)
            removed.add(place)
        else:
            entries.append((holder, key))
            removed.add(place)
    for entries_of, entry in entries:
        if entry in entries_of:
            entries_of.remove(entry)
    return True


def _element(tree: Any, location: tuple[int | str, ...]) -> tuple[Any, Any, Location]:
    """The innermost element at a location: its container, its key, and its location in the body.

    For a missing member, it is the element that lacks the member.
    """
    holder: Any = None
    key: Any = None
    node, place, at = tree, list[str](), Location()
    for part in location:
        if isinstance(node, dict) and part in node:
            holder, key, node = node, part, node[part]
            place.append(str(part))
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            entry = node[part]
            holder, key, node = node, entry, entry.value
            place.append(str(entry.place))
        else:
            break
        at = tuple(place)
    return holder, key, at


@dataclass(frozen=True)
class _Placeholder:
    value: Any


def _placeholder(field: FieldInfo) -> _Placeholder | None:
    """Any value that the field accepts."""
    adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
    values = list(_PLACEHOLDERS)
    for value in values:
        try:
            adapter.validate_json(_json(value), strict=True)
        except ValidationError as error:
            choices = (one for found in errors_of(error) for one in found.choices)
            values.extend(choice for choice in choices if choice not in values)
            continue
        return _Placeholder(_tree(value))
    return None


def _tree(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _tree(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_Entry(place, _tree(one)) for place, one in enumerate(value)]
    return value


def _plain(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _plain(one) for name, one in tree.items()}
    if isinstance(tree, list):
        return [_plain(entry.value) for entry in tree]
    return tree


def _original(tree: Any, location: Location) -> Location:
    """A location in the rest as a location in the body."""
    place, node = list[str](), tree
    for part in location:
        if isinstance(node, list) and part.isdecimal() and int(part) < len(node):
            entry = node[int(part)]
            place.append(str(entry.place))
            node = entry.value
        else:
            place.append(part)
            node = node.get(part) if isinstance(node, dict) else None
    return tuple(place)


def _related(location: Location, removed: Location) -> bool:
    """Whether one contains the other."""
    shorter = min(len(location), len(removed))
    return location[:shorter] == removed[:shorter]


def _parts(pointer: str) -> Location:
    parts = pointer.split("/")[1:]
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


def _pointer(location: Location) -> str:
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in location)
