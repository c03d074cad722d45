"""The embedded product: moto for the session, tables and buckets of its own for each test."""

import io
import os
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from moto import mock_aws

# Powertools reads these when ``precert.observability`` is first imported.
os.environ |= {
    "POWERTOOLS_SERVICE_NAME": "precert",
    "POWERTOOLS_METRICS_NAMESPACE": "precert",
    "POWERTOOLS_LOG_LEVEL": "DEBUG",
}

from precert import bootstrap
from precert.adapters.s3.rule_lists import S3RuleLists
from precert.bootstrap import Dependencies
from precert.contract import Env
from precert.domain import loading
from precert.domain.coverage import Coverage
from precert.domain.rules import RuleListVersion
from precert.observability import logger, metrics
from precert.settings import Settings
from tests.adapters.cloud import Clients, Cloud, create_tables, names
from tests.fakes.clock import Clock
from tests.fakes.samples import DATA, payer

SAMPLE = DATA / "sample"


class Loaded(NamedTuple):
    """Where the reference data of this session is, and the sample patient in it."""

    table: str
    rules_bucket: str
    patient: Coverage


@pytest.fixture(scope="session")
def clients() -> Iterator[Clients]:
    with mock_aws():
        yield Clients()


@pytest.fixture(scope="session")
def loaded(clients: Clients) -> Loaded:
    """The sample payer's reference data, loaded once."""
    made = Loaded(names("reference"), names("rules"), _patient())
    create_tables(clients.by_name["dynamodb"], names("unused"), made.table)
    clients.by_name["s3"].create_bucket(Bucket=made.rules_bucket)
    dependencies = Dependencies(
        settings=Settings(
            {Env.REFERENCE_TABLE: made.table, Env.RULE_LISTS_BUCKET: made.rules_bucket}
        )
    )
    dependencies.session = clients  # type: ignore[assignment]
    reference = dependencies.reference
    plans = loading.load_plans(_read("plans.csv"))
    reference.put_coverages(loading.load_members(_read("members.csv"), plans))
    zips = loading.load_zips(_read("zips.csv"))
    reference.put_places(zips)
    entries = loading.load_directory(_read("providers.csv"))
    near = [entry for entry in entries if entry.address.zip_code == "44122"]
    reference.put_entries([(entry, zips[entry.address.zip_code]) for entry in near])
    key, digest = dependencies.rule_lists.publish("2026-01", loading.load_rules(_read("rules.csv")))
    reference.put_rule_list(RuleListVersion("2026-01", date(2026, 1, 1), key, digest))
    return made


def _read(name: str) -> str:
    return (SAMPLE / name).read_text(encoding="utf-8")


def _patient() -> Coverage:
    members = loading.load_members(_read("members.csv"), loading.load_plans(_read("plans.csv")))
    return next(member for member in members if member.member_id == "849382930")


@pytest.fixture
def cloud(
    clients: Clients, loaded: Loaded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Cloud]:
    """The product, ready for a call; what it logs stands in ``cloud.log``."""
    requests, bucket = names("requests"), names("documents")
    create_tables(clients.by_name["dynamodb"], requests, names("unused"))
    store = clients.by_name["s3"]
    store.create_bucket(Bucket=bucket)
    store.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    bus, machine = names("bus"), names("machine")
    clients.by_name["events"].create_event_bus(Name=bus)
    arn = clients.by_name["stepfunctions"].create_state_machine(
        name=machine,
        definition='{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}',
        roleArn="arn:aws:iam::123456789012:role/machine",
    )["stateMachineArn"]
    made = Dependencies(
        settings=Settings(
            {
                Env.REQUESTS_TABLE: requests,
                Env.REFERENCE_TABLE: loaded.table,
                Env.DOCUMENTS_BUCKET: bucket,
                Env.RULE_LISTS_BUCKET: loaded.rules_bucket,
                Env.STATE_MACHINE_ARN: arn,
                Env.EVENT_BUS_NAME: bus,
            }
        ),
        now=(clock := Clock()),
    )
    made.session = clients  # type: ignore[assignment]
    made.payer = payer()
    made.rule_lists = S3RuleLists(
        lambda: made.s3, bucket=loaded.rules_bucket, folder=tmp_path
    )
    log = io.StringIO()
    # botocore and the product's own retries pause between attempts.
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    bootstrap.dependencies.cache_clear()
    monkeypatch.setattr(bootstrap, "Dependencies", lambda: made)
    clients.wire.reset()
    cloud_ = Cloud(made, clients, clock, log, requests, bucket, loaded.patient)
    yield cloud_
    bootstrap.dependencies.cache_clear()
    metrics.clear_metrics()
    assert clients.wire.spent, "a fault that the test asked for never came about"
    if cloud_.covered:
        made.reference.put_coverages([loaded.patient])
