"""Models of intake and of delegated vendors, and of the event with a vendor's report."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import ConfigDict, Field, RootModel

from precert.api.details import PotentialDuplicateResponse, SharedDetails, members_of
from precert.api.labels import RequestLabels, label_of, labels_of
from precert.api.models import (
    Damaged,
    DamagedResponse,
    DocumentResponse,
    PageQuery,
    PlanResponse,
    ResponseModel,
)
from precert.api.rows import DelegationsResponse, PlanRowResponse
from precert.api.service_lines import ServiceLineResponse, service_lines
from precert.domain.caller import Caller
from precert.domain.code_lists import code_lists_of
from precert.domain.content import MAX_LINES, RequestContent
from precert.domain.dates import Instant
from precert.domain.decisions import Approval, LineDecision
from precert.domain.delegation import DelegationStatus
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.review import Channel, IntakeException
from precert.domain.rows import DelegationRow, delegation_row
from precert.domain.statuses import EnteredStatus
from precert.domain.values import NO_PLACEHOLDERS, Reason, Text, Urgency, Value
from precert.domain.vendor_reports import VendorReport
from precert.fhir.export import request_bundle
from precert.usecases.duplicates import ComparedDuplicate
from precert.usecases.intake import Arrival
from precert.usecases.ports.listings import Page
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import RequestFile
from precert.usecases.vendors import DelegatedRequest, DelegationExport, NamedVendor

NUMBER: Final = r"^[A-Z]{2}[0-9]{10}$"
"""The format of a precertification number."""


class RegisterRequestBody(Arrival):
    """A request that was received by phone, fax, mail or EDI."""

    content: RequestContent


class VoidRegisteredBody(Value):
    """Why a registered request is withdrawn."""

    reason: Annotated[
        Reason,
        NO_PLACEHOLDERS,
        Field(
            description="Both providers can read it.",
            examples=["The provider withdrew it by phone."],
        ),
    ]


class RegisteredDetails(SharedDetails):
    """A registered request as the payer's staff read it."""

    channel: Channel
    channel_label: ClassVar[Any] = label_of("channel")
    reference: str | None
    intake_exceptions: list[IntakeException] = Field(
        description="What providers cannot enter. An operator confirms it."
    )
    intake_exceptions_labels: ClassVar[Any] = labels_of("intake_exceptions")

    @classmethod
    def of(
        cls, file: RequestFile, *, payer: Payer, code_sets: CodeSets, now: datetime
    ) -> "RegisteredDetails":
        review = file.request.submitted
        labels = RequestLabels.of(file.request, payer, code_sets)
        # The other request may be one of the portal's, which the payer's staff at intake do not read.
        members = members_of(file, payer, labels, reads=lambda _: False, now=now)
        members["allowed_actions"] = list(file.request.clerk_actions(now))
        return cls(
            **members,
            channel=review.channel,
            reference=review.reference,
            intake_exceptions=list(review.intake_exceptions),
        )


class RegisteredQuery(PageQuery):
    """A page of the registered requests."""

    mine: Annotated[
        bool, Field(description="True lists only the requests that the caller registered.")
    ] = False


class RegisteredRowResponse(PlanRowResponse):
    """A registered request in a list."""

    reference: str | None
    received_at: datetime
    registered_at: datetime
    registered_by_caller: bool = Field(description="Whether the caller registered it.")
    intake_exceptions: list[IntakeException] = Field(
        description="What providers cannot enter. An operator confirms it."
    )
    intake_exceptions_labels: ClassVar[Any] = labels_of("intake_exceptions")

    @classmethod
    def of_registered(
        cls, request: Request, caller: Caller, payer: Payer, now: datetime
    ) -> "RegisteredRowResponse":
        review = request.submitted
        row = PlanRowResponse.of_request(request, request.clerk_actions(now), payer, now)
        return cls(
            **dict(row),
            reference=review.reference,
            received_at=review.submitted_at,
            registered_at=request.created_at,
            registered_by_caller=review.submitted_by == caller.subject,
            intake_exceptions=list(review.intake_exceptions),
        )


