"""National drug codes in the format 5-4-2."""

import pytest
from pydantic import ValidationError

from precert.domain.codes import candidate_ndcs
from precert.domain.content import Medication


@pytest.mark.rule("C11")
@pytest.mark.parametrize(
    ("entered", "retained"),
    [
        ("0002-1433-80", "00002-1433-80"),
        ("57894-030-01", "57894-0030-01"),
        ("57894-0030-1", "57894-0030-01"),
        ("57894-0030-01", "57894-0030-01"),
        ("57894003001", "57894-0030-01"),
        ("00002143380", "00002-1433-80"),
        ("578940030", "57894-0030"),
        ("000021433", "00002-1433"),
        ("57894-0030", "57894-0030"),
    ],
)
def test_drug_code_is_padded_to_eleven_digits_when_its_format_is_unambiguous(
    entered: str, retained: str
) -> None:
    assert candidate_ndcs(entered) == (retained,)
    assert Medication(ndc=f" {entered} ").ndc == retained


@pytest.mark.rule("C11")
def test_three_candidates_are_offered_when_a_ten_digit_drug_code_has_no_dashes() -> None:
    assert candidate_ndcs("1234567890") == (*("01234-5678-90", "12345-0678-90", "12345-6789-00"),)
    assert Medication(ndc="1234567890").ndc == "1234567890"


@pytest.mark.rule("C11")
@pytest.mark.parametrize(
    "entered",
    [
        *("", "12345678", "123456789012", "1234-567-89", "12345-6789-012", "123456-789-01"),
        *("12345/6789/01", "A2345678901", "1234A678901", "12345-6789-", "12345\u20116789\u2011012"),
    ],
)
def test_drug_code_is_rejected_when_it_is_malformed(entered: str) -> None:
    assert candidate_ndcs(entered) == ()
    with pytest.raises(ValidationError, match="9 or 11 digits"):
        Medication(ndc=entered)
