"""Find a request's duplicates when it is assessed; compare them for a reviewer or vendor (S2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from precert.domain.assessment import DuplicateReason, PotentialDuplicate
from precert.domain.caller import Caller
from precert.domain.duplicates import (
    Fingerprint,
    RequestedService,
    current_fingerprint,
    fingerprint_of,
    paired,
    reason_of,
    repeats,
)
from precert.domain.errors import DamagedRecordError
from precert.domain.payer import Payer
from precert.domain.request import Comparison, Request
from precert.domain.statuses import Status
from precert.usecases.ports.requests import Fingerprints, RequestFile, RequestStore
from precert.usecases.vendors import DelegatedRequest

MAX_COMPARED = 20
"""Maximum number of potential duplicates that are recorded and shown; the last submitted ones."""


@dataclass(frozen=True)
class FoundDuplicates:
    """The duplicates of a request.

    ``repeated`` is the request that this one duplicates, and that continues in its place.
    """

    repeated: Request | None = None
    potential: tuple[PotentialDuplicate, ...] = ()
    compared: Comparison | None = None
    """The state of the member's requests at the comparison, on which an automatic approval depends."""


@dataclass(frozen=True)
class ComparedDuplicate:
    """A potential duplicate, compared with the request.

    ``other`` is ``None`` if the caller may not read it. ``damaged`` is its id if its record is damaged.
    """

    reason: DuplicateReason
    other: Request | None = None
    services: tuple[tuple[RequestedService | None, RequestedService | None], ...] = ()
    """Pairs of corresponding services: of this request, and of the other one."""
    damaged: str | None = None


def find_duplicates(
    request: Request, *, fingerprints: Fingerprints, requests: RequestStore, payer: Payer
) -> FoundDuplicates:
    """Compare a request with the member's other requests.

    One database read, and one more for each request that matches. Void requests are ignored. Of two
    requests that repeat one another, the earlier one continues; a later one continues as well if it was
    assessed before this one existed. This request does not end as a duplicate of a request that has a
    denied or modified line, nor of one that cannot be read: a reviewer compares the latter once it is
    repaired.
    """
    own = current_fingerprint(request)
    repeated: list[Request] = []
    potential: list[PotentialDuplicate] = []
    compared = _matches(own, fingerprints=fingerprints, requests=requests, payer=payer)
    for other, reason in compared.matches:
        try:
            other_request = requests.read(other.request_id)
        except DamagedRecordError:
            potential.append(
                PotentialDuplicate(
                    request_id=other.request_id,
                    number=other.number,
                    reason_code=reason or DuplicateReason.UNREADABLE,
                    seen_by=other.tins,
                )
            )
            continue
        if other_request is None or other_request.status is Status.VOID:
            continue
        if not own.came_after(other) and other_request.status is Status.PROCESSING:
            continue  # the assessment of the later request finds this one
        if reason is None and not other_request.is_adverse:
            repeated.append(other_request)
            continue
        potential.append(
            PotentialDuplicate(
                request_id=other.request_id,
                number=other.number,
                reason_code=reason or DuplicateReason.DECIDED_BEFORE,
                plan_id=other_request.plan.plan_id,
                seen_by=other_request.tins,
            )
        )
    potential += (
        PotentialDuplicate(request_id=one, reason_code=DuplicateReason.UNREADABLE)
        for one in compared.damaged
    )
    return FoundDuplicates(
        min(repeated, key=_continues_first, default=None),
        tuple(potential[:MAX_COMPARED]),
        Comparison(own.member_id, compared.last_approval),
    )


def _continues_first(request: Request) -> tuple[bool, datetime, str]:
    """Sort key: assessed requests before those that may still end as duplicates, then the earliest."""
    return (
        request.status is Status.PROCESSING,
        request.submitted.submitted_at,
        request.request_id,
    )


