"""Permissions: the complete list, deliberately repeated here."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, Final

import pytest

from infra import catalog
from infra.constructs.functions import FunctionSpec
from precert.names import INDEXES, ROW_INDEXES
from tests.template import stages
from tests.template.synthesized import Synthesized, listed

PLAN: Final = "AWS::GuardDuty::MalwareProtectionPlan"
PROBE: Final = "/malware-protection-resource-validation-object"
"""What GuardDuty writes when the plan is created, to test its permission."""
READ: Final = {"dynamodb:GetItem", "dynamodb:Query"}
WRITE: Final = READ | {
    *("dynamodb:ConditionCheckItem", "dynamodb:DeleteItem"),
    *("dynamodb:PutItem", "dynamodb:UpdateItem"),
}
STREAM: Final = {
    *("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
    "dynamodb:ListStreams",
}
USE_KEY: Final = {"kms:Decrypt", "kms:DescribeKey"}
WRITE_KEY: Final = USE_KEY | {
    *("kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
}
EVERYONE: Final = {
    *("logs:CreateLogStream", "logs:PutLogEvents"),
}
DELETE_OBJECTS: Final = {"s3:DeleteObject", "s3:DeleteObjectVersion"}
REGISTER: Final = WRITE | WRITE_KEY | {"dynamodb:BatchGetItem", "s3:GetObject"}
RECEIVE: Final = {
    *("sqs:ChangeMessageVisibility", "sqs:DeleteMessage"),
    *("sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
}
"""What Lambda needs to read the queue of a function."""
VERIFY: Final = (
    WRITE
    | WRITE_KEY
    | DELETE_OBJECTS
    | {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"}
)
SCANNER: Final = {
    *("events:DeleteRule", "events:DescribeRule", "events:ListTargetsByRule"),
    *("events:PutRule", "events:PutTargets", "events:RemoveTargets"),
    *("s3:GetBucketNotification", "s3:ListBucket", "s3:PutBucketNotification"),
    *("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
    *("kms:Decrypt", "kms:GenerateDataKey"),
}
"""What AWS requires for GuardDuty to scan a bucket with its own key, without tagging objects."""

APPEND: Final = {"dynamodb:PutItem", "dynamodb:UpdateItem"} | WRITE_KEY
"""Each function that serves HTTP calls appends to the audit table and counts its caller's calls."""

