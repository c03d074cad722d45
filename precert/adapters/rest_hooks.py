"""Notifications to the endpoints of clients (port ``Endpoints``), by HTTPS to public addresses only."""

from http import HTTPStatus
from typing import Final

from precert.adapters.public_https import CallFailure, PublicCallError, PublicHttps
from precert.domain.subscriptions import DeliveryError
from precert.usecases.ports.subscriptions import Headers, NotDeliveredError
from precert.usecases.ports.writes import require_writes

_ERRORS: Final = {
    CallFailure.ADDRESS_REFUSED: DeliveryError.ADDRESS_REFUSED,
    CallFailure.NAME_NOT_RESOLVED: DeliveryError.NAME_NOT_RESOLVED,
    CallFailure.CONNECTION_FAILED: DeliveryError.CONNECTION_FAILED,
    CallFailure.TLS_FAILED: DeliveryError.TLS_FAILED,
    CallFailure.TIMED_OUT: DeliveryError.TIMED_OUT,
}
_AGENT: Final = "precert-subscriptions"


class RestHooks:
    """Sends notifications, one per call. Of the response, only the status is read."""

    def __init__(self, https: PublicHttps) -> None:
        self._https = https

    def post(
        self, url: str, body: bytes, *, media_type: str, headers: Headers, seconds: int
    ) -> None:
        require_writes()
        values = {name: value.get_secret_value() for name, value in headers.items()}
        own = {"Content-Type": media_type, "User-Agent": _AGENT}
        try:
            response = self._https.call(
                "POST", url, headers={**own, **values}, body=body, seconds=seconds
            )
        except PublicCallError as error:
            raise NotDeliveredError(_ERRORS[error.failure]) from None
        _require_accepted(response.status)


def _require_accepted(status: int) -> None:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise NotDeliveredError(DeliveryError.REDIRECTED, status)
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise NotDeliveredError(DeliveryError.NOT_ACCEPTED, status)
