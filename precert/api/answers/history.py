"""What happened to a request, and whose turn it was after each step: its timeline."""

from datetime import datetime
from typing import Any, ClassVar

from precert.api.answers.model import AnswerModel
from precert.api.labels import label_of
from precert.domain.event_types import EVENTS, EventType
from precert.domain.request import Request
from precert.domain.statuses import Status, WaitingOn
from precert.usecases.ports.requests import RequestFile


class HistoryEntry(AnswerModel):
    """What happened, the status after it, and who acts next, since when and until when if known."""

    type: EventType
    type_label: ClassVar[Any] = label_of("type")
    at: datetime
    status: Status
    status_label: ClassVar[Any] = label_of("status")
    cycle: int
    document_id: str | None
    waiting_on: WaitingOn
    waiting_on_label: ClassVar[Any] = label_of("waiting_on")
    waiting_since: datetime
    until: datetime | None


def history_of(
    file: RequestFile, due_at: datetime | None, *, for_reviewer: bool = False
) -> list[HistoryEntry]:
    """The timeline, oldest first; ``due_at`` is what stands now, and so of the last entry."""
    entries: list[HistoryEntry] = []
    turn, since = WaitingOn.PROVIDER, file.request.created_at
    for event in file.events:
        rule = EVENTS[event.type]
        if rule.waiting_on is not None and rule.waiting_on is not turn:
            turn, since = rule.waiting_on, event.at
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
                until=_asked_until(file.request, event.type, event.at),
            )
        )
    if entries:
        entries[-1] = entries[-1].model_copy(update={"until": due_at})
    return entries


def _asked_until(request: Request, event_type: EventType, at: datetime) -> datetime | None:
    """The providers' own deadline, where the event asked them for something."""
    review = request.review
    if review is None or event_type is not EventType.INFORMATION_REQUESTED:
        return None
    return next(
        (one.answer_by for one in review.information_requests if one.requested_at == at), None
    )
