"""The alarms on the product's own metrics: their conditions and their runbook."""

import re
from pathlib import Path
from typing import Final

import pytest

from infra.alarms import OWN_ALARMS, RUNBOOK, OwnAlarm, Severity, described

ROOT: Final = Path(__file__).resolve().parents[2]


def sections() -> set[str]:
    """The anchors of the runbook's sections."""
    text = (ROOT / RUNBOOK).read_text("utf-8")
    alarms = text.split("\n## Alarms\n")[1].split("\n## ")[0]
    return {
        title.lower().replace(" ", "-") for title in re.findall(r"^### (.+)$", alarms, re.MULTILINE)
    }


@pytest.mark.parametrize("alarm", OWN_ALARMS, ids=lambda alarm: alarm.name)
def test_runbook_has_a_section_when_an_alarm_names_it(alarm: OwnAlarm) -> None:
    assert alarm.runbook in sections()
    assert described(alarm.text, alarm.runbook).endswith(f"{RUNBOOK}#{alarm.runbook}")


@pytest.mark.parametrize(
    ("alarm", "values", "is_raised"),
    [
        (OwnAlarm("A", Severity.PAGE, "", "", "m"), [], False),
        (OwnAlarm("A", Severity.PAGE, "", "", "m"), [1.0], True),
        (OwnAlarm("A", Severity.PAGE, "", "", "m", above=2), [1.0, 1.0], False),
        (OwnAlarm("A", Severity.PAGE, "", "", "m", above=2), [1.0, 2.0], True),
        (OwnAlarm("A", Severity.PAGE, "", "", "m", above=2, maximum=True), [1.0, 2.0], False),
        (OwnAlarm("A", Severity.PAGE, "", "", "m", present=True), [], True),
        (OwnAlarm("A", Severity.PAGE, "", "", "m", present=True), [1.0], False),
    ],
)
def test_alarm_rings_when_its_condition_is_true(
    alarm: OwnAlarm, values: list[float], is_raised: bool
) -> None:
    assert alarm.is_raised(values) is is_raised
