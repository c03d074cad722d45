"""The depth of searches: `make test` runs a share, `make deep` all (`PRECERT_DEEP=1`)."""

import os
from collections.abc import Iterable
from itertools import cycle, islice, product
from typing import Final, TypeVar

First = TypeVar("First")
Second = TypeVar("Second")

DEEP: Final = os.environ.get("PRECERT_DEEP") == "1"


def depth(share: int, deep: int) -> int:
    """The number of seeds, orders or calls to try."""
    return deep if DEEP else share


def pairs(first: Iterable[First], second: Iterable[Second]) -> list[tuple[First, Second]]:
    """In `make deep` every pair of the values; in `make test` each value in one pair or more."""
    rows, columns = list(first), list(second)
    if DEEP:
        return list(product(rows, columns))
    return list(
        islice(zip(cycle(rows), cycle(columns), strict=False), max(len(rows), len(columns)))
    )
