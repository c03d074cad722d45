"""Each client may make a number of calls a minute, counted over all processes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from functions.status import handler as status
from precert.adapters.dynamodb.rate_limits import DynamoDBCallCounts
from precert.domain.audit import AccessOutcome
from precert.domain.errors import TooManyRequestsError
from precert.names import Env
from precert.settings import Settings, SettingsError
from precert.usecases.rate_limits import RateLimit, reported_at_once
from tests.adapters.callers import FACILITY
from tests.adapters.cloud import Cloud
from tests.adapters.tables import create_reference_table, names

LIMIT: Final = 120
NOW: Final = datetime(2026, 7, 1, 8, 0, 17, tzinfo=UTC)


@pytest.fixture
def counts(cloud: Cloud) -> Iterator[DynamoDBCallCounts]:
    client, table = cloud.clients.by_name["dynamodb"], names("limits")
    create_reference_table(client, table)
    yield DynamoDBCallCounts(client, limits_table=table)
    client.delete_table(TableName=table)


def admitted(limits: list[RateLimit], calls: int, now: datetime = NOW) -> int:
    """How many calls of one client are admitted, one process after the other."""
    found = 0
    for number in range(calls):
        try:
            limits[number % len(limits)].admit("client", now)
        except TooManyRequestsError:
            continue
        found += 1
    return found


def test_calls_are_counted_over_all_processes_when_one_client_makes_them(
    counts: DynamoDBCallCounts,
) -> None:
    processes = [RateLimit(counts, LIMIT) for _ in range(5)]
    most = LIMIT + len(processes) * reported_at_once(LIMIT)
    assert LIMIT <= admitted(processes, 400) <= most
    assert admitted(processes, 50, NOW + timedelta(seconds=30)) == 0
    assert admitted(processes, 50, NOW + timedelta(seconds=60)) == 50


def test_wait_is_the_rest_of_the_minute_when_a_call_is_refused(counts: DynamoDBCallCounts) -> None:
    limit = RateLimit(counts, 1)
    limit.admit("client", NOW)
    with pytest.raises(TooManyRequestsError) as refused:
        limit.admit("client", NOW)
    assert refused.value.retry_after == 43
    limit.admit("another client", NOW)


def test_calls_are_admitted_when_they_cannot_be_counted(
    cloud: Cloud, counts: DynamoDBCallCounts
) -> None:
    limit = RateLimit(counts, 1)
    for _ in range(3):
        cloud.wire.cut("UpdateItem")
        limit.admit("client", NOW)


def test_count_costs_a_tenth_of_a_call_when_the_limit_is_high(
    cloud: Cloud, counts: DynamoDBCallCounts
) -> None:
    limit = RateLimit(counts, 1200)
    with cloud.wire.counting() as calls:
        admitted([limit], 100)
    assert calls == ["UpdateItem"] * 10


def test_call_is_answered_429_with_retry_after_when_the_client_made_too_many(
    cloud: Cloud, counts: DynamoDBCallCounts
) -> None:
    cloud.deps.rate_limit = RateLimit(counts, 2)
    replies = [cloud.call(status, "GET", "/v1/requests") for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 429, 429]
    assert replies[2].code == "too_many_requests"
    assert 1 <= int(replies[2].headers["Retry-After"]) <= 60
    assert cloud.call(status, "GET", "/v1/requests", by=FACILITY).status == 200
    refused = [one for one in cloud.audit.records.values() if one.status == 429]
    assert {one.outcome for one in refused} == {AccessOutcome.REFUSED}


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_deployment_is_refused_when_the_limit_is_no_number(value: str) -> None:
    with pytest.raises(SettingsError):
        _ = Settings({Env.CALLS_PER_MINUTE: value}).calls_per_minute
    assert Settings({Env.CALLS_PER_MINUTE: "off"}).calls_per_minute is None
