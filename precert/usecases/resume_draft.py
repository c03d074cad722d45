"""Resume a draft: all of it comes back, documents included (D4)."""

from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.usecases.explain_refusal import live_draft
from precert.usecases.ports.requests import RequestFile, RequestStore


def resume_draft(
    draft_id: str, caller: Caller, *, requests: RequestStore, now: datetime
) -> RequestFile:
    """The draft with its documents. One call.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError, ActionNotAllowedError.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    file = requests.read_file(draft_id)
    live_draft(file.request if file else None, caller.tins, now)
    if file is None:
        raise AssertionError("a live draft has a file")
    return file
