"""What the runbook names exists: operations of the API, names in logs and in the configuration."""

import json
import re
from typing import Final

import pytest

from infra.alarms import OWN_ALARMS, OwnAlarm
from tests.architecture.source import ROOT

PAGE: Final = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
_OPERATION: Final = re.compile(r"`(GET|POST|PUT|PATCH|DELETE) (/v1/[^`]*)`")
_NAME: Final = re.compile(r"`([a-z]+(?:_[a-z]+)+)`")
SOURCES: Final = ("precert", "functions", "infra", "config", "data/payer")


def _sources() -> str:
    files = (path for name in SOURCES for path in (ROOT / name).rglob("*.*"))
    return "\n".join(
        path.read_text(encoding="utf-8")
        for path in files
        if path.suffix in {".py", ".json", ".toml"}
    )


def _section(anchor: str) -> str:
    headings = re.split(r"^### (.+)$", PAGE, flags=re.MULTILINE)[1:]
    found = dict(zip(headings[::2], headings[1::2], strict=True))
    [text] = [text for name, text in found.items() if name.lower().replace(" ", "-") == anchor]
    return text


def test_operation_exists_when_the_runbook_names_it() -> None:
    routes = json.loads((ROOT / "infra" / "routes.json").read_text(encoding="utf-8"))
    known = {(route["method"], route["path"]) for route in routes}
    named = set(_OPERATION.findall(PAGE))
    assert len(named) > 5
    assert named - known == set()


def test_name_exists_when_the_runbook_says_what_a_log_or_a_response_has() -> None:
    sources = _sources()
    names = set(_NAME.findall(PAGE))
    assert len(names) > 20
    assert sorted(name for name in names if not re.search(rf"\b{name}\b", sources)) == []


@pytest.mark.parametrize("alarm", OWN_ALARMS, ids=lambda alarm: alarm.name)
def test_section_names_the_severity_when_an_alarm_refers_to_it(alarm: OwnAlarm) -> None:
    assert f"{alarm.severity.value.title()}:" in _section(alarm.runbook)
