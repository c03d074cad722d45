"""Request models of intake, and the event by which a delegated vendor reports a determination."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import ConfigDict, Field

from precert.api.details import SharedDetails, members_of
from precert.api.labels import RequestLabels, label_of, labels_of
from precert.domain.content import MAX_LINES, RequestContent
from precert.domain.dates import Instant
from precert.domain.payer import Payer
from precert.domain.review import Approval, Channel, IntakeException, LineDecision, Reason
from precert.domain.statuses import Action, EnteredStatus
from precert.domain.values import Text, Value
from precert.usecases.intake import Arrival
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import RequestFile
from precert.usecases.vendor_reports import VendorReport


class RegisterRequestBody(Arrival):
    """A request that was received by phone, fax, mail or EDI."""

    content: RequestContent


class VoidRegisteredBody(Value):
    """Why a registered request is withdrawn."""

    reason: Annotated[Reason, Field(description="Both providers can read it.")]


class RegisteredDetails(SharedDetails):
    """A registered request as the payer's staff read it back."""

    channel: Channel
    channel_label: ClassVar[Any] = label_of("channel")
    reference: str | None
    intake_exceptions: list[IntakeException] = Field(
        description="What providers cannot enter. An operator confirms it."
    )
    intake_exceptions_labels: ClassVar[Any] = labels_of("intake_exceptions")

    @classmethod
    def of(
        cls, file: RequestFile, *, payer: Payer, code_sets: CodeSets, now: datetime
    ) -> "RegisteredDetails":
        review = file.request.submitted
        members = members_of(file, payer, RequestLabels.of(file.request, payer, code_sets), now=now)
        members["allowed_actions"] = [
            action for action in members["allowed_actions"] if action in _CLERKS_ACTIONS
        ]
        return cls(
            **members,
            channel=review.channel,
            reference=review.reference,
            intake_exceptions=list(review.intake_exceptions),
        )


_CLERKS_ACTIONS: Final = frozenset({Action.DETAILS, Action.MODIFY, Action.VOID})


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
