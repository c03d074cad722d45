"""The commands ``migrations list`` and ``migrations run``; each returns whether it succeeded."""

import argparse

from precert.bootstrap import stack_dependencies
from precert.cli.arguments import add_stack
from precert.cli.recording import CommandRecorder
from precert.domain.wording import counted
from precert.usecases.migrations import MIGRATIONS, Progress, migrate


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands."""
    listed = commands.add_parser("list", help="the migrations of this release, and their progress")
    listed.set_defaults(run=show)
    run = commands.add_parser("run", help="run a migration, or continue it where it was stopped")
    run.add_argument("name", metavar="NAME")
    run.add_argument(
        "--restart", action="store_true", help="begin again, even if the migration is complete"
    )
    run.set_defaults(run=apply)
    for command in (listed, run):
        add_stack(command)


def show(args: argparse.Namespace) -> bool:
    """List the migrations; returns whether all are complete."""
    records = stack_dependencies(args.stack).migrations
    found = {name: records.progress(name) for name in MIGRATIONS}
    for name, progress in found.items():
        print(f"{name}: {_state(progress)}; {MIGRATIONS[name].text}")
    return all(progress.complete for progress in found.values())


def apply(args: argparse.Namespace) -> bool:
    """Run a migration, with a line per page; returns whether every request could be read."""
    deps = stack_dependencies(args.stack)
    recorder = CommandRecorder(deps, "migrations run")
    recorder.record(objects=[args.name])
    progress = Progress()
    for progress in migrate(
        args.name,
        restart=args.restart,
        before=lambda request_ids: recorder.record(requests=request_ids),
        migrations=deps.migrations,
        requests=deps.stored_requests,
    ):
        print(f"{args.name}: {_state(progress)}", flush=True)
    return progress.damaged == 0


def _state(progress: Progress) -> str:
    counts = f"{counted(progress.seen, 'requests')} read, {progress.changed} changed"
    if progress.damaged:
        counts += f", {progress.damaged} damaged"
    if progress.complete:
        return f"complete, {counts}"
    return f"stopped, {counts}" if progress.position else "not run"
