"""Text as people, phones, browsers and operating systems enter it."""

from collections.abc import Callable
from typing import Any, Final
from unicodedata import category, normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from functions.submit.models import AppealBody, InformationResponseBody, VoidBody
from precert.domain.codes import Ndc
from precert.domain.coverage import Ssn
from precert.domain.decisions import DecisionEntry
from precert.domain.directory import name_matches
from precert.domain.documents import content_disposition, content_type_of
from precert.domain.text import (
    MAX_FILE_NAME,
    cleaned_line,
    cleaned_multiline,
    file_name_of,
    folded,
    search_words,
)
from precert.domain.values import (
    AssertionId,
    Diagnosis,
    FileName,
    MemberId,
    Modifier,
    Npi,
    Phone,
    ProcedureCode,
    Reason,
    Text,
    Tin,
    Units,
    Value,
    Words,
    ZipCode,
)
from tests.fakes.clock import START

ANY: Final = st.text(st.characters(), max_size=60)
INVISIBLE: Final = [
    *("\u00ad", "\u061c", "\u180e", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2060"),
    *("\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"),
    *("\u2061", "\u2062", "\u2063", "\u2064", "\ufeff"),
]
SPACES: Final = [
    *("\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006"),
    *("\u2007", "\u2008", "\u2009", "\u200a", "\u202f", "\u205f", "\u3000"),
]
APOSTROPHES: Final = [
    *(
        "'",
        "\u2018",
        "\u2019",
        "\u201a",
        "\u201b",
        "\u2032",
        "\u2035",
        "\u02b9",
        "\u02bb",
        "\u02bc",
    ),
    *(
        "\u02bd",
        "\u02be",
        "\u02bf",
        "\u02c8",
        "\u00b4",
        "`",
        "\uff07",
        "\uff40",
        "\ua78b",
        "\ua78c",
    ),
    *("\u055a", "\u07f4", "\u07f5"),
]
HYPHENS: Final = [
    *("-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2043", "\u2212"),
    *("\ufe58", "\ufe63", "\uff0d"),
]


class Named(Value):
    name: Text


def take(form: Any, value: object) -> Any:
    return TypeAdapter[Any](form).validate_python(value)


# -- Names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", SPACES)
def test_name_has_plain_spaces_when_other_spaces_were_entered(space: str) -> None:
    assert Named(name=f"{space}Thi{space}Mai{space}").name == "Thi Mai"
    assert folded(f"Thi{space}Mai") == folded("thimai")
    with pytest.raises(ValidationError):
        Named(name=space)


@pytest.mark.parametrize("character", INVISIBLE)
def test_name_has_no_invisible_character_when_one_was_entered(character: str) -> None:
    assert Named(name=f"{character}O{character}Brien{character}").name == "OBrien"
    assert folded(f"Mac{character}Donald") == "macdonald"
    with pytest.raises(ValidationError):
        Named(name=character * 3)


@pytest.mark.parametrize("apostrophe", APOSTROPHES)
def test_names_are_equal_when_their_apostrophes_differ(apostrophe: str) -> None:
    assert folded(f"O{apostrophe}Brien") == folded("O'Brien") == folded("OBRIEN")
    assert folded(f"Ka{apostrophe}ahumanu") == folded("kaahumanu")
    assert name_matches(f"St. Mary{apostrophe}s Hospital", "marys")


@pytest.mark.parametrize("hyphen", HYPHENS)
def test_names_are_equal_when_their_hyphens_differ(hyphen: str) -> None:
    assert folded(f"García{hyphen}Ruiz") == folded("Garcia Ruiz")
    assert name_matches(f"Smith{hyphen}Jones Clinic", "smith jones")
    assert name_matches(f"Smith{hyphen}Jones Clinic", "smithjones")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("Zoë", "zoe"), ("ZOE\u0308", "Zoë"), ("Nguyễn", "nguyen"), ("Łukasz", "LUKASZ")),
        *(("Strauß", "strauss"), ("STRAUẞ", "strauß"), ("Ørsted", "orsted"), ("Æsa", "aesa")),
        *(("Œuvrard", "oeuvrard"), ("ﬁnn", "finn"), ("Oﬀer", "offer"), ("Ŀluc", "lluc")),
        *(("İnan", "inan"), ("Işık", "isik"), ("Þóra", "thora"), ("Đorđe", "dorde")),
        *(("Ħal", "hal"), ("Ŋala", "nala"), ("Ａｎｎａ", "anna"), ("№1", "no1"), ("Ⅲ", "iii")),
        *(("d’Arc", "D'ARC"), ("Mc Donald", "McDonald"), ("van der Berg", "Vanderberg")),
        *(("Jean-Luc", "JEAN LUC"), ("St. John", "st john"), ("A\u030angstro\u0308m", "Ångström")),
    ],
)
def test_names_are_equal_when_people_type_them_plainly(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("name", "entered"),
    [
        *(("O'Brien Clinic", "o brien"), ("O’Brien Clinic", "obrien"), ("O Brien", "obrien")),
        *(
            ("De La Cruz, M.D.", "delacruz"),
            ("Mc Donald", "mcdonald"),
            ("Van den Berg", "vandenberg"),
        ),
        *(("Women’s Health", "womens"), ("Women’s Health", "women"), ("Women’s Health", "women's")),
        *(
            ("Smith-Jones", "jones"),
            ("St. Vincent", "st vincent"),
            ("Hôpital Général", "hopital gen"),
        ),
        *(("Groß & Söhne", "gross"), ("Groß & Söhne", "GROSS SOHNE"), ("D'Angelo", "angelo")),
        *(("Kaʻahumanu", "kaahumanu"), ("L'Hôpital", "hopital"), ("Live\u00a0Well", "well")),
    ],
)
def test_provider_is_found_when_its_name_is_typed_differently(name: str, entered: str) -> None:
    assert name_matches(name, entered)
    longest = max(folded(one) for one in entered.split())
    assert any(word.startswith(longest[:3]) for word in search_words(name))


