"""Synthesis with the checks that a plain synthesis omits."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra.app import make_app
from infra.platforms import Platform
from tests.template.synthesized import Synthesized


def synthesize(
    folder: Path, stage: str, platform: Platform, context: Mapping[str, Any] | None = None
) -> Synthesized:
    app, _ = make_app(stage, platform, out=str(folder), context=context)
    return checked(app, stage, folder, platform)


def checked(
    app: cdk.App, stage: str, folder: Path, platform: Platform = Platform.LOCAL
) -> Synthesized:
    """A finding fails the synthesis; the report has the data that tests read."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with contextlib.suppress(RuntimeError):
        app.synth()
    return Synthesized(stage, platform.value, folder)
