"""The product in process: moto for the session, tables and buckets of its own for each test."""

import io
import os
import time
from collections.abc import Iterator
from functools import cache
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

from local.sample import load_sample_payer, sample_directory
from precert import bootstrap
from precert.adapters.inspection.content_types import inspect_content
from precert.adapters.s3.rule_lists import S3RuleLists
from precert.bootstrap import Dependencies
from precert.domain.coverage import Coverage
from precert.names import Env
from precert.observability import logger, metrics
from precert.settings import Settings
from tests.adapters.cloud import Cloud
from tests.adapters.snapshots import Resources
from tests.adapters.subscriber import Subscriber, subscriber
from tests.adapters.tables import (
    INLINE,
    create_reference_table,
    create_requests_table,
    names,
    put_coverages,
)
from tests.adapters.wire import Clients
from tests.fakes.audit import MemoryAudit
from tests.fakes.clock import START, Clock
from tests.fakes.code_sets import code_sets
from tests.fakes.printing import printer
from tests.fakes.quick_moto import quicken
from tests.fakes.samples import PATIENT, notice_words, payer, questionnaires
from tests.fakes.workflow import RecordingAssessments

quicken()
OPERATOR_ARN = "arn:aws:sts::123456789012:assumed-role/operators/robin.moss"


class Loaded(NamedTuple):
    """The location of this session's reference data, and the sample patient in it."""

    table: str
    rules_bucket: str
    ssn_key: str
    patient: Coverage


@pytest.fixture(scope="session")
def clients() -> Iterator[Clients]:
    with mock_aws():
        yield Clients()


@pytest.fixture(scope="session")
def loaded(clients: Clients) -> Loaded:
    """The sample payer's reference data, loaded once."""
    table, rules_bucket = names("reference"), names("rules")
    create_reference_table(clients.by_name["dynamodb"], table)
    clients.by_name["s3"].create_bucket(Bucket=rules_bucket)
    ssn_key = clients.by_name["kms"].create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")[
        "KeyMetadata"
    ]["Arn"]
    dependencies = Dependencies(
        settings=Settings(
            {
                Env.REFERENCE_TABLE: table,
                Env.RULE_LISTS_BUCKET: rules_bucket,
                Env.SSN_KEY: ssn_key,
            }
        )
    )
    dependencies.session = clients  # type: ignore[assignment]
    dependencies.payer = payer()
    dependencies.code_sets = code_sets()
    dependencies.now = lambda: START
    dependencies.load_speed = INLINE
    # Only a few providers: moto copies every table in each transaction.
    nearby = [one for one in sample_directory() if one.address.zip_code == "44122"][:4]
    load_sample_payer(dependencies, nearby)
    member = dependencies.reference.member(PATIENT["member_id"])
    assert member is not None
    return Loaded(table, rules_bucket, ssn_key, member.coverage_near(START.date()))


@pytest.fixture(scope="session")
def resources(clients: Clients) -> Resources:
    requests, bucket = names("requests"), names("documents")
    create_requests_table(clients.by_name["dynamodb"], requests)
    store = clients.by_name["s3"]
    store.create_bucket(Bucket=bucket)
    store.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    archive = names("archive")
    store.create_bucket(Bucket=archive)
    store.put_bucket_versioning(Bucket=archive, VersioningConfiguration={"Status": "Enabled"})
    bus, machine = names("bus"), names("machine")
    clients.by_name["events"].create_event_bus(Name=bus)
    arn = clients.by_name["stepfunctions"].create_state_machine(
        name=machine,
        definition='{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}',
        roleArn="arn:aws:iam::123456789012:role/machine",
    )["stateMachineArn"]
    queue = clients.by_name["sqs"].create_queue(QueueName=names("subscriptions"))["QueueUrl"]
    return Resources(requests, bucket, archive, bus, arn, queue)


@pytest.fixture
def cloud(
    clients: Clients,
    loaded: Loaded,
    resources: Resources,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Cloud]:
    """The product, ready for calls; its log is in ``cloud.log``."""
    resources.empty()
    deps = Dependencies(
        settings=Settings(
            {
                Env.REQUESTS_TABLE: resources.table,
                Env.REFERENCE_TABLE: loaded.table,
                Env.DOCUMENTS_BUCKET: resources.documents,
                Env.ARCHIVE_BUCKET: resources.archive,
                Env.AUDIT_BUCKET: resources.archive,
                Env.RULE_LISTS_BUCKET: loaded.rules_bucket,
                Env.DATA_KEY: "data-key",
                Env.SCAN_DOCUMENTS: "off",
                Env.RIGHTS: "claims",
                Env.CALLS_PER_MINUTE: "off",
                Env.ORIGIN_SECRETS: "off",
                Env.PARTNERS_DOMAIN: "none",
                Env.SSN_KEY: loaded.ssn_key,
                Env.STATE_MACHINE_ARN: resources.machine,
                Env.EVENT_BUS_NAME: resources.bus,
                Env.DELIVERIES: "{}",
                Env.SUBSCRIPTIONS_QUEUE: resources.subscriptions,
            }
        ),
        now=(clock := Clock()),
        # Each document is decoded in a process of its own: once for all tests.
        inspect=cache(inspect_content),
        load_speed=INLINE,
    )
    deps.session = clients  # type: ignore[assignment]
    deps.operator = OPERATOR_ARN
    deps.payer = payer()
    deps.code_sets = code_sets()
    deps.printer = printer()
    deps.audit_log = cloud_audit = MemoryAudit()
    # moto has no Express executions: each cycle is assessed by an execution of its own.
    deps.assessments = RecordingAssessments()  # type: ignore[assignment]
    deps.notice_words = notice_words()
    deps.questionnaires = questionnaires()
    deps.rule_lists = S3RuleLists(deps.s3, bucket=loaded.rules_bucket, folder=tmp_path)
    log = io.StringIO()
    # botocore and the product's own retries wait between attempts.
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    bootstrap.dependencies.cache_clear()
    monkeypatch.setattr(bootstrap, "Dependencies", lambda: deps)
    clients.wire.reset()
    cloud_ = Cloud(
        deps,
        clients,
        clock,
        log,
        resources.table,
        resources.documents,
        loaded.patient,
        cloud_audit,
        resources,
        tmp_path,
        dict(vars(deps)),
    )
    yield cloud_
    bootstrap.dependencies.cache_clear()
    metrics.clear_metrics()
    assert clients.wire.spent, "an error that the test requested never occurred"
    if cloud_.covered:
        put_coverages(deps, [loaded.patient])


@pytest.fixture
def client(cloud: Cloud) -> Subscriber:
    """A client with subscriptions, and its endpoint."""
    return subscriber(cloud)
