"""Two users, the clock and DynamoDB act on one draft, call by call in any order (D3, D5, D7, U3).

Fourteen seeds reach every outcome; ``make deep`` runs a thousand, ``INTERLEAVINGS=0-5000`` as many.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import permutations
from random import Random
from typing import Any, Final

import pytest
from moto.backends import get_backend

from precert.adapters.dynamodb.table import to_wire
from precert.domain.content import PARTS, RequestContent
from precert.domain.errors import TransientError
from tests.adapters.callers import PROVIDER, claims
from tests.adapters.calls import Reply
from tests.adapters.cloud import PDF, Cloud
from tests.adapters.interleaving import Interleaving
from tests.depth import DEEP, depth
from tests.fakes.clock import START
from tests.fakes.samples import PROVIDER_TIN, content, entered

FIRST, _, BEHIND = os.environ.get("INTERLEAVINGS", f"0-{depth(14, 1000)}").partition("-")
SEEDS: Final = range(int(FIRST), int(BEHIND))
COLLEAGUE: Final = claims("colleague-user", "PatientSearch", PROVIDER_TIN)
SLOTS: Final = 2
"""Free of the ten: the other eight are taken before the race begins."""


@dataclass
class Race:
    """One draft, the acknowledged changes, and the concurrent operations."""

    cloud: Cloud
    random: Random
    draft_id: str = ""
    saves: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Of each version that was acknowledged, the parts saved with it."""
    offered: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    arrivals: list[str] = field(default_factory=list)
    removed: list[dict[str, Any]] = field(default_factory=list)

    def begin(self) -> None:
        table = get_backend("dynamodb")["123456789012"]["us-east-1"].tables
        table[self.cloud.requests_table].items.clear()
        self.cloud.clock.at = START
        self.draft_id = self.cloud.start()
        self.saves[1] = entered()
        item = self.image()
        assert item is not None
        item["document_slots"] = {"N": str(SLOTS)}
        self.cloud.clients.by_name["dynamodb"].put_item(
            TableName=self.cloud.requests_table, Item=item
        )

    def image(self) -> dict[str, Any] | None:
        return self.cloud.item(self.draft_id)

    # -- operations ---------------------------------------------------------------------------------

    def person(self, by: Mapping[str, str], moves: int) -> Callable[[], None]:
        chosen = [self.random.choice(("save", "patch", "upload", "read")) for _ in range(moves)]
        chosen.append(self.random.choice(("submit", "submit", "delete", "delete", "save")))
        values = [self.random.randrange(10**6) for _ in chosen]

        def work() -> None:
            version = 1
            for move, value in zip(chosen, values, strict=True):
                version = self.move(move, value, version, by)

        return work

    def move(self, move: str, value: int, version: int, by: Mapping[str, str]) -> int:
        cloud, id_ = self.cloud, self.draft_id
        if move == "read":
            return self.read(by, version)
        if move == "upload":
            self.upload(by)
            return version
        if move == "patch":
            part = ("requesting_provider", "services", "servicing_provider")[value % 3]
            parts = {part: changed(value)[part]}
            return self.note(cloud.patch(id_, version, by, **parts), parts, version, by)
        if move == "save":
            whole = changed(value)
            return self.note(cloud.save(id_, version, by, **whole), whole, version, by)
        if move == "submit":
            reply = cloud.submit(id_, version, by, **self.expected(version))
            self.end(reply, "submitted", 202)
        else:
            self.end(cloud.delete(id_, version, by), "deleted", 204)
        return version

    def note(
        self, reply: Reply, parts: Mapping[str, Any], version: int, by: Mapping[str, str]
    ) -> int:
        if reply.status != 200:
            assert reply.status in {404, 409, 410, 412}, reply.text
            return self.read(by, version) if reply.status == 412 else version
        assert reply.body["version"] == version + 1
        assert version + 1 not in self.saves, "two saves both returned that they wrote a version"
        self.saves[version + 1] = dict(parts)
        return version + 1

    def read(self, by: Mapping[str, str], version: int) -> int:
        reply = self.cloud.resume(self.draft_id, by)
        return int(reply.body["version"]) if reply.status == 200 else version

    def end(self, reply: Reply, what: str, status: int) -> None:
        if reply.status == status:
            self.ends.append(what)
        else:
            assert reply.status in {404, 409, 410, 412, 422}, reply.text

    def upload(self, by: Mapping[str, str]) -> None:
        reply = self.cloud.offer(self.draft_id, "note.pdf", by)
        if reply.status != 201:
            assert reply.status in {404, 409, 410}, reply.text
            return
        document_id = reply.body["document"]["document_id"]
        self.offered.append(document_id)
        self.arrivals.append(f"documents/{self.draft_id}/{document_id}")
        try:
            self.cloud.arrive(self.draft_id, document_id, PDF)
        except TransientError:
            # The request changed meanwhile; S3's event is delivered again.
            self.cloud.deliver_arrival(f"documents/{self.draft_id}/{document_id}")

    def time(self) -> None:
        """The deadline passes, and some time later DynamoDB removes expired items."""
        self.read(PROVIDER, 1)
        self.cloud.clock.at += timedelta(days=7)
        self.read(PROVIDER, 1)
        self.remove_by_time()

    def remove_by_time(self) -> None:
        old = self.image()
        client = self.cloud.clients.by_name["dynamodb"]
        if old is None or "ttl" not in old or int(old["ttl"]["N"]) > self.now:
            return
        try:
            client.delete_item(
                TableName=self.cloud.requests_table,
                Key={"pk": old["pk"], "sk": old["sk"]},
                ConditionExpression="#ttl <= :now",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues=to_wire({":now": self.now}),
            )
        except client.exceptions.ConditionalCheckFailedException:
            return
        self.ends.append("expired")
        self.removed.append(old)
        assert self.cloud.clean_up(old) == []

    @property
    def now(self) -> int:
        return int(self.cloud.clock.at.timestamp())

    # -- invariants ---------------------------------------------------------------------------------

    def expected(self, version: int) -> dict[str, Any]:
        """The expected content of a version: every save acknowledged up to it, in order."""
        content: dict[str, Any] = {}
        for saved in sorted(self.saves):
            if saved <= version:
                content |= self.saves[saved]
        return content

    def settle(self, before: dict[str, Any] | None) -> None:
        """Deliver every late or repeated event, and let everything expired be removed."""
        deleted = self.image() is None
        if deleted and before is not None:
            assert self.cloud.clean_up(before) == []
            assert self.cloud.clean_up(before) == []
        for key in self.arrivals * 2:
            self.cloud.deliver_arrival(key)

    def judge(self) -> None:
        item = self.image()
        documents = self.cloud.items("DOCUMENT#")
        assert len(self.ends) <= 1, self.ends
        assert len(self.offered) <= SLOTS, "an eleventh file"
        if item is None:
            assert self.ends[0] in {"deleted", "expired"}
            assert documents == []
            assert self.cloud.items("PARTY#") == []
            assert self.cloud.object_versions() == [], "an orphan"
            return
        stored = self.cloud.deps.requests.read(self.draft_id)
        assert stored is not None
        last = max(self.saves)
        assert stored.content == content(**self.expected(last)), "a field was lost"
        assert stored.version == last + (1 if self.ends == ["submitted"] else 0)
        retained = {one["sk"]["S"].removeprefix("DOCUMENT#") for one in documents}
        assert retained == set(self.offered)
        objects = self.cloud.object_versions()
        assert sorted(objects) == sorted(f"documents/{self.draft_id}/{one}" for one in retained)
        assert len(self.cloud.items("NUMBER")) == (1 if self.ends == ["submitted"] else 0)


