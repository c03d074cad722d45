"""Duplicate detection (S2).

A request has a duplicate fingerprint: member, servicing provider, codes, days. Requests that are equal
except for the days share a signature: where the days overlap, the second is refused at submission.
Near matches are found after submission by comparing the fingerprints of one member: a certain duplicate
ends as such, a potential duplicate goes to a reviewer with both requests.

Codes are of one family where code set and form are the same and they differ by at most
:data:`CODE_FAMILY_DISTANCE`, as variants of one procedure do (44120, 44121, 44125). Rule ranges are not
used: one rule covers all surgery.

A predetermination is never a duplicate of a precertification (C14).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Final

from precert.domain.codes import code_types_of
from precert.domain.content import RequestContent
from precert.domain.determination import days_of_service
from precert.domain.review import PotentialDuplicate, ServiceLine
from precert.domain.rules import canonical_code, family_of, ordinal_of
from precert.domain.values import CodeType, MemberId, Npi, Purpose, Text, Tin, Value

CODE_FAMILY_DISTANCE: Final = 9


class Fingerprint(Value):
    """What submitted requests are compared by; first and last day are inclusive.

    ``services`` are the types of service of stays without a code, used in place of codes.
    """

    request_id: Text
    number: Text
    submitted_at: datetime
    tins: frozenset[Tin]
    member_id: MemberId
    purpose: Purpose = Purpose.PRECERTIFICATION
    npi: Npi | None = None
    tin: Tin | None = None
    provider_id: Text | None = None
    codes: frozenset[tuple[CodeType, str]]
    services: frozenset[Text] = frozenset()
    first_day: date
    last_day: date

    @property
    def signature(self) -> str:
        """SHA-256 in hexadecimal of everything except the days."""
        parts = [
            self.member_id.upper(),
            self.purpose.value,
            self.npi,
            self.tin,
            sorted([kind.value, code] for kind, code in self.codes),
            sorted(self.services),
        ]
        return sha256(json.dumps(parts).encode()).hexdigest()

    def overlaps(self, other: "Fingerprint") -> bool:
        return self.first_day <= other.last_day and other.first_day <= self.last_day

    def is_near(self, other: "Fingerprint", days: int) -> bool:
        """Whether the days overlap, or are at most that many days apart."""
        earlier, later = sorted((self, other), key=lambda one: one.first_day)
        return (later.first_day - earlier.last_day).days <= days

    def is_same_provider(self, other: "Fingerprint") -> bool:
        """Whether any provider identifier is the same."""
        pairs = (
            (self.npi, other.npi),
            (self.tin, other.tin),
            (self.provider_id, other.provider_id),
        )
        return any(one is not None and one == another for one, another in pairs)

    def requests_the_same(self, other: "Fingerprint") -> bool:
        return (self.codes, self.services) == (other.codes, other.services)

    def came_after(self, other: "Fingerprint") -> bool:
        return (self.submitted_at, self.request_id) > (other.submitted_at, other.request_id)


def fingerprint_of(
    request_id: str,
    number: str,
    submitted_at: datetime,
    content: RequestContent,
    lines: Sequence[ServiceLine] = (),
) -> Fingerprint:
    """The fingerprint of complete content; decided ``lines`` may have changed dates (W5).

    Raises:
        AssertionError: the content is not complete.
    """
    patient, servicing = content.patient, content.servicing_provider
    first_day, last_day = days_of_service(content, lines)
    if patient is None or servicing is None or first_day is None or last_day is None:
        raise AssertionError("completeness requires patient, provider and dates")
    kinds = (service.type_of_service for service in content.services if not service.procedures)
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
        codes=frozenset(_codes(content)),
        services=frozenset(kind for kind in kinds if kind),
        first_day=first_day,
        last_day=last_day,
    )


def sure_duplicates(
    own: Fingerprint, others: Iterable[Fingerprint], duplicate_window_days: int
) -> tuple[Fingerprint, ...]:
    """Certain duplicates: the same codes and provider, and nearly the same days."""
    return tuple(
        other
        for other in others
        if _is_comparable(own, other, duplicate_window_days) and own.requests_the_same(other)
    )


def potential_duplicates(
    own: Fingerprint, others: Iterable[Fingerprint], duplicate_window_days: int
) -> tuple[PotentialDuplicate, ...]:
    """Potential duplicates: earlier requests with codes of the same family."""
    return tuple(
        PotentialDuplicate(
            request_id=other.request_id, number=other.number, reason_code="same_family"
        )
        for other in others
        if own.came_after(other)
        and _is_comparable(own, other, duplicate_window_days)
        and not own.requests_the_same(other)
        and _share_a_family(own, other)
    )


def _is_comparable(own: Fingerprint, other: Fingerprint, duplicate_window_days: int) -> bool:
    return (
        other.request_id != own.request_id
        and other.member_id.upper() == own.member_id.upper()
        and other.purpose is own.purpose
        and own.is_same_provider(other)
        and own.is_near(other, duplicate_window_days)
    )


def _share_a_family(own: Fingerprint, other: Fingerprint) -> bool:
    return any(
        family_of(code, kind) == family_of(others_code, others_kind)
        and abs(ordinal_of(code) - ordinal_of(others_code)) <= CODE_FAMILY_DISTANCE
        for kind, code in own.codes
        for others_kind, others_code in other.codes
    )


def _codes(content: RequestContent) -> Iterator[tuple[CodeType, str]]:
    for service in content.services:
        for procedure in service.procedures:
            kind = procedure.code_type or code_types_of(procedure.code)[0]
            yield kind, canonical_code(procedure.code, kind)
