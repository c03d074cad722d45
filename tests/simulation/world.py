"""The world of one seed: the product's handlers over simulated AWS, and all actors.

One thread. At the top level the actors act in the order that the seed draws; at each AWS call
another actor's whole invocation may run, nested. What remains of a killed process is what the
tables, queues and executions contain.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar, Final, NamedTuple

from functions.expire import handler as expire
from functions.expire import warn
from functions.inbox import handler as inbox
from functions.notices import handler as notices
from functions.relay import handler as relay
from functions.sweep import executions
from functions.sweep import handler as sweep
from functions.upload import verify
from functions.workflow import handler as workflow
from precert.adapters.dynamodb.keys import DRAFTS_QUEUE
from precert.bootstrap import Dependencies
from precert.domain.documents import Refusal
from precert.domain.event_types import MESSAGE_EVENT_TYPES, NOTICE_EVENT_TYPES, EventType
from precert.names import CHECKS_INDEX, CHECKS_SK, TTL_ATTRIBUTE, WORKLIST_PK, WORKLIST_SK, Env
from precert.settings import Settings
from precert.usecases.ports.listings import CheckQueue
from precert.usecases.repairs import ASSESSED_WITHIN, LATE_AFTER
from tests.fakes.audit import MemoryAudit
from tests.fakes.clock import START, Clock
from tests.fakes.code_sets import code_sets
from tests.fakes.environments import environment
from tests.simulation.broken import InvariantError
from tests.simulation.bucket import Bucket
from tests.simulation.bucket import Exceptions as BucketExceptions
from tests.simulation.machine import Exceptions, Execution, Machine
from tests.simulation.reference import LINES, REFERENCE, loaded, member_of, notice_words, payer
from tests.simulation.streams import (
    BATCH,
    RETAINED,
    Delivery,
    StreamReader,
    is_draft,
    relayed,
    removed,
)
from tests.simulation.table import Key, Tables, Written, failed
from tests.simulation.wire import Client, Killed
from tests.simulation.wire import Wire as WireTo

REQUESTS: Final = "requests"
SERIALS: Final = 6
"""So few numbers that a number is often drawn again."""
WARNINGS_EVERY: Final = timedelta(minutes=15)
ASYNCHRONOUS_TRIES: Final = 3
"""After so many failures Lambda discards an event that it was invoked with asynchronously."""
SWEPT_EVERY: Final = timedelta(minutes=2)
BEST_EFFORT: Final = 0.8
"""The share of status changes of executions that arrive; AWS guarantees none."""
MAX_DEPTH: Final = 2
MAX_LATE: Final = timedelta(hours=6)
"""How long a stream or a bus may hold back a record in the seeds."""


class Context:
    """The fields of Lambda's context that Powertools reads."""

    function_name = "function"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id = "aws-request-id"


_CONTEXT: Final = Context()


class Outcome(NamedTuple):
    """The end of an invocation: ``error`` is the class of the escaped exception, or that it was
    killed.
    """

    answer: Any
    error: str | None = None


_RULES: Final = ((MESSAGE_EVENT_TYPES, inbox), (NOTICE_EVENT_TYPES, notices))
KILLED: Final = "killed"
PASSING: Final = frozenset({"TransientError", "RequestClosedError", KILLED})
"""How a handler may end: with a transient error, or without an execution to wait for."""


class Step(NamedTuple):
    """One entry of the trace."""

    depth: int
    at: datetime
    text: str

    def __str__(self) -> str:
        return f"{self.at:%m-%d %H:%M:%S.%f} {'  ' * self.depth}{self.text}"


