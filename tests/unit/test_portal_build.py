"""The portal's build: when it runs, and what it prints when it cannot."""

import os
from pathlib import Path
from typing import Final

import pytest

from tools.portal_build import PortalBuildError, PortalSource

BUILDS: Final = (
    "mkdir -p dist/assets && echo built >>../count && "
    "echo page >dist/index.html && echo generated >src/api/schema.ts"
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a portal, and a script in place of npm."""
    for name in ("docs", "bin", "portal/src/api", "portal/node_modules/x"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "docs" / "openapi.json").write_text("{}")
    (tmp_path / "portal" / "src" / "main.tsx").write_text("start()")
    npm(tmp_path, BUILDS)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path


def npm(project: Path, line: str) -> None:
    script = project / "bin" / "npm"
    script.write_text(f"#!/bin/sh\n{line}\n")
    script.chmod(0o755)


def builds(project: Path) -> int:
    return (project / "count").read_text().count("built")


def test_second_build_does_nothing_when_no_source_changed(project: Path) -> None:
    assert PortalSource(project).build() is True
    os.utime(project / "portal" / "src" / "main.tsx")
    (project / "portal" / "node_modules" / "x" / "index.js").write_text("changed")
    assert PortalSource(project).build() is False
    assert builds(project) == 1


@pytest.mark.parametrize("path", ["portal/src/main.tsx", "portal/src/new.ts", "docs/openapi.json"])
def test_portal_is_built_again_when_a_source_changed(project: Path, path: str) -> None:
    PortalSource(project).build()
    (project / path).write_text("changed")
    assert PortalSource(project).build() is True
    assert builds(project) == 2


def test_portal_is_built_again_when_its_files_were_deleted(project: Path) -> None:
    source = PortalSource(project)
    source.build()
    (source.dist / "index.html").unlink()
    assert source.build() is True


def test_next_build_runs_again_when_one_failed(project: Path) -> None:
    npm(project, f"{BUILDS}; echo 'error TS2345'; exit 1")
    with pytest.raises(PortalBuildError, match=r"could not be built; see .*portal-build\.log"):
        PortalSource(project).build()
    assert "TS2345" in (project / ".local" / "log" / "portal-build.log").read_text()
    npm(project, BUILDS)
    assert PortalSource(project).build() is True


def test_missing_page_is_reported_when_the_build_wrote_none(project: Path) -> None:
    npm(project, "true")
    with pytest.raises(PortalBuildError, match="wrote no"):
        PortalSource(project).build()


def test_setup_is_named_when_the_packages_are_not_installed(project: Path) -> None:
    (project / "portal" / "node_modules").rename(project / "moved")
    with pytest.raises(PortalBuildError, match="make setup"):
        PortalSource(project).build()


def test_npm_is_named_when_it_is_missing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project))
    with pytest.raises(PortalBuildError, match="npm is needed"):
        PortalSource(project).build()