class RegisteredRequestsResponse(ResponseModel):
    """A page of the registered requests."""

    requests: list[RegisteredRowResponse]
    damaged: Damaged
    cursor: str | None

    @classmethod
    def of(
        cls, page: Page[Request], caller: Caller, *, payer: Payer, now: datetime
    ) -> "RegisteredRequestsResponse":
        rows = [RegisteredRowResponse.of_registered(one, caller, payer, now) for one in page.rows]
        return cls(requests=rows, damaged=DamagedResponse.of(page.damaged), cursor=page.cursor)


class RegisteredRequestResponse(ResponseModel):
    """The registered request with a precertification number."""

    request: RegisteredRowResponse

    @classmethod
    def of(
        cls, found: Request, caller: Caller, *, payer: Payer, now: datetime
    ) -> "RegisteredRequestResponse":
        return cls(request=RegisteredRowResponse.of_registered(found, caller, payer, now))


class DelegationsQuery(PageQuery):
    """A page of one vendor's list."""

    vendor_id: Annotated[
        Text | None, Field(description="Optional for callers that report for one vendor.")
    ] = None
    open: Annotated[
        bool,
        Field(
            description="True lists open delegations, next due first. False lists those that the "
            "vendor reported or that were withdrawn, last changed first."
        ),
    ] = True


class VendorNameResponse(ResponseModel):
    """A delegated vendor to choose."""

    vendor_id: str
    name: str | None = Field(description="Null if the rule list in effect does not have it.")
    services: str | None = Field(description="What the vendor decides, in words.")

    @classmethod
    def of(cls, named: NamedVendor) -> "VendorNameResponse":
        vendor = named.vendor
        return cls(
            vendor_id=named.vendor_id,
            name=vendor.name if vendor else None,
            services=vendor.services if vendor else None,
        )


class VendorDelegationsResponse(DelegationsResponse):
    """A page of a delegated vendor's delegations."""

    vendors: list[VendorNameResponse] = Field(
        description="The caller's vendors to choose from. Empty for a caller of one vendor."
    )

    @classmethod
    def of_vendors(
        cls, page: Page[DelegationRow], vendors: Sequence[NamedVendor], *, payer: Payer
    ) -> "VendorDelegationsResponse":
        return cls(
            **dict(DelegationsResponse.of(page, payer=payer)),
            vendors=[VendorNameResponse.of(one) for one in vendors],
        )


class DelegationQuery(Value):
    """The vendor whose part of a request to read."""

    vendor_id: Annotated[
        Text | None,
        Field(
            description="The vendor whose service lines to read. Required if several of the caller's "
            "vendors decide a part of the request; the error lists them in `choices`."
        ),
    ] = None


class DelegatedRequestResponse(ResponseModel):
    """The service lines of a request that the vendor decides. Other lines are not disclosed (W8)."""

    request_id: str
    number: str
    vendor_id: str
    status: DelegationStatus
    status_label: ClassVar[Any] = label_of("status")
    urgency: Urgency
    urgency_label: str | None
    submitted_at: datetime
    delegated_at: datetime | None
    due_at: datetime | None = Field(description="When the determination is due.")
    overdue: bool = Field(description="Whether the due date passed without a determination.")
    reported_at: datetime | None
    reference: str | None = Field(description="The vendor's number of the case, once reported.")
    plan: PlanResponse
    content: RequestContent = Field(description="With the services and codes of these lines only.")
    lines: list[ServiceLineResponse]
    documents: list[DocumentResponse] = Field(description="The attached documents.")
    damaged: Damaged
    potential_duplicates: list[PotentialDuplicateResponse] = Field(
        description="Requests that are similar to the vendor's service lines. Those of which the "
        "vendor decides nothing have neither id nor number."
    )
    notices: list[str] = Field(description="The payer's texts about potential duplicates.")

    @classmethod
    def of(
        cls,
        delegated: DelegatedRequest,
        compared: Sequence[ComparedDuplicate],
        *,
        payer: Payer,
        code_sets: CodeSets,
    ) -> "DelegatedRequestResponse":
        request, delegation = delegated.request, delegated.delegation
        review, row = request.submitted, delegation_row(request, delegation)
        labels = RequestLabels.of(request, payer, code_sets)
        return cls(
            request_id=row.request_id,
            number=row.number,
            vendor_id=row.vendor_id,
            status=row.status,
            urgency=row.urgency,
            urgency_label=code_lists_of(payer).label_of(row.urgency),
            submitted_at=review.submitted_at,
            delegated_at=row.delegated_at,
            due_at=row.due_at,
            overdue=row.overdue,
            reported_at=row.reported_at,
            reference=delegation.reports[-1].reference if delegation.reports else None,
            plan=PlanResponse.of(request.plan, payer),
            content=delegated.content,
            lines=_lines_of(delegated, labels),
            documents=_documents_of(delegated, payer),
            damaged=DamagedResponse.of(delegated.damaged_documents),
            potential_duplicates=[_similar(one) for one in compared],
            notices=_notices_of(compared, payer),
        )


