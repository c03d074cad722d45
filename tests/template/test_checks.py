"""The template against public checkers: cfn-lint, AWS Solutions, HIPAA Security, NIST 800-53."""

from collections import Counter
from pathlib import Path
from typing import Final

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from cfnlint import api  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

from tests.architecture.source import ROOT
from tests.template.checking import ALL_CHECKS, checked
from tests.template.synthesized import Synthesized

NOT_OURS: Final = {
    "W3005": "the CDK writes each dependency on a role, whether or not a property has it",
}
JSONATA_TIMEOUT: Final = "States/Await Decision/TimeoutSeconds"
"""The linter's schema has no JSONata in a time limit; AWS accepts it."""


@pytest.mark.parametrize("stage", [pytest.param("dev", marks=pytest.mark.deep), "prod"])
def test_no_finding_is_reported_when_the_template_is_linted(
    request: pytest.FixtureRequest, stage: str
) -> None:
    """The local cloud deploys the stage of developers in ``make test``; ``make deep`` lints it too."""
    stack: Synthesized = request.getfixturevalue(stage)
    config = ManualArgs(regions=["us-east-1"], ignore_checks=list(NOT_OURS))
    found = [
        f"{match.rule.id} {match.message}"
        for text in stack.texts.values()
        for match in api.lint(text, config=config)
    ]
    assert [one for one in found if JSONATA_TIMEOUT not in one] == []


def test_no_finding_is_open_when_the_security_rules_have_run(stack: Synthesized) -> None:
    assert stack.findings == []


def test_insecure_resource_is_found_when_the_security_rules_run(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    s3.CfnBucket(cdk.Stack(app, "precert-dev"), "Careless")
    found = {one.split(" ")[0] for one in checked(app, "dev", tmp_path, checks=ALL_CHECKS).findings}
    assert found >= {
        "AwsSolutions-S1",
        "HIPAA.Security-S3BucketReplicationEnabled",
        "NIST.800.53.R5-S3BucketReplicationEnabled",
    }


def test_acknowledgement_has_a_resource_and_a_reason_when_it_is_declared(
    stack: Synthesized,
) -> None:
    unfounded = [
        f"{path} {finding}"
        for path, finding, reason in stack.acknowledged
        if path.count("/") < 3 or len(reason.split()) < 8
    ]
    assert unfounded == []


def test_page_of_the_checks_is_current_when_findings_are_acknowledged(prod: Synthesized) -> None:
    text = (ROOT / "docs" / "security-checks.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    by_pack = {cells[0]: int(cells[2]) for cells in rows if len(cells) == 4 and cells[2].isdigit()}
    by_rule = {cells[0]: int(cells[1]) for cells in rows if len(cells) == 3 and cells[1].isdigit()}
    # In the form Annotation::AwsSolutions-IAM5[Resource::*].
    found = [
        name.removeprefix("Annotation::").partition("[")[0] for _, name, _ in prod.acknowledged
    ]
    packs = Counter(name.partition("-")[0] for name in found)
    assert packs == by_pack
    for pack in ("HIPAA.Security", "NIST.800.53.R5"):
        rules = Counter(name.partition("-")[2] for name in found if name.startswith(pack))
        assert rules == {name: count for name, count in by_rule.items() if count}, pack
