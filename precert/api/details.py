"""The details of a request, as providers and reviewers read them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self

from pydantic import ConfigDict, Field

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
from precert.domain.clocks import deadline_of, last_day_before
from precert.domain.content import RequestContent
from precert.domain.decision_clocks import ClockKind, ExtensionRequester
from precert.domain.delegation import DecidedBy, Delegation, contact_of
from precert.domain.determination import RequestedLine, requested_lines
from precert.domain.event_types import EVENTS, EventType
from precert.domain.matching import Mismatch
from precert.domain.notices import Audience, Notice, NoticeKind
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.review import (
    Appeal,
    Approved,
    Decision,
    DiscussionOutcome,
    DisputeKind,
    DisputeOption,
    DuplicateReason,
    Extension,
    InformationRequest,
    PeerToPeer,
    PotentialDuplicate,
    Review,
    ServiceLine,
)
from precert.domain.rights import is_forwarded, lines_open_to
from precert.domain.statuses import (
    DELEGATED_ACTION,
    Action,
    AppealStatus,
    LineStatus,
    Status,
    WaitingOn,
)
from precert.domain.values import CodeType, Text
from precert.domain.wording import written_day
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import RequestFile

# -- Service lines ----------------------------------------------------------------------------------


class ApprovedResponse(Approved):
    """What is approved of a service line (W3). The last day is included."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    unit_type_label: str | None

    @classmethod
    def of(cls, approved: Approved, labels: RequestLabels) -> "ApprovedResponse":
        return cls(**dict(approved), **labels.lists.labels(unit_type=approved.unit_type))


class DecisionResponse(Decision):
    """A decision of a service line (W4). It does not name the persons who made it (A3).

    `date_change_reason` is set if the decision changed only the approved period (W5).
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    decided_by: Text = Field(exclude=True)
    signed_by: Text | None = Field(default=None, exclude=True)
    proposed_by: Text | None = Field(default=None, exclude=True)
    dates_changed_by: Text | None = Field(default=None, exclude=True)
    decided_as_label: ClassVar[Any] = label_of("decided_as")
    approved: ApprovedResponse | None = None
    status_label: ClassVar[Any] = label_of("status")
    reason_code_label: str | None
    diagnosis_label: str | None

    @classmethod
    def of(cls, decision: Decision, labels: RequestLabels) -> "DecisionResponse":
        approved = decision.approved and ApprovedResponse.of(decision.approved, labels)
        return cls(
            **{**dict(decision), "approved": approved},
            reason_code_label=labels.lists.label("decision_reasons", decision.reason_code),
            diagnosis_label=labels.diagnosis(decision.diagnosis),
        )


class ServiceLineResponse(ResponseModel):
    """One code of one service (X12 2000F), with its decisions; the last decision applies."""

    line_id: str
    code: str | None = Field(description="Null for a stay without a procedure.")
    code_label: str | None
    code_type: CodeType | None
    code_type_label: str | None
    status: LineStatus
    status_label: ClassVar[Any] = label_of("status")
    review_action: str | None
    review_action_label: str | None
    decided_by: DecidedBy | None = Field(
        description="Who decides the line: the payer, or the delegated vendor `vendor`. Null until the "
        "rule list is applied."
    )
    decided_by_label: ClassVar[Any] = optional_label_of("decided_by")
    vendor: DelegatedVendorResponse | None = Field(
        description="The delegated vendor that decides the line, with its contacts."
    )
    approved: ApprovedResponse | None
    submitted_diagnosis: str | None
    submitted_diagnosis_label: str | None
    adjudicated_diagnosis: str | None = Field(
        description="The diagnosis on which the decision is based. Null before a decision (W9)."
    )
    adjudicated_diagnosis_label: str | None
    decisions: list[DecisionResponse]

    @classmethod
    def of(
        cls,
        line: ServiceLine,
        requested: RequestedLine | None,
        labels: RequestLabels,
        review: Review,
    ) -> "ServiceLineResponse":
        delegation = review.delegation_of(line.line_id)
        action = line.review_action
        if delegation is not None and not line.decisions:
            action = DELEGATED_ACTION
        approved = line.decisions[-1].approved if line.decisions else None
        submitted = requested.service.primary_diagnosis if requested else None
        adjudicated = (line.diagnosis or submitted) if line.decisions else None
        return cls(
            line_id=line.line_id,
            code=line.code,
            code_label=labels.code_of(line),
            code_type=line.code_type,
            status=line.status,
            review_action=action,
            **labels.lists.labels(code_type=line.code_type, review_action=action),
            decided_by=review.decided_by(line.line_id),
            vendor=DelegatedVendorResponse.of(delegation.vendor) if delegation else None,
            approved=ApprovedResponse.of(approved, labels) if approved else None,
            submitted_diagnosis=submitted,
            submitted_diagnosis_label=labels.diagnosis(submitted),
            adjudicated_diagnosis=adjudicated,
            adjudicated_diagnosis_label=labels.diagnosis(adjudicated),
            decisions=[DecisionResponse.of(decision, labels) for decision in line.decisions],
        )


def service_lines(
    review: Review, content: RequestContent, labels: RequestLabels
) -> list[ServiceLineResponse]:
    """The service lines of a submitted request, in the order of entry."""
    requested = requested_lines(content)
    return [
        ServiceLineResponse.of(line, requested.get(line.line_id), labels, review)
        for line in review.lines
    ]


# -- Requests for information, appeals and notices --------------------------------------------------


class RequiredDocumentResponse(ResponseModel):
    """A required document: the payer's code, and its display name."""

    code: str
    label: str

    @classmethod
    def of(cls, code: str, payer: Payer) -> "RequiredDocumentResponse":
        return cls(code=code, label=payer.required_documentation.get(code, code))