@given(ANY)
@example("\u0345\u0301")
@example("ẞﬃ\u200d\u2019\u3000")
def test_folding_is_stable_when_any_text_is_folded_again(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert folded(normalize("NFD", text)) == folded(normalize("NFC", text))
    assert folded(text.upper()) == folded(text) or not text.isascii()


# -- What reaches notices, messages and exports --------------------------------------------------------


@given(ANY)
def test_stored_text_is_printable_when_any_text_is_entered(text: str) -> None:
    for clean, allowed in ((cleaned_line, ""), (cleaned_multiline, "\n")):
        try:
            found = clean(text)
        except ValueError:
            continue
        assert clean(found) == found
        assert all(one in allowed or category(one)[0] != "C" for one in found)
        assert not any(one in found for one in (*INVISIBLE, *SPACES))


MULTILINE: Final[dict[str, Callable[[str], Any]]] = {
    "void reason": lambda text: VoidBody(reason=text).reason,
    "appeal reason": lambda text: AppealBody(cycle=1, line_ids=("1.1",), reason=text).reason,
    "RFI response": lambda text: InformationResponseBody(requested_at=START, answer=text).answer,
    "reason": lambda text: take(Reason, text),
    "words": lambda text: take(Words, text),
    "rationale": lambda text: DecisionEntry(rationale=text).rationale,
    "criterion": lambda text: DecisionEntry(criterion=text).criterion,
}


@pytest.mark.parametrize("name", MULTILINE)
def test_prose_is_cleaned_when_it_is_entered(name: str) -> None:
    entered = "First\u202e line\r\nsecond\tline\u2028third\u00a0line\rlast\u200b"
    assert MULTILINE[name](entered) == "First line\nsecond line\nthird line\nlast"


@pytest.mark.parametrize("name", MULTILINE)
@pytest.mark.parametrize(
    "control", ["\x00", "\x07", "\x08", "\x1b[31m", "\x7f", "\x9b", "\ue000", "\ufffe", "\ud800"]
)
def test_prose_is_refused_when_it_has_control_characters(name: str, control: str) -> None:
    with pytest.raises(ValidationError, match="control characters"):
        MULTILINE[name](f"a{control}b")


# -- File names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("Re\u0301sume\u0301 de sortie.pdf", "Résumé de sortie.pdf"),
        ("C:\\fakepath\\scan.pdf", "scan.pdf"),
        ("C:\\Users\\Ann\\My Documents\\scan 1.PDF", "scan 1.PDF"),
        ("\\\\server\\share\\faxes\\0042.tif", "0042.tif"),
        ("d:scan.pdf", "d_scan.pdf"),
        ("Scan 11/26/2026.pdf", "Scan 11_26_2026.pdf"),
        ("Scan 11:26:2026.pdf", "Scan 11_26_2026.pdf"),
        ("back\\slash.pdf", "back_slash.pdf"),
        ('a<b>c"d|e?f*g.pdf', "a_b_c_d_e_f_g.pdf"),
        ("scan.pdf.", "scan.pdf"),
        ("scan.pdf . .", "scan.pdf"),
        (" scan.pdf ", "scan.pdf"),
        ("CON.pdf", "_CON.pdf"),
        ("nul.txt", "_nul.txt"),
        ("LPT1.report.pdf", "_LPT1.report.pdf"),
        ("COM\u00b9.pdf", "_COM\u00b9.pdf"),
        ("lpt\u00b3.tif", "_lpt\u00b3.tif"),
        ("conin$.txt", "_conin$.txt"),
        ("NUL .txt", "_NUL .txt"),
        ("console.pdf", "console.pdf"),
        ("com\u00b9pany.pdf", "com\u00b9pany.pdf"),
        ("invoice\u202efdp.exe.pdf", "invoicefdp.exe.pdf"),
        ("scan\u200e.pdf\u200f", "scan.pdf"),
        ("Scan\u202f2026\u3000.pdf", "Scan 2026 .pdf"),
        (
            "Screen Shot 2026-07-01 at 9.41.02\u202fAM.png",
            "Screen Shot 2026-07-01 at 9.41.02 AM.png",
        ),
        ("über ﬁle – final’s.docx", "über ﬁle – final’s.docx"),
        ("../../etc/passwd.txt", ".._.._etc_passwd.txt"),
        ("診断書.pdf", "診断書.pdf"),
    ],
)
def test_file_name_can_be_stored_everywhere_when_any_system_made_it(sent: str, stored: str) -> None:
    assert take(FileName, sent) == stored
    assert content_type_of(stored) is not None
    assert take(FileName, stored) == stored


