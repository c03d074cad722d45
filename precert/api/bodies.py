"""What callers send: one model for each body, strict about fields it does not know."""

from typing import Annotated

from pydantic import Field

from precert.domain.content import ContentParts, RequestContent
from precert.domain.statuses import Status
from precert.domain.values import Day, Instant, MemberId, Sort, Text, Tin, Value


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


class PageQuery(Value):
    """Which page of a list; ``cursor`` is the one the page before gave."""

    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: Annotated[str, Field(max_length=1000)] | None = None


class TinPageQuery(PageQuery):
    """A page of one TIN's list; callers with one TIN may leave it out."""

    tin: Tin | None = None


class TinQuery(Value):
    """Of one TIN; callers with one may leave it out."""

    tin: Tin | None = None


class RequestsQuery(TinPageQuery):
    """A page of one TIN's requests, narrowed; instants and days are inclusive.

    ``sort=due`` lists what is due: drafts by when they expire, open rounds by their deadline.
    """

    status: Status | None = None
    changed_from: Instant | None = None
    changed_to: Instant | None = None
    service_from: Day | None = None
    service_to: Day | None = None
    sort: Sort = Sort.CHANGED


class PatientRequestsBody(TinPageQuery):
    """A page of one patient's requests; in a body, as member ids belong in no URL."""

    member_id: MemberId


class WorklistQuery(PageQuery):
    """A page of one plan's list; reviewers of one plan may leave it out.

    ``mine`` asks for what the caller holds.
    """

    plan_id: Text | None = None
    mine: bool = False
