"""The glossary is in alphabetical order and defines each term once."""

import json
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


def test_names_are_those_of_api_or_code_when_the_glossary_has_them() -> None:
    """Names in code font stand in the API's document, the payer's data or the product's code."""
    used = (ROOT / "docs" / "openapi.json").read_text("utf-8")
    used += (ROOT / "data" / "payer" / "payer.json").read_text("utf-8")
    used += "".join(file.read_text("utf-8") for file in (ROOT / "precert").rglob("*.py"))
    words = set(re.findall(r"\w+", used))
    names = {
        name for span in re.findall(r"`([^`]+)`", GLOSSARY) for name in re.findall(r"\w{3,}", span)
    }
    assert names - words == set()


def test_every_value_of_the_api_is_named_when_an_enumeration_has_it() -> None:
    """``FieldKind`` is how a form field is entered, which its own fields describe."""
    pages = GLOSSARY + (ROOT / "docs" / "api.md").read_text("utf-8")
    schemas = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))["components"][
        "schemas"
    ]
    unnamed = {
        name: values
        for name, schema in schemas.items()
        if name != "FieldKind"
        and (values := [one for one in schema.get("enum", ()) if f"`{one}`" not in pages])
    }
    assert unnamed == {}
