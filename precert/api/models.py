"""Response models that several functions share."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, Field

from precert.api.labels import label_of, labels_of, optional_label_of
from precert.domain.clocks import draft_time_left
from precert.domain.code_lists import code_lists_of
from precert.domain.content import Provider, RequestContent, numbered_lines
from precert.domain.coverage import Plan
from precert.domain.delegation import DecidedBy, Ownership
from precert.domain.documents import Document, DocumentStatus, Refusal
from precert.domain.matching import Mismatch, ProviderRole, TemporaryProviders
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.review import Review
from precert.domain.rules import CareCoordination, DelegatedVendor, RuleListVersion
from precert.domain.statuses import Action, Status, WaitingOn
from precert.domain.values import WHOLE, PrecertNumber, Value
from precert.domain.wording import written_time_left
from precert.usecases.submission import SubmittedRequest


class ResponseModel(BaseModel):
    """Base of all responses."""


class PlanResponse(ResponseModel):
    """A plan, with the display names of its codes."""

    plan_id: str
    name: str
    plan_type: str
    plan_type_label: str | None
    line_of_business: str
    line_of_business_label: str | None
    management_level: str
    state: str | None = Field(
        description="The state whose law applies to the decision clocks. Null if none applies."
    )

    @classmethod
    def of(cls, plan: Plan, payer: Payer) -> "PlanResponse":
        labels = code_lists_of(payer).labels(
            plan_type=plan.plan_type, line_of_business=plan.line_of_business
        )
        return cls(**dict(plan), **labels)


class DamagedResponse(ResponseModel):
    """An entry of this list that cannot be read. Support is notified."""

    id: str
    text: Annotated[str, Field(description="A text for users that states what to do.")]

    @classmethod
    def of(cls, ids: Iterable[str]) -> "list[DamagedResponse]":
        return [cls(id=one, text=_DAMAGED.format(id=one)) for one in dict.fromkeys(ids)]


_DAMAGED: Final = (
    "This entry cannot be displayed. Support has been notified. If you call, refer to the ID {id}."
)
Damaged = Annotated[
    list[DamagedResponse],
    Field(description="IDs of entries that cannot be read. They do not hide the others."),
]


class PageQuery(Value):
    """A page of a list."""

    limit: Annotated[int, Field(ge=1, le=100), WHOLE] = 25
    cursor: Annotated[str, Field(max_length=1000)] | None = None


class FindRequestBody(Value):
    """The precertification number of a request to find."""

    number: Annotated[
        PrecertNumber, Field(description="Two letters and ten digits; the last is a check digit.")
    ]


def draft_expires_soon(expires_at: datetime | None, payer: Payer, now: datetime) -> bool:
    """Whether a draft is within the time before its expiration in which a warning is due (D5)."""
    clock = payer.draft_clock
    if expires_at is None or clock.warn_after is None:
        return False
    left = draft_time_left(now, expires_at, clock, payer.zone)
    return left <= clock.length - clock.warn_after


def draft_time_left_in_words(
    expires_at: datetime | None, payer: Payer, now: datetime
) -> str | None:
    """The time until a draft expires, without the days on which its clock does not run."""
    if expires_at is None:
        return None
    clock = payer.draft_clock
    left = draft_time_left(now, expires_at, clock, payer.zone)
    return written_time_left(left, clock.resting_weekdays)


class RuleListResponse(ResponseModel):
    """The payer and version of the rule list of a result.

    ``effective_from`` is the first service date that the list covers.
    """

    payer: str
    version: str
    effective_from: date
    published_at: datetime

    @classmethod
    def of(cls, version: RuleListVersion, payer: Payer) -> "RuleListResponse":
        return cls(
            payer=payer.name,
            version=version.version,
            effective_from=version.effective_from,
            published_at=version.published_at,
        )


class DocumentResponse(ResponseModel):
    """A document of a draft or request."""

    document_id: str
    file_name: str
    content_type: str
    document_type: Annotated[
        str | None, Field(description="A code of the payer's `required_documentation`.")
    ]
    document_type_label: str | None
    status: DocumentStatus
    status_label: ClassVar[Any] = label_of("status")
    sent_by_tin: str
    sent_by: Annotated[
        ProviderRole | None,
        Field(
            description="The role of `sent_by_tin`. Null while the draft names no provider with this "
            "TIN, and in the response to `createDocumentUpload`, which does not read the draft."
        ),
    ]
    sent_by_label: ClassVar[Any] = optional_label_of("sent_by")
    offered_at: Annotated[datetime, Field(description="When the upload slot was reserved.")]
    upload_until: Annotated[datetime, Field(description="When the upload form expires.")]
    settled_at: Annotated[
        datetime | None, Field(description="When the status became ATTACHED or REFUSED.")
    ]
    size: Annotated[int | None, Field(description="In bytes. Null until uploaded.")]
    sha256: str | None
    refusal_code: Annotated[
        Refusal | None, Field(description="Why the document is REFUSED. Codes never change.")
    ]
    refusal_code_label: ClassVar[Any] = optional_label_of("refusal_code")

    @classmethod
    def of(cls, document: Document, payer: Payer, *contents: RequestContent) -> "DocumentResponse":
        """The sender's role is that of its TIN in the first of ``contents`` that has the TIN."""
        return cls(
            document_id=document.document_id,
            file_name=document.file_name,
            content_type=document.content_type,
            document_type=document.document_type,
            **code_lists_of(payer).labels(document_type=document.document_type),
            status=document.status,
            sent_by_tin=document.sent_by_tin,
            sent_by=document.sender(*contents),
            offered_at=document.offered_at,
            upload_until=document.upload_until,
            settled_at=document.settled_at,
            size=document.size,
            sha256=document.sha256,
            refusal_code=document.refusal,
        )


