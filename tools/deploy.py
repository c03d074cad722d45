"""Deploy a stage to AWS: ``python -m tools.deploy --stage dev``, which ``make deploy STAGE=dev`` runs.

The changes are shown first, and deployed only after the stage's name is entered. Without a terminal,
nothing is deployed unless ``--yes`` is given.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Final

from infra.config import ROOT, StageConfig, StageConfigError, read_stage

Run = Callable[[Sequence[str]], int]
"""Runs a program and returns its exit status."""

_CDK: Final = ("npx", "--no-install", "cdk")
_PYTHON: Final = (sys.executable, "-m")


def deploy(stage: StageConfig, *, run: Run, confirmed: Callable[[], bool]) -> int:
    """Build, show the changes, and deploy them if they are confirmed.

    Returns the first nonzero exit status, 1 if the changes are not confirmed, else 0.
    """
    context = ("--context", f"stage={stage.name}")
    before: list[Sequence[str]] = [
        (*_PYTHON, "tools.portal_build"),
        # Not by a change set, because the comparison must not create anything in the account.
        (*_CDK, "diff", "--all", "--method=template", *context),
        (*_PYTHON, "tools.index_changes", "--stage", stage.name),
    ]
    after: list[Sequence[str]] = [
        (*_CDK, "deploy", "--all", "--require-approval=never", *context),
        (*_PYTHON, "tools.portal_publish", "--stage", stage.name),
    ]
    if status := _first_failure(before, run):
        return status
    if not confirmed():
        print(f"precert: nothing was deployed to {stage.name}")
        return 1
    return _first_failure(after, run)


def _first_failure(commands: Sequence[Sequence[str]], run: Run) -> int:
    return next((status for status in map(run, commands) if status), 0)


def confirmed_by_name(stage: StageConfig) -> bool:
    """Ask for confirmation; return whether the stage's name was entered at a terminal."""
    if not sys.stdin.isatty():
        print("precert: no terminal to ask for confirmation; YES=1 deploys the changes without it")
        return False
    place = f"account {stage.account or 'of your credentials'}, {stage.region or 'its Region'}"
    answer = input(f"Deploy these changes to {stage.name} ({place})? Type {stage.name} to deploy: ")
    return answer.strip() == stage.name


def _run(command: Sequence[str]) -> int:
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy a stage; return the exit status, 1 for an invalid configuration, which is printed."""
    parser = argparse.ArgumentParser(
        description="Show the changes, request a confirmation, and deploy a stage."
    )
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--yes", action="store_true", help="deploy without asking")
    args = parser.parse_args(arguments)
    try:
        stage = read_stage(args.stage)
    except StageConfigError as error:
        print(f"precert: the stage {args.stage} cannot be deployed:\n{error}", file=sys.stderr)
        return 1
    return deploy(stage, run=_run, confirmed=lambda: args.yes or confirmed_by_name(stage))


if __name__ == "__main__":
    sys.exit(main())
