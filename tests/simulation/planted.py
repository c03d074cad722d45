"""Defects that a developer could introduce: each disables one safeguard of the product and must be
detected.

A defect removes a check where the product makes it. If two safeguards cover the same case, it
removes both.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from functools import wraps
from itertools import count
from typing import Any, Final

import pytest

from functions.expire import handler as expire
from functions.inbox import handler as inbox
from functions.notices import handler as notices
from functions.relay import handler as relay
from functions.submit import handler as submit
from functions.sweep import executions
from functions.sweep import handler as sweep
from functions.upload import verify
from functions.workflow import handler as workflow
from precert.adapters import eventbridge, stepfunctions
from precert.adapters.dynamodb import (
    documents,
    drafts,
    messages,
    registrations,
    request_items,
    requests,
)
from precert.adapters.dynamodb import table as table_adapter
from precert.adapters.dynamodb.keys import inbox_sk
from precert.adapters.s3.documents import S3Documents
from precert.bootstrap import dependencies
from precert.domain import proposals
from precert.domain.caller import Caller
from precert.domain.decisions import DecidingRole
from precert.domain.event_types import EVENTS, EventType, WorkflowEffect
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.usecases import changes, cleanup, decisions, repairs
from precert.usecases import messages as messages_usecases
from precert.usecases import relay as relay_usecases
from precert.usecases.ports.requests import ConcurrentChangeError
from precert.usecases.repairs import Swept
from precert.usecases.submission import submit_draft
from tests.simulation import machine, world

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]
DEFECTS: Final[dict[str, Plant]] = {}


def defect(plant: Plant) -> Plant:
    """Register a defect by its function's name."""
    DEFECTS[plant.__name__] = plant
    return plant


def _without(operation: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in operation.items() if name not in names}


def _unchecked_event(patch: Patch, *modules: Any) -> None:
    """Events are put without a condition."""
    put = request_items.put_event

    def unchecked(*arguments: Any) -> dict[str, Any]:
        return {"Put": _without(put(*arguments)["Put"], "ConditionExpression")}

    for module in modules:
        patch.setattr(module, "put_event", unchecked)


def _rewritten(text: str, value: Mapping[str, Any], condition: str, instead: str) -> dict[str, Any]:
    """An operation with a part of its condition replaced."""
    if condition not in value[text]:
        raise AssertionError(f"the defect is outdated: {condition}")
    return {**value, text: value[text].replace(condition, instead)}


# -- writes -------------------------------------------------------------------------------------------


@defect
def write_without_condition(patch: Patch) -> None:
    """A change is written for any current version."""
    update = requests.DynamoDBRequests._update

    def unconditional(self: Any, change: Change) -> dict[str, Any]:
        arguments = update(self, change)
        values = _without(arguments["ExpressionAttributeValues"], ":based_on")
        return {**_without(arguments, "ConditionExpression"), "ExpressionAttributeValues": values}

    patch.setattr(requests.DynamoDBRequests, "_update", unconditional)
    _unchecked_event(patch, requests, registrations)


@defect
def conflicting_change_overwritten(patch: Patch) -> None:
    """After a conflict, the same change is written without checking again whether it is allowed."""

    def stubborn(request_id: str, change: Any, *, requests: Any) -> Request:
        expected: Change | Request = change(requests.read(request_id))
        if isinstance(expected, Request):
            return expected
        for _ in range(5):
            try:
                requests.record(expected)
            except ConcurrentChangeError:
                based_on = requests.read(request_id).version
                after = expected.request.model_copy(update={"version": based_on + 1})
                event_id = f"{request_id}.{based_on + 1:06d}"
                event = expected.event.model_copy(update={"event_id": event_id})
                expected = Change(based_on, after, event)
                continue
            return expected.request
        raise ConcurrentChangeError

    patch.setattr(changes, "change_request", stubborn)


@defect
def void_leaves_fingerprint(patch: Patch) -> None:
    """A void request is still compared with later ones."""
    duplicates = requests.DynamoDBRequests._duplicates

    def without_release(self: Any, change: Change) -> list[dict[str, Any]]:
        return [one for one in duplicates(self, change) if "Delete" not in one]

    patch.setattr(requests.DynamoDBRequests, "_duplicates", without_release)


