"""No calculation fails at the ends of the calendar, and dates have bounds by their meaning."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from precert.domain import clocks, dates
from precert.domain.content import RequestContent
from precert.domain.dates import (
    CoverageEnd,
    Instant,
    RuleEnd,
    ServiceDate,
    days_after,
    elapsed,
    instant_text,
)
from precert.domain.decision_clocks import ClockKind, ReviewClock
from precert.domain.form import service_form
from precert.domain.payer import DraftClock
from precert.domain.requested_lines import as_requested, days_of_service, requested_lines
from precert.domain.wording import written_day, written_moment
from tests.fakes.samples import payer

PAYER: Final = payer()
KINDS: Final = [kind for kind in ClockKind if kind.value.lower() in ReviewClock.model_fields]
ZONES: Final = [
    ZoneInfo(name)
    for name in (
        *("America/New_York", "America/Chicago", "America/Los_Angeles", "Pacific/Honolulu"),
        # Midnight does not exist on some days; the greatest offsets; half and quarter hours.
        *("America/Havana", "America/Asuncion", "Pacific/Kiritimati", "Pacific/Pago_Pago"),
        *("Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"),
    )
]
OFFSETS: Final = st.integers(-14 * 60, 14 * 60).map(lambda one: timezone(timedelta(minutes=one)))
INSTANTS: Final = st.datetimes(timezones=OFFSETS | st.sampled_from(ZONES))
FIRST: Final = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
LAST: Final = datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))


@given(st.dates(), st.integers(-4_000_000, 4_000_000))
@example(date.max, 1)
@example(date.min, -1)
def test_day_stays_in_the_calendar_when_days_are_added(day: date, days: int) -> None:
    found = days_after(day, days)
    if date.min < found < date.max:
        assert (found - day).days == days


@given(INSTANTS, st.timedeltas())
@example(FIRST, timedelta(-1))
@example(LAST, timedelta.max)
@example(LAST, timedelta.min)
def test_instant_stays_in_the_calendar_when_time_is_added(at: datetime, length: timedelta) -> None:
    found = elapsed(at, length)
    assert dates.FIRST_INSTANT <= found <= dates.LAST_INSTANT
    if dates.FIRST_INSTANT < found < dates.LAST_INSTANT:
        assert found.astimezone(UTC) - dates.within_calendar(at).astimezone(UTC) == length


@given(INSTANTS, st.sampled_from(ZONES), st.sampled_from(KINDS), st.sampled_from([None, "CA"]))
@example(FIRST, ZONES[0], ClockKind.STANDARD, "CA")
@example(LAST, ZONES[0], ClockKind.STANDARD, "CA")
@example(LAST, ZONES[0], ClockKind.EXPEDITED, None)
def test_every_clock_is_calculated_when_the_instant_is_at_an_end(
    at: datetime, zone: ZoneInfo, kind: ClockKind, state: str | None
) -> None:
    payer = PAYER.model_copy(update={"time_zone": zone.key})
    clock = payer.review_clocks["COMMERCIAL"].clock(kind, state)
    deadline = clocks.deadline(at, clock, 0.75, payer)
    assert dates.within_calendar(at) <= deadline.warn_at <= deadline.due_at
    later = clocks.after(at, clock.information, payer)
    resumed = clocks.resumed(deadline, at, later, 0.75, payer)
    assert clocks.extended(resumed, 14, zone).due_at >= dates.within_calendar(at)
    day = clocks.local_date(at, zone)
    assert clocks.last_day_to_appeal(at, 180, zone) >= day
    assert clocks.appeal_filing_end(at, 180, zone) >= dates.within_calendar(at)
    assert clocks.history_end(at, 2, zone) >= dates.within_calendar(at)
    draft = DraftClock(hours=72, resting_weekdays=frozenset({5, 6}), warn_hours_left=12)
    expires_at = clocks.draft_expiry(at, draft, zone)
    assert (clocks.draft_warning(at, draft, zone) or expires_at) <= expires_at
    assert clocks.draft_time_left(at, expires_at, draft, zone) <= draft.length
    clocks.business_day_after(day, 2, PAYER.business_calendar)
    assert written_day(day)
    assert written_moment(at)


@given(st.dates(), st.integers(1, 365))
@example(date.max, 3)
@example(date(202, 6, 7), 3)
def test_content_is_calculated_when_it_was_stored_before_dates_had_bounds(
    day: date, days: int
) -> None:
    service = _content(day, days).services[0]
    assert service.last_day is not None
    assert service.last_day >= day
    content = _content(day, days)
    assert days_of_service(content) == (day, service.last_day)
    [line] = requested_lines(content).values()
    assert as_requested(line, approval_days=90).to_date == service.last_day
    assert service_form(PAYER, service, day).fields


def _content(day: date, days: int) -> RequestContent:
    """As it is read from a row without validation of its dates."""
    content = RequestContent.model_validate(
        {
            "services": [
                {
                    "authorization_type": "INPATIENT",
                    "admission_date": "2026-07-20",
                    "requested_days": days,
                    "procedures": [{"code": "44120"}],
                }
            ]
        }
    )
    service = content.services[0].model_copy(update={"admission_date": day})
    return content.model_copy(update={"services": (service,)})


@pytest.mark.parametrize("form", [CoverageEnd, RuleEnd])
@pytest.mark.parametrize("text", ["9999-12-31", "2999-12-31", " 9999-12-31 "])
def test_last_day_is_open_when_another_system_wrote_its_end_of_time(form: Any, text: str) -> None:
    assert TypeAdapter[object](form).validate_python(text) is None


@pytest.mark.parametrize("form", [CoverageEnd, RuleEnd])
@pytest.mark.parametrize("text", ["9999-12-30", "2205-12-31", "0205-12-31"])
def test_last_day_is_refused_when_its_year_is_mistyped(form: Any, text: str) -> None:
    with pytest.raises(ValidationError, match=r"from .* to 2100-12-31"):
        TypeAdapter[object](form).validate_python(text)


@pytest.mark.parametrize(
    "day", ["2000-01-01", "2024-02-29", "2026-07-01", "2100-12-31", " 2026-07-01 "]
)
def test_date_of_service_is_taken_when_it_is_within_its_bounds(day: str) -> None:
    assert TypeAdapter(ServiceDate).validate_python(day) == date.fromisoformat(day.strip())


def test_instants_of_midnight_are_ordered_when_daylight_saving_skips_midnight() -> None:
    havana = ZoneInfo("America/Havana")
    # On 2026-03-08 the clock changes from 00:00 to 01:00.
    end = clocks.appeal_filing_end(datetime(2026, 3, 6, 12, tzinfo=UTC), 1, havana)
    assert end == datetime(2026, 3, 8, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "timespec", "text"),
    [
        (datetime(2026, 7, 1, 9, tzinfo=UTC), "auto", "2026-07-01T09:00:00Z"),
        (datetime(2026, 7, 1, 9, 0, 0, 12, tzinfo=UTC), "auto", "2026-07-01T09:00:00.000012Z"),
        (datetime(2026, 7, 1, 9, 0, 0, 12, tzinfo=UTC), "seconds", "2026-07-01T09:00:00Z"),
        (datetime(2026, 7, 1, 9, 0, 0, 12, tzinfo=UTC), "milliseconds", "2026-07-01T09:00:00.000Z"),
        (datetime(202, 7, 1, 9, tzinfo=UTC), "auto", "0202-07-01T09:00:00Z"),
        (
            datetime(2026, 7, 1, 9, tzinfo=ZoneInfo("America/Chicago")),
            "auto",
            "2026-07-01T14:00:00Z",
        ),
    ],
)
def test_instant_is_written_in_utc_when_it_becomes_text(
    at: datetime, timespec: str, text: str
) -> None:
    assert instant_text(at, timespec) == text


@pytest.mark.parametrize("microsecond", [0, 1, 120_000])
def test_text_equals_that_of_json_when_an_instant_is_written(microsecond: int) -> None:
    at = datetime(2026, 7, 1, 9, 30, 15, microsecond, tzinfo=UTC)
    assert TypeAdapter(Instant).dump_python(at, mode="json") == instant_text(at)


def test_instant_is_not_written_when_it_has_no_time_zone() -> None:
    with pytest.raises(ValueError, match="zone-aware"):
        instant_text(datetime(2026, 7, 1, 9, tzinfo=UTC).replace(tzinfo=None))
