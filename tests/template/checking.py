"""Synthesis with the checks that a plain synthesis omits."""

import contextlib
from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra.app import make_app
from infra.config import StageConfig
from infra.platforms import Platform
from tests.template.synthesized import Synthesized


def synthesize(folder: Path, stage: StageConfig, platform: Platform) -> Synthesized:
    app, _ = make_app(stage, platform, out=str(folder))
    return checked(app, stage.name, folder, platform)


def checked(
    app: cdk.App, stage: str, folder: Path, platform: Platform = Platform.LOCAL
) -> Synthesized:
    """A finding fails the synthesis; the report has the data that tests read."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with contextlib.suppress(RuntimeError):
        app.synth()
    return Synthesized(stage, platform.value, folder)
