"""The commands ``orphans list`` and ``orphans remove``; each returns whether no orphan is left."""

import argparse

from precert.bootstrap import stack_dependencies
from precert.cli.arguments import add_stack
from precert.cli.recording import CommandRecorder
from precert.domain.wording import counted
from precert.usecases.orphans import Orphan, find_orphans, remove_orphan


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands."""
    for name, run, text in (
        ("list", show, "records and files whose request no longer exists"),
        ("remove", remove, "remove the orphans that can be removed"),
    ):
        command = commands.add_parser(name, help=text)
        add_stack(command)
        command.set_defaults(run=run)


def _line(orphan: Orphan) -> str:
    state = "" if orphan.removable else " (not archived: redrive its failed cleanup)"
    return f"{orphan.request_id}: {orphan.what}{state}"


def show(args: argparse.Namespace) -> bool:
    """List records and files without a request."""
    deps = stack_dependencies(args.stack)
    found = list(deps.call(find_orphans))
    if found:
        recorder = CommandRecorder(deps, "orphans list")
        recorder.record(requests=(orphan.request_id for orphan in found))
    for orphan in found:
        print(_line(orphan))
    print(counted(len(found), "orphans"))
    return not found


def remove(args: argparse.Namespace) -> bool:
    """Remove records and files without a request, and list those that cannot be removed."""
    deps = stack_dependencies(args.stack)
    removed = left = 0
    recorder = CommandRecorder(deps, "orphans remove")
    for orphan in deps.call(find_orphans):
        if orphan.removable:
            recorder.record(requests=[orphan.request_id])
        if deps.call(remove_orphan, orphan):
            removed += 1
        else:
            left += 1
            print(_line(orphan))
    print(f"{removed} removed, {left} left")
    return left == 0
