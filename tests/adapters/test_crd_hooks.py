"""order-select, order-dispatch and appointment-book: which orders they answer."""

from typing import Any

from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.hooks import (
    Json,
    appointment,
    bundle,
    call_hook,
    concept,
    hook_call,
    information,
    only,
    order,
    prefetch,
    updates,
)


def test_only_selected_orders_are_answered_when_orders_are_selected(cloud: Cloud) -> None:
    call = hook_call(order(id="a"), order(id="b"), hook="order-select")
    call["context"]["selections"] = ["ServiceRequest/b"]
    assert [one["id"] for one in updates(call_hook(cloud, call))] == ["b"]


def test_dispatched_orders_are_answered_when_a_performer_is_chosen(cloud: Cloud) -> None:
    sent = order("70450", performer=[])
    call = hook_call(hook="order-dispatch", prefetch=prefetch(serviceRequests=bundle(sent)))
    call["context"] = {
        "patientId": "p1",
        "dispatchedOrders": ["ServiceRequest/o1"],
        "performer": "Organization/performer",
        "fulfillmentTasks": [{"resourceType": "Task", "id": "t1"}],
    }
    [resource] = updates(call_hook(cloud, call))
    assert resource["id"] == "o1"
    assert information(resource)[0]["pa-needed"] == "auth-needed"


def test_documentation_is_not_asked_for_when_an_order_is_only_selected(cloud: Cloud) -> None:
    sent = order("19318", place="24", category=[])
    found = only(call_hook(cloud, hook_call(sent, hook="order-select")))
    assert found["pa-needed"] == "auth-needed"
    assert not {"doc-needed", "doc-purpose", "questionnaire", "info-needed"} & found.keys()
    assert "documentation" not in str(found.get("reason"))
    signed = only(call_hook(cloud, hook_call(sent)))
    assert signed["doc-needed"] == "clinical"


def book(cloud: Cloud, *appointments: Json, **changes: Any) -> Reply:
    call = hook_call(hook="appointment-book", **changes)
    call["context"] = {"patientId": "p1", "appointments": bundle(*appointments)}
    return call_hook(cloud, call)


def test_appointment_is_answered_when_it_has_no_order(cloud: Cloud) -> None:
    visit = appointment(serviceType=[concept("http://www.ama-assn.org/go/cpt", "99213")])
    [resource] = updates(book(cloud, visit))
    assert resource["resourceType"] == "Appointment"
    assert information(resource)[0]["pa-needed"] == "no-auth"


def test_order_is_answered_when_an_appointment_is_based_on_it(cloud: Cloud) -> None:
    sent = appointment(basedOn=[{"reference": "ServiceRequest/o1"}])
    orders = prefetch(serviceRequests=bundle(order("99213")))
    [resource] = updates(book(cloud, sent, prefetch=orders))
    assert (resource["resourceType"], resource["id"]) == ("ServiceRequest", "o1")