class TemporaryProviderResponse(ResponseModel):
    """A provider of the request that did not match the directory, with its temporary ID."""

    role: ProviderRole
    role_label: ClassVar[Any] = label_of("role")
    temporary_id: str
    reason_codes: Annotated[
        list[Mismatch], Field(description="Why the provider did not match the directory.")
    ]
    reason_codes_labels: ClassVar[Any] = labels_of("reason_codes")
    reconciled_at: Annotated[
        datetime | None,
        Field(description="When the provider was replaced with a directory entry."),
    ]
    submitted: Annotated[
        Provider | None,
        Field(description="The provider as submitted. Null until it is reconciled."),
    ]

    @classmethod
    def of(cls, temporary: TemporaryProviders) -> "list[TemporaryProviderResponse]":
        """Each provider that has, or had, a temporary id."""
        return [
            cls(
                role=role,
                temporary_id=temporary[role].temporary_id,
                reason_codes=list(temporary[role].reason_codes),
                reconciled_at=temporary[role].reconciled_at,
                submitted=temporary[role].submitted,
            )
            for role in ProviderRole
            if role in temporary
        ]


class DelegatedVendorResponse(ResponseModel):
    """A delegated vendor that decides service lines, as published with the rule list (C8, W8)."""

    vendor_id: str
    name: str
    url: str
    phone: str | None
    fax: str | None
    hours: str | None
    care_coordination: CareCoordination | None

    @classmethod
    def of(cls, vendor: DelegatedVendor) -> "DelegatedVendorResponse":
        return cls.model_validate(vendor.model_dump(include=set(cls.model_fields)))


