"""Published rule lists: one is in effect, all are retained, and none is lost."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.check import handler as check
from infra.code_sets import compiled
from precert.adapters.s3.rule_lists import S3RuleLists, compile_rules
from precert.bootstrap import Dependencies
from precert.domain.errors import InvalidInputError, TransientError
from precert.domain.rules import DelegatedVendor, Requirement, Rule, RuleListVersion
from precert.domain.values import CodeType
from precert.names import Env
from precert.settings import Settings
from precert.usecases.ports.reference import RuleListVersions
from precert.usecases.rule_lists import publish_rule_list
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.tables import create_reference_table, names, put_coverages
from tests.adapters.wire import Clients
from tests.fakes.clock import START, Clock
from tests.fakes.samples import entered

CODE = (CodeType.CPT, "44120")
HOUR = timedelta(hours=1)
VENDOR = DelegatedVendor(
    vendor_id="VENDOR",
    name="Vendor",
    services="Images",
    url="https://vendor.example",
    requirements=("Diagnosis",),
)


def a_rule(requirement: Requirement = Requirement.REQUIRED, **changes: Any) -> Rule:
    fields: dict[str, Any] = {
        "rule_id": f"R-{requirement}",
        "code_type": CodeType.CPT,
        "code_from": "44000",
        "code_to": "44200",
        "requirement": requirement,
        "effective_from": date(2026, 1, 1),
    }
    return Rule(**(fields | changes))


REQUIRED, NOT_REQUIRED = [a_rule()], [a_rule(Requirement.NOT_REQUIRED)]


def _region(client: Any) -> dict[str, Any]:
    """S3 needs a location constraint in every region but the first."""
    name = client.meta.region_name
    return (
        {} if name == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": name}}
    )


class Publisher:
    """A publisher with a table and a bucket of the test's own."""

    def __init__(self, session: Any, folder: Path) -> None:
        self.table, self.bucket = names("reference"), names("rules")
        self.deps = Dependencies(
            Settings(
                {
                    Env.REFERENCE_TABLE.value: self.table,
                    Env.RULE_LISTS_BUCKET.value: self.bucket,
                }
            )
        )
        self.deps.session = session
        create_reference_table(self.deps.dynamodb, self.table)
        self.deps.s3.create_bucket(Bucket=self.bucket, **_region(self.deps.s3))
        self.deps.rule_lists = self.lists(folder)
        self.clock = Clock()

    def lists(self, folder: Path) -> S3RuleLists:
        return S3RuleLists(self.deps.s3, bucket=self.bucket, folder=folder)

    def publish(
        self, rules: list[Rule], version: str | None = None, **changes: Any
    ) -> RuleListVersion:
        fields: dict[str, Any] = {
            "rule_lists": self.deps.rule_lists,
            "versions": self.deps.rule_list_versions,
            "now": self.clock(),
        }
        return publish_rule_list(rules, [VENDOR], version=version, **(fields | changes))

    def answer(self, version: RuleListVersion) -> Requirement:
        [rule] = self.deps.rule_lists.rules(version, {CODE})[CODE]
        return rule.requirement


@pytest.fixture(scope="module")
def elsewhere(clients: Clients) -> Clients:
    """A region without the sample payer: moto copies all tables of a region in each transaction."""
    return Clients(region="us-east-2")


@pytest.fixture
def publisher(elsewhere: Clients, tmp_path: Path) -> Iterator[Publisher]:
    elsewhere.wire.reset()
    publisher = Publisher(elsewhere, tmp_path)
    yield publisher
    publisher.deps.dynamodb.delete_table(TableName=publisher.table)


@pytest.mark.rule("C6")
@pytest.mark.parametrize("store", ["rule list", "code sets"])
def test_file_is_readable_by_sqlite_3_7_17_when_compiled(store: str, tmp_path: Path) -> None:
    """Neither ``WITHOUT ROWID`` (3.8.2) nor partial (3.8.0) or expression indexes (3.9.0)."""
    file = tmp_path / "rules.sqlite"
    file.write_bytes(compile_rules(REQUIRED, [VENDOR]))
    connection = sqlite3.connect(file if store == "rule list" else compiled())
    schema = [text for (text,) in connection.execute("SELECT sql FROM sqlite_master")]
    connection.close()
    assert len(schema) >= 4
    declared = " ".join(text for text in schema if text).upper()
    assert "ROWID" not in declared
    assert "INDEX" not in declared
    assert "STRICT" not in declared


def test_list_is_in_effect_when_published(publisher: Publisher) -> None:
    early = a_rule(
        rule_id="R0", code_from="10000", code_to="10000", effective_from=date(2025, 3, 1)
    )
    published = publisher.publish([*REQUIRED, early], "2026-07")
    assert published == publisher.deps.rule_list_versions.in_effect()
    assert published.version == "2026-07"
    assert published.effective_from == date(2025, 3, 1)
    assert published.published_at == START
    assert publisher.answer(published) is Requirement.REQUIRED


