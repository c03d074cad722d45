"""Printed documents: accessible, literal, and complete for any length of text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import typst
from pypdf.generic import DictionaryObject

from precert.adapters.typst_printer import TypstPrinter
from tests.fakes.printing import opened, outside_pages, printer, text_of
from tools import samples

MARKUP: Final = r"""#panic("x") *bold* _it_ [a] $x^2$ \ @ref <label> `raw` // = - "q" ~ --- é"""
SERVICE: Final[Mapping[str, Any]] = {
    "title": "Office Visit and Procedure",
    "fields": [{"label": "Place of service", "value": "Office (POS 11)"}] * 6,
    "codes": [
        {
            "code": "99213",
            "code_set": "CPT",
            "modifiers": None,
            "starts": None,
            "units": None,
            "label": None,
            "rule": "VISIT-OFFICE-99213",
        }
    ],
}


def facts(**changes: Any) -> dict[str, Any]:
    """The data of the confirmation; a change replaces a whole part."""
    return {
        "payer": {
            "name": "Sample Health Plan",
            "contact": "Provider Services",
            "phone": "(800) 882-4462",
            "hours": None,
        },
        "checked_at": "July 1, 2026, 11:00 AM EDT",
        "reference": "CHK-260701150000-7Q2W8F5Y1ZT4XK6M",
        "rule_list": {"version": "2026-01", "effective_from": "January 1, 2026"},
        "patient": {
            "name": "Allison Adams",
            "date_of_birth": "January 1, 1986",
            "member_id": "849382930",
            "plan": "Open Access Plus 1500",
        },
        "provider": {
            "name": "A Clinic",
            "kind": None,
            "tin": "20-3129831",
            "npi": None,
            "phone": None,
            "fax": None,
            "address": ["1 Main Street", "Beachwood, OH 44122"],
        },
        "services": [SERVICE],
        "notices": ["By the rule list named here nothing is needed.", "It is no guarantee."],
    } | changes


def patient(name: str) -> dict[str, Any]:
    return {"patient": {**facts()["patient"], "name": name}}


def printed(**changes: Any) -> bytes:
    return printer().print("confirmation", facts(**changes))


def is_accessible(document: bytes) -> bool:
    """Whether its metadata states that it is PDF/UA-1."""
    metadata: Any = opened(document).root_object["/Metadata"]
    return b"<pdfuaid:part>1</pdfuaid:part>" in metadata.get_data()


def tags(element: Any) -> list[str]:
    """Every tag of the structure tree, in reading order."""
    found = element.get_object()
    if isinstance(found, list):
        return [tag for one in found for tag in tags(one)]
    if not isinstance(found, DictionaryObject):
        return []
    own = [str(found["/S"])] if "/S" in found else []
    return [*own, *(tags(found["/K"]) if "/K" in found else [])]


def test_document_is_tagged_when_printed() -> None:
    document = printed()
    root: Any = opened(document).root_object
    assert is_accessible(document)
    assert root["/Lang"] == "en-US"
    assert root["/MarkInfo"]["/Marked"]
    found = tags(root["/StructTreeRoot"])
    assert [tag for tag in found if tag.startswith("/H")] == ["/H1", *["/H2"] * 4]
    assert {"/Table", "/THead", "/TBody", "/TH", "/TD", "/P"} <= set(found)


@pytest.mark.parametrize("services", [1, 2, 3])
def test_one_page_is_enough_when_a_check_is_realistic(services: int) -> None:
    two_codes = {**SERVICE, "codes": [*SERVICE["codes"]] * 2}
    assert len(opened(printed(services=[two_codes] * services)).pages) == 1


def test_each_page_has_its_header_when_there_are_many_services() -> None:
    pages = [page.extract_text() for page in opened(printed(services=[SERVICE] * 20)).pages]
    assert len(pages) > 2
    for number, text in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in text
        assert "Confirmation: no precertification required" in text
        assert "849382930" in text
    assert "Service 20 of 20" in text_of(printed(services=[SERVICE] * 20))


