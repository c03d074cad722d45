"""The Lambda functions: construct id, description, handler and environment variables of each."""

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
    "check",
    "functions.check.handler.handle",
    (Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET, Env.SSN_KEY, *_HTTP),
    serves="check",
)
CONFIRMATION: Final = FunctionSpec(
    "ConfirmationFunction",
    "Renders confirmations of checks as PDF",
    "check",
    "functions.check.confirmation.handle",
    (Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET, *_HTTP),
    serves="confirmation",
    prints=True,
)
SUBMIT: Final = FunctionSpec(
    "SubmitFunction",
    "Drafts, submission, void and appeal",
    "submit",
    "functions.submit.handler.handle",
    (Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET, *_HTTP),
    serves="submit",
)
UPLOAD: Final = FunctionSpec(
    "UploadFunction",
    "Presigned uploads and downloads of documents",
    "upload",
    "functions.upload.handler.handle",
    (Env.REQUESTS_TABLE, Env.DOCUMENTS_BUCKET, Env.DATA_KEY, *_HTTP),
    serves="upload",
)
STATUS: Final = FunctionSpec(
    "StatusFunction",
    "Dashboard, details, history, messages, flags, and who the caller is",
    "status",
    "functions.status.handler.handle",
    (Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, *_HTTP),
    serves="status",
)
REVIEW: Final = FunctionSpec(
    "ReviewFunction",
    "Worklist, cases and decisions of reviewers",
    "review",
    "functions.review.handler.handle",
    (Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.DOCUMENTS_BUCKET, *_HTTP),
    serves="review",
)
UPLOAD_VERIFY: Final = FunctionSpec(
    "UploadVerifyFunction",
    "Verifies uploaded documents",
    "upload",
    "functions.upload.verify.handle",
    (Env.REQUESTS_TABLE, Env.DOCUMENTS_BUCKET, Env.SCAN_DOCUMENTS),
    inspects=True,
)
UPLOAD_SCAN: Final = FunctionSpec(
    "UploadScanFunction",
    "Records the results of malware scans of documents",
    "upload",
    "functions.upload.scan.handle",
    (Env.REQUESTS_TABLE, Env.DOCUMENTS_BUCKET),
    inspects=True,
)
UPLOAD_SWEEP: Final = FunctionSpec(
    "UploadSweepFunction",
    "Verifies uploads whose event was lost",
    "upload",
    "functions.upload.sweep.handle",
    (Env.REQUESTS_TABLE, Env.DOCUMENTS_BUCKET, Env.SCAN_DOCUMENTS),
    inspects=True,
    invoked_by=InvokedBy.SCHEDULE,
)
EXPIRE: Final = FunctionSpec(
    "ExpireFunction",
    "Cleans up after deleted drafts and archives requests past retention",
    "expire",
    "functions.expire.handler.handle",
    (Env.REQUESTS_TABLE, Env.DOCUMENTS_BUCKET, Env.ARCHIVE_BUCKET, Env.DEAD_LETTERS),
    invoked_by=InvokedBy.STREAM,
)
WARN: Final = FunctionSpec(
    "WarnFunction",
    "Warns of expiring drafts",
    "expire",
    "functions.expire.warn.handle",
    (Env.REQUESTS_TABLE,),
    invoked_by=InvokedBy.SCHEDULE,
)
SWEEP: Final = FunctionSpec(
    "SweepFunction",
    "Checks the clocks of open cycles and of delegated vendors, and starts lost executions",
    "sweep",
    "functions.sweep.handler.handle",
    (Env.REQUESTS_TABLE, Env.STATE_MACHINE_ARN),
    invoked_by=InvokedBy.SCHEDULE,
)
EXECUTIONS: Final = FunctionSpec(
    "ExecutionsFunction",
    "Starts executions again that failed, were aborted or timed out",
    "sweep",
    "functions.sweep.executions.handle",
    (Env.REQUESTS_TABLE, Env.STATE_MACHINE_ARN),
)
RELAY: Final = FunctionSpec(
    "RelayFunction",
    "Relays written events to the workflow and the event bus",
    "relay",
    "functions.relay.handler.handle",
    (
        *(Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.STATE_MACHINE_ARN, Env.EVENT_BUS_NAME),
        *(Env.AUDIT_TABLE, Env.DEAD_LETTERS),
    ),
    invoked_by=InvokedBy.STREAM,
)
INBOX: Final = FunctionSpec(
    "InboxFunction",
    "Writes messages to the inboxes of both providers",
    "inbox",
    "functions.inbox.handler.handle",
    (Env.REQUESTS_TABLE,),
)
NOTICES: Final = FunctionSpec(
    "NoticesFunction",
    "Renders determination notices as PDF",
    "notices",
    "functions.notices.handler.handle",
    (Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.DOCUMENTS_BUCKET),
    prints=True,
)
INTAKE: Final = FunctionSpec(
    "IntakeFunction",
    "Registers phone, fax and mail requests, and serves delegated vendors",
    "intake",
    "functions.intake.handler.handle",
    (
        *(Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET),
        *(Env.DOCUMENTS_BUCKET, *_HTTP),
    ),
    serves="intake",
)
REPORTS: Final = FunctionSpec(
    "ReportsFunction",
    "Records vendors' determinations from the event bus, and replies to refused ones",
    "intake",
    "functions.intake.reports.handle",
    (Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET, Env.EVENT_BUS_NAME),
)
PAS: Final = FunctionSpec(
    "PasFunction",
    "Prior Authorization API (Da Vinci PAS)",
    "pas",
    "functions.pas.handler.handle",
    (
        *(Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET),
        *(Env.DOCUMENTS_BUCKET, *_HTTP),
    ),
    serves="pas",
)
CRD: Final = FunctionSpec(
    "CrdFunction",
    "Coverage requirements of orders (Da Vinci CRD)",
    "crd",
    "functions.crd.handler.handle",
    (Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET, *_HTTP),
    serves="crd",
    # The first call of a hook may take 10 seconds (CRD 2.2), others 5.
    starts_without_snapshot=True,
)
SMART: Final = FunctionSpec(
    "SmartFunction",
    "SMART access tokens, and the authorizer of FHIR routes",
    "smart",
    "functions.smart.handler.handle",
    (
        *(Env.REFERENCE_TABLE, Env.LIMITS_TABLE, Env.CALLS_PER_MINUTE, Env.ORIGIN_SECRETS),
        *(Env.PARTNERS_DOMAIN, Env.PUBLIC_URL, Env.SIGNING_KEY),
        *(Env.ISSUER, Env.AUDIENCES, Env.SCOPES),
    ),
    serves="smart",
    verifies=True,
    starts_without_snapshot=True,
)
WORKFLOW: Final = FunctionSpec(
    "WorkflowFunction",
    "Tasks of the workflow: assess, await decision, check deadline",
    "workflow",
    "functions.workflow.handler.handle",
    (Env.REQUESTS_TABLE, Env.REFERENCE_TABLE, Env.RULE_LISTS_BUCKET),
    invoked_by=InvokedBy.WORKFLOW,
)

OPERATIONS: Final = FunctionSpec(
    "OperationsFunction",
    "Repairs requests and sends failed deliveries again",
    "operations",
    "functions.operations.handler.handle",
    (Env.REQUESTS_TABLE, Env.STATE_MACHINE_ARN, Env.DELIVERIES, *_HTTP),
    serves="operations",
    for_operators=True,
)

AUDIT: Final = FunctionSpec(
    "AuditFunction",
    "Copies audit records to the locked archive",
    "audit",
    "functions.audit.handler.handle",
    (Env.AUDIT_BUCKET, Env.DEAD_LETTERS),
    invoked_by=InvokedBy.STREAM,
)

ALL: Final = (
    *(CHECK, CONFIRMATION, SUBMIT, UPLOAD, STATUS, REVIEW, OPERATIONS),
    *(UPLOAD_VERIFY, UPLOAD_SCAN, UPLOAD_SWEEP, EXPIRE, WARN, AUDIT, SWEEP, EXECUTIONS),
    *(RELAY, INBOX, NOTICES, INTAKE, REPORTS, WORKFLOW, PAS, CRD, SMART),
)
