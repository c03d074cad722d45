"""The files of the built portal: everybody can read them."""

import re
from pathlib import Path
from typing import Final

import pytest

from local.users import PASSWORD
from tools.portal_build import PortalSource

SECRETS: Final = {
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a token": r"\beyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\.",
    "a client secret": r"client_secret[\"']?\s*[:=]\s*[\"'][^\"']+[\"']",
    "a sample password": re.escape(PASSWORD),
    "a user pool": r"\b[a-z]{2}-[a-z]+-\d_[A-Za-z0-9]{9}\b",
    "a path of this machine": re.escape(str(Path(__file__).resolve().parents[2])),
}


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """The built files by their path, as text."""
    source = PortalSource()
    source.build()
    return {
        file.relative_to(source.dist).as_posix(): file.read_text("utf-8", errors="replace")
        for file in source.dist.rglob("*")
        if file.is_file()
    }


@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_is_in_the_files_when_the_portal_is_built(
    files: dict[str, str], kind: str
) -> None:
    assert files
    assert [name for name, text in files.items() if re.search(SECRETS[kind], text)] == []


def test_page_loads_its_own_files_only_when_it_starts(files: dict[str, str]) -> None:
    """Scripts and styles are files: the content security policy blocks code in the page."""
    page = files["index.html"]
    loaded = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert loaded
    assert [url for url in loaded if not url.startswith("/") or url.startswith("//")] == []
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\son\w+=|\sstyle=", page) == []


def test_files_are_named_by_their_content_when_they_are_scripts_or_styles(
    files: dict[str, str],
) -> None:
    code = [name for name in files if name.endswith((".js", ".css"))]
    assert code
    assert [name for name in code if not re.search(r"^assets/[\w.-]+-[\w-]{8}\.\w+$", name)] == []
