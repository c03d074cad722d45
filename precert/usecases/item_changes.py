"""The items of a claim that updates an earlier one, compared with the service lines of its request."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from precert.domain.clocks import local_date
from precert.domain.code_sets import errors_of_codes
from precert.domain.completeness import errors_of_claim, without_window
from precert.domain.content import MAX_SERVICES, RequestContent, Service, line_id_of, numbered_lines
from precert.domain.decisions import ServiceLine, service_lines_of
from precert.domain.errors import FieldError
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.usecases.ports.reference import CodeSets
from precert.usecases.ports.requests import RequestFile
from precert.usecases.prior_authorization import of_other_values
from precert.usecases.received_documents import ReceivedFile


@dataclass(frozen=True)
class ClaimUpdate:
    """A claim that updates or cancels an earlier one."""

    claim_id: str
    prior_ids: tuple[str, ...]
    """Identifiers of the earlier claim: its own, and those of its updates."""
    numbers: tuple[str, ...]
    """Numbers of earlier responses that it names, each once."""
    content: RequestContent
    sequences: tuple[int, ...]
    """The item number of each service line of the content, in its order."""
    cancelled: frozenset[int]
    """Item numbers that it cancels."""
    cancels_all: bool
    original: bytes
    """As it was sent, compressed by gzip."""
    errors: tuple[FieldError, ...] = ()
    """Errors of values that could not be read; the content lacks these values."""
    files: Sequence[ReceivedFile] = ()
    """The files that were sent with it."""


@dataclass(frozen=True)
class ItemChanges:
    """How an update differs from a request. ``content`` has the services of added lines last."""

    content: RequestContent
    added: tuple[ServiceLine, ...] = ()
    cancelled: frozenset[str] = frozenset()
    sent: frozenset[str] = frozenset()
    """Ids of the lines of the update, as it was sent, that are added or changed."""
    left_out: frozenset[str] = frozenset()
    """Ids of the lines of the update that it cancels."""

    def cancels_all(self, request: Request) -> bool:
        """Whether no line is left."""
        active = {line.line_id for line in request.submitted.active_lines}
        return bool(active) and not self.added and active <= self.cancelled


def compared_items(
    update: ClaimUpdate, file: RequestFile, numbers: Sequence[int]
) -> tuple[ItemChanges, list[FieldError]]:
    """The items of an update compared with the service lines of a request, by number."""
    request = file.request
    content = request.content
    if update.cancels_all:
        active = frozenset(line.line_id for line in request.submitted.active_lines)
        return ItemChanges(content, cancelled=active), []
    # If lines have the same number, the last one is the current state of the item.
    latest = dict(zip(numbers, request.submitted.lines, strict=True))
    errors = [
        FieldError(f"/items/{index}/sequence", "line_unknown", _NO_ITEM)
        for index, number in enumerate(update.sequences)
        if number in update.cancelled and number not in latest
    ]
    cancelled = frozenset(
        line.line_id
        for number in update.cancelled
        if (line := latest.get(number)) is not None and line.cancelled_at is None
    )
    sent = list(numbered_lines(update.content.services))
    if len(sent) != len(update.sequences):
        # The content lacks lists that were too long; update.errors has the error.
        return ItemChanges(content, cancelled=cancelled), errors
    stored = {
        line_id: (service.model_copy(update={"procedures": ()}), procedure)
        for line_id, service, procedure in numbered_lines(content.services)
    }
    services, added = list(content.services), list[ServiceLine]()
    changed, left_out = set[str](), set[str]()
    for number, (sent_id, service, procedure) in zip(update.sequences, sent, strict=True):
        line = latest.get(number)
        is_active = line is not None and line.cancelled_at is None
        if number in update.cancelled:
            left_out.add(sent_id)
            continue
        head = service.model_copy(update={"procedures": ()})
        if line is not None and is_active and stored[line.line_id] == (head, procedure):
            continue
        services.append(
            service.model_copy(update={"procedures": (procedure,) if procedure else ()})
        )
        (built,) = service_lines_of([services[-1]])
        update_line = {
            "line_id": line_id_of(len(services), 1),
            "sequence": number,
            "replaces": line.line_id if line is not None and is_active else None,
        }
        added.append(built.model_copy(update=update_line))
        changed.add(sent_id)
    if len(services) > MAX_SERVICES:
        message = (
            f"a request has at most {MAX_SERVICES} services, and each changed item adds one: submit "
            "further items as a new claim"
        )
        errors.append(FieldError("/services", "too_many_codes", message))
    return ItemChanges(
        content.model_copy(update={"services": tuple(services)}),
        tuple(added),
        cancelled,
        frozenset(changed),
        frozenset(left_out),
    ), errors


def errors_of_changes(
    update: ClaimUpdate, changes: ItemChanges, code_sets: CodeSets, payer: Payer, now: datetime
) -> list[FieldError]:
    """Errors of the added and changed items; unchanged items were accepted before."""
    if not changes.added:
        return []
    content, origins = _still_requested(update, changes)
    errors = [
        *errors_of_claim(content, payer, local_date(now, payer.zone)),
        *errors_of_codes(content, code_sets.listed),
    ]
    return [placed for one in errors if (placed := _placed(one, origins)) is not None]


def _still_requested(
    update: ClaimUpdate, changes: ItemChanges
) -> tuple[RequestContent, list[tuple[bool, list[str]]]]:
    """The content of the update without cancelled lines, and the origin of each service.

    Changed and unchanged lines are in separate services. The origin is whether the lines of the service
    are changed, and their ids in the update.
    """
    services, origins = list[Service](), list[tuple[bool, list[str]]]()
    last: Service | None = None
    for line_id, service, procedure in numbered_lines(update.content.services):
        if line_id in changes.left_out:
            continue
        is_changed = line_id in changes.sent
        own = (procedure,) if procedure else ()
        if service is last and origins[-1][0] is is_changed:
            procedures = (*services[-1].procedures, *own)
            services[-1] = service.model_copy(update={"procedures": procedures})
            origins[-1][1].append(line_id)
        else:
            services.append(service.model_copy(update={"procedures": own}))
            origins.append((is_changed, [line_id]))
        last = service
    return update.content.model_copy(update={"services": tuple(services)}), origins


def _placed(error: FieldError, origins: Sequence[tuple[bool, Sequence[str]]]) -> FieldError | None:
    """The error with a pointer into the update; ``None`` for a line that is not changed."""
    _, name, *rest = error.pointer.split("/")
    if name != "services" or not rest:
        return error
    is_changed, line_ids = origins[int(rest[0])]
    if not is_changed:
        return None
    at, of_line = 0, rest[1:2] == ["procedures"] and len(rest) > len(("service", "procedures"))
    if of_line:
        at, rest = int(rest[2]), ["", *rest[3:]]
    service, line = (int(part) - 1 for part in line_ids[at].split("."))
    head = f"/services/{service}"
    if line or of_line:
        head = f"{head}/procedures/{line}"
    return replace(error, pointer="/".join((head, *rest[1:])))


def errors_of_update(
    update: ClaimUpdate, *, code_sets: CodeSets, payer: Payer, now: datetime
) -> list[FieldError]:
    """The errors of an update whose earlier claim is not found, in all items that it does not cancel.

    Dates outside the window are allowed, because the items may have been accepted before.
    """
    lines = numbered_lines(update.content.services)
    numbers = dict(zip((line_id for line_id, *_ in lines), update.sequences, strict=False))
    left_out = frozenset(one for one, number in numbers.items() if number in update.cancelled)
    changes = ItemChanges(update.content, sent=frozenset(numbers) - left_out, left_out=left_out)
    content, origins = _still_requested(update, changes)
    if not content.services:
        return list(update.errors)
    errors = [
        *errors_of_claim(content, payer, local_date(now, payer.zone)),
        *errors_of_codes(content, code_sets.listed),
    ]
    placed = [one for each in without_window(errors) if (one := _placed(each, origins))]
    return [*update.errors, *of_other_values(placed, update.errors)]


_NO_ITEM: Final = (
    "the request has no item with this number: use the item number of the earlier claim"
)
