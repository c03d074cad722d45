"""Calls of CDS Hooks services are retained with their answers, and read by their audit record."""

import json
from typing import Any, Final

import pytest

from functions.crd import handler as crd
from precert.cli import audit as audit_command
from precert.cli import main as cli
from precert.domain.clients import NotVerifiedError
from precert.names import Env
from precert.settings import Settings
from tests.adapters.callers import PROVIDER_SUBJECT
from tests.adapters.cloud import Cloud
from tests.adapters.hooks import BASE, call_hook, hook_call, order, prefetch
from tests.adapters.test_crd_reads import ACCESS, DIAGNOSIS, called

TOKEN: Final = ACCESS["access_token"]


def retained(cloud: Cloud) -> dict[str, Any]:
    """The call of the last audit record."""
    *_, record = cloud.audit.records.values()
    assert record.operation == "callHookService"
    content = cloud.deps.hook_calls.read(record.access_id)
    assert content is not None
    return content


def test_call_is_retained_with_its_answer_when_it_is_answered(cloud: Cloud) -> None:
    sent = hook_call(order("99213"))
    reply = call_hook(cloud, sent)
    found = retained(cloud)
    assert (found["service"], found["status"]) == ("order-sign-crd", 200)
    assert found["call"] == sent
    assert found["answer"] == reply.body
    assert (found["client"], found["at"]) == (PROVIDER_SUBJECT, cloud.clock().isoformat())


def test_what_was_read_is_retained_without_the_token_when_a_call_gives_access(cloud: Cloud) -> None:
    sent = order("99213", reasonCode=[], reasonReference=[{"reference": "Condition/d1"}])
    call = hook_call(sent, fhirAuthorization=ACCESS)
    called(cloud, call, {"Condition/d1": DIAGNOSIS})
    found = retained(cloud)
    assert found["read"] == [DIAGNOSIS]
    assert "fhirAuthorization" not in found["call"]
    assert str(TOKEN) not in json.dumps(found)


def test_refusal_is_retained_when_a_call_cannot_be_answered(cloud: Cloud) -> None:
    reply = call_hook(cloud, hook_call(prefetch=prefetch(coverage=...)))
    found = retained(cloud)
    assert (found["status"], found["answer"]) == (412, reply.body)


def test_call_is_not_answered_when_it_cannot_be_retained(cloud: Cloud) -> None:
    cloud.wire.cut("PutObject")
    reply = call_hook(cloud, hook_call(order("99213")))
    assert (reply.status, reply.headers["Retry-After"]) == (503, "2")


def test_nothing_is_retained_when_the_client_is_not_verified(cloud: Cloud) -> None:
    def refuse(*_: Any) -> Any:
        raise NotVerifiedError("The signature is not valid.")

    cloud.deps.settings = Settings({**cloud.deps.settings.environ, Env.PUBLIC_URL: BASE})
    cloud.deps.hook_caller = refuse
    reply = cloud.call(crd, "POST", "/cds-services/order-sign-crd", hook_call(), by={})
    assert reply.status == 401
    assert "PutObject" not in cloud.wire.calls


def test_command_prints_the_call_of_an_audit_record_when_it_is_named(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = call_hook(cloud, hook_call(order("99213")))
    *_, record = cloud.audit.records.values()
    monkeypatch.setattr(audit_command, "stack_dependencies", lambda _stack: cloud.deps)
    arguments = ["audit", "--stack", "precert-dev", "--exchange"]
    assert cli.main([*arguments, record.access_id]) == 0
    *_, printed = capsys.readouterr().out.splitlines()
    assert json.loads(printed)["answer"] == reply.body
    *_, read = cloud.audit.records.values()
    assert (read.operation, read.objects) == ("command:audit", (record.access_id,))
    assert cli.main([*arguments, "unknown"]) == 1
    assert "no call" in capsys.readouterr().out


CALLS: Final = {
    "99213": ["BatchGetItem", "PutObject"],
    "70450": ["BatchGetItem", "PutObject"],
    "44120": ["BatchGetItem", "Query", "BatchGetItem", "PutObject"],
}


@pytest.mark.parametrize("code", CALLS)
def test_calls_to_aws_are_few_when_an_order_is_answered(cloud: Cloud, code: str) -> None:
    cloud.pended()
    # The first call loads the rule list.
    call_hook(cloud, hook_call(order("99213"), hook="order-select"))
    cloud.wire.calls.clear()
    call_hook(cloud, hook_call(order(code, place="21", category=[]), hook="order-select"))
    assert cloud.wire.calls == CALLS[code]