@defect
def denial_keeps_lock(patch: Patch) -> None:
    """A denied request cannot be submitted again."""
    patch.setattr(Request, "is_adverse", property(lambda _self: False))


@defect
def event_record_lost(patch: Patch) -> None:
    """A void is written without its event."""
    record = requests.DynamoDBRequests.record

    def silent(self: Any, change: Change, cycle: Any = None) -> None:
        if change.event.type != "RequestVoided":
            record(self, change, cycle)
            return
        with Patch.context() as inner:
            there = {"ConditionCheck": _exists(self._table, change.request.request_id)}
            inner.setattr(requests, "put_event", lambda *_: there)
            record(self, change, cycle)

    patch.setattr(requests.DynamoDBRequests, "record", silent)


def _exists(table: str, request_id: str) -> dict[str, Any]:
    return {
        "TableName": table,
        "Key": {"pk": {"S": f"NUMBER#{request_id}"}, "sk": {"S": "NUMBER"}},
        "ConditionExpression": "attribute_not_exists(pk)",
    }


@defect
def rows_not_updated(patch: Patch) -> None:
    """A change does not update the dashboard rows."""
    for module in (requests, registrations):
        patch.setattr(module, "set_lines", lambda *_, **__: [])


@defect
def submitted_twice(patch: Patch) -> None:
    """A submission checks neither the version it is based on nor that it is still a draft."""
    submitting = drafts.DynamoDBDrafts._submitting_update

    def unconditional(self: Any, submission: Any) -> dict[str, Any]:
        live = "#status = :incomplete AND version = :based_on AND expires_at > :now"
        loose = "(#status = :incomplete OR version >= :based_on)"
        arguments = submitting(self, submission)
        return _rewritten("ConditionExpression", arguments, live, loose)

    patch.setattr(drafts.DynamoDBDrafts, "_submitting_update", unconditional)


@defect
def number_not_reserved(patch: Patch) -> None:
    """A number is assigned without checking whether it is in use."""
    whole = drafts.DynamoDBDrafts._submission

    def careless(self: Any, submission: Any) -> list[dict[str, Any]]:
        actions = whole(self, submission)
        actions[1] = {"Put": _without(actions[1]["Put"], "ConditionExpression")}
        return actions

    patch.setattr(drafts.DynamoDBDrafts, "_submission", careless)


@defect
def save_over_a_newer_one(patch: Patch) -> None:
    """A save is not conditional on the version it is based on."""
    live = drafts._LIVE.replace("version = :based_on", "version >= :based_on")
    patch.setattr(drafts, "_LIVE", live)


@defect
def draft_written_after_its_deadline(patch: Patch) -> None:
    """Only the TTL removal ends a draft."""
    live = drafts._LIVE.replace("expires_at > :now", "updated_at <= :now")
    patch.setattr(drafts, "_LIVE", live)


@defect
def draft_removed_too_early(patch: Patch) -> None:
    """The TTL differs from the deadline that the provider sees."""
    ttl = drafts._ttl
    patch.setattr(drafts, "_ttl", lambda at: ttl(at - timedelta(hours=1)) if at else None)


@defect
def late_row_overwrites_newer_one(patch: Patch) -> None:
    """A draft's row shows whatever was relayed last, not the newest version."""

    def careless(self: Any, draft: Request, warn_at: Any) -> None:
        self._writes.update(**self._line(draft, warn_at))

    patch.setattr(drafts.DynamoDBDrafts, "show", careless)


@defect
def stale_read_trusted(patch: Patch) -> None:
    """Reads of one item are eventually consistent."""
    consistent = table_adapter.get

    def stale(client: Any, *key: str) -> Any:
        class Lenient:
            def get_item(self, **arguments: Any) -> Any:
                return client.get_item(**_without(arguments, "ConsistentRead"))

        return consistent(Lenient(), *key)  # type: ignore[arg-type]

    patch.setattr(requests, "get", stale)


# -- slots --------------------------------------------------------------------------------------------


@defect
def slot_released_twice(patch: Patch) -> None:
    """A refused document frees its slot by a counter, and each repetition does so again."""

    def counted(self: Any, request_id: str, document: Any) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": self._table,
                "Key": {"pk": {"S": f"REQUEST#{request_id}"}, "sk": {"S": "REQUEST"}},
                "UpdateExpression": "DELETE slots_taken :document ADD document_slots :one",
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": {
                    ":document": {"SS": [document.document_id]},
                    ":one": {"N": "1"},
                },
            }
        }

    patch.setattr(documents.DynamoDBDocuments, "_freed_slot", counted)


