"""Compare a request's providers with the directory: once, when its first round is assessed (S3)."""

from precert.domain.matching import matched, provider_ids
from precert.domain.request import Request
from precert.usecases.ports.reference import ReferenceReader


def with_matches(request: Request, reference: ReferenceReader) -> Request:
    """The request, marked where a provider does not fit its directory entry; it goes on anyway.

    One call, and none where both providers were typed in. What an operator reconciled stands.
    """
    review, content = request.submitted, request.content
    entries = reference.entries(provider_ids(content))
    found = matched(request.request_id, content, review.temporary_providers, entries)
    marked = review.model_copy(update={"temporary_providers": found})
    return request.model_copy(update={"review": marked})
