"""The product as the simulation runs it: what costs time and proves nothing is left out."""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import pytest

from precert import bootstrap, observability
from precert.adapters.dynamodb import request_items
from precert.adapters.dynamodb.table import Writes
from precert.domain.content import RequestContent
from precert.observability import logger, metrics
from tests.simulation.broken import InvariantError
from tests.simulation.world import PASSING, World

_unpacked_parts: Final = request_items.unpacked_parts


@cache
def _unpacked_once(parts: tuple[tuple[str, bytes], ...]) -> RequestContent:
    return _unpacked_parts(dict(parts))


def _unpacked(parts: Mapping[str, Any]) -> RequestContent:
    """Contents are few here, and never changed in place: each is parsed once."""
    return _unpacked_once(tuple(sorted(parts.items())))


def _only_passing(_message: str, *, extra: Mapping[str, Any]) -> None:
    """Replaces the error log: only AWS may cause errors here."""
    if extra["error_class"] not in PASSING:
        raise InvariantError(f"an internal error: {extra}")


@contextmanager
def installed() -> Iterator[Callable[[World], None]]:
    """The product built for simulation; the returned function injects a world."""
    current: list[World] = []

    def put(world: World) -> None:
        current[:] = [world]
        bootstrap.dependencies.cache_clear()

    def paused(seconds: float) -> None:
        current[0].pause(seconds)

    level, thresholds = logger.log_level, gc.get_threshold()
    # A world is a web of references: collecting it seldom is a tenth of the time.
    gc.set_threshold(100_000, 20, 100)
    with pytest.MonkeyPatch.context() as patch:
        logger.setLevel("CRITICAL")
        patch.setattr(logger, "error", _only_passing)
        for name in ("add_metric", "add_dimension", "flush_metrics"):
            patch.setattr(metrics.provider, name, lambda *_, **__: None)
        patch.setattr(observability, "count", lambda _: None)
        patch.setattr(request_items, "pack", str.encode)
        patch.setattr(request_items, "unpack", bytes.decode)
        patch.setattr(request_items, "unpacked_parts", _unpacked)
        patch.setattr(Writes.__init__, "__kwdefaults__", {"pause": paused})
        patch.setattr(bootstrap, "Dependencies", lambda: current[0].deps)
        yield put
    logger.setLevel(level)
    gc.set_threshold(*thresholds)
    bootstrap.dependencies.cache_clear()
