"""Alarms and two dashboards."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.config import StageConfig
from infra.constructs.api import Api
from infra.constructs.dead_letters import DeadLetters
from infra.constructs.functions import METRICS_NAME, FunctionSpec, ServiceFunction
from infra.constructs.queues import EventQueue
from infra.constructs.tables import Tables
from infra.constructs.workflow import Workflow
from precert.domain.event_types import EventType
from precert.names import DAMAGED_RECORD, SCAN_UNRESOLVED, SWEPT

_PERIOD = cdk.Duration.minutes(5)


class Alarms(Construct):
    """All alarms notify one topic, to which operators subscribe."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True)
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
        if stage.alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(stage.alarm_email))

    def add(
        self,
        name: str,
        description: str,
        metric: cloudwatch.Metric,
        *,
        above: int = 0,
        periods: int = 1,
        present: bool = False,
    ) -> None:
        """Alarm when the metric is above the threshold, or with ``present`` when it is missing."""
        operators, missing = cloudwatch.ComparisonOperator, cloudwatch.TreatMissingData
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_description=description,
            metric=metric,
            threshold=1 if present else above,
            evaluation_periods=periods,
            comparison_operator=(
                operators.LESS_THAN_THRESHOLD if present else operators.GREATER_THAN_THRESHOLD
            ),
            treat_missing_data=missing.BREACHING if present else missing.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))


def _count_of(metric_name: str) -> cloudwatch.Metric:
    """How often the functions recorded the metric in a period."""
    return cloudwatch.Metric(
        namespace=METRICS_NAME,
        metric_name=metric_name,
        dimensions_map={"service": METRICS_NAME},
        period=_PERIOD,
        statistic="Sum",
    )


def watch(
    alarms: Alarms,
    *,
    functions: Mapping[FunctionSpec, ServiceFunction],
    dead_letters: Mapping[str, DeadLetters],
    queues: Mapping[str, EventQueue],
    workflow: Workflow,
    api: Api,
) -> None:
    """Create all alarms."""
    for spec, function in functions.items():
        alarms.add(
            f"{spec.construct_id}Errors",
            f"{spec.description}: invocations fail",
            function.function.metric_errors(period=_PERIOD),
        )
        alarms.add(
            f"{spec.construct_id}Throttles",
            f"{spec.description}: invocations are throttled",
            function.function.metric_throttles(period=_PERIOD),
        )
    for name, undelivered in dead_letters.items():
        alarms.add(
            f"{name}DeadLetters",
            f"{name}: the dead-letter queue contains messages; an operator must redrive them",
            undelivered.queue.metric_approximate_number_of_messages_visible(
                period=_PERIOD, statistic="Maximum"
            ),
        )
    for name, waiting in queues.items():
        alarms.add(
            f"{name}Delayed",
            f"{name}: an event was not processed for 15 minutes; it is delivered again for hours",
            waiting.queue.metric_approximate_age_of_oldest_message(
                period=_PERIOD, statistic="Maximum"
            ),
            above=15 * 60,
        )
    alarms.add(
        "UnresolvedScans",
        "A malware scan had no result and the document is not available: scan the document again",
        _count_of(SCAN_UNRESOLVED),
    )
    alarms.add(
        "DamagedRecords",
        "A stored record cannot be read: the functions' logs have its kind and id",
        _count_of(DAMAGED_RECORD),
    )
    alarms.add(
        "FailedExecutions",
        "An execution failed: start its determination cycle again once the cause is fixed",
        workflow.machine.metric_failed(period=_PERIOD),
    )
    for how, metric in (
        ("TimedOut", workflow.machine.metric_timed_out(period=_PERIOD)),
        ("Aborted", workflow.machine.metric_aborted(period=_PERIOD)),
    ):
        alarms.add(
            f"{how}Executions",
            "An execution timed out or was aborted: its cycle is started again by itself",
            metric,
        )
    alarms.add(
        "SweepMissing",
        "The sweep of the decision clocks did not complete in 10 minutes",
        _count_of(SWEPT),
        periods=2,
        present=True,
    )
    alarms.add(
        "DeadlinesPassed",
        "A request was not decided by its deadline: it is in the operators' queue",
        _count_of(EventType.DEADLINE_PASSED.value),
    )
    alarms.add(
        "DeemedDenials",
        "A passed deadline counts as a denial: a reviewer must decide the request today",
        _count_of(EventType.DEEMED_DENIAL_DUE.value),
    )
    alarms.add(
        "VendorDeadlinesPassed",
        "A delegated vendor did not decide in time: it is in the operators' backlog of vendors",
        _count_of(EventType.VENDOR_DEADLINE_PASSED.value),
    )
    alarms.add(
        "ServerErrors",
        "The API responds with 5xx errors",
        api.http_api.metric_server_error(period=_PERIOD, statistic="Sum"),
        above=5,
        periods=2,
    )


