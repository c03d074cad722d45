"""The workflow and the bus, recording their calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from precert.domain.errors import TransientError
from precert.domain.events import Event


@dataclass
class RecordingWorkflow:
    """Executions by name; a second start of a cycle changes nothing."""

    running: list[tuple[str, int]] = field(default_factory=list)
    answers: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    woken: list[tuple[str, int]] = field(default_factory=list)
    pended: list[tuple[str, int]] = field(default_factory=list)

    def start(self, request_id: str, cycle: int) -> None:
        if (request_id, cycle) not in self.running:
            self.running.append((request_id, cycle))

    def runs(self, request_id: str, cycle: int) -> bool:
        return (request_id, cycle) in self.running

    def start_again(self, request_id: str, cycle: int, *, now: datetime | None = None) -> bool:
        known = (request_id, cycle) in self.running
        self.start(request_id, cycle)
        return not known

    def renew(self, request_id: str, cycle: int, *, before: datetime) -> bool:
        self.start(request_id, cycle)
        return True

    def complete(self, task_token: str, outcome: Mapping[str, str]) -> None:
        self.answers.append((task_token, dict(outcome)))

    def pend(self, task_token: str, seconds: int) -> None:
        self.pended.append((task_token, seconds))

    def wake(self, task_token: str, seconds: int) -> None:
        self.woken.append((task_token, seconds))


@dataclass
class RecordingAssessments:
    """Assessments of cycles, which none of them closes unless it is listed."""

    closing: set[tuple[str, int]] = field(default_factory=set)
    assessed: list[tuple[str, int]] = field(default_factory=list)

    def close(self, request_id: str, cycle: int, *, now: datetime) -> bool:
        self.assessed.append((request_id, cycle))
        return (request_id, cycle) in self.closing


@dataclass
class RecordingBus:
    """Published events; the first ``failures`` of them are rejected."""

    published: list[Event] = field(default_factory=list)
    failures: int = 0

    def publish(self, event: Event) -> None:
        if self.failures:
            self.failures -= 1
            raise TransientError("The bus did not accept the event. Try again.")
        self.published.append(event)
