"""The lines of the log: what distinguishes one invocation from another, and nothing else."""

import io
import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.logging import logger as powertools

from precert.observability import logger

CONTEXT = SimpleNamespace(
    function_name="function",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:function",
    aws_request_id="a-request",
)


@pytest.mark.parametrize("cold", [True, False])
def test_line_has_no_member_of_its_log_group_when_it_is_written(
    monkeypatch: pytest.MonkeyPatch, *, cold: bool
) -> None:
    monkeypatch.setattr(powertools, "is_cold_start", cold)
    log, handler = io.StringIO(), logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    previous = handler.setStream(log)

    @logger.inject_lambda_context(clear_state=True)
    def handle(_event: dict[str, Any], _context: Any) -> None:
        logger.warning("worked", extra={"request_id": "01"})

    try:
        handle({}, CONTEXT)
    finally:
        handler.setStream(previous)
    line = json.loads(log.getvalue())
    assert line.pop("timestamp")
    assert line == {
        "level": "WARNING",
        "message": "worked",
        "function_request_id": "a-request",
        "request_id": "01",
        **({"cold_start": True} if cold else {}),
    }
