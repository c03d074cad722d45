"""The adapters of a deployment: tables, buckets, keys, queues, event bus and state machines.

Each is created when it is first used. Only the composition root uses this module.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from precert.adapters.dynamodb.audit import DynamoDBAuditLog
from precert.adapters.dynamodb.cleanup import DynamoDBCleanup
from precert.adapters.dynamodb.clients import DynamoDBClients
from precert.adapters.dynamodb.directory import DynamoDBFrequentProviders
from precert.adapters.dynamodb.documents import DynamoDBDocuments, DynamoDBNotices
from precert.adapters.dynamodb.drafts import DynamoDBDrafts, DynamoDBDraftWarnings
from precert.adapters.dynamodb.duplicates import DynamoDBFingerprints
from precert.adapters.dynamodb.event_records import DynamoDBEventRecords
from precert.adapters.dynamodb.flags import DynamoDBFlags
from precert.adapters.dynamodb.grants import DynamoDBGrants
from precert.adapters.dynamodb.leftovers import DynamoDBLeftovers
from precert.adapters.dynamodb.listings import DynamoDBListings
from precert.adapters.dynamodb.messages import DynamoDBInbox
from precert.adapters.dynamodb.migrations import DynamoDBMigrations
from precert.adapters.dynamodb.reference import DynamoDBReference
from precert.adapters.dynamodb.registrations import DynamoDBRegistrations
from precert.adapters.dynamodb.requests import DynamoDBRequests
from precert.adapters.dynamodb.restoring import DynamoDBDerivedRecords
from precert.adapters.dynamodb.subscriptions import DynamoDBSubscriptions
from precert.adapters.dynamodb.sweep import DynamoDBSweepPositions
from precert.adapters.eventbridge import EventBridgeBus, EventBridgeReplays
from precert.adapters.kms import KmsDigests
from precert.adapters.payer_file import shipped_payer
from precert.adapters.s3.archive import S3Archive
from precert.adapters.s3.audit import S3Audit, S3HookCalls
from precert.adapters.s3.documents import S3Documents, S3Notices
from precert.adapters.s3.restoring import S3RestoredFiles
from precert.adapters.s3.rule_lists import S3RuleLists
from precert.adapters.sqs import SqsDeadLetters, SqsDeliveries, SqsDeliveryQueue, receivers_of
from precert.adapters.stepfunctions import (
    StepFunctionsAssessments,
    StepFunctionsTokens,
    StepFunctionsWorkflow,
)
from precert.clients import Clients
from precert.domain.clocks import history_end
from precert.domain.payer import Payer
from precert.names import Env
from precert.settings import Settings


@dataclass
class Resources(Clients):
    """Adapters of the deployed resources, whose names are in the settings."""

    settings: Settings = field(default_factory=Settings)

    @cached_property
    def payer(self) -> Payer:
        return shipped_payer()

    @cached_property
    def directory(self) -> DynamoDBReference:
        return self.reference

    @cached_property
    def drafts(self) -> DynamoDBDrafts:
        return DynamoDBDrafts(
            self.dynamodb,
            requests_table=self.settings[Env.REQUESTS_TABLE],
            reference_table=self.settings[Env.REFERENCE_TABLE],
        )

    @cached_property
    def draft_warnings(self) -> DynamoDBDraftWarnings:
        return DynamoDBDraftWarnings(
            self.dynamodb, requests_table=self.settings[Env.REQUESTS_TABLE]
        )

    @cached_property
    def stored_requests(self) -> DynamoDBRequests:
        """The stored requests, including those past retention; for cleanup and operators' commands."""
        return DynamoDBRequests(
            self.dynamodb,
            requests_table=self.settings[Env.REQUESTS_TABLE],
            retained_until=self._retained_until,
        )

    def _retained_until(self, changed_at: datetime) -> datetime:
        return history_end(changed_at, self.payer.history_years, self.payer.zone)

    @cached_property
    def fingerprints(self) -> DynamoDBFingerprints:
        return DynamoDBFingerprints(self.dynamodb, requests_table=self.settings[Env.REQUESTS_TABLE])

    @cached_property
    def documents(self) -> DynamoDBDocuments:
        return DynamoDBDocuments(self.dynamodb, requests_table=self.settings[Env.REQUESTS_TABLE])

    @cached_property
    def cleanup(self) -> DynamoDBCleanup:
        return DynamoDBCleanup(self.dynamodb, requests_table=self.settings[Env.REQUESTS_TABLE])

    @cached_property
    def listings(self) -> DynamoDBListings:
        return DynamoDBListings(self.dynamodb, requests_table=self.settings[Env.REQUESTS_TABLE])

    @cached_property
    def event_records(self) -> DynamoDBEventRecords:
        return DynamoDBEventRecords(self.dynamodb, requests_table=self.settings[Env.REQUESTS_TABLE])

    @cached_property
    def leftover_records(self) -> DynamoDBLeftovers:
        return DynamoDBLeftovers(self.dynamodb, requests_table=self.settings[Env.REQUESTS_TABLE])

    @cached_property
    def derived_records(self) -> DynamoDBDerivedRecords:
        return DynamoDBDerivedRecords(
            self.dynamodb, requests_table=self.settings[Env.REQUESTS_TABLE]
        )

    @cached_property
    def restored_files(self) -> S3RestoredFiles:
        return S3RestoredFiles(self.s3, bucket=self.settings[Env.DOCUMENTS_BUCKET])

    @property
    def leftover_files(self) -> S3Documents:
        return self.document_bytes

    @property
    def archived_requests(self) -> S3Archive:
        return self.archive

    @cached_property
    def migrations(self) -> DynamoDBMigrations:
        return DynamoDBMigrations(self.dynamodb, requests_table=self.settings[Env.REQUESTS_TABLE])

    @cached_property
    def sweep_positions(self) -> DynamoDBSweepPositions:
        return DynamoDBSweepPositions(
            self.dynamodb, requests_table=self.settings[Env.REQUESTS_TABLE]
        )

    @cached_property
    def flags(self) -> DynamoDBFlags:
        return DynamoDBFlags(self.dynamodb, requests_table=self.settings[Env.REQUESTS_TABLE])

    @cached_property
    def inbox(self) -> DynamoDBInbox:
        return DynamoDBInbox(self.dynamodb, requests_table=self.settings[Env.REQUESTS_TABLE])

    @cached_property
    def reference(self) -> DynamoDBReference:
        return DynamoDBReference(self.dynamodb, reference_table=self.settings[Env.REFERENCE_TABLE])

    @cached_property
    def frequent_providers(self) -> DynamoDBFrequentProviders:
        return DynamoDBFrequentProviders(
            self.dynamodb, requests_table=self.settings[Env.REQUESTS_TABLE]
        )

    @cached_property
    def digests(self) -> KmsDigests:
        return KmsDigests(self.kms, key_id=self.settings[Env.SSN_KEY])

    @cached_property
    def document_bytes(self) -> S3Documents:
        return S3Documents(
            self.s3,
            bucket=self.settings[Env.DOCUMENTS_BUCKET],
            key_id=lambda: self.settings[Env.DATA_KEY],
        )

    @cached_property
    def notices(self) -> DynamoDBNotices:
        return DynamoDBNotices(self.dynamodb, requests_table=self.settings[Env.REQUESTS_TABLE])

    @cached_property
    def notice_bytes(self) -> S3Notices:
        return S3Notices(self.s3, bucket=self.settings[Env.DOCUMENTS_BUCKET])

    @cached_property
    def registrations(self) -> DynamoDBRegistrations:
        return DynamoDBRegistrations(
            self.dynamodb,
            requests_table=self.settings[Env.REQUESTS_TABLE],
            reference_table=self.settings[Env.REFERENCE_TABLE],
            retained_until=self._retained_until,
        )

    @cached_property
    def archive(self) -> S3Archive:
        return S3Archive(
            self.s3,
            bucket=self.settings[Env.ARCHIVE_BUCKET],
            documents_bucket=self.settings[Env.DOCUMENTS_BUCKET],
        )

    @cached_property
    def stored_audit(self) -> DynamoDBAuditLog:
        return DynamoDBAuditLog(self.dynamodb, audit_table=self.settings[Env.AUDIT_TABLE])

    @cached_property
    def locked_audit(self) -> S3Audit:
        return S3Audit(self.s3, bucket=self.settings[Env.AUDIT_BUCKET])

    @cached_property
    def hook_calls(self) -> S3HookCalls:
        return S3HookCalls(self.s3, bucket=self.settings[Env.AUDIT_BUCKET])

    @cached_property
    def grants(self) -> DynamoDBGrants:
        return DynamoDBGrants(self.dynamodb, reference_table=self.settings[Env.REFERENCE_TABLE])

    @cached_property
    def clients(self) -> DynamoDBClients:
        return DynamoDBClients(self.dynamodb, reference_table=self.settings[Env.REFERENCE_TABLE])

    @cached_property
    def subscriptions(self) -> DynamoDBSubscriptions:
        return DynamoDBSubscriptions(
            self.dynamodb, requests_table=self.settings[Env.REQUESTS_TABLE]
        )

    @cached_property
    def delivery_queue(self) -> SqsDeliveryQueue:
        return SqsDeliveryQueue(self.sqs, queue_url=self.settings[Env.SUBSCRIPTIONS_QUEUE])

    @cached_property
    def rule_lists(self) -> S3RuleLists:
        return S3RuleLists(self.s3, bucket=self.settings[Env.RULE_LISTS_BUCKET])

    @cached_property
    def workflow(self) -> StepFunctionsWorkflow:
        return StepFunctionsWorkflow(
            self.stepfunctions, state_machine_arn=self.settings[Env.STATE_MACHINE_ARN]
        )

    @property
    def calls_aws(self) -> bool:
        return super().calls_aws and self.settings.calls_aws

    @cached_property
    def assessments(self) -> StepFunctionsAssessments:
        return StepFunctionsAssessments(
            self.assessing, state_machine_arn=self.settings[Env.ASSESSMENT_ARN]
        )

    @cached_property
    def task_tokens(self) -> StepFunctionsTokens:
        return StepFunctionsTokens(self.stepfunctions)

    @cached_property
    def bus(self) -> EventBridgeBus:
        return EventBridgeBus(self.events, bus_name=self.settings[Env.EVENT_BUS_NAME])

    @cached_property
    def replays(self) -> EventBridgeReplays:
        return EventBridgeReplays(self.events, bus_name=self.settings[Env.EVENT_BUS_NAME])

    @cached_property
    def deliveries(self) -> SqsDeliveries:
        return SqsDeliveries(
            self.sqs,
            self.lambda_functions,
            self.dynamodb,
            receivers=receivers_of(self.settings[Env.DELIVERIES]),
            requests_table=self.settings[Env.REQUESTS_TABLE],
        )

    @cached_property
    def dead_letters(self) -> SqsDeadLetters | None:
        """The queue for stream records that can never be processed; ``None`` if there is none."""
        url = self.settings.environ.get(Env.DEAD_LETTERS.value)
        return SqsDeadLetters(self.sqs, queue_url=url) if url else None
