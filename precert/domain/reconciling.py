"""An operator selects the directory entry of a provider that did not match (S3).

The change affects who the providers are, and so who sees the request (A2), but not what is requested
or decided. So it is possible in every status, determined and void included, and during an appeal.
"""

from datetime import datetime

from precert.domain.directory import DirectoryEntry
from precert.domain.errors import FieldError, InvalidInputError
from precert.domain.event_types import EventType
from precert.domain.matching import ProviderRole
from precert.domain.request import Change, Request


def reconcile_provider(
    request: Request, role: ProviderRole, entry: DirectoryEntry, *, by: str, now: datetime
) -> Change | None:
    """Replace the submitted provider by the entry; ``None`` if it was replaced by it already.

    The entered phone and fax are retained, because they apply to this request. A wrong choice is
    corrected by choosing again.

    Raises:
        InvalidInputError: the role matched the directory, or the provider that submitted the request
            would no longer see it.
    """
    review, content = request.submitted, request.content
    provider, temporary = role.of(content), review.temporary_providers.get(role)
    if provider is None or temporary is None:
        message = "this provider matches the directory: there is nothing to reconcile"
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
            "the provider that submitted the request would lose access: choose an entry of its TIN"
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
