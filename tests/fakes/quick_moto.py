"""moto's DynamoDB with the same answers in less time.

moto 5.2 copies the whole table before each transaction, evaluates each of its conditions twice, walks
every response and request along the service's description, parses an expression again for each check,
visits all of its nodes for each rule, measures the whole item at each attribute, sorts the whole table
for each query, and retains every item that it ever created. The replacements below do the same work
once or for the affected items only.
``tests/adapters/test_quick_moto.py`` compares both on the same calls.
"""

import base64
import json
import pickle
import re
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cache, lru_cache
from typing import Any, Final

from botocore import xform_name
from moto.core.base_backend import BaseBackend
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.exceptions import ServiceException
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.dynamodb import comparisons
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.exceptions import ConditionalCheckFailed, TransactionCanceledException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import bytesize, dynamo_to_dict
from moto.dynamodb.parsing import ast_nodes, expressions, validators
from moto.dynamodb.responses import DynamoHandler, DynamoResult, validate_put_has_empty_keys
from moto.s3 import urls as s3_urls
from moto.s3.models import S3Backend
from werkzeug.exceptions import HTTPException

# moto declares no types for these.
Node: Final[Any] = vars(ast_nodes)["Node"]
DepthFirstTraverser: Final[Any] = vars(ast_nodes)["DepthFirstTraverser"]
ActionCountValidator: Final[Any] = vars(validators)["ActionCountValidator"]
OverlappingPathsValidator: Final[Any] = vars(validators)["OverlappingPathsValidator"]
UpdateExpressionParser: Final[Any] = vars(expressions)["UpdateExpressionParser"]
NEVER_NESTED: Final = frozenset(
    vars(ast_nodes)[name]
    for name in ("UpdateExpression", "UpdateExpressionSetAction", "UpdateExpressionPath")
)
"""Nodes below which there is no node of the same class, except parts of the whole expression, which
:func:`_counted` and :func:`_compared` ignore."""

TARGET: Final = "DynamoDB_20120810."
ON_ITEMS: Final = frozenset(
    {
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    }
)
BINARY: Final = b'"B":'
"""moto decodes these on arrival."""
BINARY_SET: Final = b'"BS":'
"""Requests with these take moto's own path."""
MAX_OPERATIONS: Final = 100
"""DynamoDB's limit for a transaction."""
LARGE: Final = 400_000
"""Below the size to which moto limits an item."""
INDEX_NAME: Final = 6
"""Its position among the arguments that follow the partition key of a query."""
_valid: Final[set[Any]] = set()
"""The forms of operations that moto found valid."""
REGION: Final = re.compile(r"\.([a-z0-9-]+)\.amazonaws\.com")


# -- requests and responses -------------------------------------------------------------------------


def _process(self: BotocoreStubber, request: Any) -> Any:
    """Answer calls on items without building an HTTP request of a web framework."""
    target = request.headers.get("X-Amz-Target", "")
    target = target.decode() if isinstance(target, bytes) else target
    operation = target.removeprefix(TARGET)
    body: bytes = request.body or b""
    if operation not in ON_ITEMS or BINARY_SET in body:
        return _original_process(self, request)
    found = REGION.search(request.url)
    assert found, request.url
    handler = DynamoHandler()
    handler.region, handler.current_account = found[1], DEFAULT_ACCOUNT_ID
    handler.headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
    handler.querystring, handler.response_headers = {}, {}
    decode = _decoded if BINARY in body else None
    handler.body = handler.params = json.loads(body, object_hook=decode)
    try:
        if operation == "TransactWriteItems":
            answer = _transaction(handler)
        else:
            answer = getattr(handler, xform_name(operation))()
    except ServiceException as error:
        return handler.serialized(ActionResult(error))
    except HTTPException as error:
        return error.code, dict(error.get_headers()), error.description
    return 200, {}, json.dumps(answer.result, default=_encoded, check_circular=False)


def _decoded(members: dict[str, Any]) -> dict[str, Any]:
    """A binary value as bytes; a map with an attribute of this name has a value that is no text."""
    if len(members) == 1 and isinstance(members.get("B"), str):
        return {"B": base64.b64decode(members["B"])}
    return members


def _encoded(value: Any) -> Any:
    """A value of moto's as on the wire."""
    if isinstance(value, DynamoType):
        return {value.type: value.value}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(value)


def _execute(self: DynamoResult, context: Any) -> Any:
    return ActionResult(dynamo_to_dict(self.result)).execute_result(context)


