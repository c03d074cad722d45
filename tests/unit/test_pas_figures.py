"""The figures in docs/prior-authorization-api.md are those of the tables and tests."""

import re
from pathlib import Path
from typing import Final

from tests.architecture.test_requirements import TABLES, rows
from tests.guide_examples import guide_examples
from tests.unit.test_must_support import CANNOT, OF_ERRORS
from tools.fhir_validator import pas_validator

PAGE: Final = Path("docs/prior-authorization-api.md")
PROFILE: Final = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/profile-"
NAMES: Final = {"crd": "CRD", "dtr": "DTR", "pas": "PAS", "subscriptions": "Subscriptions"}
_TEST: Final = re.compile(r"`tests/[\w/]+\.py::test_\w+`")


def elements(profile: str) -> int:
    return sum("." in one for one in pas_validator().must_support(f"{PROFILE}{profile}"))


def figures() -> dict[str, str]:
    """By the first cell of a row, the second."""
    found = {}
    for table in TABLES:
        listed = rows(table)
        binding = [one for one in listed if one.level.startswith("SHALL")]
        proven = [sum(bool(_TEST.search(one.proof)) for one in part) for part in (listed, binding)]
        found[f"{NAMES[table.stem]}: requirements with a test"] = (
            f"{proven[0]} of {len(listed)}; of SHALL and SHALL NOT {proven[1]} of {len(binding)}"
        )
    total = sum(elements(one) for one in CANNOT)
    missing = sum(len(one) for one in CANNOT.values()) + len(OF_ERRORS)
    found["Must-support elements of responses that are answered"] = f"{total - missing} of {total}"
    accepted = sum(elements(one) for one in ("claim", "claim-inquiry"))
    found["Must-support elements of claims and inquiries that are accepted"] = (
        f"{accepted} of {accepted}"
    )
    examples = len(guide_examples("pas-2.2.1"))
    found["Examples of the PAS package that the validator reads"] = f"{examples} of {examples}"
    return found


def test_figures_of_the_page_are_current_when_they_are_counted() -> None:
    """The tests that are named in the page hold that nothing else is missing."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert [
        one for one in (f"| {a} | {b} |" for a, b in figures().items()) if one not in lines
    ] == []