class InformationRequestResponse(ResponseModel):
    """A request for information (RFI) to the providers, and their response (W2)."""

    requested_at: datetime
    answer_by: datetime = Field(description="When the providers must have responded.")
    documents: list[RequiredDocumentResponse]
    text: str | None
    closed_at: datetime | None = Field(
        description="When the providers responded, or `answer_by` passed. Null while it is open."
    )
    answered: bool
    answer: str | None = Field(description="The response in words. Documents are in `documents`.")

    @classmethod
    def of(cls, rfi: InformationRequest, payer: Payer) -> "InformationRequestResponse":
        return cls(
            requested_at=rfi.requested_at,
            answer_by=rfi.answer_by,
            documents=[RequiredDocumentResponse.of(code, payer) for code in rfi.documents],
            text=rfi.text,
            closed_at=rfi.closed_at,
            answered=rfi.answered,
            answer=rfi.answer,
        )


class ExtensionResponse(Extension):
    """The extension of the deadline, with its reason (W2)."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    requested_by_label: ClassVar[Any] = label_of("requested_by")

    @classmethod
    def of(cls, extension: Extension | None) -> "ExtensionResponse | None":
        return cls(**dict(extension)) if extension else None


class DecisionClockResponse(ResponseModel):
    """The clock of the open determination cycle: by line of business, and by state (W2, W11)."""

    kind: ClockKind
    kind_label: ClassVar[Any] = label_of("kind")
    source: str = Field(description="The regulation or standard.")
    limit: str = Field(description="In words, as in `7 calendar days`.")
    decision_due_at: datetime = Field(
        description="The payer's deadline. It differs from `due_at` while an RFI is open; if the clock "
        "pauses, it moves when the pause ends."
    )
    pause: bool = Field(description="Whether an RFI pauses the clock.")
    paused: bool = Field(description="Whether it is paused now.")
    extension_days: int | None = Field(
        description="By how many calendar days the deadline can be extended, once. Null for none."
    )
    extension_requested_by: list[ExtensionRequester] = Field(
        description="Who may request the extension."
    )
    extension_requested_by_labels: ClassVar[Any] = labels_of("extension_requested_by")
    deemed_denial: bool = Field(
        description="Whether a decision that is not made in time counts as a denial. The status does "
        "not change: a person decides the request."
    )
    description: list[str] = Field(description="What applies, as sentences.")

    @classmethod
    def of(cls, request: Request, payer: Payer) -> "DecisionClockResponse | None":
        if not request.cycle_is_open:
            return None
        deadline = request.deadline or deadline_of(request, payer)
        clock, rfi = deadline.clock, request.submitted.open_information_request
        rule = clock.extension
        return cls(
            kind=request.clock_kind(payer.zone),
            source=clock.source,
            limit=clock.limit.words,
            decision_due_at=deadline.due_at,
            pause=clock.pause,
            paused=rfi is not None and rfi.pauses,
            extension_days=rule.days if rule else None,
            extension_requested_by=list(rule.requested_by) if rule else [],
            deemed_denial=clock.deemed_denial is not None,
            description=list(clock.words()),
        )


class PeerToPeerResponse(PeerToPeer):
    """A peer-to-peer discussion that a reviewer offered before the determination, with its outcome."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    recorded_by: Text | None = Field(default=None, exclude=True)
    outcome_label: ClassVar[Any] = optional_label_of("outcome")

    @classmethod
    def of(cls, offer: PeerToPeer | None) -> "PeerToPeerResponse | None":
        return cls(**dict(offer)) if offer else None


