"""Pages: dashboard, inbox, worklist."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from precert.api.answers.model import AnswerModel
from precert.api.labels import label_of, labels_of
from precert.api.names import message_name
from precert.domain.code_lists import code_lists_of, display_name
from precert.domain.event_types import EventType
from precert.domain.payer import Payer
from precert.domain.rows import DashboardRow
from precert.domain.statuses import (
    Action,
    Status,
    allowed_actions,
)
from precert.usecases.ports.listings import Page
from precert.usecases.ports.messages import Message, MessagePage


class DashboardRowAnswer(DashboardRow):
    """A dashboard line with what can be done next (T1, T2)."""

    status_label: ClassVar[Any] = label_of("status")
    purpose_label: str | None
    place_of_service_label: str | None
    channel_label: ClassVar[Any] = label_of("channel")
    waiting_on_label: ClassVar[Any] = label_of("waiting_on")
    unmatched_providers_labels: ClassVar[Any] = labels_of("unmatched_providers")
    allowed_actions: tuple[Action, ...]
    allowed_actions_labels: ClassVar[Any] = labels_of("allowed_actions")

    @classmethod
    def of(cls, row: DashboardRow, payer: Payer) -> "DashboardRowAnswer":
        actions = allowed_actions(row.status, appeal_open=row.appeal_open, delegated=row.delegated)
        labels = code_lists_of(payer).labels(
            purpose=row.purpose, place_of_service=row.place_of_service
        )
        return cls(**dict(row), allowed_actions=actions, **labels)


class DashboardAnswer(AnswerModel):
    requests: list[DashboardRowAnswer]
    cursor: str | None

    @classmethod
    def of(cls, page: Page[DashboardRow], payer: Payer) -> "DashboardAnswer":
        rows = [DashboardRowAnswer.of(row, payer) for row in page.rows]
        return cls(requests=rows, cursor=page.cursor)


class FlaggedAnswer(AnswerModel):
    """The whole home list: it has no pages."""

    requests: list[DashboardRowAnswer]

    @classmethod
    def of(cls, rows: Sequence[DashboardRow], payer: Payer) -> "FlaggedAnswer":
        return cls(requests=[DashboardRowAnswer.of(row, payer) for row in rows])


class MessageAnswer(AnswerModel):
    """A message; its text is the payer's (T5). ``link`` is the request it tells of."""

    message_id: str
    type: EventType
    type_label: ClassVar[Any] = label_of("type")
    request_id: str
    link: str
    number: str | None
    status: Status
    status_label: ClassVar[Any] = label_of("status")
    at: datetime
    read_at: datetime | None
    text: str

    @classmethod
    def of(cls, message: Message, payer: Payer) -> "MessageAnswer":
        text = payer.messages[message.type.value].format(
            number=message.number or "", status=display_name(message.status)
        )
        told = {**dict(message), "message_id": message_name(message)}
        return cls(**told, link=f"/v1/requests/{message.request_id}", text=text)


class MessagesAnswer(AnswerModel):
    """A page of the inbox; ``unread`` counts the whole inbox, on the first page."""

    messages: list[MessageAnswer]
    unread: int | None
    cursor: str | None

    @classmethod
    def of(cls, page: MessagePage, payer: Payer) -> "MessagesAnswer":
        return cls(
            messages=[MessageAnswer.of(message, payer) for message in page.messages],
            unread=page.unread,
            cursor=page.cursor,
        )


class UnreadAnswer(AnswerModel):
    """How many messages nobody of the TIN has read."""

    unread: int
