"""The monitoring stack: alarms, their topics, and dashboards."""

import aws_cdk as cdk
from constructs import Construct

from infra.config import StageConfig
from infra.constructs.dashboards import Dashboards
from infra.constructs.observability import Alarms, watch
from infra.data import DataStack
from infra.stack import ServiceStack


class MonitoringStack(cdk.Stack):
    """What reports the state of the other stacks. No other stack refers to it."""

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
            encryption=data.encryption,
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
