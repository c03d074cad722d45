"""Stored text: what was written is read, with and without the dictionary."""

import json
import zlib
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from precert.adapters.dynamodb.packing import DICTIONARY, pack, unpack

PART: Final = '{"member_id":"849382930","date_of_birth":"1986-01-01","last_name":"Adams"}'
RELEASED: Final = "47f69b38253ab2b7d5f3fbf02756396debb681220190183ccc9d62b6b825e62c"
"""SHA-256 of the dictionary with which texts were stored: a changed one cannot read them."""

STORED: Final = "01430d620b134b630b234b6303ac616d014c3e86bae0ac831ce68e2989b9c54ab500"
FORMS: Final = {
    "deflate": zlib.compress(PART.encode(), level=9),
    "dictionary-1": bytes.fromhex(STORED),
}
"""The same text in each form that a release has written, by the form's name."""
RELEASES: Final = json.loads(
    (Path(__file__).resolve().parents[1] / "payloads" / "stored_text.json").read_text()
)
"""The forms that each release reads and writes, in the order of releases."""


@given(st.text())
def test_text_is_read_as_it_was_written_when_it_is_packed(text: str) -> None:
    assert unpack(pack(text)) == text


@pytest.mark.parametrize("form", FORMS)
def test_text_is_read_when_any_release_stored_it(form: str) -> None:
    assert unpack(FORMS[form]) == PART


def test_dictionary_is_the_released_one_when_texts_are_stored_with_it() -> None:
    assert sha256(DICTIONARY.encode()).hexdigest() == RELEASED


def test_form_is_one_that_the_release_before_reads_when_it_is_written() -> None:
    """Else a release that is rolled back leaves records that cannot be read.

    A new form is read by one release, and written by the next one.
    """
    *_, current = RELEASES
    assert set(current["reads"]) == FORMS.keys()
    # The first byte names the form; the others depend on the compressor.
    assert pack(PART)[:1] == FORMS[current["writes"]][:1]
    for before, after in pairwise(RELEASES):
        assert after["writes"] in before["reads"], after["release"]


def test_part_is_half_as_long_when_the_dictionary_has_its_names() -> None:
    assert 2 * len(pack(PART)) < len(zlib.compress(PART.encode(), level=9))


@pytest.mark.parametrize("length", range(1, len(pack(PART))))
def test_truncated_text_is_refused_when_it_is_read(length: int) -> None:
    with pytest.raises((zlib.error, UnicodeDecodeError)):
        unpack(pack(PART)[:length])


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x02abc", b"\x01\xff\xff", b"x\x9cabc"])
def test_damaged_data_is_refused_when_it_is_read(data: bytes) -> None:
    with pytest.raises(zlib.error):
        unpack(data)


def test_dictionary_has_names_and_codes_only_when_it_is_shipped() -> None:
    """It is part of the code: no value of a person may be in it."""
    assert not any(word in DICTIONARY for word in ("Adams", "Rubinstein", "849382930", "K55"))
