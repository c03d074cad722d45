"""Submitted requests, for both providers."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Final

from precert.api.answers.history import HistoryEntry, history_of
from precert.api.answers.lines import LineAnswer, line_answers
from precert.api.answers.model import AnswerModel
from precert.api.answers.notices import NoticeAnswer
from precert.api.answers.progress import (
    AppealAnswer,
    AppealRightsAnswer,
    ExtensionAnswer,
    InformationAnswer,
    PeerToPeerAnswer,
)
from precert.api.answers.vendors import DelegatedVendorAnswer
from precert.api.labels import RequestLabels, label_of, labels_of
from precert.api.models import DocumentResponse, PlanResponse, TemporaryProviderResponse
from precert.domain.clocks import Deadline
from precert.domain.content import RequestContent
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.review import Review
from precert.domain.statuses import Action, Status, WaitingOn
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import RequestFile
from precert.usecases.workflow import deadline_of


class RequestMembers(AnswerModel):
    """What providers and reviewers both see of a request."""

    request_id: str
    number: str | None
    status: Status
    status_label: ClassVar[Any] = label_of("status")
    status_reason: str | None
    review_action: str | None
    review_action_label: str | None
    waiting_on: WaitingOn
    waiting_on_label: ClassVar[Any] = label_of("waiting_on")
    due_at: datetime | None
    allowed_actions: list[Action]
    allowed_actions_labels: ClassVar[Any] = labels_of("allowed_actions")
    cycle: int
    submitted_at: datetime | None
    determined_at: datetime | None
    void_reason: str | None
    duplicate_of: str | None
    delegate: DelegatedVendorAnswer | None
    plan: PlanResponse
    content: RequestContent
    content_labels: dict[str, str]
    temporary_providers: list[TemporaryProviderResponse]
    lines: list[LineAnswer]
    information_requests: list[InformationAnswer]
    extension: ExtensionAnswer | None
    peer_to_peer: PeerToPeerAnswer | None
    appeals: list[AppealAnswer]
    appeal_rights: AppealRightsAnswer | None
    documents: list[DocumentResponse]
    determination_notices: list[NoticeAnswer]
    history: list[HistoryEntry]
    notices: list[str]


class RequestAnswer(RequestMembers):
    """A request as both providers see it.

    ``review_action`` is X12 306. ``waiting_on`` and ``due_at`` say whose turn it is and until when;
    ``history`` since when. ``duplicate_of`` is the number of the request that this one repeats.
    """

    @classmethod
    def of(cls, file: RequestFile, *, payer: Payer, code_sets: CodeSets) -> "RequestAnswer":
        labels = RequestLabels.of(file.request, payer, code_sets)
        return cls(**members_of(file, payer, labels))


def members_of(file: RequestFile, payer: Payer, labels: RequestLabels) -> dict[str, Any]:
    """The members of :class:`RequestMembers`, as the offices are told them."""
    request, review = file.request, file.request.review
    due_at = _due_at(request, payer)
    return {
        "request_id": request.request_id,
        "status": request.status,
        "status_reason": _status_reason(request, payer),
        "review_action": request.review_action,
        "review_action_label": labels.lists.label("review_actions", request.review_action),
        "waiting_on": request.waiting_on,
        "due_at": due_at,
        "allowed_actions": list(request.provider_actions),
        "plan": PlanResponse.of(request.plan, payer),
        "content": request.content,
        "content_labels": labels.content(request.content),
        "documents": [
            DocumentResponse.of(one, payer, request.content, request.content_as_submitted)
            for one in file.documents
        ],
        "determination_notices": [NoticeAnswer.of(notice) for notice in file.notices],
        "history": history_of(file, due_at),
        "notices": _notices(request, payer),
        **(_of_review(request, review, payer, labels) if review else _OF_A_DRAFT),
    }


_OF_A_DRAFT: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "cycle": 0,
        "temporary_providers": [],
        "lines": [],
        "information_requests": [],
        "appeals": [],
        **dict.fromkeys(
            (
                *("number", "submitted_at", "determined_at", "void_reason", "duplicate_of"),
                *("delegate", "extension", "peer_to_peer", "appeal_rights"),
            )
        ),
    }
)


def _of_review(
    request: Request, review: Review, payer: Payer, labels: RequestLabels
) -> dict[str, Any]:
    """What the payer added to a submitted request."""
    return {
        "number": review.number,
        "cycle": review.cycle,
        "submitted_at": review.submitted_at,
        "determined_at": review.determined_at,
        "void_reason": review.void_reason,
        # Its number is told where both sides see that request too (A2).
        "duplicate_of": review.duplicate_of if request.tins <= review.duplicate_seen_by else None,
        "delegate": _delegate(review),
        "temporary_providers": TemporaryProviderResponse.of(review.temporary_providers),
        "lines": line_answers(review, request.content, labels),
        "information_requests": [
            InformationAnswer.of(asked, payer) for asked in review.information_requests
        ],
        "extension": ExtensionAnswer.of(review.extension) if review.extension else None,
        "peer_to_peer": PeerToPeerAnswer.of(review.peer_to_peer) if review.peer_to_peer else None,
        "appeals": [AppealAnswer.of(appeal) for appeal in review.appeals],
        "appeal_rights": AppealRightsAnswer.of(request, payer),
    }


def _delegate(review: Review) -> DelegatedVendorAnswer | None:
    delegate = review.assessment.delegate if review.assessment else None
    return DelegatedVendorAnswer.of(delegate) if delegate else None


def _status_reason(request: Request, payer: Payer) -> str | None:
    """Why a passing state has not passed yet (S4)."""
    if request.status is Status.PROCESSING:
        return payer.notices["processing"]
    return None


def _due_at(request: Request, payer: Payer) -> datetime | None:
    """The open round's deadline, known from the submission on, before the workflow recorded it."""
    if request.review is None or not request.cycle_is_open:
        return None
    deadline: Deadline = deadline_of(request, payer)
    return request.due_at or deadline.due_at


def _notices(request: Request, payer: Payer) -> list[str]:
    """What to know at this point, the notice that nothing is guaranteed first (C15)."""
    names = ["no_guarantee"]
    if request.review is not None and request.review.duplicate_of is not None:
        names.append("duplicate")
    if request.unmatched_providers:
        names.append("temporary_provider")
    rule = request.status.rule
    names += rule.vendor_notices if request.is_delegated else rule.notices
    return [payer.notices[name] for name in names]
