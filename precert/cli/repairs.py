"""The commands of executions and deliveries: ``list``, ``repair`` and ``redrive``.

Each returns whether it succeeded.
"""

import argparse
from datetime import datetime, timedelta
from typing import Final

from precert.bootstrap import stack_dependencies
from precert.cli.arguments import add_stack
from precert.cli.recording import CommandRecorder
from precert.domain.dates import instant_text
from precert.domain.wording import counted
from precert.names import Delivery
from precert.usecases.repairs import Deliveries, orphaned_executions, repair_executions


def show_executions(args: argparse.Namespace) -> bool:
    """List the open determination cycles without a running execution."""
    deps = stack_dependencies(args.stack)
    found = list(
        orphaned_executions(
            listings=deps.listings, requests=deps.stored_requests, workflow=deps.workflow
        )
    )
    if found:
        recorder = CommandRecorder(deps, "executions list")
        recorder.record(requests=(one.request_id for one in found))
    for orphaned in found:
        due = f"due {orphaned.due_at.isoformat()}" if orphaned.due_at else "not pended yet"
        print(
            f"{orphaned.request_id} cycle {orphaned.cycle}: {orphaned.number}, {orphaned.status}, {due}"
        )
    print(f"{counted(len(found), 'open cycles')} without an execution")
    return True


def start_executions(args: argparse.Namespace) -> bool:
    """Start an execution of each open cycle without one; it continues from the stored state."""
    deps = stack_dependencies(args.stack)
    recorder = CommandRecorder(deps, "executions repair")
    repaired = repair_executions(
        listings=deps.listings,
        requests=deps.stored_requests,
        workflow=deps.workflow,
        before=lambda request_id: recorder.record(requests=[request_id]),
    )
    for request_id in repaired:
        print(f"{request_id}: started again")
    print(f"{counted(len(repaired), 'executions')} started")
    return True


_AT_ONCE: Final = 10
"""Maximum number of messages that SQS returns at once."""
_LONGEST_INVOCATION: Final = 900
"""The longest timeout of a function, in seconds."""


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands."""
    listed = commands.add_parser("list", help="count failed deliveries by receiver")
    listed.set_defaults(run=show)
    redriven = commands.add_parser("redrive", help="send failed deliveries to their receiver again")
    redriven.add_argument(
        "deliveries",
        nargs="*",
        type=_delivery,
        metavar="NAME",
        help=f"a receiver, by default all: {', '.join(one.lower() for one in Delivery)}",
    )
    redriven.set_defaults(run=redrive)
    for command in (listed, redriven):
        add_stack(command)


def _delivery(name: str) -> Delivery:
    if name.upper() not in set(Delivery):
        known = ", ".join(one.lower() for one in Delivery)
        raise argparse.ArgumentTypeError(f"must be one of {known}")
    return Delivery(name.upper())


def show(args: argparse.Namespace) -> bool:
    """Count the messages of the dead-letter queues; succeeds if all are empty."""
    found = stack_dependencies(args.stack).deliveries.failed()
    for one in found:
        since = f", since {one.oldest_at.isoformat(timespec='minutes')}" if one.oldest_at else ""
        print(f"{one.delivery.lower()}: {one.count}{since}")
    return not any(one.count for one in found)


def redrive(args: argparse.Namespace) -> bool:
    """Send all messages to their receivers again, once each; succeeds if none is left."""
    deps = stack_dependencies(args.stack)
    deps.invocation_seconds = _LONGEST_INVOCATION
    deliveries = deps.deliveries
    waiting = {one.delivery for one in deliveries.failed() if one.count}
    succeeded = True
    chosen = args.deliveries or sorted(waiting)
    if chosen:
        CommandRecorder(deps, "deliveries redrive").record(objects=chosen)
    for delivery in chosen:
        succeeded &= _redriven(deliveries, delivery)
    return succeeded


def _redriven(deliveries: Deliveries, delivery: Delivery) -> bool:
    """Redrive one queue until a call returns no message that was not tried."""
    redelivered = failed = without_record = 0
    instants: list[datetime] = []
    tried: set[str] = set()
    while True:
        result = deliveries.send_again(delivery, most=_AT_ONCE, tried=tried)
        redelivered += result.redelivered
        failed += result.failed
        without_record += result.not_redeliverable
        instants += result.between or ()
        if not result.redelivered + result.failed + result.not_redeliverable:
            break
    print(
        f"{delivery.lower()}: {redelivered} delivered, {failed} failed again, "
        f"{without_record} without the record"
    )
    if instants:
        print(_alternative(delivery, min(instants), max(instants)))
    return failed + without_record == 0


_MARGIN: Final = timedelta(minutes=1)
"""Margin for the times in the queue, which are approximate."""


def _alternative(delivery: Delivery, first: datetime, last: datetime) -> str:
    """The command to run for records of which the queue has only positions.

    The stream no longer has such records: Lambda sends a position to the queue when the record expires.
    Their items are still in the table.
    """
    since, until = (instant_text(at, "seconds") for at in (first - _MARGIN, last + _MARGIN))
    period = f"--since {since} --until {until}"
    if delivery is Delivery.RELAY:
        return f"  run: python -m precert events republish {period}"
    if delivery is Delivery.CLEANUP:
        return "  run: python -m precert orphans remove"
    if delivery is Delivery.AUDIT:
        return f"  run: python -m precert audit {period} --copy"
    return f"  the records are of {since} to {until}"
