"""The glossary is in alphabetical order and defines each term once."""

import re
from typing import Final

from tests.architecture.source import ROOT

GLOSSARY: Final = (ROOT / "docs" / "glossary.md").read_text("utf-8")
TERMS: Final = re.findall(
    r"^\| ([^|`]+) \| [^|]*\| [^|]+ \|$", GLOSSARY.split("## Terms")[1], re.MULTILINE
)[2:]


def test_terms_are_in_alphabetical_order_when_one_is_added() -> None:
    folded = [re.sub(r"[^a-z0-9 ]", "", term.lower()) for term in TERMS]
    assert len(folded) > 50
    assert folded == sorted(set(folded))
