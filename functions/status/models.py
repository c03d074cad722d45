"""Request and response models of the status function's operations."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field

from precert.api.labels import RequestLabels, label_of, labels_of, optional_label_of
from precert.api.models import (
    Damaged,
    DamagedResponse,
    PageQuery,
    ResponseModel,
    draft_time_left_in_words,
)
from precert.api.parameters import message_name
from precert.api.rows import DashboardRowResponse
from precert.domain.caller import Caller
from precert.domain.code_lists import code_lists_of, display_name
from precert.domain.content import Provider, RequestContent
from precert.domain.copying import CopiedContent, Keep
from precert.domain.damage import Readable
from precert.domain.dates import Instant, ServiceDate
from precert.domain.directory import FrequentProvider
from precert.domain.documents import Refusal
from precert.domain.event_types import EventType
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.rows import DashboardRow, row_of_request
from precert.domain.statuses import Action, Status, WaitingOn, allowed_actions
from precert.domain.values import MemberId, Purpose, Sort, Tin, Value
from precert.names import Entitlement
from precert.usecases.directory import TinProviders, UsedProvider
from precert.usecases.messages import Message, MessagePage
from precert.usecases.ports.listings import Page
from precert.usecases.ports.reference import CodeSets

# -- Requests ----------------------------------------------------------------------------------------


class TinQuery(Value):
    """The TIN that the caller acts for. Optional for callers with one TIN."""

    tin: Tin | None = None


class TinPageQuery(PageQuery):
    """A page of one TIN's list."""

    tin: Tin | None = None


class RequestsQuery(TinPageQuery):
    """A page of one TIN's drafts and requests, filtered."""

    status: Status | None = None
    changed_from: Annotated[
        Instant | None, Field(description="The earliest last change, inclusive.")
    ] = None
    changed_to: Annotated[
        Instant | None, Field(description="The latest last change, inclusive.")
    ] = None
    service_from: Annotated[
        ServiceDate | None,
        Field(description="Requests with a day of service on or after this day."),
    ] = None
    service_to: Annotated[
        ServiceDate | None,
        Field(description="Requests with a day of service on or before this day."),
    ] = None
    waiting_on: Annotated[
        WaitingOn | None,
        Field(
            description="Requests and drafts that wait on this party. `PROVIDER` with `sort=due` lists "
            "what the providers must do next, by date."
        ),
    ] = None
    sort: Annotated[
        Sort,
        Field(
            description="`changed`: last changed first. `due`: only those with a date, next due first. "
            "The date is the expiry of a draft, or `due_at` of an open request."
        ),
    ] = Sort.CHANGED


class PatientRequestsBody(TinPageQuery):
    """A page of one patient's requests. The member id is in the body, because no URL contains PHI."""

    member_id: MemberId
    status: Status | None = None
    service_from: Annotated[
        ServiceDate | None,
        Field(description="Requests with a day of service on or after this day."),
    ] = None
    service_to: Annotated[
        ServiceDate | None,
        Field(description="Requests with a day of service on or before this day."),
    ] = None
    waiting_on: Annotated[
        WaitingOn | None, Field(description="Requests and drafts that wait on this party.")
    ] = None


# -- Lists of requests and drafts --------------------------------------------------------------------


class DashboardResponse(ResponseModel):
    """A page of the dashboard."""

    requests: list[DashboardRowResponse]
    damaged: Damaged
    cursor: str | None

    @classmethod
    def of(cls, page: Page[DashboardRow], *, payer: Payer, now: datetime) -> "DashboardResponse":
        rows = [DashboardRowResponse.of(row, payer, now) for row in page.rows]
        return cls(requests=rows, damaged=DamagedResponse.of(page.damaged), cursor=page.cursor)


class FoundRequestResponse(ResponseModel):
    """The request with a precertification number."""

    request: DashboardRowResponse

    @classmethod
    def of(cls, found: Request, *, payer: Payer, now: datetime) -> "FoundRequestResponse":
        return cls(request=DashboardRowResponse.of(row_of_request(found), payer, now))


