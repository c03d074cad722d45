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
def test_alarm_is_raised_when_its_condition_is_true(
    alarm: OwnAlarm, values: list[float], is_raised: bool
) -> None:
    assert alarm.is_raised(values) is is_raised


PAGE, TICKET = Severity.PAGE, Severity.TICKET
STATED: Final = {
    "SweepMissing": (PAGE, "missing-runs", "swept", 0, 2, 5),
    "WarningsMissing": (TICKET, "missing-runs", "warned", 0, 2, 30),
    "UploadSweepMissing": (TICKET, "missing-runs", "uploads_swept", 0, 2, 30),
    "OrphanSweepMissing": (TICKET, "missing-runs", "orphans_swept", 0, 2, 60),
    "OrphansRetained": (TICKET, "orphans", "orphans_retained", 0, 1, 5),
    "SubscriptionSweepMissing": (TICKET, "missing-runs", "subscriptions_swept", 0, 2, 15),
    "SubscriptionsOff": (TICKET, "subscriptions", "subscription_off", 0, 1, 5),
    "ClocksSwept": (TICKET, "executions", "clock_swept", 0, 1, 5),
    "RequestsWaiting": (PAGE, "waiting-requests", "processing_age", 600, 1, 5),
    "NoticesWaiting": (PAGE, "waiting-notices", "notices_age", 1800, 1, 5),
    "ServerErrors": (TICKET, "server-errors", "server_error", 0, 1, 5),
    "Unavailable": (PAGE, "server-errors", "unavailable", 20, 2, 5),
    "HandledErrors": (TICKET, "function-errors", "errors", 10, 3, 5),
    "UnresolvedScans": (TICKET, "waiting-documents", "scan_unresolved", 0, 1, 5),
    "DamagedRecords": (PAGE, "damaged-records", "damaged_record", 0, 1, 5),
    "DeadlinesPassed": (TICKET, "deadlines", "DeadlinePassed", 0, 1, 5),
    "DeemedDenials": (PAGE, "deadlines", "DeemedDenialDue", 0, 1, 5),
    "VendorDeadlinesPassed": (TICKET, "deadlines", "VendorDeadlinePassed", 0, 1, 5),
}
"""Severity, section, metric, threshold, periods and their minutes, as the runbook states them."""
AGES: Final = {"NoticesWaiting", "RequestsWaiting"}


def test_condition_is_that_of_the_runbook_when_an_alarm_is_listed() -> None:
    assert {
        one.name: (
            *(one.severity, one.runbook, one.metric),
            *(one.above, one.periods, one.period_minutes),
        )
        for one in OWN_ALARMS
    } == STATED
    assert {one.name for one in OWN_ALARMS if one.maximum} == AGES
    assert {one.name for one in OWN_ALARMS if one.present} == {
        name for name in STATED if name.endswith("Missing")
    }
