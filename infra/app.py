"""Synthesize the stacks: ``python -m infra.app --stage dev --platform local --out build/local``.

The CDK command line runs the same module and passes the same options as context. The tests validate
the template, so that a synthesis takes a few seconds. A synthesis makes no context lookups in an AWS
account.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import aws_cdk as cdk

from infra import packaging
from infra.config import StageConfig, StageConfigError, read_stage
from infra.data import DataStack
from infra.edge import Firewall
from infra.monitoring import MonitoringStack
from infra.packaging import Packages
from infra.platforms import Platform
from infra.stack import ServiceStack

FLAGS: Final = {
    "@aws-cdk/aws-iam:minimizePolicies": True,
    "@aws-cdk/core:enablePartitionLiterals": True,
    # Stacks read each other's outputs by name; nothing that a stack exports is locked (ADR 0126).
    "@aws-cdk/core:defaultCrossStackReferences": "weak",
    # A version is published when a function's layer changes, and not for its description.
    "@aws-cdk/aws-lambda:recognizeLayerVersion": True,
    "@aws-cdk/aws-lambda:recognizeVersionProps": True,
}
"""Set here and not in ``cdk.json``: this module and the CDK command line must write one template."""


class Stacks(NamedTuple):
    """The stacks of a stage, in the order of their deployment."""

    data: DataStack
    service: ServiceStack
    monitoring: MonitoringStack
    firewall: Firewall | None = None
    """Deployed before the service, which refers to it; in us-east-1."""


def make_app(
    stage: StageConfig,
    platform: Platform,
    *,
    out: str | None = None,
    packages: Packages | None = None,
) -> tuple[cdk.App, Stacks]:
    """Return the app with its stacks, not yet synthesized."""
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
    # Commands read all outputs from the service, whose name is the stage's.
    name = f"precert-{stage.name}"
    data = DataStack(app, f"{name}-data", stage=stage)
    firewall = Firewall.for_stage(app, f"{name}-edge", stage)
    service = ServiceStack(
        app,
        name,
        stage=stage,
        platform=platform,
        packages=packages,
        data=data,
        web_acl_arn=firewall.web_acl_arn if firewall else None,
    )
    if firewall is not None:
        service.add_stack_dependency(firewall)
    monitoring = MonitoringStack(app, f"{name}-monitoring", stage=stage, data=data, service=service)
    return app, Stacks(data, service, monitoring, firewall)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options from the command line, then from the CDK context, and synthesize."""
    cdk_context = cdk.App(auto_synth=False).node.get_all_context()
    parser = argparse.ArgumentParser(description="Synthesize the stacks of a stage.")
    parser.add_argument("--stage", default=cdk_context.get("stage", "dev"))
    parser.add_argument(
        "--platform", type=Platform, default=cdk_context.get("platform", Platform.AWS)
    )
    parser.add_argument("--out", default=os.environ.get("CDK_OUTDIR"), help="the assembly's folder")
    parser.add_argument("--config", type=Path, default=cdk_context.get("config"))
    args = parser.parse_args(arguments)
    try:
        stage = read_stage(args.stage, args.config and Path(args.config))
    except StageConfigError as error:
        sys.exit(f"precert: the stage {args.stage} is not configured:\n{error}")
    out = args.out or str(packaging.ROOT / "build" / args.platform / "cdk.out")
    _clear(Path(out))
    app, stacks = make_app(stage, args.platform, out=out)
    assembly = app.synth()
    names = [stack.stack_name for stack in stacks if stack is not None]
    print(json.dumps({"stacks": names, "assembly": assembly.directory}))


def _clear(out: Path) -> None:
    """Remove an earlier assembly, of this or another stage. Other folders are not removed.

    The CDK command line holds lock files in its folder and clears that folder itself.
    """
    if "CDK_OUTDIR" not in os.environ and (out / "cdk.out").is_file():
        shutil.rmtree(out)


if __name__ == "__main__":
    main()
