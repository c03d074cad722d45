"""The state machine, the event bus, and the dead-letter queue of the stream."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from precert.domain.events import Event


class TaskTokens(Protocol):
    """Waiting executions by task token."""

    def complete(self, task_token: str, outcome: Mapping[str, str]) -> None:
        """Complete the task of a waiting execution; no effect if it no longer waits."""

    def pend(self, task_token: str, seconds: int) -> None:
        """Make an execution wait for a decision; no effect if its task ended meanwhile."""

    def wake(self, task_token: str, seconds: int) -> None:
        """Change how long an execution waits; no effect if it no longer waits."""


class Workflow(TaskTokens, Protocol):
    """Executions of the state machine."""

    def start(self, request_id: str, cycle: int) -> None:
        """Start the execution of a cycle. A second start of the same cycle changes nothing."""

    def runs(self, request_id: str, cycle: int) -> bool:
        """Whether an execution of the cycle is running, the first or a repair."""

    def start_again(self, request_id: str, cycle: int, *, now: datetime | None = None) -> bool:
        """Start another execution of a cycle without a running one; returns whether it did.

        With ``now``, an execution that failed repeatedly is started again after a pause, which doubles
        with each failure up to an hour.
        """

    def renew(self, request_id: str, cycle: int, *, before: datetime) -> bool:
        """Replace the cycle's execution if it was started before ``before``; returns whether it did."""


class Assessments(Protocol):
    """The state machine that assesses a cycle without waiting for its decision."""

    def close(self, request_id: str, cycle: int, *, now: datetime) -> bool:
        """Assess a cycle; returns whether the assessment closed it.

        ``False`` also if the assessment failed: the execution of the cycle then assesses it.
        """


class EventBus(Protocol):
    """The event bus that partners and receivers subscribe to."""

    def publish(self, event: Event) -> None:
        """Publish an event: ids and codes only.

        Raises:
            TransientError: the bus did not accept it.
        """


@dataclass(frozen=True)
class PoisonRecord:
    """A record of the table's stream that can never be processed: keys and error class, no content.

    ``removed`` are the ids of an item that was deleted from the table, as in the record.
    """

    pk: str
    sk: str
    event_name: str
    sequence_number: str
    error_class: str
    removed: Mapping[str, Any] = field(default_factory=dict)


class DeadLetters(Protocol):
    """Records of the stream that can never be processed."""

    def set_aside(self, record: PoisonRecord) -> None:
        """Send a record to the dead-letter queue of its consumer.

        Raises:
            TransientError: the queue did not accept it.
        """
