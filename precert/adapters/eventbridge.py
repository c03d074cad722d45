"""The bus (port :class:`precert.usecases.ports.workflow.EventBus`)."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from precert.adapters.dynamodb.table import json_of
from precert.domain.errors import TransientError
from precert.domain.events import Event
from precert.names import EVENT_SOURCE

if TYPE_CHECKING:
    from mypy_boto3_events.client import EventBridgeClient


class EventBridgeBus:
    """Publishes events, without the users they concern (A3)."""

    def __init__(self, client: "EventBridgeClient", *, bus_name: str) -> None:
        self._client = client
        self._bus_name = bus_name

    def publish(self, event: Event) -> None:
        published = event.model_copy(update={"actor": None, "assigned_to": None})
        entry = {
            "EventBusName": self._bus_name,
            "Source": EVENT_SOURCE,
            "DetailType": event.type.value,
            "Detail": json_of(published),
            "Time": event.at,
        }
        try:
            answer = self._client.put_events(Entries=[entry])  # type: ignore[list-item]
        except (BotoCoreError, ClientError) as error:
            raise TransientError("The bus did not answer. Try again.") from error
        if answer["FailedEntryCount"]:
            raise TransientError("The bus did not take the event. Try again.")
