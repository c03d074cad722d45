"""Values with a defined format, name comparison, and precertification numbers."""

import re
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from precert.domain.text import folded, words_of
from precert.domain.values import (
    SERIAL_LIMIT,
    Diagnosis,
    MemberId,
    Modifier,
    Npi,
    Phone,
    Text,
    Tin,
    Value,
    ZipCode,
    luhn_digit,
    precert_number,
)


class Named(Value):
    name: Text


def take(form: Any, text: str) -> object:
    return TypeAdapter[object](form).validate_python(text)


@pytest.mark.parametrize("npi", ["1234567893", "8001041853"])
def test_npi_is_accepted_when_its_check_digit_is_correct(npi: str) -> None:
    assert take(Npi, npi) == npi


@pytest.mark.parametrize("npi", ["1234567890", "123456789", "12345678931", ""])
def test_npi_is_rejected_when_it_is_wrong(npi: str) -> None:
    with pytest.raises(ValidationError):
        take(Npi, npi)


def test_npi_is_read_when_its_digits_are_fullwidth() -> None:
    assert take(Npi, "１２３４５６７８９３") == "1234567893"


@pytest.mark.parametrize("position", range(9))
def test_npi_is_rejected_when_one_digit_is_wrong(position: int) -> None:
    npi = "1234567893"
    wrong = str((int(npi[position]) + 1) % 10)
    with pytest.raises(ValidationError):
        take(Npi, npi[:position] + wrong + npi[position + 1 :])


def test_luhn_digit_matches_when_the_number_is_the_standards_example() -> None:
    assert luhn_digit("7992739871") == 3


@pytest.mark.parametrize("tin", ["203129831", "20-3129831", " 20 3129831 "])
def test_tin_is_nine_digits_when_written_as_usual(tin: str) -> None:
    assert take(Tin, tin) == "203129831"


@pytest.mark.parametrize("tin", ["20312983", "2031298310", "20312983A", "20/3129831"])
def test_tin_is_rejected_when_it_is_not_nine_digits(tin: str) -> None:
    with pytest.raises(ValidationError):
        take(Tin, tin)


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
    ("entered", "retained"),
    [
        ("K55", "K55"),
        ("k55.0", "K550"),
        ("K550", "K550"),
        ("S72.001A", "S72001A"),
        ("C4A.0", "C4A0"),
        ("qa0.0101", "QA00101"),
        (" k55. ", "K55"),
    ],
)
def test_diagnosis_is_stored_without_dot_when_its_format_is_valid(
    entered: str, retained: str
) -> None:
    assert take(Diagnosis, entered) == retained


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
    "entered", ["K5", "K5.50", "K55.0.1", ".K55", "K550.1", "555", "K_5", "S72001AAA", "K55-0", ""]
)
def test_diagnosis_is_rejected_when_its_format_is_invalid(entered: str) -> None:
    with pytest.raises(ValidationError):
        take(Diagnosis, entered)


@pytest.mark.parametrize(
    "entered",
    [
        "2165550100",
        "216-555-0100",
        "(216) 555-0100",
        "216.555.0100",
        "1-216-555-0100",
        "+1 216 555 0100",
    ],
)
def test_phone_is_ten_digits_when_written_as_usual(entered: str) -> None:
    assert take(Phone, entered) == "2165550100"


@pytest.mark.parametrize(
    "entered", ["216555010", "0165550100", "21655501000", "216-555-0100 x3", "2-216-555-0100", ""]
)
def test_phone_is_rejected_when_it_is_not_a_ten_digit_number(entered: str) -> None:
    with pytest.raises(ValidationError):
        take(Phone, entered)


@pytest.mark.parametrize("name", ["Zoë", "O'Donnell", "Nguyễn", "Łukasz", "山田", "Ward 🙂"])
def test_text_is_accepted_when_it_is_printable(name: str) -> None:
    assert Named(name=name).name == name


