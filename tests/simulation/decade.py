"""Years of a plan's requests, with outages of hours: when each reminder of each clock is recorded.

Nothing fails at random here, as in the seeds; instead a service is away for hours, executions are
aborted, and clocks end in the nights of the daylight saving changes and on leap days. Time moves from
one instant at which something is due to the next one.
"""

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from heapq import heappop, heappush
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from functions.sweep import executions
from functions.workflow import handler as workflow
from precert.adapters.dynamodb.request_items import request_of
from precert.adapters.dynamodb.table import from_wire
from precert.domain import reviewing
from precert.domain.duplicates import submitted_fingerprint
from precert.domain.event_types import EventType
from precert.domain.events import Event, event_id
from precert.domain.request import Change, Request
from precert.domain.statuses import LineStatus, Status
from precert.domain.values import Urgency
from precert.usecases.ports.listings import CheckQueue
from tests.fakes import samples
from tests.fakes.clock import START
from tests.simulation.broken import broken
from tests.simulation.invariants import unrecorded
from tests.simulation.machine import Execution
from tests.simulation.reference import LINES
from tests.simulation.table import Written, failed
from tests.simulation.world import SWEPT_EVERY, World

LATEST: Final = timedelta(minutes=5)
ZONE: Final = ZoneInfo("America/New_York")
OUTAGE_EVERY: Final = timedelta(days=4)
BETWEEN_REQUESTS: Final = timedelta(days=2)
RECORDED: Final = frozenset(
    {"DeadlineApproaching", "DeadlinePassed", "DeemedDenialDue", "InformationOverdue"}
)


class Away(Enum):
    """What an outage affects."""

    WORKFLOW = "the workflow"
    KILLED = "the workflow, and every execution is aborted"
    TABLE = "the table"
    FUNCTIONS = "the functions"

    @property
    def stops_clocks(self) -> bool:
        """Whether nothing can be recorded during it. An outage of the workflow is no excuse."""
        return self in (Away.TABLE, Away.FUNCTIONS)


@dataclass(frozen=True)
class Outage:
    away: Away
    start: datetime
    end: datetime


def nights(first: int, last: int) -> Iterator[datetime]:
    """Both daylight saving changes of each year, and the leap days, at half past two."""
    for year in range(first, last + 1):
        for month, earliest in ((3, 8), (11, 1)):
            day = date(year, month, earliest)
            day += timedelta(days=(6 - day.weekday()) % 7)
            yield datetime(day.year, day.month, day.day, 2, 30, tzinfo=ZONE)
        if year % 4 == 0:
            yield datetime(year, 2, 29, 2, 30, tzinfo=ZONE)


