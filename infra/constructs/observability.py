"""Alarms on metrics, and notifications of events of AWS services."""

from collections.abc import Mapping, Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra import catalog
from infra.alarms import METRICS_NAME, OWN_ALARMS, OwnAlarm, Severity, described
from infra.config import StageConfig
from infra.constructs.api import Api
from infra.constructs.documents import Documents
from infra.constructs.functions import FunctionSpec, ServiceFunction
from infra.constructs.queues import DeadLetters, EventQueue
from infra.constructs.tables import Tables
from infra.constructs.workflow import Workflow

PERIOD = cdk.Duration.minutes(5)
RESPONSE_SECONDS: Final = {"CrdFunction": 5, "PasFunction": 15}
"""The seconds in which Da Vinci CRD and PAS expect 90% of responses."""
STREAM_AGES: Final = {"RelayFunction": 5, "ExpireFunction": 60, "AuditFunction": 60}
"""Minutes that a consumer of the stream may be behind: executions start through the relay."""
_SCHEDULES: Final = frozenset(
    {"Clocks", "OrphanSweeps", "SubscriptionSweeps", "UploadSweeps", "Warn"}
)
_SCHEDULED: Final = frozenset(
    {
        *(catalog.ORPHAN_SWEEP, catalog.SUBSCRIPTION_SWEEP, catalog.SWEEP),
        *(catalog.UPLOAD_SWEEP, catalog.WARN),
    }
)
"""The functions that AWS invokes asynchronously; all others are invoked synchronously."""


class Alarms(Construct):
    """Two topics, to which operators subscribe, and all alarms."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: StageConfig, key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        self.undelivered = DeadLetters(self, "Undelivered")
        self.topics = {severity: self._topic(severity, stage, key) for severity in Severity}

    def _topic(self, severity: Severity, stage: StageConfig, key: kms.IKey) -> sns.Topic:
        topic = sns.Topic(
            self,
            severity.value.title(),
            display_name=f"precert {severity.value}",
            enforce_ssl=True,
            master_key=key,
        )
        for service in ("cloudwatch", "budgets"):
            topic.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                    actions=["sns:Publish"],
                    resources=[topic.topic_arn],
                    conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
                )
            )
        pages = severity is Severity.PAGE and stage.page_email is not None
        if email := stage.page_email if pages else stage.alarm_email:
            topic.add_subscription(subscriptions.EmailSubscription(email))
        return topic

    def add(
        self,
        name: str,
        severity: Severity,
        text: str,
        runbook: str,
        metric: cloudwatch.IMetric,
        *,
        above: int = 0,
        periods: int = 1,
        present: bool = False,
    ) -> None:
        """Alarm when the metric is above the threshold, or with ``present`` when it is missing.

        Otherwise, missing data does not breach the threshold.
        """
        operators, missing = cloudwatch.ComparisonOperator, cloudwatch.TreatMissingData
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_description=described(text, runbook),
            metric=metric,
            threshold=1 if present else above,
            evaluation_periods=periods,
            comparison_operator=(
                operators.LESS_THAN_THRESHOLD if present else operators.GREATER_THAN_THRESHOLD
            ),
            treat_missing_data=missing.BREACHING if present else missing.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topics[severity]))

    def notify(
        self, name: str, severity: Severity, text: str, runbook: str, pattern: events.EventPattern
    ) -> None:
        """Notify a topic of an event of an AWS service that has no metric."""
        message = events.RuleTargetInput.from_text(described(text, runbook))
        events.Rule(
            self,
            f"{name}Rule",
            description=described(text, runbook),
            event_pattern=pattern,
            targets=[
                targets.SnsTopic(
                    self.topics[severity],
                    message=message,
                    dead_letter_queue=self.undelivered.queue,
                    retry_attempts=185,
                    max_event_age=cdk.Duration.hours(24),
                )
            ],
        )

    def limit_costs(self, dollars: int) -> None:
        """Notify when the month's costs reach 80% of the budget, or will exceed it."""
        subscriber = budgets.CfnBudget.SubscriberProperty(
            subscription_type="SNS", address=self.topics[Severity.TICKET].topic_arn
        )
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=dollars, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=share,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[subscriber],
                )
                for kind, share in (("ACTUAL", 80), ("FORECASTED", 100))
            ],
        )


def _own_metric(alarm: OwnAlarm) -> cloudwatch.Metric:
    """A metric that the functions record."""
    return cloudwatch.Metric(
        namespace=METRICS_NAME,
        metric_name=alarm.metric,
        dimensions_map={"service": METRICS_NAME},
        period=cdk.Duration.minutes(alarm.period_minutes),
        statistic="Maximum" if alarm.maximum else "Sum",
    )


