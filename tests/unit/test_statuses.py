"""Statuses, transitions and actions: the complete table, cell by cell (T1)."""

import re
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from precert.domain.statuses import (
    ACTIONS,
    LINE_STATUSES,
    STATUSES,
    Action,
    LineStatus,
    Status,
    Transition,
    allowed_actions,
    allows,
    determined_status,
)

ROOT: Final = Path(__file__).resolve().parents[2]

# The expected transitions, independent of the table under test.
POSSIBLE = {
    (Status.INCOMPLETE, Transition.SAVE),
    (Status.INCOMPLETE, Transition.DELETE),
    (Status.INCOMPLETE, Transition.SUBMIT),
    (Status.INCOMPLETE, Transition.ATTACH),
    (Status.PROCESSING, Transition.PEND),
    (Status.PROCESSING, Transition.DELEGATE),
    (Status.PROCESSING, Transition.DETERMINE),
    (Status.PROCESSING, Transition.END_AS_DUPLICATE),
    (Status.PROCESSING, Transition.VOID),
    (Status.PENDING, Transition.DETERMINE),
    (Status.PENDING, Transition.VOID),
    (Status.PENDING, Transition.ATTACH),
    (Status.PENDING, Transition.REQUEST_INFORMATION),
    # The payer's part of a request can be determined before a vendor's.
    (Status.PENDING, Transition.CHANGE_DATES),
    (Status.PENDING, Transition.APPEAL),
    (Status.PENDING, Transition.DETERMINE_APPEAL),
    (Status.APPROVED, Transition.CHANGE_DATES),
    (Status.PENDING, Transition.AMEND),
    (Status.APPROVED, Transition.AMEND),
    *((status, Transition.REPORT) for status in (Status.PENDING, Status.APPROVED)),
    *((status, Transition.REPORT) for status in (Status.PARTIALLY_APPROVED, Status.DENIED)),
    (Status.PARTIALLY_APPROVED, Transition.CHANGE_DATES),
    (Status.PARTIALLY_APPROVED, Transition.APPEAL),
    (Status.PARTIALLY_APPROVED, Transition.DETERMINE_APPEAL),
    (Status.DENIED, Transition.APPEAL),
    (Status.DENIED, Transition.DETERMINE_APPEAL),
}


@pytest.mark.parametrize(("status", "transition"), list(product(Status, Transition)))
def test_transition_is_allowed_when_the_rules_list_it_only(
    status: Status, transition: Transition
) -> None:
    assert allows(status, transition) is ((status, transition) in POSSIBLE)


def test_every_status_has_its_row_when_tables_are_read() -> None:
    assert set(STATUSES) == set(Status)
    assert set(LINE_STATUSES) == set(LineStatus)
    assert set(ACTIONS) == set(Action)


def test_index_letters_differ_when_rows_name_a_status() -> None:
    assert len({rule.index_letter for rule in STATUSES.values()}) == len(Status)


def test_every_status_but_a_draft_is_reachable_when_transitions_are_followed() -> None:
    reached = {to for row in STATUSES.values() for ends in row.transitions.values() for to in ends}
    assert reached == set(Status)
    assert set(Status.APPROVED.rule.transitions) == {
        *(Transition.AMEND, Transition.CHANGE_DATES, Transition.REPORT)
    }
    assert not Status.VOID.rule.transitions


@pytest.mark.rule("W5")
@pytest.mark.parametrize(
    "status", [Status.APPROVED, Status.PARTIALLY_APPROVED, Status.DENIED, Status.VOID]
)
def test_no_action_changes_content_when_the_request_is_determined(status: Status) -> None:
    changing = {Transition.SAVE, Transition.SUBMIT, Transition.VOID, Transition.ATTACH}
    assert not changing & set(status.rule.transitions)


@pytest.mark.rule("T1")
@pytest.mark.parametrize(
    ("status", "actions"),
    [
        ("INCOMPLETE", {Action.RESUME, Action.DELETE}),
        ("PROCESSING", {Action.DETAILS, Action.VOID}),
        ("PENDING", {Action.DETAILS, Action.MODIFY, Action.VOID}),
        ("APPROVED", {Action.DETAILS}),
        ("PARTIALLY_APPROVED", {Action.DETAILS, Action.APPEAL}),
        ("DENIED", {Action.DETAILS, Action.APPEAL}),
        ("VOID", {Action.DETAILS}),
    ],
)
def test_actions_are_the_dashboards_when_a_status_is_shown(
    status: str, actions: set[Action]
) -> None:
    assert set(allowed_actions(Status(status))) == actions


@pytest.mark.rule("T1")
@pytest.mark.parametrize("status", [Status.PARTIALLY_APPROVED, Status.DENIED])
def test_document_action_replaces_appeal_when_one_is_open(status: Status) -> None:
    assert allowed_actions(status, appeal_open=True) == (Action.DETAILS, Action.MODIFY)


@pytest.mark.parametrize("status", Status)
def test_offered_actions_are_allowed_when_a_status_is_shown(status: Status) -> None:
    needs = {
        Action.RESUME: Transition.SAVE,
        Action.DELETE: Transition.DELETE,
        Action.MODIFY: Transition.ATTACH,
        Action.VOID: Transition.VOID,
        Action.APPEAL: Transition.APPEAL,
    }
    for action in set(allowed_actions(status)) - {Action.DETAILS}:
        assert allows(status, needs[action])


@pytest.mark.rule("W3")
@pytest.mark.parametrize(
    ("lines", "whole"),
    [
        ("A", Status.APPROVED),
        ("AAA", Status.APPROVED),
        ("D", Status.DENIED),
        ("DDD", Status.DENIED),
        ("AD", Status.PARTIALLY_APPROVED),
        ("DAA", Status.PARTIALLY_APPROVED),
        ("M", Status.PARTIALLY_APPROVED),
        ("AM", Status.PARTIALLY_APPROVED),
        ("MD", Status.PARTIALLY_APPROVED),
    ],
)
def test_request_status_follows_from_the_lines_when_all_are_decided(
    lines: str, whole: Status
) -> None:
    short = {"A": LineStatus.APPROVED, "M": LineStatus.MODIFIED, "D": LineStatus.DENIED}
    assert determined_status(short[line] for line in lines) is whole


@pytest.mark.parametrize("lines", [(), ("OPEN",), ("APPROVED", "OPEN"), ("DENIED", "OPEN")])
def test_nothing_is_determined_when_a_line_is_open_or_there_is_none(lines: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="decided"):
        determined_status(LineStatus(line) for line in lines)


def test_portal_shows_every_status_when_one_is_added() -> None:
    source = (ROOT / "portal" / "src" / "ui" / "statuses.ts").read_text("utf-8")
    assert set(re.findall(r"^  ([A-Z_]+): \{", source, re.MULTILINE)) == {*Status}
