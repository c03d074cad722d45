"""Every operation lists errors of form and of content at once, in the product's codes (D6).

Errors of form are tried with every operation, by its models. The table has the operations whose input
has further rules: what is wrong in form, and what is wrong in content beside it.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final

import pytest

from functions.check import handler as check
from precert.api.operation import Operation
from precert.api.problems import MAX_LISTED
from precert.domain.errors import ERROR_CODES
from tests.adapters.callers import CALLERS, PROVIDER, UNENTITLED
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.fakes.sample_calls import path_of
from tests.fakes.samples import BOWEL_SURGERIES, STRANGER_TIN, entered
from tools.operations import OPERATIONS


def wrong_content() -> dict[str, Any]:
    """One value of a wrong form, one unknown code, one missing part."""
    [service] = entered()["services"]
    lines = [{**one} for one in service["procedures"]]
    lines[1]["units"] = "two"
    return entered(
        services=[{**service, "primary_diagnosis": "K56999", "procedures": lines}],
        servicing_provider=None,
    )


OF_CONTENT: Final = {
    ("/content/services/0/procedures/1/units", "wrong_type"),
    ("/content/services/0/primary_diagnosis", "unknown_code"),
    ("/content/servicing_provider", "missing"),
}
LINE: Final = {"line_id": "1.1", "status": "APPROVED"}


@dataclass(frozen=True)
class Wrong:
    """What is sent, and the errors that are expected among others."""

    sent: dict[str, Any]
    expected: set[tuple[str, str]]
    status: str = "absent"
    """The request that the operation needs: none, a pended or a determined one."""
    headers: dict[str, str] = field(default_factory=dict)


PERIOD: Final = {"line_id": "1.1", "from_date": "2026-07-21", "to_date": "2026-07-20"}
TABLE: Final[dict[str, Wrong]] = {
    "checkRequirements": Wrong({"content": wrong_content()}, OF_CONTENT),
    "confirmCheck": Wrong({"content": wrong_content()}, OF_CONTENT),
    "exportCheck": Wrong({"content": wrong_content(), "vendor_id": 1}, OF_CONTENT),
    "startDraft": Wrong(
        {"content": wrong_content(), "tin": STRANGER_TIN}, {*OF_CONTENT, ("/tin", "not_yours")}
    ),
    "submitDraft": Wrong({"content": wrong_content()}, OF_CONTENT, headers={"if_match": '"1"'}),
    "saveDraft": Wrong(
        {"content": {"services": [{"urgency": "SOON"}]}},
        {
            ("/content/services/0/urgency", "not_a_choice"),
            ("/content/patient", "missing"),
        },
        headers={"if_match": '"1"'},
    ),
    "patchDraft": Wrong(
        {"content": {"patient": None, "color": "red"}},
        {("/content/color", "unknown_field"), ("/content/patient", "missing")},
        headers={"if_match": '"1"'},
    ),
    "registerRequest": Wrong(
        {
            "channel": "TELEX",
            "reference": "FAX-1",
            "received_at": "2027-07-01T09:00:00Z",
            "content": wrong_content(),
        },
        {*OF_CONTENT, ("/channel", "not_a_choice"), ("/received_at", "in_future")},
    ),
    "reportDetermination": Wrong(
        {
            "vendor_id": "EVICORE-RAD",
            "reference": "",
            "reported_at": "2027-07-01T09:00:00Z",
            "lines": [LINE, LINE],
        },
        {
            ("/reference", "too_short"),
            ("/reported_at", "in_future"),
            ("/lines/1/line_id", "duplicate"),
        },
    ),
    "requestInformation": Wrong(
        {"documents": ["CLINICAL_NOTES", 1, "X_RAY"], "text": 1},
        {
            ("/documents/1", "wrong_type"),
            ("/text", "wrong_type"),
            ("/documents/2", "not_a_choice"),
        },
        "pended",
    ),
    "decide": Wrong(
        {
            "cycle": 1,
            "lines": [
                {**LINE, "approved": {"units": "two"}},
                {"line_id": "1.2", "status": "DENIED"},
            ],
        },
        {
            ("/lines/0/approved/units", "wrong_type"),
            ("/lines/1/reason_code", "missing"),
            ("/lines/1/rationale", "missing"),
        },
        "pended",
    ),
    "changeDates": Wrong(
        {"lines": [PERIOD, {**PERIOD, "line_id": "1.2"}], "reason": 1},
        {
            ("/reason", "wrong_type"),
            ("/lines/0/to_date", "out_of_order"),
            ("/lines/1/line_id", "not_approved"),
        },
        "determined",
    ),
    "fileAppeal": Wrong(
        {"cycle": 1, "line_ids": ["1.2", "9.9"], "reason": "More.", "expedited": "yes"},
        {("/expedited", "wrong_type"), ("/line_ids/1", "not_appealable")},
        "determined",
    ),
    "fileReconsideration": Wrong(
        {"cycle": 1, "line_ids": ["1.2", "9.9"], "reason": "More.", "expedited": "yes"},
        {("/expedited", "wrong_type"), ("/line_ids/1", "not_appealable")},
        "determined",
    ),
    "reconcileProvider": Wrong(
        {"role": "SERVICING_PROVIDER", "provider_id": "P99999", "color": "red"},
        {("/color", "unknown_field"), ("/provider_id", "not_listed")},
        "pended",
    ),
    "createDocumentUpload": Wrong(
        {"file_name": "scan.heic", "document_type": "X_RAY", "sha256": "x", "tin": STRANGER_TIN},
        {
            ("/sha256", "malformed"),
            ("/file_name", "not_taken"),
            ("/document_type", "not_offered"),
            ("/tin", "not_yours"),
        },
        "pended",
    ),
    "listRequests": Wrong(
        {
            "limit": "0",
            "changed_from": "2026-07-02T00:00:00Z",
            "changed_to": "2026-07-01T00:00:00Z",
            "tin": STRANGER_TIN,
        },
        {
            ("/limit", "out_of_range"),
            ("/changed_to", "before_its_beginning"),
            ("/tin", "not_yours"),
        },
    ),
    "listPatientRequests": Wrong(
        {
            "member_id": "849382930",
            "limit": 0,
            "tin": STRANGER_TIN,
            "service_from": "2026-07-02",
            "service_to": "2026-07-01",
        },
        {
            ("/limit", "out_of_range"),
            ("/tin", "not_yours"),
            ("/service_to", "before_its_beginning"),
        },
    ),
    **{
        name: Wrong(
            {"limit": "0", "tin": STRANGER_TIN},
            {("/limit", "out_of_range"), ("/tin", "not_yours")},
        )
        for name in ("listDrafts", "listMessages")
    },
    **{
        name: Wrong(
            {"color": "red", "vendor_id": "EVICORE-MSK"},
            {("/color", "unknown_field"), ("/vendor_id", "not_yours")},
            "pended",
        )
        for name in ("readDelegation", "exportDelegation", "downloadDelegatedDocument")
    },
    **{
        name: Wrong(
            {"color": "red", "tin": STRANGER_TIN},
            {("/color", "unknown_field"), ("/tin", "not_yours")},
            "pended",
        )
        for name in (
            *("listFlagged", "flagRequest", "unflagRequest", "markAllMessages"),
            *("listFrequentProviders", "countUnreadMessages", "listRequestingProviders"),
        )
    },
    "countWorklist": Wrong(
        {"color": "red", "plan_id": "OTHER"},
        {("/color", "unknown_field"), ("/plan_id", "not_yours")},
    ),
    "assignNextCase": Wrong(
        {"color": "red", "plan_id": "OTHER"},
        {("/color", "unknown_field"), ("/plan_id", "not_yours")},
    ),
    "listWorklist": Wrong(
        {"limit": "0", "plan_id": "OTHER"},
        {("/limit", "out_of_range"), ("/plan_id", "not_yours")},
    ),
    **{
        name: Wrong(
            {"limit": "0", "cursor": "nonsense"},
            {("/limit", "out_of_range"), ("/cursor", "malformed")},
        )
        for name in (
            "listOverdue",
            "listUnmatchedProviders",
            "listDeemedDenials",
            "listIntakeExceptions",
            *("listVendorBacklog", "listDelegations", "listStuckRequests"),
            "listRegisteredRequests",
        )
    },
    "searchProviders": Wrong(
        {"zip_code": "00000", "kind": "CLINIC"},
        {("/kind", "not_a_choice"), ("/zip_code", "unknown")},
    ),
    "getFormFields": Wrong(
        {"authorization_type": "OUTPATIENT", "urgency": "SOON", "type_of_service": "SPA"},
        {("/urgency", "not_a_choice"), ("/type_of_service", "not_a_choice")},
    ),
}


def wrong_in_form(operation: Operation) -> dict[str, Any]:
    """Two members that the operation does not have, and a wrong value of each that it has."""
    unknown = {"color": "red", "size": "large"}
    if operation.body is None:
        return {**unknown, **({"limit": "0"} if "limit" in _members(operation) else {})}
    return {**unknown, **dict.fromkeys(_members(operation), WRONG)}


WRONG: Final[dict[str, list[dict[str, str]]]] = {"no_member": [{}]}
"""A value that no member accepts."""


def _members(operation: Operation) -> Collection[str]:
    model = operation.body or operation.query
    return model.model_fields if model else ()


@cache
def module_of(operation: Operation) -> ModuleType:
    module = import_module(operation.endpoint.__module__)
    package = operation.endpoint.__module__.rpartition(".")[0]
    return module if hasattr(module, "handle") else import_module(f"{package}.handler")


def send(cloud: Cloud, operation: Operation, sent: Any, by: Any, path: str, **more: Any) -> Reply:
    function = module_of(operation)
    if operation.body is not None:
        return cloud.call(function, operation.method, path, sent, by=by, **more)
    return cloud.call(function, operation.method, path, query=sent, by=by, **more)


def errors(reply: Reply) -> set[tuple[str, str]]:
    assert reply.status == 422, reply.text
    return {(one["pointer"], one["code"]) for one in reply.body["errors"]}


def test_every_member_is_listed_when_any_operation_gets_wrong_values(cloud: Cloud) -> None:
    """Of every operation that reads input, a new one included."""
    reading = [one for one in OPERATIONS.values() if one.body or one.query]
    assert len(reading) > 50
    for operation in reading:
        sent = wrong_in_form(operation)
        by, path = CALLERS[operation.entitlement], path_of(operation)
        found = errors(send(cloud, operation, sent, by, path, if_match='"1"'))
        # What is wrong in a nested object is listed by its members.
        listed = {pointer.split("/")[1] for pointer, _ in found}
        assert set(sent) <= listed, operation.operation_id
    assert cloud.items() == []


def test_all_errors_are_listed_when_form_and_content_are_wrong(cloud: Cloud) -> None:
    operations = {one.operation_id: one for one in OPERATIONS.values()}
    ids = {"absent": cloud.start(), "pended": cloud.pended(services=[BOWEL_SURGERIES])}
    ids["determined"] = cloud.pended(services=[BOWEL_SURGERIES])
    assert cloud.decide(ids["determined"], {"1.1": "APPROVED", "1.2": "DENIED"}).status == 200
    before = cloud.items()
    missing: dict[str, Any] = {}
    for name, wrong in TABLE.items():
        operation = operations[name]
        by = CALLERS[operation.entitlement]
        path = path_of(operation, ids[wrong.status])
        found = errors(send(cloud, operation, wrong.sent, by, path, **wrong.headers))
        if not wrong.expected <= found:
            missing[name] = wrong.expected - found, found
        assert {code for _, code in found} <= ERROR_CODES.keys()
    assert missing == {}
    assert cloud.items() == before, "nothing is written while errors are listed"


@pytest.mark.rule("A1")
def test_entitlement_is_required_first_when_input_is_wrong_too(cloud: Cloud) -> None:
    for operation in OPERATIONS.values():
        if operation.entitlement is None:
            continue
        path = path_of(operation)
        function = module_of(operation)
        reply = cloud.call(
            function, operation.method, path, by=UNENTITLED, raw="{nonsense", query={"color": "red"}
        )
        assert (reply.status, reply.code) == (403, "not_entitled"), operation.operation_id


@pytest.mark.parametrize(
    "claim",
    [
        {"sub": "s" * 121},
        {"sub": "two\nlines"},
        {"custom:plans": "[OAP-COMPLETE " + "p" * 121 + "]"},
        {"custom:vendors": "[" + "v" * 500 + "]"},
    ],
)
def test_caller_is_refused_in_words_when_a_claim_cannot_be_read(
    cloud: Cloud, claim: dict[str, str]
) -> None:
    reply = cloud.dashboard(by={**PROVIDER, **claim})
    assert (reply.status, reply.code) == (403, "not_entitled")
    [name] = claim
    assert name in reply.body["detail"]


@pytest.mark.parametrize(
    "content",
    [
        {"services": [{"procedures": [{"code": "", "units": "x"}] * 90}] * 15},
        {"services": [{"procedures": [{"code": "1", "modifiers": [0, 0, 0, 0]}] * 90}] * 20},
        {f"field_{number}": number for number in range(9_000)},
        {"services": [{}] * 60_000},
        {"services": [{"additional_diagnoses": ["?"] * 24, "procedures": [{}] * 100}] * 20},
    ],
)
def test_a_hundred_errors_are_listed_when_there_are_more(cloud: Cloud, content: Any) -> None:
    reply = cloud.call(check, "POST", "/v1/checks", {"content": content})
    assert reply.status == 422
    assert len(reply.text) < 64 * 1024
    assert len(reply.body["errors"]) <= MAX_LISTED
    if len(reply.body["errors"]) == MAX_LISTED:
        assert reply.body["further_errors"] > 0
    assert len(json.dumps(content)) < 256 * 1024


def test_response_is_small_when_any_operation_gets_thousands_of_unknown_fields(
    cloud: Cloud,
) -> None:
    raw = json.dumps({f"field_{number}": number for number in range(2_000)})
    operations = [one for one in OPERATIONS.values() if one.body is not None]
    with cloud.wire.counting() as calls:
        for operation in operations:
            path, by = path_of(operation), CALLERS[operation.entitlement]
            reply = cloud.call(
                module_of(operation), operation.method, path, by=by, raw=raw, if_match='"1"'
            )
            assert (reply.status, reply.code) == (422, "invalid_input"), operation.operation_id
            assert len(reply.body["errors"]) == MAX_LISTED
            assert reply.body["further_errors"] > 1_800
            assert len(reply.text) < 64 * 1024, operation.operation_id
    assert len(operations) > 20
    assert calls == []
