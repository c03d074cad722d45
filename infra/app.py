"""Synthesizes the stack: ``python -m infra.app --stage dev --platform local --out build/local``.

The CDK command line runs the same module and gives the same choices as context. Templates are
checked in the tests, not here, which keeps a synthesis at a few seconds. Nothing is looked up in an
account.
"""

import argparse
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk

from infra import packaging
from infra.context import stage_config
from infra.packaging import Packages
from infra.platforms import Platform
from infra.stack import PrecertStack

FLAGS: Final = {
    "@aws-cdk/aws-iam:minimizePolicies": True,
    "@aws-cdk/core:enablePartitionLiterals": True,
    # A version is published when a function's layer changes, and not for its description.
    "@aws-cdk/aws-lambda:recognizeLayerVersion": True,
    "@aws-cdk/aws-lambda:recognizeVersionProps": True,
}
"""Set here and not in ``cdk.json``: both ways in must give the same template."""


def make_app(
    stage: str,
    platform: Platform,
    *,
    out: str | None = None,
    context: Mapping[str, Any] | None = None,
    packages: Packages | None = None,
) -> tuple[cdk.App, PrecertStack]:
    """The app with its one stack, not yet synthesized."""
    packages = packages or packaging.build(platform)
    packaging.print_missing_bytecode(packages, platform)
    app = cdk.App(
        outdir=out,
        context=FLAGS,
        analytics_reporting=False,
        builtin_cloud_formation_validation=False,
        tree_metadata=False,
        stack_traces=False,
    )
    stack = PrecertStack(
        app,
        f"precert-{stage}",
        stage=stage_config(stage, context or {}),
        platform=platform,
        packages=packages,
    )
    return app, stack


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads the choices, from the command line first and from context else."""
    given = cdk.App(auto_synth=False).node.get_all_context()
    parser = argparse.ArgumentParser(description="Synthesizes the precert stack.")
    parser.add_argument("--stage", default=given.get("stage", "dev"))
    parser.add_argument("--platform", type=Platform, default=given.get("platform", Platform.AWS))
    parser.add_argument("--out", default=os.environ.get("CDK_OUTDIR"), help="the assembly's folder")
    parser.add_argument("--context", action="append", default=[], metavar="KEY=VALUE")
    chosen = parser.parse_args(arguments)
    context = {**given, **dict(pair.split("=", 1) for pair in chosen.context)}
    out = chosen.out or str(packaging.ROOT / "build" / chosen.platform / "cdk.out")
    _clear(Path(out))
    app, stack = make_app(chosen.stage, chosen.platform, out=out, context=context)
    assembly = app.synth()
    print(json.dumps({"stack": stack.stack_name, "assembly": assembly.directory}))


def _clear(out: Path) -> None:
    """Removes an assembly of before, another stage's too; only ever a folder marked as one.

    The CDK command line keeps locks in its folder, and clears it by itself.
    """
    if "CDK_OUTDIR" not in os.environ and (out / "cdk.out").is_file():
        shutil.rmtree(out)


if __name__ == "__main__":
    main()