def test_header_is_on_every_page_when_a_service_has_a_hundred_codes() -> None:
    long = {
        **SERVICE,
        "codes": [{**SERVICE["codes"][0], "code": str(99000 + at)} for at in range(100)],
    }
    pages = [page.extract_text() for page in opened(printed(services=[long])).pages]
    assert all(
        "Precertification Rule" in " ".join(text.split()) for text in pages if "VISIT" in text
    )
    assert "99099" in pages[-1]


LINES: Final = "\n".join(f"{number}. Criterion {number}: not met" for number in range(1, 151))
"""More lines than two pages hold."""
LONG: Final = "The plan's provision applies to this service. " * 400


def notice(**changes: Any) -> dict[str, Any]:
    """The data of a denial notice; a change replaces a whole part."""
    line = {
        "line": "1.1",
        "service": "Surgical Inpatient",
        "place": "Surgical",
        "code": "CPT 44125",
        "diagnosis": "K56.50 Intestinal adhesions",
        "requested": "1 unit, 3 days, from July 20, 2026",
        "outcome": "Denied",
        "approved": None,
        "dates_changed": None,
        "reason": "Not medically necessary",
        "reason_code": "0F",
        "rationale": "The criterion is not met.",
        "criterion": "Sample criterion 1",
        "adverse": True,
    }
    return {
        "payer": {**facts()["payer"], "address": ["P.O. Box 1000", "Cleveland, OH 44101"]},
        "date": "July 1, 2026",
        "number": "PC0123456789",
        "title": "Your request is denied",
        "opening": "We did not approve the services.",
        "recipient": ["Allison Adams", "12 Larchmere Blvd", "Shaker Heights, OH 44120"],
        "patient": facts()["patient"],
        "requesting_provider": {"name": "A", "tin": None, "npi": None, "phone": None},
        "servicing_provider": {"name": "B", "tin": None, "npi": None, "phone": None},
        "lines": [line | changes.pop("line", {})] * changes.pop("lines", 1),
        "sections": [{"title": "The right to appeal", "text": "You can appeal."}],
        "extension": None,
        "language_help": ["Language assistance is free."],
    } | changes


@pytest.mark.rule("W4")
@pytest.mark.parametrize(
    ("data", "end"),
    [
        (notice(line={"rationale": LINES}), "150. Criterion 150: not met"),
        (notice(line={"criterion": LINES}), "150. Criterion 150: not met"),
        (notice(line={"rationale": LONG + "END"}), "service. END"),
        (notice(line={"dates_changed": LINES}), "150. Criterion 150: not met"),
        (notice(lines=60), "Language assistance"),
        (notice(opening=LINES), "150. Criterion 150: not met"),
        (notice(sections=[{"title": "Appeal", "text": LINES}]), "150. Criterion 150: not met"),
        (notice(language_help=[LINES]), "150. Criterion 150: not met"),
    ],
    ids=["rationale", "criterion", "prose", "dates", "many", "opening", "section", "language"],
)
def test_notice_continues_on_the_next_page_when_a_text_is_longer_than_a_page(
    data: dict[str, Any], end: str
) -> None:
    document = printer().print("notice", data)
    assert outside_pages(document) == []
    assert end in text_of(document)
    assert len(opened(document).pages) >= 3
    assert is_accessible(document)


@pytest.mark.parametrize(
    "changes",
    [
        {"notices": [LINES]},
        {"provider": {**facts()["provider"], "address": [LINES]}},
        {"services": [{**SERVICE, "title": LONG}]},
        {"services": [{**SERVICE, "fields": [{"label": "Place of service", "value": LINES}]}]},
        {"services": [{**SERVICE, "codes": [{**SERVICE["codes"][0], "label": LINES}]}]},
        {"services": [{**SERVICE, "codes": [*SERVICE["codes"]] * 12}] * 9},
    ],
    ids=["notice", "address", "title", "field", "label", "codes"],
)
def test_confirmation_continues_on_the_next_page_when_a_text_is_longer_than_a_page(
    changes: dict[str, Any],
) -> None:
    assert outside_pages(printed(**changes)) == []


