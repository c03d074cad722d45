"""The details of a request, as providers and reviewers read them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Final

from pydantic import Field

from precert.api.cycles import (
    AppealResponse,
    AppealRightsResponse,
    DecisionClockResponse,
    DiscussionResponse,
    DisputeOptionResponse,
    DisputeResponse,
    ExtensionResponse,
    InformationRequestResponse,
    NoticeResponse,
    PeerToPeerResponse,
    option_text,
    options_of,
)
from precert.api.labels import RequestLabels, label_of, labels_of, optional_label_of
from precert.api.models import (
    Damaged,
    DamagedResponse,
    DelegatedVendorResponse,
    DocumentResponse,
    PlanResponse,
    ResponseModel,
    TemporaryProviderResponse,
)
from precert.api.service_lines import (
    ApprovedElsewhereResponse,
    ServiceLineResponse,
    service_lines,
)
from precert.domain.assessment import DuplicateReason, PotentialDuplicate
from precert.domain.content import RequestContent
from precert.domain.decisions import ApprovedElsewhere
from precert.domain.delegation import Delegation, contact_of
from precert.domain.disputes import DisputeKind, DisputeOption
from precert.domain.disputing import is_final, is_forwarded
from precert.domain.event_types import EVENTS, EventType
from precert.domain.matching import Mismatch
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.review import Channel, Review
from precert.domain.statuses import Action, Status, WaitingOn
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import RequestFile


class HistoryEntry(ResponseModel):
    """An event of the request, the status after it, and who had to act next."""

    type: EventType
    type_label: ClassVar[Any] = label_of("type")
    at: datetime
    status: Status
    status_label: ClassVar[Any] = label_of("status")
    cycle: int
    document_id: str | None
    waiting_on: WaitingOn
    waiting_on_label: ClassVar[Any] = label_of("waiting_on")
    waiting_since: datetime = Field(description="Since when the party in `waiting_on` must act.")
    until: datetime | None = Field(description="The deadline of that party, if known.")


def history_of(file: RequestFile, *, for_reviewer: bool = False) -> list[HistoryEntry]:
    """The history, oldest first. Internal events are included for reviewers only."""
    entries: list[HistoryEntry] = []
    turn, since, until = WaitingOn.PROVIDER, file.request.created_at, file.request.expires_at
    for event in file.events:
        rule = EVENTS[event.type]
        if event.waiting_on is not None:
            until = event.due_at
        turn_after = event.waiting_on or rule.waiting_on
        if turn_after is not None and turn_after is not turn:
            turn, since = turn_after, event.at
        if rule.internal and not for_reviewer:
            continue
        entries.append(
            HistoryEntry(
                type=event.type,
                at=event.at,
                status=event.status,
                cycle=event.cycle,
                document_id=event.document_id,
                waiting_on=turn,
                waiting_since=since,
                until=until,
            )
        )
    return entries


class DelegationResponse(ResponseModel):
    """The service lines of the request that one delegated vendor decides (W8)."""

    vendor: DelegatedVendorResponse
    line_ids: list[str]
    confirmed_at: datetime | None = Field(
        description="When the provider confirmed, with the submission, that the lines go to the vendor."
    )
    confirmed_by_staff: bool = Field(
        description="Whether the payer's staff confirmed it on behalf of the provider, for a request "
        "by phone, fax or mail."
    )
    delegated_at: datetime | None = Field(
        description="When the vendor received the lines. Null for a case requested from the vendor."
    )
    due_at: datetime | None = Field(description="When the vendor's decision is due.")
    reported_at: datetime | None = Field(
        description="When the vendor made the decision that applies. Null while it is open."
    )
    reference: str | None = Field(description="The vendor's case number, once reported.")

    @classmethod
    def of(cls, delegation: Delegation) -> "DelegationResponse":
        last = delegation.reports[-1] if delegation.reports else None
        return cls(
            vendor=DelegatedVendorResponse.of(delegation.vendor),
            line_ids=list(delegation.line_ids),
            confirmed_at=delegation.confirmed_at,
            confirmed_by_staff=delegation.confirmed_by_staff,
            delegated_at=delegation.delegated_at,
            due_at=delegation.due_at,
            reported_at=delegation.reported_at,
            reference=last.reference if last else None,
        )


class SharedDetails(ResponseModel):
    """The members that providers and reviewers both read."""

    request_id: str
    number: str | None
    status: Status
    status_label: ClassVar[Any] = label_of("status")
    status_reason: str | None
    review_action: str | None
    review_action_label: str | None
    waiting_on: WaitingOn
    waiting_on_label: ClassVar[Any] = label_of("waiting_on")
    due_at: datetime | None = Field(
        description="The deadline of the party in `waiting_on`: the payer's decision deadline, or the "
        "providers' deadline while an RFI is open. Null until the request is pended, and when no party "
        "must act."
    )
    decision_clock: DecisionClockResponse | None = Field(
        description="The clock of the open determination cycle. Null if no cycle is open."
    )
    allowed_actions: list[Action]
    allowed_actions_labels: ClassVar[Any] = labels_of("allowed_actions")
    cycle: int
    submitted_at: datetime | None
    determined_at: datetime | None
    void_reason: str | None
    duplicate_of: str | None = Field(
        description="The number of the request that this one repeats, if the caller can read that one. "
        "Otherwise `notices` states that it exists and whom to call."
    )
    delegate: DelegatedVendorResponse | None = Field(
        description="The delegated vendor, if one vendor decides the whole request."
    )
    delegations: list[DelegationResponse] = Field(
        description="The delegated vendors that decide service lines, each with its contacts and lines."
    )
    plan: PlanResponse
    content: RequestContent
    content_labels: dict[str, str]
    temporary_providers: list[TemporaryProviderResponse]
    lines: list[ServiceLineResponse]
    approved_also_in: list[ApprovedElsewhereResponse] = Field(
        description="The services that another request approved too when they were decided. A reviewer "
        "confirmed that, or a delegated vendor reported it."
    )
    information_requests: list[InformationRequestResponse]
    extension: ExtensionResponse | None
    peer_to_peer: PeerToPeerResponse | None
    appeals: list[AppealResponse]
    reconsiderations: list[DisputeResponse]
    peer_to_peer_discussions: list[DiscussionResponse]
    appeal_rights: AppealRightsResponse | None
    dispute_options: list[DisputeOptionResponse] = Field(
        description="The options to dispute an adverse determination, and until when. Empty while an "
        "appeal, a reconsideration or a discussion is open."
    )
    documents: list[DocumentResponse]
    determination_notices: list[NoticeResponse]
    history: list[HistoryEntry]
    damaged: Damaged
    notices: list[str]


class PotentialDuplicateResponse(ResponseModel):
    """Another request that this one may repeat, as found at the assessment (S2)."""

    request_id: str | None = Field(description="Null if the caller cannot read that request.")
    number: str | None = Field(description="Null if the caller cannot read that request.")
    reason_code: DuplicateReason = Field(description="How the two requests match.")
    reason_code_label: ClassVar[Any] = label_of("reason_code")

    @classmethod
    def of(cls, duplicate: PotentialDuplicate, *, visible: bool) -> "PotentialDuplicateResponse":
        return cls(
            request_id=duplicate.request_id if visible else None,
            number=duplicate.number if visible else None,
            reason_code=duplicate.reason_code,
        )


class RequestDetails(SharedDetails):
    """A request as its providers read it."""

    channel: Channel | None = Field(description="Null while it is a draft.")
    channel_label: ClassVar[Any] = optional_label_of("channel")
    reference: str | None = Field(
        description="The identifier that the channel assigned to the request: the number of the call "
        "or fax, or the submitter's identifier of the claim."
    )
    potential_duplicates: list[PotentialDuplicateResponse] = Field(
        description="Similar requests that were found at the assessment. No request ends because of "
        "them."
    )

    @classmethod
    def of(
        cls,
        file: RequestFile,
        tins: Collection[str],
        *,
        payer: Payer,
        code_sets: CodeSets,
        now: datetime,
    ) -> "RequestDetails":
        """The details for a caller with these ``tins``."""
        labels = RequestLabels.of(file.request, payer, code_sets)
        review = file.request.review
        assessment = review.assessment if review else None
        similar = [
            PotentialDuplicateResponse.of(duplicate, visible=not duplicate.seen_by.isdisjoint(tins))
            for duplicate in (assessment.similar if assessment else ())
        ]
        members = members_of(
            file,
            payer,
            labels,
            tins,
            reads=lambda other: not other.seen_by.isdisjoint(tins),
            now=now,
        )
        return cls(
            **members,
            channel=review.channel if review else None,
            reference=review.reference if review else None,
            potential_duplicates=similar,
        )


def members_of(
    file: RequestFile,
    payer: Payer,
    labels: RequestLabels,
    tins: Collection[str] | None = None,
    *,
    reads: Callable[[ApprovedElsewhere], bool],
    now: datetime,
) -> dict[str, Any]:
    """The members of :class:`SharedDetails`, as providers read them.

    ``tins`` are those of a provider; other requests are named only if the provider may read them (A2).
    ``None`` is for callers who may read all. ``reads`` states whether the caller may read a request
    that approves the same.
    """
    request, review = file.request, file.request.review

    def sees(others: frozenset[str]) -> bool:
        return tins is None or not others.isdisjoint(tins)

    return {
        "request_id": request.request_id,
        "status": request.status,
        "status_reason": _status_reason(request, payer),
        "review_action": request.review_action,
        "review_action_label": labels.lists.label("review_actions", request.review_action),
        "waiting_on": request.waiting_on,
        "due_at": request.due_at or request.vendor_due_at,
        "allowed_actions": list(request.provider_actions(now)),
        "plan": PlanResponse.of(request.plan, payer),
        "content": request.content,
        "content_labels": labels.content(request.content),
        "documents": [
            DocumentResponse.of(one, payer, request.content, request.content_as_submitted)
            for one in file.documents
        ],
        "determination_notices": [NoticeResponse.of(notice) for notice in file.notices],
        "history": history_of(file),
        "damaged": DamagedResponse.of(file.damaged),
        "notices": _notices(request, payer, sees, now),
        "approved_also_in": ApprovedElsewhereResponse.all_of(request, reads) if review else [],
        **(_of_review(request, review, payer, labels, sees, now) if review else _OF_A_DRAFT),
    }


_OF_A_DRAFT: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "cycle": 0,
        "temporary_providers": [],
        "lines": [],
        "information_requests": [],
        "appeals": [],
        "delegations": [],
        "reconsiderations": [],
        "peer_to_peer_discussions": [],
        "dispute_options": [],
        **dict.fromkeys(
            (
                *("number", "submitted_at", "determined_at", "void_reason", "duplicate_of"),
                *("delegate", "decision_clock", "extension", "peer_to_peer", "appeal_rights"),
            )
        ),
    }
)


def _of_review(
    request: Request,
    review: Review,
    payer: Payer,
    labels: RequestLabels,
    sees: Callable[[frozenset[str]], bool],
    now: datetime,
) -> dict[str, Any]:
    """The members from the review record of a submitted request."""
    return {
        "number": review.number,
        "cycle": review.cycle,
        "submitted_at": review.submitted_at,
        "determined_at": review.determined_at,
        "void_reason": review.void_reason,
        "duplicate_of": review.duplicate_of if sees(review.duplicate_seen_by) else None,
        "delegate": _delegate(request, review),
        "delegations": [DelegationResponse.of(one) for one in review.delegations],
        "temporary_providers": TemporaryProviderResponse.of(review.temporary_providers),
        "lines": service_lines(review, request.content, labels),
        "information_requests": [
            InformationRequestResponse.of(rfi, payer) for rfi in review.information_requests
        ],
        "decision_clock": DecisionClockResponse.of(request, payer),
        "extension": ExtensionResponse.of(review.extension),
        "peer_to_peer": PeerToPeerResponse.of(review.peer_to_peer),
        "appeals": [
            AppealResponse.of(one) for one in review.appeals if one.kind is DisputeKind.APPEAL
        ],
        "reconsiderations": [
            DisputeResponse.of(one)
            for one in review.appeals
            if one.kind is DisputeKind.RECONSIDERATION
        ],
        "peer_to_peer_discussions": [
            DiscussionResponse.of(one)
            for one in review.appeals
            if one.kind is DisputeKind.PEER_TO_PEER
        ],
        "appeal_rights": AppealRightsResponse.of(request, now),
        "dispute_options": DisputeOptionResponse.all_of(request, payer, now),
    }


def _delegate(request: Request, review: Review) -> DelegatedVendorResponse | None:
    if not request.is_delegated or len(review.delegations) > 1:
        return None
    return DelegatedVendorResponse.of(review.delegations[0].vendor)


def _status_reason(request: Request, payer: Payer) -> str | None:
    """Why the request is still PROCESSING (S4)."""
    if request.status is Status.PROCESSING:
        return payer.notices["processing"]
    return None


def _notices(
    request: Request, payer: Payer, sees: Callable[[frozenset[str]], bool], now: datetime
) -> list[str]:
    """The payer's texts for this status. The first states that payment is not guaranteed (C15)."""
    names = ["no_guarantee", *_duplicate_notices(request.review, sees)]
    if request.unmatched_providers:
        names.append("temporary_provider")
    if request.review is not None and any(
        Mismatch.TIN in request.review.temporary_providers[role].reason_codes
        for role in request.unmatched_providers
    ):
        names.append("temporary_provider_tax_id")
    texts = [payer.notices[name] for name in names]
    review, rule = request.review, request.status.rule
    if review is not None:
        texts += [
            option_text(request, review, option, until, payer)
            for option, until in options_of(request, now).items()
        ]
        clock, cycle = payer.clock_for(request), review.cycle
        ended = is_forwarded(review, clock, cycle) or is_final(review, clock, cycle, now=now)
        if ended and review.open_appeal is None:
            external = DisputeOption.EXTERNAL_REVIEW
            texts.append(option_text(request, review, external, None, payer))
    if review is None:
        return texts
    if not request.is_delegated:
        texts += [payer.notices[name] for name in rule.notices]
    elif not any(line.decisions for line in review.lines):
        return texts
    else:
        texts += [payer.notices[name] for name in rule.vendor_notices]
    return texts + list(_vendor_notices(review, payer))


def _vendor_notices(review: Review, payer: Payer) -> Iterator[str]:
    """Texts about appeals of adverse decisions of delegated vendors, which the vendor decides (W7)."""
    for delegation in review.delegations:
        lines = (review.line(line_id) for line_id in delegation.line_ids)
        if any(line is not None and line.adverse for line in lines):
            yield payer.notices["appeal_at_vendor"].format(
                vendor=delegation.vendor.name,
                contact=contact_of(delegation.vendor),
                lines=", ".join(delegation.line_ids),
            )


def _duplicate_notices(
    review: Review | None, sees: Callable[[frozenset[str]], bool]
) -> Iterator[str]:
    """Names of the texts about duplicates, including those that the caller may not read (S2, A2)."""
    if review is None:
        return
    if review.duplicate_of is not None:
        yield "duplicate" if sees(review.duplicate_seen_by) else "duplicate_not_visible"
        return
    duplicates = review.assessment.similar if review.assessment else ()
    seen = [sees(one.seen_by) for one in duplicates]
    if any(seen):
        yield "potential_duplicate"
    if not all(seen):
        yield "potential_duplicate_not_visible"
