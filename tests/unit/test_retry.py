"""The optimistic retry."""

import pytest

from precert.domain.errors import TransientError
from precert.domain.retry import ATTEMPTS, retry
from precert.usecases.ports.requests import ConcurrentChangeError, NumberTakenError


def test_last_attempt_counts_when_earlier_ones_lost() -> None:
    made: list[int] = []

    def attempt() -> str:
        made.append(len(made))
        if len(made) < ATTEMPTS:
            raise ConcurrentChangeError
        return "recorded"

    assert retry(attempt, on=ConcurrentChangeError) == "recorded"
    assert len(made) == ATTEMPTS


def test_caller_may_try_again_when_every_attempt_lost() -> None:
    made: list[None] = []

    def attempt() -> None:
        made.append(None)
        raise ConcurrentChangeError

    with pytest.raises(TransientError) as raised:
        retry(attempt, on=ConcurrentChangeError, message="busy")
    assert raised.value.detail == "busy"
    assert len(made) == ATTEMPTS


def test_error_is_raised_at_once_when_it_is_another() -> None:
    made: list[None] = []

    def attempt() -> None:
        made.append(None)
        raise NumberTakenError

    with pytest.raises(NumberTakenError):
        retry(attempt, on=ConcurrentChangeError)
    assert len(made) == 1
