"""The permissions of every function, in one place for audits."""

from collections.abc import Callable, Mapping, Sequence

from infra import catalog
from infra.constructs.audit import Audit
from infra.constructs.documents import Documents
from infra.constructs.encryption import Encryption
from infra.constructs.functions import FunctionSpec, ServiceFunction
from infra.constructs.messaging import Messaging
from infra.constructs.tables import READ_ACTIONS, WRITE_ACTIONS, Tables
from infra.constructs.workflow import Workflow
from precert.names import CHECKS_INDEX, MEMBER_INDEX, ROW_INDEXES, WORKLIST_INDEX

_REFERENCE_READS = ("dynamodb:BatchGetItem", "dynamodb:GetItem")
_READ_OBJECTS = ("s3:GetObject", "s3:GetObjectVersion")
_DELETE_OBJECTS = ("s3:DeleteObject", "s3:DeleteObjectVersion")


def grant(
    functions: Mapping[FunctionSpec, ServiceFunction],
    *,
    encryption: Encryption,
    tables: Tables,
    documents: Documents,
    messaging: Messaging,
    workflow: Workflow,
) -> None:
    """Grant all permissions. A function that is not named here may only write logs and traces."""
    of = functions.__getitem__

    check = of(catalog.CHECK)
    tables.allow_reference(check, (*_REFERENCE_READS, "dynamodb:Query"))
    documents.allow_rule_lists(check)
    encryption.allow_ssn_digests(check)

    confirmation = of(catalog.CONFIRMATION)
    tables.allow_reference(confirmation, _REFERENCE_READS)
    documents.allow_rule_lists(confirmation)

    submit = of(catalog.SUBMIT)
    tables.allow_requests(submit, WRITE_ACTIONS)
    tables.allow_reference(submit, ("dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem"))
    documents.allow_rule_lists(submit)

    upload = of(catalog.UPLOAD)
    tables.allow_requests(upload, WRITE_ACTIONS)
    documents.allow_notices(upload, ("s3:GetObject", "s3:GetObjectVersion"))
    documents.allow_documents(upload, ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"))
    documents.allow_listing(upload)

    _verify_uploads(of, tables, documents)

    status = of(catalog.STATUS)
    tables.allow_requests(
        status,
        (*READ_ACTIONS, "dynamodb:BatchGetItem", "dynamodb:UpdateItem"),
        *ROW_INDEXES,
    )
    tables.allow_reference(status, ("dynamodb:Query",))

    review = of(catalog.REVIEW)
    tables.allow_requests(
        review, (*WRITE_ACTIONS, "dynamodb:BatchGetItem"), WORKLIST_INDEX, MEMBER_INDEX
    )
    tables.allow_reference(review, ("dynamodb:BatchGetItem",))
    documents.allow_documents(review, ("s3:GetObject", "s3:GetObjectVersion"))
    documents.allow_notices(review, ("s3:GetObject", "s3:GetObjectVersion"))

    _repair(of(catalog.OPERATIONS), tables, workflow)
    _clean_up(of(catalog.EXPIRE), of(catalog.ORPHAN_SWEEP), tables, documents)

    tables.allow_requests(
        of(catalog.WARN),
        (
            *("dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem"),
            *("dynamodb:PutItem", "dynamodb:UpdateItem"),
        ),
        WORKLIST_INDEX,
    )

    _sweep(of(catalog.SWEEP), of(catalog.EXECUTIONS), tables, workflow)

    relay = of(catalog.RELAY)
    tables.allow_requests(relay, (*READ_ACTIONS, "dynamodb:PutItem", "dynamodb:UpdateItem"))
    workflow.allow_start(relay, assessment=True)
    # A task token identifies its execution; AWS defines no resource type for these actions.
    relay.allow(["states:SendTaskFailure", "states:SendTaskSuccess"], ["*"])
    for publisher in (relay, of(catalog.REPORTS), of(catalog.SUBSCRIPTIONS)):
        publisher.allow(["events:PutEvents"], [messaging.bus.event_bus_arn])

    inbox = of(catalog.INBOX)
    tables.allow_requests(inbox, ("dynamodb:PutItem", "dynamodb:UpdateItem"))

    _print_notices(of(catalog.NOTICES), tables, documents)

    _record(of(catalog.INTAKE), tables, documents)
    _record(of(catalog.REPORTS), tables, documents)
    _read_lists(of(catalog.INTAKE), tables, documents)

    _answer_ehrs(of, tables, documents)
    _issue_tokens(of, tables, encryption)
    _notify(of(catalog.SUBSCRIPTIONS), of(catalog.SUBSCRIPTION_SWEEP), tables)

    task = of(catalog.WORKFLOW)
    tables.allow_requests(task, WRITE_ACTIONS)
    tables.allow_reference(task, (*_REFERENCE_READS, "dynamodb:Query"))
    documents.allow_rule_lists(task)
    task.allow(["states:SendTaskFailure", "states:SendTaskSuccess"], ["*"])


def identify_callers(tables: Tables, functions: Mapping[FunctionSpec, ServiceFunction]) -> None:
    """Grant reading what callers may do, and counting their calls."""
    for spec, function in functions.items():
        if spec.identifies:
            tables.allow_grants(function)
        if spec.serves_http:
            tables.allow_limits(function)


def append_to(audit: Audit, functions: Mapping[FunctionSpec, ServiceFunction]) -> None:
    """Grant appending to the audit: for API calls, the events of all changes, and notifications."""
    for spec, function in functions.items():
        if spec.identifies or spec in (catalog.RELAY, catalog.SUBSCRIPTIONS):
            audit.allow_append(function)
    audit.allow_hook_calls(functions[catalog.CRD])


def _verify_uploads(
    of: Callable[[FunctionSpec], ServiceFunction], tables: Tables, documents: Documents
) -> None:
    """Grant verification. A scan result can arrive before the upload event of its document."""
    indexes = {catalog.UPLOAD_SWEEP: (WORKLIST_INDEX,)}
    for spec in (catalog.UPLOAD_VERIFY, catalog.UPLOAD_SCAN, catalog.UPLOAD_SWEEP):
        function = of(spec)
        tables.allow_requests(function, WRITE_ACTIONS, *indexes.get(spec, ()))
        documents.allow_documents(
            function, ("s3:GetObject", "s3:GetObjectVersion", *_DELETE_OBJECTS)
        )
        documents.allow_document_versions(function)
        documents.allow_detecting_missing_objects(function)


def _answer_ehrs(
    of: Callable[[FunctionSpec], ServiceFunction], tables: Tables, documents: Documents
) -> None:
    """Grant what EHRs call: claims and orders, and the questionnaires about them."""
    pas = of(catalog.PAS)
    for function in (pas, of(catalog.CRD)):
        _answer_claims(function, tables, documents)
    documents.allow_documents(pas, ("s3:PutObject",))
    documents.allow_listing(pas)
    dtr = of(catalog.DTR)
    tables.allow_reference(dtr, _REFERENCE_READS)
    documents.allow_rule_lists(dtr)


def _answer_claims(function: ServiceFunction, tables: Tables, documents: Documents) -> None:
    """Grant storing and assessing a request in one call."""
    tables.allow_requests(function, (*WRITE_ACTIONS, "dynamodb:BatchGetItem"))
    tables.allow_reference(
        function, (*_REFERENCE_READS, "dynamodb:ConditionCheckItem", "dynamodb:Query")
    )
    documents.allow_rule_lists(function)


def _issue_tokens(
    of: Callable[[FunctionSpec], ServiceFunction], tables: Tables, encryption: Encryption
) -> None:
    """Grant reading clients, and signing their access tokens."""
    for function in (of(catalog.SMART), of(catalog.CRD)):
        tables.allow_clients(function)
    encryption.allow_signing(of(catalog.SMART))


def _notify(subscriptions: ServiceFunction, sweep: ServiceFunction, tables: Tables) -> None:
    """Grant access to the state of subscriptions, and reading requests when they are delivered."""
    tables.allow_requests(subscriptions, (*READ_ACTIONS, "dynamodb:PutItem"))
    tables.allow_grants(subscriptions)
    tables.allow_requests(sweep, ("dynamodb:Query",), WORKLIST_INDEX)


def request_deliveries(queue_arn: str, functions: Sequence[ServiceFunction]) -> None:
    """Grant sending due work of subscriptions to their queue."""
    for function in functions:
        function.allow(["sqs:SendMessage"], [queue_arn])


def _sweep(
    sweep: ServiceFunction, executions: ServiceFunction, tables: Tables, workflow: Workflow
) -> None:
    """Grant recording due events of open cycles, and restarting executions."""
    tables.allow_requests(sweep, WRITE_ACTIONS, CHECKS_INDEX, WORKLIST_INDEX)
    tables.allow_requests(executions, ("dynamodb:GetItem",))
    for function in (sweep, executions):
        workflow.allow_start(function)


def _repair(operations: ServiceFunction, tables: Tables, workflow: Workflow) -> None:
    """Grant finding requests that are stuck, and starting their executions again."""
    tables.allow_requests(
        operations, (*READ_ACTIONS, "dynamodb:BatchGetItem"), CHECKS_INDEX, WORKLIST_INDEX
    )
    workflow.allow_start(operations)


def redeliver(
    operations: ServiceFunction, *, queues: Sequence[str], receivers: Sequence[str]
) -> None:
    """Grant reading and emptying the dead-letter queues, and invoking their receivers."""
    operations.allow(["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], queues)
    operations.allow(["lambda:InvokeFunction"], receivers)


def _print_notices(notices: ServiceFunction, tables: Tables, documents: Documents) -> None:
    """Grant what printing requires; the reference table has the members' mailing addresses."""
    tables.allow_requests(
        notices,
        (
            *("dynamodb:ConditionCheckItem", "dynamodb:DeleteItem"),
            *("dynamodb:PutItem", "dynamodb:Query"),
        ),
    )
    tables.allow_reference(notices, ("dynamodb:GetItem",))
    documents.allow_notices(notices, ("s3:PutObject",))


def _read_lists(intake: ServiceFunction, tables: Tables, documents: Documents) -> None:
    """Grant the list of registered requests, and the vendors' lists with their documents."""
    tables.allow_requests(
        intake, ("dynamodb:BatchGetItem", "dynamodb:Query"), WORKLIST_INDEX, MEMBER_INDEX
    )
    documents.allow_documents(intake, _READ_OBJECTS)


def _record(intake: ServiceFunction, tables: Tables, documents: Documents) -> None:
    """Grant what registering requests, and recording vendors' determinations by the rules, requires."""
    tables.allow_requests(intake, WRITE_ACTIONS)
    tables.allow_reference(
        intake, ("dynamodb:ConditionCheckItem", "dynamodb:Query", *_REFERENCE_READS)
    )
    documents.allow_rule_lists(intake)


def _clean_up(
    expire: ServiceFunction, sweep: ServiceFunction, tables: Tables, documents: Documents
) -> None:
    """Grant what deleting files, and copying files to the archive before deleting them, requires."""
    _remove_orphans(sweep, tables, documents)
    tables.allow_requests(expire, WRITE_ACTIONS)
    documents.allow_documents(expire, (*_READ_OBJECTS, *_DELETE_OBJECTS))
    documents.allow_notices(expire, (*_READ_OBJECTS, *_DELETE_OBJECTS))
    documents.allow_archive(expire)
    documents.allow_document_versions(expire)
    # A run that is repeated finds that the files which an earlier one archived are deleted.
    documents.allow_detecting_missing_objects(expire)


def _remove_orphans(sweep: ServiceFunction, tables: Tables, documents: Documents) -> None:
    """Grant finding records and files, and deleting them; versions of files remain for 30 days."""
    tables.allow_requests(
        sweep,
        (
            *(*READ_ACTIONS, "dynamodb:BatchGetItem", "dynamodb:Scan"),
            *("dynamodb:DeleteItem", "dynamodb:UpdateItem"),
        ),
    )
    documents.allow_documents(sweep, ("s3:DeleteObject",))
    documents.allow_notices(sweep, ("s3:DeleteObject",))
    documents.allow_listing_all(sweep)
