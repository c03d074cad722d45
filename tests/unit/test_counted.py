"""Numbers with their nouns in messages: the noun is in the singular after 1."""

import re
from pathlib import Path
from typing import Final

import pytest

from precert.domain.wording import counted, listed

ROOT: Final = Path(__file__).parents[2]
UNCOUNTED: Final = re.compile(r'f"[^"\n]*\{len\([^{}]*\)[^{}]*\} (\w+ )?[a-z]+s\b')
"""A length before a noun in the plural, in a text that is filled."""


@pytest.mark.parametrize(
    ("number", "nouns", "text"),
    [
        (0, "rules", "0 rules"),
        (1, "rules", "1 rule"),
        (2, "rules", "2 rules"),
        (1, "entries", "1 entry"),
        (1200, "entries", "1,200 entries"),
        (1, "TINs", "1 TIN"),
        (1, "covered members", "1 covered member"),
    ],
)
def test_noun_is_in_the_singular_when_the_number_is_one(number: int, nouns: str, text: str) -> None:
    assert counted(number, nouns) == text


@pytest.mark.parametrize(
    ("names", "text"), [(["1.1"], "line 1.1"), (["1.1", "2.1"], "lines 1.1, 2.1")]
)
def test_noun_is_in_the_singular_when_one_is_named(names: list[str], text: str) -> None:
    assert listed("lines", names) == text


def test_no_length_is_before_a_plural_when_a_message_states_a_number() -> None:
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for folder in ("precert", "functions")
        for file in sorted((ROOT / folder).rglob("*.py"))
        for match in UNCOUNTED.finditer(file.read_text(encoding="utf-8"))
    ]
    assert found == []
