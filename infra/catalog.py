"""The Lambda functions: construct id, description, module and environment variables of each."""

from typing import Final

from infra.constructs.functions import FunctionSpec, InvokedBy
from precert.names import Env

_HTTP: Final = (
    Env.AUDIT_TABLE,
    Env.REFERENCE_TABLE,
    Env.RIGHTS,
    Env.LIMITS_TABLE,
    Env.CALLS_PER_MINUTE,
    Env.ORIGIN_SECRETS,
    Env.PARTNERS_DOMAIN,
    Env.ENTITLEMENTS_CLAIM,
    Env.TINS_CLAIM,
    Env.PLANS_CLAIM,
    Env.VENDORS_CLAIM,
)

CHECK: Final = FunctionSpec(
    "CheckFunction",
    "Patients, providers and requirement checks",
    "check.handler",
    (Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET, Env.SSN_KEY, *_HTTP),
    serves="check",
)
CONFIRMATION: Final = FunctionSpec(
    "ConfirmationFunction",
    "Renders confirmations of checks as PDF",
    "check.confirmation",
    (Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET, *_HTTP),
    serves="confirmation",
    prints=True,
)
SUBMIT: Final = FunctionSpec(
    "SubmitFunction",
    "Drafts, submission, void and appeal",
    "submit.handler",
    (Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET, *_HTTP),
    serves="submit",
)
UPLOAD: Final = FunctionSpec(
    "UploadFunction",
    "Presigned uploads and downloads of documents",
    "upload.handler",
    (Env.REQUESTS_TABLE, Env.DOCUMENTS_BUCKET, Env.DATA_KEY, *_HTTP),
    serves="upload",
)
STATUS: Final = FunctionSpec(
    "StatusFunction",
    "Dashboard, details, history, messages, flags, and who the caller is",
    "status.handler",
    (Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, *_HTTP),
    serves="status",
)
REVIEW: Final = FunctionSpec(
    "ReviewFunction",
    "Worklist, cases and decisions of reviewers",
    "review.handler",
    (Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.DOCUMENTS_BUCKET, *_HTTP),
    serves="review",
)
UPLOAD_VERIFY: Final = FunctionSpec(
    "UploadVerifyFunction",
    "Verifies uploaded documents",
    "upload.verify",
    (Env.REQUESTS_TABLE, Env.DOCUMENTS_BUCKET, Env.SCAN_DOCUMENTS),
    inspects=True,
)
UPLOAD_SCAN: Final = FunctionSpec(
    "UploadScanFunction",
    "Records the results of malware scans of documents",
    "upload.scan",
    (Env.REQUESTS_TABLE, Env.DOCUMENTS_BUCKET),
    inspects=True,
)
UPLOAD_SWEEP: Final = FunctionSpec(
    "UploadSweepFunction",
    "Verifies uploads whose event was lost",
    "upload.sweep",
    (Env.REQUESTS_TABLE, Env.DOCUMENTS_BUCKET, Env.SCAN_DOCUMENTS),
    inspects=True,
    invoked_by=InvokedBy.SCHEDULE,
)
EXPIRE: Final = FunctionSpec(
    "ExpireFunction",
    "Cleans up after deleted drafts and archives requests past retention",
    "expire.handler",
    (Env.REQUESTS_TABLE, Env.DOCUMENTS_BUCKET, Env.ARCHIVE_BUCKET, Env.DEAD_LETTERS),
    invoked_by=InvokedBy.STREAM,
)
WARN: Final = FunctionSpec(
    "WarnFunction",
    "Warns of expiring drafts",
    "expire.warn",
    (Env.REQUESTS_TABLE,),
    invoked_by=InvokedBy.SCHEDULE,
)
ORPHAN_SWEEP: Final = FunctionSpec(
    "OrphanSweepFunction",
    "Removes records and files whose request no longer exists",
    "expire.orphans",
    (Env.REQUESTS_TABLE, Env.DOCUMENTS_BUCKET, Env.ARCHIVE_BUCKET),
    invoked_by=InvokedBy.SCHEDULE,
)
SWEEP: Final = FunctionSpec(
    "SweepFunction",
    "Checks the clocks of open cycles and of delegated vendors, and starts lost executions",
    "sweep.handler",
    (Env.REQUESTS_TABLE, Env.STATE_MACHINE_ARN),
    invoked_by=InvokedBy.SCHEDULE,
)
EXECUTIONS: Final = FunctionSpec(
    "ExecutionsFunction",
    "Starts executions again that failed, were aborted or timed out",
    "sweep.executions",
    (Env.REQUESTS_TABLE, Env.STATE_MACHINE_ARN),
)
RELAY: Final = FunctionSpec(
    "RelayFunction",
    "Relays written events to the workflow and the event bus",
    "relay.handler",
    (
        *(Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.STATE_MACHINE_ARN, Env.EVENT_BUS_NAME),
        *(Env.ASSESSMENT_ARN, Env.AUDIT_TABLE, Env.DEAD_LETTERS),
    ),
    invoked_by=InvokedBy.STREAM,
)
INBOX: Final = FunctionSpec(
    "InboxFunction",
    "Writes messages to the inboxes of both providers",
    "inbox.handler",
    (Env.REQUESTS_TABLE,),
)
NOTICES: Final = FunctionSpec(
    "NoticesFunction",
    "Renders determination notices as PDF",
    "notices.handler",
    (Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.DOCUMENTS_BUCKET),
    prints=True,
)
INTAKE: Final = FunctionSpec(
    "IntakeFunction",
    "Registers phone, fax and mail requests, and serves delegated vendors",
    "intake.handler",
    (
        *(Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET),
        *(Env.DOCUMENTS_BUCKET, *_HTTP),
    ),
    serves="intake",
)
REPORTS: Final = FunctionSpec(
    "ReportsFunction",
    "Records vendors' determinations from the event bus, and replies to refused ones",
    "intake.reports",
    (Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET, Env.EVENT_BUS_NAME),
)
PAS: Final = FunctionSpec(
    "PasFunction",
    "Prior Authorization API (Da Vinci PAS)",
    "pas.handler",
    (
        *(Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET),
        *(Env.DOCUMENTS_BUCKET, Env.SUBSCRIPTIONS_QUEUE, *_HTTP),
    ),
    serves="pas",
)
CRD: Final = FunctionSpec(
    "CrdFunction",
    "Coverage requirements of orders (Da Vinci CRD)",
    "crd.handler",
    (
        *(Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET, Env.PUBLIC_URL),
        *(Env.AUDIT_BUCKET, *_HTTP),
    ),
    serves="crd",
    verifies=True,
    # The first call of a hook may take 10 seconds (CRD 2.2), others 5.
    starts_without_snapshot=True,
)
DTR: Final = FunctionSpec(
    "DtrFunction",
    "Questionnaires about required documentation (Da Vinci DTR)",
    "dtr.handler",
    (Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET, *_HTTP),
    serves="dtr",
    starts_without_snapshot=True,
)
SMART: Final = FunctionSpec(
    "SmartFunction",
    "SMART access tokens, and the authorizer of FHIR routes",
    "smart.handler",
    (
        *(Env.REFERENCE_TABLE, Env.LIMITS_TABLE, Env.CALLS_PER_MINUTE, Env.ORIGIN_SECRETS),
        *(Env.PARTNERS_DOMAIN, Env.PUBLIC_URL, Env.SIGNING_KEY),
        *(Env.ISSUER, Env.AUDIENCES, Env.SCOPES),
    ),
    serves="smart",
    verifies=True,
    starts_without_snapshot=True,
)
SUBSCRIPTIONS: Final = FunctionSpec(
    "SubscriptionsFunction",
    "Notifies subscribers of the Prior Authorization API",
    "subscriptions.handler",
    (
        *(Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.AUDIT_TABLE, Env.RIGHTS),
        *(Env.SUBSCRIPTIONS_QUEUE, Env.EVENT_BUS_NAME),
    ),
)
SUBSCRIPTION_SWEEP: Final = FunctionSpec(
    "SubscriptionSweepFunction",
    "Finds what subscriptions have due",
    "subscriptions.sweep",
    (Env.REQUESTS_TABLE, Env.SUBSCRIPTIONS_QUEUE),
    invoked_by=InvokedBy.SCHEDULE,
)
WORKFLOW: Final = FunctionSpec(
    "WorkflowFunction",
    "Tasks of the workflow: assess, await decision, check deadline",
    "workflow.handler",
    (Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET),
    invoked_by=InvokedBy.WORKFLOW,
)

OPERATIONS: Final = FunctionSpec(
    "OperationsFunction",
    "Repairs requests and sends failed deliveries again",
    "operations.handler",
    (Env.REQUESTS_TABLE, Env.STATE_MACHINE_ARN, Env.DELIVERIES, *_HTTP),
    serves="operations",
    for_operators=True,
)

AUDIT: Final = FunctionSpec(
    "AuditFunction",
    "Copies audit records to the locked archive",
    "audit.handler",
    (Env.AUDIT_BUCKET, Env.DEAD_LETTERS),
    invoked_by=InvokedBy.STREAM,
)

ALL: Final = (
    *(CHECK, CONFIRMATION, SUBMIT, UPLOAD, STATUS, REVIEW, OPERATIONS),
    *(UPLOAD_VERIFY, UPLOAD_SCAN, UPLOAD_SWEEP, EXPIRE, WARN, AUDIT, SWEEP, EXECUTIONS),
    ORPHAN_SWEEP,
    *(RELAY, INBOX, NOTICES, INTAKE, REPORTS, WORKFLOW, PAS, CRD, DTR, SMART),
    *(SUBSCRIPTIONS, SUBSCRIPTION_SWEEP),
)
