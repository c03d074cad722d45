"""Files, operations, commands and their options that the documentation names exist."""

import argparse
import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from precert.cli.main import parser
from tests.architecture.source import ROOT

PAGES: Final = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
TARGETS: Final = set(
    re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_resolve_when_a_page_has_them(page: Path) -> None:
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        if path.startswith(("http:", "https:")):
            continue
        target = (page.parent / path) if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_exist_when_a_page_names_them(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    assert targets - TARGETS == set()
    modules = set(re.findall(r"python -m ([a-z_][a-z_.]*[a-z])", text))
    assert {name for name in modules if find_spec(name) is None} == set()


OPENAPI: Final = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
FHIR: Final = json.loads((ROOT / "docs" / "fhir-interface.json").read_text("utf-8"))
METHODS: Final = "GET|POST|PUT|PATCH|DELETE"
ROUTES: Final = {
    *(
        (method.upper(), path)
        for path, operations in OPENAPI["paths"].items()
        for method in operations
    ),
    *(tuple(route.split(" ")) for route in FHIR["routes"]),
}
ADDRESSES: Final = {"/v1", "/fhir/r4", "/cds-services", "/oauth"}
"""The beginnings of paths, which a page can name by themselves."""
NAMED_PATH: Final = re.compile(
    rf"(?:\b({METHODS}) )?(?<![\w.-])(?:\$API)?(/(?:v1|fhir/r4|cds-services|oauth)"
    r"\b[^\s`\"'|()<>?…]*)"
)


def variants(path: str) -> Iterator[tuple[str, ...]]:
    """The segments of a route; one for each FHIR operation and CDS service where it has many."""
    names = {
        "{service_id}": [one["id"] for one in FHIR["cds_services"]["services"]],
        "{operation}": [f"${name.partition('$')[2]}" for name in FHIR["operations"]],
    }
    segments = tuple(path.split("/"))
    last = segments[-1]
    for name in names.get(last, [last]):
        owner = "/".join(one for one in segments[3:-1] if not one.startswith("{"))
        if last != "{operation}" or f"{owner}/{name}".lstrip("/") in FHIR["operations"]:
            yield (*segments[:-1], name)
    if last == "{operation}":
        yield segments


CHOICES: Final = {"{operation}", "{service_id}"}
"""Segments for which the documents name every value."""
IDENTIFIER: Final = re.compile(r"\{|\$|.*\d")
"""What stands for an id on a page: a placeholder, a variable of a shell, or an example."""
ENDING: Final = ".,;:*/\\"
KNOWN: Final = {(method, one) for method, path in ROUTES for one in variants(path)}


def is_known(method: str, path: str) -> bool:
    named = path.rstrip(ENDING).replace("\\", "").split("/")
    return any(
        method in {"", known_method}
        and len(named) == len(known)
        and all(
            one == segment
            or (segment.startswith("{") and segment not in CHOICES and IDENTIFIER.match(one))
            for one, segment in zip(named, known, strict=True)
        )
        for known_method, known in KNOWN
    )


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.stem != "api-changelog"], ids=lambda page: page.stem
)
def test_operations_exist_when_a_page_names_them(page: Path) -> None:
    unknown = [
        f"{method} {path}".strip()
        for method, path in NAMED_PATH.findall(page.read_text("utf-8"))
        if path.rstrip(ENDING) not in ADDRESSES and not is_known(method, path)
    ]
    assert unknown == []


def errors_of_command(words: list[str]) -> Iterator[str]:
    """What a command of operators has that does not exist."""
    command = parser()
    while words and words[0][:1] not in {"-", "<"}:
        topics = [one for one in command._actions if isinstance(one, argparse._SubParsersAction)]
        if not topics:
            break
        if words[0] not in topics[0].choices:
            yield words[0]
            return
        command, words = topics[0].choices[words[0]], words[1:]
    options = {option for action in command._actions for option in action.option_strings}
    yield from (one for one in words if one.startswith("--") and one not in options)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_options_exist_when_a_page_names_a_command(page: Path) -> None:
    text = page.read_text("utf-8").replace("\\\n", " ")
    named = re.findall(r"(?:python -m |`)precert ((?:[a-z-]+ )*[a-z-]+[^\n`|;)]*)", text)
    errors = {words: list(errors_of_command(words.split())) for words in named}
    assert {words: found for words, found in errors.items() if found} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_files_and_tests_exist_when_a_page_names_them(page: Path) -> None:
    missing = []
    for path, name in re.findall(
        r"`([\w.-]+/[\w./-]*\.(?:py|json|md|sh|toml|ts|tsx|csv|typ))(?:::(\w+))?`",
        page.read_text("utf-8"),
    ):
        file = ROOT / path
        if not file.exists() or (name and f"def {name}(" not in file.read_text("utf-8")):
            missing.append(f"{path}::{name}")
    assert missing == []
