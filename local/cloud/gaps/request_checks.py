"""Evaluate permissions against the same resources and conditions as AWS.

Emulator: completing a task token is authorized for `*` only, so that a role that may complete the
tasks of one state machine is denied. Calls over the loopback interface count as unencrypted, so that
a bucket that requires TLS refuses all of them. A DynamoDB request has no `dynamodb:LeadingKeys`, so
that a role that may read some partitions of a table may read all of them. An SQS batch request needs an
action of its own name, which IAM does not have, so that a role that may send messages is denied. S3
responds with 404 to a read of a missing object by any role.
Patch: use the token's state machine as the resource; treat loopback as TLS, because its traffic does
not leave the machine; add the partition keys of the request, an attribute that all tables name `pk`;
authorize an SQS batch by the action on one message; respond with 403 if the role may not list the
bucket.
Remove when: the unpatched emulator supports the resource, the condition key, the batches and this
response, and serves TLS.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

from local.cloud.gaps import workflow_tasks
from local.cloud.gaps.upstream import module, wrap

TOKEN_ACTIONS: Final = frozenset({"SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"})


def _of_token(extract: Callable[..., Any]) -> Callable[..., Any]:
    machines = module("services.stepfunctions")._state_machines

    def machine_of(token: str) -> str:
        # A token issued before a restart is unknown; only one state machine of the stack has tokens.
        waiting = (arn for arn, one in machines.items() if one.get("type") != "EXPRESS")
        return workflow_tasks.machine_of(token) or next(waiting, "*")

    def extract_of_token(
        service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any
    ) -> Any:
        action = str(headers.get("x-amz-target", "")).rpartition(".")[2]
        if service != "states" or action not in TOKEN_ACTIONS:
            return extract(service, method, path, headers, body, *rest)
        return machine_of(_token(body))

    return extract_of_token


def _token(body: bytes) -> str:
    try:
        return str(json.loads(body).get("taskToken", ""))
    except (AttributeError, ValueError):
        return ""


def _loopback_is_safe(pin: Callable[..., Any]) -> Callable[..., Any]:
    def pin_safe(source_ip: str, secure: bool) -> None:
        pin(source_ip, secure or source_ip.startswith("127."))

    return pin_safe


QUEUE_BATCHES: Final = {
    f"sqs:{action}Batch": f"sqs:{action}"
    for action in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")
}


def _of_one_message(action_of: Callable[..., Any]) -> Callable[..., Any]:
    def action_of_one_message(*request: Any, **named: Any) -> Any:
        action = action_of(*request, **named)
        return QUEUE_BATCHES.get(action, action)

    return action_of_one_message


PARTITION_KEY: Final = "pk"
_PARTITION: Final = re.compile(r"\s*(\S+)\s*=\s*(:\w+)")


def _with_leading_keys(context: Callable[[bytes], dict[str, Any]]) -> Callable[..., Any]:
    def context_with_keys(body: bytes) -> dict[str, Any]:
        found = context(body)
        try:
            request = json.loads(body or b"{}")
        except ValueError:
            return found
        keys = sorted(set(leading_keys(request))) if isinstance(request, dict) else []
        return {**found, "dynamodb:LeadingKeys": keys} if keys else found

    return context_with_keys


def leading_keys(request: dict[str, Any]) -> Iterator[str]:
    """Yield the values of the partition keys in a DynamoDB request."""
    for name in ("Key", "Item"):
        yield from request.get(name, {}).get(PARTITION_KEY, {}).values()
    if match := _PARTITION.match(request.get("KeyConditionExpression", "")):
        yield from request.get("ExpressionAttributeValues", {}).get(match[2], {}).values()
    for part in _parts(request):
        yield from leading_keys(part)


def _parts(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the single-item requests of a transaction or a batch."""
    for one in request.get("TransactItems", ()):
        yield from one.values()
    for of_table in request.get("RequestItems", {}).values():
        if isinstance(of_table, dict):
            yield from ({"Key": key} for key in of_table.get("Keys", ()))
        else:
            for one in of_table:
                yield from one.values()


def _read_object(method: str, path: str, headers: Mapping[str, str]) -> str:
    """Return the bucket and key that a request reads, which are the source of a copy, or ""."""
    if method == "PUT":
        return unquote(headers.get("x-amz-copy-source", "")).lstrip("/")
    return path.lstrip("/") if method in {"GET", "HEAD"} else ""


def _hiding_missing(serve: Callable[..., Any]) -> Callable[..., Any]:
    async def serve_hiding_missing(
        method: str, path: str, headers: Any, body: bytes, query: Any, *rest: Any, **named: Any
    ) -> Any:
        answer = await serve(method, path, headers, body, query, *rest, **named)
        bucket, _, key = _read_object(method, path, headers).partition("/")
        if answer[0] != HTTPStatus.NOT_FOUND or not key or b"NoSuchBucket" in answer[2]:
            return answer
        resource = f"arn:aws:s3:::{bucket}"
        # The request names no prefix, so a permission with a condition on it does not suffice.
        denied = module("app")._enforce_data_plane(
            "s3", "s3:ListBucket", headers, query, "", resource_arn=resource
        )
        return denied or answer

    return serve_hiding_missing


def apply() -> None:
    """Correct the inputs of policy evaluation, and S3's response about missing objects."""
    wrap(module("services.s3"), "handle_request", _hiding_missing)
    wrap(module("core.iam_actions"), "dynamodb_service_context", _with_leading_keys)
    wrap(module("core.iam_actions"), "extract_resource_arn", _of_token)
    wrap(module("core.iam_actions"), "extract_iam_action", _of_one_message)
    wrap(module("app"), "pin_request_origin", _loopback_is_safe)