def test_version_has_time_and_digest_when_it_is_not_named(publisher: Publisher) -> None:
    published = publisher.publish(REQUIRED)
    assert published.version == f"20260701-150000-{published.sha256[:8]}"


def test_vendors_are_those_of_the_list_when_read(publisher: Publisher) -> None:
    published = publisher.publish(REQUIRED)
    found = publisher.deps.rule_lists.vendors(published, ["VENDOR", "NONE"])
    assert found == {"VENDOR": VENDOR}


def test_nothing_changes_when_the_list_in_effect_is_published_again(publisher: Publisher) -> None:
    first = publisher.publish(REQUIRED)
    publisher.clock.pass_by(hours=1)
    assert publisher.publish(list(reversed(REQUIRED))) == first
    assert publisher.deps.rule_list_versions.published() == (first,)


def test_previous_list_is_retained_when_another_is_published(publisher: Publisher) -> None:
    first = publisher.publish(REQUIRED)
    publisher.clock.pass_by(hours=1)
    second = publisher.publish(NOT_REQUIRED)
    publisher.clock.pass_by(hours=1)
    back = publisher.publish(REQUIRED)
    versions = publisher.deps.rule_list_versions
    assert versions.published() == (first, second, back)
    assert versions.in_effect() == back
    assert len({one.version for one in versions.published()}) == 3
    response = [publisher.answer(one) for one in versions.published()]
    assert response == [Requirement.REQUIRED, Requirement.NOT_REQUIRED, Requirement.REQUIRED]


@pytest.mark.parametrize(
    ("at", "index"),
    [
        (START - timedelta(microseconds=1), None),
        (START, 0),
        (START + HOUR - timedelta(microseconds=1), 0),
        (START + HOUR, 1),
        ((START + HOUR).astimezone(UTC) + timedelta(days=300), 1),
    ],
)
def test_list_in_effect_at_an_instant_is_found_when_requested(
    publisher: Publisher, at: datetime, index: int | None
) -> None:
    lists = [publisher.publish(REQUIRED)]
    publisher.clock.pass_by(hours=1)
    lists.append(publisher.publish(NOT_REQUIRED))
    expected = None if index is None else lists[index]
    assert publisher.deps.rule_list_versions.in_effect_at(at) == expected


class Interrupted:
    """A history in which another publication follows right after it was read."""

    def __init__(self, versions: RuleListVersions, *between: Callable[[], object]) -> None:
        self._versions = versions
        self._between = list(between)

    def in_effect(self) -> RuleListVersion | None:
        found = self._versions.in_effect()
        if self._between:
            self._between.pop(0)()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._versions, name)


@pytest.mark.parametrize("first_ever", [True, False])
def test_no_list_is_lost_when_two_publish_at_once(publisher: Publisher, first_ever: bool) -> None:
    versions = publisher.deps.rule_list_versions
    if not first_ever:
        publisher.publish([a_rule(rule_id="R0")])
    between = Interrupted(versions, lambda: publisher.publish(NOT_REQUIRED, "theirs"))
    publisher.publish(REQUIRED, "ours", versions=between)
    response = [one.version for one in versions.published()][-2:]
    in_effect = versions.in_effect()
    assert response == ["theirs", "ours"]
    assert in_effect is not None
    assert in_effect.version == "ours"


def test_publisher_gives_up_when_conflicts_continue(publisher: Publisher) -> None:
    versions = publisher.deps.rule_list_versions
    others = [lambda n=n: publisher.publish([a_rule(rule_id=f"R{n}")]) for n in range(9)]
    with pytest.raises(TransientError):
        publisher.publish(NOT_REQUIRED, "ours", versions=Interrupted(versions, *others))
    assert "ours" not in [one.version for one in versions.published()]


def test_order_is_that_of_publication_when_a_clock_is_behind(publisher: Publisher) -> None:
    first = publisher.publish(REQUIRED)
    publisher.clock.pass_by(hours=-1)
    second = publisher.publish(NOT_REQUIRED)
    assert second.published_at > first.published_at
    assert publisher.deps.rule_list_versions.published() == (first, second)


def test_version_is_rejected_when_another_list_has_it(publisher: Publisher) -> None:
    first = publisher.publish(REQUIRED, "2026-07")
    with pytest.raises(InvalidInputError) as error:
        publisher.publish(NOT_REQUIRED, "2026-07")
    assert [error.code for error in error.value.errors] == ["taken"]
    assert publisher.deps.rule_list_versions.published() == (first,)
    assert publisher.answer(first) is Requirement.REQUIRED


@pytest.mark.parametrize("version", ["", "a/b", "../x", "-v", "ü", "x" * 65, "a b", "v\n"])
def test_version_is_rejected_when_it_is_not_a_valid_name(
    publisher: Publisher, version: str
) -> None:
    with pytest.raises(InvalidInputError):
        publisher.publish(REQUIRED, version)
    assert publisher.deps.rule_list_versions.in_effect() is None


