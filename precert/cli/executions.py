"""The commands ``executions list`` and ``executions repair``; each returns whether it succeeded."""

import argparse

from precert.bootstrap import stack_dependencies
from precert.cli.recording import CommandRecorder
from precert.usecases.repairs import orphaned_executions, repair_executions


def show(args: argparse.Namespace) -> bool:
    """List the open determination cycles without a running execution."""
    deps = stack_dependencies(args.stack)
    mismatches = 0
    for orphaned in orphaned_executions(
        listings=deps.listings, requests=deps.stored_requests, workflow=deps.workflow
    ):
        mismatches += 1
        due = f"due {orphaned.due_at.isoformat()}" if orphaned.due_at else "not pended yet"
        print(
            f"{orphaned.request_id} cycle {orphaned.cycle}: {orphaned.number}, {orphaned.status}, {due}"
        )
    print(f"{mismatches} open cycles without an execution")
    return True


def repair(args: argparse.Namespace) -> bool:
    """Start an execution for each open cycle without one; it continues from the table."""
    deps = stack_dependencies(args.stack)
    repaired = repair_executions(
        listings=deps.listings, requests=deps.stored_requests, workflow=deps.workflow
    )
    if repaired:
        CommandRecorder(deps, "executions repair").record(requests=repaired)
    for request_id in repaired:
        print(f"{request_id}: started again")
    print(f"{len(repaired)} executions started")
    return True
