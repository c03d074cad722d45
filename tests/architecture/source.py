"""Read the project's source as syntax trees, for the architecture tests."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDERS: Final = ("precert", "functions", "infra", "local", "tools", "tests", "bench")


@dataclass(frozen=True)
class Module:
    """One Python file of the project."""

    path: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The dotted name; a package has the name of its ``__init__``."""
        return self.path.removesuffix(".py").replace("/", ".")

    def is_in(self, *packages: str) -> bool:
        return any(is_within(self.name, package) for package in packages)

    def at(self, node: ast.stmt | ast.expr | ast.pattern) -> str:
        return f"{self.path}:{node.lineno}"


def is_within(name: str, package: str) -> bool:
    """Whether a name is the package or below it; ``x_*`` matches every package with the prefix."""
    if package.endswith("*"):
        return name.startswith(package.removesuffix("*"))
    return name == package or name.startswith(f"{package}.")


@cache
def modules() -> tuple[Module, ...]:
    """All Python files of the project's own folders."""
    return tuple(
        Module(file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8")))
        for folder in FOLDERS
        for file in sorted((ROOT / folder).rglob("*.py"))
    )


@cache
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """All nodes of a tree, which several tests read."""
    return tuple(ast.walk(tree))


@cache
def project_files() -> tuple[Path, ...]:
    """Files that git tracks, or that the next ``git add`` would add."""
    listed = subprocess.run(
        ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Each import with its dotted name, local imports included."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


@cache
def references(tree: ast.AST) -> tuple[tuple[ast.expr, str], ...]:
    """Each use of an imported name, by its full dotted name."""
    return tuple(_references(tree))


def _references(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    known = dict(_aliases(tree))
    for node in nodes(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name, dot, rest = dotted(node).partition(".")
            if name in known:
                yield node, f"{known[name]}{dot}{rest}"


def _aliases(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (top, top)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def dotted(node: ast.expr) -> str:
    """``a.b.c`` of an attribute chain; empty where it does not start at a name."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            start = dotted(value)
            return f"{start}.{attribute}" if start else ""
        case _:
            return ""