class CopyQuery(Value):
    """The part of the earlier request to copy."""

    keep: Annotated[
        Keep,
        Field(
            description="`PATIENT`: another request for the same patient. `SERVICES`: the same "
            "services for another patient, without the patient and the diagnoses."
        ),
    ] = Keep.PATIENT


class CopiedContentResponse(ResponseModel):
    """Content of an earlier request, to start a check from it. Nothing is stored."""

    copied_from: str
    number: str | None
    keep: Keep
    keep_label: ClassVar[Any] = label_of("keep")
    content: RequestContent
    content_labels: dict[str, str]
    left_out: list[str] = Field(
        description="JSON pointers of values that are not copied: dates, and values that apply only to "
        "the earlier request or its patient. Documents are never copied."
    )

    @classmethod
    def of(
        cls,
        found: tuple[Request, CopiedContent],
        keep: Keep,
        *,
        payer: Payer,
        code_sets: CodeSets,
    ) -> "CopiedContentResponse":
        request, copied = found
        labels = RequestLabels.of(request, payer, code_sets)
        return cls(
            copied_from=request.request_id,
            number=request.review.number if request.review else None,
            keep=keep,
            content=copied.content,
            content_labels=labels.content(copied.content),
            left_out=list(copied.left_out),
        )


class FlaggedResponse(ResponseModel):
    """All flagged drafts and requests of a TIN, without pages."""

    requests: list[DashboardRowResponse]
    damaged: Damaged

    @classmethod
    def of(cls, page: Page[DashboardRow], *, payer: Payer, now: datetime) -> "FlaggedResponse":
        rows = [DashboardRowResponse.of(row, payer, now) for row in page.rows]
        return cls(requests=rows, damaged=DamagedResponse.of(page.damaged))


class DraftRowResponse(ResponseModel):
    """One draft of the list of drafts. `resumeDraft` returns its content."""

    draft_id: str
    purpose: Purpose
    purpose_label: str | None
    patient: str | None = Field(description="First and last name.")
    date_of_birth: date | None
    first_day: date | None = Field(description="First day of all services.")
    last_day: date | None = Field(description="Last day of all services.")
    requesting_provider: str | None
    requesting_tin: str | None
    servicing_provider: str | None
    place_of_service: str | None = Field(description="The place of the first service that has one.")
    place_of_service_label: str | None
    saved_at: datetime
    expires_at: datetime | None
    time_left: str | None = Field(
        description="The time until `expires_at` in words, without days that do not count."
    )
    allowed_actions: list[Action]
    allowed_actions_labels: ClassVar[Any] = labels_of("allowed_actions")

    @classmethod
    def of(cls, row: DashboardRow, payer: Payer, now: datetime) -> "DraftRowResponse":
        return cls(
            draft_id=row.request_id,
            purpose=row.purpose,
            patient=row.patient,
            date_of_birth=row.date_of_birth,
            first_day=row.first_day,
            last_day=row.last_day,
            requesting_provider=row.requesting_provider,
            requesting_tin=row.requesting_tin,
            servicing_provider=row.servicing_provider,
            place_of_service=row.place_of_service,
            **code_lists_of(payer).labels(
                purpose=row.purpose, place_of_service=row.place_of_service
            ),
            saved_at=row.updated_at,
            expires_at=row.expires_at,
            time_left=draft_time_left_in_words(row.expires_at, payer, now),
            allowed_actions=list(allowed_actions(row.status)),
        )


class DraftsResponse(ResponseModel):
    """A page of drafts."""

    drafts: list[DraftRowResponse]
    damaged: Damaged
    cursor: str | None

    @classmethod
    def of(cls, page: Page[DashboardRow], *, payer: Payer, now: datetime) -> "DraftsResponse":
        rows = [DraftRowResponse.of(row, payer, now) for row in page.rows]
        return cls(drafts=rows, damaged=DamagedResponse.of(page.damaged), cursor=page.cursor)


# -- Messages ----------------------------------------------------------------------------------------


