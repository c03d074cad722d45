"""Request and response models of operators' operations."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from precert.api.details import SharedDetails, history_of, members_of
from precert.api.labels import RequestLabels, label_of, labels_of, optional_label_of
from precert.api.models import Damaged, DamagedResponse, ResponseModel
from precert.domain.code_lists import code_lists_of
from precert.domain.content import Provider
from precert.domain.event_types import EventType
from precert.domain.events import Event
from precert.domain.matching import Mismatch, ProviderRole
from precert.domain.operator_actions import operator_actions
from precert.domain.payer import Payer
from precert.domain.review import Channel, IntakeException, Note
from precert.domain.rows import IntakeExceptionRow, UnmatchedRow
from precert.domain.statuses import Status
from precert.domain.values import NO_PLACEHOLDERS, ProviderKind, Reason, Text, Value
from precert.usecases.operations import DateChange
from precert.usecases.ports.listings import Page
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import RequestFile

# -- Requests ----------------------------------------------------------------------------------------


class ChangeDatesBody(Value):
    """New approved dates, and the reason for the change (W5)."""

    lines: Annotated[tuple[DateChange, ...], Field(min_length=1, max_length=100)]
    reason: Annotated[Reason, NO_PLACEHOLDERS]


class ConfirmIntakeBody(Value):
    """The reason to process a registered request with intake exceptions."""

    note: Annotated[
        Reason,
        Field(
            description="Reviewers can read it.",
            examples=["The account's coverage was reinstated on March 1."],
        ),
    ]


class ReconcileProviderBody(Value):
    """The directory entry of a provider that has a temporary id (S3)."""

    role: ProviderRole
    provider_id: Annotated[
        Text,
        Field(
            description="The id of a directory entry, which is one address of a provider under one TIN."
        ),
    ]


# -- Queues ------------------------------------------------------------------------------------------


class DirectorySearchLink(ResponseModel):
    """Query parameters of `searchProviders`."""

    kind: ProviderKind
    kind_label: str | None
    zip_code: str
    name: str | None

    @classmethod
    def of(cls, provider: Provider, payer: Payer) -> "DirectorySearchLink | None":
        if provider.address is None:
            return None
        kind = provider.kind or ProviderKind.FACILITY
        return cls(
            kind=kind,
            kind_label=code_lists_of(payer).label_of(kind),
            zip_code=provider.address.zip_code,
            name=provider.name,
        )


class UnmatchedProviderResponse(ResponseModel):
    """A provider that did not match the directory, as submitted (S3)."""

    request_id: str
    number: str
    role: ProviderRole
    role_label: ClassVar[Any] = label_of("role")
    temporary_id: str
    reason_codes: list[Mismatch]
    reason_codes_labels: ClassVar[Any] = labels_of("reason_codes")
    provider_id: str | None
    name: str | None
    npi: str | None
    tin: str | None = Field(description="The provider's TIN.")
    submitted: Provider | None = Field(description="All that was submitted about the provider.")
    search: DirectorySearchLink | None = Field(
        description="Parameters of `searchProviders` that list the entries near the submitted "
        "address. Null if no address was submitted."
    )
    submitted_at: datetime

    @classmethod
    def of(cls, row: UnmatchedRow, payer: Payer) -> "UnmatchedProviderResponse":
        provider = row.submitted
        return cls(
            **row.model_dump(exclude={"submitted"}),
            submitted=provider,
            search=DirectorySearchLink.of(provider, payer) if provider else None,
        )


class UnmatchedProvidersResponse(ResponseModel):
    """A page of providers that did not match the directory."""

    providers: list[UnmatchedProviderResponse]
    damaged: Damaged
    cursor: str | None

    @classmethod
    def of(cls, page: Page[UnmatchedRow], *, payer: Payer) -> "UnmatchedProvidersResponse":
        rows = [UnmatchedProviderResponse.of(row, payer) for row in page.rows]
        return cls(providers=rows, damaged=DamagedResponse.of(page.damaged), cursor=page.cursor)


class IntakeExceptionResponse(IntakeExceptionRow):
    """A registered request that waits for an operator's confirmation (S5)."""

    channel_label: ClassVar[Any] = label_of("channel")
    exceptions_labels: ClassVar[Any] = labels_of("exceptions")