@defect
def slots_not_counted(patch: Patch) -> None:
    """A document upload checks the status only."""
    free = " AND (attribute_not_exists(slots_taken) OR size(slots_taken) < document_slots)"
    text = documents.TAKES_DOCUMENTS
    assert free in text
    patch.setattr(documents, "TAKES_DOCUMENTS", text.replace(free, ""))


@defect
def refused_bytes_not_deleted(patch: Patch) -> None:
    """Bytes of a refused document are not deleted."""
    patch.setattr(S3Documents, "remove", lambda *_: None)


@defect
def documents_of_deleted_drafts_not_deleted(patch: Patch) -> None:
    """Cleanup deletes records and rows, but not the bytes."""
    patch.setattr(S3Documents, "remove_all", lambda *_: None)
    patch.setattr(expire, "_remove_bytes", lambda *_: None)


# -- before and after the commit ----------------------------------------------------------------------


def _early(act: Callable[[Change], None]) -> Callable[..., Request]:
    """``change_request`` that acts before it writes."""

    def change_request(request_id: str, change: Any, *, requests: Any) -> Request:
        for _ in range(5):
            expected: Change | Request = change(requests.read(request_id))
            if isinstance(expected, Request):
                return expected
            if expected.event.type in ("RequestDetermined", "AppealDetermined"):
                act(expected)
            try:
                requests.record(expected)
            except ConcurrentChangeError:
                continue
            return expected.request
        raise ConcurrentChangeError

    return change_request


@defect
def published_before_the_commit(patch: Patch) -> None:
    """A decision is published to the bus before it is written."""
    patch.setattr(
        changes, "change_request", _early(lambda one: dependencies().bus.publish(one.event))
    )


@defect
def token_answered_before_the_commit(patch: Patch) -> None:
    """A decision answers its execution before it is written."""

    def answer(expected: Change) -> None:
        deps = dependencies()
        waiting = deps.requests.cycle(expected.event.request_id, expected.event.cycle)
        if waiting:
            deps.workflow.answer(waiting.task_token, {"status": expected.event.status.value})

    patch.setattr(changes, "change_request", _early(answer))


@defect
def execution_started_before_the_commit(patch: Patch) -> None:
    """A submission starts its execution before it is written."""

    @wraps(submit_draft)
    def eager(draft_id: str, *arguments: Any, **more: Any) -> Any:
        dependencies().workflow.start(draft_id, 1)
        return submit_draft(draft_id, *arguments, **more)

    patch.setattr(submit, "submit_draft", eager)


# -- deliveries ---------------------------------------------------------------------------------------


@defect
def failed_record_ignored(patch: Patch) -> None:
    """The relay reports success for failed records."""
    handle = relay.handle

    def careless(event: dict[str, Any], context: Any) -> dict[str, Any]:
        handle(event, context)
        return {"batchItemFailures": []}

    patch.setattr(relay, "handle", careless)


@defect
def events_without_a_queue(patch: Patch) -> None:
    """The bus invokes functions asynchronously: after three failures an event is discarded."""
    patch.setattr(world.World, "queued", False)


@defect
def failed_event_acknowledged(patch: Patch) -> None:
    """A function reports success for events of its batch that failed."""
    for consumer in (inbox, notices, verify):
        process = consumer.process_events

        def careless(*arguments: Any, process: Any = process) -> dict[str, Any]:
            process(*arguments)
            return {"batchItemFailures": []}

        patch.setattr(consumer, "process_events", careless)


@defect
def rejected_entry_ignored(patch: Patch) -> None:
    """The number of entries that the bus rejected is ignored."""
    publish = eventbridge.EventBridgeBus.publish

    def careless(self: Any, event: Any) -> None:
        client = self._client

        class Taken:
            def put_events(self, **arguments: Any) -> Any:
                return {**client.put_events(**arguments), "FailedEntryCount": 0}

        publish(eventbridge.EventBridgeBus(Taken(), bus_name=self._bus_name), event)  # type: ignore[arg-type]

    patch.setattr(eventbridge.EventBridgeBus, "publish", careless)


