"""Names that the functions and the infrastructure share.

Whatever both sides must spell alike stands here once: attribute and index names, event source and
types, the state machine's input and its tasks, environment variables. Nothing here imports anything
beyond the standard library, so that the CDK app can read it without loading the product.
"""

from enum import StrEnum
from typing import Final, NamedTuple

# -- Tables -----------------------------------------------------------------------------------------
PK: Final = "pk"
SK: Final = "sk"
TTL_ATTRIBUTE: Final = "ttl"
EVENT_SK_PREFIX: Final = "EVENT#"
"""Sort keys of the event records of a request; the stream's relay takes their INSERTs."""

TIN: Final = "tin"
TIN_STATUS: Final = "tin_status"
TIN_MEMBER: Final = "tin_member"
CHANGED: Final = "changed"
DUE: Final = "due"
FLAG: Final = "flag"
"""Attributes of a request's line on a TIN's lists; the last three are microseconds since 1970."""
ROW_ATTRIBUTE: Final = "row"
"""What a line of a list shows."""

DASHBOARD_INDEX: Final = "dashboard"
STATUS_INDEX: Final = "status"
PATIENT_INDEX: Final = "patient"
DUE_INDEX: Final = "due"
FLAGGED_INDEX: Final = "flagged"
LINE_INDEXES: Final = {
    DASHBOARD_INDEX: (TIN, CHANGED),
    STATUS_INDEX: (TIN_STATUS, CHANGED),
    PATIENT_INDEX: (TIN_MEMBER, CHANGED),
    DUE_INDEX: (TIN, DUE),
    FLAGGED_INDEX: (TIN, FLAG),
}
"""The indexes of lines with their keys; each carries what the line shows and nothing else."""

WORKLIST_INDEX: Final = "worklist"
WORKLIST_PK: Final = "worklist_pk"
WORKLIST_SK: Final = "worklist_sk"


class Index(NamedTuple):
    """A secondary index of the requests table: its key, and what it carries beside it."""

    partition_key: str
    sort_key: str
    carries: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str]:
        return self.partition_key, self.sort_key


INDEXES: Final = {
    **{
        name: Index(*key, tuple(n for n in (CHANGED, DUE, FLAG, ROW_ATTRIBUTE) if n not in key))
        for name, key in LINE_INDEXES.items()
    },
    WORKLIST_INDEX: Index(WORKLIST_PK, WORKLIST_SK, (ROW_ATTRIBUTE,)),
}
NUMBERS: Final = frozenset({CHANGED, DUE, FLAG})
"""Key attributes that are numbers; all others are text."""

INBOX_PK_PREFIX: Final = "INBOX#"
"""Partition keys of inboxes; a message's REMOVE in the stream counts it off."""
REQUEST_SK: Final = "REQUEST"
"""Sort key of a request itself; its REMOVE in the stream starts the clean-up behind a draft."""

# -- Documents --------------------------------------------------------------------------------------
DOCUMENT_SK_PREFIX: Final = "DOCUMENT#"
"""Sort keys of the documents of a request; their REMOVE in the stream removes the bytes."""
DOCUMENT_PREFIX: Final = "documents/"
"""S3 keys are ``documents/<request_id>/<document_id>``."""
NOTICE_PREFIX: Final = "notices/"
"""S3 keys are ``notices/<request_id>/<notice_id>.pdf``."""
RULE_LIST_PREFIX: Final = "rule-lists/"
"""S3 keys are ``rule-lists/<SHA-256>.sqlite.zlib``."""

HISTORY_PREFIX: Final = "history/"
"""S3 keys of the archive are ``history/<year>/<request_id>.json.gz``, with the files below them."""

# -- Events -----------------------------------------------------------------------------------------
EVENT_SOURCE: Final = "precert"
SCAN_UNRESOLVED: Final = "scan_unresolved"
"""The metric that counts scans which could not tell; an alarm watches it."""


VENDOR_SOURCE_PREFIX: Final = "precert.vendor."
"""Sources of vendors' events end with the vendor's delegate id: the bus lets each put its own."""
VENDOR_DETERMINED: Final = "VendorDetermined"
"""Detail type of a vendor's determination (W8): ids and codes only, as all that is on the bus."""

# -- Workflow ---------------------------------------------------------------------------------------


class WorkflowTask(StrEnum):
    """The ``task`` of a state's payload: which use case the workflow function runs."""

    ASSESS = "assess"
    AWAIT_DECISION = "await_decision"
    CHECK_DEADLINE = "check_deadline"


CLOCK_MOVED: Final = "ClockMoved"
"""The error that wakes a waiting round; its cause is the number of seconds to sleep anew."""


class Route(StrEnum):
    """What assessing a round came to: where the state machine goes next."""

    REVIEW = "review"
    CLOSED = "closed"


# -- Access -----------------------------------------------------------------------------------------


class Entitlement(StrEnum):
    """Entitlements of callers, which are groups of the identity provider (A1)."""

    PATIENT_SEARCH = "PatientSearch"
    REVIEWER = "Reviewer"
    OPERATOR = "Operator"
    INTAKE = "Intake"
    VENDOR = "Vendor"


DEFAULT_ENTITLEMENTS_CLAIM: Final = "cognito:groups"
DEFAULT_TINS_CLAIM: Final = "custom:tins"
DEFAULT_PLANS_CLAIM: Final = "custom:plans"
DEFAULT_VENDORS_CLAIM: Final = "custom:vendors"


# -- Environment ------------------------------------------------------------------------------------


class Env(StrEnum):
    """Environment variables of the functions; ``precert.settings`` alone reads them."""

    STAGE = "STAGE"
    REQUESTS_TABLE = "REQUESTS_TABLE"
    REFERENCE_TABLE = "REFERENCE_TABLE"
    DOCUMENTS_BUCKET = "DOCUMENTS_BUCKET"
    ARCHIVE_BUCKET = "ARCHIVE_BUCKET"
    RULE_LISTS_BUCKET = "RULE_LISTS_BUCKET"
    DATA_KEY = "DATA_KEY"
    SSN_KEY = "SSN_KEY"
    SCAN_DOCUMENTS = "SCAN_DOCUMENTS"
    """``on`` where documents are scanned for malware before they are given out, else ``off``."""
    STATE_MACHINE_ARN = "STATE_MACHINE_ARN"
    EVENT_BUS_NAME = "EVENT_BUS_NAME"
    ENTITLEMENTS_CLAIM = "ENTITLEMENTS_CLAIM"
    TINS_CLAIM = "TINS_CLAIM"
    PLANS_CLAIM = "PLANS_CLAIM"
    VENDORS_CLAIM = "VENDORS_CLAIM"


STACK_OUTPUTS: Final = {
    Env.REQUESTS_TABLE: "RequestsTableName",
    Env.REFERENCE_TABLE: "ReferenceTableName",
    Env.DOCUMENTS_BUCKET: "DocumentsBucketName",
    Env.RULE_LISTS_BUCKET: "RuleListsBucketName",
    Env.SSN_KEY: "SsnKeyArn",
    Env.STATE_MACHINE_ARN: "StateMachineArn",
    Env.EVENT_BUS_NAME: "EventBusName",
}
"""Outputs of the stack that tell whoever works on it from outside what the functions are told."""
