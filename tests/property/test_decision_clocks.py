"""Every decision clock compared with an oracle, over random histories (W2, W11).

The oracle reads ``payer.json`` as plain JSON and computes each deadline from the history. It
shares no code with the product: business time is found by bisection, and the reminders to record are
derived from the deadlines alone.
"""

import json
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from precert.domain import disputing
from precert.domain.caller import Caller
from precert.domain.clocks import deadline_of
from precert.domain.decision_clocks import ExtensionRequester
from precert.domain.decisions import service_lines_of
from precert.domain.errors import ActionNotAllowedError, InvalidInputError
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.reviewing import extend, request_information
from precert.domain.rows import row_of_request, worklist_row
from precert.domain.statuses import Action, Status
from precert.names import Entitlement, Route
from precert.usecases.workflow import cycle_status_of
from tests.depth import depth
from tests.fakes import samples

HISTORIES: Final = depth(share=60, deep=10_000)
STEPS: Final = 14
LINES: Final = ("MEDICARE_ADVANTAGE", "MEDICAID", "CHIP", "EXCHANGE", "COMMERCIAL")
ZONES: Final = ("America/New_York", "America/Chicago", "Africa/Cairo", "America/Havana")
"""In Cairo and Havana clocks change at midnight; in Cairo on a business day."""
REVIEWER: Final = Caller(subject="r", entitlements=frozenset({Entitlement.REVIEWER}))
MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
ANCHORS: Final = tuple(
    datetime.fromisoformat(text).replace(tzinfo=UTC)
    for text in (
        *("2026-03-08T07:00", "2026-11-01T06:00", "2026-04-23T22:00", "2026-10-29T21:00"),
        *("2028-02-28T12:00", "2028-02-29T23:30", "2027-02-28T12:00", "2026-12-31T23:00"),
        *("2026-07-03T12:00", "2026-11-25T18:00", "2026-12-24T20:00", "2026-02-13T22:00"),
    )
)
"""Daylight saving changes, leap days, the turn of a year, and days before holidays."""
OVERRIDES: Final = {
    "TX": {
        "expedited": {
            "source": "t",
            "limit": {"amount": 1, "unit": "BUSINESS_DAYS"},
            "pause": True,
        },
        "standard": {
            "source": "t",
            "limit": {"amount": 3, "unit": "BUSINESS_DAYS"},
            "pause": True,
            "information": {"amount": 10, "unit": "BUSINESS_DAYS"},
            "extension": {"source": "t", "days": 5, "requested_by": ["MEMBER"]},
        },
        "appeal_standard": {
            "source": "t",
            "pause": True,
            "limit": {"amount": 20, "unit": "BUSINESS_DAYS"},
            "after_information": {"amount": 5, "unit": "BUSINESS_DAYS"},
        },
    },
    "NY": {
        "standard": {"source": "t", "extension": None, "pause": False, "deemed_denial": "t"},
        "expedited": {"source": "t", "after_information": None, "pause": True},
    },
}
"""States with limits in business days, other pauses and other extensions, for each line."""
NO_DRUG: Final = ("29881", "96413", "E0601", "J7300")
"""Codes of a surgery, an administration, equipment and a contraceptive device."""
DRUGS: Final = ("J9271", "J0120", "Q5103", "C9399", "90283", "A9513")
DRUG_SHARE: Final = 0.4
"""The share of histories with lines of drugs."""


@cache
def data() -> dict[str, Any]:
    """The sample payer's file as plain JSON, with more states."""
    found: dict[str, Any] = json.loads((samples.DATA / "payer" / "payer.json").read_text("utf-8"))
    for clocks in found["review_clocks"].values():
        clocks["states"] = {**clocks.get("states", {}), **deepcopy(OVERRIDES)}
    return found


@cache
def payer_in(zone: str) -> Payer:
    return Payer.model_validate({**data(), "time_zone": zone})


# -- The oracle ----------------------------------------------------------------------------------------


class Due(NamedTuple):
    """Something to record, and from when."""

    event: str
    at: datetime