class World:
    """A seed's world. Actors are registered with a weight."""

    rules: ClassVar[tuple[tuple[tuple[EventType, ...], ModuleType], ...]] = _RULES
    """Which functions receive the events of the bus."""
    queued = True
    """Whether a queue is between the bus and each function."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = Random(seed)
        self.clock = Clock(START)
        self.trace: list[Step] = []
        self.depth = 0
        self.nesting = 0.0
        self.wire = WireTo(self.rng, self._between, self.note)
        self.tables = Tables({REQUESTS: {}, REFERENCE: {}}, self._written)
        # Every line of business has its turn, without drawing a number.
        for item in (member_of(LINES[seed % len(LINES)]), *loaded().items):
            partition = self.tables.tables[REFERENCE].setdefault(item["pk"]["S"], {})
            partition[item["sk"]["S"]] = item
        self.bucket = Bucket(self._arrived)
        self.machine = Machine(self.clock, self.rng, self.note)
        self.mappings = (
            StreamReader("relay", relay, relayed),
            StreamReader("expire", expire, removed),
        )
        self.published: list[dict[str, Any]] = []
        self.deliveries: list[Delivery] = []
        self.aborted: set[str] = set()
        self.lost: set[str] = set()
        """Executions whose status change was lost; the next sweep finds their cycles."""
        self.workflow_is_down = False
        self.calm_since: datetime | None = None
        """When failures and races ended."""
        self.swept_at = START
        self.machine.on_error = self._ended
        self.checks: list[Callable[[list[Written]], None]] = []
        self.actors: list[Callable[[], Callable[[], None] | None]] = []
        self._ids = 0
        self._ends: dict[Key, int] = {}
        self._busy_executions: set[str] = set()
        self.signing = self.rng.random() < 0.3
        self.deps = self._deps()

    # -- the product's dependencies -----------------------------------------------------------------

    def _deps(self) -> Dependencies:
        deps = Dependencies(
            settings=Settings(
                {
                    Env.REQUESTS_TABLE: REQUESTS,
                    Env.REFERENCE_TABLE: REFERENCE,
                    Env.DOCUMENTS_BUCKET: "documents",
                    Env.ARCHIVE_BUCKET: "archive",
                    Env.RULE_LISTS_BUCKET: "rules",
                    Env.DATA_KEY: "data-key",
                    Env.SCAN_DOCUMENTS: "off",
                    Env.RIGHTS: "claims",
                    Env.CALLS_PER_MINUTE: "off",
                    Env.ORIGIN_SECRETS: "off",
                    Env.PARTNERS_DOMAIN: "none",
                    Env.SSN_KEY: "ssn-key",
                    Env.STATE_MACHINE_ARN: "arn:aws:states:::stateMachine:machine",
                    Env.ASSESSMENT_ARN: "arn:aws:states:::stateMachine:assessment",
                    Env.EVENT_BUS_NAME: "bus",
                }
            ),
            now=self.clock,
            new_id=self.new_id,
            inspect=_inspected,
            serial=lambda: self.rng.randrange(SERIALS),
        )
        deps.payer = payer(signing=self.signing)
        deps.rule_lists = loaded().rule_lists
        deps.code_sets = code_sets()
        deps.notice_words = notice_words()
        # The audit is tested in tests/adapters.
        deps.audit_log = MemoryAudit()
        # Printed content is tested in tests/adapters.
        deps.printer = SimpleNamespace(print=lambda template, facts: b"%PDF")  # type: ignore[assignment]
        clients = {
            "dynamodb": Client(self.wire, self.tables.perform),
            "s3": Client(self.wire, self.bucket.perform, BucketExceptions),
            "stepfunctions": Client(self.wire, self._perform_workflow, Exceptions),
            "events": Client(self.wire, self._put_events),
        }
        deps.session = SimpleNamespace(client=lambda name, **_: clients[name])  # type: ignore[assignment]
        deps.s3 = clients["s3"]  # type: ignore[assignment]
        return deps

    def _perform_workflow(self, operation: str, parameters: Mapping[str, Any]) -> Any:
        if self.workflow_is_down:
            raise failed("ServiceUnavailable", operation)
        if operation == "start_sync_execution":
            return self._assessed(parameters)
        return self.machine.perform(operation, parameters)

    def _assessed(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """An Express execution: one invocation, whose failure is not retried."""
        self.note(f"an assessment of {parameters['input']}")
        outcome = self.invoke(workflow, {"task": "assess", **json.loads(parameters["input"])})
        if outcome.error:
            return {"status": "FAILED"}
        return {"status": "SUCCEEDED", "output": json.dumps(outcome.answer)}

    def new_id(self) -> str:
        self._ids += 1
        return f"01J{self._ids:023d}"

    # -- time and randomness ------------------------------------------------------------------------

    def note(self, text: str) -> None:
        self.trace.append(Step(self.depth, self.clock.at, text))

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def _between(self) -> None:
        """Code that runs between a process and the effect of its call."""
        self.clock.at += timedelta(microseconds=self.rng.choice((0, 900, 4000, 70000)))
        if self.depth <= MAX_DEPTH and self.nesting and self.chance(self.nesting):
            self.act()

    def pause(self, seconds: float) -> None:
        self.clock.pass_by(seconds=seconds)
        self._between()

    # -- invocations --------------------------------------------------------------------------------

    def invoke(self, function: ModuleType, event: Mapping[str, Any]) -> Outcome:
        """Run a handler as Lambda would; only the simulation's own errors leave it."""
        self.depth += 1
        try:
            # A call within a call is another one at the same time: Lambda runs it elsewhere.
            called = function if self.depth == 1 else environment(function, self.depth)
            return Outcome(called.handle(event, _CONTEXT))
        except Killed:
            self.note("killed")
            return Outcome(None, KILLED)
        except Exception as error:
            self.note(f"raised {type(error).__name__}")
            if type(error).__name__ not in PASSING:
                raise InvariantError(f"an internal error: {error!r}") from error
            return Outcome(None, type(error).__name__)
        finally:
            self.depth -= 1

    def act(self) -> None:
        """Let an actor that can act now do so."""
        possible = [move for actor in self.actors if (move := actor()) is not None]
        if possible:
            self.rng.choice(possible)()

    # -- what follows a write -----------------------------------------------------------------------

    def _written(self, written: list[Written]) -> None:
        for check in self.checks:
            check(written)
        for one in written:
            if one.table != REQUESTS:
                continue
            # What stays for years is no simulation's affair.
            if one.new is not None and TTL_ATTRIBUTE in one.new and is_draft(one):
                self._ends[one.key] = int(one.new[TTL_ATTRIBUTE]["N"])
            else:
                self._ends.pop(one.key, None)
            for mapping in self.mappings:
                if mapping.passes(one):
                    mapping.add(one, self.clock.at)

    def _put_events(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        for entry in parameters["Entries"]:
            self.published.append(entry)
            detail = json.loads(entry["Detail"])
            for types, handler in self.rules:
                if entry["DetailType"] in types:
                    what = f"{detail['event_id']} to {handler.__name__.split('.')[1]}"
                    self.deliveries.append(Delivery(detail, handler, what))
        return {
            "FailedEntryCount": 0,
            "Entries": [{"EventId": "id"} for _ in parameters["Entries"]],
        }

    def _ended(self, execution: Execution) -> None:
        """An execution failed or was aborted: its queue receives the status change, or does not."""
        if self.workflow_is_down or not self.chance(BEST_EFFORT):
            self.lost.add(execution.name)
            return
        detail = {"status": execution.status, "input": json.dumps(execution.input)}
        self.deliveries.append(Delivery(detail, executions, f"the end of {execution.name}"))

    def _arrived(self, key: str) -> None:
        self.deliveries.append(Delivery({"object": {"key": key}}, verify, key))

    def deliver_records(self, mapping: StreamReader) -> None:
        """One batch; what is answered as failed, and all after it, comes again."""
        mapping.expire(self.clock.at - RETAINED)
        batch = mapping.batch(self.rng)
        if not batch:
            return
        items = {one.key for one in batch}
        mapping.in_flight |= items
        self.note(f"{mapping.name} receives {', '.join(one.number.lstrip('0') for one in batch)}")
        outcome = self.invoke(mapping.handler, {"Records": [one.content for one in batch]})
        mapping.in_flight -= items
        if outcome.error:
            return
        failures = [one["itemIdentifier"] for one in outcome.answer["batchItemFailures"]]
        if failures:
            self.note(f"{mapping.name} answers {failures[0].lstrip('0')} as failed")
            numbers = [one.number for one in batch]
            mapping.remove(batch[: numbers.index(failures[0])])
        elif not (self.nesting and self.chance(0.05)):
            # Now and then the mapping loses the response.
            mapping.remove(batch)

    def deliver(self, index: int) -> None:
        """One delivery of the bus with some others of its queue, or one invocation of a function."""
        if not self.queued:
            self._invoke(index)
            return
        first = self.deliveries.pop(index)
        batch = [first]
        for _ in range(self.rng.randrange(BATCH)):
            others = [one for one in self.deliveries if one.handler is first.handler]
            if others:
                batch.append(self.rng.choice(others))
                self.deliveries.remove(batch[-1])
        self.note(f"delivery of {', '.join(one.what for one in batch)}")
        records = [
            {"messageId": str(number), "body": json.dumps({"detail": one.detail})}
            for number, one in enumerate(batch)
        ]
        outcome = self.invoke(first.handler, {"Records": records})
        failed = {str(number) for number in range(len(batch))}
        if outcome.error is None:
            failed = {one["itemIdentifier"] for one in outcome.answer["batchItemFailures"]}
        for number, delivery in enumerate(batch):
            if str(number) in failed or (self.nesting and self.chance(0.05)):
                self.deliveries.append(delivery)

    def _invoke(self, index: int) -> None:
        """An asynchronous invocation: it is repeated where it failed, and now and then anyway."""
        delivery = self.deliveries.pop(index)
        self.note(f"delivery of {delivery.what}")
        outcome = self.invoke(delivery.handler, {"detail": delivery.detail})
        delivery.attempts += 1
        if outcome.error and delivery.attempts == ASYNCHRONOUS_TRIES:
            self.note(f"{delivery.what} no longer exists")
        elif outcome.error or (self.nesting and self.chance(0.05)):
            self.deliveries.append(delivery)

    def run_task(self, execution: Execution) -> None:
        """Invoke the function of the task that an execution is in."""
        token, payload = execution.token, execution.payload
        if payload is None:
            return
        self._busy_executions.add(execution.name)
        self.note(f"{execution.name} runs {payload['task']}")
        outcome = self.invoke(workflow, payload)
        self._busy_executions.discard(execution.name)
        if outcome.error == KILLED:
            error = self.rng.choice(("Sandbox.Timedout", "Lambda.Unknown"))
            self.machine.raised(execution, token, error)
        elif outcome.error:
            self.machine.raised(execution, token, outcome.error)
        elif self.wire.failures_left and self.chance(self.wire.failure_share):
            # It ran, but Step Functions did not receive its result.
            self.wire.failures_left -= 1
            self.machine.raised(execution, token, "Lambda.SdkClientException")
        else:
            self.machine.returned(execution, token)

    def ready_tasks(self) -> list[Execution]:
        return [one for one in self.machine.ready() if one.name not in self._busy_executions]

    # -- time's own work ----------------------------------------------------------------------------

    def expirable(self) -> list[Key]:
        """Items whose ``ttl`` has passed: the store may remove them, or take its time."""
        now = self.clock.at.timestamp()
        return [key for key, seconds in self._ends.items() if seconds < now]

    def next_instant(self) -> datetime | None:
        """When something is due by itself: an execution's timer, or the end of a draft."""
        instants = [datetime.fromtimestamp(end + 1, UTC) for end in self._ends.values()]
        later = [at for at in instants if at > self.clock.at]
        if (warning := self.next_warning()) is not None:
            later.append(max(warning, self.clock.at) + WARNINGS_EVERY)
        if (timer := self.machine.next_instant()) is not None:
            later.append(max(timer, self.clock.at))
        if (check := self.next_late_check()) is not None:
            later.append(max(check, self.clock.at) + SWEPT_EVERY)
        return min(later, default=None)

    def pass_time(self, until: datetime) -> None:
        self.clock.at = max(self.clock.at, until)
        self.note("time passes")
        self.machine.time_out()
        if (warning := self.next_warning()) is not None and warning <= self.clock.at:
            self.warn()
        self.sweep_if_due()

    def removed(self, pk: str, sk: str) -> bool:
        """Whether the event of a document's deletion is recorded."""
        name = sk.removeprefix("DOCUMENT#")
        return any(
            "event" in item and name in item["event"]["S"] and "Deleted" in item["event"]["S"]
            for item in self.tables.collection(REQUESTS, pk)
        )

    def next_warning(self) -> datetime | None:
        """When the provider of some draft is to be warned of its end."""
        instants = [
            datetime.fromisoformat(item[WORKLIST_SK]["S"])
            for item in self.tables.items(REQUESTS)
            if item.get(WORKLIST_PK) == {"S": DRAFTS_QUEUE}
        ]
        return min(instants, default=None)

    def warn(self) -> None:
        """The schedule's invocation, which Lambda tries again twice."""
        self.note("drafts are looked at for warnings")
        for _ in range(3):
            if self.invoke(warn, {}).error is None:
                return

    # -- the operator -------------------------------------------------------------------------------

    def abort(self, execution: Execution) -> None:
        self.note(f"{execution.name} is aborted")
        self.aborted.add(execution.name)
        self.machine.abort(execution)

    # -- the sweep ----------------------------------------------------------------------------------

    def open_cycles(self, queue: CheckQueue) -> dict[str, tuple[datetime, int]]:
        """When the next check of each open cycle of a queue is due, and its number."""
        return {
            item["request_id"]["S"]: (
                datetime.fromisoformat(item[CHECKS_SK]["S"].partition("#")[0]),
                int(item["cycle"]["N"]),
            )
            for item in self.tables.in_index(REQUESTS, CHECKS_INDEX).get(queue.value, {}).values()
        }

    def next_late_check(self) -> datetime | None:
        """From when a run of the sweep records a clock that no execution has recorded."""
        pended = self.open_cycles(CheckQueue.PENDED)
        last = min((at for at, _ in pended.values() if at.year < 9999), default=None)
        return None if last is None else last + LATE_AFTER

    def orphans(self) -> list[str]:
        """Requests whose open cycle has no execution, and has waited for one."""
        running = {(one.request_id, one.cycle) for one in self.machine.running}
        late = self.clock.at - ASSESSED_WITHIN
        unassessed = self.open_cycles(CheckQueue.UNASSESSED)
        waiting = {id_: cycle for id_, (at, cycle) in unassessed.items() if at <= late}
        pended = {id_: cycle for id_, (_, cycle) in self.open_cycles(CheckQueue.PENDED).items()}
        return [id_ for id_, cycle in (waiting | pended).items() if (id_, cycle) not in running]

    def sweep_if_due(self) -> None:
        """The schedule's invocation; one that would find nothing is left out."""
        if self.clock.at < self.swept_at + SWEPT_EVERY:
            return
        self.swept_at = self.clock.at
        check = self.next_late_check()
        if (check is not None and check <= self.clock.at) or self.orphans():
            self.sweep()

    def sweep(self) -> None:
        """The schedule's invocation, which Lambda tries again twice."""
        self.note("open cycles are swept")
        for _ in range(3):
            if self.invoke(sweep, {}).error is None:
                return


def _inspected(body: bytes, _content_type: str) -> Refusal | None:
    """tests/adapters inspects files; here only the first bytes are compared."""
    return None if body.startswith(b"%PDF") else Refusal.CONTENT
