"""Rules for every file of the repository."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from typing import Final

from precert.names import VERSION
from tests.architecture.source import ROOT, modules, nodes, project_files

# Each pattern is written so that it does not match this file.
FOREIGN: Final = {
    "a registry's host": re.compile(r"python[h]osted\.|registry\.np[m]js|pypi\.org/s[i]mple"),
    "a machine's path": re.compile(r"(?<![\w.])/(?:wor[k]|roo[t]|far[m]|User[s])/\w"),
}
PIN: Final = re.compile(r"^([a-z0-9][a-z0-9._-]*)==\S+ \\$", re.MULTILINE)
WISH: Final = re.compile(r"^([a-z0-9][a-z0-9._-]*)", re.MULTILINE)


def findings() -> Iterator[str]:
    for path in project_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            for what, pattern in FOREIGN.items():
                if pattern.search(line):
                    yield f"{path.relative_to(ROOT)}:{number} names {what}"


def test_no_host_or_machine_path_appears_when_tracked_files_are_read() -> None:
    errors = list(findings())
    assert not errors, "\n".join(errors)


def test_every_requirement_is_locked_when_requirements_are_compiled() -> None:
    errors = [
        f"{wishes.name}: {name} is not in {wishes.stem}.txt; run make lock"
        for wishes in sorted((ROOT / "requirements").glob("*.in"))
        for name in WISH.findall(wishes.read_text(encoding="utf-8"))
        if name not in PIN.findall(wishes.with_suffix(".txt").read_text(encoding="utf-8"))
    ]
    assert not errors, "\n".join(errors)


def test_shared_pins_agree_when_layers_and_tools_are_locked() -> None:
    names = ("runtime", "printing", "inspecting", "signing", "dev")
    locks = [(ROOT / "requirements" / f"{name}.txt").read_text() for name in names]
    *layers, dev = (set(re.findall(r"^\S+==\S+", lock, re.MULTILINE)) for lock in locks)
    assert set().union(*layers) - dev == set()


def test_version_is_that_of_the_package_when_the_api_states_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == VERSION


def test_node_packages_name_no_host_when_locked() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []


def cdk_imports() -> Iterator[str]:
    """The modules of ``aws_cdk`` that the project's code imports."""
    for module in modules():
        for node in nodes(module.tree):
            if isinstance(node, ast.Import):
                yield from (name.name for name in node.names if name.name.startswith("aws_cdk"))
            elif isinstance(node, ast.ImportFrom) and node.module == "aws_cdk":
                yield from (f"aws_cdk.{one.name}" for one in node.names if one.name.islower())
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aws_cdk"):
                yield node.module or ""


def test_mypy_reads_exactly_the_imported_modules_when_it_skips_the_rest_of_the_cdk() -> None:
    """A module that mypy skips has the type ``Any``, so a missing one would go unchecked."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = [
        name
        for override in settings["tool"]["mypy"]["overrides"]
        if override.get("follow_imports") == "normal"
        for name in override["module"]
        if name.startswith("aws_cdk")
    ]
    assert listed == sorted(set(cdk_imports()))
