"""Give a letter out: both providers of its request, and the reviewers of its plan (W4)."""

from datetime import datetime, timedelta

from precert.domain.caller import Caller
from precert.domain.errors import NotFoundError
from precert.domain.letters import Letter
from precert.domain.payer import Payer
from precert.usecases.download_document import DocumentLink
from precert.usecases.ports.letters import LetterBytes
from precert.usecases.ports.requests import RequestFile, RequestStore
from precert.usecases.read_case import read_case
from precert.usecases.read_request import read_request


def download_letter(
    request_id: str,
    letter_id: str,
    caller: Caller,
    *,
    requests: RequestStore,
    store: LetterBytes,
    payer: Payer,
    now: datetime,
) -> DocumentLink:
    """A link for one of the request's providers; drafts and delegated requests have no letters.

    One call.

    Raises:
        NotEntitledError, NotFoundError, DraftExpiredError.
    """
    file = read_request(request_id, caller, requests=requests, now=now)
    return _link(file, letter_id, store, payer, now)


def download_case_letter(
    request_id: str,
    letter_id: str,
    caller: Caller,
    *,
    requests: RequestStore,
    store: LetterBytes,
    payer: Payer,
    now: datetime,
) -> DocumentLink:
    """The same for a reviewer of the request's plan. One call.

    Raises:
        NotEntitledError, NotFoundError.
    """
    file = read_case(request_id, caller, requests=requests)
    return _link(file, letter_id, store, payer, now)


def _letter_in(file: RequestFile, letter_id: str) -> Letter:
    for letter in file.letters:
        if letter.letter_id == letter_id:
            return letter
    raise NotFoundError("There is no such letter with this request.")


def _link(
    file: RequestFile, letter_id: str, store: LetterBytes, payer: Payer, now: datetime
) -> DocumentLink:
    letter = _letter_in(file, letter_id)
    seconds = payer.documents.download_seconds
    url = store.download_url(file.request.request_id, letter, seconds=seconds)
    return DocumentLink(url, now + timedelta(seconds=seconds))
