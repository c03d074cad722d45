"""The port of a local cloud."""

import socket
from pathlib import Path

import pytest

from local.cloud import process, settings
from local.cloud.errors import LocalCloudError
from local.cloud.process import chosen_port, free_port


def test_another_port_is_chosen_when_a_free_one_was_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server((settings.HOST, 0)) as taken:
        busy, free = taken.getsockname()[1], free_port()
        ports = iter([busy, free])
        monkeypatch.setattr(process, "free_port", lambda: next(ports))
        assert chosen_port(tmp_path, 0) == free


def test_port_is_refused_when_it_was_requested_and_is_taken(tmp_path: Path) -> None:
    with socket.create_server((settings.HOST, 0)) as taken:
        busy = taken.getsockname()[1]
        with pytest.raises(LocalCloudError, match=f"port {busy} is in use"):
            chosen_port(tmp_path, busy)