@given(ANY.filter(lambda text: text.strip() != ""))
def test_file_name_is_safe_when_any_text_is_sent(text: str) -> None:
    try:
        name = file_name_of(f"{text}.pdf")
    except ValueError:
        return
    assert len(name) <= MAX_FILE_NAME
    assert not set(name) & set('<>:"/\\|?*\r\n')
    assert name == name.rstrip(". ")
    assert content_disposition(name).isascii()
    assert file_name_of(name) == name


def test_long_file_name_keeps_its_extension_when_it_is_shortened() -> None:
    stored = take(FileName, "Explanation of benefits " * 10 + ".PDF")
    assert len(stored) <= MAX_FILE_NAME
    assert stored.endswith(".PDF")


# -- Numbers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["1", "1.0", "1.00", "1e0", "10e-1", "0.1e1"])
def test_units_are_whole_when_json_writes_them_with_a_point(number: str) -> None:
    assert TypeAdapter(Units).validate_json(number, strict=True) == 1


@pytest.mark.parametrize(
    "number", ["1.5", "0.5", "1.0000001", "-1.5", "99.99", "1e-1", "2.5e0", '"1"', "true", "[1]"]
)
def test_units_are_refused_in_words_when_they_are_not_whole(number: str) -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(Units).validate_json(number, strict=True)
    [error] = raised.value.errors()
    if "." in number or "e-" in number:
        assert (error["type"], error["msg"]) == (
            "int_from_float",
            "must be a whole number, without a fraction",
        )


