"""Duplicate detection (S2).

A request has a duplicate fingerprint: member, servicing provider, and its requested services. Only a
request that repeats another one ends by itself: the same servicing provider, the same services, and
each on overlapping dates. A service is the same where code set, code, modifiers, units, days, place of
service and medication are. Requests that are equal except for the dates share a signature, under which
a repetition is refused at submission.

Other requests within the duplicate window are potential duplicates, which a reviewer sees side by side:
a shared code on near or overlapping dates, at the same or another provider, or codes of one family at
the same provider. A weekly series is such a case. It never ends by itself.

Codes are of one family where code set and form are the same and they differ by at most
:data:`CODE_FAMILY_DISTANCE`, as variants of one procedure do (44120, 44121, 44125). Rule ranges are not
used: one rule covers all surgery.

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
Key = tuple[str | int | tuple[str, ...] | None, ...]


class RequestedService(Value):
    """One service line as it is compared; first and last day are inclusive.

    A stay without a code has its type of service as its code, and no code set.
    """

    code_type: CodeType | None = None
    code: Text
    modifiers: tuple[Modifier, ...] = ()
    """Sorted: their order has no meaning here."""
    units: int | None = None
    unit_type: UnitType | None = None
    days: int | None = None
    """Requested days of a stay."""
    place: Text | None = None
    medication: Text | None = None
    """NDC or folded name: unclassified drugs share a code."""
    first_day: date
    last_day: date

    @property
    def shared_code(self) -> Key:
        return self.code_type, self.code

    @property
    def with_modifiers(self) -> Key:
        return *self.shared_code, self.modifiers

    @property
    def without_amount(self) -> Key:
        return *self.with_modifiers, self.place, self.medication

    @property
    def key(self) -> Key:
        """Everything except the dates."""
        return *self.without_amount, self.units, self.unit_type, self.days

    def overlaps(self, other: "RequestedService") -> bool:
        return self.first_day <= other.last_day and other.first_day <= self.last_day

    def is_within(self, other: "RequestedService", days: int) -> bool:
        """Whether the dates overlap, or are at most that many days apart."""
        earlier, later = sorted((self, other), key=lambda one: one.first_day)
        return (later.first_day - earlier.last_day).days <= days


class Fingerprint(Value):
    """What submitted requests are compared by."""

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
    """The directory entry as submitted, before any reconciliation (S3)."""
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
        """Whether every service overlaps its counterpart, for requests of the same services."""
        return all(
            one.overlaps(another)
            for one, another in zip(self.services, other.services, strict=True)
        )

    def is_refused_by(self, existing: "Fingerprint") -> bool:
        """Whether it repeats a request that was submitted under the same signature."""
        return (
            existing.request_id != self.request_id
            and not _differ(self.entered_provider_id, existing.entered_provider_id)
            and self.overlaps(existing)
        )

    def is_same_provider(self, other: "Fingerprint") -> bool:
        """Whether NPI and TIN are the same, and no other directory entry is named."""
        return (
            self.npi == other.npi
            and self.tin == other.tin
            and not _differ(self.provider_id, other.provider_id)
        )

    def shares_an_identifier(self, other: "Fingerprint") -> bool:
        pairs = ((self.npi, other.npi), (self.tin, other.tin))
        return any(one is not None and one == another for one, another in pairs)

    def requests_the_same(self, other: "Fingerprint") -> bool:
        return [one.key for one in self.services] == [one.key for one in other.services]

    def came_after(self, other: "Fingerprint") -> bool:
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
    """The fingerprint of complete content; decided ``lines`` may have changed dates (W5).

    ``as_submitted`` is the content before a reconciliation, if it differs. Lines in ``without`` are
    cancelled or replaced.

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
    """The fingerprint of a request as submitted, whose signature names its lock."""
    review, content = request.submitted, request.content_as_submitted
    return fingerprint_of(
        request.request_id,
        review.number,
        review.submitted_at,
        content,
        without=_not_requested(request),
    )


def _not_requested(request: Request) -> frozenset[str]:
    """Lines that were cancelled, or that another line replaces."""
    lines = request.submitted.lines
    cancelled = {line.line_id for line in lines if line.cancelled_at is not None}
    replaced = {line.replaces for line in lines if line.replaces and not line.cancelled_at}
    left_out = frozenset(cancelled | replaced)
    # A void request has no line; its fingerprint names what it requested.
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
    """The services of both side by side: the same code in one pair, then those of one request only."""
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
    """Service lines with dates as they are compared, sorted."""
    services = services_by_line(content, lines)
    left = (service for line_id, service in services.items() if line_id not in without)
    return tuple(sorted(left, key=_order))


def services_by_line(
    content: RequestContent, lines: Sequence[ServiceLine] = ()
) -> dict[str, RequestedService]:
    """Each service line with dates as it is compared, by its id."""
    dates = dates_by_line(content, lines)
    return {
        line_id: _requested_service(service, procedure, *dates[line_id])
        for line_id, service, procedure in numbered_lines(content.services)
        if line_id in dates
    }


def repeats(own: Fingerprint, other: Fingerprint) -> bool:
    """Whether two requests are certain duplicates, whichever was submitted first."""
    return (
        is_comparable(own, other)
        and own.is_same_provider(other)
        and own.requests_the_same(other)
        and own.overlaps(other)
    )


def reason_of(
    own: Fingerprint, other: Fingerprint, duplicate_window_days: int
) -> DuplicateReason | None:
    """Why two requests that do not repeat one another are potential duplicates; ``None`` if not."""
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
    """Whether both request the same services in this part of them."""

    def parts(services: Iterable[RequestedService]) -> frozenset[Key]:
        return frozenset(map(part, services))

    return parts(own.services) == parts(other.services)


def _differ(one: str | None, another: str | None) -> bool:
    return one is not None and another is not None and one != another


def is_comparable(own: Fingerprint, other: Fingerprint) -> bool:
    """Whether they are two requests of one member and of one kind (C14)."""
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
