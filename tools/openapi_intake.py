"""Examples of what comes in by other ways than the portal."""

from functions.intake.models import RegisterRequestBody
from precert.api.models import ChangedRequest, SubmissionResponse
from precert.domain.review import Channel, LineDecision
from precert.domain.statuses import LineStatus
from precert.usecases.intake import VendorReport
from precert.usecases.submission import SubmittedRequest
from tools.openapi_example import Example
from tools.openapi_story import DETERMINED, REQUEST_ID, STARTED, Story


def intake_examples(told: Story) -> dict[str, Example]:
    """By operation id."""
    submitted, determined = told.submitted.submitted, told.determined.request
    return {
        "registerRequest": Example(
            RegisterRequestBody(
                channel=Channel.FAX,
                reference="FAX-20270301-0042",
                received_at=STARTED,
                content=told.draft.content,
            ),
            SubmissionResponse.of(
                SubmittedRequest(REQUEST_ID, submitted.number, told.submitted.status, STARTED)
            ),
        ),
        "reportDetermination": Example(
            VendorReport(
                vendor_id="EVICORE-RAD",
                reference="RAD-2027-0001183",
                reported_at=DETERMINED,
                content=told.draft.content,
                lines=tuple(
                    LineDecision(
                        line_id=line.line_id,
                        status=LineStatus.DENIED
                        if line.status is LineStatus.DENIED
                        else LineStatus.APPROVED,
                        reason_code=line.decisions[-1].reason_code,
                        rationale=line.decisions[-1].rationale,
                        criterion=line.decisions[-1].criterion,
                    )
                    for line in determined.submitted.lines
                ),
            ),
            ChangedRequest.of(determined),
        ),
    }
