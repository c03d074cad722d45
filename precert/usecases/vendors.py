"""Delegations: what delegated vendors and operators read, and the clock of each delegation (W8).

A vendor reads only its own service lines of a request.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final

from precert.domain.caller import Caller
from precert.domain.content import RequestContent, numbered_lines
from precert.domain.coverage import Coverage
from precert.domain.delegation import Delegation
from precert.domain.documents import Document, DocumentStatus
from precert.domain.errors import (
    DamagedRecordError,
    DocumentNotAvailableError,
    NotFoundError,
    TransientError,
)
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.retry import retry
from precert.domain.rows import DelegationRow
from precert.domain.rules import DelegatedVendor
from precert.names import Entitlement
from precert.usecases.documents import DocumentLink, link_to
from precert.usecases.members import require_member
from precert.usecases.ports.documents import DocumentBytes
from precert.usecases.ports.listings import Listings, Page
from precert.usecases.ports.reference import ReferenceReader, RuleLists, RuleListVersions
from precert.usecases.ports.requests import ConcurrentChangeError, RequestFile, RequestStore


def list_delegations(
    caller: Caller,
    *,
    vendor_id: str | None,
    is_open: bool,
    limit: int,
    cursor: str | None,
    listings: Listings,
) -> Page[DelegationRow]:
    """List the open or the closed delegations of one of the caller's vendors. One AWS call.

    Raises:
        NotEntitledError.
        InvalidInputError: the vendor is not the caller's or ambiguous, or the cursor is not of this
            list.
    """
    caller.require(Entitlement.VENDOR)
    acting_vendor = caller.acting_vendor(vendor_id)
    return listings.delegations(acting_vendor, is_open=is_open, limit=limit, cursor=cursor)


@dataclass(frozen=True)
class NamedVendor:
    """A delegated vendor that a caller can choose."""

    vendor_id: str
    vendor: DelegatedVendor | None
    """``None`` if the rule list in effect does not have this vendor."""


def name_vendors(
    caller: Caller, *, rule_lists: RuleLists, rule_list_versions: RuleListVersions
) -> tuple[NamedVendor, ...]:
    """The vendors of a caller who reports for several; empty for one vendor, without an AWS call.

    Raises:
        NotEntitledError.
    """
    caller.require(Entitlement.VENDOR)
    vendor_ids = sorted(caller.vendor_ids)
    version = rule_list_versions.in_effect() if len(vendor_ids) > 1 else None
    if version is None:
        return ()
    known = rule_lists.vendors(version, vendor_ids)
    return tuple(NamedVendor(one, known.get(one)) for one in vendor_ids)


def list_vendor_backlog(
    caller: Caller, *, limit: int, cursor: str | None, listings: Listings
) -> Page[DelegationRow]:
    """List open delegations of all vendors, overdue first. One AWS call.

    Raises:
        NotEntitledError.
        InvalidInputError: the cursor is not of this list.
    """
    caller.require(Entitlement.OPERATOR)
    return listings.vendor_backlog(limit=limit, cursor=cursor)


@dataclass(frozen=True)
class DelegatedRequest:
    """One vendor's part of a request, with the attached documents of the request."""

    request: Request
    delegation: Delegation
    content: RequestContent
    """The content of the request, with only the vendor's services and codes."""
    documents: tuple[Document, ...] = ()
    damaged_documents: tuple[str, ...] = ()

    @classmethod
    def of(cls, file: RequestFile, delegation: Delegation) -> "DelegatedRequest":
        attached = (one for one in file.documents if one.status is DocumentStatus.ATTACHED)
        active = file.request.submitted.lines_of_vendor(delegation)
        line_ids = frozenset(line.line_id for line in active) or frozenset(delegation.line_ids)
        content = _content_for(file.request.content, line_ids)
        return cls(file.request, delegation, content, tuple(attached), file.damaged_documents)