def watch(
    alarms: Alarms,
    *,
    stage: StageConfig,
    functions: Mapping[FunctionSpec, ServiceFunction],
    dead_letters: Mapping[str, DeadLetters],
    queues: Mapping[str, EventQueue],
    tables: Tables,
    documents: Documents,
    keys: Sequence[kms.IKey],
    workflow: Workflow,
    api: Api,
) -> None:
    """Create all alarms: one for each way to fail, with a severity and a section of the runbook."""
    for own in OWN_ALARMS:
        alarms.add(
            own.name,
            own.severity,
            own.text,
            own.runbook,
            _own_metric(own),
            above=own.above,
            periods=own.periods,
            present=own.present,
        )
    _watch_functions(alarms, functions)
    alarms.notify(
        "Keys",
        Severity.PAGE,
        "A key is disabled or is to be deleted: without it, data and backups cannot be read",
        "certificates-and-keys",
        events.EventPattern(
            source=["aws.kms"],
            detail_type=["AWS API Call via CloudTrail"],
            detail={
                "eventSource": ["kms.amazonaws.com"],
                "eventName": ["DisableKey", "ScheduleKeyDeletion"],
                "resources": {"ARN": [key.key_arn for key in keys]},
            },
        ),
    )
    alarms.notify(
        "Certificates",
        Severity.TICKET,
        "A certificate expires soon or was not renewed",
        "certificates-and-keys",
        events.EventPattern(
            source=["aws.acm"],
            detail_type=[
                "ACM Certificate Approaching Expiration",
                "ACM Certificate Expired",
                "ACM Certificate Renewal Action Required",
            ],
        ),
    )
    if stage.backup is not None:
        alarms.notify(
            "Backups",
            Severity.TICKET,
            "A backup or its copy to another Region or account failed",
            "backups",
            events.EventPattern(
                source=["aws.backup"],
                detail_type=["Backup Job State Change", "Copy Job State Change"],
                detail={"state": ["ABORTED", "EXPIRED", "FAILED", "PARTIAL"]},
            ),
        )
    if stage.scan_documents:
        alarms.notify(
            "ScanPlan",
            Severity.PAGE,
            "The protection plan is not active: documents are not scanned and stay CHECKING",
            "waiting-documents",
            events.EventPattern(
                source=["aws.guardduty"],
                detail_type=[
                    "GuardDuty Malware Protection Resource Status Error",
                    "GuardDuty Malware Protection Resource Status Warning",
                ],
                detail={"s3BucketDetails": {"bucketName": [documents.documents.bucket_name]}},
            ),
        )
    _watch_queues(alarms, {**dead_letters, "Notifications": alarms.undelivered}, queues)
    _watch_tables(alarms, tables)
    _watch_executions(alarms, workflow)
    alarms.add(
        "ApiErrors",
        Severity.PAGE,
        "The API responds with more than five 5xx errors in each of two periods",
        "server-errors",
        api.http_api.metric_server_error(period=PERIOD, statistic="Sum"),
        above=5,
        periods=2,
    )
    if stage.monthly_budget is not None:
        alarms.limit_costs(stage.monthly_budget)


def _watch_functions(alarms: Alarms, functions: Mapping[FunctionSpec, ServiceFunction]) -> None:
    """Create one alarm for throttles, because all functions of an account share its concurrency.

    A function that serves HTTP calls has no alarm on errors: it responds to them, and the API's metric
    counts its failed invocations.
    """
    alarms.add(
        "Throttles",
        Severity.PAGE,
        "Lambda throttles invocations: the account's concurrency is used up",
        "throttles",
        lambda_.Function.metric_all_throttles(period=PERIOD),
    )
    for spec, function in functions.items():
        metric = function.function.metric
        if seconds := RESPONSE_SECONDS.get(spec.construct_id):
            alarms.add(
                f"{spec.construct_id}Slow",
                Severity.TICKET,
                f"{spec.description}: more than one of ten answers takes over {seconds} seconds",
                "slow-answers",
                metric("Duration", statistic="p90", period=PERIOD),
                above=seconds * 1000,
                periods=3,
            )
        if spec.serves_http:
            continue
        alarms.add(
            f"{spec.construct_id}Errors",
            Severity.TICKET,
            f"{spec.description}: invocations fail",
            "function-errors",
            metric("Errors", statistic="Sum", period=PERIOD),
        )
        if spec in _SCHEDULED:
            alarms.add(
                f"{spec.construct_id}Dropped",
                Severity.TICKET,
                f"{spec.description}: invocations were discarded after all attempts",
                "dropped-events",
                metric("AsyncEventsDropped", statistic="Sum", period=PERIOD),
            )
        if minutes := STREAM_AGES.get(spec.construct_id):
            alarms.add(
                f"{spec.construct_id}StreamAge",
                Severity.PAGE,
                f"{spec.description}: the stream is {minutes} minutes behind",
                "stream-age",
                metric("IteratorAge", statistic="Maximum", period=PERIOD),
                above=minutes * 60_000,
            )


