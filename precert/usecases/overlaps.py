"""Find other requests that approve what a decision approves (S2)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from precert.domain.caller import Caller
from precert.domain.decisions import ApprovedElsewhere, Decision
from precert.domain.duplicates import current_fingerprint
from precert.domain.errors import DamagedRecordError, FieldError
from precert.domain.overlaps import (
    Overlap,
    approved_services,
    can_overlap,
    lines_with_decisions,
    overlaps_with,
)
from precert.domain.request import Comparison, Request
from precert.usecases.ports.requests import Fingerprints, RequestStore


class FoundOverlaps(NamedTuple):
    """Services that are approved twice. ``compared`` is set if another request can approve the same."""

    overlaps: Sequence[Overlap] = ()
    compared: Comparison | None = None


def find_overlaps(
    request: Request,
    decisions: Mapping[str, Decision],
    *,
    fingerprints: Fingerprints,
    requests: RequestStore,
) -> FoundOverlaps:
    """Compare what decisions approve with the member's other approved requests.

    No AWS call if the decisions approve nothing; otherwise one, and one more for each request that has
    one of the approved services.
    """
    services = approved_services(request, lines_with_decisions(request, decisions))
    if not services:
        return FoundOverlaps()
    own = current_fingerprint(request)
    stored = fingerprints.of_member(own.member_id)
    known = [one for one in stored.records if can_overlap(own, services.values(), one)]
    found: list[Overlap] = []
    for one in known:
        try:
            other = requests.read(one.request_id)
        except DamagedRecordError:
            continue  # the case lists it as a request that cannot be read
        if other is not None and other.review is not None:
            found += overlaps_with(services, other)
    return FoundOverlaps(found, Comparison(own.member_id, stored.last_approval) if known else None)


def errors_of_overlaps(
    found: FoundOverlaps, caller: Caller, *, confirmed: bool
) -> list[FieldError]:
    """The error of approving what another request approves, with what to do."""
    if confirmed or not found.overlaps:
        return []
    named = "; ".join(dict.fromkeys(_named(one, caller) for one in found.overlaps))
    message = (
        f"{named}. Ask the providers which approval they will use. Approve other dates, have the other "
        "request changed, or confirm the overlap to approve both"
    )
    return [FieldError("/overlap_confirmed", "approved_elsewhere", message)]


def confirmed_overlaps(built: Mapping[str, Decision], found: FoundOverlaps) -> dict[str, Decision]:
    """The decisions with the other approvals, which a reviewer confirmed.

    Of a delegated vendor's decisions, those of which the payer learns by the report.
    """
    others: dict[str, list[ApprovedElsewhere]] = {}
    for one in found.overlaps:
        others.setdefault(one.line_id, []).append(one.record)
    return {
        line_id: decision.model_copy(update={"approved_also_in": tuple(others.get(line_id, ()))})
        for line_id, decision in built.items()
    }


def _named(overlap: Overlap, caller: Caller) -> str:
    other, service = overlap.other, overlap.service
    seen = other.plan.plan_id in caller.plan_ids
    number = f"precertification {other.submitted.number}" if seen else "a request of another plan"
    days = f"from {service.first_day} to {service.last_day}"
    if service.first_day == service.last_day:
        days = f"on {service.first_day}"
    return f"line {overlap.line_id}: {number} already approves {service.code} {days}"
