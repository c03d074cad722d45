"""Names that the functions and the infrastructure share.

They include attribute and index names, event sources and types, tasks of the state machine, and
environment variables. This module imports only the standard library, so that the CDK app can import it
without loading the product.
"""

from enum import StrEnum
from typing import Final, NamedTuple

VERSION: Final = "1.0.0-rc"
"""The version of the API, as in pyproject.toml."""

# -- Tables -----------------------------------------------------------------------------------------
PK: Final = "pk"
SK: Final = "sk"
TTL_ATTRIBUTE: Final = "ttl"
AUDIT_RECORD: Final = "record"
"""The attribute with the record, in an item of the audit table."""
EVENT_SK_PREFIX: Final = "EVENT#"
"""Prefix of the sort keys of a request's event records; the relay consumes their INSERT records."""

TIN: Final = "tin"
TIN_STATUS: Final = "tin_status"
TIN_MEMBER: Final = "tin_member"
CHANGED: Final = "changed"
DUE: Final = "due"
FLAG: Final = "flag"
"""Attributes of a request's row in a TIN's lists. The last three are microseconds since 1970."""
ROW_ATTRIBUTE: Final = "row"
"""The attribute with the content of a row."""

DASHBOARD_INDEX: Final = "dashboard"
STATUS_INDEX: Final = "status"
PATIENT_INDEX: Final = "patient"
DUE_INDEX: Final = "due"
FLAGGED_INDEX: Final = "flagged"
ROW_INDEXES: Final = {
    DASHBOARD_INDEX: (TIN, CHANGED),
    STATUS_INDEX: (TIN_STATUS, CHANGED),
    PATIENT_INDEX: (TIN_MEMBER, CHANGED),
    DUE_INDEX: (TIN, DUE),
    FLAGGED_INDEX: (TIN, FLAG),
}
"""The indexes of rows with their partition and sort keys."""

MEMBER_INDEX: Final = "member"
MEMBER: Final = "member"
CREATED: Final = "created_at"
"""Keys of the index of a member's requests: the member's hash, and the time of creation."""

WORKLIST_INDEX: Final = "worklist"
WORKLIST_PK: Final = "worklist_pk"
WORKLIST_SK: Final = "worklist_sk"
CHECKS_INDEX: Final = "checks"
CHECKS_PK: Final = "checks_pk"
CHECKS_SK: Final = "checks_sk"
CYCLE: Final = "cycle"
"""The index of open determination cycles by the next check of their clock, for the sweep."""
NEW_DOCUMENTS: Final = "new_documents"
"""The attribute with the ids of attached documents that no reviewer has read."""


class Index(NamedTuple):
    """A secondary index of the requests table: its key and its projected attributes."""

    partition_key: str
    sort_key: str
    carries: tuple[str, ...]
    """The projected attributes; empty if only keys are projected."""

    @property
    def key(self) -> tuple[str, str]:
        return self.partition_key, self.sort_key


INDEXES: Final = {
    **{
        name: Index(*key, tuple(n for n in (CHANGED, DUE, FLAG, ROW_ATTRIBUTE) if n not in key))
        for name, key in ROW_INDEXES.items()
    },
    WORKLIST_INDEX: Index(WORKLIST_PK, WORKLIST_SK, (ROW_ATTRIBUTE, NEW_DOCUMENTS)),
    MEMBER_INDEX: Index(MEMBER, CREATED, ()),
    CHECKS_INDEX: Index(CHECKS_PK, CHECKS_SK, (CYCLE,)),
}
NUMBERS: Final = frozenset({CHANGED, DUE, FLAG})
"""Key attributes of type number; all others are strings."""

REQUEST_PK_PREFIX: Final = "REQUEST#"
"""Prefix of the partition keys of requests; the request's id follows."""
INBOX_PK_PREFIX: Final = "INBOX#"
"""Prefix of the partition keys of inboxes; the cleanup consumes the REMOVE records of messages."""
GRANT_PK_PREFIX: Final = "GRANT#"
"""Prefix of the partition keys of grants, the rights of a user or a partner's system."""
CLIENT_PK_PREFIX: Final = "CLIENT#"
"""Prefix of the partition keys of clients that authenticate with a key pair."""
REQUEST_SK: Final = "REQUEST"
"""Sort key of the request item; its REMOVE record starts the cleanup."""

