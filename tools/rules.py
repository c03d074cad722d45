"""Print every business rule of ``docs/rules.md`` with the tests that prove it.

A test proves a rule if ``@pytest.mark.rule("D3")`` with its id is on the test or its class, or in the
module's ``pytestmark``. The tests are parsed and not run.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
RULES_FILE: Final = ROOT / "docs" / "rules.md"
TESTS_FOLDER: Final = ROOT / "tests"
RULE_ROW: Final = re.compile(r"^\| *([A-Z]\d+) *\| *(.+?) *\|")
WIDTH: Final = 96


@dataclass(frozen=True)
class Proof:
    """A test that proves a rule."""

    rule_id: str
    test: str


def read_rules(text: str) -> dict[str, str]:
    """Return the text of each rule by its id, from the tables of the document, in order."""
    rows = (RULE_ROW.match(line) for line in text.splitlines())
    return {row.group(1): row.group(2) for row in rows if row}


def marked_ids(expressions: Iterable[ast.expr]) -> Iterator[str]:
    """Yield the ids in ``pytest.mark.rule(...)`` calls, also in lists and tuples of marks."""
    for expression in expressions:
        match expression:
            case ast.List(elts=marks) | ast.Tuple(elts=marks):
                yield from marked_ids(marks)
            case ast.Call(func=ast.Attribute(attr="rule"), args=arguments):
                for argument in arguments:
                    if isinstance(argument, ast.Constant):
                        yield str(argument.value)


def module_marks(tree: ast.Module) -> list[ast.expr]:
    """Return the expressions that the module assigns to ``pytestmark``."""
    return [
        statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in statement.targets)
    ]


def proofs_in(source: str, file: str) -> Iterator[Proof]:
    """Yield each test of a file with each rule in its marks, its class's or its module's."""
    tree = ast.parse(source, filename=file)
    yield from _proofs_of(tree.body, list(marked_ids(module_marks(tree))), file)


def _proofs_of(body: Iterable[ast.stmt], inherited: list[str], owner: str) -> Iterator[Proof]:
    for node in body:
        match node:
            case ast.ClassDef(name=name, decorator_list=marks, body=members):
                yield from _proofs_of(members, [*inherited, *marked_ids(marks)], f"{owner}::{name}")
            case (
                ast.FunctionDef(name=name, decorator_list=marks)
                | ast.AsyncFunctionDef(name=name, decorator_list=marks)
            ) if name.startswith("test"):
                for rule_id in dict.fromkeys([*inherited, *marked_ids(marks)]):
                    yield Proof(rule_id, f"{owner}::{name}")


def read_proofs(folder: Path) -> list[Proof]:
    """Return the proofs in all ``test_*.py`` files below a folder."""
    return [
        proof
        for file in sorted(folder.rglob("test_*.py"))
        for proof in proofs_in(
            file.read_text(encoding="utf-8"), file.relative_to(folder).as_posix()
        )
    ]


def report(rules: dict[str, str], proofs: Iterable[Proof]) -> Iterator[str]:
    """Yield the lines of the report: each rule with its tests, and the number of proven rules."""
    tests: dict[str, list[str]] = {rule_id: [] for rule_id in rules}
    for proof in proofs:
        tests.setdefault(proof.rule_id, []).append(proof.test)
    for rule_id, text in rules.items():
        short = text if len(text) <= WIDTH else f"{text[: WIDTH - 1].rstrip()}…"
        yield f"{rule_id:<4}{short}"
        yield from (f"      {test}" for test in tests[rule_id] or ["open"])
    proven = sum(bool(tests[rule_id]) for rule_id in rules)
    yield ""
    yield f"{proven} of {len(rules)} rules proven, {len(rules) - proven} open"


def main() -> int:
    """Print the report."""
    rules = read_rules(RULES_FILE.read_text(encoding="utf-8"))
    print("\n".join(report(rules, read_proofs(TESTS_FOLDER))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
