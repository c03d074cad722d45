"""Properties of every national drug code."""

import re

from hypothesis import given
from hypothesis import strategies as st

from precert.domain.codes import NDC_PATTERN, candidate_ndcs

RETAINED = re.compile(r"[0-9]{5}-[0-9]{4}(-[0-9]{2})?")


@given(st.from_regex(NDC_PATTERN, fullmatch=True))
def test_every_candidate_is_unambiguous_when_it_is_selected(entered: str) -> None:
    readings = candidate_ndcs(entered)
    assert readings
    for reading in readings:
        assert RETAINED.fullmatch(reading)
        assert candidate_ndcs(reading) == (reading,)
        assert [digit for digit in reading if digit not in "-0"] == [
            digit for digit in entered if digit not in "-0"
        ]


@given(st.text(alphabet="0123456789-", max_size=16))
def test_pattern_agrees_with_the_parser_when_a_portal_uses_it(entered: str) -> None:
    assert bool(re.fullmatch(NDC_PATTERN, entered)) == bool(candidate_ndcs(entered))


@given(
    st.sampled_from([(4, 4, 2), (5, 3, 2), (5, 4, 1)]),
    st.from_regex(r"[1-9]{10}", fullmatch=True),
)
def test_dashed_code_is_among_the_candidates_when_its_dashes_are_removed(
    widths: tuple[int, int, int], digits: str
) -> None:
    first, second, _ = widths
    dashed = f"{digits[:first]}-{digits[first : first + second]}-{digits[first + second :]}"
    readings = candidate_ndcs(digits)
    assert len(readings) == 3
    assert candidate_ndcs(dashed)[0] in readings
