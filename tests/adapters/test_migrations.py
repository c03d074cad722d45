"""Migrations can be stopped, repeated, and run beside the service."""

import pytest

from precert.adapters.dynamodb.migrations import DynamoDBMigrations
from precert.cli import migrations as commands
from precert.cli.main import DONE, FAILED, REFUSED, main
from precert.names import CHECKS_PK, CHECKS_SK
from precert.usecases.migrations import migrate
from tests.adapters.cloud import Cloud

RUN = ["migrations", "run", "index-open-cycles"]


@pytest.fixture(autouse=True)
def command(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "stack_dependencies", lambda _: cloud.deps)
    # A page has one item, so that there is one after each request.
    small = DynamoDBMigrations(
        cloud.deps.dynamodb, requests_table=cloud.requests_table, page_items=1
    )
    cloud.deps.__dict__["migrations"] = small


def unindexed(cloud: Cloud, *request_ids: str) -> None:
    """The records are as before the index existed."""
    for request_id in request_ids:
        item = cloud.item(request_id) or {}
        found = {name: value for name, value in item.items() if name not in (CHECKS_PK, CHECKS_SK)}
        cloud.clients.by_name["dynamodb"].put_item(TableName=cloud.requests_table, Item=found)


def indexed(cloud: Cloud) -> list[str]:
    return sorted(cloud.deps.listings.open_cycles())


def test_open_cycles_are_indexed_when_the_migration_is_run(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """A decided request and a draft have no open cycle."""
    pended, waiting, decided, draft = (
        cloud.pended(),
        cloud.submitted(),
        cloud.determined(),
        cloud.start(),
    )
    before = {one: cloud.item(one) for one in (pended, decided, draft)}
    unindexed(cloud, pended, waiting)
    assert indexed(cloud) == []
    assert main(["migrations", "list"]) == REFUSED
    assert main(RUN) == DONE
    assert indexed(cloud) == sorted([pended, waiting])
    assert {one: cloud.item(one) for one in before} == before
    assert main(["migrations", "list"]) == DONE
    run = [one for one in cloud.audit.records.values() if one.operation == "command:migrations run"]
    assert [one.objects for one in run if one.objects] == [("index-open-cycles",)]
    recorded = [request_id for one in run for request_id in one.requests]
    assert sorted(recorded) == sorted([pended, waiting, decided, draft])
    printed = capsys.readouterr().out
    assert "index-open-cycles: not run" in printed
    assert "index-open-cycles: complete, 4 requests read, 2 changed" in printed


def test_nothing_is_changed_when_a_migration_is_run_again(cloud: Cloud) -> None:
    pended = cloud.pended()
    unindexed(cloud, pended)
    assert main(RUN) == DONE
    after = cloud.item(pended)
    cloud.wire.reset()
    assert main(RUN) == DONE
    assert cloud.wire.sent("Scan") == []
    assert main([*RUN, "--restart"]) == DONE
    assert cloud.item(pended) == after


def test_migration_continues_when_it_was_stopped(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = [cloud.pended(), cloud.pended(), cloud.pended()]
    unindexed(cloud, *requests)
    pages = migrate(
        "index-open-cycles", migrations=cloud.deps.migrations, requests=cloud.deps.stored_requests
    )
    assert next(one for one in pages if one.changed).changed == 1
    assert len(indexed(cloud)) == 1
    cloud.wire.cut("Scan")
    assert main(RUN) == FAILED
    assert len(indexed(cloud)) == 1
    assert main(["migrations", "list"]) == REFUSED
    assert "stopped" in capsys.readouterr().out
    assert main(RUN) == DONE
    assert indexed(cloud) == sorted(requests)
    assert "complete, 3 requests read, 3 changed" in capsys.readouterr().out


def test_damaged_request_is_counted_when_it_cannot_be_read(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged, pended = cloud.pended(), cloud.pended()
    unindexed(cloud, damaged, pended)
    item = {**(cloud.item(damaged) or {}), "plan": {"S": "{"}}
    cloud.clients.by_name["dynamodb"].put_item(TableName=cloud.requests_table, Item=item)
    assert main(RUN) == REFUSED
    assert indexed(cloud) == [pended]
    assert "1 changed, 1 damaged" in capsys.readouterr().out


def test_names_are_listed_when_a_migration_is_unknown(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["migrations", "run", "everything"]) == REFUSED
    assert "index-open-cycles" in capsys.readouterr().err
