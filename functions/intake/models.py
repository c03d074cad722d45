"""Request models of intake, and the event by which a delegated vendor reports a determination."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from precert.domain.content import MAX_LINES, RequestContent
from precert.domain.dates import Instant
from precert.domain.review import Approval, LineDecision
from precert.domain.statuses import EnteredStatus
from precert.domain.values import Text, Value
from precert.usecases.intake import Arrival
from precert.usecases.vendor_reports import VendorReport


class RegisterRequestBody(Arrival):
    """A request that was received by phone, fax, mail or EDI."""

    content: RequestContent


class ReportedLineEvent(Value):
    """A delegated vendor's approval of one service line, in codes only: events contain no PHI.

    A denial or a reduction has a rationale, which no event may contain: it is reported by HTTPS.
    """

    model_config = ConfigDict(extra="ignore")

    line_id: Text
    status: EnteredStatus
    reason_code: Annotated[Text, Field(max_length=4)] | None = None
    approved: Approval | None = None


class ReportedDetermination(Value):
    """The detail of a delegated vendor's event (W8), for a request that the payer delegated to it.

    The event's source names the vendor. Unknown members are ignored.
    """

    model_config = ConfigDict(extra="ignore")

    version: Literal[1] = 1
    number: Annotated[Text, Field(pattern=r"^[A-Z]{2}[0-9]{10}$")]
    reference: Text
    reported_at: Instant
    lines: Annotated[tuple[ReportedLineEvent, ...], Field(min_length=1, max_length=MAX_LINES)]

    def report(self, vendor_id: str) -> VendorReport:
        """The same report as by HTTPS."""
        return VendorReport(
            vendor_id=vendor_id,
            reference=self.reference,
            reported_at=self.reported_at,
            lines=tuple(LineDecision(**dict(line)) for line in self.lines),
            number=self.number,
        )
