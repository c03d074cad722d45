"""The next case of a reviewer, and the coverage of a case's member."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.coverage import Coverage, Member
from precert.domain.errors import (
    ActionNotAllowedError,
    NotFoundError,
    OwnRequestError,
    SameReviewerError,
    VersionMismatchError,
)
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.rows import WorklistRow
from precert.domain.statuses import WaitingOn
from precert.domain.worklist import QueueView, not_decidable
from precert.names import Entitlement
from precert.usecases.changes import Reading, reviewable
from precert.usecases.ports.listings import Listings
from precert.usecases.ports.reference import ReferenceReader
from precert.usecases.ports.requests import RequestStore
from precert.usecases.review import assign_case, list_worklist

MAX_ATTEMPTS: Final = 5
"""Maximum number of cases that are tried, as other reviewers may be assigned them concurrently."""
_NOT_ASSIGNABLE: Final = (
    *(ActionNotAllowedError, NotFoundError, OwnRequestError, SameReviewerError),
    VersionMismatchError,
)
_MAX_PAGES: Final = 4
_PAGE: Final = 100


def assign_next_case(
    caller: Caller,
    *,
    plan_id: str | None,
    view: QueueView | None,
    skip: Collection[str],
    requests: RequestStore,
    listings: Listings,
    payer: Payer,
    now: datetime,
) -> Request | None:
    """Assign the most urgent case that the reviewer may decide now; ``None`` if there is none.

    It is the first case in the order of the queue that waits on the payer, is not assigned to a
    colleague and is not in ``skip``. A case that a colleague is assigned concurrently is skipped. At
    most 4 pages of the queue are read and 5 assignments tried.

    Raises:
        NotEntitledError: also if the caller has no plans to review.
        InvalidInputError: the plan is not the reviewer's.
    """
    cursor, attempts = None, 0
    for _ in range(_MAX_PAGES):
        page = list_worklist(
            caller,
            plan_id=plan_id,
            mine=False,
            view=view,
            limit=_PAGE,
            cursor=cursor,
            listings=listings,
            now=now,
        )
        for row in page.rows:
            if row.request_id in skip or not _is_ready(row, caller, view, now):
                continue
            if attempts == MAX_ATTEMPTS:
                return None
            attempts += 1
            try:
                return assign_case(
                    row.request_id,
                    caller,
                    read=Reading((row.version,)),
                    requests=requests,
                    payer=payer,
                    now=now,
                )
            except _NOT_ASSIGNABLE:
                # The row is outdated: the case was assigned, decided or voided meanwhile.
                continue
        if page.cursor is None:
            return None
        cursor = page.cursor
    return None


def _is_ready(row: WorklistRow, caller: Caller, view: QueueView | None, now: datetime) -> bool:
    waits = row.waiting_on is WaitingOn.PAYER or bool(row.new_documents) or view is not None
    return waits and not not_decidable(row, caller, now)


@dataclass(frozen=True)
class CaseCoverage:
    """A member's coverage; ``member`` is absent if the payer no longer loads the member."""

    member_id: str
    member: Member | None
    current: Coverage | None
    """Absent if no coverage is active today."""


def read_case_coverage(
    request_id: str,
    caller: Caller,
    *,
    requests: RequestStore,
    reference: ReferenceReader,
    payer: Payer,
    now: datetime,
) -> CaseCoverage:
    """The member of a case with every span of coverage, and today's coverage. Two AWS calls.

    Raises:
        NotEntitledError.
        NotFoundError: the case is not in the reviewer's queues.
    """
    caller.require(Entitlement.REVIEWER)
    case = reviewable(requests.read(request_id), caller)
    if case.content.member_id is None:
        raise AssertionError("a submitted request has a patient")
    member = reference.check_facts(case.content.member_id).member
    today = local_date(now, payer.zone)
    current = member.coverage_on(today) if member else None
    return CaseCoverage(case.content.member_id, member, current)
