"""Adding a member to an enum or to a literal type is detected wherever code depends on it.

Five checks read the source: tables keyed by an enum have every member, ``match`` statements end in
``assert_never``, enums with a table of rules are not grouped elsewhere, and for all other enums each
place that distinguishes members by name (a set, a comparison) is listed for review. Literal types are
listed as well. The last test adds a member to each enum and expects an error that names a place.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple

import pytest

from tests.architecture.source import Module, modules, nodes

Members = Mapping[str, frozenset[str]]

PARTIAL: Final[Mapping[tuple[str, str], str]] = {
    ("STATUSES", "Transition"): "what is not listed for a status cannot happen to it",
    ("STACK_OUTPUTS", "Env"): "the other variables are no outputs of the stack",
    ("_CLIENTS", "Env"): "the other variables name nothing that a client calls",
    ("self.values", "Env"): "the claims alone have names that a deployment chooses",
    ("_REASONS", "Requirement"): "a service that is not required is confirmed",
    ("_ACTIONS", "Action"): "rows hold what a provider can do with a submitted request",
    ("differs", "Mismatch"): "the other two follow from the directory's answer, not from a field",
}
"""Name of a table and its enum: holds some members on purpose, for this reason."""

RULED: Final[Mapping[str, tuple[str, str]]] = {
    "EventType": ("precert.domain.event_types", "EVENTS"),
    "LineStatus": ("precert.domain.statuses", "LINE_STATUSES"),
    "Status": ("precert.domain.statuses", "STATUSES"),
}
"""Enums with a table of rules, a row for each member. The row of a new member states what follows from
it: other modules compare with a single member, such as the status of drafts, and treat the rest alike.
"""

IN_ROWS: Final[Mapping[str, str]] = {"Transition": "STATUSES"}
"""Enums of which each member is in at least one row of a table; what no row lists cannot happen."""

MIN_KEYS: Final = 2
"""A table with one key is a lookup of that key, no decision by the enum."""


@cache
def product() -> tuple[Module, ...]:
    return tuple(module for module in modules() if module.is_in("precert", "functions", "infra"))


@cache
def enums() -> Members:
    """Name of each enum of the product with the names of its members."""
    return {
        node.name: frozenset(
            target.id
            for statement in node.body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name)
        )
        for node in classes()
    }


def classes() -> Iterator[ast.ClassDef]:
    """The enums of the product."""
    for module in product():
        for node in nodes(module.tree):
            if isinstance(node, ast.ClassDef) and any(
                ast.unparse(base).endswith(("Enum", "Flag")) for base in node.bases
            ):
                yield node


def member(node: ast.AST | None, known: Members) -> tuple[str, str] | None:
    """The enum and the member that an expression ``Enum.MEMBER`` names."""
    if (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.attr in known.get(node.value.id, ())
    ):
        return node.value.id, node.attr
    return None


class Table(NamedTuple):
    """A dictionary whose keys are members of one enum."""

    at: str
    name: str
    enum: str
    keys: frozenset[str]


@cache
def tables() -> tuple[Table, ...]:
    found: list[Table] = []
    for module in product():
        for node in nodes(module.tree):
            if not isinstance(node, ast.Dict) or len(node.keys) < MIN_KEYS:
                continue
            keys = [key for key in (member(key, enums()) for key in node.keys) if key]
            named = {enum for enum, _ in keys}
            if len(keys) == len(node.keys) and len(named) == 1:
                members = frozenset(name for _, name in keys)
                found.append(
                    Table(module.at(node), _table(module.tree, node), named.pop(), members)
                )
    return tuple(found)


def incomplete_tables(known: Members) -> Iterator[str]:
    for table in tables():
        missing = known[table.enum] - table.keys
        if missing and (table.name, table.enum) not in PARTIAL:
            yield f"{table.at} has no entry for {table.enum}: {', '.join(sorted(missing))}"


def unlisted(known: Members) -> Iterator[str]:
    for enum, name in IN_ROWS.items():
        listed = [table.keys for table in tables() if (table.name, table.enum) == (name, enum)]
        if missing := known[enum].difference(*listed):
            yield f"no row of {name} lists {enum}: {', '.join(sorted(missing))}"


def open_matches(known: Members) -> Iterator[str]:
    for module in product():
        for node in nodes(module.tree):
            if not isinstance(node, ast.Match):
                continue
            by_enum = any(
                member(value.value, known)
                for case in node.cases
                for value in ast.walk(case.pattern)
                if isinstance(value, ast.MatchValue)
            )
            if by_enum and "assert_never" not in ast.unparse(node.cases[-1]):
                yield f"{module.at(node)} does not end in assert_never"


@cache
def places_by_enum() -> Mapping[str, list[str]]:
    """Places that distinguish members: sets, tuples, comparisons and match cases."""
    places: dict[str, list[str]] = {name: [] for name in enums()}
    for module in product():
        for node in nodes(module.tree):
            if isinstance(node, ast.Compare):
                parts: list[ast.expr] = [node.left, *node.comparators]
            elif isinstance(node, (ast.Set, ast.Tuple, ast.List)):
                parts = list(node.elts)
            elif isinstance(node, ast.MatchValue):
                parts = [node.value]
            elif isinstance(node, ast.Dict):
                parts = [key for key in node.keys if key is not None]
            else:
                continue
            for enum in {found[0] for part in parts if (found := member(part, enums()))}:
                places[enum].append(module.at(node))
    return places


def grouped_elsewhere(searched: Iterable[Module]) -> Iterator[str]:
    """Places that group members of a ruled enum outside the module of its table."""
    for module in searched:
        for node in nodes(module.tree):
            if not isinstance(node, ast.Set | ast.Tuple | ast.List | ast.MatchOr):
                continue
            parts: Iterable[ast.AST] = (
                [part.value for part in node.patterns if isinstance(part, ast.MatchValue)]
                if isinstance(node, ast.MatchOr)
                else node.elts
            )
            found = [found[0] for part in parts if (found := member(part, enums()))]
            for enum in {enum for enum in found if enum in RULED and found.count(enum) > 1}:
                owner, table = RULED[enum]
                if module.name != owner:
                    yield f"{module.at(node)} groups members of {enum}: add a column to {table}"


def unreviewed(known: Members) -> Iterator[str]:
    places = places_by_enum()
    for enum, members in known.items():
        if enum in RULED or enum in IN_ROWS:
            continue
        new = members - REVIEWED.get(enum, frozenset())
        if new:
            where = "; ".join(places[enum]) or "no place in the code decides by it"
            yield f"{enum} has new members {', '.join(sorted(new))}: decide each here: {where}"


def literals(searched: Iterable[Module]) -> Iterator[str]:
    """The literal types with several texts: the file and the sorted texts."""
    for module in searched:
        for node in nodes(module.tree):
            if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("Literal"):
                parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
                texts = [
                    one.value
                    for one in parts
                    if isinstance(one, ast.Constant) and isinstance(one.value, str)
                ]
                if len(texts) > 1:
                    yield f"{module.path}: {' '.join(sorted(texts, key=str.lower))}"


def _table(tree: ast.Module, table: ast.Dict) -> str:
    """The target of the innermost assignment around a table."""
    names = [
        ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])
        for node in ast.walk(tree)
        if isinstance(node, (ast.AnnAssign, ast.Assign))
        and node.value is not None
        and any(part is table for part in ast.walk(node.value))
    ]
    return names[-1] if names else ""


_REVIEWED: Final[Mapping[str, str]] = {
    "Access": ("API FHIR PUBLIC"),
    "AccessOutcome": ("ALLOWED FAILED REFUSED"),
    "Action": (
        "ADD_NOTE APPEAL ASSIGN CHANGE_DATES CONFIRM_INTAKE DECIDE DELETE DETAILS EXTEND MODIFY "
        "OFFER_PEER_TO_PEER REASSIGN RECONCILE_PROVIDER RECONSIDER RECORD_PEER_TO_PEER RELEASE "
        "REQUEST_INFORMATION REQUEST_PEER_TO_PEER RESUME RETURN_PROPOSAL SIGN VOID"
    ),
    "AppealStatus": ("DETERMINED FILED PENDED"),
    "AssertionReason": ("COVERAGE_NOT_FOUND NO_ACTIVE_COVERAGE NO_MEMBER_FOUND TECHNICAL"),
    "AssertionStatus": ("CHANGED NONE PROVEN"),
    "Audience": ("MEMBER PROVIDER"),
    "AuthorizationNeeded": ("AUTH_NEEDED CONDITIONAL INDETERMINATE NO_AUTH SATISFIED"),
    "AuthorizationType": ("INPATIENT OUTPATIENT"),
    "Basis": ("ASSIGNMENT PLAN TIN VENDOR"),
    "CallFailure": ("ADDRESS_REFUSED CONNECTION_FAILED NAME_NOT_RESOLVED TIMED_OUT TLS_FAILED"),
    "Channel": ("API EDI FAX MAIL PHONE PORTAL VENDOR"),
    "CheckQueue": ("PENDED UNASSESSED"),
    "ClockKind": (
        "APPEAL_EXPEDITED APPEAL_RETROSPECTIVE APPEAL_STANDARD EXPEDITED PEER_TO_PEER "
        "RECONSIDERATION RETROSPECTIVE STANDARD"
    ),
    "ClockUnit": ("BUSINESS_DAYS CALENDAR_DAYS HOURS"),
    "CodeSet": ("HCPCS ICD_10_CM MS_DRG PLACE_OF_SERVICE"),
    "CodeType": ("CPT DRG HCPCS REVENUE"),
    "Covered": ("CONDITIONAL COVERED INDETERMINATE NOT_COVERED"),
    "DecidedBy": ("PAYER VENDOR"),
    "DecidingRole": ("PHYSICIAN REVIEWER RULES VENDOR"),
    "DelegationStatus": ("OPEN REPORTED WITHDRAWN"),
    "Delivery": (
        "AUDIT CLEANUP CLOCKS EXECUTIONS MESSAGES NOTICES ORPHAN_SWEEPS RELAY REPORTS SCANS "
        "SUBSCRIPTIONS SUBSCRIPTION_SWEEPS UPLOADS UPLOAD_SWEEPS WARNINGS"
    ),
    "DeliveryError": (
        "ADDRESS_REFUSED CONNECTION_FAILED INTERRUPTED NAME_NOT_RESOLVED NOT_ACCEPTED REDIRECTED "
        "TIMED_OUT TLS_FAILED"
    ),
    "Derived": (
        "DAMAGED DUPLICATE_LOCK FINGERPRINT FLAG INDEXES LIST_ENTRY NUMBER NUMBER_OF_ANOTHER "
        "QUEUE_ENTRY"
    ),
    "DiscussionOutcome": ("NO_SHOW OVERTURNED UPHELD WITHDRAWN"),
    "DisputeKind": ("APPEAL PEER_TO_PEER RECONSIDERATION"),
    "DisputeOption": ("APPEAL EXTERNAL_REVIEW PEER_TO_PEER RECONSIDERATION"),
    "DocumentStatus": ("ATTACHED AWAITING_UPLOAD CHECKING REFUSED"),
    "DocumentationNeeded": ("CLINICAL CONDITIONAL"),
    "DuplicateLock": ("DETERMINE KEEP MOVE RELEASE REPLACE"),
    "DuplicateReason": (
        "DECIDED_BEFORE NEAR_DATES OTHER_DETAILS OTHER_IDENTIFIER OTHER_MODIFIERS "
        "OTHER_PROVIDER OTHER_UNITS SAME_FAMILY SHARED_CODES UNREADABLE"
    ),
    "Entitlement": (
        "INTAKE OPERATOR PATIENT_SEARCH PHYSICIAN_REVIEWER REVIEWER REVIEW_LEAD VENDOR"
    ),
    "Env": (
        "ARCHIVE_BUCKET ASSESSMENT_ARN AUDIENCES AUDIT_BUCKET AUDIT_TABLE CALLS_PER_MINUTE DATA_KEY "
        "DEAD_LETTERS DELIVERIES "
        "DOCUMENTS_BUCKET "
        "ENTITLEMENTS_CLAIM EVENT_BUS_NAME "
        "ISSUER "
        "LIMITS_TABLE ORIGIN_SECRETS PARTNERS_DOMAIN PLANS_CLAIM PUBLIC_URL "
        "REFERENCE_TABLE "
        "REQUESTS_TABLE RIGHTS RULE_LISTS_BUCKET "
        "SCAN_DOCUMENTS SCOPES SIGNING_KEY "
        "SSN_KEY STAGE STATE_MACHINE_ARN SUBSCRIPTIONS_QUEUE "
        "TINS_CLAIM USER_POOL_ID VENDORS_CLAIM"
    ),
    "ExtensionRequester": ("MEMBER PAYER"),
    "FieldKind": ("CHOICE CODE CODES DAY GROUP GROUPS NUMBER TEXT"),
    "FilePurpose": ("REPLACE UPDATE VERIFY"),
    "FileState": ("COPIED MISSING STORED UNDELETED"),
    "InformationNeeded": ("CONTRACT_WINDOW DETAIL_CODE LOCATION"),
    "IntakeException": ("COVERAGE_INACTIVE DATES_OUTSIDE_WINDOW PLAN_NOT_SUPPORTED"),
    "InvokedBy": ("HTTP QUEUE SCHEDULE STREAM WORKFLOW"),
    "Keep": ("PATIENT SERVICES"),
    "KnownAnswer": ("DIAGNOSIS SERVICE SERVICE_DATE"),
    "LoadKind": ("MEMBERS PLANS PROVIDERS SSNS ZIPS"),
    "LoadOutcome": ("NEWER_STORED SAME STORED"),
    "Mismatch": ("ADDRESS MANUALLY_ENTERED NOT_LISTED NPI TIN"),
    "NextAction": ("CALL GO_TO_VENDOR NONE START_DRAFT"),
    "NotDecidable": (
        "ASSIGNED_TO_ANOTHER DECIDED_EARLIER NEEDS_ANOTHER_SIGNATURE NEEDS_PHYSICIAN OWN_REQUEST"
    ),
    "NoticeKind": (
        "APPEAL_OVERTURNED APPEAL_PARTLY_OVERTURNED APPEAL_UPHELD APPROVAL DATES_CHANGED DENIAL"
        " EXTENSION"
        " PARTIAL_APPROVAL REVIEW_OVERTURNED REVIEW_PARTLY_OVERTURNED REVIEW_UPHELD"
    ),
    "NotificationType": ("EVENT HANDSHAKE HEARTBEAT"),
    "OrganizationKind": ("NPI TIN"),
    "OrphanSource": ("FILES RECORDS"),
    "PendReason": (
        "DISPUTED DOCUMENTATION_MISSING EMERGENCY LATE_NOTIFICATION NOT_AUTOMATIC "
        "POTENTIAL_DUPLICATE PREDETERMINATION UNDETERMINED"
    ),
    "Platform": ("AWS LOCAL"),
    "ProviderKind": ("FACILITY INDIVIDUAL"),
    "ProviderRole": ("REQUESTING_PROVIDER SERVICING_PROVIDER"),
    "Purpose": ("PRECERTIFICATION PREDETERMINATION"),
    "QuestionKind": ("ATTACHMENT BOOLEAN CHOICE DATE DECIMAL INTEGER STRING TEXT"),
    "QueueView": (
        "AWAITS_PHYSICIAN AWAITS_SIGNATURE DISPUTED DUE_SOON EXPEDITED NEW_DOCUMENTS OVERDUE "
        "RETURNED UNASSIGNED WAITING_ON_PROVIDER"
    ),
    "OAuthErrorCode": ("INVALID_CLIENT INVALID_REQUEST INVALID_SCOPE UNSUPPORTED_GRANT_TYPE"),
    "RecordKind": (
        "CLIENT AUDIT_RECORD DASHBOARD_ROW DELEGATION_ROW DIRECTORY_ENTRY DOCUMENT EVENT FINGERPRINT "
        "FREQUENT_PROVIDER GRANT INTAKE_ROW MEMBER MESSAGE NOTICE OPEN_CYCLE PLAN REQUEST "
        "RULE_LIST STREAM_RECORD SUBSCRIPTION SUBSCRIPTION_EVENT UNMATCHED_ROW UNREAD_COUNT "
        "WORKLIST_ROW"
    ),
    "Refusal": (
        "CHECKSUM CLOSED CONTENT DAMAGED EMPTY MACROS NOT_ACCEPTED NOT_SCANNED NOT_STORED NOT_UPLOADED "
        "PROTECTED THREAT TOO_COMPLEX TOO_LARGE UNSUPPORTED"
    ),
    "Requirement": ("DELEGATED_VENDOR NOT_REQUIRED REQUIRED UNABLE_TO_DETERMINE"),
    "Route": ("CLOSED REVIEW"),
    "ScanResult": ("ACCESS_DENIED FAILED NO_THREATS_FOUND THREATS_FOUND UNSUPPORTED"),
    "Severity": ("PAGE TICKET"),
    "Sort": ("CHANGED DUE"),
    "Stage": ("CHECK SUBMISSION"),
    "Step": ("EXECUTIONS FILES LOST RECORDS REPORTS"),
    "Subject": ("DRAFT REQUEST"),
    "SubscriptionStatus": ("ACTIVE ERROR OFF REQUESTED"),
    "Swept": ("NOT_STORED NOT_UPLOADED UNCHANGED UNSCANNED VERIFIED"),
    "UnitType": ("DAYS HOURS UNITS VISITS"),
    "Urgency": ("EMERGENCY EXPEDITED STANDARD"),
    "UserAgent": ("BROWSER PROGRAM"),
    "WaitQueue": ("NOTICES PROCESSING"),
    "WaitingOn": ("NONE PAYER PROVIDER VENDOR"),
    "Who": ("ANOTHER YOU"),
    "WorkflowEffect": (
        "ASSESS END NONE RECEIVE_DOCUMENT REQUEST_DOCUMENT RESCHEDULE RESTART RESUME START"
    ),
    "WorkflowTask": ("ASSESS AWAIT_DECISION CHECK_DEADLINE"),
}
"""Per enum the members for which each place that distinguishes them was reviewed."""

LITERALS: Final = (
    "infra/config.py: claims table",
    "infra/config.py: compliance governance none",
    "infra/config.py: DEBUG ERROR INFO WARN",
    (
        "precert/adapters/inspection/decoding.py: "
        "damaged_file password_protected too_complex unsupported_encoding"
    ),
)
"""Literal types with several texts, for which each use was reviewed. Mypy checks comparisons with them
only where the code ends in ``assert_never``; prefer an enum."""

REVIEWED: Final[Members] = {name: frozenset(members.split()) for name, members in _REVIEWED.items()}


def test_names_of_enums_differ_when_one_is_added() -> None:
    """The other tests find an enum by its name."""
    assert sorted(node.name for node in classes()) == sorted(enums())


def test_every_member_has_an_entry_when_a_table_is_keyed_by_an_enum() -> None:
    assert [*incomplete_tables(enums()), *unlisted(enums())] == []


def test_match_ends_in_assert_never_when_it_decides_by_an_enum() -> None:
    assert list(open_matches(enums())) == []


def test_new_member_is_reviewed_when_code_distinguishes_members() -> None:
    assert list(unreviewed(enums())) == []
    listed = [*REVIEWED, *RULED, *IN_ROWS]
    assert sorted(listed) == sorted(enums()), "each enum of the product is in one of the lists"


def test_literal_type_is_reviewed_when_it_has_several_texts() -> None:
    assert sorted(literals(product())) == sorted(LITERALS)
    planted = Module(
        "precert/planted.py", ast.parse('def one(kind: Literal["b", "A"]) -> None: ...')
    )
    assert list(literals([planted])) == ["precert/planted.py: A b"]


def test_members_are_grouped_by_their_table_when_it_has_rules() -> None:
    assert {(enum, table) for enum, (_, table) in RULED.items()} <= {
        (table.enum, table.name) for table in tables()
    }
    assert list(grouped_elsewhere(product())) == []


def test_group_is_reported_when_a_module_bypasses_the_table() -> None:
    text = "OPEN = {Status.PROCESSING, Status.PENDING}\nDRAFT = {Status.INCOMPLETE}\n"
    found = list(grouped_elsewhere([Module("precert/planted.py", ast.parse(text))]))
    assert found == ["precert/planted.py:1 groups members of Status: add a column to STATUSES"]


@pytest.mark.parametrize("enum", sorted(enums()))
def test_location_is_reported_when_a_member_is_added(enum: str) -> None:
    planted = {**enums(), enum: enums()[enum] | {"PLANTED"}}
    errors = [*incomplete_tables(planted), *unlisted(planted), *unreviewed(planted)]
    assert [error for error in errors if "PLANTED" in error and enum in error]
