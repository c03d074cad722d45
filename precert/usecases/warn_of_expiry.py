"""Warn the office before a draft is removed, once for each save (D5)."""

from datetime import datetime

from precert.contract import EventType
from precert.domain.clocks import draft_warning
from precert.domain.events import Event
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.statuses import Status
from precert.usecases.explain_refusal import has_expired
from precert.usecases.ports.drafts import DraftChangedError, DraftWarnings, DueWarning
from precert.usecases.ports.requests import RequestStore


def warn_of_expiry(
    *, warnings: DraftWarnings, requests: RequestStore, payer: Payer, now: datetime
) -> int:
    """Warn of every draft whose time to be warned of has come. Answers how many were warned of.

    May run twice at once and die after any line: a version of a draft has one warning, by its id. The
    list follows the draft by way of the stream and may be behind it, so what counts is the draft: one
    that was saved since is left for its new time, one that is gone or over is taken off.
    """
    given = 0
    for warning in warnings.due(now):
        draft = requests.read(warning.request_id)
        if draft is None or draft.status is not Status.INCOMPLETE or has_expired(draft, now):
            warnings.take_off(warning)
        elif _is_due(draft, payer, now) and _gave(warning, draft, warnings, now):
            given += 1
    return given


def expiring_event(draft: Request, now: datetime) -> Event:
    """The warning of this version of the draft."""
    return Event(
        event_id=f"{draft.request_id}.{draft.version:06d}.warning",
        type=EventType.DRAFT_EXPIRING,
        request_id=draft.request_id,
        round=0,
        at=now,
        status=draft.status,
        tins=tuple(sorted(draft.tins)),
    )


def _is_due(draft: Request, payer: Payer, now: datetime) -> bool:
    warn_at = draft_warning(draft.updated_at, payer.draft_clock, payer.zone)
    return warn_at is not None and warn_at <= now


def _gave(warning: DueWarning, draft: Request, warnings: DraftWarnings, now: datetime) -> bool:
    try:
        warnings.give(warning, draft, expiring_event(draft, now))
    except DraftChangedError:
        return False
    return True