def test_text_is_stripped_when_it_is_surrounded_by_whitespace() -> None:
    assert Named(name="  Live Well, Inc. ").name == "Live Well, Inc."


@pytest.mark.parametrize(
    "name", ["", "   ", "a\x00b", "a\tb", "a\nb", "a\x1b[31mb", "a\u2028b", "\ud800"]
)
def test_text_is_rejected_when_empty_or_with_control_characters(name: str) -> None:
    with pytest.raises(ValidationError):
        Named(name=name)


def test_text_is_rejected_when_longer_than_120_characters() -> None:
    assert len(Named(name="x" * 120).name) == 120
    with pytest.raises(ValidationError):
        Named(name="x" * 121)


@pytest.mark.parametrize("entered", ["44122-123", "4412", "4412A", "44122+1234", "441221234567"])
def test_zip_code_is_rejected_when_it_is_not_five_digits(entered: str) -> None:
    with pytest.raises(ValidationError):
        take(ZipCode, entered)


def test_modifier_is_uppercase_when_entered_in_lowercase() -> None:
    assert take(Modifier, " lt ") == "LT"


@pytest.mark.parametrize("entered", ["849-38-2930", "849 38 2930", "1234", "x" * 21, "U7001/8347"])
def test_member_id_is_rejected_when_not_letters_and_digits(entered: str) -> None:
    with pytest.raises(ValidationError):
        take(MemberId, entered)


def test_unknown_field_is_rejected_when_a_value_is_built() -> None:
    with pytest.raises(ValidationError):
        Named.model_validate({"name": "x", "surname": "y"})


def test_value_is_immutable_when_it_is_built() -> None:
    value = Named(name="x")
    with pytest.raises(ValidationError):
        setattr(value, "name", "y")  # noqa: B010  # the types forbid it as well


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("García-Ruiz", "GARCIA RUIZ"),
        ("Garci\u0301a", "García"),
        ("O'Donnell", "O\u2019DONNELL"),
        ("Thi Mai", "thimai"),
        ("Zieliński", "zielinski"),
        ("Łódzki", "lodzki"),
        ("Strauß", "STRAUSS"),
        ("Ørsted", "orsted"),
        ("İnan", "inan"),
        (" Adams ", "Adams"),
    ],
)
def test_names_are_equal_when_they_differ_in_diacritics_only(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), [("Adams", "Adam"), ("Ruiz García", "García Ruiz")])
def test_names_are_different_when_letters_differ(one: str, other: str) -> None:
    assert folded(one) != folded(other)


def test_words_are_split_when_a_name_has_hyphens_and_signs() -> None:
    assert words_of("García-Ruiz & Sons, M.D.") == ("garcia", "ruiz", "sons", "m", "d")


@pytest.mark.rule("S1")
@pytest.mark.parametrize("serial", [0, 1, 42, 987_654_321, SERIAL_LIMIT - 1])
def test_number_is_two_letters_and_ten_digits_when_serial_is_in_range(serial: int) -> None:
    number = precert_number("PC", serial)
    assert re.fullmatch(r"PC[0-9]{10}", number)
    assert number[2:11] == f"{serial:09d}"


def test_last_digit_is_the_check_digit_when_a_number_is_built() -> None:
    assert precert_number("PC", 799_273_987) == f"PC799273987{luhn_digit('799273987')}"
    assert precert_number("PC", 0) == "PC0000000000"


def test_one_misheard_digit_is_detected_when_a_number_is_read_aloud() -> None:
    digits = precert_number("PC", 123_456_789)[2:]
    for position in range(9):
        for other in set("0123456789") - {digits[position]}:
            misheard = digits[:position] + other + digits[position + 1 :]
            assert luhn_digit(misheard[:-1]) != int(misheard[-1])


@pytest.mark.parametrize("serial", [-1, SERIAL_LIMIT])
def test_serial_is_rejected_when_out_of_range(serial: int) -> None:
    with pytest.raises(ValueError, match="nine digits"):
        precert_number("PC", serial)
