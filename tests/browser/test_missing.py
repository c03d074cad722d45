"""The tier on a machine without a browser."""

import os
import subprocess
import sys

import pytest

from local.cloud.process import ROOT


@pytest.mark.parametrize(("required", "code"), [("", 0), ("1", 1)], ids=["skips", "fails"])
def test_tier_explains_the_installation_when_there_is_no_browser(required: str, code: int) -> None:
    """On CI it fails instead of being skipped."""
    changed = {"PATH": "/nonexistent", "PRECERT_CHROMIUM": "", "PRECERT_BROWSER_REQUIRED": required}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/browser/test_docs.py", "-k", "examples"],
        cwd=ROOT,
        env={**os.environ, **changed},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "apt-get install chromium-headless-shell" in ran.stdout
    assert ran.returncode == code, ran.stdout
