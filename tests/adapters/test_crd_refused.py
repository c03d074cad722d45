"""CDS Hooks of Da Vinci CRD: a call that cannot be answered is refused with the place."""

from typing import Any, Final

import pytest

from tests.adapters.callers import UNENTITLED
from tests.adapters.cloud import Cloud
from tests.adapters.hooks import (
    PAYER,
    Json,
    bundle,
    call_hook,
    call_service,
    coverage,
    hook_call,
    order,
    prefetch,
)


def without(call: Json, *path: str) -> Json:
    holder: Any = call
    for part in path[:-1]:
        holder = holder[part]
    del holder[path[-1]]
    return call


REFUSED: Final[dict[str, tuple[Json, int, str]]] = {
    "no hook": ({**hook_call(), "hook": None}, 400, "hook"),
    "no instance": (hook_call(hookInstance=...), 400, "hookInstance"),
    "no context": (hook_call(context=...), 400, "context"),
    "no patient": (without(hook_call(), "context", "patientId"), 400, "context.patientId"),
    "no orders": (without(hook_call(), "context", "draftOrders"), 400, "context.draftOrders"),
    "orders are no bundle": (
        {**hook_call(), "context": {"patientId": "p1", "draftOrders": order()}},
        400,
        "context.draftOrders",
    ),
    "no coverage sent": (hook_call(prefetch=prefetch(coverage=...)), 412, "prefetch.coverage"),
    "no prefetch": (hook_call(prefetch=...), 412, "prefetch.coverage"),
    "no patient sent": (hook_call(prefetch=prefetch(patient=...)), 412, "prefetch.patient"),
    "no coverage found": (hook_call(prefetch=prefetch(coverage=None)), 400, "prefetch.coverage"),
    "another payer": (
        hook_call(
            prefetch=prefetch(
                coverage=bundle(coverage(payor=[{"identifier": {"system": "x", "value": "1"}}]))
            )
        ),
        400,
        "prefetch.coverage.payor",
    ),
    "no payer": (
        hook_call(prefetch=prefetch(coverage=bundle(coverage(payor=[])))),
        400,
        "prefetch.coverage.payor",
    ),
    "a payer without identifier": (
        hook_call(
            prefetch=prefetch(
                coverage=bundle(coverage(payor=[{"reference": "Organization/plan"}])),
                organizations=bundle(
                    {"resourceType": "Organization", "id": "plan", "name": "Plan"}
                ),
            )
        ),
        400,
        "prefetch.coverage.payor",
    ),
    "several coverages without a payer": (
        hook_call(
            prefetch=prefetch(coverage=bundle(coverage(payor=[]), coverage(id="c2", payor=[])))
        ),
        400,
        "prefetch.coverage.payor",
    ),
    "several coverages of other payers": (
        hook_call(
            prefetch=prefetch(
                coverage=bundle(
                    coverage(payor=[]),
                    coverage(id="c2", payor=[{"identifier": {**PAYER, "value": "1"}}]),
                )
            )
        ),
        400,
        "prefetch.coverage.payor",
    ),
    "an unknown version": (
        hook_call(extension={"davinci-crd.requestedVersion": "1.0"}),
        400,
        "extension['davinci-crd.requestedVersion']",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_outcome_names_the_place_when_a_call_is_refused(cloud: Cloud, kind: str) -> None:
    sent, status, place = REFUSED[kind]
    reply = call_service(cloud, "order-sign-crd", sent)
    assert reply.status == status, reply.text
    assert reply.body["resourceType"] == "OperationOutcome"
    [issue] = reply.body["issue"]
    assert issue["expression"] == [place]
    assert issue["details"]["text"]


@pytest.mark.parametrize("raw", ["<xml/>", "[]", '"x"', "", "{"])
def test_call_is_refused_when_its_body_is_no_object(cloud: Cloud, raw: str) -> None:
    reply = call_service(cloud, "order-sign-crd", raw=raw)
    assert (reply.status, reply.body["resourceType"]) == (400, "OperationOutcome")


def test_call_is_refused_when_it_is_of_another_hook(cloud: Cloud) -> None:
    reply = call_service(cloud, "order-select-crd", hook_call())
    assert (reply.status, reply.body["issue"][0]["expression"]) == (400, ["hook"])


def test_call_is_not_found_when_the_service_does_not_exist(cloud: Cloud) -> None:
    reply = call_service(cloud, "other", hook_call())
    assert reply.status == 404
    assert "order-sign-crd" in reply.body["issue"][0]["details"]["text"]


@pytest.mark.rule("A1")
def test_call_is_refused_when_the_caller_lacks_the_entitlement(cloud: Cloud) -> None:
    reply = call_hook(cloud, hook_call(), by=UNENTITLED)
    assert (reply.status, reply.body["issue"][0]["code"]) == (403, "forbidden")
