"""The workflow and the bus, as the relay moves them."""

from collections.abc import Mapping
from typing import Protocol

from precert.domain.events import Event


class TaskTokens(Protocol):
    """Executions that wait, each by the token it waits with."""

    def answer(self, task_token: str, outcome: Mapping[str, str]) -> None:
        """Let a waiting execution go on; one that waits no longer is left alone."""

    def wake(self, task_token: str, seconds: int) -> None:
        """Let a waiting execution sleep again for so long; one that waits no longer is left alone."""


class Workflow(TaskTokens, Protocol):
    def start(self, request_id: str, cycle: int) -> None:
        """Start the execution of a cycle. A second start of the same cycle changes nothing."""

    def runs(self, request_id: str, cycle: int) -> bool:
        """Whether an execution of the cycle is running, the first or a repaired one."""

    def start_again(self, request_id: str, cycle: int) -> bool:
        """Start another execution of a cycle that none runs for; answers whether it did."""


class EventBus(Protocol):
    def publish(self, event: Event) -> None:
        """Put an event on the bus: ids and codes only.

        Raises:
            TransientError: the bus did not take it.
        """