@defect
def event_id_generated_at_delivery(patch: Patch) -> None:
    """Each delivery of an event generates a new event id."""
    publish, counter = eventbridge.EventBridgeBus.publish, count()

    def renamed(self: Any, event: Any) -> None:
        publish(self, event.model_copy(update={"event_id": f"{event.event_id}-{next(counter)}"}))

    patch.setattr(eventbridge.EventBridgeBus, "publish", renamed)


@defect
def inbox_without_idempotency(patch: Patch) -> None:
    """A message's key is the instant of its delivery."""
    counter, keyed = count(), inbox_sk
    patch.setattr(messages, "inbox_sk", lambda at, name: f"{keyed(at, name)}.{next(counter)}")


@defect
def message_to_one_provider(patch: Patch) -> None:
    """A delivery ends after the first inbox and is not retried."""
    deliver = messages_usecases.deliver_message
    from functions.inbox import handler

    patch.setattr(
        handler,
        "deliver_message",
        lambda message, tins, **arguments: deliver(message, tins[:1], **arguments),
    )


@defect
def start_without_idempotency(patch: Patch) -> None:
    """The idempotency key of a start is ignored."""
    patch.setattr(submit, "id_from_key", lambda *_: dependencies().new_id())


# -- cycles -------------------------------------------------------------------------------------------


@defect
def execution_name_without_cycle(patch: Patch) -> None:
    """An appeal's execution has the name of the initial determination's execution."""

    def named(request_id: str, _cycle: int, attempt: int = 0) -> str:
        return request_id if attempt == 0 else f"{request_id}-repair-{attempt}"

    patch.setattr(stepfunctions, "execution_name", named)


@defect
def execution_name_random(patch: Patch) -> None:
    """Each start of a cycle has a random execution name."""
    counter = count()
    patch.setattr(stepfunctions, "execution_name", lambda *_: f"execution-{next(counter)}")


@defect
def reminder_recorded_twice(patch: Patch) -> None:
    """It is not recorded that a reminder was sent."""
    check = Request.check_deadline

    def without_record(self: Request, now: Any, payer: Payer) -> Change | None:
        change = check(self, now, payer)
        if change is None:
            return None
        cycles = {"warned_cycle": 0, "escalated_cycle": 0}
        review = change.request.submitted.model_copy(update=cycles)
        return change._replace(request=change.request.model_copy(update={"review": review}))

    patch.setattr(Request, "check_deadline", without_record)


@defect
def reminder_not_recorded(patch: Patch) -> None:
    """An execution that reaches a reminder time keeps waiting."""
    patch.setattr(Request, "check_deadline", lambda *_: None)
    patch.setattr(Request, "next_check_at", lambda _, now: now + timedelta(days=1))


@defect
def token_of_a_closed_cycle_stored(patch: Patch) -> None:
    """An execution waits without checking whether the cycle is open."""

    def careless(self: Any, cycle: Any) -> None:
        self._writes.put(**self._put_cycle(cycle)["Put"])

    patch.setattr(requests.DynamoDBRequests, "renew_cycle", careless)


@defect
def first_token_not_replaced(patch: Patch) -> None:
    """A cycle's token is written once, and not replaced when the execution waits again."""
    put = requests.DynamoDBRequests._put_cycle

    def once(self: Any, cycle: Any) -> dict[str, Any]:
        arguments = put(self, cycle)["Put"]
        arguments = {
            "TableName": arguments["TableName"],
            "Key": {name: arguments["Item"][name] for name in ("pk", "sk")},
            "UpdateExpression": "SET task_token = if_not_exists(task_token, :token)",
            "ExpressionAttributeValues": {":token": arguments["Item"]["task_token"]},
        }
        return {"Update": arguments}

    patch.setattr(requests.DynamoDBRequests, "_put_cycle", once)


@defect
def token_not_answered(patch: Patch) -> None:
    """A void leaves its execution waiting until the next reminder."""
    voided = replace(EVENTS[EventType.REQUEST_VOIDED], workflow=WorkflowEffect.NONE)
    ended = replace(EVENTS[EventType.REQUEST_ENDED_AS_DUPLICATE], workflow=WorkflowEffect.NONE)
    changed = {EventType.REQUEST_VOIDED: voided, EventType.REQUEST_ENDED_AS_DUPLICATE: ended}
    patch.setattr(relay_usecases, "EVENTS", {**EVENTS, **changed})


