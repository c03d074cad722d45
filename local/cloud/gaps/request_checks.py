"""Permissions are checked against what AWS would check them against.

Seen: answering a task token is authorised for `*` alone, so that a role that may answer the tasks
of one state machine, as it should be, is denied. Whoever calls over this machine's loopback counts
as unencrypted, so that a bucket that takes TLS only refuses everybody.
Does: names the token's state machine as the resource; lets loopback count as TLS, whose aim it
serves: nobody can listen in.
Goes: the first when the unpatched emulator knows the resource, the second with a server that
speaks TLS.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from local.cloud.gaps import workflow_tasks
from local.cloud.gaps.upstream import module, wrap

ANSWERS: Final = frozenset({"SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"})


def _of_token(extract: Callable[..., Any]) -> Callable[..., Any]:
    machines = module("services.stepfunctions")._state_machines

    def machine_of(token: str) -> str:
        # A token from before a restart is unknown; there is one machine it can be of.
        return workflow_tasks.machine_of(token) or next(iter(machines), "*")

    def extract_of_token(
        service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any
    ) -> Any:
        action = str(headers.get("x-amz-target", "")).rpartition(".")[2]
        if service != "states" or action not in ANSWERS:
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
    """Correct what the policies are evaluated with."""
    wrap(module("core.iam_actions"), "extract_resource_arn", _of_token)
    wrap(module("app"), "pin_request_origin", _loopback_is_safe)