# -- items ------------------------------------------------------------------------------------------


def _copied_value(self: DynamoType, _memo: Any = None) -> DynamoType:
    new = object.__new__(DynamoType)
    new.type, value = self.type, self.value
    if isinstance(value, dict):
        value = {name: _copied_value(one) for name, one in value.items()}
    elif isinstance(value, list):
        value = [_copied_value(one) if isinstance(one, DynamoType) else one for one in value]
    new.value = value
    return new


def _copied_item(self: Item, _memo: Any = None) -> Item:
    new: Item = object.__new__(Item)
    new.hash_key, new.range_key = self.hash_key, self.range_key
    new.attrs = LimitedSizeDict()
    new.attrs.__dict__["most"] = self.attrs.__dict__.get("most", LARGE)
    for name, value in self.attrs.items():
        dict.__setitem__(new.attrs, name, _copied_value(value))
    return new


def _snapshot(self: Table, _memo: Any = None) -> Table:
    """The table with its present items, which no write changes in place (see ``_update``)."""
    new = copy(self)
    new.items = defaultdict(dict, {key: dict(rows) for key, rows in self.items.items()})
    return new


def _query(
    self: Table, hash_key: DynamoType, *arguments: Any, **conditions: Any
) -> tuple[list[Item], int, dict[str, Any] | None]:
    """Query a table that has only the items with this partition key."""
    table = copy(self)
    if arguments[INDEX_NAME]:
        attributes = conditions["hash_key_conditions"]
        found = {key: _with_attributes(rows, attributes) for key, rows in self.items.items()}
    else:
        found = {hash_key: self.items.get(hash_key, {})}
    table.items = defaultdict(dict, found)
    return _original_query(table, hash_key, *arguments, **conditions)


def _with_attributes(
    rows: dict[Any, Item], attributes: Sequence[tuple[str, DynamoType]]
) -> dict[Any, Item]:
    return {
        key: item
        for key, item in rows.items()
        if all(name in item.attrs and item.attrs[name] == value for name, value in attributes)
    }


def _hash(self: DynamoType) -> int:
    """Numbers are equal by value; keys, which are hashed most, are strings."""
    value = self.value
    return hash(value) if type(value) is str and self.type != "N" else _original_hash(self)


def _equal(self: DynamoType, other: DynamoType) -> bool:
    if self.type == other.type == "S":
        return bool(self.value == other.value)
    return _original_equal(self, other)


def _limited(self: LimitedSizeDict, name: str, value: Any) -> None:
    """Set the attribute; measure the whole item only if it may exceed the limit."""
    size = bytesize(name) + (
        value.size() if isinstance(value, DynamoType) else bytesize(str(value))
    )
    most = self.__dict__.get("most", LARGE if self else 0) + size
    if most >= LARGE:
        most = LARGE
        _original_set(self, name, value)
    else:
        dict.__setitem__(self, name, value)
    self.__dict__["most"] = most


def _update(
    self: DynamoDBBackend, table_name: str, key: dict[str, Any], *arguments: Any, **named: Any
) -> Item:
    """Update a copy of the item in its place, as moto updates items in place."""
    table = self.get_table(table_name)
    keys = [DynamoType(key[name]) for name in table.table_key_attrs if name in key]
    if len(keys) == 2 and (item := table.items.get(keys[0], {}).get(keys[1])):
        table.items[keys[0]][keys[1]] = _copied_item(item)
    return _original_update(self, table_name, key, *arguments, **named)


# -- transactions -----------------------------------------------------------------------------------


def _transaction(handler: DynamoHandler) -> ActionResult:
    """Moto's answer; it validates the form of each operation once, as it is independent of values."""
    operations = handler.body["TransactItems"]
    forms = [_form(operation) for operation in operations]
    if not _valid.issuperset(forms):
        answer: ActionResult = handler.transact_write_items()
        _valid.update(forms)
        return answer
    for operation in operations:
        ((kind, request),) = operation.items()
        if kind in ("Put", "Update"):
            table = handler.dynamodb_backend.get_table(request["TableName"])
            validate_put_has_empty_keys(request["Item" if kind == "Put" else "Key"], table)
    handler.dynamodb_backend.transact_write_items(operations)
    return ActionResult({"ConsumedCapacity": [], "ItemCollectionMetrics": {}})