class Dashboards(Construct):
    """A business dashboard with events and cycles, and a technical one with errors and latencies."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        functions: Mapping[FunctionSpec, ServiceFunction],
        dead_letters: Mapping[str, DeadLetters],
        tables: Tables,
        workflow: Workflow,
        api: Api,
    ) -> None:
        super().__init__(scope, construct_id)
        machine = workflow.machine
        cloudwatch.Dashboard(
            self,
            "Business",
            dashboard_name=f"precert-{stage.name}-business",
            widgets=[
                [
                    _graph(
                        "Events of requests",
                        [
                            cloudwatch.MathExpression(
                                expression="SEARCH('{precert,service} service=\"precert\"', 'Sum')",
                                label="",
                                period=_PERIOD,
                                using_metrics={},
                            )
                        ],
                    ),
                    _graph(
                        "Determination cycles started and closed",
                        [machine.metric_started(), machine.metric_succeeded()],
                    ),
                ],
                [
                    _graph(
                        "Hours from start to determination",
                        [
                            # Step Functions measures executions in milliseconds.
                            cloudwatch.MathExpression(
                                expression="time / 3600000",
                                using_metrics={"time": machine.metric_time()},
                                label="hours",
                            )
                        ],
                    ),
                    _graph("API calls", [api.http_api.metric_count()]),
                ],
            ],
        )
        lambdas = [function.function for function in functions.values()]
        cloudwatch.Dashboard(
            self,
            "LowLevel",
            dashboard_name=f"precert-{stage.name}-low-level",
            widgets=[
                [
                    _graph("Function errors", [f.metric_errors() for f in lambdas]),
                    _graph(
                        "Function duration, p99",
                        [f.metric_duration(statistic="p99") for f in lambdas],
                    ),
                ],
                [
                    _graph(
                        "API errors",
                        [
                            api.http_api.metric_server_error(statistic="Sum"),
                            api.http_api.metric_client_error(statistic="Sum"),
                        ],
                    ),
                    _graph("API latency, p99", [api.http_api.metric_latency(statistic="p99")]),
                ],
                [
                    _graph(
                        "Executions that failed or timed out",
                        [machine.metric_failed(), machine.metric_timed_out()],
                    ),
                    _graph(
                        "Messages in dead-letter queues",
                        [
                            undelivered.queue.metric_approximate_number_of_messages_visible()
                            for undelivered in dead_letters.values()
                        ],
                    ),
                ],
                [
                    _graph(
                        "Consumed capacity of the requests table",
                        [
                            tables.requests.metric_consumed_read_capacity_units(),
                            tables.requests.metric_consumed_write_capacity_units(),
                        ],
                    ),
                    _graph(
                        "Stream iterator age",
                        [
                            f.metric("IteratorAge", statistic="Maximum", period=_PERIOD)
                            for spec, f in (
                                (spec, function.function) for spec, function in functions.items()
                            )
                            if spec.folder in {"relay", "expire"}
                        ],
                    ),
                ],
            ],
        )


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=12)
