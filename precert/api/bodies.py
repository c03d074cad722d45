"""What callers send: one model for each body, strict about fields it does not know."""

from precert.api.models import PageQuery
from precert.domain.values import Text


class WorklistQuery(PageQuery):
    """A page of one plan's list; reviewers of one plan may leave it out.

    ``mine`` asks for what the caller holds.
    """

    plan_id: Text | None = None
    mine: bool = False
