"""Defects of conditional writes, and of upload slots."""

from datetime import timedelta
from typing import Any

from functions.expire import handler as expire
from precert.adapters.dynamodb import documents, drafts, registrations, request_items, requests
from precert.adapters.dynamodb import table as table_adapter
from precert.adapters.s3.documents import S3Documents
from precert.domain.request import Change, Request
from precert.usecases import changes
from precert.usecases.ports.requests import ConcurrentChangeError
from tests.simulation.defects import Patch, defect, rewritten, without


def _unchecked_event(patch: Patch, *modules: Any) -> None:
    """Events are put without a condition."""
    put = request_items.put_event

    def unchecked(*arguments: Any) -> dict[str, Any]:
        return {"Put": without(put(*arguments)["Put"], "ConditionExpression")}

    for module in modules:
        patch.setattr(module, "put_event", unchecked)


@defect
def write_without_condition(patch: Patch) -> None:
    """A change is written for any current version."""
    update = requests.DynamoDBRequests._update

    def unconditional(self: Any, change: Change) -> dict[str, Any]:
        arguments = update(self, change)
        values = without(arguments["ExpressionAttributeValues"], ":based_on")
        return {**without(arguments, "ConditionExpression"), "ExpressionAttributeValues": values}

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
        patch.setattr(module, "row_writes", lambda *_, **__: [])


@defect
def submitted_twice(patch: Patch) -> None:
    """A submission checks neither the version it is based on nor that it is still a draft."""
    submitting = drafts.DynamoDBDrafts._submitting_update

    def unconditional(self: Any, submission: Any) -> dict[str, Any]:
        live = "#status = :incomplete AND version = :based_on AND expires_at > :now"
        loose = "(#status = :incomplete OR version >= :based_on)"
        arguments = submitting(self, submission)
        return rewritten("ConditionExpression", arguments, live, loose)

    patch.setattr(drafts.DynamoDBDrafts, "_submitting_update", unconditional)


@defect
def number_not_reserved(patch: Patch) -> None:
    """A number is assigned without checking whether it is in use."""
    whole = drafts.DynamoDBDrafts._submission

    def careless(self: Any, submission: Any) -> list[dict[str, Any]]:
        actions = whole(self, submission)
        actions[1] = {"Put": without(actions[1]["Put"], "ConditionExpression")}
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
        self._writes.update(**self._row_update(draft, warn_at))

    patch.setattr(drafts.DynamoDBDrafts, "show", careless)


@defect
def stale_read_trusted(patch: Patch) -> None:
    """Reads of one item are eventually consistent."""
    consistent = table_adapter.get

    def stale(client: Any, *key: str) -> Any:
        class Lenient:
            def get_item(self, **arguments: Any) -> Any:
                return client.get_item(**without(arguments, "ConsistentRead"))

        return consistent(Lenient(), *key)  # type: ignore[arg-type]

    patch.setattr(requests, "get", stale)


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
