"""The SQL of the product is that of the oldest SQLite that a runtime of Lambda had: 3.7.17.

The tests run on a newer SQLite, which accepts what the runtime's version may lack.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.source import modules, nodes

STATEMENT: Final = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|REPLACE|WITH|ALTER|DROP)\b")
LATER: Final = {
    r"\bROWID\b": "3.8.2",
    r"\bWITH\b": "3.8.3",
    r"\bINDEX\b": "3.8.0 and 3.9.0 have kinds of them",
    r"\bON CONFLICT\b": "3.24",
    r"\bOVER\s*\(": "3.25",
    r"\bFILTER\s*\(": "3.30",
    r"\bNULLS (FIRST|LAST)\b": "3.30",
    r"\bGENERATED\b": "3.31",
    r"\bIIF\s*\(": "3.32",
    r"\bRETURNING\b": "3.35",
    r"\bMATERIALIZED\b": "3.35",
    r"\bSTRICT\b": "3.37",
    r"->": "3.38",
    r"\b(RIGHT|FULL)( OUTER)? JOIN\b": "3.39",
    r"\bIS (NOT )?DISTINCT\b": "3.39",
    r"\b(TRUE|FALSE)\b": "3.23",
    r"\b(PRINTF|FORMAT|JSON\w*|UNIXEPOCH|STRING_AGG|CONCAT\w*|OCTET_LENGTH)\s*\(": "3.8.3 to 3.44",
    r"\([^()]*,[^()]*\)\s*(=|<|>|IN\b)": "3.15 compares rows of values",
}
"""What a pattern matches, and the release of SQLite that has it first."""


def statements() -> Iterator[tuple[str, str]]:
    """Each SQL text of the product and of what compiles its files, with its module."""
    product = [one for one in modules() if one.is_in("precert", "functions", "infra")]
    for module in product:
        for node in nodes(module.tree):
            if isinstance(node, ast.JoinedStr):
                parts = [one.value for one in node.values if isinstance(one, ast.Constant)]
                text = "?".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
            else:
                continue
            if STATEMENT.match(text):
                yield module.name, text


def later(text: str) -> list[str]:
    upper = text.upper()
    return [f"{one[0]}: {LATER[one.re.pattern]}" for one in _found(upper)]


def _found(text: str) -> Iterator[re.Match[str]]:
    for pattern in LATER:
        if match := re.search(pattern, text):
            yield match


def test_no_sql_is_newer_than_the_runtime_when_it_is_run() -> None:
    found = list(statements())
    assert {name for name, _ in found} >= {
        "precert.adapters.code_sets",
        "precert.adapters.s3.rule_lists",
        "infra.code_sets",
    }
    assert {name: later(text) for name, text in found if later(text)} == {}


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE codes (code TEXT PRIMARY KEY) WITHOUT ROWID",
        "WITH found AS (SELECT 1) SELECT * FROM found",
        "INSERT INTO codes VALUES (?) ON CONFLICT DO NOTHING",
        "SELECT code, row_number() OVER (ORDER BY code) FROM codes",
        "DELETE FROM codes WHERE code = ? RETURNING code",
        "SELECT * FROM codes WHERE (code_set, code) IN (VALUES (?, ?))",
        "SELECT * FROM codes WHERE code IS NOT DISTINCT FROM ?",
        "SELECT unixepoch()",
    ],
)
def test_sql_is_refused_when_a_later_release_introduced_it(text: str) -> None:
    assert later(text)
