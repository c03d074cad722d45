"""Each stage is synthesized once per run, and checked."""

import json
import os
from typing import Any

import pytest

# Powertools reads these when ``precert.observability`` is first imported.
os.environ |= {"POWERTOOLS_SERVICE_NAME": "precert", "POWERTOOLS_METRICS_NAMESPACE": "precert"}

from infra import packaging
from infra.app import make_app
from infra.constructs.workflow import ASSESSMENT, DEFINITION
from infra.packaging import Packages
from infra.platforms import Platform
from tests.template import stages
from tests.template.checking import ALL_CHECKS, synthesize
from tests.template.synthesized import Synthesized


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return synthesize(tmp_path_factory.mktemp("dev"), stages.dev(), Platform.LOCAL)


@pytest.fixture(scope="session")
def dev_on_aws(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """Without the checks, which the stage passes on the other platform."""
    folder = tmp_path_factory.mktemp("dev-on-aws")
    app, _ = make_app(stages.dev(), Platform.AWS, out=str(folder))
    app.synth()
    return Synthesized("dev", Platform.AWS.value, folder)


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    folder = tmp_path_factory.mktemp("prod")
    return synthesize(folder, stages.prod(), Platform.AWS, ALL_CHECKS)


@pytest.fixture(params=["dev", "prod"])
def stack(request: pytest.FixtureRequest) -> Synthesized:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Synthesized)
    return found


@pytest.fixture(scope="session")
def with_own_issuer(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """A payer with its own OIDC provider, an address for alarms, and a vendor."""
    return synthesize(
        tmp_path_factory.mktemp("oidc"),
        stages.dev(
            identity={
                "issuer": "https://login.example.com/payer",
                "audiences": ["portal", "partner"],
                "tins_claim": "registered_tins",
            },
            alarm_email="operators@example.com",
            page_email="on-call@example.com",
            monthly_budget=1000,
            vendors={"EVICORE-RAD": stages.ACCOUNT},
            scan_documents=True,
        ),
        Platform.LOCAL,
    )


@pytest.fixture(scope="session")
def with_own_domain(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """A portal with a domain, its certificate, and a web ACL; a domain of partners; staff by SAML."""
    return synthesize(
        tmp_path_factory.mktemp("domain"),
        stages.dev(
            portal={
                "domain": "portal.example.org",
                "certificate_arn": stages.CERTIFICATE,
                "web_acl_arn": stages.WEB_ACL,
            },
            api={
                "domain": "partners.example.org",
                "certificate_arn": stages.CERTIFICATE,
                "truststore": "s3://truststore/partners.pem",
            },
            identity={
                "staff_saml_metadata_url": "https://login.example.org/saml/metadata",
                "email_from": "portal@mail.example.org",
            },
        ),
        Platform.LOCAL,
    )


@pytest.fixture(scope="session", params=list(Platform))
def packages(request: pytest.FixtureRequest) -> Packages:
    return packaging.build(request.param)


@pytest.fixture(scope="session")
def machine() -> dict[str, Any]:
    definition: dict[str, Any] = json.loads(DEFINITION.read_text(encoding="utf-8"))
    return definition


@pytest.fixture(scope="session")
def assessment() -> dict[str, Any]:
    definition: dict[str, Any] = json.loads(ASSESSMENT.read_text(encoding="utf-8"))
    return definition
