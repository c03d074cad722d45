"""An operator's changes of a request: approved dates, providers, and the confirmation of an intake.

:func:`operator_actions` lists the actions that are possible; each other function returns the change of
one action. Use cases check who may act; this module checks whether the request allows it.
"""

from collections.abc import Mapping
from datetime import datetime

from precert.domain.decisions import Decision
from precert.domain.directory import DirectoryEntry
from precert.domain.errors import FieldError, InvalidInputError
from precert.domain.event_types import EventType
from precert.domain.matching import ProviderRole
from precert.domain.request import Change, Request
from precert.domain.request_state import RequestState
from precert.domain.review import IntakeConfirmation, Review
from precert.domain.statuses import Action, Transition, allows
from precert.domain.wording import counted


def operator_actions(request: RequestState) -> tuple[Action, ...]:
    """The actions that an operator can take next, in the order in which they are shown."""
    has_dates = allows(request.status, Transition.CHANGE_DATES) and any(
        line.status.rule.approves for line in request.submitted.lines
    )
    possible = (
        (Action.DETAILS, True),
        (Action.CHANGE_DATES, has_dates),
        (Action.RECONCILE_PROVIDER, bool(request.unmatched_providers)),
        (Action.CONFIRM_INTAKE, request.awaits_intake_confirmation),
    )
    return tuple(action for action, is_possible in possible if is_possible)


def change_dates(
    request: Request, decisions: Mapping[str, Decision], *, by: str, now: datetime
) -> Change:
    """Change the approved periods of service lines (W5).

    ``decisions`` has, by line id, the line's current decision with another period and the reason. The
    period has the same length: a shorter one would be a reduction (W10), a longer one an approval.

    Raises:
        ActionNotAllowedError: the status does not allow it.
        InvalidInputError: a line is unknown or not approved, or its period has another length.
    """
    review = request.require(Transition.CHANGE_DATES)
    errors = [
        FieldError(
            "/lines",
            "not_approved",
            f"must be lines with an approved period; {line_id} is not approved",
        )
        for line_id in decisions
        if (line := review.line(line_id)) is None or not line.status.rule.approves
    ]
    if not errors:
        errors = [
            FieldError(
                "/lines",
                "other_length",
                f"line {line_id} must have a period of {days}, as it was approved",
            )
            for line_id, decision in decisions.items()
            if (days := _other_length(review, line_id, decision))
        ]
    if errors or not decisions:
        raise InvalidInputError(
            errors or [FieldError("/lines", "missing", "must name the lines whose dates change")]
        )
    lines = tuple(
        line.model_copy(update={"decisions": (*line.decisions, decisions[line.line_id])})
        if line.line_id in decisions
        else line
        for line in review.lines
    )
    changed = review.model_copy(update={"lines": lines})
    return request.changed(EventType.DATES_CHANGED, now, actor=by, review=changed)


def _other_length(review: Review, line_id: str, decision: Decision) -> str | None:
    """The length of the approved period in words, if that of the new period differs."""
    line = review.line(line_id)
    before, after = line.approved if line else None, decision.approved
    if before is None or after is None:
        return None
    length = before.to_date - before.from_date
    if after.to_date - after.from_date == length:
        return None
    return counted(length.days + 1, "days")


def reconcile_provider(
    request: Request, role: ProviderRole, entry: DirectoryEntry, *, by: str, now: datetime
) -> Change | None:
    """Replace a provider that does not match the directory by the entry that an operator selects (S3).

    Returns ``None`` if the same entry replaced it already. The TINs of the request change, and so who
    sees it (A2), but nothing that is requested or decided. It is therefore possible in every status
    after the submission. The entered phone and fax remain, because they apply to this request. An
    operator corrects a wrong selection with another one.

    Raises:
        ActionNotAllowedError: the request is a draft.
        InvalidInputError: the provider of this role matches the directory, or the provider that
            submitted the request would no longer see it.
    """
    review, content = request.submitted, request.content
    provider, temporary = role.of(content), review.temporary_providers.get(role)
    if provider is None or temporary is None:
        message = "must be the role of a provider that does not match the directory"
        raise InvalidInputError([FieldError("/role", "not_temporary", message)])
    listed = entry.as_provider()
    replaced = listed.model_copy(
        update={"phone": provider.phone or listed.phone, "fax": provider.fax}
    )
    if temporary.reconciled_at is not None and replaced == provider:
        return None
    after = content.model_copy(update={role.part: replaced})
    tins = frozenset(after.tins)
    if review.submitter_tins and tins.isdisjoint(review.submitter_tins):
        message = (
            "must be an entry with a TIN of the provider that submitted the request, as it would lose "
            "access otherwise"
        )
        raise InvalidInputError([FieldError("/provider_id", "submitters_tin", message)])
    reconciled = temporary.model_copy(
        update={
            "submitted": temporary.submitted or provider,
            "reconciled_at": now,
            "reconciled_by": by,
        }
    )
    known = {**review.temporary_providers, role: reconciled}
    change = request.changed(
        EventType.PROVIDER_RECONCILED,
        now,
        actor=by,
        content=after,
        tins=tins,
        review=review.model_copy(update={"temporary_providers": known}),
    )
    return change._replace(unseen_by=request.tins - tins)


def confirm_intake(request: Request, note: str, *, by: str, now: datetime) -> Change | None:
    """Confirm the intake exceptions of a registered request (S5).

    Returns ``None`` if they are confirmed already.

    Raises:
        ActionNotAllowedError: the request has no intake exceptions, or is a draft, determined or void.
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
