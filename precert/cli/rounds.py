"""``rounds list`` and ``repair``; each answers whether it was done."""

import argparse

from precert.bootstrap import stack_dependencies
from precert.usecases.operations import repair_rounds, stray_rounds


def show(given: argparse.Namespace) -> bool:
    """Name the open rounds that no execution runs for."""
    made = stack_dependencies(given.stack)
    found = 0
    for stray in stray_rounds(
        listings=made.listings, requests=made.stored_requests, workflow=made.workflow
    ):
        found += 1
        due = f"due {stray.due_at.isoformat()}" if stray.due_at else "not pended yet"
        print(f"{stray.request_id} round {stray.round}: {stray.number}, {stray.status}, {due}")
    print(f"{found} open rounds without an execution")
    return True


def repair(given: argparse.Namespace) -> bool:
    """Start their executions again, where the table says."""
    made = stack_dependencies(given.stack)
    mended = repair_rounds(
        listings=made.listings, requests=made.stored_requests, workflow=made.workflow
    )
    for request_id in mended:
        print(f"{request_id}: started again")
    print(f"{len(mended)} executions started")
    return True
