"""Examples of requests from other channels than the portal."""

from functions.intake.models import RegisterRequestBody
from precert.api.models import ChangedRequest, SubmissionResponse
from precert.domain.review import Channel, LineDecision
from precert.domain.statuses import LineStatus
from precert.usecases.submission import SubmittedRequest
from precert.usecases.vendor_reports import VendorReport
from tools.openapi_example import Example
from tools.openapi_story import DETERMINED, REQUEST_ID, STARTED, Story


def intake_examples(example: Story) -> dict[str, Example]:
    """By operation id."""
    submitted, determined = example.submitted.submitted, example.determined.request
    return {
        "registerRequest": Example(
            RegisterRequestBody(
                channel=Channel.FAX,
                reference="FAX-20270301-0042",
                received_at=STARTED,
                content=example.draft.content,
            ),
            SubmissionResponse.of(
                SubmittedRequest(REQUEST_ID, submitted.number, example.submitted.status, STARTED)
            ),
        ),
        "reportDetermination": Example(
            VendorReport(
                vendor_id="EVICORE-RAD",
                reference="RAD-2027-0001183",
                reported_at=DETERMINED,
                content=example.draft.content,
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
