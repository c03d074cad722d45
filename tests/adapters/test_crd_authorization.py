"""order-sign: a signed order is authorized where the rules approve it, and only there."""

from copy import deepcopy
from typing import Final

import pytest

from tests.adapters.callers import FACILITY, STRANGER
from tests.adapters.cloud import Cloud
from tests.adapters.hooks import (
    ICD_10,
    Json,
    bundle,
    call_hook,
    concept,
    hook_call,
    only,
    order,
    organization,
    prefetch,
)


def test_signed_order_is_authorized_when_the_rules_approve_it(cloud: Cloud) -> None:
    found = only(call_hook(cloud, hook_call(order("91110"))))
    assert found["pa-needed"] == "satisfied"
    [row] = cloud.dashboard().body["requests"]
    assert (row["status"], row["channel"]) == ("APPROVED", "API")
    assert found["satisfied-pa-id"] == row["number"]


def test_authorization_is_given_once_when_a_signed_order_is_sent_again(cloud: Cloud) -> None:
    first, again = (only(call_hook(cloud, hook_call(order("91110")))) for _ in range(2))
    assert first == again
    assert len(cloud.dashboard().body["requests"]) == 1


NOT_AUTHORIZED: Final[dict[str, Json]] = {
    "the hook selects": {"hook": "order-select"},
    "the client declines": {
        "extension": {"davinci-crd.configuration": {"unsolicited-determ": False}}
    },
    "too many units": {"orders": [order("91110", quantityQuantity={"value": 2})]},
    "documents are required": {"orders": [order("19316", place="24", category=[])]},
    "the diagnosis is missing": {"orders": [order("91110", reasonCode=[])]},
    "the place is missing": {"orders": [order("91110", place=None)]},
    "the day is missing": {"orders": [order("91110", occurrenceDateTime=None)]},
    "the provider has no TIN": {
        "prefetch": prefetch(
            organizations=bundle(organization("requester", "R", "8001042398", "1"))
        )
    },
}


@pytest.mark.parametrize("kind", NOT_AUTHORIZED)
def test_nothing_is_authorized_when_a_condition_is_missing(cloud: Cloud, kind: str) -> None:
    changes = deepcopy(NOT_AUTHORIZED[kind])
    orders = changes.pop("orders", [order("91110")])
    found = only(call_hook(cloud, hook_call(*orders, **changes)))
    assert found["pa-needed"] == "auth-needed"
    assert cloud.dashboard().body["requests"] == []


UNREAD: Final[dict[str, tuple[Json, str]]] = {
    "reasonCode[0]": (
        {"reasonCode": [concept("http://snomed.info/sct", "1"), concept(ICD_10, "K56.50")]},
        "reasonCode[0]",
    ),
    "reasonReference[0]": (
        {"reasonReference": [{"reference": "Condition/none"}]},
        "reasonReference[0]",
    ),
    "quantity": ({"quantityQuantity": {"value": 1.5}}, "quantityQuantity"),
    "date": ({"occurrenceDateTime": "2026-07", "authoredOn": "2026-07-20"}, ""),
    "date that another replaces": (
        {"occurrenceDateTime": "2026-07", "dateTime": "2026-07-20"},
        "date",
    ),
    "modifier": ({"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]}, "modifier"),
}
"""Values of an order that cannot be read, and the name of the element in the reason."""


@pytest.mark.parametrize("kind", UNREAD)
def test_nothing_is_authorized_when_a_value_of_the_order_cannot_be_read(
    cloud: Cloud, kind: str
) -> None:
    changes, element = UNREAD[kind]
    found = only(call_hook(cloud, hook_call(order("91110", **changes))))
    assert found["pa-needed"] == "auth-needed"
    assert cloud.dashboard().body["requests"] == []
    texts = [one["text"] for one in found.get("reason", ())]
    assert not element or any(f"cannot be read: {element}" in one for one in texts)


def test_nothing_is_authorized_when_the_payer_has_it_switched_off(cloud: Cloud) -> None:
    off = cloud.deps.payer.coverage_discovery.model_copy(update={"authorize_orders": False})
    cloud.deps.payer = cloud.deps.payer.model_copy(update={"coverage_discovery": off})
    assert only(call_hook(cloud, hook_call()))["pa-needed"] == "auth-needed"


@pytest.mark.rule("A2")
def test_order_is_satisfied_when_the_provider_has_an_approval(cloud: Cloud) -> None:
    number = only(call_hook(cloud, hook_call(order("91110"))))["satisfied-pa-id"]
    later = order("91110", id="o2", occurrenceDateTime="2026-07-22", performer=[])
    for caller, needed in ((FACILITY, "satisfied"), (STRANGER, "auth-needed")):
        found = only(call_hook(cloud, hook_call(later), by=caller))
        assert found["pa-needed"] == needed
        assert found.get("satisfied-pa-id") == (number if needed == "satisfied" else None)
    after = order("91110", occurrenceDateTime="2026-12-20", performer=[])
    assert only(call_hook(cloud, hook_call(after)))["pa-needed"] == "auth-needed"


def test_pended_request_is_named_when_it_is_of_the_same_service(cloud: Cloud) -> None:
    cloud.pended()
    [row] = cloud.dashboard().body["requests"]
    sent = order("44120", place="21", category=[])
    texts = [one["text"] for one in only(call_hook(cloud, hook_call(sent)))["reason"]]
    assert any(row["number"] in one for one in texts)
