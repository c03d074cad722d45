"""What comes in by other ways than the portal: registered requests, vendors' determinations."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from precert.domain.content import MAX_LINES, RequestContent
from precert.domain.review import Approval, Channel, LineDecision
from precert.domain.statuses import EnteredStatus
from precert.domain.values import Instant, Text, Value
from precert.usecases.intake import Arrival, Report


class RegisterRequestBody(Value):
    """A request that came by phone, fax, mail or EDI (S5).

    ``reference`` is what the channel calls it: a call's, fax's or interchange's number. Registered
    again by the same reference it is the same request. Its clock runs from ``received_at``.
    """

    channel: Literal[Channel.PHONE, Channel.FAX, Channel.MAIL, Channel.EDI]
    reference: Text
    received_at: Instant
    content: RequestContent

    @property
    def arrival(self) -> Arrival:
        return Arrival(self.channel, self.reference, self.received_at)


class ReportDeterminationBody(Value):
    """A vendor's determination of every line of a case (W8).

    With our ``number`` where the payer handed the request on; else with the ``content`` that was asked
    for at the vendor, whose lines are counted as ours are: ``<service>.<line>``, from 1. Of reports of
    one ``reference`` the one with the latest ``reported_at`` holds, in whatever order they come.
    """

    vendor_id: Text
    reference: Text
    reported_at: Instant
    number: Text | None = None
    content: RequestContent | None = None
    lines: Annotated[tuple[LineDecision, ...], Field(min_length=1, max_length=MAX_LINES)]

    @property
    def report(self) -> Report:
        return Report(
            vendor_id=self.vendor_id,
            reference=self.reference,
            reported_at=self.reported_at,
            lines=self.lines,
            number=self.number,
            content=self.content,
        )


class ReportedLineEvent(Value):
    """A vendor's decision of one line, in codes."""

    model_config = ConfigDict(extra="ignore")

    line_id: Text
    status: EnteredStatus
    reason_code: Annotated[Text, Field(max_length=4)] | None = None
    approved: Approval | None = None


class ReportedDetermination(Value):
    """The detail of a vendor's event (W8): ids and codes, for requests that the payer handed on.

    Which vendor it is of, the event's source says. Members that are not known here are passed over.
    """

    model_config = ConfigDict(extra="ignore")

    version: Literal[1] = 1
    number: Annotated[Text, Field(pattern=r"^[A-Z]{2}[0-9]{10}$")]
    reference: Text
    reported_at: Instant
    lines: Annotated[tuple[ReportedLineEvent, ...], Field(min_length=1, max_length=MAX_LINES)]

    def report(self, vendor_id: str) -> Report:
        """The report that the event makes, of the vendor that its source names."""
        return Report(
            vendor_id=vendor_id,
            reference=self.reference,
            reported_at=self.reported_at,
            lines=[LineDecision(**dict(line)) for line in self.lines],
            number=self.number,
        )
