"""Two operations on duplicates at once: the second runs whole before each call of the first (S2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Final

import pytest

from precert.domain.duplicates import current_fingerprint, repeats
from precert.domain.matching import ProviderRole
from precert.domain.request import Request
from precert.domain.review import Channel
from precert.domain.statuses import LineStatus, Status
from precert.usecases.operations import reconcile_provider
from precert.usecases.ports.requests import ConcurrentChangeError, DuplicateFoundError
from tests.fakes import samples
from tests.fakes.requests import JUST_READ
from tests.property.test_duplicate_oracle import OPERATOR, REFERENCE, History, decision

EXISTING, FIRST, SECOND = (f"{number:026d}" for number in (1, 2, 3))
MISTYPED: Final = {"provider_id": None, "npi": "1234567893"}


@dataclass
class Race:
    """Requests for the same services."""

    history: History = field(default_factory=lambda: History(Random(0)))

    def submit(
        self, name: str, days: int = 0, provider: Mapping[str, str | None] | None = None
    ) -> None:
        servicing = {**samples.entered()["servicing_provider"], **(provider or {})}
        services = samples.later(samples.entered()["services"], days)
        content = samples.content(servicing_provider=servicing, services=services)
        request = self.history.entered(name, content, Channel.PORTAL, self.history.now)
        review = request.submitted.model_copy(update={"number": f"PC{int(name):010d}"})
        try:
            self.history.register(request.model_copy(update={"review": review}), unique=True)
        except DuplicateFoundError:
            return

    def submit_for_later(self, name: str) -> None:
        """A request whose provider an operator corrects: no lock compares it with the others."""
        self.submit(name, provider={**MISTYPED, "tin": f"90000000{name[-1]}"})
        reconcile_provider(
            name,
            ProviderRole.SERVICING_PROVIDER,
            "P00001",
            OPERATOR,
            read=JUST_READ,
            requests=self.history.requests,
            reference=REFERENCE,
            now=self.history.now,
        )

    def assess(self, name: str) -> None:
        if self.read(name) is not None:
            self.history.assess_request(name)

    def void(self, name: str) -> None:
        request = self.read(name)
        if request is not None and request.status in {Status.PROCESSING, Status.PENDING}:
            self.history.requests.record(request.void("Not needed.", "provider", self.history.now))

    def deny(self, name: str) -> None:
        request = self.read(name)
        if request is not None and request.status is Status.PENDING:
            decisions = {
                line.line_id: decision(LineStatus.DENIED, self.history.now, 1)
                for line in request.submitted.lines
            }
            self.history.requests.record(
                request.determine(decisions, "reviewer-1", self.history.now)
            )

    def read(self, name: str) -> Request | None:
        return self.history.requests.read(name)

    @property
    def requests(self) -> list[Request]:
        found = (self.read(name) for name in (EXISTING, FIRST, SECOND))
        return [one for one in found if one is not None]

    def check(self) -> None:
        """At most one request continues, and at least one that no provider withdrew."""
        valid = [one for one in self.requests if one.status is not Status.VOID]
        ended = [one for one in self.requests if one.submitted.duplicate_of is not None]
        assert valid or not ended, "every request is void"
        requested = [one for one in valid if not one.is_adverse]
        assert requested or not ended, "nothing continues in place of the ended request"
        for one in requested:
            for other in requested:
                assert not repeats(current_fingerprint(one), current_fingerprint(other))
        fingerprints = self.history.fingerprints.of_member(samples.PATIENT["member_id"]).records
        assert {one.request_id for one in fingerprints} == {one.request_id for one in valid}


def existing(race: Race) -> None:
    race.submit(EXISTING)
    race.assess(EXISTING)


def apart(race: Race) -> None:
    """The lock exists, with a request for other days."""
    race.submit(EXISTING, days=30)


def late(race: Race) -> None:
    race.submit_for_later(EXISTING)
    race.assess(EXISTING)
    race.submit(FIRST)


def both_late(race: Race) -> None:
    race.submit_for_later(FIRST)
    race.submit(SECOND)


def nothing(race: Race) -> None:
    assert race.requests == []


Step = tuple[Callable[[Race, str], None], str]


def perform(race: Race, step: Step) -> None:
    """The step, again after a conflict, as the use cases do."""
    operation, name = step
    try:
        operation(race, name)
    except ConcurrentChangeError:
        operation(race, name)


@pytest.mark.rule("S2", "W10")
@pytest.mark.parametrize(
    ("setup", "first", "second"),
    [
        (nothing, (Race.submit, FIRST), (Race.submit, SECOND)),
        (apart, (Race.submit, FIRST), (Race.submit, SECOND)),
        (existing, (Race.submit, FIRST), (Race.void, EXISTING)),
        (existing, (Race.submit, FIRST), (Race.deny, EXISTING)),
        (existing, (Race.void, EXISTING), (Race.submit, FIRST)),
        (existing, (Race.deny, EXISTING), (Race.submit, FIRST)),
        (late, (Race.assess, FIRST), (Race.void, EXISTING)),
        (late, (Race.assess, FIRST), (Race.deny, EXISTING)),
        (late, (Race.assess, FIRST), (Race.assess, FIRST)),
        (both_late, (Race.assess, FIRST), (Race.assess, SECOND)),
        (both_late, (Race.assess, SECOND), (Race.assess, FIRST)),
    ],
)
def test_one_request_continues_when_two_operations_meet_at_any_call(
    setup: Callable[[Race], None], first: Step, second: Step
) -> None:
    for at in count(1):
        race, calls = Race(), [0]
        setup(race)

        def between(race: Race = race, calls: list[int] = calls, at: int = at) -> None:
            calls[0] += 1
            if calls[0] == at:
                race.history.wire.between = lambda: None
                perform(race, second)

        race.history.wire.between = between
        perform(race, first)
        race.history.wire.between = lambda: None
        if calls[0] < at:
            assert at > 1, "the first operation made no call"
            return
        race.check()