class LineOwnerResponse(ResponseModel):
    """Who decides one service line."""

    line_id: str
    code: str | None = Field(description="Null for a stay without a procedure.")
    decided_by: DecidedBy | None = Field(
        description="Null if the rule list cannot determine it, for example because a date is missing."
    )
    decided_by_label: ClassVar[Any] = optional_label_of("decided_by")
    vendor_id: str | None = Field(description="The delegated vendor in `vendors`, if one decides.")
    confirmed: bool | None = Field(
        description="Whether `confirmed_vendors` confirms that the line is sent to its vendor. Null "
        "for a line that the payer decides."
    )

    @classmethod
    def of_review(cls, review: Review) -> "list[LineOwnerResponse]":
        """The lines of a submitted request."""
        return [
            cls(
                line_id=line.line_id,
                code=line.code,
                decided_by=review.decided_by(line.line_id),
                vendor_id=owner.vendor_id if owner else None,
                confirmed=owner.confirmed_at is not None if owner else None,
            )
            for line in review.lines
            for owner in (review.delegation_of(line.line_id),)
        ]

    @classmethod
    def of_content(cls, content: RequestContent, ownership: Ownership) -> "list[LineOwnerResponse]":
        """The lines of a draft."""
        return [
            cls(
                line_id=line_id,
                code=procedure.code if procedure else None,
                decided_by=ownership.decided_by(line_id),
                vendor_id=vendor_id,
                confirmed=vendor_id in content.confirmed_vendors if vendor_id else None,
            )
            for line_id, _, procedure in numbered_lines(content.services)
            for vendor_id in (ownership.vendor_of.get(line_id),)
        ]


class SubmissionResponse(ResponseModel):
    """The submitted request."""

    request_id: str
    number: Annotated[
        str, Field(description="The precertification number: two letters and ten digits.")
    ]
    status: Annotated[
        Status, Field(description="PROCESSING until the workflow has assessed the request.")
    ]
    status_label: ClassVar[Any] = label_of("status")
    submitted_at: datetime
    temporary_providers: Annotated[
        list[TemporaryProviderResponse],
        Field(description="Providers that were manually entered and have a temporary ID."),
    ]
    lines: Annotated[
        list[LineOwnerResponse],
        Field(description="Who decides each service line: the payer or a delegated vendor."),
    ]
    vendors: Annotated[
        list[DelegatedVendorResponse],
        Field(description="The delegated vendors of these lines, with their contacts."),
    ]

    @classmethod
    def of(cls, submitted: SubmittedRequest) -> "SubmissionResponse":
        temporary = TemporaryProviderResponse.of(submitted.temporary_providers)
        review = submitted.review
        return cls(
            **{
                **vars(submitted),
                "temporary_providers": temporary,
                "lines": LineOwnerResponse.of_review(review) if review else [],
                "vendors": [
                    DelegatedVendorResponse.of(one.vendor)
                    for one in (review.delegations if review else ())
                ],
            }
        )


class ChangedRequest(ResponseModel):
    """A summary of the request after the change. `readRequest` returns all details."""

    request_id: str
    version: Annotated[int, Field(description="Increases with every change of the request.")]
    number: Annotated[str | None, Field(description="The precertification number.")]
    status: Status
    status_label: ClassVar[Any] = label_of("status")
    cycle: Annotated[
        int,
        Field(
            description="The determination cycle: 1 is the initial determination, each later one an "
            "appeal, a reconsideration or a discussion."
        ),
    ]
    waiting_on: WaitingOn
    waiting_on_label: ClassVar[Any] = label_of("waiting_on")
    due_at: Annotated[
        datetime | None,
        Field(
            description="The deadline of the party in `waiting_on`: the provider while a request for "
            "information is open, the delegated vendor while only its service lines are open, "
            "otherwise the payer. Null if there is no deadline."
        ),
    ]
    allowed_actions: list[Action]
    allowed_actions_labels: ClassVar[Any] = labels_of("allowed_actions")

    @classmethod
    def of(cls, request: Request, actions: Iterable[Action] | None = None) -> "ChangedRequest":
        """The summary with the caller's ``actions``; by default those of a provider."""
        review = request.review
        return cls(
            request_id=request.request_id,
            version=request.version,
            number=review.number if review else None,
            status=request.status,
            cycle=review.cycle if review else 0,
            waiting_on=request.waiting_on,
            due_at=request.due_at or request.vendor_due_at,
            allowed_actions=list(
                request.provider_actions(request.updated_at) if actions is None else actions
            ),
        )

    @classmethod
    def for_vendor(cls, request: Request) -> "ChangedRequest":
        """The response to a delegated vendor, without the dates of other parties' lines (W8)."""
        changed = cls.of(request, (Action.DETAILS,))
        return changed.model_copy(update={"due_at": None})