def _form(operation: dict[str, Any]) -> Any:
    """What moto validates of an operation before it reads any item."""
    ((kind, request),) = operation.items()
    values = request.get("ExpressionAttributeValues")
    return (
        kind,
        request["TableName"],
        request.get("ConditionExpression"),
        request.get("UpdateExpression"),
        tuple(sorted(request.get("ExpressionAttributeNames", {}).items())),
        values and tuple(sorted((name, *value) for name, value in values.items())),
    )


def _transact(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """Write without a copy of the tables; what moto may refuse is refused by moto itself."""
    before = _items_before(self, transact_items)
    if before is None:
        _original_transact(self, transact_items)
        return
    refused = [
        _refused(request, item)
        for operation, item in zip(transact_items, before.values(), strict=True)
        for request in operation.values()
    ]
    if any(code for code, _, _ in refused):
        raise TransactionCanceledException(refused)
    try:
        for operation in transact_items:
            _write(self, operation)
    except Exception:  # noqa: BLE001  (moto reports errors of any class)
        for (name, partition, sort), item in before.items():
            rows = self.get_table(name).items[partition]
            if item is None:
                rows.pop(sort, None)
            else:
                rows[sort] = item
        _original_transact(self, transact_items)


def _items_before(
    self: DynamoDBBackend, operations: list[dict[str, Any]]
) -> dict[Any, Item | None] | None:
    """The items of a transaction by key; None if its form may be refused."""
    before: dict[Any, Item | None] = {}
    for operation in operations:
        ((kind, request),) = operation.items()
        table = self.tables.get(request["TableName"])
        if table is None or not table.range_key_attr or table.stream_shard is not None:
            return None
        key = request["Item" if kind == "Put" else "Key"]
        try:
            partition, sort = (DynamoType(key[name]) for name in table.table_key_attrs)
        except KeyError:
            return None
        item = table.items[partition].get(sort) if partition in table.items else None
        before[table.name, partition, sort] = item
    return before if len(before) == len(operations) <= MAX_OPERATIONS else None


def _refused(request: dict[str, Any], item: Item | None) -> tuple[Any, Any, Any]:
    """Moto's reason to cancel a transaction: code, message, and the item if it is requested."""
    if _holds(request, item):
        return None, None, None
    requested = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    old = item.to_json()["Attributes"] if item and requested else None
    return "ConditionalCheckFailed", str(ConditionalCheckFailed(item=old).message), old


def _holds(request: dict[str, Any], item: Item | None) -> bool:
    expression = request.get("ConditionExpression")
    if expression is None:
        return True
    names = request.get("ExpressionAttributeNames")
    values = request.get("ExpressionAttributeValues")
    return bool(comparisons.get_filter_expression(expression, names, values).expr(item))


def _write(self: DynamoDBBackend, operation: dict[str, Any]) -> None:
    """One operation of a transaction whose condition holds."""
    ((kind, request),) = operation.items()
    match kind:
        case "Put":
            self.put_item(request["TableName"], request["Item"])
        case "Delete":
            self.delete_item(request["TableName"], request["Key"])
        case "Update":
            self.update_item(
                request["TableName"],
                request["Key"],
                update_expression=request["UpdateExpression"],
                expression_attribute_names=request.get("ExpressionAttributeNames", {}),
                expression_attribute_values=request.get("ExpressionAttributeValues", {}),
            )


# -- expressions ------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _parsed_update(expression: str) -> Any:
    """The tree of an expression, which validators copy before they change it."""
    tree = _original_make(expression)
    tree.pickled = pickle.dumps(tree)
    return tree


def _copied_tree(node: Any) -> Any:
    return pickle.loads(node.pickled) if hasattr(node, "pickled") else _copied_value(node)


@lru_cache(maxsize=4096)
def _lexed(expression: str) -> tuple[Any, ...]:
    return tuple(_original_lex(ConditionExpressionParser(expression, None, None)))


def _lex(self: ConditionExpressionParser) -> deque[Any]:
    return deque(_lexed(self.condition_expression or ""))


def _traverse(self: Any, node: Any, child_id: int = -1) -> Any:
    """Moto's traversal, which determines once what is done with each class of nodes."""
    processes = self.__dict__.get("processes")
    if processes is None:
        processes = self.processes = {}
        self.map = self._processing_map()
        self.classes = tuple(self.map)
        self.last = _only(self.classes)
        self.prepares = type(self).pre_processing_of_child is not _prepare_nothing
    kind = type(node)
    if kind not in processes:
        found = _class_of(self.classes, kind)  # type: ignore[arg-type]
        processes[kind] = self.map.get(found, _unchanged) if found else None
    process = processes[kind]
    if process is None:
        return node
    parent = node.parent
    if kind is not self.last:
        for number, child in enumerate(node.children or ()):
            if self.prepares:
                self.pre_processing_of_child(node, number)
            _traverse(self, child, number)
    if process is not _unchanged:
        node = process(node)
        node.parent = parent
        if parent:
            parent.children[child_id] = node
    return node


@cache
def _only(classes: tuple[type[Any], ...]) -> type[Any] | None:
    """The class of nodes below which a traversal for these classes finds nothing more."""
    return classes[0] if len(classes) == 1 and classes[0] in NEVER_NESTED else None


@cache
def _class_of(classes: tuple[type[Any], ...], kind: type[Any]) -> type[Any] | None:
    """The one of the classes that handles nodes of a kind, else the kind; None if it is no node."""
    if not issubclass(kind, Node):
        return None
    return next((one for one in classes if one in kind.__mro__), kind)


def _unchanged(node: Any) -> Any:
    return node


def _counted(self: Any, node: Any) -> Any:
    """Count the clauses of the whole expression only, which include those of its parts."""
    return _original_count(self, node) if node.parent is None else node


def _compared(self: Any, node: Any) -> Any:
    """Compare the paths of the whole expression only."""
    return _original_compare(self, node) if node.parent is None else node


# -- installation -----------------------------------------------------------------------------------


@cache
def _urls(backend: Any) -> Any:
    return _original_urls(backend("us-east-1", DEFAULT_ACCOUNT_ID))


def _urls_of(self: BaseBackend) -> Any:
    kind: Any = type(self)
    return _urls(kind)


def _new(cls: type[Any], *_arguments: Any, **_named: Any) -> Any:
    """An instance that moto does not retain."""
    return object.__new__(cls)


REPLACED: Final[tuple[tuple[Any, str, Any], ...]] = (
    (BotocoreStubber, "process_request", _process),
    (DynamoResult, "__init__", ActionResult.__init__),
    (DynamoResult, "execute_result", _execute),
    (DynamoType, "__deepcopy__", _copied_value),
    (Item, "__deepcopy__", _copied_item),
    (Item, "__new__", _new),
    (Table, "__deepcopy__", _snapshot),
    (Table, "__new__", _new),
    (Table, "query", _query),
    (DynamoType, "__hash__", _hash),
    (DynamoType, "__eq__", _equal),
    (LimitedSizeDict, "__setitem__", _limited),
    (DynamoDBBackend, "transact_write_items", _transact),
    (DynamoDBBackend, "update_item", _update),
    (UpdateExpressionParser, "make", staticmethod(_parsed_update)),
    (validators, "deepcopy", _copied_tree),
    (ConditionExpressionParser, "_lex_condition_expression", _lex),
    (DepthFirstTraverser, "traverse_node_recursively", _traverse),
    (ActionCountValidator, "verify_action_counts", _counted),
    (OverlappingPathsValidator, "check_for_overlapping_paths", _compared),
    (BaseBackend, "urls", property(_urls_of)),
    (S3Backend, "_url_module", s3_urls),
)
_original_process: Final = BotocoreStubber.process_request
_original_query: Final = Table.query
_original_hash: Final = DynamoType.__hash__
_original_equal: Final = DynamoType.__eq__
_original_set: Final = LimitedSizeDict.__setitem__
_original_transact: Final = DynamoDBBackend.transact_write_items
_original_update: Final = DynamoDBBackend.update_item
_original_make: Final = UpdateExpressionParser.make
_original_lex: Final = ConditionExpressionParser._lex_condition_expression
_original_count: Final = ActionCountValidator.verify_action_counts
_original_compare: Final = OverlappingPathsValidator.check_for_overlapping_paths
_prepare_nothing: Final = DepthFirstTraverser.pre_processing_of_child
_original_urls: Final[Any] = vars(BaseBackend)["urls"].fget


_OWN: Final = tuple((where, name, vars(where).get(name)) for where, name, _ in REPLACED)


def quicken() -> None:
    """Let moto answer in less time from now on."""
    for where, name, new in REPLACED:
        setattr(where, name, new)


@contextmanager
def original() -> Iterator[None]:
    """Run the block with the code of moto itself."""
    for where, name, own in _OWN:
        if own is None:
            delattr(where, name)
        else:
            setattr(where, name, own)
    try:
        yield
    finally:
        quicken()
