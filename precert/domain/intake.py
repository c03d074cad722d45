"""Requests that the payer's staff enters, although providers could not (S5, C9, A4, A6)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from precert.domain.completeness import OUTSIDE_WINDOW
from precert.domain.coverage import Coverage
from precert.domain.errors import FieldError
from precert.domain.event_types import EventType
from precert.domain.payer import Payer
from precert.domain.request import Change, Request
from precert.domain.review import IntakeConfirmation, IntakeException


def without_window(errors: Iterable[FieldError]) -> list[FieldError]:
    """The errors that staff have to correct too."""
    return [error for error in errors if error.code != OUTSIDE_WINDOW]


def exceptions_of(
    errors: Sequence[FieldError], coverage: Coverage, payer: Payer, day: date
) -> tuple[IntakeException, ...]:
    """The exceptions of a request: ``errors`` are those of its content, ``day`` is that of receipt."""
    supported = coverage.plan.management_level in payer.supported_management_levels
    found = {
        IntakeException.DATES_OUTSIDE_WINDOW: any(one.code == OUTSIDE_WINDOW for one in errors),
        IntakeException.PLAN_NOT_SUPPORTED: not supported,
        IntakeException.COVERAGE_INACTIVE: not coverage.is_active(day),
    }
    return tuple(exception for exception, applies in found.items() if applies)


def confirm(request: Request, note: str, *, by: str, now: datetime) -> Change | None:
    """Confirm the exceptions; ``None`` where they are confirmed.

    Raises:
        ActionNotAllowedError: the request has no exceptions, or is decided or void.
    """
    review = request.submitted
    if review.intake_confirmation is not None:
        return None
    if not request.awaits_intake_confirmation:
        raise request.refusal("This request has no exceptions that wait for a confirmation.")
    confirmation = IntakeConfirmation(confirmed_at=now, confirmed_by=by, note=note)
    return request.changed(
        EventType.INTAKE_CONFIRMED,
        now,
        actor=by,
        review=review.model_copy(update={"intake_confirmation": confirmation}),
    )