class DisputeResponse(ResponseModel):
    """A dispute of adverse service lines: a determination cycle of its own (W7, W12)."""

    cycle: int
    status: AppealStatus
    status_label: ClassVar[Any] = label_of("status")
    line_ids: list[str]
    expedited: bool
    reason: str
    filed_at: datetime
    due_at: datetime | None = Field(description="When the payer must decide it.")
    extension: ExtensionResponse | None

    @classmethod
    def of(cls, dispute: Appeal) -> Self:
        members = {name: getattr(dispute, name) for name in cls.model_fields}
        return cls(**{**members, "extension": ExtensionResponse.of(dispute.extension)})


class AppealResponse(DisputeResponse):
    """An appeal (W7)."""

    level: int = Field(description="1 is the first appeal of a service line.")


class DiscussionResponse(DisputeResponse):
    """A peer-to-peer discussion that a provider requested after the determination (W12)."""

    phone: str | None = Field(description="Where the payer's clinician calls.")
    outcome: DiscussionOutcome | None = Field(description="Null until the outcome is recorded.")
    outcome_label: ClassVar[Any] = optional_label_of("outcome")
    closed_at: datetime | None = Field(description="When the outcome was recorded.")


class AppealableLine(ResponseModel):
    """A service line that can be appealed, and the level of the appeal."""

    line_id: str
    level: int


class AppealRightsResponse(ResponseModel):
    """Which service lines can be appealed, and until when (W7). Null when no appeal is possible."""

    file_until: datetime = Field(
        description="The end of the last day on which an appeal can be filed, in the payer's time zone."
    )
    levels: int = Field(
        description="How often one service line can be appealed before external review."
    )
    lines: list[AppealableLine]

    @classmethod
    def of(cls, request: Request, now: datetime) -> "AppealRightsResponse | None":
        review = request.review
        if review is None or Action.APPEAL not in request.provider_actions(now):
            return None
        if review.rights is None or review.rights.appeal_until is None:
            return None
        open_lines = lines_open_to(review, DisputeKind.APPEAL, review.rights.levels, review.cycle)
        return cls(
            file_until=review.rights.appeal_until,
            levels=review.rights.levels,
            lines=[AppealableLine(line_id=one, level=level) for one, level in open_lines.items()],
        )


class DisputeOptionResponse(ResponseModel):
    """What remains open after an adverse determination, and before when (W7, W12)."""

    option: DisputeOption
    option_label: ClassVar[Any] = label_of("option")
    until: datetime = Field(description="The option ends at this instant.")
    line_ids: list[str] = Field(description="The service lines that it is open for.")
    text: str = Field(description="The payer's explanation.")

    @classmethod
    def all_of(cls, request: Request, payer: Payer, now: datetime) -> "list[DisputeOptionResponse]":
        review = request.review
        return [
            cls(
                option=option,
                until=until,
                line_ids=_lines_of(review, option),
                text=_option_text(request, review, option, until, payer),
            )
            for option, until in options_of(request, now).items()
            if review is not None
        ]


def options_of(request: Request, now: datetime) -> Mapping[DisputeOption, datetime]:
    """What is open to the providers at present; nothing while a dispute is open."""
    review = request.review
    if review is None or review.rights is None or review.open_appeal is not None:
        return {}
    return review.rights.options(now)


def _lines_of(review: Review, option: DisputeOption) -> list[str]:
    if option is DisputeOption.EXTERNAL_REVIEW:
        return [line.line_id for line in review.lines if line.adverse]
    levels = review.rights.levels if review.rights else 0
    return list(lines_open_to(review, DisputeKind(option.value), levels, review.cycle))


def _option_text(
    request: Request, review: Review, option: DisputeOption, until: datetime | None, payer: Payer
) -> str:
    """The payer's text, with what the clock of the line of business states (W4)."""
    text = payer.notices[_TEXTS[option]]
    if option is DisputeOption.APPEAL:
        return text.format_map(payer.appeal_words(request, _lines_of(review, option)))
    external = payer.clock_for(request).external_review
    if option is DisputeOption.EXTERNAL_REVIEW and external is not None:
        last_day = written_day(last_day_before(until, payer.zone)) if until else ""
        written = external.without_appeal.format(until=last_day, number=review.number)
        return text.format(without_appeal=written)
    return text


_TEXTS: Final[Mapping[DisputeOption, str]] = MappingProxyType(
    {
        DisputeOption.PEER_TO_PEER: "peer_to_peer",
        DisputeOption.RECONSIDERATION: "reconsideration",
        DisputeOption.APPEAL: "appeal_rights",
        DisputeOption.EXTERNAL_REVIEW: "external_review",
    }
)
"""Names of the payer's texts."""


