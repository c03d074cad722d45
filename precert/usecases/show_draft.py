"""Bring a saved draft's line up to date: on the dashboard (D4), and to be warned of (D5).

A save is one write of the draft alone; its line on the dashboard follows by way of the stream.
"""

from precert.domain.clocks import draft_warning
from precert.domain.payer import Payer
from precert.domain.statuses import Status
from precert.usecases.ports.drafts import DraftStore
from precert.usecases.ports.requests import RequestStore


def show_draft(
    request_id: str, *, requests: RequestStore, drafts: DraftStore, payer: Payer
) -> None:
    """Show the draft as it stands now. May be repeated, late, or after the draft is gone."""
    draft = requests.read(request_id)
    if draft is not None and draft.status is Status.INCOMPLETE:
        drafts.show(draft, draft_warning(draft.updated_at, payer.draft_clock, payer.zone))
