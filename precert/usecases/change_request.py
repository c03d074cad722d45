"""Read a request, change it, and record the change; again where somebody else was quicker."""

from collections.abc import Callable

from precert.domain.errors import TransientError
from precert.domain.request import Change, Request
from precert.usecases.ports.requests import ConcurrentChangeError, RequestStore

ATTEMPTS = 5


def change_request(
    request_id: str,
    change: Callable[[Request | None], Change | Request],
    *,
    requests: RequestStore,
) -> Request:
    """Apply ``change`` to what stands and record it, conditional on its version.

    ``change`` refuses by raising, and is asked again with the newer state after a lost race, so that
    of two opposite changes one wins and the other is told why it lost. It answers the request as it
    stands where there is nothing to do, so that a click that comes twice is answered as before.

    Raises:
        TransientError: others were quicker every time.
    """
    for _ in range(ATTEMPTS):
        wanted = change(requests.read(request_id))
        if isinstance(wanted, Request):
            return wanted
        try:
            requests.record(wanted)
        except ConcurrentChangeError:
            continue
        return wanted.request
    raise TransientError("The request is being changed by others. Try again.")
