"""The state machines that assess a request and run a determination cycle to its determination."""

from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.config import StageConfig
from infra.constructs.functions import LIVE, ServiceFunction
from infra.findings import (
    acknowledge,
    acknowledge_inline_policy,
    acknowledge_release_alarm,
    arn_prefix,
)
from infra.resources import resource_of

_FOLDER: Final = Path(__file__).resolve().parents[2] / "stepfunctions"
DEFINITION: Final = _FOLDER / "precertification.asl.json"
ASSESSMENT: Final = _FOLDER / "assessment.asl.json"


class Workflow(Construct):
    """A Standard state machine for determination cycles, and an Express one for assessments.

    Their definitions are the files in ``stepfunctions/``, which the template contains.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: StageConfig, function: ServiceFunction
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            description=f"precert {stage.name}: runs determination cycles",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
        )
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"], resources=[function.live.function_arn]
            )
        )
        log = logs.LogGroup(
            self, "Log", retention=stage.log_retention, removal_policy=stage.removal_policy
        )
        failures = sfn.LogOptions(
            destination=log, level=sfn.LogLevel.ERROR, include_execution_data=False
        )
        invoked = {"WorkflowFunctionArn": function.live.function_arn}
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            comment="One execution per determination cycle; its data contains ids only",
            definition_body=sfn.DefinitionBody.from_string(DEFINITION.read_text()),
            definition_substitutions=invoked,
            role=self.role,
            state_machine_type=sfn.StateMachineType.STANDARD,
            tracing_enabled=True,
            logs=failures,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.assessment = sfn.StateMachine(
            self,
            "Assessment",
            comment="Assesses a submitted request by the rules; its data contains ids only",
            definition_body=sfn.DefinitionBody.from_string(ASSESSMENT.read_text()),
            definition_substitutions=invoked,
            role=self.role,
            state_machine_type=sfn.StateMachineType.EXPRESS,
            tracing_enabled=False,
            logs=failures,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.live = self._live(stage)
        acknowledge(
            self.machine,
            "AwsSolutions-SF1",
            "Standard executions retain their whole history; the log contains failures only, and "
            "never execution data.",
        )
        acknowledge(
            self.assessment,
            "AwsSolutions-SF1",
            "Its one task has a log line of its own; the log contains failures only, and never "
            "execution data.",
        )
        acknowledge(
            self.assessment,
            "AwsSolutions-SF2",
            "It calls one function, whose log has the duration; a trace would cost more than the "
            "execution.",
        )
        acknowledge(
            self.role,
            "AwsSolutions-IAM5[Resource::*]",
            "AWS defines no resource types for log delivery and X-Ray's actions.",
        )
        acknowledge_inline_policy(self.role)

    def _live(self, stage: StageConfig) -> sfn.CfnStateMachineAlias:
        """Publish a version of the Standard state machine, and the alias that starts executions.

        An execution runs its version's definition to its end. Earlier versions remain for rollbacks.
        """
        machine = resource_of(self.machine, sfn.CfnStateMachine)
        version = sfn.CfnStateMachineVersion(
            self,
            "Version",
            state_machine_arn=self.machine.state_machine_arn,
            state_machine_revision_id=machine.attr_state_machine_revision_id,
        )
        version.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.RETAIN
        version.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.DELETE
        if not stage.canary:
            routing = sfn.CfnStateMachineAlias.RoutingConfigurationVersionProperty(
                state_machine_version_arn=version.attr_arn, weight=100
            )
            return sfn.CfnStateMachineAlias(
                self, "Live", name=LIVE, routing_configuration=[routing]
            )
        failed = cloudwatch.Alarm(
            self,
            "ReleaseFails",
            alarm_description="Executions fail during a release, which is rolled back",
            metric=self.machine.metric_failed(period=cdk.Duration.minutes(1)),
            threshold=0,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        acknowledge_release_alarm(failed)
        return sfn.CfnStateMachineAlias(
            self,
            "Live",
            name=LIVE,
            deployment_preference=sfn.CfnStateMachineAlias.DeploymentPreferenceProperty(
                state_machine_version_arn=version.attr_arn,
                type="CANARY",
                percentage=10,
                interval=10,
                alarms=[failed.alarm_name],
            ),
        )

    def allow_start(self, function: ServiceFunction, *, assessment: bool = False) -> None:
        """Allow starting executions by the alias, and describing executions.

        With ``assessment``, also allow synchronous executions of the Express state machine.
        """
        if assessment:
            function.allow(["states:StartSyncExecution"], [self.assessment.state_machine_arn])
        # AWS authorizes a start by alias with the machine's ARN, and a policy may name the alias too.
        function.allow(
            ["states:StartExecution"], [self.machine.state_machine_arn, self.live.attr_arn]
        )
        stack = cdk.Stack.of(self)
        executions = stack.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{self.machine.state_machine_name}:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        function.allow(["states:DescribeExecution"], [executions])
        machine = stack.get_logical_id(resource_of(self.machine, sfn.CfnStateMachine))
        function.acknowledge_wildcard(
            f"Resource::{arn_prefix(stack, 'states')}:execution:<{machine}.Name>:*",
            "Executions of this state machine only; their names contain request ids.",
        )
