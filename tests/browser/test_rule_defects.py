"""The browser tests of a rule fail when the portal breaks the rule: each defect is planted in a copy.

Each builds the portal and opens it on the cloud that all share, which takes half a minute, so only
``make deep`` runs them.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from local.deployment import Deployment
from tests.browser.shared_cloud import Tables, environment_of
from tests.planting import copied, proofs_of, verify_killed
from tests.portal_defects import PORTAL_DEFECTS
from tests.rule_defects import Defect

pytestmark = pytest.mark.deep

PICTURES = "tests/browser/test_screenshots.py"
"""Proves most rules; the others fail sooner."""


@pytest.fixture(scope="module")
def copy(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Needs a browser: without one the tests of a rule are skipped."""
    assert browser.is_connected()
    return copied(tmp_path_factory.mktemp("portal"))


@pytest.fixture(scope="module")
def tables(deployment: Deployment) -> Tables:
    return Tables(deployment)


@pytest.fixture
def cloud(deployment: Deployment, tables: Tables) -> Iterator[dict[str, str]]:
    """The environment of the tests of one defect; what they stored is deleted after them."""
    yield environment_of(deployment)
    tables.reset()


@pytest.mark.parametrize("defect", PORTAL_DEFECTS, ids=[one.rule_id for one in PORTAL_DEFECTS])
def test_a_test_of_the_rule_fails_when_the_portal_breaks_it(
    defect: Defect, copy: Path, cloud: dict[str, str]
) -> None:
    tests = proofs_of(defect.rule_id, ("browser/",))
    verify_killed(defect, copy, [one for one in tests if not one.startswith(PICTURES)], cloud)
