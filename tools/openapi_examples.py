"""Examples of the document: the body and response of each operation."""

from collections.abc import Mapping
from functools import cache

from tools.openapi_drafts import draft_examples
from tools.openapi_example import Example, example_of
from tools.openapi_intake import intake_examples
from tools.openapi_requests import request_examples
from tools.openapi_review import review_examples
from tools.openapi_story import story
from tools.operations import OPERATIONS


@cache
def examples() -> Mapping[str, Example]:
    """By operation id.

    Raises:
        LookupError: a member of a new model has no example, or there is no such operation.
    """
    example = story()
    own = {
        **draft_examples(example),
        **request_examples(example),
        **review_examples(example),
        **intake_examples(example),
    }
    if unknown := own.keys() - OPERATIONS.keys():
        raise LookupError(f"examples of operations that do not exist: {', '.join(unknown)}")
    return {name: example_of(one, own, OPERATIONS) for name, one in OPERATIONS.items()}
