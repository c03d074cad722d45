"""Verification results of valid and invalid sample files, file by file."""

from collections import Counter
from typing import Final

import pytest

from precert.adapters.inspection import decoding
from precert.adapters.inspection.content_types import inspect_content
from precert.domain.documents import CONTENT_TYPES, Refusal, content_type_of
from tests.adapters.corpus import Sample, images, office, writing

CORPUS: Final = (*writing.SAMPLES, *images.SAMPLES, *office.SAMPLES)
TRUE: Final = [sample for sample in CORPUS if sample.refusal is None]
FALSE: Final = [sample for sample in CORPUS if sample.refusal is not None]


def named(sample: Sample) -> str:
    return f"{sample.about} as {sample.file_name}"


def verdict(sample: Sample, body: bytes | None = None) -> str | None:
    content_type = content_type_of(sample.file_name)
    assert content_type is not None
    return inspect_content(sample.make() if body is None else body, content_type, decode_here)


def decode_here(body: bytes, content_type: str) -> Refusal | None:
    """Decode in this process, which is faster; ``test_inspection_limits`` tests the other one."""
    result = decoding.decode(body, content_type)
    return Refusal(result) if result else None


@pytest.mark.rule("U1")
@pytest.mark.parametrize("sample", TRUE, ids=named)
def test_file_is_accepted_when_its_content_matches_its_extension(sample: Sample) -> None:
    assert verdict(sample) is None


@pytest.mark.rule("U1")
@pytest.mark.parametrize("sample", FALSE, ids=named)
def test_file_is_rejected_when_its_content_does_not_match_its_extension(sample: Sample) -> None:
    assert verdict(sample) == sample.refusal


def test_every_extension_has_valid_and_invalid_samples_when_the_corpus_is_counted() -> None:
    def endings(samples: list[Sample]) -> Counter[str]:
        names = (sample.file_name.lower() for sample in samples)
        return Counter(f".{name.rpartition('.')[2]}" for name in names)

    assert len(CORPUS) >= 60
    assert set(endings(TRUE)) == set(endings(FALSE)) == set(CONTENT_TYPES)


@pytest.mark.parametrize("sample", TRUE, ids=named)
def test_verification_raises_nothing_when_a_file_is_truncated_anywhere(sample: Sample) -> None:
    """No part of a file makes the verification raise an error."""
    body = sample.make()
    for length in {*range(0, len(body), max(1, len(body) // 60)), len(body) - 1}:
        verdict(sample, body[:length])