def _notices_of(compared: Sequence[ComparedDuplicate], payer: Payer) -> list[str]:
    """The payer's texts about similar requests that the vendor can read, and about others."""
    names = ["potential_duplicate_vendor"] if any(one.other for one in compared) else []
    if not all(one.other for one in compared):
        names.append("potential_duplicate_not_delegated")
    return [payer.notices[name] for name in names]


def _similar(compared: ComparedDuplicate) -> PotentialDuplicateResponse:
    other = compared.other
    return PotentialDuplicateResponse(
        request_id=other.request_id if other else None,
        number=other.submitted.number if other else None,
        reason_code=compared.reason,
    )


def _lines_of(delegated: DelegatedRequest, labels: RequestLabels) -> list[ServiceLineResponse]:
    request = delegated.request
    return [
        line
        for line in service_lines(request.submitted, request.content, labels)
        if line.line_id in delegated.delegation.line_ids
    ]


def _documents_of(delegated: DelegatedRequest, payer: Payer) -> list[DocumentResponse]:
    request = delegated.request
    return [
        DocumentResponse.of(one, payer, request.content, request.content_as_submitted)
        for one in delegated.documents
    ]


class DelegationExportResponse(RootModel[dict[str, Any]]):
    """A Da Vinci PAS request bundle (FHIR R4), for the vendor's system."""

    @classmethod
    def of(
        cls,
        export: DelegationExport,
        *,
        payer: Payer,
        new_uuid: Callable[[], str],
    ) -> "DelegationExportResponse":
        delegated = export.delegated
        bundle = request_bundle(
            delegated.content,
            export.coverage,
            payer,
            note=export.note,
            at=delegated.request.submitted.submitted_at,
            new_uuid=new_uuid,
        )
        return cls(bundle)


class ReportedLineEvent(Value):
    """A delegated vendor's approval of one service line, with codes only, as events contain no PHI.

    A denial or a reduction has a rationale, which events must not contain; it is reported by HTTPS.
    """

    model_config = ConfigDict(extra="ignore")

    line_id: Text
    status: EnteredStatus
    reason_code: Annotated[Text, Field(max_length=4)] | None = None
    approved: Approval | None = None


class ReportedDetermination(Value):
    """The detail of a delegated vendor's event (W8), for a request that the payer delegated to it.

    The event's source names the vendor. Unknown members are ignored.
    """

    model_config = ConfigDict(extra="ignore")

    version: Literal[1] = 1
    number: Annotated[Text, Field(pattern=NUMBER)]
    reference: Text
    reported_at: Instant
    lines: Annotated[tuple[ReportedLineEvent, ...], Field(min_length=1, max_length=MAX_LINES)]

    def report(self, vendor_id: str) -> VendorReport:
        """The report as it would be sent by HTTPS."""
        return VendorReport(
            vendor_id=vendor_id,
            reference=self.reference,
            reported_at=self.reported_at,
            lines=tuple(LineDecision(**dict(line)) for line in self.lines),
            number=self.number,
        )
