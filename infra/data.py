"""The data stack: everything that holds data, and the keys that encrypt it."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import StageConfig
from infra.constructs.audit import Audit
from infra.constructs.backups import Backups
from infra.constructs.documents import Documents
from infra.constructs.encryption import Encryption
from infra.constructs.event_bus import EventBus
from infra.constructs.identity import UserPool
from infra.constructs.tables import Tables


class DataStack(cdk.Stack):
    """Tables, buckets, keys, users and archived events of one stage. It refers to no other stack.

    A release of the code does not change it; its resources survive the deletion of the service.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=construct_id,
            description=f"Online precertification, {stage.name}: data",
            termination_protection=stage.retain_data,
            # The CDK refuses credentials of another account.
            env=cdk.Environment(account=stage.account, region=stage.region),
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self.encryption = Encryption(self, "Encryption", stage=stage)
        self.tables = Tables(self, "Tables", stage=stage, encryption=self.encryption)
        self.audit = Audit(self, "Audit", stage=stage)
        self.documents = Documents(self, "Buckets", stage=stage, encryption=self.encryption)
        self.bus = EventBus(self, "EventBus", stage=stage).bus
        self.keys: tuple[kms.Key, ...] = (*self.encryption.keys, self.audit.key)
        """The keys of everything that the stacks store."""
        if stage.backup is not None:
            backups = Backups(
                self,
                "Backups",
                stage=stage,
                config=stage.backup,
                tables=[self.tables.requests, self.tables.reference, self.audit.table],
                buckets=[
                    self.documents.documents,
                    self.documents.rule_lists,
                    self.documents.archive,
                    self.audit.archive,
                ],
                keys=[self.encryption.key, self.audit.key],
            )
            self.keys = (*self.keys, backups.key)
        self.user_pool = (
            UserPool(self, "UserPool", stage=stage) if stage.identity.issuer is None else None
        )
