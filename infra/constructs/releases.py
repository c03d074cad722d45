"""Gradual releases of the functions that people wait for, with automatic rollback."""

from collections.abc import Mapping
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.alarms import METRICS_NAME
from infra.constructs.api import Api
from infra.constructs.functions import FunctionSpec, ServiceFunction
from infra.findings import acknowledge, acknowledge_release_alarm
from precert.names import SERVER_ERROR

_PERIOD: Final = cdk.Duration.minutes(1)


class Releases(Construct):
    """CodeDeploy moves each alias: a tenth of the calls for five minutes, then all of them.

    While an alarm is active, or when one becomes active, the alias returns to the earlier version and
    CloudFormation rolls the stack back.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        functions: Mapping[FunctionSpec, ServiceFunction],
        api: Api,
    ) -> None:
        super().__init__(scope, construct_id)
        errors = cloudwatch.Metric(
            namespace=METRICS_NAME,
            metric_name=SERVER_ERROR,
            dimensions_map={"service": METRICS_NAME},
            statistic="Sum",
            period=_PERIOD,
        )
        unanswered = api.http_api.metric_server_error(statistic="Sum", period=_PERIOD)
        alarms = [
            self._alarm("ServerErrors", "Functions respond with 500", errors, above=2),
            self._alarm("ApiErrors", "The API responds with 5xx errors", unanswered, above=5),
        ]
        application = codedeploy.LambdaApplication(self, "Application")
        role = self._role()
        for spec, function in functions.items():
            if spec.is_released_gradually:
                codedeploy.LambdaDeploymentGroup(
                    self,
                    spec.construct_id,
                    application=application,
                    alias=function.live,
                    deployment_config=codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
                    alarms=alarms,
                    role=role,
                )

    def _alarm(
        self, name: str, text: str, metric: cloudwatch.Metric, *, above: int
    ) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_description=f"{text} during a release, which is rolled back",
            metric=metric,
            threshold=above,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        acknowledge_release_alarm(alarm)
        return alarm

    def _role(self) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            description="CodeDeploy moves aliases of functions to new versions",
            assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"),
        )
        policy = "service-role/AWSCodeDeployRoleForLambdaLimited"
        role.add_managed_policy(iam.ManagedPolicy.from_aws_managed_policy_name(policy))
        acknowledge(
            role,
            f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{policy}]",
            "AWS's own policy for CodeDeploy of functions, which AWS extends when CodeDeploy changes.",
        )
        return role
