"""Synthesis is skipped if and only if nothing changed."""

import fcntl
import time
from pathlib import Path

import pytest

from infra import app, packaging, synth
from infra.packaging import Packages
from infra.platforms import Platform
from tests.template import stages


def test_assembly_is_reused_when_nothing_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "main", lambda _arguments: None)
    assert synth.synthesize("dev", Platform.LOCAL, tmp_path) is True
    started = time.process_time()
    assert synth.synthesize("dev", Platform.LOCAL, tmp_path) is False
    assert time.process_time() - started < 0.5


def test_assembly_is_rebuilt_when_the_stage_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured = {"dev": stages.dev(), "prod": stages.prod()}
    monkeypatch.setattr(app, "read_stage", lambda name, _: configured[name])
    for name in ("cdk.out", "precert-dev.template.json"):
        (tmp_path / name).write_text("{}")
    stamp = synth._inputs("dev", Platform.LOCAL, packaging.build(Platform.LOCAL))
    (tmp_path / synth._STAMP).write_text(stamp)
    assert synth.synthesize("dev", Platform.LOCAL, tmp_path) is False
    assert synth.synthesize("prod", Platform.LOCAL, tmp_path) is True
    assert {path.name for path in tmp_path.glob("*.template.json")} == {
        "precert-prod-data.template.json",
        "precert-prod-edge.template.json",
        "precert-prod.template.json",
        "precert-prod-monitoring.template.json",
    }
    monkeypatch.setattr(app, "main", lambda _arguments: None)
    assert synth.synthesize("prod", Platform.LOCAL, tmp_path) is False
    monkeypatch.setattr(synth, "version", lambda _: "another")
    assert synth.synthesize("prod", Platform.LOCAL, tmp_path) is True


def test_other_processes_wait_when_an_assembly_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tiers that run at the same time use the same assembly."""
    out = tmp_path / "cdk.out"
    tried: list[str] = []

    def build(platform: Platform) -> Packages:
        with (tmp_path / synth.LOCK).open("w") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        tried.append(platform)
        return packages(platform)

    packages = packaging.build
    monkeypatch.setattr(packaging, "build", build)
    monkeypatch.setattr(app, "main", lambda _arguments: out.mkdir())
    assert synth.synthesize("dev", Platform.LOCAL, out) is True
    assert set(tried) == {Platform.LOCAL}
    with (tmp_path / synth.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