class NoticeResponse(ResponseModel):
    """A determination notice: a PDF for the providers, or the copy for the member (W4)."""

    notice_id: str
    kind: NoticeKind
    kind_label: ClassVar[Any] = label_of("kind")
    audience: Audience
    audience_label: ClassVar[Any] = label_of("audience")
    cycle: int
    printed_at: datetime
    size: int = Field(description="In bytes.")

    @classmethod
    def of(cls, notice: Notice) -> "NoticeResponse":
        return cls(
            notice_id=notice.notice_id,
            kind=notice.kind,
            audience=notice.audience,
            cycle=notice.cycle,
            printed_at=notice.printed_at,
            size=notice.size,
        )


# -- History ----------------------------------------------------------------------------------------


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
    until: datetime | None = Field(description="When that party must have acted, if known.")


def history_of(file: RequestFile, *, for_reviewer: bool = False) -> list[HistoryEntry]:
    """The history, oldest first."""
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


# -- The request ------------------------------------------------------------------------------------


class DelegationResponse(ResponseModel):
    """The service lines of the request that one delegated vendor decides (W8)."""

    vendor: DelegatedVendorResponse
    line_ids: list[str]
    confirmed_at: datetime | None = Field(
        description="When the provider confirmed, with the submission, that the lines go to the vendor."
    )
    confirmed_by_staff: bool = Field(
        description="Whether the payer's staff confirmed it for the provider, who called or sent a fax "
        "or letter."
    )
    delegated_at: datetime | None = Field(
        description="When the vendor received the lines. Null for a case requested from the vendor."
    )
    due_at: datetime | None = Field(description="When the vendor's decision is due.")
    reported_at: datetime | None = Field(
        description="When the vendor made the decision that applies. Null while it is open."
    )
    reference: str | None = Field(description="The vendor's number of the case, once reported.")

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
        description="When the party in `waiting_on` must have acted: the payer's decision deadline, or "
        "the providers' date while an RFI is open. Null until the request is pended, and when no "
        "party must act."
    )
    decision_clock: DecisionClockResponse | None = Field(
        description="The clock of the open determination cycle. Null if the payer decides nothing now."
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
        description="What delegated vendors decide: for each its contacts and its service lines."
    )
    plan: PlanResponse
    content: RequestContent
    content_labels: dict[str, str]
    temporary_providers: list[TemporaryProviderResponse]
    lines: list[ServiceLineResponse]
    information_requests: list[InformationRequestResponse]
    extension: ExtensionResponse | None
    peer_to_peer: PeerToPeerResponse | None
    appeals: list[AppealResponse]
    reconsiderations: list[DisputeResponse]
    peer_to_peer_discussions: list[DiscussionResponse]
    appeal_rights: AppealRightsResponse | None
    dispute_options: list[DisputeOptionResponse] = Field(
        description="What is still possible after an adverse determination, and before when. Empty "
        "while an appeal, a reconsideration or a discussion is open."
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

    potential_duplicates: list[PotentialDuplicateResponse] = Field(
        description="Requests that were found similar at the assessment. Neither ends for that reason."
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
        """``tins`` are the caller's."""
        labels = RequestLabels.of(file.request, payer, code_sets)
        review = file.request.review
        assessment = review.assessment if review else None
        similar = [
            PotentialDuplicateResponse.of(duplicate, visible=not duplicate.seen_by.isdisjoint(tins))
            for duplicate in (assessment.potential_duplicates if assessment else ())
        ]
        members = members_of(file, payer, labels, tins, now=now)
        return cls(**members, potential_duplicates=similar)


def members_of(
    file: RequestFile,
    payer: Payer,
    labels: RequestLabels,
    tins: Collection[str] | None = None,
    *,
    now: datetime,
) -> dict[str, Any]:
    """The members of :class:`SharedDetails`, as providers read them.

    ``tins`` are those of a provider, who may not see every other request (A2).
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
    """What the payer adds to a submitted request."""
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
    """The payer's texts for this status, first that nothing is guaranteed (C15)."""
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
            _option_text(request, review, option, until, payer)
            for option, until in options_of(request, now).items()
        ]
        forwarded = is_forwarded(review, payer.clock_for(request), review.cycle)
        if forwarded and review.open_appeal is None:
            external = DisputeOption.EXTERNAL_REVIEW
            texts.append(_option_text(request, review, external, None, payer))
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
    """Where to appeal what a delegated vendor denied or reduced: at the vendor (W7)."""
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
    """What the request repeats or may repeat, also where the caller does not see that (S2, A2)."""
    if review is None:
        return
    if review.duplicate_of is not None:
        yield "duplicate" if sees(review.duplicate_seen_by) else "duplicate_not_visible"
        return
    duplicates = review.assessment.potential_duplicates if review.assessment else ()
    seen = [sees(one.seen_by) for one in duplicates]
    if any(seen):
        yield "potential_duplicate"
    if not all(seen):
        yield "potential_duplicate_not_visible"
