"""Synthesis with the checks that a plain synthesis omits."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, HIPAASecurityChecks, NagPack, NIST80053R5Checks

from infra.app import make_app
from infra.config import StageConfig
from infra.platforms import Platform
from tests.template.synthesized import Synthesized

ALL_CHECKS: Final = (AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks)


def synthesize(
    folder: Path,
    stage: StageConfig,
    platform: Platform,
    checks: Sequence[type[NagPack]] = (AwsSolutionsChecks,),
) -> Synthesized:
    app, _ = make_app(stage, platform, out=str(folder))
    return checked(app, stage.name, folder, platform, checks)


def checked(
    app: cdk.App,
    stage: str,
    folder: Path,
    platform: Platform = Platform.LOCAL,
    checks: Sequence[type[NagPack]] = (AwsSolutionsChecks,),
) -> Synthesized:
    """A finding fails the synthesis; the report has the data that tests read."""
    cdk.Validations.of(app).add_plugins(*(check(app) for check in checks))
    with contextlib.suppress(RuntimeError):
        app.synth()
    return Synthesized(stage, platform.value, folder)
