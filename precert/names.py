"""Names that the functions and the infrastructure share.

They are defined once: attribute and index names, event source and types, the tasks of the state
machine, environment variables. This module imports only the standard library, so that the CDK app can
import it without loading the product.
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
"""The attribute of an item of the audit table that holds the record."""
EVENT_SK_PREFIX: Final = "EVENT#"
"""Prefix of the sort keys of a request's event records; the relay consumes their INSERT records."""

TIN: Final = "tin"
TIN_STATUS: Final = "tin_status"
TIN_MEMBER: Final = "tin_member"
CHANGED: Final = "changed"
DUE: Final = "due"
FLAG: Final = "flag"
"""Attributes of a request's row on a TIN's lists; the last three are microseconds since 1970."""
ROW_ATTRIBUTE: Final = "row"
"""The attribute that holds the content of a row."""

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
"""The requests of a member, by hash, in the order of their creation."""

WORKLIST_INDEX: Final = "worklist"
WORKLIST_PK: Final = "worklist_pk"
WORKLIST_SK: Final = "worklist_sk"
CHECKS_INDEX: Final = "checks"
CHECKS_PK: Final = "checks_pk"
CHECKS_SK: Final = "checks_sk"
CYCLE: Final = "cycle"
"""The open determination cycles of all plans by the next check of their clock, for the sweep."""
NEW_DOCUMENTS: Final = "new_documents"
"""Ids of the attached documents that no reviewer has seen."""


class Index(NamedTuple):
    """A secondary index of the requests table: its key and its projected attributes."""

    partition_key: str
    sort_key: str
    carries: tuple[str, ...]
    """Empty where only keys are projected."""

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
"""Prefix of the partition keys of grants: what a person or a partner's system may do."""
CLIENT_PK_PREFIX: Final = "CLIENT#"
"""Prefix of the partition keys of clients that sign in with a key pair."""
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
"""S3 keys of the audit archive are ``hooks/<access id>.json.gz``, with a call and its answer."""
REMOVED_PREFIX: Final = f"{HISTORY_PREFIX}removed/"
"""S3 keys of removed requests as the stream delivered them are
``history/removed/<request_id>/<sequence number>.json.gz``.
"""
REDRIVE: Final = "redrive"
"""Marks an event with records from a dead-letter queue: a poison record is not placed there again."""

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
"""Metric of cycles whose clock the sweep recorded because no execution did."""
ERRORS: Final = "errors"
"""Metric of errors of functions that are not called over HTTP, handled or not."""
SERVER_ERROR: Final = "server_error"
UNAVAILABLE: Final = "unavailable"
"""Metrics of responses with 500 and with 503, of all operations: an HTTP handler raises nothing."""
PROCESSING_AGE: Final = "processing_age"
NOTICES_AGE: Final = "notices_age"
"""Metrics of the seconds that the oldest request waits for its assessment, and determination for its
notices; the sweep measures them.
"""
SWEPT: Final = "swept"
"""Metric of complete runs of the sweep; an alarm fires when it is missing."""
SUBSCRIPTIONS_SWEPT: Final = "subscriptions_swept"
"""Metric of complete runs of the sweep of subscriptions; an alarm fires when it is missing."""
SUBSCRIPTION_OFF: Final = "subscription_off"
"""Metric of subscriptions that are no longer attempted after failures; an alarm watches it."""
SCAN_UNRESOLVED: Final = "scan_unresolved"
"""Metric of scans without a result; an alarm watches it."""


VENDOR_SOURCE_PREFIX: Final = "precert.vendor."
"""Prefix of the event sources of vendors. The vendor id follows; the bus checks it."""
VENDOR_DETERMINED: Final = "VendorDetermined"
"""Detail type of a vendor's determination (W8); it contains ids and codes only."""
VENDOR_REPORT_REFUSED: Final = "VendorReportRefused"
"""Detail type of the reply to a vendor's determination that was refused."""
SUBSCRIPTION_STOPPED: Final = "SubscriptionStopped"
"""Detail type of the message to the owner of a subscription that is no longer attempted."""

# -- Workflow ---------------------------------------------------------------------------------------


class WorkflowTask(StrEnum):
    """The ``task`` in a state's payload, which selects the use case that the workflow function runs."""

    ASSESS = "assess"
    AWAIT_DECISION = "await_decision"
    CHECK_DEADLINE = "check_deadline"


CLOCK_MOVED: Final = "ClockMoved"
"""The error that restarts the wait for a decision; its cause is the number of seconds to wait."""

