"""Access to drafts and requests, shared by all operations: who may read one, for how long, and the
error of a refused write.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from precert.domain.audit import Basis, note_basis, note_request
from precert.domain.clocks import history_end
from precert.domain.content import PARTS, RequestContent
from precert.domain.dates import instant_text
from precert.domain.errors import (
    ActionNotAllowedError,
    DraftExpiredError,
    FieldError,
    InvalidInputError,
    NotFoundError,
    PrecertError,
    VersionMismatchError,
)
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.rows import DashboardRow
from precert.domain.statuses import Status, WaitingOn
from precert.usecases.ports.requests import Cycle, FoundRequests, RequestFile, RequestStore

_OTHER_PATIENT = FieldError(
    "/content/patient/member_id",
    "other_patient",
    "the patient of a draft cannot change: start a new draft for another patient",
)


def not_found() -> NotFoundError:
    """The error for a request that does not exist, or that the caller may not read (A2).

    It is the same for both, so that callers cannot find out which requests exist.
    """
    return NotFoundError("None of your TINs has a request with this ID.")


def has_expired(draft: Request, now: datetime) -> bool:
    """Whether a draft has expired, even if the store has not removed it yet (D5)."""
    return draft.expires_at is not None and now >= draft.expires_at


def visible(request: Request | None, callers_tins: Collection[str]) -> Request:
    """The request, if the caller may see it (A2).

    Raises:
        NotFoundError: it does not exist, or the caller may not see it.
    """
    if request is None or not (own := request.tins.intersection(callers_tins)):
        raise not_found()
    note_basis(Basis.TIN, own)
    return request


def live_draft(request: Request | None, callers_tins: Collection[str], now: datetime) -> Request:
    """The draft, if it is the caller's, not submitted and not expired.

    Raises:
        NotFoundError: it does not exist, or the caller may not read it.
        DraftExpiredError.
        ActionNotAllowedError: it was submitted.
    """
    draft = visible(request, callers_tins)
    if draft.status is not Status.INCOMPLETE:
        raise submitted_already(draft, now)
    if has_expired(draft, now):
        raise expired()
    return draft


def expired() -> DraftExpiredError:
    return DraftExpiredError("The draft has expired. Start a new draft from a check.")


def submitted_already(request: Request, now: datetime) -> ActionNotAllowedError:
    number = request.review.number if request.review else None
    return ActionNotAllowedError(
        "This draft was submitted. Read the request with the same ID instead.",
        request_status=request.status.value,
        number=number,
        allowed_actions=[action.value for action in request.provider_actions(now)],
    )


def why_refused(
    current: Request | None,
    *,
    based_on: int,
    sent: RequestContent | None,
    parts: frozenset[str] = PARTS,
    callers_tins: Collection[str],
    now: datetime,
) -> PrecertError:
    """The error for a refused write on a draft (D5, D7).

    ``parts`` are the parts of ``sent`` that the write replaces.
    """
    try:
        draft = live_draft(current, callers_tins, now)
    except PrecertError as refusal:
        return refusal
    if sent and "patient" in parts and not _same_patient(draft.content, sent):
        return InvalidInputError([_OTHER_PATIENT])
    return VersionMismatchError(
        "Read the draft again, and send your changes with its current version.",
        current_version=draft.version,
        based_on_version=based_on,
        saved_since=_pointers(draft.saved_since(based_on)),
        differs_in=_pointers(_differing(draft.content, sent, parts)) if sent else [],
        current={
            "version": draft.version,
            "saved_at": instant_text(draft.updated_at),
            "expires_at": draft.expires_at and instant_text(draft.expires_at),
            "content": draft.content.model_dump(mode="json"),
        },
    )


def _same_patient(stored: RequestContent, sent: RequestContent) -> bool:
    if stored.patient is None or sent.patient is None:
        return stored.patient is sent.patient
    return stored.patient.member_id == sent.patient.member_id


def _differing(
    stored: RequestContent, sent: RequestContent, parts: frozenset[str]
) -> frozenset[str]:
    """The parts that differ between the stored and the sent content."""
    return frozenset(name for name in parts if getattr(stored, name) != getattr(sent, name))


def _pointers(parts: frozenset[str]) -> list[str]:
    """JSON pointers of the parts, in the order of the content."""
    return [f"/{name}" for name in RequestContent.model_fields if name in parts]


def retained(request: Request | None, payer: Payer, now: datetime) -> Request | None:
    """The request, or ``None`` past its retention, even if the store has not removed it yet."""
    if request is None or not request.retention_has_begun:
        return request
    end = history_end(request.shown_at, payer.history_years, payer.zone)
    return request if now < end else None


class RetainedRequests:
    """A request store that returns no request past its retention.

    All operations on one request use it, for reading and for writing.
    """

    def __init__(
        self, stored: RequestStore, retained_now: Callable[[Request | None], Request | None]
    ) -> None:
        self._stored = stored
        self._retained_now = retained_now

    def read_file(self, request_id: str) -> RequestFile | None:
        file = self._stored.read_file(request_id)
        return file if file and self._read(file.request) else None

    def read(self, request_id: str) -> Request | None:
        return self._read(self._stored.read(request_id))

    def read_all(self, request_ids: Sequence[str]) -> FoundRequests:
        stored = self._stored.read_all(request_ids)
        retained = map(self._read, stored.requests)
        return replace(stored, requests=tuple(one for one in retained if one is not None))

    def _read(self, request: Request | None) -> Request | None:
        retained = self._retained_now(request)
        if retained is not None:
            patient = retained.content.patient
            note_request(retained.request_id, patient.member_id if patient else None)
        return retained

    def record(self, change: Change, cycle: Cycle | None = None) -> None:
        self._stored.record(change, cycle)

    def renew_cycle(self, cycle: Cycle) -> None:
        self._stored.renew_cycle(cycle)

    def cycle(self, request_id: str, number: int) -> Cycle | None:
        return self._stored.cycle(request_id, number)


def is_live(row: DashboardRow, payer: Payer, now: datetime) -> bool:
    """Whether a row is neither expired nor past retention, even if not removed yet (D5, T4)."""
    if row.expires_at is not None:
        return now < row.expires_at
    if row.waiting_on is not WaitingOn.NONE:
        return True
    return now < history_end(row.updated_at, payer.history_years, payer.zone)
