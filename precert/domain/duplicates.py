"""Duplicate detection (S2).

A request has a duplicate fingerprint: member, servicing provider, and its requested services. Only a
request that repeats another one is ended without a reviewer: the same servicing provider, the same
services, and each on overlapping dates. Services are the same if code set, code, modifiers, units,
days, place of service and medication are the same. Requests that are equal except for the dates have
the same signature, by which a repetition is refused at submission.

Other requests within the duplicate window are potential duplicates, which a reviewer compares: a shared
code on near or overlapping dates, at the same or another provider, or codes of one family at the same
provider. A weekly series of visits is such a case. Potential duplicates are never ended without a
reviewer.

Codes are of one family if they have the same code set and format and differ by at most
:data:`CODE_FAMILY_DISTANCE`, as variants of one procedure do (44120, 44121, 44125). The ranges of rules
are not used: one rule can cover all surgery.

A predetermination is never a duplicate of a precertification (C14).
"""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Final

from precert.domain.assessment import DuplicateReason
from precert.domain.codes import canonical_code, code_types_of, family_of, ordinal_of
from precert.domain.content import Procedure, RequestContent, Service, numbered_lines
from precert.domain.dates import Moment
from precert.domain.decisions import ServiceLine
from precert.domain.request import Request
from precert.domain.requested_lines import dates_by_line
from precert.domain.text import folded
from precert.domain.values import (
    CodeType,
    MemberId,
    Modifier,
    Npi,
    Purpose,
    Text,
    Tin,
    UnitType,
    Value,
)

CODE_FAMILY_DISTANCE: Final = 9
"""The maximum difference between the positions of two codes of one family."""
Key = tuple[str | int | tuple[str, ...] | None, ...]


class RequestedService(Value):
    """The compared values of one service line. The first and last day are included.

    A stay without a procedure code has its type of service as the code, and no code set.
    """

    code_type: CodeType | None = None
    code: Text
    modifiers: tuple[Modifier, ...] = ()
    """Sorted, because their order does not distinguish services."""
    units: int | None = None
    unit_type: UnitType | None = None
    days: int | None = None
    """The requested days of a stay."""
    place: Text | None = None
    medication: Text | None = None
    """The NDC or the folded name, because unclassified drugs have one code."""
    first_day: date
    last_day: date

    @property
    def shared_code(self) -> Key:
        """Code set and code."""
        return self.code_type, self.code

    @property
    def with_modifiers(self) -> Key:
        """Code set, code and modifiers."""
        return *self.shared_code, self.modifiers

    @property
    def without_amount(self) -> Key:
        """Everything except units, days and dates."""
        return *self.with_modifiers, self.place, self.medication

    @property
    def key(self) -> Key:
        """Everything except the dates."""
        return *self.without_amount, self.units, self.unit_type, self.days

    def overlaps(self, other: "RequestedService") -> bool:
        """Whether both have a common day."""
        return self.first_day <= other.last_day and other.first_day <= self.last_day

    def is_within(self, other: "RequestedService", days: int) -> bool:
        """Whether the dates overlap, or are at most ``days`` apart."""
        earlier, later = sorted((self, other), key=lambda one: one.first_day)
        return (later.first_day - earlier.last_day).days <= days


class Fingerprint(Value):
    """The duplicate fingerprint of a submitted request: the values by which requests are compared."""

    request_id: Text
    number: Text
    submitted_at: Moment
    tins: frozenset[Tin]
    member_id: MemberId
    purpose: Purpose = Purpose.PRECERTIFICATION
    npi: Npi | None = None
    tin: Tin | None = None
    provider_id: Text | None = None
    entered_provider_id: Text | None = None
    """The id of the directory entry as submitted, before any reconciliation (S3)."""
    services: tuple[RequestedService, ...]
    """Sorted by key and dates."""

    @property
    def signature(self) -> str:
        """SHA-256 in hexadecimal of everything except the dates."""
        parts = [
            self.member_id.upper(),
            self.purpose.value,
            self.npi,
            self.tin,
            [service.key for service in self.services],
        ]
        return sha256(json.dumps(parts).encode()).hexdigest()

    def overlaps(self, other: "Fingerprint") -> bool:
        """Whether each service overlaps the other's service in the same position.

        Only for requests of the same services.

        Raises:
            ValueError: they have different numbers of services.
        """
        return all(
            one.overlaps(another)
            for one, another in zip(self.services, other.services, strict=True)
        )

    def is_refused_by(self, existing: "Fingerprint") -> bool:
        """Whether it repeats an existing request with the same signature."""
        return (
            existing.request_id != self.request_id
            and not _differ(self.entered_provider_id, existing.entered_provider_id)
            and self.overlaps(existing)
        )

    def is_same_provider(self, other: "Fingerprint") -> bool:
        """Whether NPI and TIN are the same, and the directory entries, if both have one."""
        return (
            self.npi == other.npi
            and self.tin == other.tin
            and not _differ(self.provider_id, other.provider_id)
        )

    def shares_an_identifier(self, other: "Fingerprint") -> bool:
        """Whether the servicing providers have the same NPI or the same TIN."""
        pairs = ((self.npi, other.npi), (self.tin, other.tin))
        return any(one is not None and one == another for one, another in pairs)

    def requests_the_same(self, other: "Fingerprint") -> bool:
        """Whether the services are the same, whatever their dates are."""
        return [one.key for one in self.services] == [one.key for one in other.services]

    def came_after(self, other: "Fingerprint") -> bool:
        """Whether it was submitted later; requests of the same instant are ordered by their ids."""
        return (self.submitted_at, self.request_id) > (other.submitted_at, other.request_id)


