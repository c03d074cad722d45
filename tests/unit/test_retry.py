"""The optimistic retry."""

import pytest

from precert.domain.errors import TransientError
from precert.domain.retry import ATTEMPTS, retry
from precert.usecases.ports.requests import ConcurrentChangeError, NumberTakenError


def test_last_attempt_succeeds_when_earlier_ones_conflicted() -> None:
    created: list[int] = []

    def attempt() -> str:
        created.append(len(created))
        if len(created) < ATTEMPTS:
            raise ConcurrentChangeError
        return "recorded"

    assert retry(attempt, on=ConcurrentChangeError) == "recorded"
    assert len(created) == ATTEMPTS


def test_conflict_is_retryable_when_every_attempt_conflicted() -> None:
    created: list[None] = []

    def attempt() -> None:
        created.append(None)
        raise ConcurrentChangeError

    with pytest.raises(TransientError) as raised:
        retry(attempt, on=ConcurrentChangeError, message="busy")
    assert raised.value.detail == "busy"
    assert len(created) == ATTEMPTS


def test_error_is_raised_at_once_when_it_is_not_a_conflict() -> None:
    created: list[None] = []

    def attempt() -> None:
        created.append(None)
        raise NumberTakenError

    with pytest.raises(NumberTakenError):
        retry(attempt, on=ConcurrentChangeError)
    assert len(created) == 1
