"""The clients of the product's adapters, with failures on the way of each call.

At every call, another actor's whole invocation may run in between, the call may be rejected, its
response lost before or after it took effect, botocore may send it twice, and the process may end.
The seed determines all of it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Any, Final

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.simulation.table import failed

Perform = Callable[[str, Mapping[str, Any]], Any]


class Killed(BaseException):
    """The process ended here; no code of the product can catch it."""


class CallFailure(Enum):
    """The failure of one call."""

    THROTTLED = "throttled"
    CONFLICT = "met another transaction"
    CUT = "never arrived"
    LOST = "took effect, its answer lost"
    REPEATED = "sent twice by botocore"
    PARTLY = "an entry was not taken"
    KILLED_BEFORE = "process ended before it"
    KILLED_AFTER = "process ended after it"
    STALE = "answered by a replica that is behind"


_ANYWHERE: Final = (
    CallFailure.THROTTLED,
    CallFailure.CUT,
    CallFailure.LOST,
    CallFailure.REPEATED,
    CallFailure.KILLED_BEFORE,
    CallFailure.KILLED_AFTER,
)
_SOMEWHERE: Final[Mapping[str, CallFailure]] = {
    **dict.fromkeys(
        ("delete_item", "put_item", "transact_write_items", "update_item"), CallFailure.CONFLICT
    ),
    "put_events": CallFailure.PARTLY,
}


@dataclass
class Wire:
    """Between the adapters and the simulated AWS."""

    rng: Random
    between: Callable[[], None]
    """What may come between, before a call takes effect."""
    note: Callable[[str], None]
    failure_share: float = 0.0
    failures_left: int = 0
    calls: int = 0

    def call(self, operation: str, perform: Perform, parameters: Mapping[str, Any]) -> Any:
        self.calls += 1
        self.between()
        failure = self._drawn(operation, parameters)
        if failure is None:
            return perform(operation, parameters)
        self.note(f"{operation}: {failure.value}")
        return self._failing(failure, operation, perform, parameters)

    def _drawn(self, operation: str, parameters: Mapping[str, Any]) -> CallFailure | None:
        if not self.failures_left:
            return None
        # A replica may be behind for any time: this is not a failure, but how such reads work.
        if operation == "get_item" and not parameters.get("ConsistentRead"):
            return CallFailure.STALE if self.rng.random() < 0.5 else None
        if self.rng.random() >= self.failure_share:
            return None
        self.failures_left -= 1
        own = _SOMEWHERE.get(operation)
        return self.rng.choice((*_ANYWHERE, own) if own else _ANYWHERE)

    def _failing(
        self, failure: CallFailure, operation: str, perform: Perform, parameters: Mapping[str, Any]
    ) -> Any:
        match failure:
            case CallFailure.PARTLY:
                return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
            case CallFailure.STALE:
                return perform("get_item_late", parameters)
            case CallFailure.REPEATED:
                return self._repeated(operation, perform, parameters)
            case CallFailure.LOST | CallFailure.KILLED_AFTER:
                with suppress(ClientError):
                    perform(operation, parameters)
        raise _ERRORS[failure](operation)

    def _repeated(self, operation: str, perform: Perform, parameters: Mapping[str, Any]) -> Any:
        """A transaction has a token that identifies its repetition; other calls do not."""
        if operation == "transact_write_items":
            return perform(operation, parameters)
        with suppress(ClientError):
            perform(operation, parameters)
        return perform(operation, parameters)


def _unanswered(_operation: str) -> ReadTimeoutError:
    return ReadTimeoutError(endpoint_url="https://simulated")


def _conflict(operation: str) -> ClientError:
    if operation != "transact_write_items":
        return failed("TransactionConflictException", operation)
    reasons = [{"Code": "TransactionConflict"}]
    return failed("TransactionCanceledException", operation, CancellationReasons=reasons)


_ERRORS: Final[Mapping[CallFailure, Callable[[str], BaseException]]] = {
    CallFailure.THROTTLED: lambda operation: failed("ThrottlingException", operation),
    CallFailure.CONFLICT: _conflict,
    CallFailure.CUT: _unanswered,
    CallFailure.LOST: _unanswered,
    CallFailure.KILLED_BEFORE: lambda _operation: Killed(),
    CallFailure.KILLED_AFTER: lambda _operation: Killed(),
}


@dataclass
class Client:
    """A client of one service: its operations by name, as botocore creates them."""

    wire: Wire
    perform: Perform
    exceptions: Any = None
    paginated: Mapping[str, str] = field(default_factory=dict)

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation.startswith("_"):
            raise AttributeError(operation)

        def called(**parameters: Any) -> Any:
            return self.wire.call(operation, self.perform, parameters)

        self.__dict__[operation] = called
        return called

    def get_paginator(self, operation: str) -> "Pages":
        return Pages(self, operation)

    def generate_presigned_post(self, **parameters: Any) -> dict[str, Any]:
        """Created without a call."""
        return {"url": "https://documents.simulated", "fields": {"key": parameters["Key"]}}

    def generate_presigned_url(self, operation: str, **parameters: Any) -> str:
        """Created without a call."""
        return f"https://documents.simulated/{parameters['Params']['Key']}"


@dataclass
class Pages:
    """A paginator with a single page."""

    client: Client
    operation: str

    def paginate(self, **parameters: Any) -> Iterator[Any]:
        yield getattr(self.client, self.operation)(**parameters)