# -- Documents --------------------------------------------------------------------------------------
DOCUMENT_SK_PREFIX: Final = "DOCUMENT#"
"""Prefix of the sort keys of a request's documents; the cleanup consumes their REMOVE records."""
DOCUMENT_PREFIX: Final = "documents/"
"""S3 keys are ``documents/<request_id>/<document_id>``."""
NOTICE_PREFIX: Final = "notices/"
"""S3 keys are ``notices/<request_id>/<notice_id>.pdf``."""
RULE_LIST_PREFIX: Final = "rule-lists/"
"""S3 keys are ``rule-lists/<SHA-256>.sqlite.zlib``."""

HISTORY_PREFIX: Final = "history/"
"""S3 keys of the archive are ``history/<year>/<request_id>.json.gz``, with the files below
``history/<year>/<request_id>/``.
"""
AUDIT_PREFIX: Final = "audit/"
"""S3 keys of the audit archive are ``audit/<day>/<sequence number>.jsonl.gz``."""
HOOK_CALLS_PREFIX: Final = "hooks/"
"""S3 keys of the audit archive are ``hooks/<access id>.json.gz``, with a call and its response."""
REMOVED_PREFIX: Final = f"{HISTORY_PREFIX}removed/"
"""S3 keys of removed requests as the stream delivered them are
``history/removed/<request_id>/<sequence number>.json.gz``.
"""
REDRIVE: Final = "redrive"
"""Marks an event with records from a dead-letter queue, to which they are not sent again."""

# -- Events -----------------------------------------------------------------------------------------
EVENT_SOURCE: Final = "precert"
DAMAGED_RECORD: Final = "damaged_record"
"""Metric of stored records that cannot be read; an alarm watches it."""
WARNED: Final = "warned"
"""Metric of complete runs of the expiry warnings; an alarm fires when it is missing."""
UPLOADS_SWEPT: Final = "uploads_swept"
"""Metric of complete runs of the sweep of uploads; an alarm fires when it is missing."""
ORPHANS_SWEPT: Final = "orphans_swept"
"""Metric of complete runs of the sweep of orphans; an alarm fires when it is missing."""
ORPHANS_RETAINED: Final = "orphans_retained"
"""Metric of orphans that the sweep must not remove; an alarm watches it."""
CLOCK_SWEPT: Final = "clock_swept"
"""Metric of cycles of which the sweep recorded a due event because no execution did."""
ERRORS: Final = "errors"
"""Metric of errors of functions that are not called over HTTP, handled or not."""
SERVER_ERROR: Final = "server_error"
UNAVAILABLE: Final = "unavailable"
"""Metrics of responses with status 500 and 503; HTTP handlers raise no errors for Lambda to count."""
PROCESSING_AGE: Final = "processing_age"
NOTICES_AGE: Final = "notices_age"
"""Metrics of how long, in seconds, the oldest request has waited for its assessment, and the oldest
determination for its notices. The sweep measures them.
"""
SWEPT: Final = "swept"
"""Metric of complete runs of the sweep; an alarm fires when it is missing."""
SUBSCRIPTIONS_SWEPT: Final = "subscriptions_swept"
"""Metric of complete runs of the sweep of subscriptions; an alarm fires when it is missing."""
SUBSCRIPTION_OFF: Final = "subscription_off"
"""Metric of subscriptions whose notifications are stopped after failures; an alarm watches it."""
SCAN_UNRESOLVED: Final = "scan_unresolved"
"""Metric of scans without a result; an alarm watches it."""


VENDOR_SOURCE_PREFIX: Final = "precert.vendor."
"""Prefix of the event sources of vendors. The vendor id follows, which the bus's policy enforces."""
VENDOR_DETERMINED: Final = "VendorDetermined"
"""Detail type of a vendor's determination (W8); it contains ids and codes only."""
VENDOR_REPORT_REFUSED: Final = "VendorReportRefused"
"""Detail type of the reply to a vendor's determination that was refused."""
SUBSCRIPTION_STOPPED: Final = "SubscriptionStopped"
"""Detail type of the message to the owner of a subscription whose notifications are stopped."""

# -- Workflow ---------------------------------------------------------------------------------------