NUMBERS: Final[dict[str, tuple[Any, str, list[str]]]] = {
    "phone": (
        Phone,
        "2165550188",
        [
            *("216-555-0188", "(216) 555-0188", "216.555.0188", "216/555-0188", "216 555 0188"),
            *(
                "+1 216 555 0188",
                "1-216-555-0188",
                "+1 (216) 555\u20110188",
                "216\u2013555\u20130188",
            ),
            *(
                "\u202d(216) 555-0188\u202c",
                "216\u00a0555\u00a00188",
                "\u200e+1\u202f216\u202f555\u202f0188",
            ),
            *(
                "２１６５５５０１８８",
                "216\u2212555\u22120188",
                "(216)555.0188",
                "\ufeff2165550188",
            ),
            *("٢١٦٥٥٥٠١٨٨", "1 216.555.0188", "1.216.555.0188", "216 \u2014 555 \u2014 0188"),
        ],
    ),
    "ZIP code": (
        ZipCode,
        "44122",
        [
            *("44122", " 44122 ", "44122-1234", "44122 1234", "441221234", "44122\u20131234"),
            *(
                "４４１２２",
                "44122\u20101234",
                "\u200e44122",
                "44122\u00a01234",
                "44122\u22121234",
                "44122 ",
            ),
        ],
    ),
    "NPI": (
        Npi,
        "1234567893",
        [
            *(
                "1234-567-893",
                "1234 567 893",
                "123 456 7893",
                "1234567893 ",
                "１２３４５６７８９３",
            ),
            *(
                "1234\u2011567\u2011893",
                "\u202d1234567893\u202c",
                "1234.567.893",
                "1234\u00a0567\u00a0893",
            ),
        ],
    ),
    "TIN": (
        Tin,
        "203129831",
        [
            *("20-3129831", "20 3129831", "20\u20113129831", "20\u20133129831", "20\u22123129831"),
            *("\u202d20-3129831\u202c", "２０-３１２９８３１", "20\u00a03129831", " 20-3129831 "),
        ],
    ),
    "member id": (
        MemberId,
        "U70018347",
        [
            *("u70018347", "U7001 8347", "U7001-8347", "U7001\u00a08347", "Ｕ７００１８３４７"),
            *("U 7001 8347", "\u200eU70018347", "U7001\u20118347", " U70018347 "),
        ],
    ),
    "procedure code": (
        ProcedureCode,
        "J1745",
        [
            *("j1745", " J1745 ", "J1745\u200b", "\u202aJ1745\u202c", "Ｊ１７４５"),
            *("J1745\u00a0", "\ufeffj1745", "J\u00ad1745"),
        ],
    ),
    "modifier": (Modifier, "LT", ["lt", " LT", "LT\u200b", "ｌｔ", "\u200eLT\u00a0"]),
    "diagnosis": (
        Diagnosis,
        "K550",
        [
            *("k55.0", "K550 ", "K55.0\u200b", "\ufeffK55.0", "Ｋ５５.0", "K55\u2024" + "0"),
            *("K55．0", "\u202aK55.0\u202c", "\u00a0k550"),
        ],
    ),
    "NDC": (
        Ndc,
        "57894-0030-01",
        [
            *("57894-030-01", "57894003001", "57894\u2011030\u201101", "57894 030 01"),
            *("57894.030.01", "NDC 57894-030-01", "ndc: 57894-030-01", "NDC#57894-0030-01"),
            *("N457894003001", "N4 57894-0030-01", "５７８９４-０３０-０１", "57894 - 030 - 01"),
            *("\u202a57894-030-01\u202c", "57894\u2013030\u201301", "57894\u00a0030\u00a001"),
        ],
    ),
    "assertion id": (
        AssertionId,
        "CHK-202607010900-0123456789ABCDEF",
        [
            "chk-202607010900-0123456789abcdef",
            "CHK\u2011202607010900\u20110123456789ABCDEF",
            "CHK\u2013202607010900\u2013O123456789ABCDEF\u200b",
        ],
    ),
}


@pytest.mark.parametrize(
    "entered", ["57894-0030-012", "N4", "NDC", "N4 5789", "57894--030-01", "5789A-030-01"]
)
def test_ndc_is_refused_when_its_digits_are_wrong(entered: str) -> None:
    with pytest.raises(ValidationError):
        take(Ndc, entered)


@pytest.mark.parametrize(
    ("name", "entered"), [(name, one) for name, (_, _, forms) in NUMBERS.items() for one in forms]
)
def test_number_is_read_when_it_is_written_as_people_write_it(name: str, entered: str) -> None:
    form, stored, _ = NUMBERS[name]
    assert take(form, entered) == stored


@pytest.mark.parametrize(
    "entered",
    [
        *("987-65-4321", "987 65 4321", "987.65.4321", "987654321", "987\u201165\u20114321"),
        *(
            "987\u201365\u20134321",
            "987\u00a065\u00a04321",
            "９８７-６５-４３２１",
            "\u202d987-65-4321\u202c",
        ),
    ],
)
def test_ssn_is_read_when_it_is_written_with_separators(entered: str) -> None:
    assert take(Ssn, entered).get_secret_value() == "987654321"