@dataclass
class Oracle:
    """One cycle's clock, as the payer's file states it."""

    rule: dict[str, Any]
    zone: ZoneInfo
    start: datetime
    shifts: list[tuple[str, Any, Any]] = field(default_factory=list)
    """Pauses and the extension, in their order."""
    requested_at: datetime | None = None
    extended: bool = False
    recorded: set[str] = field(default_factory=set)
    known: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)
    """Deadlines by the number of shifts, which are only added."""

    def is_business_day(self, day: date) -> bool:
        calendar = data()["business_calendar"]
        return day.weekday() < 5 and day.isoformat() not in calendar["holidays"]

    def wall(self, at: datetime, days: int) -> datetime:
        """The same reading of the wall clock, days later; the first reading if there are two."""
        there = at.astimezone(self.zone)
        naive = datetime.combine(there.date() + days * DAY, there.time().replace(fold=0))
        return naive.replace(tzinfo=self.zone).astimezone(UTC)

    def end(self, at: datetime, period: dict[str, Any]) -> datetime:
        amount = period["amount"]
        if period["unit"] == "HOURS":
            return at.astimezone(UTC) + timedelta(hours=amount)
        if period["unit"] == "CALENDAR_DAYS":
            return self.wall(at, amount)
        first, days = at.astimezone(self.zone).date(), 0
        while amount:
            days += 1
            amount -= self.is_business_day(first + days * DAY)
        return self.wall(at, days)

    def business(self, start: datetime, end: datetime) -> timedelta:
        """Elapsed time of business days."""
        total, day = timedelta(), start.astimezone(self.zone).date()
        while day <= end.astimezone(self.zone).date():
            opens = datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)
            next_ = day + DAY
            closes = datetime(next_.year, next_.month, next_.day, tzinfo=self.zone).astimezone(UTC)
            if self.is_business_day(day):
                total += max(timedelta(), min(end, closes) - max(start, opens))
            day = next_
        return total

    def moved(self, at: datetime, start: datetime, end: datetime) -> datetime:
        if self.rule["limit"]["unit"] != "BUSINESS_DAYS":
            return at + (end - start)
        length = self.business(start, end)
        low, high = 0, int((60 * DAY + 3 * (end - start)) / timedelta(microseconds=1))
        while low < high:
            middle = (low + high) // 2
            if self.business(at, at + timedelta(microseconds=middle)) < length:
                low = middle + 1
            else:
                high = middle
        return at + timedelta(microseconds=low)

    def deadlines(self) -> tuple[datetime, datetime]:
        """Reminder and deadline, from the start and everything since."""
        if len(self.shifts) not in self.known:
            self.known[len(self.shifts)] = self.counted()
        return self.known[len(self.shifts)]

    def counted(self) -> tuple[datetime, datetime]:
        due = self.end(self.start, self.rule["limit"])
        warn = self.start + (due - self.start) * 0.75
        for kind, first, second in self.shifts:
            if kind == "extension":
                warn, due = self.wall(warn, first), self.wall(due, first)
                continue
            warn, due = self.moved(warn, first, second), self.moved(due, first, second)
            after = self.rule.get("after_information")
            if after and (limit := self.end(second, after)) < due:
                warn, due = second + (limit - second) * 0.75, limit
        return warn, due

    @property
    def answer_by(self) -> datetime:
        if self.requested_at is None:
            raise AssertionError("no request for information is open")
        answer_by = self.end(self.requested_at, self.rule["information"])
        return answer_by if self.rule["pause"] else min(answer_by, self.deadlines()[1])

    def to_record(self) -> list[Due]:
        warn, due = self.deadlines()
        found = [Due("InformationOverdue", self.answer_by)] if self.requested_at else []
        if self.requested_at and self.rule["pause"]:
            return found
        found.append(Due("DeadlinePassed", due))
        if self.rule.get("deemed_denial"):
            found.append(Due("DeemedDenialDue", due))
        if "DeadlinePassed" not in self.recorded:
            found.append(Due("DeadlineApproaching", warn))
        return [one for one in found if one.event not in self.recorded]

    def check(self, now: datetime) -> list[str]:
        events = []
        while late := [one for one in self.to_record() if one.at <= now]:
            event = late[0].event
            events.append(event)
            if event == "InformationOverdue":
                self.answer(now)
            else:
                self.recorded.add(event)
        return events

    def can_request(self, now: datetime) -> bool:
        return self.requested_at is None and (self.rule["pause"] or now < self.deadlines()[1])

    def answer(self, now: datetime) -> None:
        if self.requested_at and self.rule["pause"]:
            self.shifts.append(("pause", self.requested_at, min(now, self.answer_by)))
        self.requested_at = None

    def can_extend(self, now: datetime) -> bool:
        allowed = self.rule.get("extension") is not None and not self.extended
        return allowed and now < self.deadlines()[1]

    def extend(self, days: int) -> None:
        self.shifts.append(("extension", days, None))
        self.extended = True
        self.recorded.discard("DeadlineApproaching")

    def now_due(self) -> tuple[str, datetime]:
        if self.requested_at:
            return "PROVIDER", self.answer_by
        return "PAYER", self.deadlines()[1]