@dataclass
class Decade:
    """The work of a plan between two instants."""

    seed: int
    start: datetime
    end: datetime
    recorded: Counter[str] = field(default_factory=Counter)
    latest: timedelta = timedelta()
    """The latest record of a reminder after it was due, or after the outage that it was due in."""

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self.world = World(self.seed)
        self.world.clock.at = self.world.swept_at = self.start
        self.world.checks.append(self._committed)
        self.world.wire.between = lambda: None
        perform = self.world.tables.perform
        self.world.tables.perform = lambda *call: self._perform(perform, *call)  # type: ignore[method-assign]
        self.outages = sorted(self._outages(), key=lambda one: one.start)
        self._blocked = [one for one in self.outages if one.away.stops_clocks]
        self._plan: list[tuple[datetime, int, Callable[[], None]]] = []
        self._open: set[str] = set()
        self._count = 0
        for outage in self.outages:
            self._at(outage.start, lambda one=outage: self._begin(one))  # type: ignore[misc]
            self._at(outage.end, self._finish)
        for at in self._submissions():
            self._at(at, self._submit)

    # -- what happens -------------------------------------------------------------------------------

    def _outages(self) -> Iterator[Outage]:
        at, kinds = self.start + OUTAGE_EVERY / 2, list(Away)
        while at < self.end:
            hours = self.rng.choice((0.25, 1, 4, 12, 30))
            yield Outage(self.rng.choice(kinds), at, at + timedelta(hours=hours))
            at += timedelta(hours=hours) + OUTAGE_EVERY * (0.5 + self.rng.random())

    def _submissions(self) -> Iterator[datetime]:
        """Through the years, and so that clocks of 72 hours and of 15 days end in special nights."""
        at = self.start
        while at < self.end:
            yield at
            at += BETWEEN_REQUESTS * (0.2 + 1.6 * self.rng.random())
        for night in nights(self.start.year, self.end.year):
            for days in (2, 3, 7, 14, 15):
                local = night - timedelta(days=days)
                for minutes in (-61, 0, 61):
                    # The same local time, so that a clock by calendar days ends in the night.
                    begin = (local + timedelta(minutes=minutes)).astimezone(UTC)
                    if self.start < begin < self.end and self.rng.random() < 0.4:
                        yield begin

    def _at(self, at: datetime, action: Callable[[], None]) -> None:
        self._count += 1
        heappush(self._plan, (at, self._count, action))

    def _begin(self, outage: Outage) -> None:
        self.world.note(f"{outage.away.value} is away")
        if outage.away is Away.KILLED:
            for execution in self.world.machine.running:
                self.world.abort(execution)
        self.world.workflow_is_down = self._is_away(Away.WORKFLOW, Away.KILLED)

    def _finish(self) -> None:
        self.world.workflow_is_down = self._is_away(Away.WORKFLOW, Away.KILLED)

    def _is_away(self, *kinds: Away) -> bool:
        now = self.world.clock.at
        return any(one.away in kinds and one.start <= now < one.end for one in self._recent())

    def _recent(self) -> list[Outage]:
        starts = [one.start for one in self.outages]
        here = bisect_right(starts, self.world.clock.at)
        return self.outages[max(0, here - 2) : here]

    def _perform(self, perform: Callable[..., Any], operation: str, parameters: Any) -> Any:
        if self._is_away(Away.TABLE):
            raise failed("ServiceUnavailable", operation)
        return perform(operation, parameters)

    # -- a request's life ---------------------------------------------------------------------------

    def _submit(self) -> None:
        world, rng = self.world, self.rng
        if self._is_away(Away.TABLE, Away.FUNCTIONS):
            # No request can be submitted; it is sent again later.
            self._at(world.clock.at + timedelta(minutes=10), self._submit)
            return
        request = self._request(rng.choice(LINES), rng.choice(("STANDARD", "EXPEDITED")))
        review = request.submitted
        event = Event(
            event_id=event_id(request.request_id, request.version),
            type=EventType.REQUEST_SUBMITTED,
            request_id=request.request_id,
            cycle=review.cycle,
            at=world.clock.at,
            status=request.status,
            number=review.number,
            tins=tuple(sorted(request.tins)),
        )
        world.deps.registrations.register(
            request,
            event,
            covered_on=None,
            fingerprint=submitted_fingerprint(request),
            unique=False,
        )
        self._open.add(request.request_id)
        # Decided before, between and after its reminders, in hours or weeks.
        length = timedelta(hours=72) if request.urgency is Urgency.EXPEDITED else timedelta(days=15)
        self._at(
            world.clock.at + length * rng.choice((0.1, 0.5, 0.9, 1.2, 3.0)),
            lambda: self._change(request.request_id, self._decided),
        )
        if rng.random() < 0.4:
            self._at(
                world.clock.at + length * rng.random(),
                lambda: self._change(request.request_id, self._with_open_rfi),
            )
        if rng.random() < 0.2:
            self._at(
                world.clock.at + length * rng.random(),
                lambda: self._change(request.request_id, self._answered),
            )

    def _request(self, line_of_business: str, urgency: str) -> Request:
        now = self.world.clock.at
        days = (now.date() - START.date()).days + 20
        [service] = samples.later([samples.BOWEL_SURGERY], days)
        patient = {**samples.PATIENT, "member_id": f"{600_000_000 + self._count}"}
        content = samples.content(services=[{**service, "urgency": urgency}], patient=patient)
        whole = samples.request(Status.PROCESSING, content=content)
        number = f"PC{self._count:010d}"
        lines = tuple(whole.submitted.lines[: len(service["procedures"])])
        review = whole.submitted.model_copy(
            update={"number": number, "submitted_at": now, "lines": lines}
        )
        plan = samples.PLAN.model_copy(update={"line_of_business": line_of_business})
        changes = {"plan": plan, "review": review, "created_at": now, "updated_at": now}
        return whole.model_copy(update={"request_id": self.world.new_id(), **changes})

    def _change(
        self, request_id: str, change: Callable[[Request, datetime], Change | None]
    ) -> None:
        """Record a person's change if the request allows it; during an outage, an hour later."""
        world = self.world
        if self._is_away(Away.TABLE, Away.FUNCTIONS):
            self._at(world.clock.at + timedelta(hours=1), lambda: self._change(request_id, change))
            return
        request = world.deps.requests.read(request_id)
        if request is None or not request.cycle_is_open:
            return
        if request.status is Status.PROCESSING:
            # No reviewer can decide before the assessment.
            self._at(world.clock.at + timedelta(hours=1), lambda: self._change(request_id, change))
            return
        made = change(request, world.clock.at)
        if made is not None:
            world.deps.requests.record(made)

    def _decided(self, request: Request, now: datetime) -> Change:
        self._open.discard(request.request_id)
        decision = samples.decision(LineStatus.APPROVED).model_copy(update={"decided_at": now})
        decisions = {line.line_id: decision for line in request.submitted.lines}
        return request.determine(decisions, "reviewer-1", now)

    def _with_open_rfi(self, request: Request, now: datetime) -> Change | None:
        if not request.takes_information_request(now):
            return None
        return reviewing.request_information(
            request, ["CLINICAL_NOTES"], None, payer=self.world.deps.payer, by="reviewer-1", now=now
        )

    def _answered(self, request: Request, now: datetime) -> Change | None:
        return request.receive_information(now, self.world.deps.payer)

    # -- time ---------------------------------------------------------------------------------------

    def whole(self) -> None:
        """Run to the end.

        Raises:
            InvariantError: a reminder was missed, or recorded too early, too late or twice.
        """
        world = self.world
        while (at := self._next_instant()) is not None:
            world.clock.at = max(world.clock.at, at)
            while self._plan and self._plan[0][0] <= world.clock.at:
                heappop(self._plan)[2]()
            if not world.workflow_is_down:
                world.machine.time_out()
            self._work()
        if self._open or world.machine.running:
            raise broken("a cycle never ended:", sorted(self._open), world.machine.running)

    def _next_instant(self) -> datetime | None:
        world = self.world
        instants = [self._plan[0][0]] if self._plan else []
        if not world.workflow_is_down and (timer := world.machine.next_instant()) is not None:
            instants.append(timer)
        if not self._is_away(Away.TABLE, Away.FUNCTIONS):
            if (late := world.next_late_check()) is not None:
                instants.append(self._run_of_the_schedule(late))
            unassessed = world.open_cycles(CheckQueue.UNASSESSED)
            if unassessed or self._orphans():
                instants.append(self._run_of_the_schedule(world.clock.at))
        return min(instants, default=None)

    def _run_of_the_schedule(self, at: datetime) -> datetime:
        """The next run of the sweep after now that is not before then."""
        passed = max(at, self.world.clock.at + timedelta(seconds=1)) - self.start
        return self.start + -(-passed // SWEPT_EVERY) * SWEPT_EVERY

    def _orphans(self) -> list[str]:
        # While the workflow is away, nothing can be started.
        return [] if self.world.workflow_is_down else self.world.orphans()

    def _work(self) -> None:
        """What AWS delivers and runs at this instant."""
        world = self.world
        if self._is_away(Away.FUNCTIONS):
            for execution in world.machine.ready():
                world.machine.raised(execution, execution.token, "Lambda.ServiceException")
            return
        for execution in world.ready_tasks() if self._is_away(Away.TABLE) else ():
            self._run(execution)
        if self._is_away(Away.TABLE):
            return
        self._drain()
        now = world.clock.at
        if (now - self.start) % SWEPT_EVERY == timedelta():
            late = world.next_late_check()
            if (late is not None and late <= now) or self._orphans():
                world.sweep()
                self._drain()
            if late is not None and now > self.in_time(late):
                raise broken("a clock was missed:", late, now)

    def _drain(self) -> None:
        world = self.world
        # Messages and notices have no part in this.
        world.deliveries = [one for one in world.deliveries if one.handler is executions]
        while True:
            behind = [one for one in world.mappings if one.behind]
            ready = world.ready_tasks()
            if behind and not world.workflow_is_down:
                world.deliver_records(behind[0])
            elif world.deliveries and not world.workflow_is_down:
                world.deliver(0)
            elif ready and not world.workflow_is_down:
                self._run(ready[0])
            else:
                return
            world.deliveries = [one for one in world.deliveries if one.handler is executions]

    def _run(self, execution: Execution) -> None:
        token = execution.token
        outcome = self.world.invoke(workflow, execution.payload or {})
        if outcome.error:
            self.world.machine.raised(execution, token, outcome.error)
        else:
            self.world.machine.returned(execution, token)

    # -- what must hold -----------------------------------------------------------------------------

    def in_time(self, at: datetime) -> datetime:
        """The last instant at which a reminder is recorded in time, by when it is due."""
        for outage in self._blocked:
            if outage.start - LATEST <= at < outage.end:
                at = outage.end
        return at + LATEST

    def _committed(self, written: list[Written]) -> None:
        """Every change of a request comes after all that was due before."""
        changed = {one.key: one for one in written}
        now = self.world.clock.at
        for one in written:
            if one.key[1] != "REQUEST" or one.old is None or "review" not in one.old:
                continue
            before = request_of(from_wire(one.old))
            events = [
                json.loads(other.new["event"]["S"])
                for key, other in changed.items()
                if key[0] == one.key[0] and key[1].startswith("EVENT#") and other.new is not None
            ]
            types = {event["type"] for event in events}
            due = dict(unrecorded(before))
            for reminder, at in due.items():
                if now > self.in_time(at):
                    raise broken("a clock was missed:", one.key[0], reminder, at, now)
            for reminder in types & RECORDED:
                if reminder not in due or now < due[reminder]:
                    raise broken("a reminder was not due:", one.key[0], reminder, now)
                self.recorded[reminder] += 1
                self.latest = max(self.latest, now - self.in_time(due[reminder]) + LATEST)
