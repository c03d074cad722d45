"""Error codes of fields are the product's, listed with their meaning, and texts are for people."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from precert.domain.code_lists import ENUM_NAMES
from precert.domain.dates import OUT_OF_BOUNDS
from precert.domain.errors import ERROR_CODES
from precert.domain.payer import Payer
from precert.domain.value_errors import CODES_OF_TYPES
from precert.domain.values import PLACEHOLDER
from tests.architecture.source import modules, nodes
from tests.fakes import samples
from tools.operations import OPERATIONS

ELSEWHERE: Final = {
    OUT_OF_BOUNDS,
    PLACEHOLDER,
    *CODES_OF_TYPES.values(),
    "unknown_code",
    "not_valid_on_day",
    "outside_window",
}
"""Codes that are not literals of a ``FieldError``."""
NOT_OF_THE_API: Final = (
    *("precert/cli", "precert/domain/loading", "precert/usecases/rule_lists"),
    "precert/settings",
)
"""Errors of files that operators publish by a command, and of the configuration."""
OPERATION_IDS: Final = {one.operation_id for one in OPERATIONS.values()} - {"decide"}
MEMBERS: Final = {
    str(member.value)
    for names in ENUM_NAMES.values()
    for member in names
    if re.fullmatch(r"[A-Z]+(_[A-Z]+)+|PENDING|PROCESSING|INCOMPLETE|VOID", str(member.value))
}
RAISED: Final = re.compile(r"\w+Error$|refusal$|FieldError$")


def calls() -> Iterator[tuple[str, ast.Call]]:
    for module in modules():
        if module.is_in("precert", "functions") and not module.path.startswith(NOT_OF_THE_API):
            for node in nodes(module.tree):
                if isinstance(node, ast.Call):
                    yield module.path, node


def name_of(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def codes() -> Iterator[tuple[str, str]]:
    for where, call in calls():
        if name_of(call) == "FieldError" and len(call.args) > 1:
            for node in ast.walk(call.args[1]):
                if isinstance(node, ast.Constant):
                    yield f"{where}:{call.lineno}", str(node.value)


def test_code_is_listed_with_its_meaning_when_an_error_has_it() -> None:
    unlisted = [(where, code) for where, code in codes() if code not in ERROR_CODES]
    assert unlisted == [], "add the code to precert/domain/errors.py"
    unused = ERROR_CODES.keys() - {code for _, code in codes()} - ELSEWHERE
    assert unused == set()
    assert set(CODES_OF_TYPES.values()) <= ERROR_CODES.keys()


def texts() -> Iterator[tuple[str, str]]:
    """The literal texts of errors, and an attribute ``value`` of an enumeration within them."""
    for where, call in calls():
        if not RAISED.search(name_of(call)):
            continue
        for argument in call.args:
            for node in ast.walk(argument):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"{where}:{node.lineno}", node.value
                elif isinstance(node, ast.FormattedValue):
                    shown = ast.unparse(node.value)
                    if shown.endswith(".value"):
                        yield f"{where}:{node.lineno}", f"{{{shown}}}"


def payer_texts(payer: Payer) -> Iterator[tuple[str, str]]:
    for name, text in {**payer.notices, **payer.messages}.items():
        yield f"payer.json {name}", text


def test_texts_name_no_operation_and_no_enum_member_when_people_read_them() -> None:
    found = [
        (where, word)
        for where, text in (*texts(), *payer_texts(samples.payer()))
        for word in re.findall(r"[A-Za-z_]+|\{[\w.]+\.value\}", text)
        if word in OPERATION_IDS or word in MEMBERS or word.endswith(".value}")
    ]
    assert found == []
