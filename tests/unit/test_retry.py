"""The optimistic retry."""

import pytest

from precert.domain.errors import TransientError
from precert.domain.retry import ATTEMPTS, retry
from precert.usecases.ports.requests import ConcurrentChangeError, NumberTakenError


def test_last_attempt_succeeds_when_earlier_ones_conflicted() -> None:
    made: list[int] = []

    def attempt() -> str:
        made.append(len(made))
        if len(made) < ATTEMPTS:
            raise ConcurrentChangeError
        return "recorded"

    assert retry(attempt, on=ConcurrentChangeError) == "recorded"
    assert len(made) == ATTEMPTS


def test_conflict_is_retryable_when_every_attempt_conflicted() -> None:
    made: list[None] = []

    def attempt() -> None:
        made.append(None)
        raise ConcurrentChangeError

    with pytest.raises(TransientError) as raised:
        retry(attempt, on=ConcurrentChangeError, message="busy")
    assert raised.value.detail == "busy"
    assert len(made) == ATTEMPTS


def test_error_is_raised_at_once_when_it_is_not_a_conflict() -> None:
    made: list[None] = []

    def attempt() -> None:
        made.append(None)
        raise NumberTakenError

    with pytest.raises(NumberTakenError):
        retry(attempt, on=ConcurrentChangeError)
    assert len(made) == 1