def test_address_block_is_in_the_window_when_a_notice_is_folded() -> None:
    """The window of a #10 envelope shows 2 to 3 inches from the top, 0.6 to 4.9 from the left."""
    found: dict[str, tuple[float, float]] = {}

    def visit(text: str, cm: Any, tm: Any, _font: Any, _size: Any) -> None:
        if text.strip():
            y = cm[1] * tm[4] + cm[3] * tm[5] + cm[5]
            found.setdefault(text.strip(), (cm[0] * tm[4] + cm[4], 792 - y))

    opened(printer().print("notice", notice())).pages[0].extract_text(visitor_text=visit)
    for line in notice()["recipient"]:
        left, top = found[line]
        assert 0.6 * 72 <= left < 4.9 * 72
        assert 2 * 72 <= top <= 3 * 72, (line, top / 72)


def test_markup_is_printed_literally_when_a_name_contains_it() -> None:
    text = text_of(printed(**patient(MARKUP), provider={**facts()["provider"], "name": MARKUP}))
    assert text.count(MARKUP) == 2


@pytest.mark.parametrize("name", ["Łódź Şahin", "Ωμέγα", "Жуков", "Nguyễn Đặng", "O’Brien-Þór"])
def test_name_is_readable_when_it_is_not_plain_latin(name: str) -> None:
    document = printed(**patient(name))
    assert name in text_of(document)
    assert is_accessible(document)


@pytest.mark.parametrize("name", ["محمد", "שלום", "नमस्ते"])
def test_every_character_is_visible_when_the_script_is_another(name: str) -> None:
    assert is_accessible(printed(**patient(name)))


@pytest.mark.parametrize("name", ["王小明", "😀 Smith", "\U0001f469\u200d\U0001f4bb", "ไทย"])
def test_document_is_printed_when_no_font_has_a_character(name: str) -> None:
    document = printed(**patient(name))
    assert "Beachwood, OH 44122" in text_of(document)
    assert not is_accessible(document)
    assert "/StructTreeRoot" in opened(document).root_object


def right_edges(document: bytes) -> list[float]:
    """The minimum right edge of each piece of text, in points from the left."""
    found: list[float] = []
    for page in opened(document).pages:
        page.extract_text(
            visitor_text=lambda text, _ctm, at, *_: found.append(at[4]) if text.strip() else None
        )
    return found


def test_nothing_overflows_the_page_when_words_are_very_long() -> None:
    endless = "W" * 120
    document = printed(
        patient=dict.fromkeys(facts()["patient"], endless),
        provider={**facts()["provider"], "name": endless, "address": [endless, endless]},
        payer={**facts()["payer"], "name": endless},
        rule_list={"version": endless, "effective_from": "January 1, 2026"},
        reference=endless,
        services=[
            {
                "title": endless,
                "fields": [{"label": endless, "value": endless}] * 6,
                "codes": [{**SERVICE["codes"][0], "label": endless, "rule": endless}],
            }
        ],
    )
    assert max(right_edges(document)) < 612 - 0.8 * 72
    assert text_of(document).replace(" ", "").count(endless) >= 6


def test_bytes_are_identical_when_the_facts_are_identical() -> None:
    first = TypstPrinter(printer()._templates).print("confirmation", facts())
    assert first == printed() == printed()


def test_data_of_one_caller_is_cleared_when_the_next_prints() -> None:
    printed(**patient("Somebody Else"))
    assert "Somebody" not in text_of(printed())


def test_template_reads_its_own_folder_only_when_it_reads_files(tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (templates / "nosy.typ").write_text('#set document(title: "x")\n#read("../secret.txt")')
    with pytest.raises(typst.TypstError):
        TypstPrinter(templates).print("nosy", {})


def test_sample_is_current_when_it_is_printed_again() -> None:
    """Compared as text: another processor may round a coordinate differently."""
    for path, document in samples.documents().items():
        assert text_of(path.read_bytes()) == text_of(document), "run make samples"
        assert len(document) < 60_000
        assert is_accessible(document)
