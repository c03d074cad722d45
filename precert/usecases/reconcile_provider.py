"""An operator puts a directory entry in the place of a provider that did not match it (S3)."""

from datetime import datetime

from precert.domain import reconciling
from precert.domain.caller import Caller
from precert.domain.errors import Fault, InvalidInputError
from precert.domain.matching import Side
from precert.domain.request import Change, Request
from precert.usecases.change_case import change_as_operator
from precert.usecases.ports.reference import ReferenceReader
from precert.usecases.ports.requests import RequestStore


def reconcile_provider(
    request_id: str,
    side: Side,
    provider_id: str,
    caller: Caller,
    *,
    requests: RequestStore,
    reference: ReferenceReader,
    now: datetime,
) -> Request:
    """From now on the entry's TIN sees the request, and the one submitted does not (A2).

    An entry is one address under one TIN, so its id says which of a provider's is meant. The same
    choice sent again changes nothing; another replaces it.

    Raises:
        NotEntitledError, NotFoundError.
        InvalidInputError: the directory has no such entry, the side matched the directory, or the
            office that submitted the request would lose it.
    """

    def move(request: Request) -> Change | None:
        entry = reference.entries((provider_id,)).get(provider_id)
        if entry is None:
            message = "the directory has no such entry: have it loaded first"
            raise InvalidInputError([Fault("/provider_id", "not_listed", message)])
        return reconciling.reconcile_provider(request, side, entry, by=caller.subject, now=now)

    return change_as_operator(request_id, move, caller, requests=requests)
