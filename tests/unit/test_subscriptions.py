"""What a subscription attempts next, after each result of an attempt."""

from datetime import timedelta
from typing import Any

import pytest

from precert.domain.subscriptions import (
    HANDSHAKES,
    LEASE,
    TURNED_OFF_AFTER,
    DeliveryError,
    NotificationType,
    Organization,
    OrganizationKind,
    Subscription,
    SubscriptionStatus,
)
from tests.fakes.clock import START


def subscription(**changes: Any) -> Subscription:
    return Subscription(
        subscription_id="01J",
        subject="client",
        organizations=(Organization(kind=OrganizationKind.TIN, number="123456789"),),
        endpoint="https://ehr.example.org",
        media_type="application/fhir+json",
        resource={},
        base_url="https://plan.example.org",
        created_at=START,
        changed_at=START,
        attempt_at=START,
        **changes,
    )


def active(**changes: Any) -> Subscription:
    found = subscription(**changes)
    return found.attempting(START).succeeded(NotificationType.HANDSHAKE, START)


def test_handshake_comes_first_when_events_wait() -> None:
    found = subscription().with_event(START)
    assert found.next_notification(START) is NotificationType.HANDSHAKE
    after = found.attempting(START).succeeded(NotificationType.HANDSHAKE, START)
    assert (after.status, after.next_notification(START)) == (
        SubscriptionStatus.ACTIVE,
        NotificationType.EVENT,
    )


def test_nothing_is_attempted_when_an_attempt_is_in_progress() -> None:
    trying = active().with_event(START).attempting(START)
    assert trying.next_notification(START) is None
    assert trying.with_event(START).next_notification(START + timedelta(seconds=30)) is None
    assert trying.next_notification(START + LEASE) is NotificationType.EVENT


def test_interrupted_attempt_counts_as_failed_when_it_is_repeated() -> None:
    found, at = active().with_event(START), START
    while not found.attempts_are_exhausted(at):
        assert found.attempt_at is not None
        at = max(at, found.attempt_at)
        found = found.attempting(at)
    assert at - START >= TURNED_OFF_AFTER
    ended = found.ended_by_failures(at)
    assert (ended.status, ended.error) == (SubscriptionStatus.OFF, DeliveryError.INTERRUPTED)
    assert ended.due_at is None


def test_new_event_does_not_shorten_the_pause_when_the_endpoint_fails() -> None:
    failed = active().with_event(START).attempting(START)
    failed = failed.failed(DeliveryError.TIMED_OUT, START)
    assert failed.with_event(START).attempt_at == failed.attempt_at


def test_pauses_grow_when_attempts_fail() -> None:
    found, at, pauses = active().with_event(START), START, []
    for _ in range(12):
        found = found.attempting(at).failed(DeliveryError.TIMED_OUT, at)
        assert found.attempt_at is not None
        pauses.append(found.attempt_at - at)
        at = found.attempt_at
    assert pauses == sorted(pauses)
    assert pauses[0] < timedelta(minutes=1) < timedelta(hours=1) < pauses[-1]


def test_each_event_is_completed_once_when_attempts_succeed() -> None:
    found = active().with_event(START).with_event(START)
    for number in (1, 2):
        assert found.next_notification(START) is NotificationType.EVENT
        found = found.attempting(START).succeeded(NotificationType.EVENT, START)
        assert (found.completed, found.attempts) == (number, 0)
    assert found.next_notification(START) is None
    assert found.attempt_at is None


@pytest.mark.parametrize("verified", [True, False])
def test_version_increases_by_one_when_the_last_attempt_fails(*, verified: bool) -> None:
    found = active().with_event(START) if verified else subscription()
    at = START
    while not found.has_stopped:
        begun = found.attempting(at)
        found = begun.failed(DeliveryError.TIMED_OUT, at)
        assert found.version == begun.version + 1
        at = found.attempt_at or at
    expected = SubscriptionStatus.OFF if verified else SubscriptionStatus.ERROR
    assert found.status is expected
    assert verified or found.attempts == HANDSHAKES


def test_event_numbers_continue_when_the_owner_updates_it() -> None:
    before = active().with_event(START).with_event(START)
    after = before.updated(subscription(), START)
    assert (after.last_number, after.completed, after.verified) == (2, 0, False)
    assert after.version == before.version + 1


def test_heartbeat_follows_when_its_period_has_passed_without_events() -> None:
    found = active(heartbeat_seconds=600)
    later = START + timedelta(seconds=600)
    assert (found.next_notification(START), found.next_notification(later)) == (
        None,
        NotificationType.HEARTBEAT,
    )
    assert found.due_at == later