def fingerprint_of(
    request_id: str,
    number: str,
    submitted_at: datetime,
    content: RequestContent,
    lines: Sequence[ServiceLine] = (),
    *,
    as_submitted: RequestContent | None = None,
    without: Collection[str] = (),
) -> Fingerprint:
    """The fingerprint of a complete content.

    ``lines`` are the service lines with their decisions, which may have changed dates (W5).
    ``as_submitted`` is the content before a reconciliation, if it differs. ``without`` has the ids of
    lines that were cancelled or replaced.

    Raises:
        AssertionError: the content is not complete.
    """
    patient, servicing = content.patient, content.servicing_provider
    entered = (as_submitted or content).servicing_provider
    services = requested_services(content, lines, without)
    if patient is None or servicing is None or not services:
        raise AssertionError("completeness requires patient, provider and dates")
    return Fingerprint(
        request_id=request_id,
        number=number,
        submitted_at=submitted_at,
        tins=frozenset(content.tins),
        member_id=patient.member_id,
        purpose=content.purpose,
        npi=servicing.npi,
        tin=servicing.tin,
        provider_id=servicing.provider_id,
        entered_provider_id=entered.provider_id if entered else None,
        services=services,
    )


def submitted_fingerprint(request: Request) -> Fingerprint:
    """The fingerprint of a request as submitted, whose signature is the key of its duplicate lock."""
    review, content = request.submitted, request.content_as_submitted
    return fingerprint_of(
        request.request_id,
        review.number,
        review.submitted_at,
        content,
        without=_not_requested(request),
    )


def _not_requested(request: Request) -> frozenset[str]:
    """Ids of the lines that were cancelled, or that another line replaces."""
    lines = request.submitted.lines
    cancelled = {line.line_id for line in lines if line.cancelled_at is not None}
    replaced = {line.replaces for line in lines if line.replaces and not line.cancelled_at}
    left_out = frozenset(cancelled | replaced)
    # A void request has no line left: its fingerprint has all that were requested.
    return left_out if len(left_out) < len(lines) else frozenset()


def current_fingerprint(request: Request) -> Fingerprint:
    """The fingerprint after reconciliations (S3) and changes of dates (W5)."""
    review = request.submitted
    return fingerprint_of(
        request.request_id,
        review.number,
        review.submitted_at,
        request.content,
        review.lines,
        as_submitted=request.content_as_submitted,
        without=_not_requested(request),
    )


def paired(
    own: Fingerprint, other: Fingerprint
) -> tuple[tuple[RequestedService | None, RequestedService | None], ...]:
    """The services of both requests in pairs for a comparison.

    A service of ``own`` is paired with one of ``other`` that has the same code: one that is the same
    except for the dates if there is one, and otherwise the one with the closest dates. The other
    element is ``None`` for a service of one request only; those of ``other`` are last.
    """
    pairs: list[tuple[RequestedService | None, RequestedService | None]] = []
    left = list(other.services)
    for one in own.services:
        same = [another for another in left if another.shared_code == one.shared_code]
        closest = min(same, key=lambda another: _distance(one, another), default=None)
        if closest is not None:
            left.remove(closest)
        pairs.append((one, closest))
    return (*pairs, *((None, another) for another in left))


def _distance(one: RequestedService, other: RequestedService) -> tuple[bool, int]:
    return one.key != other.key, abs((one.first_day - other.first_day).days)


