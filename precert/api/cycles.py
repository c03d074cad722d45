"""Response models of determination cycles: clock, requests for information, disputes, notices."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self

from pydantic import ConfigDict, Field

from precert.api.labels import label_of, labels_of, optional_label_of
from precert.api.models import ResponseModel
from precert.domain.clocks import deadline_of
from precert.domain.decision_clocks import ClockKind, Extension, ExtensionRequester
from precert.domain.disputes import Appeal, DiscussionOutcome, DisputeKind, DisputeOption
from precert.domain.disputing import lines_open_to, what_remains
from precert.domain.notices import Audience, Notice, NoticeKind
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.review import InformationRequest, PeerToPeer, Review
from precert.domain.statuses import Action, AppealStatus
from precert.domain.values import Text


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
    answer: str | None = Field(
        description="The response as text. Documents are in the `documents` of the request."
    )

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
        description="The payer's deadline. It differs from `due_at` while an RFI is open. If the clock "
        "is paused, it is postponed when the pause ends."
    )
    pause: bool = Field(description="Whether an RFI pauses the clock.")
    paused: bool = Field(description="Whether it is paused now.")
    extension_days: int | None = Field(
        description="By how many calendar days the deadline can be extended, once. Null if it cannot "
        "be extended."
    )
    extension_requested_by: list[ExtensionRequester] = Field(
        description="Who may request the extension."
    )
    extension_requested_by_labels: ClassVar[Any] = labels_of("extension_requested_by")
    deemed_denial: bool = Field(
        description="Whether a decision that is not made in time counts as a denial. The status does "
        "not change: a person decides the request."
    )
    description: list[str] = Field(description="The rules of the clock, as sentences.")

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
    """An option to dispute an adverse determination, and until when it is available (W7, W12)."""

    option: DisputeOption
    option_label: ClassVar[Any] = label_of("option")
    until: datetime = Field(description="When the option ends.")
    line_ids: list[str] = Field(description="The service lines for which it is available.")
    text: str = Field(description="The payer's explanation.")

    @classmethod
    def all_of(cls, request: Request, payer: Payer, now: datetime) -> "list[DisputeOptionResponse]":
        review = request.review
        return [
            cls(
                option=option,
                until=until,
                line_ids=_lines_of(review, option),
                text=option_text(request, review, option, until, payer),
            )
            for option, until in options_of(request, now).items()
            if review is not None
        ]


def options_of(request: Request, now: datetime) -> Mapping[DisputeOption, datetime]:
    """The options that the providers have now, with their ends; none while a dispute is open."""
    review = request.review
    if review is None or review.rights is None or review.open_appeal is not None:
        return {}
    return review.rights.options(now)


def _lines_of(review: Review, option: DisputeOption) -> list[str]:
    if option is DisputeOption.EXTERNAL_REVIEW:
        return [line.line_id for line in review.lines if line.adverse]
    levels = review.rights.levels if review.rights else 0
    return list(lines_open_to(review, DisputeKind(option.value), levels, review.cycle))


def option_text(
    request: Request, review: Review, option: DisputeOption, until: datetime | None, payer: Payer
) -> str:
    """The payer's text about an option, with the appeal rights of the line of business (W4)."""
    text = payer.notices[_TEXTS[option]]
    if option is DisputeOption.APPEAL:
        # The text ends with what follows an appeal, which can be nothing.
        return text.format_map(payer.appeal_words(request, _lines_of(review, option))).strip()
    if option is DisputeOption.EXTERNAL_REVIEW:
        return text.format(without_appeal=what_remains(request, payer, until))
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
