"""The bus (port :class:`precert.usecases.ports.workflow.EventBus`)."""

from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from precert.adapters.dynamodb.table import json_of
from precert.domain.errors import TransientError
from precert.domain.events import Event, ReportRefusal
from precert.names import EVENT_SOURCE, VENDOR_REPORT_REFUSED

if TYPE_CHECKING:
    from mypy_boto3_events.client import EventBridgeClient


class EventBridgeBus:
    """Publishes events, without the users they concern (A3)."""

    def __init__(self, client: "EventBridgeClient", *, bus_name: str) -> None:
        self._client = client
        self._bus_name = bus_name

    def publish(self, event: Event) -> None:
        published = event.model_copy(update={"actor": None, "assigned_to": None})
        self._put(event.type.value, json_of(published), event.at)

    def refuse(self, refusal: ReportRefusal) -> None:
        """Publish the reply to a vendor's report that was refused.

        Raises:
            TransientError: the bus did not accept it.
        """
        self._put(VENDOR_REPORT_REFUSED, json_of(refusal), refusal.at)

    def _put(self, detail_type: str, detail: str, at: datetime) -> None:
        entry = {
            "EventBusName": self._bus_name,
            "Source": EVENT_SOURCE,
            "DetailType": detail_type,
            "Detail": detail,
            "Time": at,
        }
        try:
            answer = self._client.put_events(Entries=[entry])  # type: ignore[list-item]
        except (BotoCoreError, ClientError) as error:
            raise TransientError("The bus did not answer. Try again.") from error
        if answer["FailedEntryCount"]:
            raise TransientError("The bus did not take the event. Try again.")
