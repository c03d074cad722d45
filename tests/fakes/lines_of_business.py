"""Requests of each line of business, decided and appealed, and what the regulations grant (W4, W7)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

import pytest

from precert.api.details import RequestDetails
from precert.domain import disputing
from precert.domain.decisions import service_lines_of
from precert.domain.disputing import with_rights
from precert.domain.notices import Audience, kind_of
from precert.domain.request import Request
from precert.domain.statuses import LineStatus, Status
from precert.usecases.notice_facts import Issue, notice_facts
from precert.usecases.ports.requests import RequestFile
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.code_sets import code_sets

DAY: Final = timedelta(days=1)
LAST: Final = timedelta(microseconds=1)
ZONE: Final = samples.payer().zone
DECIDED_ON: Final = START.astimezone(ZONE).date()
DENIED: Final = LineStatus.DENIED


class Expected(NamedTuple):
    """What the regulations state for a line of business."""

    filing_days: int
    levels: int
    after: str
    """What notices name while an appeal is possible."""
    absent: tuple[str, ...]
    appeal_days: int = 30
    """How long the decision of a standard appeal takes."""


LINES: Final[Mapping[str, Expected]] = {
    "COMMERCIAL": Expected(180, 2, "independent external review", ("State fair", "Medicare"), 15),
    "EXCHANGE": Expected(180, 1, "independent external review", ("ERISA", "State fair")),
    "MEDICARE_ADVANTAGE": Expected(65, 1, "independent review entity", ("ERISA", "State fair")),
    "MEDICAID": Expected(60, 1, "State fair hearing", ("ERISA", "external review", "Medicare")),
    "CHIP": Expected(60, 1, "review by the State", ("ERISA", "external review", "Medicare")),
}
ALL: Final = pytest.mark.parametrize("line", LINES)


def request_of(status: Status, line: str, services: Sequence[Any] | None = None) -> Request:
    """A request of a plan of the line of business, with the lines of these services."""
    plan = samples.PLAN.model_copy(update={"line_of_business": line})
    content = samples.content(**({"services": services} if services else {}))
    review = samples.review().model_copy(update={"lines": service_lines_of(content.services)})
    return samples.request(status, plan=plan, content=content, review=review)


def denied(line: str, services: Sequence[Any] | None = None, cycle: int = 1) -> Request:
    """A request that was denied, after upheld appeals in the cycles that follow the first."""
    request = request_of(Status.PENDING, line, services)
    ids = [one.line_id for one in request.submitted.lines]
    decisions = {one: samples.decision(DENIED) for one in ids}
    request = with_rights(
        request.determine(decisions, "reviewer-1", START), samples.payer()
    ).request
    for number in range(2, cycle + 1):
        by = f"reviewer-{number}"
        filed = appealed(request, START, ids)
        decisions = {one: samples.decision(DENIED, by=by, cycle=number) for one in ids}
        change = disputing.determine_appeal(filed, decisions, by, START)
        request = with_rights(change, samples.payer()).request
    return request


def appealed(
    request: Request, now: datetime, ids: Sequence[str] = ("1.1",), *, expedited: bool = False
) -> Request:
    return disputing.file_appeal(
        request,
        ids,
        reason="New findings.",
        expedited=expedited,
        payer=samples.payer(),
        by="provider",
        now=now,
    ).request


def end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE) + DAY


def words(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def notice_text(request: Request, audience: Audience, cycle: int | None = None) -> str:
    """The text of all sections of the notice of a cycle, else of the last one."""
    cycle = cycle or request.submitted.cycle
    kind = kind_of(request.submitted, cycle)
    assert kind is not None
    facts: Any = notice_facts(
        request,
        Issue(kind, cycle),
        audience,
        samples.payer(),
        samples.notice_words(),
        member=None,
        code_sets=code_sets(),
    )
    return " ".join(section["text"] for section in facts["sections"])


def details(request: Request, now: datetime = START) -> RequestDetails:
    return RequestDetails.of(
        RequestFile(request, (), ()),
        request.tins,
        payer=samples.payer(),
        code_sets=code_sets(),
        now=now,
    )
