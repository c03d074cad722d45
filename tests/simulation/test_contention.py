"""Writers of one item: a burst of events for one TIN, which all change its number of unread messages.

DynamoDB cancels a transaction that meets another one on an item. Time is simulated: a transaction holds
its items for some milliseconds, and a writer that gives up has its event delivered again much later.
"""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Final

import pytest

from infra.deliveries import MAX_AT_ONCE, QUEUE_BATCH_SIZE
from precert.adapters.dynamodb.table import CONFLICT_PAUSES, conflict_pauses

HELD_SECONDS: Final = 0.010
BETWEEN_SECONDS: Final = 0.004
"""From one transaction of a writer to its next one."""
BURST: Final = 2_000
"""Messages to one TIN at once: a hospital's 5,000 requests of a day have about 15,000."""


def given_up(writers: int, messages: int, pauses_of: Callable[[], Iterator[float]]) -> int:
    """How many messages were not stored in any attempt."""
    left, failed, held_until, order = messages, 0, 0.0, count()
    waiting = [(0.0, next(order), pauses_of()) for _ in range(writers)]
    while waiting:
        now, _, pauses = heappop(waiting)
        if now >= held_until:
            held_until = now + HELD_SECONDS
            done = held_until
        else:
            pause = next(pauses, None)
            if pause is not None:
                heappush(waiting, (now + pause, next(order), pauses))
                continue
            failed += 1
            done = now
        left -= 1
        if left >= writers:
            heappush(waiting, (done + BETWEEN_SECONDS, next(order), pauses_of()))
    return failed


@pytest.mark.parametrize("seed", range(5))
def test_few_messages_are_delivered_again_when_a_burst_is_for_one_tin(seed: int) -> None:
    chance = Random(seed).random
    assert given_up(MAX_AT_ONCE, BURST, lambda: conflict_pauses(chance)) < BURST * 0.04


def test_many_messages_are_given_up_when_pauses_are_few_and_alike() -> None:
    """The simulation can fail: with the first four pauses it gives up a sixth."""
    assert given_up(MAX_AT_ONCE, BURST, lambda: iter(CONFLICT_PAUSES[:4])) > BURST * 0.15


def test_one_batch_waits_for_no_other_when_one_writer_delivers_it() -> None:
    assert given_up(1, QUEUE_BATCH_SIZE, lambda: iter(())) == 0
