"""The state machine that runs a determination cycle from submission or appeal to determination."""

from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.config import StageConfig
from infra.constructs.functions import ServiceFunction
from infra.escape import resource_of
from infra.findings import acknowledge, arn_prefix

DEFINITION: Final = (
    Path(__file__).resolve().parents[2] / "stepfunctions" / "precertification.asl.json"
)


class Workflow(Construct):
    """A Standard state machine whose definition is the file in ``stepfunctions/``, inline."""

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
                actions=["lambda:InvokeFunction"], resources=[function.function.function_arn]
            )
        )
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            comment="One execution per determination cycle; its data contains ids only",
            definition_body=sfn.DefinitionBody.from_string(DEFINITION.read_text()),
            definition_substitutions={"WorkflowFunctionArn": function.function.function_arn},
            role=self.role,
            state_machine_type=sfn.StateMachineType.STANDARD,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=logs.LogGroup(
                    self,
                    "Log",
                    retention=stage.log_retention,
                    removal_policy=stage.removal_policy,
                ),
                level=sfn.LogLevel.ERROR,
                include_execution_data=False,
            ),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        acknowledge(
            self.machine,
            "AwsSolutions-SF1",
            "Standard executions retain their whole history; the log contains failures only, and "
            "never execution data.",
        )
        acknowledge(
            self.role,
            "AwsSolutions-IAM5[Resource::*]",
            "AWS defines no resource types for log delivery and X-Ray's actions.",
        )

    def allow_start(self, function: ServiceFunction) -> None:
        """Allow starting an execution, and reading how an execution of the same name ended."""
        function.allow(["states:StartExecution"], [self.machine.state_machine_arn])
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
