"""Conventions for tests: names, folders, and the rules that they reference."""

import ast
import re
from typing import Final

from tests.architecture.source import ROOT, modules, nodes
from tools.rules import RULES_FILE, read_proofs, read_rules
from tools.verify import steps

NAME: Final = re.compile(r"test_[a-z0-9_]+_when_[a-z0-9_]+")
TESTS: Final = ROOT / "tests"


def test_name_has_outcome_and_condition_when_it_is_a_test() -> None:
    errors = [
        f"{module.at(node)} {node.name}"
        for module in modules()
        if module.is_in("tests") and module.name.rpartition(".")[2].startswith("test_")
        for node in nodes(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test")
        and not NAME.fullmatch(node.name)
    ]
    assert not errors, "\n".join(errors)


def test_every_rule_exists_when_a_test_names_it() -> None:
    known = read_rules(RULES_FILE.read_text(encoding="utf-8"))
    assert [proof for proof in read_proofs(TESTS) if proof.rule_id not in known] == []


def test_every_test_is_run_when_it_is_in_a_folder() -> None:
    run = {step.name for step in steps() if step.folder}
    found = {file.relative_to(TESTS).parts[0] for file in TESTS.rglob("test_*.py")}
    assert found - run == set()
