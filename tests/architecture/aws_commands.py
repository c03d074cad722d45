"""Commands of AWS's own command line on a page, checked against the service models of botocore.

The command line itself is not needed: it derives its commands from the same models. Commands that it
adds by hand are listed here with their options.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import botocore.session
from botocore import xform_name
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from tests.architecture.aws_queries import errors_of_query
from tests.architecture.source import ROOT

_FENCE: Final = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_INLINE: Final = re.compile(r"`(aws [^`]+)`")
_ASSIGNED: Final = re.compile(r"^([A-Z][A-Z_]*)=\$\((.*)\)$", re.DOTALL)
_PLACEHOLDER: Final = re.compile(r"[A-Z][A-Z_]*[A-Z]|.*\$[A-Z{(].*")
"""A variable of the shell, or what the reader replaces."""
UNKNOWN: Final = object()
"""A value that is known when the command runs."""


@dataclass(frozen=True)
class AwsCommand:
    """One command of a page, without the ``aws`` before it."""

    words: tuple[str, ...]
    is_complete: bool
    """Whether it is in a code block, and so can be copied; otherwise the text only names it."""

    def __str__(self) -> str:
        return f"aws {' '.join(self.words[:2])}"


def commands_of(page: str) -> list[AwsCommand]:
    """The commands in the code blocks of a page, and those that its text names."""
    found = [
        AwsCommand(_words(command), is_complete=True)
        for _, block in _FENCE.findall(page)
        for command in commands_in(block)
        if command.startswith("aws ")
    ]
    named = _INLINE.findall(_FENCE.sub("", page))
    return found + [AwsCommand(_words(one), is_complete=False) for one in named]


def commands_in(block: str) -> Iterator[str]:
    """Each command of a code block in one line, without the variable that it is assigned to."""
    lines: list[str] = []
    for line in block.replace("\\\n", " ").splitlines():
        lines.append(line.strip())
        command = "\n".join(lines)
        if not _is_open(command):
            lines = []
            if command and not command.startswith("#"):
                yield assigned[2] if (assigned := _ASSIGNED.match(command)) else command


def _is_open(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return True
    return False


def _words(command: str) -> tuple[str, ...]:
    words = shlex.split(command, comments=True)[1:]
    while ">" in words:
        # The output is written to a file, which the command does not see.
        at = words.index(">")
        words[at : at + 2] = []
    return tuple(words)


GLOBAL: Final[Mapping[str, frozenset[str] | None]] = {
    "--query": None,
    "--region": None,
    "--profile": None,
    "--endpoint-url": None,
    "--cli-read-timeout": None,
    "--cli-binary-format": frozenset({"base64", "raw-in-base64-out"}),
    "--output": frozenset({"json", "text", "table", "yaml", "yaml-stream", "off"}),
}
"""Options of every command, with their values; ``None``: any."""
SWITCHES: Final = frozenset({"--no-paginate", "--no-cli-pager", "--no-sign-request", "--debug"})
PAGES: Final = frozenset({"--max-items", "--page-size", "--starting-token"})
"""Options of operations that are read page by page."""
ADDED: Final[Mapping[tuple[str, str], tuple[int, frozenset[str], frozenset[str]]]] = {
    ("cloudformation", "deploy"): (
        0,
        frozenset({"--template-file", "--stack-name"}),
        frozenset(
            {
                *("--s3-bucket", "--s3-prefix", "--kms-key-id", "--parameter-overrides"),
                *("--capabilities", "--no-execute-changeset", "--role-arn", "--tags"),
                *("--no-fail-on-empty-changeset", "--disable-rollback", "--force-upload"),
            }
        ),
    ),
    ("logs", "tail"): (
        1,
        frozenset(),
        frozenset(
            {
                *("--since", "--follow", "--format", "--filter-pattern"),
                *("--log-stream-names", "--log-stream-name-prefix"),
            }
        ),
    ),
    ("s3", "ls"): (1, frozenset(), frozenset({"--recursive", "--human-readable", "--summarize"})),
    ("s3", "cp"): (2, frozenset(), frozenset({"--recursive", "--exclude", "--include", "--sse"})),
    ("s3", "sync"): (2, frozenset(), frozenset({"--delete", "--exclude", "--include", "--dryrun"})),
    ("s3", "rm"): (1, frozenset(), frozenset({"--recursive", "--exclude", "--include"})),
}
"""Commands without an operation: arguments before the options, required and further options."""
NAMED_OTHERWISE: Final = {"s3api": "s3", "deploy": "codedeploy", "configservice": "config"}
ARGUMENTS: Final = {("lambda", "invoke"): ["outfile"]}
"""What follows the options of an operation."""


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


def errors_of(command: AwsCommand) -> list[str]:
    """What the command line would refuse, without a call of AWS."""
    if len(command.words) < 2 or command.words[0].startswith("-"):
        return ["names no service and operation"]
    service, name, *rest = command.words
    if found := ADDED.get((service, name)):
        return list(_errors_of_added(command, *found))
    try:
        operation, rest = _operation(service, name, rest)
    except (UnknownServiceError, DataNotFoundError):
        return [f"no service {service}"]
    if operation is None:
        return [f"{service} has no operation {name}"]
    return list(_errors_of_operation(command, operation, rest))


def _errors_of_added(
    command: AwsCommand, arguments: int, required: frozenset[str], further: frozenset[str]
) -> Iterator[str]:
    before, options = split_options(command.words[2:])
    if command.is_complete and len(before) != arguments:
        yield f"needs {arguments} arguments, not {before}"
    if command.is_complete:
        yield from (f"lacks {name}" for name in sorted(required - options.keys()))
    for name, values in options.items():
        if name not in required | further:
            yield from _errors_of_global(name, values)
    if file := options.get("--template-file"):
        yield from _errors_of_template(ROOT / file[0], options.get("--parameter-overrides", []))


def _errors_of_template(file: Path, overrides: Sequence[str]) -> Iterator[str]:
    if not file.is_file():
        yield f"no file {file}"
        return
    parameters = json.loads(file.read_text(encoding="utf-8")).get("Parameters", {})
    given = {one.partition("=")[0] for one in overrides}
    yield from (
        f"the template has no parameter {name}" for name in sorted(given - parameters.keys())
    )
    yield from (
        f"lacks the parameter {name}"
        for name, one in parameters.items()
        if "Default" not in one and name not in given
    )


def _operation(service: str, name: str, rest: list[str]) -> tuple[OperationModel | None, list[str]]:
    model = _session().get_service_model(NAMED_OTHERWISE.get(service, service))
    operations = {xform_name(one, "-"): one for one in model.operation_names}
    if name == "wait" and rest:
        waiters = _loaded(service, "waiters-2")["waiters"]
        waited = {xform_name(one, "-"): found["operation"] for one, found in waiters.items()}
        found = waited.get(rest[0])
        return (model.operation_model(found) if found else None), rest[1:]
    found = operations.get(name)
    return (model.operation_model(found) if found else None), rest


def _errors_of_operation(
    command: AwsCommand, operation: OperationModel, rest: Sequence[str]
) -> Iterator[str]:
    members = operation.input_shape.members if operation.input_shape else {}
    names = {f"--{xform_name(one, '-')}": one for one in members}
    before, options = split_options(rest, ARGUMENTS.get((command.words[0], command.words[1]), ()))
    if before and command.is_complete:
        yield f"has the arguments {before}"
    is_paged = command.words[1] in _paged(command.words[0])
    given: dict[str, Any] = {}
    for option, values in options.items():
        negated = option.removeprefix("--no-")
        member = names.get(option)
        if member is not None:
            yield from _read(given, member, members[member], values, option)
        elif option.startswith("--no-") and _is_switch(members, names.get(f"--{negated}")):
            given[names[f"--{negated}"]] = False
        elif option == "--query":
            yield from errors_of_query(" ".join(values), operation.output_shape)
        elif not (is_paged and option in PAGES):
            yield from _errors_of_global(option, values)
    if command.is_complete and "--cli-input-json" not in options:
        yield from _invalid(given, operation.input_shape)


def _is_switch(members: Mapping[str, Shape], member: str | None) -> bool:
    return member is not None and members[member].type_name == "boolean"


@cache
def _paged(service: str) -> frozenset[str]:
    try:
        found = _loaded(service, "paginators-1")["pagination"]
    except DataNotFoundError:
        return frozenset()
    return frozenset(xform_name(name, "-") for name in found)


def _loaded(service: str, kind: str) -> dict[str, Any]:
    loader = _session().get_component("data_loader")
    found: dict[str, Any] = loader.load_service_model(NAMED_OTHERWISE.get(service, service), kind)
    return found


def _errors_of_global(option: str, values: Sequence[str]) -> Iterator[str]:
    if option in SWITCHES:
        if values:
            yield f"{option} takes no value"
    elif option not in GLOBAL:
        yield f"no option {option}"
    elif len(values) != 1:
        yield f"{option} takes one value"
    elif (allowed := GLOBAL[option]) is not None and values[0] not in allowed:
        yield f"{option} is not {values[0]}"


def split_options(
    words: Sequence[str], after: Sequence[str] = ()
) -> tuple[list[str], dict[str, list[str]]]:
    """The words before the options, and the values of each option.

    ``after`` names arguments, which may follow the options: the last words.
    """
    words = words[: len(words) - len(after)] if after else words
    before: list[str] = []
    options: dict[str, list[str]] = {}
    values = before
    for word in words:
        if word.startswith("--"):
            name, is_joined, value = word.partition("=")
            values = options.setdefault(name, [])
            if is_joined:
                values.append(value)
        else:
            values.append(word)
    return before, options


def _read(
    given: dict[str, Any], member: str, shape: Shape, values: Sequence[str], option: str
) -> Iterator[str]:
    try:
        given[member] = value_of(shape, values)
    except ValueError as error:
        yield f"{option}: {error}"
        given[member] = UNKNOWN


def value_of(shape: Shape, words: Sequence[str]) -> Any:
    """The value of an option in the form of its parameter.

    Raises:
        ValueError: the words have another form, or a value is not one of the listed ones.
    """
    if shape.type_name == "boolean" and not words:
        return True
    if isinstance(shape, ListShape) and not (len(words) == 1 and words[0].startswith("[")):
        return [value_of(shape.member, [one]) for one in words]
    if len(words) != 1:
        raise ValueError(f"takes one value, not {list(words)}")
    [word] = words
    if word.startswith(("file://", "fileb://")):
        return UNKNOWN
    if isinstance(shape, StructureShape | MapShape | ListShape):
        return _compound(shape, word)
    return _checked(shape, _scalar(shape, word))


def _compound(shape: Shape, word: str) -> Any:
    """JSON, or the shorthand ``Name=value,Name=value``."""
    if _PLACEHOLDER.fullmatch(word):
        return UNKNOWN
    if word.startswith(("{", "[")):
        return _checked(shape, json.loads(word))
    pairs = [one.partition("=") for one in word.split(",")]
    if not all(is_pair for _, is_pair, _ in pairs):
        raise ValueError(f"neither JSON nor Name=value: {word}")
    if isinstance(shape, MapShape):
        return {name: value_of(shape.value, [value]) for name, _, value in pairs}
    assert isinstance(shape, StructureShape)
    unknown = [name for name, _, _ in pairs if name not in shape.members]
    if unknown:
        raise ValueError(f"no members {unknown}")
    return {name: value_of(shape.members[name], [value]) for name, _, value in pairs}


def _scalar(shape: Shape, word: str) -> Any:
    kind = shape.type_name
    if kind == "blob":
        return word.encode()
    if isinstance(shape, StringShape):
        # Values that a model lists are in capitals too.
        is_open = "$" in word if shape.enum else _PLACEHOLDER.fullmatch(word)
        return UNKNOWN if is_open else word
    if _PLACEHOLDER.fullmatch(word):
        return UNKNOWN
    if kind == "boolean":
        if word not in {"true", "false"}:
            raise ValueError(f"neither true nor false: {word}")
        return word == "true"
    if kind == "timestamp":
        return word if word.isdigit() else datetime.fromisoformat(word)
    return float(word) if kind in {"float", "double"} else int(word)


def _checked(shape: Shape, value: Any) -> Any:
    """The value, whose strings are all among those that their shapes list."""
    if value is UNKNOWN:
        return value
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, one in value.items():
            if name in shape.members:
                _checked(shape.members[name], one)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for one in value:
            _checked(shape.member, one)
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        raise ValueError(f"{value} is not one of {shape.enum}")
    return value


def _invalid(given: Mapping[str, Any], shape: Shape | None) -> Iterator[str]:
    """What the model refuses of the values, of which those that are unknown count as given."""
    if shape is None:
        return
    assert isinstance(shape, StructureShape)
    yield from (f"lacks {one}" for one in shape.required_members if one not in given)
    for name, value in given.items():
        if value is not UNKNOWN and not _has_unknown(value):
            report = ParamValidator().validate(value, shape.members[name])
            if report.has_errors():
                yield f"{name}: {report.generate_report()}"


def _has_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(_has_unknown, value))
    return value is UNKNOWN


@dataclass(frozen=True)
class AwsCall:
    """The call that a command makes, and which part of the response it prints."""

    service: str
    operation: str
    parameters: dict[str, Any]
    query: str | None


def call_of(command: AwsCommand, values: Mapping[str, str]) -> AwsCall:
    """The call of a command without errors, with the values of what the reader enters."""
    service, name, *rest = (values.get(word, word) for word in command.words)
    operation, rest = _operation(service, name, rest)
    assert operation is not None
    members = operation.input_shape.members if operation.input_shape else {}
    names = {f"--{xform_name(one, '-')}": one for one in members}
    options = split_options(rest)[1]
    return AwsCall(
        NAMED_OTHERWISE.get(service, service),
        xform_name(operation.name),
        {
            names[option]: value_of(members[names[option]], words)
            for option, words in options.items()
            if option in names
        },
        " ".join(options["--query"]) if "--query" in options else None,
    )
