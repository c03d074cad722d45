"""The service stack: creates the constructs that process and serve data, and connects them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra import catalog, permissions
from infra.config import StageConfig
from infra.constructs.api import Api
from infra.constructs.functions import LIVE, FunctionSpec, Runtime, ServiceFunction
from infra.constructs.identity import Identity
from infra.constructs.loading import Loading
from infra.constructs.malware_protection import MalwareProtection
from infra.constructs.messaging import Messaging
from infra.constructs.portal import Portal
from infra.constructs.queues import DeadLetters
from infra.constructs.releases import Releases
from infra.constructs.streams import StreamMapping
from infra.constructs.workflow import Workflow
from infra.data import DataStack
from infra.deliveries import (
    DOCUMENTS_REMOVED,
    DRAFTS_SAVED,
    EVENTS_WRITTEN,
    MESSAGES_REMOVED,
    REQUESTS_REMOVED,
)
from infra.edge import origin_secrets
from infra.packaging import Packages
from infra.platforms import Platform
from precert.names import COMMON, Delivery, Env


class Receiver(NamedTuple):
    """A function that receives events, and the dead-letter queue of events that it did not process."""

    delivery: Delivery
    dead_letters: DeadLetters
    function: ServiceFunction


class ServiceStack(cdk.Stack):
    """Functions, API, state machine, queues and portal of one stage. It holds no data.

    It reads the outputs of the data stack at each deployment (ADR 0126).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        platform: Platform,
        packages: Packages,
        data: DataStack,
        web_acl_arn: str | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=construct_id,
            description=f"Online precertification, {stage.name}: service",
            termination_protection=stage.retain_data,
            # The CDK refuses credentials of another account.
            env=cdk.Environment(account=stage.account, region=stage.region),
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self._data = data
        self._stage = stage
        self._runtime = Runtime(self, "Runtime", stage=stage, platform=platform, packages=packages)
        self._loading = Loading(
            self, "Loading", tables=data.tables, encryption=data.encryption, audit=data.audit
        )
        secrets = origin_secrets(self, stage, data.encryption) if stage.edge else ()
        self._portal = self._make_portal(secrets, web_acl_arn)
        self._scan_documents()
        self._messaging = Messaging(self, "Messaging", bus=data.bus)
        self._subscriptions = self._messaging.subscriptions_queue(
            cdk.Duration.seconds(stage.event_timeout_seconds)
        )
        self._identity = Identity(
            self,
            "Identity",
            stage=stage,
            user_pool=data.user_pool,
            portal_origins=(self._portal.origin, *stage.portal_origins),
        )
        self.api = Api(self, "Api", stage=stage, identity=self._identity)
        self._address = self._portal.origin if stage.edge else self.api.http_api.api_endpoint
        self._values = self._environment(secrets)
        self._stream_dead_letters = {
            spec: DeadLetters(self, f"{spec.construct_id}DeadLetters")
            for spec in (catalog.RELAY, catalog.EXPIRE, catalog.AUDIT)
        }
        self.functions, self.workflow = self._make_functions()
        receivers = self._deliver()
        self._redeliver(receivers)
        self.dead_letters = {name: one.dead_letters for name, one in receivers.items()}
        self._permit()
        self._serve()
        self._encrypt_logs()
        self._outputs()

    def _make_portal(self, secrets: Sequence[str], web_acl_arn: str | None) -> Portal:
        """Create the distribution of the portal, which also forwards calls of the API."""
        user_pool = self._data.user_pool
        return Portal(
            self,
            "Portal",
            stage=self._stage,
            documents_origin=self._data.documents.origin,
            sign_in_origin=user_pool.sign_in_url if user_pool else None,
            web_acl_arn=self._stage.portal.web_acl_arn or web_acl_arn,
            origin_secret=secrets[0] if secrets else None,
        )

    def _scan_documents(self) -> None:
        """Scan uploaded documents for malware, if the stage enables it."""
        if self._stage.scan_documents:
            MalwareProtection(
                self,
                "MalwareProtection",
                bucket=self._data.documents.documents,
                encryption=self._data.encryption,
            )

    def _environment(self, secrets: Sequence[str]) -> dict[Env, str]:
        """Return the environment variables that are known before the functions exist."""
        data, stage = self._data, self._stage
        return {
            Env.REQUESTS_TABLE: data.tables.requests.table_name,
            Env.REFERENCE_TABLE: data.tables.reference.table_name,
            Env.LIMITS_TABLE: data.tables.limits.table_name,
            Env.CALLS_PER_MINUTE: str(stage.calls_per_minute or "off"),
            Env.AUDIT_TABLE: data.audit.table.table_name,
            Env.AUDIT_BUCKET: data.audit.archive.bucket_name,
            Env.DOCUMENTS_BUCKET: data.documents.documents.bucket_name,
            Env.ARCHIVE_BUCKET: data.documents.archive.bucket_name,
            Env.RULE_LISTS_BUCKET: data.documents.rule_lists.bucket_name,
            Env.EVENT_BUS_NAME: data.bus.event_bus_name,
            Env.DATA_KEY: data.encryption.key.key_id,
            Env.SSN_KEY: data.encryption.ssn_key.key_arn,
            Env.ORIGIN_SECRETS: ",".join(secrets) or "off",
            Env.PARTNERS_DOMAIN: stage.api.domain or "none",
            Env.SCAN_DOCUMENTS: "on" if stage.scan_documents else "off",
            Env.PUBLIC_URL: self._address,
            Env.SIGNING_KEY: data.encryption.signing_key.key_arn,
            Env.SUBSCRIPTIONS_QUEUE: self._subscriptions.queue.queue_url,
            **self._identity.values,
        }

    def _make_functions(self) -> tuple[dict[FunctionSpec, ServiceFunction], Workflow]:
        """Create the functions and the state machine, whose ARNs later functions read.

        The function of operators is created after the receivers, whose names it reads.
        """
        task = self._function(catalog.WORKFLOW)
        workflow = Workflow(self, "Workflow", stage=self._stage, function=task)
        self._values[Env.STATE_MACHINE_ARN] = workflow.live.attr_arn
        self._values[Env.ASSESSMENT_ARN] = workflow.assessment.state_machine_arn
        functions = {
            spec: task if spec is catalog.WORKFLOW else self._function(spec)
            for spec in catalog.ALL
            if spec is not catalog.OPERATIONS
        }
        return functions, workflow

    def _redeliver(self, receivers: Mapping[str, Receiver]) -> None:
        """Create the function of operators, which sends failed deliveries to their receivers again."""
        queues = {one.delivery: one.dead_letters.queue for one in receivers.values()}
        functions = {one.delivery: one.function.live for one in receivers.values()}
        self._deliveries = self.to_json_string(
            {
                delivery.value: [queue.queue_url, functions[delivery].function_arn]
                for delivery, queue in queues.items()
            }
        )
        # All variables of a function have at most 4 KB, in which the whole addresses do not fit.
        functions_of = self.format_arn(
            service="lambda",
            resource="function",
            resource_name="",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self._values[Env.DELIVERIES] = self.to_json_string(
            {
                COMMON: [
                    f"https://sqs.{self.region}.{self.url_suffix}/{self.account}/",
                    functions_of,
                ],
                **{
                    one.delivery.value: [
                        one.dead_letters.queue.queue_name,
                        f"{one.function.function.function_name}:{LIVE}",
                    ]
                    for one in receivers.values()
                },
            }
        )
        operations = self.functions[catalog.OPERATIONS] = self._function(catalog.OPERATIONS)
        permissions.redeliver(
            operations,
            queues=[queue.queue_arn for queue in queues.values()],
            receivers=[function.function_arn for function in functions.values()],
        )

    def _permit(self) -> None:
        """Give each function the permissions that it needs."""
        data = self._data
        permissions.grant(
            self.functions,
            encryption=data.encryption,
            tables=data.tables,
            documents=data.documents,
            messaging=self._messaging,
            workflow=self.workflow,
        )
        notifying = (catalog.PAS, catalog.SUBSCRIPTIONS, catalog.SUBSCRIPTION_SWEEP)
        permissions.request_deliveries(
            self._subscriptions.queue.queue_arn, [self.functions[spec] for spec in notifying]
        )
        permissions.append_to(data.audit, self.functions)
        permissions.identify_callers(data.tables, self.functions)

    def _serve(self) -> None:
        """Connect the routes of the API with their functions, and the portal with the API."""
        self.api.serve(
            {
                spec.serves: function
                for spec, function in self.functions.items()
                if spec.serves is not None
            },
            fhir_authorizer=self.functions[catalog.SMART],
        )
        self._portal.forward_api(self.api.http_api)
        if self._stage.canary:
            Releases(self, "Releases", functions=self.functions, api=self.api)

    def _encrypt_logs(self) -> None:
        """Encrypt every log group with the key of operations."""
        for construct in self.node.find_all():
            if isinstance(construct, logs.CfnLogGroup):
                construct.kms_key_id = self._data.encryption.operations_key.key_arn

    def _function(self, spec: FunctionSpec) -> ServiceFunction:
        values = dict(self._values)
        if spec in self._stream_dead_letters:
            values[Env.DEAD_LETTERS] = self._stream_dead_letters[spec].queue.queue_url
        return ServiceFunction(
            self, spec.construct_id, spec=spec, runtime=self._runtime, values=values
        )

    def _deliver(self) -> dict[str, Receiver]:
        """Connect the stream, the bus and the bucket to functions; return these by name."""
        of, messaging, bucket = self.functions, self._messaging, self._data.documents.documents
        relay = StreamMapping(
            self,
            "EventsWritten",
            table=self._data.tables.requests,
            function=of[catalog.RELAY],
            dead_letters=self._stream_dead_letters[catalog.RELAY],
            records=(EVENTS_WRITTEN, DRAFTS_SAVED),
        )
        expire = StreamMapping(
            self,
            "Expired",
            table=self._data.tables.requests,
            function=of[catalog.EXPIRE],
            dead_letters=self._stream_dead_letters[catalog.EXPIRE],
            records=(REQUESTS_REMOVED, DOCUMENTS_REMOVED, MESSAGES_REMOVED),
        )
        audit = of[catalog.AUDIT]
        unarchived = self._data.audit.archive_records(
            audit, self._stream_dead_letters[catalog.AUDIT]
        )
        warn, sweep = of[catalog.WARN], of[catalog.UPLOAD_SWEEP]
        clocks = of[catalog.SWEEP]
        verify, scan = of[catalog.UPLOAD_VERIFY], of[catalog.UPLOAD_SCAN]
        orphans = of[catalog.ORPHAN_SWEEP]
        notified, due = of[catalog.SUBSCRIPTIONS], of[catalog.SUBSCRIPTION_SWEEP]
        messaging.notify_subscribers(self._subscriptions, notified)
        queues = self.queues = {
            "Subscriptions": self._subscriptions,
            "Messages": messaging.deliver_messages(of[catalog.INBOX]),
            "Notices": messaging.deliver_determinations(of[catalog.NOTICES]),
            "Reports": messaging.deliver_reports(of[catalog.REPORTS]),
            "Uploads": messaging.deliver_uploads(verify, bucket),
            "Scans": messaging.deliver_scans(scan, bucket),
            "Executions": messaging.deliver_ended_executions(of[catalog.EXECUTIONS], self.workflow),
        }
        return {
            "Relay": Receiver(Delivery.RELAY, relay.dead_letters, of[catalog.RELAY]),
            "Expire": Receiver(Delivery.CLEANUP, expire.dead_letters, of[catalog.EXPIRE]),
            "Audit": Receiver(Delivery.AUDIT, unarchived, audit),
            "Warn": Receiver(Delivery.WARNINGS, messaging.warn_of_expiry(warn), warn),
            "Clocks": Receiver(Delivery.CLOCKS, messaging.sweep_clocks(clocks), clocks),
            "SubscriptionSweeps": Receiver(
                Delivery.SUBSCRIPTION_SWEEPS, messaging.sweep_subscriptions(due), due
            ),
            "OrphanSweeps": Receiver(
                Delivery.ORPHAN_SWEEPS, messaging.sweep_orphans(orphans), orphans
            ),
            "UploadSweeps": Receiver(Delivery.UPLOAD_SWEEPS, messaging.sweep_uploads(sweep), sweep),
            **{
                name: Receiver(Delivery[name.upper()], queue.dead_letters, queue.function)
                for name, queue in queues.items()
            },
        }

    def _outputs(self) -> None:
        """Output the names that data loads, API clients and operators' commands need."""
        outputs = {
            "ApiUrl": self._address,
            **({"OriginTarget": self.api.origin_target} if self.api.origin_target else {}),
            **self._identity.outputs,
            "RequestsTableName": self._data.tables.requests.table_name,
            "ReferenceTableName": self._data.tables.reference.table_name,
            "AuditTableName": self._data.audit.table.table_name,
            "AuditBucketName": self._data.audit.archive.bucket_name,
            "DocumentsBucketName": self._data.documents.documents.bucket_name,
            "ArchiveBucketName": self._data.documents.archive.bucket_name,
            "RuleListsBucketName": self._data.documents.rule_lists.bucket_name,
            "EventBusName": self._messaging.bus.event_bus_name,
            "Deliveries": self._deliveries,
            "DataKeyArn": self._data.encryption.key.key_arn,
            "SsnKeyArn": self._values[Env.SSN_KEY],
            "LoadingRoleArn": self._loading.role.role_arn,
            "PortalUrl": self._portal.origin,
            "PortalBucketName": self._portal.bucket.bucket_name,
            "StateMachineArn": self.workflow.machine.state_machine_arn,
            "StateMachineAliasArn": self.workflow.live.attr_arn,
        }
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)