def changed(value: int) -> dict[str, Any]:
    """Complete content that no other value produces."""
    service = {**entered()["services"][0], "requested_days": value % 300 + 1}
    requesting = {**entered()["requesting_provider"], "phone": f"216{5550000 + value % 9999}"}
    servicing = {**entered()["servicing_provider"], "phone": f"330{5550000 + value % 9999}"}
    return entered(services=[service], requesting_provider=requesting, servicing_provider=servicing)


def run(cloud: Cloud, seed: int, works: Callable[[Race], list[Callable[[], None]]]) -> Race:
    race = Race(cloud, Random(seed))
    race.begin()
    before = race.image()
    clients = [cloud.clients.by_name[name] for name in ("dynamodb", "s3")]
    interleaving = Interleaving(race.random)
    for client in clients:
        interleaving.attach(client)
    try:
        interleaving.run(works(race))
    finally:
        for client in clients:
            interleaving.detach(client)
    race.settle(before)
    race.judge()
    for key in set(race.arrivals):
        cloud.deps.document_bytes.remove(*key.split("/")[1:])
    return race


def all_workers(race: Race) -> list[Callable[[], None]]:
    works = [race.person(PROVIDER, 3), race.person(COLLEAGUE, 3)]
    return [*works, race.time] if race.random.random() < 0.3 else works


@pytest.mark.rule("D7", "D5", "U3")
def test_invariants_hold_when_operations_run_concurrently_in_any_order(cloud: Cloud) -> None:
    assert set(RequestContent.model_fields) == PARTS
    ends: dict[str, int] = {}
    for seed in SEEDS:
        try:
            race = run(cloud, seed, all_workers)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        for end in race.ends or ["retained"]:
            ends[end] = ends.get(end, 0) + 1
    assert set(ends) >= {"submitted", "deleted", "expired", "retained"}, ends


ORDERS: Final = list(permutations(("submit", "save", "upload", "expire")))


@pytest.mark.rule("D5")
@pytest.mark.parametrize("order", ORDERS if DEEP else ORDERS[:: len(ORDERS) // 8])
def test_no_document_is_lost_or_orphaned_when_deletion_runs_in_any_order(
    cloud: Cloud, order: tuple[str, ...]
) -> None:
    """Run one after the other, and then interleaved call by call."""

    def works(race: Race) -> list[Callable[[], None]]:
        moves: dict[str, Callable[[], None]] = {
            "submit": lambda: _ignore(race.move("submit", 1, 1, PROVIDER)),
            "save": lambda: _ignore(race.move("save", 7, 1, COLLEAGUE)),
            "upload": lambda: race.upload(PROVIDER),
            "expire": race.time,
        }
        return [moves[name] for name in order]

    def in_turn(race: Race) -> list[Callable[[], None]]:
        def one_after_the_other() -> None:
            for work in works(race):
                work()

        return [one_after_the_other]

    run(cloud, 0, in_turn)
    run(cloud, 1, works)


def _ignore(_version: int) -> None:
    """The version that an operation leads to is not used here."""
