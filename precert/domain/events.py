"""Events of a request, each written in one transaction with the change that it records.

The events are the request's history, and are published on the event bus with ids and codes only.
``actor`` and ``assigned_to`` are not published: they are stored for the audit trail (A3).
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from precert.domain.dates import Moment
from precert.domain.documents import Refusal
from precert.domain.event_types import EventType
from precert.domain.statuses import Status, WaitingOn
from precert.domain.values import CodeType, Text, Tin, Value


class VendorLine(Value):
    """A service line that a delegated vendor decides, with ids and codes only."""

    model_config = ConfigDict(extra="ignore")

    vendor_id: Text
    line_id: Text
    procedure_code: Text | None = None
    code_set: CodeType | None = None


class Event(Value):
    """One event. ``event_id`` is the same at every delivery, so that repetitions can be ignored."""

    version: Literal[1] = 1
    """Version of the schema: members are only added; an incompatible change is a new type."""
    event_id: Text
    type: EventType
    request_id: Text
    cycle: Annotated[int, Field(ge=0)]
    at: Moment
    status: Status
    number: Text | None = None
    tins: tuple[Tin, ...]
    waiting_on: WaitingOn | None = None
    """Who must act next; ``None`` where the event does not change it."""
    due_at: Moment | None = None
    """The instant by which that party must act; ``None`` if it is not known, or no party must act."""
    document_id: Text | None = None
    vendor_id: Text | None = None
    """The delegated vendor that reported, or whose decision is due."""
    vendor_lines: tuple[VendorLine, ...] | None = None
    """All service lines that delegated vendors decide; absent where there are none."""
    approved_also_in: tuple[Text, ...] | None = None
    """Numbers of other requests that approve a decided service on overlapping dates (S2)."""
    refusal_code: Refusal | None = None
    """Why the document was refused."""
    actor: Text | None = None
    assigned_to: Text | None = None
    """The reviewer to whom a review lead assigned the case; for the audit trail, not published."""


class PublishedEvent(Event):
    """An event as a consumer reads it. Unknown members are ignored."""

    model_config = ConfigDict(extra="ignore")


class ReportError(Value):
    """One error of a vendor's report, as in a problem of the API, without the message."""

    pointer: Annotated[str, Field(description="A JSON pointer into the detail of the report.")]
    code: Annotated[Text, Field(description="An error code of the API.")]


class ReportRefusal(Value):
    """The event about a refused report of a vendor, with ids and error codes only.

    Nothing of the report was recorded. Like every event it can be delivered more than once, with the
    same ``event_id``.
    """

    version: Literal[1] = 1
    event_id: Annotated[Text, Field(description="The same at every delivery.")]
    report_id: Annotated[
        Text, Field(description="The `id` of the report's event, which `PutEvents` returned.")
    ]
    vendor_id: Annotated[Text, Field(description="The vendor that sent the report.")]
    at: Annotated[Moment, Field(description="When the report was refused.")]
    number: Annotated[
        Text | None,
        Field(description="The precertification number in the report, if it has the form of one."),
    ] = None
    code: Annotated[Text, Field(description="The code of a problem of the API.")]
    errors: Annotated[
        tuple[ReportError, ...],
        Field(description="All errors of the report, at most 100, if `code` is `invalid_input`."),
    ] = ()


def event_id(request_id: str, *parts: int | str) -> str:
    """The id of an event. It is the same at every attempt to record the event, which is recorded once.

    ``parts`` are the version that the change creates, or what the event is about: the id of a document,
    or a version with a suffix. Versions are written with six digits, so that ids sort by them.
    """
    written = (f"{part:06d}" if isinstance(part, int) else part for part in parts)
    return ".".join((request_id, *written))
