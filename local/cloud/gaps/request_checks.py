"""Evaluate permissions against the same resources and conditions as AWS.

Emulator: completing a task token is authorized for `*` only, so that a role that may complete the
tasks of one state machine is denied. Calls over the loopback interface count as unencrypted, so that
a bucket that requires TLS refuses all of them.
Patch: use the token's state machine as the resource; treat loopback as TLS, because traffic on it
cannot be intercepted.
Remove when: the unpatched emulator supports the resource, and serves TLS.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from local.cloud.gaps import workflow_tasks
from local.cloud.gaps.upstream import module, wrap

TOKEN_ACTIONS: Final = frozenset({"SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"})


def _of_token(extract: Callable[..., Any]) -> Callable[..., Any]:
    machines = module("services.stepfunctions")._state_machines

    def machine_of(token: str) -> str:
        # A token from before a restart is unknown; the stack has only one state machine.
        return workflow_tasks.machine_of(token) or next(iter(machines), "*")

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


def apply() -> None:
    """Correct the inputs of policy evaluation."""
    wrap(module("core.iam_actions"), "extract_resource_arn", _of_token)
    wrap(module("app"), "pin_request_origin", _loopback_is_safe)
