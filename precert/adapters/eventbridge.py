"""The bus (port :class:`precert.usecases.ports.workflow.EventBus`), and its archive."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from precert.adapters.dynamodb.table import json_of
from precert.domain.errors import TransientError
from precert.domain.events import Event, ReportRefusal
from precert.domain.subscriptions import SubscriptionStop
from precert.names import (
    EVENT_SOURCE,
    SUBSCRIPTION_STOPPED,
    VENDOR_DETERMINED,
    VENDOR_REPORT_REFUSED,
)

if TYPE_CHECKING:
    from mypy_boto3_events.client import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef


_RUNNING: Final = "ResourceAlreadyExistsException"


class EventBridgeReplays:
    """Replays of the bus's archive to the rules of vendors' reports (port ``Replays``)."""

    def __init__(self, client: "EventBridgeClient", *, bus_name: str) -> None:
        self._client = client
        self._bus_name = bus_name

    def replay_reports(self, name: str, since: datetime, until: datetime) -> bool:
        try:
            arn = self._client.describe_event_bus(Name=self._bus_name)["Arn"]
            archives = self._client.list_archives(EventSourceArn=arn)["Archives"]
            if not archives:
                return False
            rules = self._client.list_rules(EventBusName=self._bus_name)["Rules"]
            archive_arn = arn.rsplit(":", 1)[0] + f":archive/{archives[0]['ArchiveName']}"
            self._client.start_replay(
                ReplayName=name,
                EventSourceArn=archive_arn,
                EventStartTime=since,
                EventEndTime=until,
                Destination={
                    "Arn": arn,
                    "FilterArns": [
                        one["Arn"] for one in rules if VENDOR_DETERMINED in one["EventPattern"]
                    ],
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != _RUNNING:
                raise TransientError("The archive did not respond. Try again.") from error
        except BotoCoreError as error:
            raise TransientError("The archive did not respond. Try again.") from error
        return True


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

    def stop(self, stop: SubscriptionStop) -> None:
        """Publish that notifications of a subscription are no longer attempted.

        Raises:
            TransientError: the bus did not accept it.
        """
        self._put(SUBSCRIPTION_STOPPED, json_of(stop), stop.at)

    def _put(self, detail_type: str, detail: str, at: datetime) -> None:
        entry: PutEventsRequestEntryTypeDef = {
            "EventBusName": self._bus_name,
            "Source": EVENT_SOURCE,
            "DetailType": detail_type,
            "Detail": detail,
            "Time": at,
        }
        try:
            response = self._client.put_events(Entries=[entry])
        except (BotoCoreError, ClientError) as error:
            raise TransientError("The bus did not respond. Try again.") from error
        if response["FailedEntryCount"]:
            raise TransientError("The bus did not accept the event. Try again.")
