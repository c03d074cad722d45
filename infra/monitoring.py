"""The monitoring stack: alarms, their topics, and the operations and business dashboards."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.config import StageConfig
from infra.constructs.api import Api
from infra.constructs.functions import FunctionSpec, ServiceFunction
from infra.constructs.observability import PERIOD, STREAM_AGES, Alarms, watch
from infra.constructs.queues import DeadLetters
from infra.constructs.tables import Tables
from infra.constructs.workflow import Workflow
from infra.data import DataStack
from infra.stack import ServiceStack


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
                                period=PERIOD,
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
                        [_in_hours(machine.metric_time(), "average")],
                        unit="hours",
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
                        unit="milliseconds",
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
                    _graph(
                        "API latency, p99",
                        [api.http_api.metric_latency(statistic="p99")],
                        unit="milliseconds",
                    ),
                ],
                [
                    _graph(
                        "Executions that failed, timed out or were aborted",
                        [
                            machine.metric_failed(),
                            machine.metric_timed_out(),
                            machine.metric_aborted(),
                        ],
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
                            f.metric("IteratorAge", statistic="Maximum", period=PERIOD)
                            for spec, f in (
                                (spec, function.function) for spec, function in functions.items()
                            )
                            if spec.construct_id in STREAM_AGES
                        ],
                        unit="milliseconds",
                    ),
                ],
            ],
        )


def _in_hours(metric: cloudwatch.IMetric, label: str) -> cloudwatch.IMetric:
    """Convert a metric of Step Functions, which measures executions in milliseconds, to hours."""
    return cloudwatch.MathExpression(
        expression="time / 3600000", using_metrics={"time": metric}, label=label
    )


def _graph(
    title: str, metrics: Sequence[cloudwatch.IMetric], *, unit: str = "count"
) -> cloudwatch.IWidget:
    axis = cloudwatch.YAxisProps(label=unit, show_units=False, min=0)
    return cloudwatch.GraphWidget(title=title, left=list(metrics), left_y_axis=axis, width=12)


class MonitoringStack(cdk.Stack):
    """Alarms and dashboards of the other stacks. No other stack refers to it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        data: DataStack,
        service: ServiceStack,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=construct_id,
            description=f"Online precertification, {stage.name}: monitoring",
            termination_protection=stage.retain_data,
            env=cdk.Environment(account=stage.account, region=stage.region),
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        watch(
            Alarms(self, "Alarms", stage=stage, key=data.encryption.operations_key),
            stage=stage,
            functions=service.functions,
            dead_letters=service.dead_letters,
            queues=service.queues,
            tables=data.tables,
            documents=data.documents,
            keys=data.keys,
            workflow=service.workflow,
            api=service.api,
        )
        Dashboards(
            self,
            "Dashboards",
            stage=stage,
            functions=service.functions,
            dead_letters=service.dead_letters,
            tables=data.tables,
            workflow=service.workflow,
            api=service.api,
        )
