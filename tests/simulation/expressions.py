"""DynamoDB's condition, key and update expressions over items in wire format.

Each text is parsed once into a closure. Unknown syntax is rejected, as DynamoDB would: an unknown
name, a value that is missing or unused. Reserved words are left to moto, with which every trace of
the simulation is compared.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Final, NamedTuple

Wire = dict[str, Any]
Names = Mapping[str, str]
Evaluated = Callable[[Wire, Names, Wire], Any]
"""Of an item, the attribute names and the values: a typed value, or ``None`` where nothing is."""
Condition = Callable[[Wire, Names, Wire], bool]

_TOKEN: Final = re.compile(r"\s*(<>|<=|>=|[=<>(),+\-.\[\]]|[#:]?\w+)")
_CLAUSES: Final = ("SET", "REMOVE", "ADD", "DELETE")


class ExpressionError(Exception):
    """DynamoDB would return a ValidationException."""


class _Tokens:
    def __init__(self, text: str) -> None:
        self.list = _TOKEN.findall(text)
        if "".join(self.list) != re.sub(r"\s", "", text):
            raise ExpressionError(text)
        self.at = 0
        self.mentioned: set[str] = {one for one in self.list if one[0] in "#:"}

    @property
    def next(self) -> str:
        return self.list[self.at] if self.at < len(self.list) else ""

    @property
    def keyword(self) -> str:
        return self.next.upper()

    def take(self, *expected: str) -> str:
        token = self.next
        if not token or (expected and token.upper() not in expected):
            raise ExpressionError(f"{token or 'the end'} where {expected} is expected")
        self.at += 1
        return token

    def skip(self, expected: str) -> bool:
        if self.keyword != expected:
            return False
        self.at += 1
        return True


Path = tuple[str, ...]


def _path(tokens: _Tokens) -> Path:
    parts = [tokens.take()]
    while tokens.skip("."):
        parts.append(tokens.take())
    return tuple(parts)


def _named(path: Path, names: Names) -> list[str]:
    try:
        return [names[part] if part[0] == "#" else part for part in path]
    except KeyError as missing:
        raise ExpressionError(f"no name for {missing}") from missing


def _found(item: Wire, path: list[str]) -> Any:
    value = item.get(path[0])
    for part in path[1:]:
        value = value["M"].get(part) if value and "M" in value else None
    return value


def _look(path: Path) -> Evaluated:
    if len(path) == 1 and path[0][0] != "#":
        [name] = path
        return lambda item, _names, _values: item.get(name)
    return lambda item, names, _values: _found(item, _named(path, names))


def _placeholder(name: str) -> Evaluated:
    def value(_item: Wire, _names: Names, values: Wire) -> Any:
        if name not in values:
            raise ExpressionError(f"no value for {name}")
        return values[name]

    return value


def _size(value: Any) -> Any:
    [(kind, content)] = value.items()
    if kind in ("N", "BOOL", "NULL"):
        raise ExpressionError("size of what has none")
    return {"N": str(len(content.encode() if kind == "S" else content))}


def _operand(tokens: _Tokens) -> Evaluated:
    if tokens.next.startswith(":"):
        return _placeholder(tokens.take())
    if tokens.next.lower() == "size":
        tokens.take()
        tokens.take("(")
        inner = _operand(tokens)
        tokens.take(")")

        def size(item: Wire, names: Names, values: Wire) -> Any:
            value = inner(item, names, values)
            return None if value is None else _size(value)

        return size
    return _look(_path(tokens))


def comparable(value: Wire) -> tuple[str, Any]:
    """A scalar with its type, so that it sorts as DynamoDB sorts."""
    [(kind, content)] = value.items()
    match kind:
        case "N":
            return kind, Decimal(content)
        case "S":
            return kind, content.encode()
        case "SS":
            return kind, frozenset(content)
    return kind, content


def _compared(operator: str, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return operator == "<>" and (left is None) != (right is None)
    (kind, one), (other_kind, other) = comparable(left), comparable(right)
    if operator == "=":
        return kind == other_kind and bool(one == other)
    if operator == "<>":
        return kind != other_kind or bool(one != other)
    if kind != other_kind or kind not in ("N", "S", "B"):
        return False
    match operator:
        case "<":
            return bool(one < other)
        case "<=":
            return bool(one <= other)
        case ">":
            return bool(one > other)
    return bool(one >= other)


def _contains(whole: Any, part: Any) -> bool:
    if whole is None or part is None:
        return False
    [(kind, value)], [(part_kind, text)] = whole.items(), part.items()
    if kind in ("SS", "NS", "BS"):
        return kind[0] == part_kind and text in value
    if kind == "L":
        return part in value
    return kind == part_kind == "S" and text in value


def _function(tokens: _Tokens) -> Condition:
    name = tokens.take().lower()
    tokens.take("(")
    first = _operand(tokens)
    second: Evaluated | None = None
    if tokens.skip(","):
        second = _operand(tokens)
    tokens.take(")")
    if name in ("attribute_exists", "attribute_not_exists") and second is None:
        expected = name == "attribute_exists"
        return lambda item, names, values: (first(item, names, values) is not None) is expected
    if name == "contains" and second is not None:
        searched = second
        return lambda item, names, values: _contains(
            first(item, names, values), searched(item, names, values)
        )
    if name == "attribute_type" and second is not None:
        kind = second

        def has_type(item: Wire, names: Names, values: Wire) -> bool:
            value = first(item, names, values)
            return value is not None and kind(item, names, values)["S"] in value

        return has_type
    if name == "begins_with" and second is not None:
        beginning = second

        def begins(item: Wire, names: Names, values: Wire) -> bool:
            value, prefix = first(item, names, values), beginning(item, names, values)
            return value is not None and "S" in value and value["S"].startswith(prefix["S"])

        return begins
    raise ExpressionError(f"no such function: {name}")


def _between(tokens: _Tokens, value: Evaluated) -> Condition:
    low = _operand(tokens)
    tokens.take("AND")
    high = _operand(tokens)

    def between(item: Wire, names: Names, values: Wire) -> bool:
        one = value(item, names, values)
        return _compared(">=", one, low(item, names, values)) and _compared(
            "<=", one, high(item, names, values)
        )

    return between


def _among(tokens: _Tokens, value: Evaluated) -> Condition:
    tokens.take("(")
    choices = [_operand(tokens)]
    while tokens.skip(","):
        choices.append(_operand(tokens))
    tokens.take(")")
    return lambda item, names, values: any(
        _compared("=", value(item, names, values), choice(item, names, values))
        for choice in choices
    )


def _single(tokens: _Tokens) -> Condition:
    if tokens.skip("NOT"):
        inner = _single(tokens)
        return lambda item, names, values: not inner(item, names, values)
    if tokens.skip("("):
        whole = _either(tokens)
        tokens.take(")")
        return whole
    following = tokens.list[tokens.at + 1] if tokens.at + 1 < len(tokens.list) else ""
    if following == "(" and tokens.next.lower() != "size":
        return _function(tokens)
    left = _operand(tokens)
    operator = tokens.take("=", "<>", "<", "<=", ">", ">=", "BETWEEN", "IN").upper()
    if operator == "BETWEEN":
        return _between(tokens, left)
    if operator == "IN":
        return _among(tokens, left)
    right = _operand(tokens)
    return lambda item, names, values: _compared(
        operator, left(item, names, values), right(item, names, values)
    )


def _both(tokens: _Tokens) -> Condition:
    parts = [_single(tokens)]
    while tokens.skip("AND"):
        parts.append(_single(tokens))
    if len(parts) == 1:
        return parts[0]
    return lambda item, names, values: all(part(item, names, values) for part in parts)


def _either(tokens: _Tokens) -> Condition:
    parts = [_both(tokens)]
    while tokens.skip("OR"):
        parts.append(_both(tokens))
    if len(parts) == 1:
        return parts[0]
    return lambda item, names, values: any(part(item, names, values) for part in parts)


class Compiled(NamedTuple):
    """A condition with the names and values in its text."""

    holds: Condition
    mentioned: frozenset[str]


@cache
def condition(text: str) -> Compiled:
    """A condition or key condition."""
    tokens = _Tokens(text)
    parsed = _either(tokens)
    if tokens.next:
        raise ExpressionError(f"{tokens.next} after the end of {text}")
    return Compiled(parsed, frozenset(tokens.mentioned))


# -- updates ----------------------------------------------------------------------------------------

Update = Callable[[Wire, Wire, Names, Wire], None]
"""Changes the new item; values are computed from the old one."""


class CompiledUpdate(NamedTuple):
    """An update with the names and values in its text."""

    change: Update
    mentioned: frozenset[str]


def _parent(new: Wire, path: list[str]) -> Wire:
    """The map with the last part, copied on the way, as items are never changed in place."""
    content = new
    for part in path[:-1]:
        if part not in content or "M" not in content[part]:
            raise ExpressionError("the document path is not valid for update")
        content[part] = {"M": dict(content[part]["M"])}
        content = content[part]["M"]
    return content


def _number(value: Any) -> Decimal:
    if value is None or "N" not in value:
        raise ExpressionError("an operand is no number")
    return Decimal(value["N"])


def _term(tokens: _Tokens) -> Evaluated:
    if tokens.next.lower() == "if_not_exists":
        tokens.take()
        tokens.take("(")
        operand = _look(_path(tokens))
        tokens.take(",")
        otherwise = _term(tokens)
        tokens.take(")")

        def retained(item: Wire, names: Names, values: Wire) -> Any:
            value = operand(item, names, values)
            return otherwise(item, names, values) if value is None else value

        return retained
    return _operand(tokens)


def _sum(tokens: _Tokens) -> Evaluated:
    left = _term(tokens)
    if tokens.next not in ("+", "-"):
        return left
    sign = 1 if tokens.take() == "+" else -1
    right = _term(tokens)
    return lambda item, names, values: {
        "N": str(_number(left(item, names, values)) + sign * _number(right(item, names, values)))
    }


def _set(tokens: _Tokens) -> Update:
    path = _path(tokens)
    tokens.take("=")
    value = _sum(tokens)

    def change(old: Wire, new: Wire, names: Names, values: Wire) -> None:
        computed = value(old, names, values)
        if computed is None:
            raise ExpressionError("an operand of SET does not exist")
        where = _named(path, names)
        _parent(new, where)[where[-1]] = computed

    return change


def _remove(tokens: _Tokens) -> Update:
    path = _path(tokens)

    def change(old: Wire, new: Wire, names: Names, values: Wire) -> None:
        where = _named(path, names)
        _parent(new, where).pop(where[-1], None)

    return change


def _add(tokens: _Tokens) -> Update:
    path, value = _path(tokens), _operand(tokens)

    def change(old: Wire, new: Wire, names: Names, values: Wire) -> None:
        where, more = _named(path, names), value(old, names, values)
        content = _found(old, where)
        [(kind, added)] = more.items()
        if kind == "N":
            result: Wire = {"N": str(Decimal(added) + (_number(content) if content else 0))}
        elif kind == "SS":
            result = {"SS": sorted({*added, *(content["SS"] if content else ())})}
        else:
            raise ExpressionError("ADD takes a number or a set")
        _parent(new, where)[where[-1]] = result

    return change


def _delete(tokens: _Tokens) -> Update:
    path, value = _path(tokens), _operand(tokens)

    def change(old: Wire, new: Wire, names: Names, values: Wire) -> None:
        where, deleted = _named(path, names), value(old, names, values)
        content = _found(old, where)
        if content is None:
            return
        left = sorted(set(content["SS"]) - set(deleted["SS"]))
        if left:
            _parent(new, where)[where[-1]] = {"SS": left}
        else:
            _parent(new, where).pop(where[-1], None)

    return change


_ACTIONS: Final = {"SET": _set, "REMOVE": _remove, "ADD": _add, "DELETE": _delete}


@cache
def update(text: str) -> CompiledUpdate:
    """An update expression; a clause may appear in it once."""
    tokens = _Tokens(text)
    changes: list[Update] = []
    seen: set[str] = set()
    while tokens.next:
        clause = tokens.take(*_CLAUSES).upper()
        if clause in seen:
            raise ExpressionError(f"{clause} appears in it twice")
        seen.add(clause)
        changes.append(_ACTIONS[clause](tokens))
        while tokens.skip(","):
            changes.append(_ACTIONS[clause](tokens))

    def change(old: Wire, new: Wire, names: Names, values: Wire) -> None:
        for one in changes:
            one(old, new, names, values)

    return CompiledUpdate(change, frozenset(tokens.mentioned))
