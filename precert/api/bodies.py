"""What callers send: one model for each body, strict about fields it does not know."""

from typing import Annotated

from pydantic import Field

from precert.api.models import PageQuery
from precert.domain.content import ContentParts, RequestContent
from precert.domain.values import Text, Tin, Value


class StartDraftBody(Value):
    """A draft to start; ``tin`` may be left out by callers with one TIN."""

    content: RequestContent
    tin: Tin | None = None


class ContentBody(Value):
    """The content of a draft, whole: to save it, or to submit what was reviewed."""

    content: RequestContent


class PartsBody(Value):
    """Parts of a draft's content; what is left out stays as it was saved."""

    content: ContentParts


class VoidBody(Value):
    """Why a request is withdrawn."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class AppealBody(Value):
    """Which denied lines to look at again, and why (W7)."""

    line_ids: Annotated[tuple[Text, ...], Field(min_length=1, max_length=100)]
    reason: Annotated[str, Field(min_length=1, max_length=4000)]
    expedited: bool = False


class InformationResponseBody(Value):
    """What was asked for, answered in words; documents are attached."""

    answer: Annotated[str, Field(min_length=1, max_length=2000)]


class WorklistQuery(PageQuery):
    """A page of one plan's list; reviewers of one plan may leave it out.

    ``mine`` asks for what the caller holds.
    """

    plan_id: Text | None = None
    mine: bool = False