class WorkflowTask(StrEnum):
    """The ``task`` in a state's payload, which selects the workflow function's use case."""

    ASSESS = "assess"
    AWAIT_DECISION = "await_decision"
    CHECK_DEADLINE = "check_deadline"


CLOCK_MOVED: Final = "ClockMoved"
"""The error that restarts the wait for a decision; its cause is the number of seconds to wait."""

CYCLE_PENDED: Final = "CyclePended"
"""The error that starts the wait for a decision; its cause is the number of seconds to wait.

Completing a task with an error leads to the next state without a Choice, which would be one more state
transition.
"""


class Route(StrEnum):
    """The result of assessing a request or checking a deadline.

    Executions of releases that returned it have a Choice; later ones complete a task token.
    """

    REVIEW = "review"
    CLOSED = "closed"


# -- Access -----------------------------------------------------------------------------------------


class Entitlement(StrEnum):
    """Entitlements of callers, which are groups of the identity provider (A1)."""

    PATIENT_SEARCH = "PatientSearch"
    REVIEWER = "Reviewer"
    PHYSICIAN_REVIEWER = "PhysicianReviewer"
    """In addition to ``REVIEWER``: decides denials and reductions (W10)."""
    REVIEW_LEAD = "ReviewLead"
    """In addition to ``REVIEWER``: assigns cases to colleagues and takes them back."""
    OPERATOR = "Operator"
    INTAKE = "Intake"
    VENDOR = "Vendor"


class Access(StrEnum):
    """Who may call a route, as API Gateway verifies it."""

    API = "api"
    """Callers with an access token of the users' issuer."""
    FHIR = "fhir"
    """As above, and clients with a SMART access token."""
    PUBLIC = "public"
    """Anyone: the operation requires no access token."""


READ_SCOPE: Final = "precert/read"
WRITE_SCOPE: Final = "precert/write"
"""Scopes of access tokens. The scope for writing also permits reading."""
USER_SCOPE: Final = "aws.cognito.signin.user.admin"
"""The scope of a user who signed in with the user pool's API instead of its pages."""

FHIR_PATH: Final = "/fhir/r4"
"""Path of the FHIR endpoint, whose URL is the audience of SMART access tokens."""
OAUTH_PATH: Final = "/oauth"
"""Path of the issuer of SMART access tokens, with the token endpoint below it."""

DEFAULT_ENTITLEMENTS_CLAIM: Final = "cognito:groups"
DEFAULT_TINS_CLAIM: Final = "custom:tins"
DEFAULT_PLANS_CLAIM: Final = "custom:plans"
DEFAULT_VENDORS_CLAIM: Final = "custom:vendors"


# -- Edge -------------------------------------------------------------------------------------------
ORIGIN_SECRET_HEADER: Final = "x-origin-secret"  # noqa: S105 - the name of a header
"""The header that proves to the functions that CloudFront forwarded a call."""
VIEWER_ADDRESS_HEADER: Final = "x-viewer-address"
VIEWER_HOST_HEADER: Final = "x-viewer-host"
"""The headers with the IP address of the viewer and the host that it called, which CloudFront sets."""


# -- Deliveries -------------------------------------------------------------------------------------


class Delivery(StrEnum):
    """A receiver of events within the product that has a dead-letter queue."""

    RELAY = "RELAY"
    CLEANUP = "CLEANUP"
    MESSAGES = "MESSAGES"
    NOTICES = "NOTICES"
    REPORTS = "REPORTS"
    UPLOADS = "UPLOADS"
    SCANS = "SCANS"
    WARNINGS = "WARNINGS"
    AUDIT = "AUDIT"
    UPLOAD_SWEEPS = "UPLOAD_SWEEPS"
    CLOCKS = "CLOCKS"
    EXECUTIONS = "EXECUTIONS"
    SUBSCRIPTIONS = "SUBSCRIPTIONS"
    SUBSCRIPTION_SWEEPS = "SUBSCRIPTION_SWEEPS"
    ORPHAN_SWEEPS = "ORPHAN_SWEEPS"


COMMON: Final = ""
"""The name of what the addresses of all receivers begin with, in the variable with them."""


# -- Environment ------------------------------------------------------------------------------------


