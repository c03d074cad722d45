"""The run of one seed."""

from collections.abc import Callable
from datetime import timedelta

from precert.usecases.repairs import ASSESSED_WITHIN
from tests.simulation.broken import InvariantError
from tests.simulation.invariants import Invariants
from tests.simulation.people import People
from tests.simulation.world import MAX_LATE, SWEPT_EVERY, World

SHARE = 400
"""Seeds that ``make test`` runs: each planted defect is detected by one of them."""
STEPS = 20
MAX_FAILURES = 7
"""Fewer in a row than any retry allows for."""
ENOUGH = 2000
MAX_SWEEPS = 60
KILLED_EVERY = 8
"""In one of so many seeds the workflow ends all executions and stays away until clocks have run out."""


class Run:
    """One seed: failures and races first, then no failures, then all clocks run out."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.people = People(self.world)
        self.invariants = Invariants(self.world, self.people)
        rng = self.world.rng
        self.people.urgency = rng.choice(("STANDARD", "EXPEDITED"))
        self.world.wire.failure_share = rng.choice((0.0, 0.03, 0.1, 0.2))
        self.world.wire.failures_left = MAX_FAILURES
        self.world.nesting = rng.choice((0.0, 0.05, 0.15, 0.3))
        self.world.actors += [self._mapping, self._mapping, self._task, self._task, self._delivery]

    def whole(self) -> None:
        """Run to the end.

        Raises:
            InvariantError: an invariant does not hold.
        """
        world = self.world
        for _ in range(STEPS):
            world.act()
            self._time()
        world.wire.failures_left, world.nesting = 0, 0.0
        world.calm_since = world.clock.at
        self.drain()
        self.invariants.at_rest(repaired=False)
        self._sweep_orphans()
        self.invariants.at_rest(repaired=True)
        if world.seed % KILLED_EVERY == 0:
            world.workflow_is_down = True
            for execution in world.machine.running:
                world.abort(execution)
            self._run_out()
            self.invariants.at_rest(repaired=False)
            world.workflow_is_down = False
            self._sweep_orphans()
        self._run_out()
        self.invariants.at_rest(repaired=True)

    # -- actors other than users --------------------------------------------------------------------

    def _mapping(self) -> Callable[[], None] | None:
        mapping = self.world.rng.choice(self.world.mappings)
        if not mapping.behind:
            return None
        return lambda: self.world.deliver_records(mapping)

    def _task(self) -> Callable[[], None] | None:
        if not (ready := self.world.ready_tasks()):
            return None
        execution = self.world.rng.choice(ready)
        return lambda: self.world.run_task(execution)

    def _delivery(self) -> Callable[[], None] | None:
        if not (deliveries := self.world.deliveries):
            return None
        index = self.world.rng.randrange(len(deliveries))
        return lambda: self.world.deliver(index)

    # -- time ---------------------------------------------------------------------------------------

    def _time(self) -> None:
        """Time passes between steps: mostly seconds, sometimes until something is due."""
        world = self.world
        if world.chance(0.1) and (running := world.machine.running) and world.chance(0.2):
            world.abort(world.rng.choice(running))
        if (due := world.next_instant()) is not None and world.chance(0.12):
            if due > world.clock.at + MAX_LATE or world.ready_tasks():
                self.drain_queues()
                due = world.next_instant() or due
            world.pass_time(due)
        else:
            # A task that is to be run or retried does not wait for minutes.
            runs = any(not execution.waits for execution in world.machine.running)
            seconds = (0, 1, 2) if runs else (0, 1, 30, 600)
            world.clock.pass_by(seconds=world.rng.choice(seconds))
            world.machine.time_out()
            world.sweep_if_due()
        for key in world.expirable():
            if world.chance(0.3):
                world.note(f"the store removes {key}")
                world.tables.remove_by_ttl("requests", key)

    # -- without failures ---------------------------------------------------------------------------

    def drain_queues(self) -> None:
        """Deliver and run what is ready, until nothing is."""
        world = self.world
        for _ in range(ENOUGH):
            if mapping := next((one for one in world.mappings if one.behind), None):
                world.deliver_records(mapping)
            elif world.deliveries:
                world.deliver(0)
            elif ready := world.ready_tasks():
                world.run_task(ready[0])
            else:
                return
        raise InvariantError("it never comes to rest")

    def drain(self) -> None:
        """The same, including the pauses before retries."""
        world = self.world
        self.drain_queues()
        for _ in range(ENOUGH):
            retried = [one.ready_at for one in world.machine.running if not one.waits]
            if not retried:
                return
            world.pass_time(min(at for at in retried if at is not None))
            self.drain_queues()
        raise InvariantError("executions never come to rest")

    def _sweep_orphans(self) -> None:
        """Let the sweep find every lost execution; one that failed repeatedly waits for some runs."""
        world = self.world
        if world.lost:
            # A cycle that was just opened is looked at later.
            self._pass(ASSESSED_WITHIN)
        for _ in range(MAX_SWEEPS):
            if not world.orphans():
                return
            self._pass(SWEPT_EVERY)

    def _run_out(self) -> None:
        """Let every clock run until its last reminder, and DynamoDB remove expired items."""
        world = self.world
        for _ in range(8):
            due = world.next_instant()
            if due is None or self._all_recorded():
                break
            world.pass_time(due)
            self.drain()
        self._pass(timedelta(minutes=20))
        for key in world.expirable():
            world.tables.remove_by_ttl("requests", key)
        self.drain()

    def _pass(self, length: timedelta) -> None:
        """Let time pass, with all that is due in it."""
        world, until = self.world, self.world.clock.at + length
        for _ in range(ENOUGH):
            due = world.next_instant()
            if due is None or due > until:
                break
            world.pass_time(due)
            self.drain()
        world.pass_time(until)
        self.drain()

    def _all_recorded(self) -> bool:
        """Whether every draft was removed, and every open cycle's last reminder recorded."""
        late = self.world.clock.at - timedelta(minutes=20)
        for request_id in self.people.ids:
            request = self.people.request(request_id)
            if request is None:
                continue
            due_at = request.due_at
            if request.status == "INCOMPLETE" or (due_at and due_at > late):
                return False
        return True
