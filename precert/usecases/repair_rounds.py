"""Requests whose table state and execution disagree: name them, and mend them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.usecases.ports.listings import Listings
from precert.usecases.ports.requests import RequestStore
from precert.usecases.ports.workflow import Workflow


@dataclass(frozen=True)
class StrayRound:
    """An open round that no execution runs for: the number to name it by, and what it waits for."""

    request_id: str
    round: int
    number: str
    status: Status
    due_at: datetime | None


def stray_rounds(
    *, listings: Listings, requests: RequestStore, workflow: Workflow
) -> Iterator[StrayRound]:
    """Open rounds by the table that no execution runs for. Changes nothing.

    One that was opened a moment ago may be among them, as its execution is about to be started.
    """
    for request in _open(listings, requests):
        review = request.submitted
        if not workflow.runs(request.request_id, review.round):
            yield StrayRound(
                request.request_id, review.round, review.number, request.status, request.due_at
            )


def repair_rounds(
    *, listings: Listings, requests: RequestStore, workflow: Workflow
) -> tuple[str, ...]:
    """Mend what a failed, aborted or restarted workflow left behind.

    The table knows which rounds are open; an execution that starts there looks at what stands and
    goes on from it. Answers the ids of the requests whose execution was started again.
    """
    return tuple(
        request.request_id
        for request in _open(listings, requests)
        if workflow.start_again(request.request_id, request.submitted.round)
    )


def _open(listings: Listings, requests: RequestStore) -> Iterator[Request]:
    """Requests with an open round; the index may name one that has closed since."""
    for request_id in listings.open_rounds():
        request = requests.read(request_id)
        if request is not None and request.review is not None and request.round_is_open:
            yield request
