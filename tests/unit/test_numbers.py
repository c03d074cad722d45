"""The precertification number: two letters and ten digits, the last a check digit."""

import re

import pytest

from precert.domain.values import SERIAL_LIMIT, luhn_digit, precert_number


@pytest.mark.rule("S1")
@pytest.mark.parametrize("serial", [0, 1, 42, 987_654_321, SERIAL_LIMIT - 1])
def test_number_is_two_letters_and_ten_digits_when_serial_is_in_range(serial: int) -> None:
    number = precert_number("PC", serial)
    assert re.fullmatch(r"PC[0-9]{10}", number)
    assert number[2:11] == f"{serial:09d}"


def test_last_digit_checks_the_others_when_a_number_is_made() -> None:
    assert precert_number("PC", 799_273_987) == f"PC799273987{luhn_digit('799273987')}"
    assert precert_number("PC", 0) == "PC0000000000"


def test_one_misheard_digit_is_noticed_when_a_number_is_read_out() -> None:
    digits = precert_number("PC", 123_456_789)[2:]
    for position in range(9):
        for other in set("0123456789") - {digits[position]}:
            misheard = digits[:position] + other + digits[position + 1 :]
            assert luhn_digit(misheard[:-1]) != int(misheard[-1])


@pytest.mark.parametrize("serial", [-1, SERIAL_LIMIT])
def test_serial_is_refused_when_out_of_range(serial: int) -> None:
    with pytest.raises(ValueError, match="nine digits"):
        precert_number("PC", serial)
