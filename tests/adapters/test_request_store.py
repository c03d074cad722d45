"""The in-memory store and the table have the same behavior (port ``RequestStore``)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest

from precert.domain.clocks import Deadline
from precert.domain.request import Request
from precert.usecases.ports.requests import (
    ConcurrentChangeError,
    Cycle,
    RequestClosedError,
    RequestStore,
)
from tests.adapters.cloud import Cloud
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.requests import InMemoryRequests

LATER: Final = START + timedelta(hours=1)
DEADLINE: Final = Deadline(START + timedelta(days=10), START + timedelta(days=15), samples.clock())

Stored = tuple[RequestStore, Request]


@pytest.fixture(params=["table", "double"])
def stored(request: pytest.FixtureRequest, cloud: Cloud) -> Stored:
    """A store of each kind with the same submitted request."""
    request_id = cloud.submitted()
    found = cloud.deps.requests.read(request_id)
    assert found is not None
    stores: dict[str, Callable[[], RequestStore]] = {
        "table": lambda: cloud.deps.requests,
        "double": lambda: InMemoryRequests.holding(found),
    }
    return stores[request.param](), found


def test_change_is_read_with_its_event_when_it_was_recorded(stored: Stored) -> None:
    store, request = stored
    change = request.pend(DEADLINE, 10, LATER)
    store.record(change, Cycle(request.request_id, 1, "token"))
    assert store.read(request.request_id) == change.request
    file = store.read_file(request.request_id)
    assert file is not None
    assert file.request == change.request
    assert file.events[-1] == change.event
    assert store.cycle(request.request_id, 1) == Cycle(request.request_id, 1, "token")


def test_nothing_is_written_when_another_change_was_committed_first(stored: Stored) -> None:
    store, request = stored
    first = request.void("Not needed.", "a-user", LATER)
    second = request.pend(DEADLINE, 10, LATER)
    store.record(first)
    with pytest.raises(ConcurrentChangeError):
        store.record(second, Cycle(request.request_id, 1, "token"))
    assert store.read(request.request_id) == first.request
    assert store.cycle(request.request_id, 1) is None


def test_change_is_rejected_when_the_request_does_not_exist(stored: Stored) -> None:
    store, request = stored
    other = request.model_copy(update={"request_id": "01J1QZ8Y7N4W3V2T1S0R9Q8P7Z"})
    with pytest.raises(ConcurrentChangeError):
        store.record(other.void("Not needed.", "a-user", LATER))
    assert store.read(other.request_id) is None
    assert store.read_file(other.request_id) is None


def test_token_is_replaced_only_when_the_cycle_is_open(stored: Stored) -> None:
    store, request = stored
    store.renew_cycle(Cycle(request.request_id, 1, "new"))
    assert store.cycle(request.request_id, 1) == Cycle(request.request_id, 1, "new")
    with pytest.raises(RequestClosedError):
        store.renew_cycle(Cycle(request.request_id, 2, "of another cycle"))
    store.record(request.void("Not needed.", "a-user", LATER))
    with pytest.raises(RequestClosedError):
        store.renew_cycle(Cycle(request.request_id, 1, "too late"))
    assert store.cycle(request.request_id, 1) == Cycle(request.request_id, 1, "new")
