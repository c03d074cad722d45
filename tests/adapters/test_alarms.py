"""Each alarm on a metric of the product is provoked: the functions record exactly that metric."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import pytest

from functions.expire import orphans
from functions.inbox import handler as inbox
from functions.subscriptions import sweep as subscription_sweep
from functions.upload import sweep as upload_sweep
from infra.alarms import METRICS_NAME, OWN_ALARMS, OwnAlarm
from precert.domain.errors import PrecertError
from precert.domain.subscriptions import DeliveryError
from precert.names import DOCUMENT_PREFIX
from tests.adapters.calls import Context
from tests.adapters.cloud import PDF, Cloud
from tests.adapters.subscriber import subscriber
from tests.adapters.test_vendors import delegated
from tests.fakes.samples import BOWEL_SURGERY, PLAN


def _without_execution(cloud: Cloud) -> None:
    cloud.pended(services=[BOWEL_SURGERY])
    cloud.clock.pass_by(days=12)
    cloud.sweep()


def _without_assessment(cloud: Cloud) -> None:
    cloud.submitted()
    cloud.clock.pass_by(minutes=11)
    cloud.sweep()


def _checking(cloud: Cloud) -> tuple[str, str, str]:
    """A document that waits for its scan, and its version."""
    cloud.scan_documents()
    request_id = cloud.pended()
    document_id = str(cloud.offer(request_id).body["document"]["document_id"])
    version_id = cloud.put_file(request_id, document_id, PDF)
    cloud.deliver_arrival(f"{DOCUMENT_PREFIX}{request_id}/{document_id}")
    return request_id, document_id, version_id


def _without_result(cloud: Cloud) -> None:
    cloud.deliver_scan_result(*_checking(cloud), "FAILED")


def _never_scanned(cloud: Cloud) -> None:
    _checking(cloud)
    cloud.clock.pass_by(minutes=31)
    upload_sweep.handle({}, Context())


def _without_notices(cloud: Cloud) -> None:
    cloud.determined()
    cloud.clock.pass_by(minutes=31)
    cloud.sweep()


def _unreadable(cloud: Cloud) -> None:
    request_id = cloud.pended()
    item = {**(cloud.item(request_id) or {}), "plan": {"S": "{"}}
    cloud.clients.by_name["dynamodb"].put_item(TableName=cloud.requests_table, Item=item)
    assert cloud.read(request_id).status == 500


def _unavailable(cloud: Cloud) -> None:
    request_id = cloud.pended()
    cloud.wire.cut("Query")
    assert cloud.read(request_id).status == 503


def _failing(cloud: Cloud) -> None:
    with suppress(ValueError):
        inbox.handle({"detail": {}}, Context())


def _late(line_of_business: str) -> Callable[[Cloud], None]:
    def provoke(cloud: Cloud) -> None:
        cloud.cover(plan=PLAN.model_copy(update={"line_of_business": line_of_business}))
        request_id = cloud.pended(services=[BOWEL_SURGERY])
        cloud.clock.pass_by(days=16)
        cloud.check_deadline(request_id)
        assert cloud.relay(cloud.stream()) == []

    return provoke


def _vendor_late(cloud: Cloud) -> None:
    delegated(cloud)
    cloud.clock.pass_by(days=16)
    cloud.sweep()
    assert cloud.relay(cloud.stream()) == []


def _without_handshake(cloud: Cloud) -> None:
    client = subscriber(cloud)
    client.receiver.error = DeliveryError.NAME_NOT_RESOLVED
    client.create()
    for _ in range(60):
        client.work()
        cloud.clock.pass_by(minutes=2)
        client.sweep()


def _without_archive(cloud: Cloud) -> None:
    """The stream lost the record of a request that was removed at the end of its retention."""
    lost = {"pk": {"S": f"REQUEST#{cloud.determined()}"}, "sk": {"S": "REQUEST"}}
    cloud.clients.by_name["dynamodb"].delete_item(TableName=cloud.requests_table, Key=lost)
    cloud.clock.pass_by(days=365 * cloud.deps.payer.history_years + 9)
    orphans.handle({}, Context())


PROVOKED: Final[tuple[tuple[str, Callable[[Cloud], None]], ...]] = (
    ("ClocksSwept", _without_execution),
    ("RequestsWaiting", _without_assessment),
    ("UnresolvedScans", _without_result),
    ("UnresolvedScans", _never_scanned),
    ("NoticesWaiting", _without_notices),
    ("ServerErrors", _unreadable),
    ("DamagedRecords", _unreadable),
    ("Unavailable", _unavailable),
    ("HandledErrors", _failing),
    ("DeadlinesPassed", _late("COMMERCIAL")),
    ("DeemedDenials", _late("MEDICAID")),
    ("VendorDeadlinesPassed", _vendor_late),
    ("SubscriptionsOff", _without_handshake),
    ("OrphansRetained", _without_archive),
)
RUNS: Final[dict[str, Callable[[Cloud], None]]] = {
    "SweepMissing": lambda _cloud: Cloud.sweep(),
    "WarningsMissing": lambda _cloud: Cloud.warn(),
    "UploadSweepMissing": lambda _cloud: upload_sweep.handle({}, Context()),
    "OrphanSweepMissing": lambda _cloud: orphans.handle({}, Context()),
    "SubscriptionSweepMissing": lambda _cloud: subscription_sweep.handle({}, Context()),
}
"""What must run."""


def values_of(alarm: OwnAlarm, output: str) -> list[float]:
    """What CloudWatch has of the alarm's metric, by name, namespace and dimensions (EMF)."""
    values: list[float] = []
    for line in output.splitlines():
        record: dict[str, Any] = json.loads(line)
        [directive] = record["_aws"]["CloudWatchMetrics"]
        names = {one["Name"] for one in directive["Metrics"]}
        by_service = ["service"] in directive["Dimensions"] and record["service"] == METRICS_NAME
        if alarm.metric in names and by_service and directive["Namespace"] == METRICS_NAME:
            values += record[alarm.metric]
    return values


def test_every_alarm_is_provoked_when_the_product_has_it() -> None:
    assert {alarm.name for alarm in OWN_ALARMS} == {name for name, _ in PROVOKED} | RUNS.keys()


@pytest.mark.parametrize(("name", "provoke"), PROVOKED)
def test_alarm_is_raised_when_its_condition_is_provoked(
    cloud: Cloud,
    name: str,
    provoke: Callable[[Cloud], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    [alarm] = (one for one in OWN_ALARMS if one.name == name)
    cloud.pended()
    cloud.sweep()
    assert not alarm.is_raised(values_of(alarm, capsys.readouterr().out))
    provoke(cloud)
    values = values_of(alarm, capsys.readouterr().out)
    assert values
    # What is counted happens as often as the threshold requires.
    assert alarm.is_raised(values if alarm.maximum else values * (alarm.above + 1))


@pytest.mark.parametrize("name", RUNS)
def test_alarm_is_raised_when_a_schedule_does_not_complete(
    cloud: Cloud, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    [alarm] = (one for one in OWN_ALARMS if one.name == name)
    capsys.readouterr()
    RUNS[name](cloud)
    assert not alarm.is_raised(values_of(alarm, capsys.readouterr().out))
    cloud.wire.cut("Scan" if name == "OrphanSweepMissing" else "Query")
    with pytest.raises(PrecertError):
        RUNS[name](cloud)
    assert alarm.is_raised(values_of(alarm, capsys.readouterr().out))