# -- Random histories ----------------------------------------------------------------------------------


KINDS: Final = (
    "expedited",
    "standard",
    "retrospective",
    "appeal_expedited",
    "appeal_standard",
    "appeal_retrospective",
)


def start_of(random: Random) -> datetime:
    if random.random() < 0.5:
        return random.choice(ANCHORS) + random.randint(-9 * 24 * 60, 2 * 24 * 60) * MINUTE
    return datetime(2026, 1, 1, tzinfo=UTC) + random.randrange(2 * 365 * 24 * 60) * MINUTE


def services_of(service: dict[str, Any], random: Random, *, drug: bool) -> list[dict[str, Any]]:
    """The services of a request with or without a drug, in a random order.

    A drug in a stay is none of these: its stay pays for it.
    """
    day = service["admission_date"]
    stay = deepcopy(service)
    outpatient = {
        **{name: service[name] for name in ("urgency", "primary_diagnosis")},
        "authorization_type": "OUTPATIENT",
        "place_of_service": "OFFICE",
        "type_of_service": "OFFICE_VISIT",
        "service_date": day,
    }

    def of(*codes: str, **changes: Any) -> dict[str, Any]:
        procedures = [{"code": one, "units": 1, "unit_type": "UNITS"} for one in codes]
        return {**outpatient, "procedures": procedures, **changes}

    if not drug:
        first = random.choice([stay, of(random.choice(NO_DRUG))])
        others = [of(random.choice(NO_DRUG))]
        if first is stay:
            stay["procedures"][0] |= {"code": random.choice(["44120", "J9271"]), "code_type": None}
    else:
        first = of(random.choice(DRUGS))
        others = [of(random.choice(NO_DRUG)), stay]
    services = [first, *random.sample(others, random.randint(0, len(others)))]
    random.shuffle(services)
    return services


def submitted(
    line: str, state: str | None, kind: str, at: datetime, random: Random, *, drug: bool
) -> Request:
    """A request that was received at an instant, or an appeal that was filed then."""
    urgent = random.choice(["EXPEDITED", "EMERGENCY"])
    urgency = urgent if kind == "expedited" else "STANDARD"
    received = at - 20 * DAY if kind.startswith("appeal") else at
    day = (received + (-9 if kind.endswith("retrospective") else 9) * DAY).date().isoformat()
    [service] = samples.entered()["services"]
    service |= {"urgency": urgency, "admission_date": day}
    for procedure in service["procedures"]:
        procedure["start_date"] = day
    plan = samples.PLAN.model_copy(update={"line_of_business": line, "state": state})
    status = Status.DENIED if kind.startswith("appeal") else Status.PROCESSING
    content = samples.content(services=services_of(service, random, drug=drug))
    request = samples.request(status, content=content, plan=plan)
    decided = request.submitted.lines[0].decisions
    lines = tuple(
        one.model_copy(update={"decisions": decided}) for one in service_lines_of(content.services)
    )
    review = request.submitted.model_copy(
        update={"submitted_at": received, "determined_at": received + DAY, "lines": lines}
    )
    return request.model_copy(update={"review": review})


def pended(request: Request, kind: str, at: datetime, payer: Payer) -> Request:
    if not kind.startswith("appeal"):
        return request.pend(deadline_of(request, payer), 10, at).request
    filed = disputing.file_appeal(
        request,
        [one.line_id for one in request.submitted.lines],
        reason="New findings.",
        expedited=kind == "appeal_expedited",
        payer=payer,
        by="provider",
        now=at,
    ).request
    return disputing.pend_appeal(filed, deadline_of(filed, payer), at).request


