"""Requests for as long as history goes: afterwards they are nobody's any more (T4)."""

from collections.abc import Callable
from datetime import datetime

from precert.domain.clocks import history_end
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.usecases.ports.requests import RequestFile, RequestStore, Round


def kept(request: Request | None, payer: Payer, now: datetime) -> Request | None:
    """The request, or nothing where its history is over, whatever the store has removed yet."""
    if request is None or not request.is_history:
        return request
    end = history_end(request.updated_at, payer.history_years, payer.zone)
    return request if now < end else None


class KeptRequests:
    """A request store that answers what is history no more as what does not exist.

    One place for every operation that names a request, reading or writing, whoever calls it.
    """

    def __init__(
        self, stored: RequestStore, kept_now: Callable[[Request | None], Request | None]
    ) -> None:
        self._stored = stored
        self._kept_now = kept_now

    def read_file(self, request_id: str) -> RequestFile | None:
        file = self._stored.read_file(request_id)
        return file if file and self._kept_now(file.request) else None

    def read(self, request_id: str) -> Request | None:
        return self._kept_now(self._stored.read(request_id))

    def record(self, change: Change, round_: Round | None = None) -> None:
        self._stored.record(change, round_)

    def renew_round(self, round_: Round) -> None:
        self._stored.renew_round(round_)

    def round(self, request_id: str, number: int) -> Round | None:
        return self._stored.round(request_id, number)
