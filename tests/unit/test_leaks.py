"""Which entered values the tests of privacy find in a text."""

import pytest

from tests.fakes.leaks import leaked


@pytest.mark.parametrize(
    "text",
    [
        '{"code":"44120"}',
        "44120",
        "code=44120&units=1",
        "Procedure 44120, small bowel",
        "documents/44120/note",
        "k5650.",
    ],
)
def test_code_is_found_when_it_stands_alone(text: str) -> None:
    assert leaked(["44120", "K5650"], text)


@pytest.mark.parametrize("text", ["5f3e44120bca", "2026-07-20T10:00:00.441203Z", "r-K56502"])
def test_code_is_not_found_when_a_random_id_contains_it(text: str) -> None:
    assert leaked(["44120", "K5650"], text) == []


@pytest.mark.parametrize("text", ["x849382930y", "ALLISON-ADAMS's", "memberid849382930"])
def test_value_is_found_anywhere_when_it_is_longer(text: str) -> None:
    assert leaked(["849382930", "Allison"], text)