def _watch_queues(
    alarms: Alarms, dead_letters: Mapping[str, DeadLetters], queues: Mapping[str, EventQueue]
) -> None:
    for name, undelivered in dead_letters.items():
        alarms.add(
            f"{name}DeadLetters",
            Severity.TICKET,
            f"{name}: the dead-letter queue contains messages",
            "dead-letters",
            undelivered.queue.metric_approximate_number_of_messages_visible(
                period=PERIOD, statistic="Maximum"
            ),
        )
        if name in _SCHEDULES:
            # The next run also does the work of a failed one.
            continue
        alarms.add(
            f"{name}DeadLettersAge",
            Severity.PAGE,
            f"{name}: the dead-letter queue has contained messages for a day",
            "dead-letters",
            # Each list of the failed deliveries receives messages, and SQS ignores the age of a message
            # that was received three times.
            undelivered.queue.metric_approximate_number_of_messages_visible(
                period=cdk.Duration.hours(1), statistic="Maximum"
            ),
            periods=24,
        )
    for name, waiting in queues.items():
        late = waiting.late_after
        alarms.add(
            f"{name}QueueAge",
            Severity.PAGE,
            f"{name}: an event has waited for its function for {late.to_seconds() // 60} minutes",
            "queue-age",
            waiting.queue.metric_approximate_age_of_oldest_message(
                period=PERIOD, statistic="Maximum"
            ),
            above=int(late.to_seconds()),
        )


def _watch_tables(alarms: Alarms, tables: Tables) -> None:
    """Create alarms on throttles of each table, and of its indexes.

    Events of an index have a dimension more, so that they do not count for the table. A query, a
    transaction or an update that an index throttles counts as a throttled request of the table.
    """
    requests, reference = tables.requests, tables.reference
    for name, metric in (
        ("RequestsReads", _throttles(requests, "Read")),
        ("RequestsWrites", _throttles(requests, "Write")),
        ("RequestsQueries", _throttled_requests(requests, "Query")),
        ("RequestsTransactions", _throttled_requests(requests, "TransactWriteItems")),
        ("RequestsUpdates", _throttled_requests(requests, "UpdateItem")),
        ("ReferenceReads", _throttles(reference, "Read")),
    ):
        alarms.add(
            f"{name}Throttled",
            Severity.TICKET,
            f"DynamoDB throttles {name.removeprefix('Requests').removeprefix('Reference').lower()} "
            f"of the {'requests' if name.startswith('Requests') else 'reference'} table",
            "throttles",
            metric,
            above=10,
            periods=2,
        )


def _throttles(table: dynamodb.Table, kind: str) -> cloudwatch.Metric:
    return table.metric(f"{kind}ThrottleEvents", statistic="Sum", period=PERIOD)


def _throttled_requests(table: dynamodb.Table, operation: str) -> cloudwatch.Metric:
    return table.metric(
        "ThrottledRequests",
        dimensions_map={"TableName": table.table_name, "Operation": operation},
        statistic="Sum",
        period=PERIOD,
    )


def _watch_executions(alarms: Alarms, workflow: Workflow) -> None:
    machine = workflow.machine
    for name, how, metric in (
        ("Failed", "failed", machine.metric_failed(period=PERIOD)),
        ("TimedOut", "timed out", machine.metric_timed_out(period=PERIOD)),
        ("Aborted", "was aborted", machine.metric_aborted(period=PERIOD)),
    ):
        alarms.add(
            f"{name}Executions",
            Severity.TICKET,
            f"An execution {how}; its cycle is restarted automatically",
            "executions",
            metric,
        )
    alarms.add(
        "ThrottledExecutions",
        Severity.PAGE,
        "Step Functions throttles the transitions of executions",
        "throttles",
        machine.metric_throttled(period=PERIOD),
        periods=3,
    )