ALLOWED: Final = {
    catalog.CHECK: READ | {"dynamodb:BatchGetItem", "kms:GenerateMac", "s3:GetObject"} | APPEND,
    catalog.CONFIRMATION: {"dynamodb:BatchGetItem", "dynamodb:GetItem", "s3:GetObject"} | APPEND,
    catalog.SUBMIT: WRITE | WRITE_KEY | {"dynamodb:BatchGetItem", "s3:GetObject"},
    catalog.UPLOAD: WRITE
    | WRITE_KEY
    | {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:PutObject"},
    catalog.UPLOAD_VERIFY: VERIFY | RECEIVE,
    catalog.UPLOAD_SCAN: VERIFY | RECEIVE,
    catalog.UPLOAD_SWEEP: VERIFY,
    catalog.STATUS: READ | {"dynamodb:BatchGetItem", "dynamodb:UpdateItem"} | APPEND,
    catalog.REVIEW: WRITE
    | WRITE_KEY
    | {"dynamodb:BatchGetItem", "s3:GetObject", "s3:GetObjectVersion"},
    catalog.OPERATIONS: READ
    | APPEND
    | {"dynamodb:BatchGetItem", "lambda:InvokeFunction"}
    | {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
    | {"states:DescribeExecution", "states:StartExecution"},
    catalog.EXPIRE: WRITE
    | WRITE_KEY
    | DELETE_OBJECTS
    | STREAM
    | {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"}
    | {"s3:PutObject"}
    | {"sqs:SendMessage"},
    catalog.WARN: WRITE_KEY
    | {"dynamodb:ConditionCheckItem", "dynamodb:DeleteItem"}
    | {"dynamodb:GetItem", "dynamodb:Query"}
    | {"dynamodb:PutItem", "dynamodb:UpdateItem"},
    catalog.ORPHAN_SWEEP: READ
    | WRITE_KEY
    | {"dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:Scan", "dynamodb:UpdateItem"}
    | {"s3:DeleteObject", "s3:ListBucket"},
    catalog.SWEEP: WRITE | WRITE_KEY | {"states:DescribeExecution", "states:StartExecution"},
    catalog.EXECUTIONS: {"dynamodb:GetItem"}
    | USE_KEY
    | RECEIVE
    | {"states:DescribeExecution", "states:StartExecution"},
    catalog.RELAY: READ
    | {"dynamodb:PutItem", "dynamodb:UpdateItem"}
    | WRITE_KEY
    | STREAM
    | {"states:DescribeExecution", "states:StartExecution", "states:StartSyncExecution"}
    | {"states:SendTaskFailure", "states:SendTaskSuccess"}
    | {"events:PutEvents", "sqs:SendMessage"},
    catalog.AUDIT: STREAM | WRITE_KEY | {"s3:PutObject", "sqs:SendMessage"},
    catalog.INBOX: {"dynamodb:PutItem", "dynamodb:UpdateItem"} | WRITE_KEY | RECEIVE,
    catalog.INTAKE: REGISTER | {"dynamodb:BatchGetItem", "s3:GetObjectVersion"},
    catalog.REPORTS: REGISTER | {"events:PutEvents"} | RECEIVE,
    catalog.NOTICES: {"dynamodb:ConditionCheckItem", "dynamodb:DeleteItem"}
    | {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "s3:PutObject"}
    | WRITE_KEY
    | RECEIVE,
    catalog.WORKFLOW: WRITE
    | WRITE_KEY
    | {"dynamodb:BatchGetItem", "s3:GetObject"}
    | {"states:SendTaskFailure", "states:SendTaskSuccess"},
    catalog.PAS: REGISTER | {"s3:ListBucket", "s3:PutObject", "sqs:SendMessage"},
    catalog.CRD: REGISTER | {"s3:PutObject"},
    catalog.DTR: {"dynamodb:BatchGetItem", "dynamodb:GetItem", "s3:GetObject"} | APPEND,
    catalog.SMART: {"dynamodb:GetItem", "dynamodb:UpdateItem", "kms:GetPublicKey", "kms:Sign"}
    | WRITE_KEY,
    catalog.SUBSCRIPTIONS: READ
    | WRITE_KEY
    | RECEIVE
    | {"dynamodb:PutItem", "events:PutEvents", "sqs:SendMessage"},
    catalog.SUBSCRIPTION_SWEEP: {"dynamodb:Query", "sqs:SendMessage"} | USE_KEY,
}
TABLES: Final = ("TablesRequests", "TablesReference", "TablesLimits", "AuditTable")
CHANGE: Final = WRITE | {"dynamodb:BatchGetItem"}
READ_OBJECTS: Final = {"s3:GetObject", "s3:GetObjectVersion"}
REMOVE: Final = READ_OBJECTS | DELETE_OBJECTS
RULES: Final = {"rule-lists": {"s3:GetObject"}}
FACTS: Final = READ | {"dynamodb:BatchGetItem"}
RECEIVED: Final = {
    "TablesRequests": WRITE,
    "TablesReference": FACTS | {"dynamodb:ConditionCheckItem"},
    **RULES,
}

STORES: Final[Mapping[FunctionSpec, Mapping[str, set[str]]]] = {
    catalog.CHECK: {"TablesReference": FACTS, **RULES},
    catalog.CONFIRMATION: {
        "TablesReference": {"dynamodb:BatchGetItem", "dynamodb:GetItem"},
        **RULES,
    },
    catalog.SUBMIT: {
        "TablesRequests": WRITE,
        "TablesReference": {"dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem"},
        **RULES,
    },
    catalog.UPLOAD: {
        "TablesRequests": WRITE,
        "documents": READ_OBJECTS | {"s3:PutObject"},
        "notices": READ_OBJECTS,
    },
    catalog.UPLOAD_VERIFY: {"TablesRequests": WRITE, "documents": REMOVE},
    catalog.UPLOAD_SCAN: {"TablesRequests": WRITE, "documents": REMOVE},
    catalog.UPLOAD_SWEEP: {"TablesRequests": WRITE, "documents": REMOVE},
    catalog.STATUS: {
        "TablesRequests": FACTS | {"dynamodb:UpdateItem"},
        "TablesReference": {"dynamodb:Query"},
    },
    catalog.REVIEW: {
        "TablesRequests": CHANGE,
        "TablesReference": {"dynamodb:BatchGetItem"},
        "documents": READ_OBJECTS,
        "notices": READ_OBJECTS,
    },
    catalog.OPERATIONS: {"TablesRequests": FACTS},
    catalog.EXPIRE: {
        "TablesRequests": WRITE,
        "documents": REMOVE,
        "notices": REMOVE,
        "history": {"s3:PutObject"},
    },
    catalog.WARN: {"TablesRequests": WRITE - {"dynamodb:Query"}},
    catalog.ORPHAN_SWEEP: {
        "TablesRequests": FACTS | {"dynamodb:DeleteItem", "dynamodb:Scan", "dynamodb:UpdateItem"},
        "documents": {"s3:DeleteObject"},
        "notices": {"s3:DeleteObject"},
    },
    catalog.SWEEP: {"TablesRequests": WRITE},
    catalog.EXECUTIONS: {"TablesRequests": {"dynamodb:GetItem"}},
    catalog.RELAY: {
        "TablesRequests": READ | {"dynamodb:PutItem", "dynamodb:UpdateItem"},
        "AuditTable": {"dynamodb:PutItem"},
    },
    catalog.AUDIT: {"audit": {"s3:PutObject"}},
    catalog.INBOX: {"TablesRequests": {"dynamodb:PutItem", "dynamodb:UpdateItem"}},
    catalog.INTAKE: {**RECEIVED, "TablesRequests": CHANGE, "documents": READ_OBJECTS},
    catalog.REPORTS: RECEIVED,
    catalog.NOTICES: {
        "TablesRequests": {
            *("dynamodb:ConditionCheckItem", "dynamodb:DeleteItem"),
            *("dynamodb:PutItem", "dynamodb:Query"),
        },
        "TablesReference": {"dynamodb:GetItem"},
        "notices": {"s3:PutObject"},
    },
    catalog.WORKFLOW: {"TablesRequests": WRITE, "TablesReference": FACTS, **RULES},
    catalog.PAS: {**RECEIVED, "TablesRequests": CHANGE, "documents": {"s3:PutObject"}},
    catalog.CRD: {**RECEIVED, "TablesRequests": CHANGE, "hooks": {"s3:PutObject"}},
    catalog.DTR: {
        "TablesReference": {"dynamodb:BatchGetItem", "dynamodb:GetItem"},
        **RULES,
    },
    catalog.SMART: {},
    catalog.SUBSCRIPTIONS: {
        "TablesRequests": READ | {"dynamodb:PutItem"},
        "AuditTable": {"dynamodb:PutItem"},
    },
    catalog.SUBSCRIPTION_SWEEP: {"TablesRequests": {"dynamodb:Query"}},
}
"""What each function may do with each table and with the objects below each prefix.

Further, each function that serves HTTP calls counts its caller's calls; if it serves calls with an
access token, it appends to the audit table and reads what its caller may do.
"""
OF_CALLS: Final = {"TablesLimits": {"dynamodb:UpdateItem"}}
OF_CALLERS: Final = {**OF_CALLS, "AuditTable": {"dynamodb:PutItem"}}

WITHOUT_RESOURCES: Final = {
    *("dynamodb:ListStreams", "states:SendTaskFailure", "states:SendTaskSuccess"),
    *("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
    *("xray:GetSamplingRules", "xray:GetSamplingTargets"),
    *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery"),
    *("logs:DeleteLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy"),
    *("logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
}
"""Actions for which AWS defines no resource, so that ``*`` is the only resource."""


def permissions(stack: Synthesized) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for role, statement in stack.statements():
        found[role].update(listed(statement["Action"]))
    return found


def test_function_has_the_listed_permissions_when_it_runs(stack: Synthesized) -> None:
    found = permissions(stack)
    functions = stack.properties("AWS::Lambda::Function").values()
    roles = {f["Handler"]: f["Role"]["Fn::GetAtt"][0] for f in functions}
    assert set(ALLOWED) == set(catalog.ALL)
    for spec, allowed in ALLOWED.items():
        assert found[roles[spec.handler]] - EVERYONE == allowed, spec.construct_id


def store_of(resource: Any) -> str | None:
    """The table, or the prefix of the objects, as in *notices*; ``None`` for other resources."""
    if not isinstance(resource, dict):
        return None
    tail = resource["Fn::Join"][1][-1] if "Fn::Join" in resource else None
    if isinstance(tail, str) and (prefix := re.fullmatch(r"/([a-z-]+)/\*", tail)):
        return prefix[1]
    name = resource.get("Fn::GetAtt", [""])[0]
    return next((table for table in TABLES if name.startswith(table)), None)


def test_each_table_and_prefix_is_used_as_listed_when_a_function_runs(stack: Synthesized) -> None:
    """Permission to write one store does not permit writing another."""
    found: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for role, statement in stack.statements():
        if "Condition" in statement:
            continue
        for resource in listed(statement["Resource"]):
            if store := store_of(resource):
                found[role][store].update(set(listed(statement["Action"])) - STREAM)
    functions = stack.properties("AWS::Lambda::Function").values()
    roles = {f["Handler"]: f["Role"]["Fn::GetAtt"][0] for f in functions}
    assert set(STORES) == set(catalog.ALL)
    for spec, stores in STORES.items():
        of_http = OF_CALLERS if spec.identifies else OF_CALLS if spec.serves_http else {}
        expected = {**stores, **of_http}
        used = {store: actions for store, actions in found[roles[spec.handler]].items() if actions}
        assert used == expected, spec.construct_id


def test_missing_file_is_reported_as_missing_when_a_function_repeats_its_work(
    stack: Synthesized,
) -> None:
    """S3 responds with 403 to who may not list the bucket; a read has no prefix for a condition."""
    functions = stack.properties("AWS::Lambda::Function").values()
    roles = {f["Handler"]: f["Role"]["Fn::GetAtt"][0] for f in functions}
    listing = {
        role
        for role, statement in stack.statements()
        if "s3:ListBucket" in listed(statement["Action"]) and "Condition" not in statement
    }
    specs = (
        *(catalog.UPLOAD_VERIFY, catalog.UPLOAD_SCAN, catalog.UPLOAD_SWEEP),
        catalog.EXPIRE,
    )
    assert {roles[spec.handler] for spec in specs} <= listing


def test_scanner_has_the_listed_permissions_when_documents_are_scanned(prod: Synthesized) -> None:
    [plan] = prod.properties(PLAN).values()
    role = plan["Role"]["Fn::GetAtt"][0]
    assert permissions(prod)[role] == SCANNER
    [trusted] = prod.properties("AWS::IAM::Role")[role]["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "malware-protection-plan.guardduty.amazonaws.com"}
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": stages.ACCOUNT}}
    writes = [
        (statement["Resource"]["Fn::Join"][1][-1])
        for name, statement in prod.statements()
        if name == role and "s3:PutObject" in listed(statement["Action"])
    ]
    assert writes == [PROBE]


def test_grants_are_the_only_reference_items_when_a_function_identifies_callers(
    stack: Synthesized,
) -> None:
    """The other functions that read members do so by statements without a condition."""
    conditions = [
        statement["Condition"]
        for role, statement in stack.statements()
        if "Condition" in statement
        and "dynamodb:GetItem" in listed(statement["Action"])
        and not role.startswith("LoadingRole")
    ]
    keys = [tuple(one["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]) for one in conditions]
    callers = len(
        [spec for spec in catalog.ALL if spec.identifies or spec is catalog.SUBSCRIPTIONS]
    )
    assert Counter(keys) == {("GRANT#*",): callers, ("CLIENT#*",): 2}
    unlimited = {
        role
        for role, statement in stack.statements()
        if "Condition" not in statement
        and "dynamodb:GetItem" in listed(statement["Action"])
        and "TablesReference" in json.dumps(statement["Resource"])
    }
    readers = (
        "Check",
        "Confirmation",
        "Crd",
        "Dtr",
        "Intake",
        "Notices",
        "Pas",
        "Reports",
        "Workflow",
    )
    assert {role for role in unlimited if not role.startswith(readers)} == set()


def test_loads_reach_no_other_records_when_the_role_is_assumed(stack: Synthesized) -> None:
    statements = {
        tuple(listed(statement["Action"])): statement
        for role, statement in stack.statements()
        if role.startswith("LoadingRole")
    }
    assert {action for actions in statements for action in actions} == {
        *("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem"),
        *("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan"),
        *("cloudformation:DescribeStacks", "kms:GenerateMac"),
        *WRITE_KEY,
    }
    for actions, statement in statements.items():
        if "dynamodb:Scan" in actions:
            read = statement["Condition"]["ForAllValues:StringEquals"]["dynamodb:Attributes"]
            assert set(read) == {"pk", "sk", "as_of", "member"}
        elif actions == ("dynamodb:PutItem",):
            assert "AuditTable" in json.dumps(statement["Resource"]), "the record of each load"
        elif "dynamodb:PutItem" in actions:
            keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
            assert not {"*", "RULE_LIST", "KEY"} & set(keys)
    [role] = [
        one
        for name, one in stack.properties("AWS::IAM::Role").items()
        if name.startswith("LoadingRole")
    ]
    [trusted] = role["AssumeRolePolicyDocument"]["Statement"]
    assert set(trusted["Principal"]) == {"AWS"}


def test_no_action_is_a_wildcard_when_it_is_allowed(stack: Synthesized) -> None:
    actions = {action for granted in permissions(stack).values() for action in granted}
    assert [action for action in actions if "*" in action] == []


def test_every_resource_is_named_when_aws_supports_it(stack: Synthesized) -> None:
    anywhere = {
        action
        for _, statement in stack.statements()
        if "*" in listed(statement["Resource"])
        for action in listed(statement["Action"])
    }
    assert anywhere - WITHOUT_RESOURCES == set()


def test_objects_are_accessible_below_their_prefix_only_when_a_function_has_access(
    stack: Synthesized,
) -> None:
    for _, statement in stack.statements():
        if any(action.startswith("s3:") for action in listed(statement["Action"])):
            for resource in listed(statement["Resource"]):
                tail = resource["Fn::Join"][1][-1] if "Fn::Join" in resource else None
                assert tail in {
                    None,
                    "/audit/*",
                    "/documents/*",
                    "/history/*",
                    "/hooks/*",
                    "/notices/*",
                    "/rule-lists/*",
                    PROBE,
                }


def test_key_is_used_through_the_stores_only_when_a_function_uses_it(stack: Synthesized) -> None:
    for _, statement in stack.statements():
        if any(action.startswith("kms:") for action in listed(statement["Action"])):
            own_keys = ("kms:GenerateMac", ["kms:GetPublicKey", "kms:Sign"])
            assert statement["Action"] in own_keys or (
                "kms:ViaService" in statement["Condition"]["StringEquals"]
            )


@pytest.mark.rule("P1")
def test_only_check_and_loads_hash_ssns_when_the_key_is_used(stack: Synthesized) -> None:
    hashing = [
        (role, statement["Resource"]["Fn::GetAtt"])
        for role, statement in stack.statements()
        if "kms:GenerateMac" in listed(statement["Action"])
    ]
    assert sorted(role.partition("Role")[0] for role, _ in hashing) == ["CheckFunction", "Loading"]
    [key] = {key for _, (key, _) in hashing}
    properties_ = stack.properties("AWS::KMS::Key")[key]
    assert (properties_["KeySpec"], properties_["KeyUsage"]) == ("HMAC_256", "GENERATE_VERIFY_MAC")


def test_only_the_token_endpoint_signs_when_the_key_is_used(stack: Synthesized) -> None:
    [(role, key)] = [
        (role, statement["Resource"]["Fn::GetAtt"][0])
        for role, statement in stack.statements()
        if "kms:Sign" in listed(statement["Action"])
    ]
    assert role.startswith("SmartFunctionRole")
    properties_ = stack.properties("AWS::KMS::Key")[key]
    assert (properties_["KeySpec"], properties_["KeyUsage"]) == ("RSA_2048", "SIGN_VERIFY")


def test_index_is_queried_by_its_own_function_when_named(stack: Synthesized) -> None:
    users: defaultdict[str, list[str]] = defaultdict(list)
    for role, statement in stack.statements():
        for resource in listed(statement["Resource"]):
            parts = resource.get("Fn::Join", ["", [""]])[1] if isinstance(resource, dict) else [""]
            if isinstance(parts[-1], str) and parts[-1].startswith("/index/"):
                users[parts[-1].removeprefix("/index/")].append(role)
    counted = {index: len(roles) for index, roles in users.items()}
    assert counted == dict.fromkeys(INDEXES, 1) | {"worklist": 7, "member": 2, "checks": 2}
    assert {users[index][0].partition("Role")[0] for index in ROW_INDEXES} == {"StatusFunction"}
    assert {role.partition("Role")[0] for role in users["worklist"]} == {
        "IntakeFunction",
        "OperationsFunction",
        "ReviewFunction",
        "SubscriptionSweepFunction",
        "UploadSweepFunction",
        "SweepFunction",
        "WarnFunction",
    }
    assert {role.partition("Role")[0] for role in users["checks"]} == {
        "OperationsFunction",
        "SweepFunction",
    }