class IntakeExceptionsResponse(ResponseModel):
    """A page of registered requests to confirm."""

    requests: list[IntakeExceptionResponse]
    damaged: Damaged
    cursor: str | None

    @classmethod
    def of(cls, page: Page[IntakeExceptionRow]) -> "IntakeExceptionsResponse":
        rows = [IntakeExceptionResponse(**dict(row)) for row in page.rows]
        return cls(requests=rows, damaged=DamagedResponse.of(page.damaged), cursor=page.cursor)


# -- Requests of any plan ----------------------------------------------------------------------------


LABEL: Final = "The user name that the payer registered. Null if it registered none."


class AuditEntry(ResponseModel):
    """An event of the audit trail, with the subject of the user or system that caused it."""

    event_id: str
    type: EventType
    type_label: ClassVar[Any] = label_of("type")
    at: datetime
    assigned_to: str | None = Field(
        description="The subject of the reviewer to whom a lead assigned the case."
    )
    assigned_to_label: str | None = Field(description=LABEL)
    actor: str | None = Field(
        description="The identity provider's subject, or `precert` for changes by the payer's rules "
        "and clocks. Null for events without an actor."
    )
    actor_label: str | None = Field(description=LABEL)
    status: Status
    status_label: ClassVar[Any] = label_of("status")
    cycle: int
    document_id: str | None

    @classmethod
    def of(cls, event: Event, users: Mapping[str, str]) -> "AuditEntry":
        return cls(
            **event.model_dump(include=set(cls.model_fields)),
            assigned_to_label=users.get(event.assigned_to or ""),
            actor_label=users.get(event.actor or ""),
        )


class OperatorNote(ResponseModel):
    """A note between reviewers, with the subject of its author."""

    written_by: str
    written_by_label: str | None = Field(description=LABEL)
    written_at: datetime
    cycle: int
    text: str
    version: int

    @classmethod
    def of(cls, note: Note, users: Mapping[str, str]) -> "OperatorNote":
        return cls(**note.model_dump(), written_by_label=users.get(note.written_by))


class OperatorDetails(SharedDetails):
    """A draft or request as operators read it, with its audit trail."""

    version: int = Field(description="Increases with every change. Send it as If-Match.")
    channel: Channel | None = Field(description="Null while it is a draft.")
    channel_label: ClassVar[Any] = optional_label_of("channel")
    reference: str | None = Field(
        description="The number that the channel assigned to the request."
    )
    intake_exceptions: list[IntakeException] = Field(
        description="The contents of a registered request that providers cannot enter."
    )
    intake_exceptions_labels: ClassVar[Any] = labels_of("intake_exceptions")
    intake_note: str | None = Field(description="The note of the operator who confirmed it.")
    created_at: datetime
    expires_at: datetime | None = Field(description="When a draft expires.")
    audit_trail: list[AuditEntry] = Field(description="All events, oldest first.")
    reviewer_notes: list[OperatorNote] = Field(
        description="Notes between reviewers, oldest first, with the subject of each author."
    )

    @classmethod
    def of(
        cls,
        file: RequestFile,
        users: Mapping[str, str],
        *,
        payer: Payer,
        code_sets: CodeSets,
        now: datetime,
    ) -> "OperatorDetails":
        request, review = file.request, file.request.review
        labels = RequestLabels.of(request, payer, code_sets)
        members = members_of(file, payer, labels, reads=lambda _: True, now=now)
        members["allowed_actions"] = list(operator_actions(request))
        members["history"] = history_of(file, for_reviewer=True)
        return cls(
            **members,
            version=request.version,
            channel=review.channel if review else None,
            reference=review.reference if review else None,
            intake_exceptions=list(review.intake_exceptions) if review else [],
            intake_note=(
                review.intake_confirmation.note if review and review.intake_confirmation else None
            ),
            created_at=request.created_at,
            expires_at=request.expires_at,
            audit_trail=[AuditEntry.of(event, users) for event in file.events],
            reviewer_notes=[OperatorNote.of(one, users) for one in review.notes] if review else [],
        )