def compare_duplicates(
    file: RequestFile,
    caller: Caller,
    *,
    fingerprints: Fingerprints,
    requests: RequestStore,
    payer: Payer,
) -> tuple[ComparedDuplicate, ...]:
    """The potential duplicates of a case as they are now, earlier and later ones.

    One database read, and one more for each request that matches. A request of a plan that the caller
    does not review is listed without its content. One that cannot be read does not hide the others.
    """
    if file.request.status is Status.VOID:
        return ()
    return _compared(
        current_fingerprint(file.request),
        lambda other: other.plan.plan_id in caller.plan_ids,
        fingerprints=fingerprints,
        requests=requests,
        payer=payer,
    )


def compare_delegation(
    delegated: DelegatedRequest,
    *,
    fingerprints: Fingerprints,
    requests: RequestStore,
    payer: Payer,
) -> tuple[ComparedDuplicate, ...]:
    """The potential duplicates of what a delegated vendor decides, as they are now (W8).

    A request of which the vendor decides nothing is listed without its content. One that cannot be
    compared is not listed, as it may be unrelated; the payer's reviewers see it.
    """
    request, vendor_id = delegated.request, delegated.delegation.vendor_id
    if request.status is Status.VOID:
        return ()
    review = request.submitted

    def sees(other: Request) -> bool:
        delegation = other.submitted.delegated_to(vendor_id)
        return delegation is not None and bool(delegation.delegated_at or delegation.reports)

    own = fingerprint_of(request.request_id, review.number, review.submitted_at, delegated.content)
    compared = _compared(own, sees, fingerprints=fingerprints, requests=requests, payer=payer)
    return tuple(one for one in compared if one.reason is not DuplicateReason.UNREADABLE)


def _compared(
    own: Fingerprint,
    sees: Callable[[Request], bool],
    *,
    fingerprints: Fingerprints,
    requests: RequestStore,
    payer: Payer,
) -> tuple[ComparedDuplicate, ...]:
    compared: list[ComparedDuplicate] = []
    found = _matches(own, fingerprints=fingerprints, requests=requests, payer=payer)
    for other, reason in found.matches:
        if len(compared) == MAX_COMPARED:
            break
        try:
            other_request = requests.read(other.request_id)
        except DamagedRecordError:
            unread = reason or DuplicateReason.UNREADABLE
            compared.append(ComparedDuplicate(unread, damaged=other.request_id))
            continue
        if other_request is None or other_request.status is Status.VOID:
            continue
        known = reason or DuplicateReason.DECIDED_BEFORE
        if sees(other_request):
            compared.append(ComparedDuplicate(known, other_request, paired(own, other)))
        else:
            compared.append(ComparedDuplicate(known))
    compared += (
        ComparedDuplicate(DuplicateReason.UNREADABLE, damaged=one) for one in found.damaged
    )
    return tuple(compared[:MAX_COMPARED])


@dataclass(frozen=True)
class _Matches:
    """Requests that match, the last submitted first; the reason is ``None`` for a repetition.

    ``damaged`` are ids of requests whose record and fingerprint both cannot be read.
    """

    matches: Sequence[tuple[Fingerprint, DuplicateReason | None]]
    damaged: Sequence[str]
    last_approval: str | None


def _matches(
    own: Fingerprint, *, fingerprints: Fingerprints, requests: RequestStore, payer: Payer
) -> _Matches:
    window = payer.utilization_management.duplicate_window_days
    stored = fingerprints.of_member(own.member_id)
    known, damaged = [*stored.records], list[str]()
    for request_id in stored.damaged:
        if request_id == own.request_id:
            continue
        try:
            request = requests.read(request_id)
        except DamagedRecordError:
            damaged.append(request_id)
            continue
        if request is not None and request.review is not None:
            # The fingerprint can be built again from the request.
            known.append(current_fingerprint(request))
    matches: list[tuple[Fingerprint, DuplicateReason | None]] = []
    for other in sorted(known, key=lambda one: one.submitted_at, reverse=True):
        if repeats(own, other):
            matches.append((other, None))
        elif reason := reason_of(own, other, window):
            matches.append((other, reason))
    return _Matches(matches, damaged, stored.last_approval)