CYCLE_PENDED: Final = "CyclePended"
"""The error that starts the wait for a decision; its cause is the number of seconds to wait.

A task that is completed with an error leads to the next state without a Choice, which would be one
more state transition.
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
    """Everybody: the operation requires no access token."""


READ_SCOPE: Final = "precert/read"
WRITE_SCOPE: Final = "precert/write"
"""Scopes of access tokens; the second one permits reading too."""
USER_SCOPE: Final = "aws.cognito.signin.user.admin"
"""The scope of a user who signed in at the user pool without its pages."""

FHIR_PATH: Final = "/fhir/r4"
"""Below the address of the API: the FHIR endpoint, which is the audience of SMART access tokens."""
OAUTH_PATH: Final = "/oauth"
"""Below the address of the API: the issuer of SMART access tokens, with its endpoints below it."""

DEFAULT_ENTITLEMENTS_CLAIM: Final = "cognito:groups"
DEFAULT_TINS_CLAIM: Final = "custom:tins"
DEFAULT_PLANS_CLAIM: Final = "custom:plans"
DEFAULT_VENDORS_CLAIM: Final = "custom:vendors"


# -- Edge -------------------------------------------------------------------------------------------
ORIGIN_SECRET_HEADER: Final = "x-origin-secret"  # noqa: S105 - the name of a header
"""The header that proves to the functions that CloudFront forwarded a call."""
VIEWER_ADDRESS_HEADER: Final = "x-viewer-address"
VIEWER_HOST_HEADER: Final = "x-viewer-host"
"""The header with the address of the viewer, which CloudFront sets."""


# -- Deliveries -------------------------------------------------------------------------------------


class Delivery(StrEnum):
    """A receiver of events within the product, with a queue of what it did not receive."""

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


# -- Environment ------------------------------------------------------------------------------------


class Env(StrEnum):
    """Environment variables of the functions; only ``precert.settings`` reads them."""

    STAGE = "STAGE"
    REQUESTS_TABLE = "REQUESTS_TABLE"
    REFERENCE_TABLE = "REFERENCE_TABLE"
    AUDIT_TABLE = "AUDIT_TABLE"
    LIMITS_TABLE = "LIMITS_TABLE"
    CALLS_PER_MINUTE = "CALLS_PER_MINUTE"
    """How many calls a client may make a minute; ``off`` without a limit."""
    AUDIT_BUCKET = "AUDIT_BUCKET"
    DOCUMENTS_BUCKET = "DOCUMENTS_BUCKET"
    ARCHIVE_BUCKET = "ARCHIVE_BUCKET"
    RULE_LISTS_BUCKET = "RULE_LISTS_BUCKET"
    DATA_KEY = "DATA_KEY"
    SSN_KEY = "SSN_KEY"
    ORIGIN_SECRETS = "ORIGIN_SECRETS"
    """Secrets of CloudFront that are accepted, separated by commas; ``off`` without an edge."""
    PARTNERS_DOMAIN = "PARTNERS_DOMAIN"
    """The domain of partners, with mutual TLS; ``none`` without one."""
    SCAN_DOCUMENTS = "SCAN_DOCUMENTS"
    """``on`` if documents are scanned for malware before they can be downloaded, else ``off``."""
    STATE_MACHINE_ARN = "STATE_MACHINE_ARN"
    ASSESSMENT_ARN = "ASSESSMENT_ARN"
    """The state machine that assesses a new request once, before one waits for its decision."""
    EVENT_BUS_NAME = "EVENT_BUS_NAME"
    DEAD_LETTERS = "DEAD_LETTERS"
    """URL of the queue for stream records that the function can never process."""
    SUBSCRIPTIONS_QUEUE = "SUBSCRIPTIONS_QUEUE"
    """URL of the queue of what subscriptions have due."""
    DELIVERIES = "DELIVERIES"
    """Dead-letter queue and function of each receiver, as JSON."""
    ENTITLEMENTS_CLAIM = "ENTITLEMENTS_CLAIM"
    TINS_CLAIM = "TINS_CLAIM"
    PLANS_CLAIM = "PLANS_CLAIM"
    VENDORS_CLAIM = "VENDORS_CLAIM"
    RIGHTS = "RIGHTS"
    """``table`` if TINs, plans and vendors are granted on the server, ``claims`` if in the token."""
    PUBLIC_URL = "PUBLIC_URL"
    """The address of the API, at which partners call FHIR operations and the token endpoint."""
    SIGNING_KEY = "SIGNING_KEY"
    """ARN of the KMS key that signs SMART access tokens."""
    ISSUER = "ISSUER"
    """The issuer of users, and of systems with a client secret."""
    AUDIENCES = "AUDIENCES"
    SCOPES = "SCOPES"
    """Of that issuer's access tokens, separated by blanks."""
    USER_POOL_ID = "USER_POOL_ID"
    """Of operators' commands only."""


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