def test_list_is_fetched_once_when_read_often(publisher: Publisher, elsewhere: Clients) -> None:
    published = publisher.publish(REQUIRED)
    with elsewhere.wire.counting() as calls:
        for _ in range(3):
            publisher.answer(published)
    assert calls == ["GetObject"]


def test_files_are_evicted_when_many_lists_are_read(
    publisher: Publisher, elsewhere: Clients, tmp_path: Path
) -> None:
    lists = [publisher.publish([a_rule(rule_id=f"R{number}")]) for number in range(6)]
    for version in lists:
        assert publisher.answer(version) is Requirement.REQUIRED
    assert len(list(tmp_path.glob("*.sqlite"))) == 4
    with elsewhere.wire.counting() as calls:
        publisher.answer(lists[0])
        publisher.answer(lists[5])
    assert calls == ["GetObject"]


def test_list_is_fetched_again_when_its_file_was_deleted(
    publisher: Publisher, elsewhere: Clients, tmp_path: Path
) -> None:
    published = publisher.publish(REQUIRED)
    publisher.answer(published)
    for file in tmp_path.glob("*.sqlite"):
        file.unlink()
    publisher.deps.rule_lists = publisher.lists(tmp_path)
    assert publisher.answer(published) is Requirement.REQUIRED


def test_check_fails_when_the_stored_list_was_altered(
    publisher: Publisher, elsewhere: Clients
) -> None:
    published = publisher.publish(REQUIRED)
    key, body = published.object_key, b"SQLite format 3\0 or so"
    publisher.deps.s3.put_object(Bucket=publisher.bucket, Key=key, Body=body)
    with pytest.raises(TransientError):
        publisher.answer(published)


# -- checks as of the past ---------------------------------------------------------------------------


@pytest.fixture
def two_lists(
    cloud: Cloud, clients: Clients, tmp_path: Path
) -> tuple[RuleListVersion, RuleListVersion]:
    """The product on its own table: nothing required precertification until an hour ago, now
    everything does.
    """
    publisher = Publisher(clients, tmp_path)
    environ = {**cloud.deps.settings.environ, Env.REFERENCE_TABLE: publisher.table}
    cloud.deps.settings = Settings(environ)
    cloud.deps.rule_lists = publisher.deps.rule_lists
    put_coverages(cloud.deps, [cloud.sample_coverage])
    publisher.clock.pass_by(hours=-2)
    first = publisher.publish(NOT_REQUIRED)
    publisher.clock.pass_by(hours=1)
    return first, publisher.publish(REQUIRED)


def requested(cloud: Cloud, as_of: object) -> Reply:
    return cloud.call(check, "POST", "/v1/checks", {"content": entered(), "as_of": as_of})


@pytest.mark.rule("C6")
def test_check_is_explained_when_requested_as_of_the_past(
    cloud: Cloud, two_lists: tuple[RuleListVersion, RuleListVersion]
) -> None:
    first, second = two_lists
    then = (START - 1.5 * HOUR).isoformat()
    with cloud.wire.counting() as calls:
        reply = requested(cloud, then)
    assert calls == ["BatchGetItem", "Query", "GetObject"]
    assert reply.body["requirement"] == "NOT_REQUIRED"
    assert reply.body["rule_list"]["version"] == first.version
    assert reply.body["rule_list"]["effective_from"] == "2026-01-01"
    response = reply.body["rule_list"]["published_at"]
    assert datetime.fromisoformat(response) == first.published_at
    assert datetime.fromisoformat(reply.body["as_of"]) == START - 1.5 * HOUR
    now = cloud.check()
    assert (now.body["requirement"], now.body["as_of"]) == ("REQUIRED", None)
    assert now.body["rule_list"]["version"] == second.version


def test_window_is_that_of_the_time_when_requested_as_of_the_past(
    cloud: Cloud, two_lists: tuple[RuleListVersion, RuleListVersion]
) -> None:
    cloud.clock.pass_by(days=60)
    assert cloud.check().status == 422
    assert requested(cloud, START.isoformat()).status == 200


def test_instant_is_rejected_when_no_list_can_be_in_effect(
    cloud: Cloud, two_lists: tuple[RuleListVersion, RuleListVersion]
) -> None:
    future, before_any = "2026-07-01T16:00:00Z", "2026-07-01T12:00:00Z"
    no_instants: tuple[object, ...] = (
        "2026-07-01T14:00:00",
        "2026-07-01",
        "yesterday",
        1782910800,
        True,
        [],
    )
    for as_of in (future, before_any, *no_instants):
        reply = requested(cloud, as_of)
        assert reply.status == 422, as_of
        assert [error["pointer"] for error in reply.body["errors"]] == ["/as_of"]