def read_delegation(
    request_id: str, caller: Caller, *, vendor_id: str | None, requests: RequestStore
) -> DelegatedRequest:
    """Read the part of a request that one of the caller's vendors decides. One AWS call.

    Raises:
        NotEntitledError.
        InvalidInputError: the vendor is not the caller's, or several of the caller's vendors decide a
            part and none is named.
        NotFoundError: the vendor received no service lines of it.
    """
    caller.require(Entitlement.VENDOR)
    if vendor_id is not None:
        caller.acting_vendor(vendor_id)
    file = requests.read_file(request_id)
    review = file.request.review if file else None
    delegations = {
        one.vendor_id: one
        for one in (review.delegations if review else ())
        if one.vendor_id in caller.vendor_ids and (one.delegated_at or one.reports)
    }
    if file is None or not delegations or vendor_id not in {None, *delegations}:
        raise NotFoundError("No request with this ID is delegated to your vendor.")
    return DelegatedRequest.of(file, delegations[caller.acting_vendor(vendor_id, delegations)])


def _content_for(content: RequestContent, line_ids: frozenset[str]) -> RequestContent:
    """The content with only the services and codes of these lines (minimum necessary)."""
    own = {
        id(procedure)
        for line_id, _, procedure in numbered_lines(content.services)
        if line_id in line_ids
    }
    services = []
    for service in content.services:
        procedures = tuple(one for one in service.procedures if id(one) in own)
        if procedures:
            services.append(service.model_copy(update={"procedures": procedures}))
    update = {"services": tuple(services), "confirmed_vendors": (), "assertion_id": None}
    return content.model_copy(update=update)


@dataclass(frozen=True)
class DelegationExport:
    """A vendor's part of a request with the member's coverage, for the vendor's own system."""

    delegated: DelegatedRequest
    coverage: Coverage

    @property
    def note(self) -> str:
        """The request and the rule list version that it comes from, as text for the vendor."""
        review = self.delegated.request.submitted
        return f"Delegated by request {review.number}, rule list {self.delegated.delegation.rule_list}."


def export_delegation(
    request_id: str,
    caller: Caller,
    *,
    vendor_id: str | None,
    requests: RequestStore,
    reference: ReferenceReader,
    payer: Payer,
) -> DelegationExport:
    """The part of :func:`read_delegation`, with the member's coverage. Two AWS calls.

    Raises:
        NotEntitledError, InvalidInputError, NotFoundError: as for :func:`read_delegation`.
        PatientNotFoundError: the member is no longer in the reference data.
    """
    delegated = read_delegation(request_id, caller, vendor_id=vendor_id, requests=requests)
    patient = delegated.content.patient
    if patient is None:
        raise AssertionError("a submitted request has a patient")
    member = require_member(reference.member(patient.member_id), patient, payer)
    days = [one.first_day for one in delegated.content.services if one.first_day]
    return DelegationExport(delegated, member.coverage_near(min(days)))


def link_to_delegated_document(
    delegated: DelegatedRequest,
    document_id: str,
    *,
    document_bytes: DocumentBytes,
    payer: Payer,
    now: datetime,
) -> DocumentLink:
    """Links to an attached document of the request. No AWS call.

    Raises:
        DocumentNotAvailableError: it is not attached.
    """
    document = next((one for one in delegated.documents if one.document_id == document_id), None)
    if document is None:
        raise DocumentNotAvailableError("This request has no attached document with this ID.")
    return link_to(delegated.request.request_id, document, document_bytes, payer, now)


MAX_CLOCKS: Final = 500
"""Maximum number of vendors' clocks that one run checks; the next run continues with the rest."""


def check_vendor_clocks(*, listings: Listings, requests: RequestStore, now: datetime) -> int:
    """Record every due reminder and escalation of a vendor's decision; returns how many.

    Safe to run twice and to fail at any point: each is recorded once. A request that cannot be read
    or written does not delay the others. A run checks at most :data:`MAX_CLOCKS`. If a vendor does not
    report, nothing is decided (W10).

    Raises:
        TransientError: some could not be written; raised after all were tried.
    """

    def check(request_id: str, vendor_id: str) -> int:
        request = requests.read(request_id)
        change = request.check_vendor_deadline(vendor_id, now) if request else None
        if change is None:
            return 0
        requests.record(change)
        return 1

    recorded, failures = 0, list[TransientError]()
    for request_id, vendor_id in tuple(islice(listings.due_delegations(now), MAX_CLOCKS)):
        try:
            recorded += retry(partial(check, request_id, vendor_id), on=ConcurrentChangeError)
        except DamagedRecordError:
            continue
        except TransientError as error:
            failures.append(error)
    if failures:
        # The others are recorded; the next run repeats these.
        raise failures[0]
    return recorded
