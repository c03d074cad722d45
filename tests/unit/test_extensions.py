"""An extension of the deadline while information is requested, and its own reminder (W2)."""

from datetime import datetime, timedelta
from typing import Final

import pytest

from precert.domain.clocks import Deadline
from precert.domain.errors import ActionNotAllowedError
from precert.domain.event_types import EventType
from precert.domain.request import Request
from precert.domain.reviewing import extend, request_information
from precert.domain.statuses import Status
from tests.fakes import samples
from tests.fakes.clock import START

PAYER: Final = samples.payer()
DAY: Final = timedelta(days=1)
WARN_AT: Final = START + 5 * DAY
DUE_AT: Final = START + 7 * DAY


def pended(line_of_business: str) -> Request:
    clock = samples.clock(line_of_business)
    deadline = Deadline(WARN_AT, DUE_AT, clock)
    return samples.request(Status.PROCESSING).pend(deadline, 10, START).request


def extended(request: Request, now: datetime, days: int = 14) -> Request:
    why = "A specialist's opinion is awaited."
    return extend(request, why, days=days, payer=PAYER, by="reviewer-1", now=now).request


def asking(request: Request, now: datetime) -> Request:
    text = "Since when?"
    return request_information(request, (), text, payer=PAYER, by="reviewer-1", now=now).request


@pytest.mark.rule("W2")
def test_reminder_is_sent_again_when_the_deadline_was_extended_after_it() -> None:
    warned = pended("MEDICARE_ADVANTAGE").check_deadline(WARN_AT, PAYER)
    assert warned is not None
    later = extended(warned.request, WARN_AT)
    assert later.check_deadline(WARN_AT + 14 * DAY - timedelta(seconds=1), PAYER) is None
    again = later.check_deadline(WARN_AT + 14 * DAY, PAYER)
    assert again is not None
    assert again.event.type is EventType.DEADLINE_APPROACHING
    passed = again.request.check_deadline(DUE_AT + 14 * DAY, PAYER)
    assert passed is not None
    assert passed.event.type is EventType.DEADLINE_PASSED


@pytest.mark.rule("W2", "W11")
def test_providers_have_more_time_when_a_clock_without_a_pause_is_extended() -> None:
    requested = asking(pended("MEDICARE_ADVANTAGE"), START + DAY)
    rfi = requested.submitted.open_information_request
    assert rfi is not None
    # Without a pause their time ends at the latest with the decision.
    assert rfi.answer_by == DUE_AT
    longer = extended(requested, START + 2 * DAY).submitted
    moved = longer.open_information_request
    assert moved is not None
    assert (longer.due_at, moved.answer_by) == (DUE_AT + 14 * DAY, START + 15 * DAY)
    assert len(longer.information_requests) == 1


@pytest.mark.rule("W2", "W11")
def test_providers_time_stays_when_a_paused_clock_is_extended() -> None:
    requested = asking(pended("EXCHANGE"), START + DAY)
    rfi = requested.submitted.open_information_request
    longer = extended(requested, START + 2 * DAY, days=15).submitted
    assert rfi is not None
    assert longer.open_information_request == rfi
    assert longer.extension is not None
    assert longer.extension.paused


@pytest.mark.rule("W2")
def test_extension_is_refused_when_it_is_the_second_or_the_deadline_has_passed() -> None:
    once = extended(pended("MEDICARE_ADVANTAGE"), DUE_AT - timedelta(seconds=1))
    with pytest.raises(ActionNotAllowedError, match="action_not_allowed"):
        extended(once, DUE_AT)
    with pytest.raises(ActionNotAllowedError, match="action_not_allowed"):
        extended(pended("MEDICARE_ADVANTAGE"), DUE_AT)
