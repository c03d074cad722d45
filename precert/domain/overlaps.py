"""Approvals of the same service in two requests of a member (S2).

This happens, for example, if a denied service is requested again and approved, and the denial is then
overturned on appeal. Services are the same if both requests have the same servicing provider, and the
services the same code, modifiers and medication on overlapping dates.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from precert.domain.decisions import ApprovedElsewhere, Decision, ServiceLine
from precert.domain.duplicates import (
    Fingerprint,
    RequestedService,
    is_comparable,
    services_by_line,
)
from precert.domain.request import Request
from precert.domain.requested_lines import dates_by_line


class Overlap(NamedTuple):
    """A service line that a decision approves, and the approved line of another request."""

    line_id: str
    other: Request
    other_line_id: str
    service: RequestedService
    """As the other request approves it."""

    @property
    def record(self) -> ApprovedElsewhere:
        """The other approval as the decision on the line stores it."""
        return ApprovedElsewhere(
            request_id=self.other.request_id,
            number=self.other.submitted.number,
            line_id=self.other_line_id,
            first_day=self.service.first_day,
            last_day=self.service.last_day,
            plan_id=self.other.plan.plan_id,
            seen_by=self.other.tins,
        )


def approved_services(
    request: Request, lines: Collection[ServiceLine]
) -> dict[str, RequestedService]:
    """The services of the approved lines, by line id, each with the approved code."""
    services = services_by_line(request.content, tuple(lines))
    approved = {line.line_id: line.approved for line in lines if line.approved is not None}
    return {
        line_id: service.model_copy(update={"code": code})
        if (code := approved[line_id].code)
        else service
        for line_id, service in services.items()
        if line_id in approved
    }


def lines_with_decisions(request: Request, decisions: Mapping[str, Decision]) -> list[ServiceLine]:
    """The lines that ``decisions`` decides (by line id), each with its decision added."""
    return [
        line.model_copy(update={"decisions": (*line.decisions, decisions[line.line_id])})
        for line in request.submitted.lines
        if line.line_id in decisions
    ]


def can_overlap(
    own: Fingerprint, services: Collection[RequestedService], other: Fingerprint
) -> bool:
    """Whether another request of the same servicing provider has one of these services on any dates."""
    codes = {_kind_of(one) for one in services}
    return (
        is_comparable(own, other)
        and own.is_same_provider(other)
        and not codes.isdisjoint(map(_kind_of, other.services))
    )


def overlaps_with(services: Mapping[str, RequestedService], other: Request) -> list[Overlap]:
    """The services (by line id) that another request also approves on overlapping dates."""
    approved = approved_services(other, other.submitted.lines)
    return [
        Overlap(line_id, other, other_line_id, one)
        for line_id, service in services.items()
        for other_line_id, one in approved.items()
        if _kind_of(one) == _kind_of(service) and one.overlaps(service)
    ]


def recorded_overlaps(request: Request) -> Iterator[tuple[str, ApprovedElsewhere]]:
    """The approvals of other requests that the decisions in effect name, each with the id of its line.

    An approval is left out if its dates no longer overlap those of the line, because an operator has
    changed the dates of this request (W5).
    """
    review = request.submitted
    dates = dates_by_line(request.content, review.lines)
    for line in review.active_lines:
        first, last = dates.get(line.line_id, (date.min, date.max))
        for one in line.decisions[-1].approved_also_in if line.decisions else ():
            if one.first_day <= last and first <= one.last_day:
                yield line.line_id, one


def _kind_of(service: RequestedService) -> tuple[object, ...]:
    return *service.with_modifiers, service.medication
