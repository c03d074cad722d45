"""The examples of the OpenAPI document: the body and response of each operation."""

from collections.abc import Mapping
from functools import cache

from tools.example_request import example_request
from tools.openapi_drafts import draft_examples
from tools.openapi_example import Example, example_of
from tools.openapi_intake import intake_examples
from tools.openapi_requests import request_examples
from tools.openapi_review import review_examples
from tools.operations import OPERATIONS


@cache
def examples() -> Mapping[str, Example]:
    """Return the examples by operation id.

    Raises:
        LookupError: a required member of a model has no example, or an example names an operation that
            does not exist.
    """
    example = example_request()
    own = {
        **draft_examples(example),
        **request_examples(example),
        **review_examples(example),
        **intake_examples(example),
    }
    if unknown := own.keys() - OPERATIONS.keys():
        raise LookupError(f"examples of operations that do not exist: {', '.join(unknown)}")
    return {name: example_of(one, own, OPERATIONS) for name, one in OPERATIONS.items()}