def requested_services(
    content: RequestContent, lines: Sequence[ServiceLine] = (), without: Collection[str] = ()
) -> tuple[RequestedService, ...]:
    """The compared values of the service lines with dates, sorted; without the lines in ``without``."""
    services = services_by_line(content, lines)
    left = (service for line_id, service in services.items() if line_id not in without)
    return tuple(sorted(left, key=_order))


def services_by_line(
    content: RequestContent, lines: Sequence[ServiceLine] = ()
) -> dict[str, RequestedService]:
    """The compared values of each service line with dates, by line id."""
    dates = dates_by_line(content, lines)
    return {
        line_id: _requested_service(service, procedure, *dates[line_id])
        for line_id, service, procedure in numbered_lines(content.services)
        if line_id in dates
    }


def repeats(own: Fingerprint, other: Fingerprint) -> bool:
    """Whether one of two requests certainly repeats the other, whichever was submitted first."""
    return (
        is_comparable(own, other)
        and own.is_same_provider(other)
        and own.requests_the_same(other)
        and own.overlaps(other)
    )


def reason_of(
    own: Fingerprint, other: Fingerprint, duplicate_window_days: int
) -> DuplicateReason | None:
    """Why two requests are potential duplicates; ``None`` if they are not.

    Only for requests of which :func:`repeats` is false. ``duplicate_window_days`` is the maximum number
    of days between two services.
    """
    if not is_comparable(own, other):
        return None

    def near(same: Callable[[RequestedService, RequestedService], bool]) -> bool:
        return any(
            same(one, another) and one.is_within(another, duplicate_window_days)
            for one in own.services
            for another in other.services
        )

    if not near(lambda one, another: one.shared_code == another.shared_code):
        similar = own.shares_an_identifier(other) and near(_is_one_family)
        return DuplicateReason.SAME_FAMILY if similar else None
    if not own.is_same_provider(other):
        same_npi = own.npi is not None and own.npi == other.npi
        return DuplicateReason.OTHER_IDENTIFIER if same_npi else DuplicateReason.OTHER_PROVIDER
    if own.requests_the_same(other):
        return DuplicateReason.NEAR_DATES
    if _same(own, other, lambda one: one.without_amount):
        return DuplicateReason.OTHER_UNITS
    if not _same(own, other, lambda one: one.shared_code):
        return DuplicateReason.SHARED_CODES
    if _same(own, other, lambda one: one.with_modifiers):
        return DuplicateReason.OTHER_DETAILS
    return DuplicateReason.OTHER_MODIFIERS


def _requested_service(
    service: Service, procedure: Procedure | None, first_day: date, last_day: date
) -> RequestedService:
    medication = service.medication
    kinds = code_types_of(procedure.code) if procedure else ()
    kind = (procedure.code_type if procedure else None) or (kinds[0] if kinds else None)
    code = procedure.code if procedure else service.type_of_service or "-"
    return RequestedService(
        code_type=kind,
        code=canonical_code(code, kind) if kind else code,
        modifiers=tuple(sorted(set(procedure.modifiers))) if procedure else (),
        units=procedure.units if procedure else None,
        unit_type=procedure.unit_type if procedure else None,
        days=service.requested_days,
        place=service.place_of_service,
        medication=(medication.ndc or folded(medication.name or "") or None)
        if medication
        else None,
        first_day=first_day,
        last_day=last_day,
    )


def _order(service: RequestedService) -> str:
    return json.dumps([*service.key, service.first_day.isoformat(), service.last_day.isoformat()])


def _same(own: Fingerprint, other: Fingerprint, part: Callable[[RequestedService], Key]) -> bool:
    """Whether the services of both are the same in this part, whatever their number is."""

    def parts(services: Iterable[RequestedService]) -> frozenset[Key]:
        return frozenset(map(part, services))

    return parts(own.services) == parts(other.services)


def _differ(one: str | None, another: str | None) -> bool:
    return one is not None and another is not None and one != another


def is_comparable(own: Fingerprint, other: Fingerprint) -> bool:
    """Whether they are two requests of one member with the same purpose (C14)."""
    return (
        other.request_id != own.request_id
        and other.member_id.upper() == own.member_id.upper()
        and other.purpose is own.purpose
    )


def _is_one_family(one: RequestedService, other: RequestedService) -> bool:
    if one.code_type is None or other.code_type is None:
        return False
    return (
        family_of(one.code, one.code_type) == family_of(other.code, other.code_type)
        and abs(ordinal_of(one.code) - ordinal_of(other.code)) <= CODE_FAMILY_DISTANCE
    )
