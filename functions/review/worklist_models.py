"""Response models of the queue: rows of the worklist, counts, reviewers, and found requests."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Final

from pydantic import Field

from precert.api.labels import label_of, labels_of, optional_label_of, public_code_of
from precert.api.models import Damaged, DamagedResponse, ResponseModel
from precert.api.rows import PlanRowResponse
from precert.domain.assessing import MAX_ROW_LINES, PendReason, RowLine
from precert.domain.caller import Caller, ListedReviewer
from precert.domain.code_lists import CodeLists, code_lists_of, display_name
from precert.domain.code_sets import PublicCode
from precert.domain.damage import Readable
from precert.domain.disputes import DisputeKind
from precert.domain.operator_actions import operator_actions
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.review import Assignment, IntakeException
from precert.domain.rows import WorklistRow
from precert.domain.statuses import WaitingOn, Who
from precert.domain.values import CodeType, Urgency
from precert.domain.worklist import NotDecidable, QueueCounts, QueueView, not_decidable
from precert.names import Entitlement
from precert.usecases.ports.listings import Page
from precert.usecases.ports.reference import CodeSets

REVIEWER_NAME: Final = (
    "`You`, or the user name that the payer registered for the reviewer, or `Another reviewer` if it "
    "registered none."
)


def name_of(reviewer: str, caller: Caller, users: Mapping[str, str]) -> str:
    """The display name of a reviewer. Reviewers see user names, to ask each other about a case."""
    who = Who.of(reviewer, caller.subject)
    return display_name(who) if who is Who.YOU else users.get(reviewer, display_name(who))


class AssignmentResponse(ResponseModel):
    """The reviewer to whom the case is assigned. No other reviewer can change it before `until`."""

    assigned_to: Who
    assigned_to_label: str = Field(description=REVIEWER_NAME)
    until: datetime
    by_lead: bool = Field(description="Whether a lead assigned it.")
    reviewer: str | None = Field(
        description="The subject of that reviewer at the identity provider. Null if the caller is not "
        "a lead."
    )

    @classmethod
    def current(
        cls, assignment: Assignment | None, caller: Caller, users: Mapping[str, str], now: datetime
    ) -> "AssignmentResponse | None":
        if assignment is None or assignment.until <= now:
            return None
        leads = Entitlement.REVIEW_LEAD in caller.entitlements
        return cls(
            assigned_to=Who.of(assignment.assigned_to, caller.subject),
            assigned_to_label=name_of(assignment.assigned_to, caller, users),
            until=assignment.until,
            by_lead=assignment.assigned_by is not None,
            reviewer=assignment.assigned_to if leads else None,
        )

    @classmethod
    def of(
        cls, request: Request, caller: Caller, users: Mapping[str, str], now: datetime
    ) -> "AssignmentResponse | None":
        return cls.current(request.submitted.assignment, caller, users, now)


class RowLineResponse(ResponseModel):
    """A service line in the worklist, with display names of its codes."""

    line_id: str
    type_of_service: str | None
    type_of_service_label: str | None
    code: str | None = Field(description="Null for an inpatient stay without a procedure.")
    code_label: str | None
    code_type: CodeType | None
    code_type_label: str | None

    @classmethod
    def of(
        cls, line: RowLine, lists: CodeLists, descriptions: Mapping[PublicCode, str]
    ) -> "RowLineResponse":
        public = public_code_of(line)
        return cls(
            **line.model_dump(exclude={"label"}),
            code_label=descriptions.get(public) if public else line.label,
            **lists.labels(type_of_service=line.type_of_service, code_type=line.code_type),
        )


PLAN_NAME: Final = "Null for rows stored by an earlier release."


class WorklistRowResponse(ResponseModel):
    """An open determination cycle."""

    request_id: str
    version: int = Field(description="The request's version. Send it as If-Match with an action.")
    number: str
    plan_id: str
    plan_name: str | None = Field(description=PLAN_NAME)
    urgency: Urgency
    urgency_label: str | None
    cycle: int
    submitted_at: datetime | None
    due_at: datetime
    warn_at: datetime | None = Field(description="The time from which the case counts as due soon.")
    waiting_on: WaitingOn
    waiting_on_label: ClassVar[Any] = label_of("waiting_on")
    patient: str | None
    date_of_birth: date | None
    requesting_provider: str | None
    servicing_provider: str | None
    place_of_service: str | None
    place_of_service_label: str | None
    first_day: date | None
    last_day: date | None
    lines: list[RowLineResponse] = Field(
        description=f"The first {MAX_ROW_LINES} service lines of the cycle."
    )
    line_count: int = Field(description="The number of all service lines of the cycle.")
    vendor_line_count: int = Field(
        description="The number of further service lines, which a delegated vendor decides."
    )
    pend_reasons: list[PendReason] = Field(description="Why the cycle needs a reviewer.")
    pend_reasons_labels: ClassVar[Any] = labels_of("pend_reasons")
    new_documents: list[str] = Field(
        description="Ids of the attached documents that no reviewer has read. Empty in "
        "`listOverdue`."
    )
    awaits_signature: bool = Field(description="Whether proposed decisions wait for a signature.")
    awaits_physician: bool = Field(description="Whether only a physician can sign.")
    returned_proposal_of: Who | None = Field(
        description="The reviewer whose proposed decisions were returned in this cycle. Null "
        "if none were."
    )
    returned_proposal_of_label: str | None = Field(description=REVIEWER_NAME)
    note_count: int = Field(description="The number of notes between reviewers.")
    assignment: AssignmentResponse | None
    not_decidable: list[NotDecidable] = Field(
        description="Why the caller must not decide the case. Empty if the caller can decide it, and "
        "in `listOverdue`."
    )
    not_decidable_labels: ClassVar[Any] = labels_of("not_decidable")
    suspected_duplicate: bool
    late_notification: bool
    intake_exceptions: list[IntakeException]
    intake_exceptions_labels: ClassVar[Any] = labels_of("intake_exceptions")
    level: int | None = Field(
        description="The level of the appeal. Null if the cycle is no appeal."
    )
    dispute: DisputeKind | None = Field(
        description="What the providers filed after the determination. Null in the first cycle."
    )
    dispute_label: ClassVar[Any] = optional_label_of("dispute")
    deemed_denial: bool = Field(
        description="Whether the missed deadline counts as a denial. A reviewer must then decide today."
    )

    @classmethod
    def of(
        cls,
        row: WorklistRow,
        caller: Caller,
        users: Mapping[str, str],
        now: datetime,
        payer: Payer,
        descriptions: Mapping[PublicCode, str],
    ) -> "WorklistRowResponse":
        lists = code_lists_of(payer)
        reviews = Entitlement.REVIEWER in caller.entitlements
        fields = row.model_dump(include=set(cls.model_fields), exclude={"lines"})
        return cls(
            **fields,
            lines=[RowLineResponse.of(line, lists, descriptions) for line in row.lines],
            assignment=AssignmentResponse.current(row.assignment, caller, users, now),
            not_decidable=list(not_decidable(row, caller, now)) if reviews else [],
            returned_proposal_of=Who.of(row.returned_to, caller.subject)
            if row.returned_to
            else None,
            returned_proposal_of_label=name_of(row.returned_to, caller, users)
            if row.returned_to
            else None,
            **lists.labels(place_of_service=row.place_of_service),
            urgency_label=lists.label_of(row.urgency),
        )


def reviewers_of(page: Page[WorklistRow]) -> frozenset[str]:
    """Subjects of the reviewers in the rows."""
    found = {row.assigned_to for row in page.rows} | {row.returned_to for row in page.rows}
    return frozenset(one for one in found if one is not None)


class WorklistResponse(ResponseModel):
    """A page of open determination cycles."""

    cycles: list[WorklistRowResponse]
    damaged: Damaged
    cursor: str | None

    @classmethod
    def of(
        cls,
        page: Page[WorklistRow],
        caller: Caller,
        users: Mapping[str, str],
        *,
        now: datetime,
        payer: Payer,
        code_sets: CodeSets,
    ) -> "WorklistResponse":
        codes = {code for row in page.rows for line in row.lines if (code := public_code_of(line))}
        descriptions = code_sets.descriptions(codes)
        rows = [
            WorklistRowResponse.of(row, caller, users, now, payer, descriptions)
            for row in page.rows
        ]
        return cls(cycles=rows, damaged=DamagedResponse.of(page.damaged), cursor=page.cursor)


class ViewCount(ResponseModel):
    """The number of cases in one view. `listWorklist` lists them with `view`."""

    view: QueueView
    view_label: ClassVar[Any] = label_of("view")
    count: int


class PlanCount(ResponseModel):
    """The number of cases of one plan."""

    plan_id: str
    plan_name: str | None = Field(description="Null if no case of the plan is open.")
    count: int


class WorklistCountsResponse(ResponseModel):
    """The number of cases in the caller's queue. One case can be in several views."""

    open: int = Field(description="All cases. `plans` has the number for each plan.")
    mine: int = Field(description="Cases that are assigned to the caller.")
    views: list[ViewCount]
    plans: list[PlanCount]
    complete: bool = Field(
        description="False if the queue was too long to read completely. The counts are then minimums."
    )
    damaged: Damaged

    @classmethod
    def of(cls, counts: QueueCounts) -> "WorklistCountsResponse":
        return cls(
            open=counts.open,
            mine=counts.mine,
            views=[ViewCount(view=view, count=count) for view, count in counts.views.items()],
            plans=[
                PlanCount(plan_id=one, plan_name=counts.plan_names.get(one), count=count)
                for one, count in counts.plans.items()
            ],
            complete=counts.complete,
            damaged=DamagedResponse.of(counts.damaged),
        )


