"""Maintain ``docs/api-changelog.md``: how the API, with its FHIR part, differs from its last release.

``python -m tools.openapi`` updates the unreleased section. ``python -m tools.api_changelog`` turns it
into the section of a release, with the version of ``pyproject.toml`` and today's date, and stores the
documents as the baseline for later changes. It fails if a change breaks callers.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from tools import fhir_interface_changes
from tools.openapi_changes import Change, Kind, changes
from tools.openapi_files import ROOT, as_json

CHANGELOG: Final = ROOT / "docs" / "api-changelog.md"
RELEASED: Final = ROOT / "docs" / "openapi-released.json"
DOCUMENT: Final = ROOT / "docs" / "openapi.json"
FHIR_RELEASED: Final = ROOT / "docs" / "fhir-interface-released.json"
FHIR_DOCUMENT: Final = ROOT / "docs" / "fhir-interface.json"
_HEADING: Final = "## Not released yet\n"
_SECTION: Final = re.compile(rf"{_HEADING}.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)


def released(path: Path = RELEASED) -> dict[str, Any]:
    """Return the released OpenAPI document, or the document at another path."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def fhir_changes(current: dict[str, Any]) -> list[Change]:
    """Return the differences between the released and the current FHIR interface."""
    return fhir_interface_changes.changes(released(FHIR_RELEASED), current)


def with_changes(text: str, current: Mapping[str, Any], further: Iterable[Change] = ()) -> str:
    """Return the changelog with the unreleased section updated.

    ``current`` is the OpenAPI document; ``further`` are the changes of the FHIR interface.

    Raises:
        LookupError: the changelog has no unreleased section.
    """
    if not _SECTION.search(text):
        raise LookupError(f"{CHANGELOG.name} has no section {_HEADING.strip()!r}")
    found = [*changes(released(), current), *further]
    listed = _listed(sorted(found, key=lambda change: (list(Kind).index(change.kind), change)))
    return _SECTION.sub(lambda _: f"{_HEADING}\n{listed}\n", text)


def breaks(current: Mapping[str, Any]) -> list[Change]:
    """Return the changes that would break callers of the released API."""
    return _broken(changes(released(), current))


def fhir_breaks(current: dict[str, Any]) -> list[Change]:
    """Return the changes that would break callers of the released FHIR interface."""
    return _broken(fhir_changes(current))


def _broken(found: Iterable[Change]) -> list[Change]:
    return [change for change in found if change.kind is Kind.BROKEN]


def _listed(found: Iterable[Change]) -> str:
    lines: list[str] = []
    for kind, group in groupby(found, key=lambda change: change.kind):
        lines += [f"{kind}:\n", *(f"- {change}" for change in group), ""]
    return "\n".join(lines) or "Nothing.\n"


def release() -> int:
    """Release the committed documents; return 0, or 1 after printing why they cannot be released."""
    current = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    interface = json.loads(FHIR_DOCUMENT.read_text(encoding="utf-8"))
    version, last = current["info"]["version"], released()["info"]["version"]
    broken = [*breaks(current), *fhir_breaks(interface)]
    errors = [f"breaks callers: {change}" for change in broken]
    if version == last:
        errors.append(
            f"version {version} is released: raise it in pyproject.toml and run make openapi"
        )
    if errors:
        print("\n".join(f"precert: {error}" for error in errors))
        return 1
    heading = f"{_HEADING}\nNothing.\n\n## {version} ({datetime.now(UTC).date().isoformat()})\n"
    text = with_changes(CHANGELOG.read_text(encoding="utf-8"), current, fhir_changes(interface))
    CHANGELOG.write_text(text.replace(_HEADING, heading, 1), encoding="utf-8")
    RELEASED.write_text(as_json(current), encoding="utf-8")
    FHIR_RELEASED.write_text(as_json(interface), encoding="utf-8")
    print(f"Released as {version}")
    return 0


if __name__ == "__main__":
    sys.exit(release())
