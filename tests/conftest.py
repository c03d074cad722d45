"""Setup for every test: which sockets it may open, and no access to a real AWS account."""

import gc
import os
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from tests.depth import DEEP

# Collect garbage less often: most of what tests create remains or is freed by its reference count.
gc.set_threshold(100_000, 50, 50)

HERE: Final = Path(__file__).resolve().parent
OFFLINE_TIERS: Final = frozenset({"architecture", "unit", "property", "template"})
"""Tiers whose tests open no socket at all; all others reach this machine only."""

# The user who runs the tests may be logged in to AWS; the tests must not be.
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_ENDPOINT_URL"):
    os.environ.pop(name, None)
os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}

# No deadline per example and no limit for generating one, as machines differ; the same examples on
# every run, so that a failure on one machine is a failure on all. HYPOTHESIS_PROFILE=search looks for
# new ones.
ANY_MACHINE: Final = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("repeatable", ANY_MACHINE, derandomize=True)
settings.register_profile("search", ANY_MACHINE, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect long searches, and restrict the network for each test according to its tier."""
    if not DEEP and (long := [item for item in items if item.get_closest_marker("deep")]):
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in set(long)]
    for item in items:
        tier = item.path.relative_to(HERE).parts[0]
        if tier in OFFLINE_TIERS:
            item.add_marker(pytest.mark.disable_socket)
        else:
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"]))


def pytest_collection_finish() -> None:
    """Exclude modules and tests, which remain to the end, from garbage collection."""
    gc.freeze()