class ReviewerResponse(ResponseModel):
    """A reviewer to whom a lead can assign cases."""

    reviewer: str = Field(description="The subject to send to `reassignCase`.")
    reviewer_label: str | None = Field(
        description="The user name that the payer registered. Null if it registered none."
    )
    plan_ids: list[str] = Field(description="The plans that both the reviewer and the caller have.")


class ReviewersResponse(ResponseModel):
    """The reviewers of the caller's plans."""

    reviewers: list[ReviewerResponse] = Field(
        description="Sorted by user name. Empty if all rights are in tokens; the identity provider "
        "then has the list of reviewers."
    )
    damaged: Damaged

    @classmethod
    def of(cls, listed: Readable[ListedReviewer], caller: Caller) -> "ReviewersResponse":
        return cls(
            reviewers=[
                ReviewerResponse(
                    reviewer=one.subject,
                    reviewer_label=one.label,
                    plan_ids=sorted(one.plan_ids & caller.plan_ids),
                )
                for one in listed.records
            ],
            damaged=DamagedResponse.of(listed.damaged),
        )


class FoundRequestsResponse(ResponseModel):
    """A page of drafts and requests."""

    requests: list[PlanRowResponse]
    damaged: Damaged
    cursor: str | None

    @classmethod
    def for_operator(
        cls, page: Page[Request], *, payer: Payer, now: datetime
    ) -> "FoundRequestsResponse":
        rows = [
            PlanRowResponse.of_request(request, operator_actions(request), payer, now)
            for request in page.rows
        ]
        return cls(requests=rows, damaged=DamagedResponse.of(page.damaged), cursor=page.cursor)

    @classmethod
    def for_reviewer(
        cls, page: Page[Request], caller: Caller, *, payer: Payer, now: datetime
    ) -> "FoundRequestsResponse":
        rows = [
            PlanRowResponse.of_request(request, request.reviewer_actions(caller, now), payer, now)
            for request in page.rows
        ]
        return cls(requests=rows, damaged=DamagedResponse.of(page.damaged), cursor=page.cursor)
