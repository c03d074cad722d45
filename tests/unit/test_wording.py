"""Values in texts that people read."""

import pytest

from precert.domain.wording import written_phone


@pytest.mark.parametrize(
    "phone",
    ["8008824462", "800.882.4462", "1-800-882-4462", "(800) 882 4462", "+1 (800) 882-4462"],
)
def test_phone_has_one_form_when_it_has_ten_digits(phone: str) -> None:
    assert written_phone(phone) == "(800) 882-4462"


@pytest.mark.parametrize(
    ("phone", "written"),
    [
        ("800-298-4806, option 7", "(800) 298-4806, option 7"),
        ("see the member ID card", "see the member ID card"),
        ("80088244621", "80088244621"),
    ],
)
def test_other_text_is_kept_when_it_is_beside_or_in_place_of_a_phone(
    phone: str, written: str
) -> None:
    assert written_phone(phone) == written
