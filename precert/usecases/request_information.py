"""Ask the providers for what a decision needs (W2)."""

from collections.abc import Sequence
from datetime import datetime

from precert.domain import reviewing
from precert.domain.caller import Caller
from precert.domain.clocks import information_deadline
from precert.domain.errors import Fault, InvalidInputError
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.usecases.change_case import change_case
from precert.usecases.ports.requests import RequestStore


def request_information(
    request_id: str,
    documents: Sequence[str],
    text: str | None,
    caller: Caller,
    *,
    requests: RequestStore,
    payer: Payer,
    now: datetime,
) -> Request:
    """Stop the payer's clock until the providers answer, or their own time is over.

    ``documents`` are codes of the payer's wanted documents. Asking the same again changes nothing.

    Raises:
        NotEntitledError, NotFoundError.
        InvalidInputError: a code is none of the payer's, or nothing is asked for.
        ActionNotAllowedError: something else is asked for already, an appeal is open, a colleague
            holds the case, or nothing waits for a reviewer.
    """
    wanted = tuple(dict.fromkeys(documents))

    def move(request: Request) -> Change | None:
        if faults := _unknown(documents, payer):
            raise InvalidInputError(faults)
        standing = request.submitted.open_information_request
        if standing and (standing.asked_by, standing.documents, standing.text) == (
            caller.subject,
            wanted,
            text,
        ):
            return None
        clock = payer.review_clocks[request.plan.line_of_business]
        return reviewing.request_information(
            request,
            wanted,
            text,
            answer_by=information_deadline(now, request.urgency, clock),
            by=caller.subject,
            now=now,
        )

    return change_case(request_id, move, caller, requests=requests, now=now)


def _unknown(documents: Sequence[str], payer: Payer) -> list[Fault]:
    choices = tuple(sorted(payer.wanted_documents))
    return [
        Fault(f"/documents/{index}", "not_a_choice", f"send one of {', '.join(choices)}", choices)
        for index, code in enumerate(documents)
        if code not in payer.wanted_documents
    ]
