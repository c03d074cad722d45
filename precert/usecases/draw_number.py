"""Draw a precertification number that was never given (S1)."""

from collections.abc import Callable
from typing import Final

from precert.domain.errors import TransientError
from precert.domain.numbers import precert_number
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.usecases.ports.drafts import NumberTakenError

ATTEMPTS: Final = 5
UNNUMBERED: Final = "-"
"""Of a request that is not stored yet."""


def numbered(
    request: Request,
    store: Callable[[Request], None],
    *,
    payer: Payer,
    serial: Callable[[], int],
) -> Request:
    """The request with a number, as stored; a number that exists is drawn anew.

    Raises:
        TransientError: no free number was drawn.
    """
    for _ in range(ATTEMPTS):
        number = precert_number(payer.number_prefix, serial())
        review = request.submitted.model_copy(update={"number": number})
        drawn = request.model_copy(update={"review": review})
        try:
            store(drawn)
        except NumberTakenError:
            continue
        return drawn
    raise TransientError("No free precertification number was drawn. Send it again.")
