"""Questionnaires keep their content under one version: EHRs store answers under it."""

import hashlib
import json
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).resolve().parents[2] / "data" / "payer" / "questionnaires.json"
CONTENTS: Final = {
    "2026.1": "e0a1df18e70016c157c8bffbd17133c45a23190c75f4044d7afeaa5dfe6914c9",
}
"""SHA-256 of the file's content, without whitespace, by version. Other content gets a new version and
a new line; the lines of earlier versions remain."""


def test_content_is_that_of_its_version_when_the_questionnaires_are_read() -> None:
    content = json.loads(FILE.read_text(encoding="utf-8"))
    version = content.pop("version")
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert CONTENTS.get(version) == hashlib.sha256(text.encode()).hexdigest()
