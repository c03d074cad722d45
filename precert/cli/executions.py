"""The commands ``executions list`` and ``executions repair``; each returns whether it succeeded."""

import argparse

from precert.bootstrap import stack_dependencies
from precert.cli.recording import CommandRecorder
from precert.usecases.repairs import orphaned_executions, repair_executions


def show(args: argparse.Namespace) -> bool:
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
    print(f"{len(found)} open cycles without an execution")
    return True


def repair(args: argparse.Namespace) -> bool:
    """Start an execution for each open cycle without one; it continues from the table."""
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
    print(f"{len(repaired)} executions started")
    return True