class History:
    """One cycle with reviewer, provider and workflow actions, and the oracle beside it."""

    def __init__(self, line: str, random: Random) -> None:
        self.random = random
        zone = random.choice(ZONES)
        self.payer = payer_in(zone)
        self.now = start_of(random)
        state = random.choice([None, None, *data()["review_clocks"][line]["states"]])
        kind = random.choice(KINDS)
        clocks = data()["review_clocks"][line]
        override = clocks["states"].get(state or "", {}).get(kind, {})
        drug = random.random() < DRUG_SHARE
        of_drugs = clocks.get("drugs", {}).get(kind, {}) if drug else {}
        rule = {**clocks[kind], **override, **of_drugs}
        self.oracle = Oracle(rule, ZoneInfo(zone), self.now)
        request = submitted(line, state, kind, self.now, random, drug=drug)
        self.request = pended(request, kind, self.now, self.payer)

    def take(self, change: Change | None) -> None:
        if change is not None:
            self.request = change.request
            self.compare(change)

    def run(self) -> None:
        self.compare()
        for _ in range(STEPS):
            step = self.random.choice(
                [
                    self.time_passes,
                    self.time_passes,
                    self.check,
                    self.request_information,
                    self.answer,
                    self.extend,
                ]
            )
            step()
            self.compare()
        for _ in range(STEPS):
            self.sleep()

    def time_passes(self) -> None:
        length = self.oracle.deadlines()[1] - self.oracle.start
        self.now += self.random.choice([0.01, 0.1, 0.3, 0.6]) * self.random.random() * length
        if self.random.random() < 0.3:
            # To an instant at which something happens, or just before it.
            marks = [one.at for one in self.oracle.to_record() if one.at > self.now]
            if marks:
                self.now = self.random.choice(marks) - self.random.choice([0, 1]) * MINUTE / 60

    def check(self) -> None:
        """The workflow checks, at any frequency and late."""
        events = []
        while (change := self.request.check_deadline(self.now, self.payer)) is not None:
            events.append(change.event.type.value)
            self.request = change.request
        assert events == self.oracle.check(self.now)
        assert self.request.check_deadline(self.now, self.payer) is None

    def request_information(self) -> None:
        allowed = self.oracle.can_request(self.now)
        assert allowed is self.offers(Action.REQUEST_INFORMATION)
        try:
            change = request_information(
                self.request, [], "Why?", payer=self.payer, by="r", now=self.now
            )
        except ActionNotAllowedError:
            assert not allowed
            return
        assert allowed
        self.oracle.requested_at = self.now
        self.take(change)

    def answer(self) -> None:
        change = self.request.receive_information(self.now, self.payer)
        assert (change is not None) is (self.oracle.requested_at is not None)
        self.oracle.answer(self.now)
        self.take(change)

    def extend(self) -> None:
        allowed = self.oracle.can_extend(self.now)
        assert allowed is self.offers(Action.EXTEND)
        rule = self.oracle.rule.get("extension") or {"days": 14, "requested_by": ["PAYER"]}
        days = self.random.choice([None, 1, rule["days"], rule["days"] + 1])
        by = ExtensionRequester(self.random.choice(["MEMBER", "PAYER"]))
        valid = (days or 1) <= rule["days"] and by in rule["requested_by"]
        try:
            change = extend(
                self.request,
                "Why.",
                days=days,
                requested_by=by,
                payer=self.payer,
                by="r",
                now=self.now,
            )
        except ActionNotAllowedError:
            assert not allowed
            return
        except InvalidInputError:
            assert allowed
            assert not valid
            return
        assert allowed
        assert valid
        self.oracle.extend(days or rule["days"])
        self.take(change)

    def sleep(self) -> None:
        """The execution sleeps until the returned time, and something is due then or the next day."""
        self.check()
        expected = min((one.at for one in self.oracle.to_record()), default=self.now + DAY)
        status = cycle_status_of(self.request, self.request.submitted.cycle, self.now)
        assert status.route is Route.REVIEW
        wakes = self.now + timedelta(seconds=status.seconds_to_next_check)
        assert timedelta() <= wakes - expected < timedelta(seconds=1)
        self.now = wakes

    def offers(self, action: Action) -> bool:
        return action in self.request.reviewer_actions(REVIEWER, self.now)

    def compare(self, change: Change | None = None) -> None:
        """Due date and party are the same everywhere, and by no time is anything decided (W10)."""
        waiting_on, due = self.oracle.now_due()
        request = self.request
        assert (request.waiting_on.value, request.due_at) == (waiting_on, due)
        deadline = request.deadline
        assert deadline is not None
        assert (deadline.warn_at, deadline.due_at) == self.oracle.deadlines()
        dashboard, worklist = row_of_request(request), worklist_row(request, due)
        assert (dashboard.waiting_on, dashboard.due_at) == (waiting_on, due)
        assert (worklist.waiting_on, worklist.due_at) == (waiting_on, due)
        if change is not None:
            assert (change.event.waiting_on, change.event.due_at) == (waiting_on, due)
        assert request.status in (Status.PENDING, Status.DENIED)
        assert (request.status is Status.DENIED) is bool(request.submitted.appeals)


@pytest.mark.rule("W2", "W10", "W11")
@pytest.mark.parametrize("line", LINES)
def test_clock_equals_the_oracle_when_a_history_is_random(line: str) -> None:
    for seed in range(HISTORIES):
        history = History(line, Random(f"{line} {seed}"))
        try:
            history.run()
        except AssertionError as error:
            raise AssertionError(f"{line}, seed {seed}, {history.oracle}") from error
