"""The files that the local cloud serves at the portal's address."""

import json
from pathlib import Path

import pytest

from local.front_door.files import PortalFiles


@pytest.fixture
def files(tmp_path: Path) -> PortalFiles:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html>")
    (dist / "assets" / "index-1234.js").write_text("start()")
    (tmp_path / "secret.txt").write_text("not for browsers")
    (tmp_path / "logo.svg").write_text("<svg/>")
    return PortalFiles(dist, {"stage": "dev"}, {"payer/logo.svg": tmp_path / "logo.svg"})


@pytest.mark.parametrize("path", ["/", "/signed-in", "/requests/01J1QZ"])
def test_the_page_is_returned_when_the_path_names_no_file(files: PortalFiles, path: str) -> None:
    found = files.find(path)
    assert found is not None
    assert (found.media_type, found.caching) == ("text/html; charset=utf-8", "no-cache")


def test_an_asset_is_immutable_when_it_is_requested(files: PortalFiles) -> None:
    found = files.find("/assets/index-1234.js")
    assert found is not None
    assert (found.content, found.media_type) == (b"start()", "text/javascript; charset=utf-8")
    assert "immutable" in found.caching


def test_configuration_and_logo_are_found_when_the_portal_starts(files: PortalFiles) -> None:
    configuration, logo = files.find("/config.json"), files.find("/payer/logo.svg")
    assert configuration is not None
    assert json.loads(configuration.content) == {"stage": "dev"}
    assert logo is not None
    assert logo.media_type == "image/svg+xml"


@pytest.mark.parametrize(
    "path",
    ["/assets/absent.js", "/../secret.txt", "/assets/../../secret.txt", "//secret.txt", "/\0.txt"],
)
def test_nothing_is_returned_when_the_path_names_no_file_of_the_portal(
    files: PortalFiles, path: str
) -> None:
    assert files.find(path) is None
