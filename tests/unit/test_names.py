"""Names as they are compared."""

import pytest

from precert.domain.values import folded, words_of


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
def test_names_are_one_when_they_differ_in_marks_alone(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), [("Adams", "Adam"), ("Ruiz García", "García Ruiz")])
def test_names_are_two_when_letters_differ(one: str, other: str) -> None:
    assert folded(one) != folded(other)


def test_words_are_parted_when_a_name_has_hyphens_and_signs() -> None:
    assert words_of("García-Ruiz & Sons, M.D.") == ("garcia", "ruiz", "sons", "m", "d")