class MessageResponse(ResponseModel):
    """A message about a request, with the payer's text (T5)."""

    message_id: str
    type: EventType
    type_label: ClassVar[Any] = label_of("type")
    request_id: str
    link: str = Field(description="The path of the request that the message is about.")
    number: str | None
    status: Status = Field(description="The status of the request after the event.")
    status_label: ClassVar[Any] = label_of("status")
    at: datetime = Field(description="When the event occurred.")
    read_at: datetime | None = Field(
        description="When a user of the TIN marked it as read; null while it is unread."
    )
    refusal_code: Refusal | None = Field(description="Why a document was refused.")
    refusal_code_label: ClassVar[Any] = optional_label_of("refusal_code")
    text: str = Field(
        description="The payer's text. Of the request it contains only the number, the status, and why "
        "a document was refused and what to do."
    )

    @classmethod
    def of(cls, message: Message, payer: Payer) -> "MessageResponse":
        # If the payer has no text for the type, the text is the display name.
        words = payer.messages.get(message.type.value, display_name(message.type))
        text = words.format(
            number=message.number or "the draft",
            status=display_name(message.status),
            reason=message.refusal_code.words if message.refusal_code else "",
        )
        fields = {**dict(message), "message_id": message_name(message)}
        return cls(**fields, link=f"/v1/requests/{message.request_id}", text=text)


class MessagesResponse(ResponseModel):
    """A page of the inbox."""

    messages: list[MessageResponse]
    damaged: Damaged
    unread: int | None = Field(
        description="The number of unread messages of the whole inbox. Null on later pages."
    )
    cursor: str | None

    @classmethod
    def of(cls, page: MessagePage, *, payer: Payer) -> "MessagesResponse":
        return cls(
            messages=[MessageResponse.of(message, payer) for message in page.messages],
            damaged=DamagedResponse.of(page.damaged),
            unread=page.unread,
            cursor=page.cursor,
        )


class UnreadResponse(ResponseModel):
    """The number of messages of the TIN that are still unread."""

    unread: int


# -- Providers and the caller ------------------------------------------------------------------------


class FrequentProvidersResponse(ResponseModel):
    """At most ten providers, most often selected first (C2)."""

    providers: list[FrequentProvider]
    damaged: Damaged

    @classmethod
    def of(cls, found: Readable[FrequentProvider]) -> "FrequentProvidersResponse":
        return cls(providers=list(found.records), damaged=DamagedResponse.of(found.damaged))


class RequestingProviderResponse(ResponseModel):
    """A requesting provider as it was last entered."""

    provider: Provider
    used_at: datetime = Field(description="The last change of the request with this provider.")


class RequestingProvidersResponse(ResponseModel):
    """At most five requesting providers, last used first."""

    providers: list[RequestingProviderResponse]
    damaged: Damaged

    @classmethod
    def of(cls, used: Readable[UsedProvider]) -> "RequestingProvidersResponse":
        return cls(
            providers=[RequestingProviderResponse(**vars(one)) for one in used.records],
            damaged=DamagedResponse.of(used.damaged),
        )


class TinResponse(ResponseModel):
    """A TIN that the caller acts for."""

    tin: str
    provider_names: list[str] = Field(
        description="Names of the directory's providers under this TIN, facilities first, at most "
        "ten. Empty if the directory has none."
    )


class MeResponse(ResponseModel):
    """The caller, with the rights that the payer granted, or that the token contains."""

    name: str | None = Field(description="The user's name to display. Null if it is not known.")
    entitlements: list[Entitlement]
    entitlements_labels: ClassVar[Any] = labels_of("entitlements")
    tins: list[TinResponse] = Field(
        description="The TINs that a provider's user acts for. If there are more than 25, they have no "
        "names of providers."
    )
    damaged: Damaged
    plan_ids: list[str] = Field(description="The plans that a reviewer reviews.")
    vendor_ids: list[str] = Field(description="The delegated vendors that the caller reports for.")

    @classmethod
    def of(cls, caller: Caller, tins: Sequence[TinProviders]) -> "MeResponse":
        return cls(
            name=caller.name,
            entitlements=[one for one in Entitlement if one in caller.entitlements],
            tins=[TinResponse(tin=one.tin, provider_names=list(one.names.records)) for one in tins],
            damaged=DamagedResponse.of(id_ for one in tins for id_ in one.names.damaged),
            plan_ids=sorted(caller.plan_ids),
            vendor_ids=sorted(caller.vendor_ids),
        )