class Env(StrEnum):
    """Environment variables of the functions; only ``precert.settings`` reads them."""

    STAGE = "STAGE"
    REQUESTS_TABLE = "REQUESTS_TABLE"
    REFERENCE_TABLE = "REFERENCE_TABLE"
    AUDIT_TABLE = "AUDIT_TABLE"
    LIMITS_TABLE = "LIMITS_TABLE"
    CALLS_PER_MINUTE = "CALLS_PER_MINUTE"
    """Maximum number of calls of a client per minute; ``off`` for no limit."""
    AUDIT_BUCKET = "AUDIT_BUCKET"
    DOCUMENTS_BUCKET = "DOCUMENTS_BUCKET"
    ARCHIVE_BUCKET = "ARCHIVE_BUCKET"
    RULE_LISTS_BUCKET = "RULE_LISTS_BUCKET"
    DATA_KEY = "DATA_KEY"
    SSN_KEY = "SSN_KEY"
    ORIGIN_SECRETS = "ORIGIN_SECRETS"
    """Accepted secrets of CloudFront, separated by commas; ``off`` if there is no distribution."""
    PARTNERS_DOMAIN = "PARTNERS_DOMAIN"
    """The domain for partners, with mutual TLS; ``none`` if there is none."""
    SCAN_DOCUMENTS = "SCAN_DOCUMENTS"
    """``on`` if documents are scanned for malware before they can be downloaded, otherwise ``off``."""
    STATE_MACHINE_ARN = "STATE_MACHINE_ARN"
    ASSESSMENT_ARN = "ASSESSMENT_ARN"
    """The express state machine that assesses a new request; another one waits for its decision."""
    EVENT_BUS_NAME = "EVENT_BUS_NAME"
    DEAD_LETTERS = "DEAD_LETTERS"
    """URL of the queue for stream records that the function can never process."""
    SUBSCRIPTIONS_QUEUE = "SUBSCRIPTIONS_QUEUE"
    """URL of the queue of delivery attempts of subscriptions."""
    DELIVERIES = "DELIVERIES"
    """Dead-letter queue and function of each receiver, as JSON; under ``COMMON``, how all begin."""
    ENTITLEMENTS_CLAIM = "ENTITLEMENTS_CLAIM"
    TINS_CLAIM = "TINS_CLAIM"
    PLANS_CLAIM = "PLANS_CLAIM"
    VENDORS_CLAIM = "VENDORS_CLAIM"
    RIGHTS = "RIGHTS"
    """``table`` if TINs, plans and vendors are granted in the table, ``claims`` if in the token."""
    PUBLIC_URL = "PUBLIC_URL"
    """The base URL at which partners call FHIR operations and the token endpoint."""
    SIGNING_KEY = "SIGNING_KEY"
    """ARN of the KMS key that signs SMART access tokens."""
    ISSUER = "ISSUER"
    """The issuer of users, and of systems with a client secret."""
    AUDIENCES = "AUDIENCES"
    SCOPES = "SCOPES"
    """Accepted audiences and scopes of that issuer's access tokens, separated by blanks."""
    USER_POOL_ID = "USER_POOL_ID"
    """Used only by operators' commands."""


STACK_OUTPUTS: Final = {
    Env.REQUESTS_TABLE: "RequestsTableName",
    Env.REFERENCE_TABLE: "ReferenceTableName",
    Env.AUDIT_TABLE: "AuditTableName",
    Env.AUDIT_BUCKET: "AuditBucketName",
    Env.DOCUMENTS_BUCKET: "DocumentsBucketName",
    Env.ARCHIVE_BUCKET: "ArchiveBucketName",
    Env.RULE_LISTS_BUCKET: "RuleListsBucketName",
    Env.DATA_KEY: "DataKeyArn",
    Env.SSN_KEY: "SsnKeyArn",
    Env.STATE_MACHINE_ARN: "StateMachineAliasArn",
    Env.EVENT_BUS_NAME: "EventBusName",
    Env.DELIVERIES: "Deliveries",
    Env.USER_POOL_ID: "UserPoolId",
    Env.ISSUER: "PortalAuthority",
    Env.PUBLIC_URL: "ApiUrl",
}
"""Outputs of the stack with the values of these variables, for operators' commands and tests."""
