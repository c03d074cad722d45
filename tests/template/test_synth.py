"""Synthesis is skipped if and only if nothing changed."""

import time
from pathlib import Path

import pytest

from infra import synth
from infra.platforms import Platform


def test_assembly_is_reused_when_nothing_changed(tmp_path: Path) -> None:
    assert synth.synthesize("dev", Platform.LOCAL, tmp_path) is True
    started = time.process_time()
    assert synth.synthesize("dev", Platform.LOCAL, tmp_path) is False
    assert time.process_time() - started < 0.5


def test_assembly_is_rebuilt_when_the_stage_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synth.synthesize("dev", Platform.LOCAL, tmp_path)
    synth.synthesize("prod", Platform.LOCAL, tmp_path)
    assert [path.name for path in tmp_path.glob("*.template.json")] == [
        "precert-prod.template.json"
    ]
    monkeypatch.setattr(synth, "version", lambda _: "another")
    assert synth.synthesize("prod", Platform.LOCAL, tmp_path) is True