@defect
def version_of_a_decision_not_checked(patch: Patch) -> None:
    """A decision applies to whichever version and cycle it finds when it arrives."""
    patch.setattr(changes, "_require_version", lambda *_: None)
    patch.setattr(decisions, "require_cycle", lambda *_: None)


@defect
def retry_missing(patch: Patch) -> None:
    """The state machine gives up at the first error."""
    states = deepcopy(dict(machine.definition()))
    for state in states["States"].values():
        state.pop("Retry", None)
    patch.setattr(machine, "definition", lambda: states)


@defect
def timeout_not_caught(patch: Patch) -> None:
    """A timeout of the clock ends the execution."""
    states = deepcopy(dict(machine.definition()))
    waiting = states["States"]["Await Decision"]
    waiting["Catch"] = [
        one for one in waiting["Catch"] if "States.Timeout" not in one["ErrorEquals"]
    ]
    patch.setattr(machine, "definition", lambda: states)


@defect
def clock_change_not_signaled(patch: Patch) -> None:
    """An execution keeps its old wait when information is requested or has arrived."""
    ignored = {
        kind: replace(rule, workflow=WorkflowEffect.NONE)
        for kind, rule in EVENTS.items()
        if rule.workflow in (WorkflowEffect.RESCHEDULE, WorkflowEffect.RESUME)
    }
    patch.setattr(relay_usecases, "EVENTS", {**EVENTS, **ignored})


@defect
def warning_repeated_at_each_check(patch: Patch) -> None:
    """A warning of a draft's expiration has a new id each time."""
    counter, event_of = count(), cleanup.expiring_event

    def another(draft: Request, now: Any) -> Any:
        event = event_of(draft, now)
        return event.model_copy(update={"event_id": f"{event.event_id}-{next(counter)}"})

    patch.setattr(cleanup, "expiring_event", another)
    give = drafts.DynamoDBDraftWarnings._without_warning

    def retained(self: Any, warning: Any) -> dict[str, Any]:
        arguments = give(self, warning)
        return {**arguments, "UpdateExpression": "SET worklist_sk = :listed"}

    patch.setattr(drafts.DynamoDBDraftWarnings, "_without_warning", retained)


@defect
def denied_without_a_physician(patch: Patch) -> None:
    """A nurse's denial is a determination."""
    patch.setattr(Caller, "deciding_role", DecidingRole.PHYSICIAN)


@defect
def signed_by_its_proposer(patch: Patch) -> None:
    """The reviewer who proposed decisions may sign them."""
    signed = proposals.signed

    def lenient(request: Request, by: str, decided_as: Any) -> Any:
        proposed_by = request.submitted.proposal and request.submitted.proposal.proposed_by
        return signed(request, f"not-{by}" if by == proposed_by else by, decided_as)

    patch.setattr(decisions, "signed", lenient)


@defect
def clock_not_rechecked(patch: Patch) -> None:
    """A cycle waits for a time that was computed before its token was stored."""

    def trusting(cycle: Any, _seconds: int, *, requests: Any, **_: Any) -> None:
        requests.renew_cycle(cycle)

    patch.setattr(workflow, "await_decision", trusting)


# -- the sweep ----------------------------------------------------------------------------------------


@defect
def clocks_not_swept(patch: Patch) -> None:
    """Only executions check the clocks of their cycles."""
    patch.setattr(sweep, "sweep_clocks", Swept)


@defect
def lost_execution_not_started(patch: Patch) -> None:
    """An execution is only started again if Step Functions sent how it ended."""
    patch.setattr(sweep, "restart_lost_executions", lambda **_: Swept())


@defect
def status_change_ignored(patch: Patch) -> None:
    """The end of an execution is left to the sweep."""
    patch.setattr(executions, "_restart", lambda _event: None)


@defect
def next_check_not_indexed(patch: Patch) -> None:
    """The index has the deadline of each cycle, and not what is to be recorded next."""
    due_at = property(lambda self: self.deadline.due_at if self.deadline else None)
    patch.setattr(Request, "next_event_at", due_at)


@defect
def overdue_cycle_swept_last(patch: Patch) -> None:
    """The sweep looks for clocks that were due an hour ago."""
    patch.setattr(repairs, "LATE_AFTER", timedelta(hours=1))
