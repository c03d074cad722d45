"""Whatever a partner puts into a claim, it is read or refused, and never an internal error."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from functions.pas.models import claim_errors
from precert.domain.completeness import errors_of_claim
from precert.domain.errors import InvalidInputError
from precert.fhir.bundles import UnprocessableBundleError, bundle_of
from precert.fhir.claim_changes import is_cancelled, prior_claims
from precert.fhir.claims import read_claim
from precert.fhir.responses import refused
from tests.fakes.clock import START
from tests.fakes.samples import payer
from tests.unit.test_export import bundle, uuids

Path = tuple[str | int, ...]
VALUES: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["", "Claim/1", "#x", "2026-02-30", "9999-12-31", "0001-01-01", "\u202e"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["coding", "reference", "code", "system", "value", "url", "extension"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
DOCUMENT: Final = bundle()


def paths(value: object, at: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield (*at, name)
            yield from paths(child, (*at, name))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield (*at, index)
            yield from paths(child, (*at, index))


PATHS: Final = sorted(paths(DOCUMENT), key=str)


def replaced(document: Any, path: Path, value: object) -> Any:
    """The document with another value at a path, where an earlier change has left the path."""
    copied = deepcopy(document)
    element: Any = copied
    try:
        for part in path[:-1]:
            element = element[part]
        element[path[-1]] = value
    except (KeyError, IndexError, TypeError):
        return copied
    return copied


@given(st.lists(st.tuples(st.sampled_from(PATHS), VALUES), min_size=1, max_size=4))
def test_claim_is_read_or_refused_when_any_value_is_replaced(
    changes: list[tuple[Path, object]],
) -> None:
    document = DOCUMENT
    for path, value in changes:
        document = replaced(document, path, value)
    document = json.loads(json.dumps(document))
    try:
        received = bundle_of(document, first="Claim")
    except UnprocessableBundleError:
        return
    prior_claims(received)
    is_cancelled(received)
    claim = read_claim(received, payer=payer())
    errors = list(claim.errors)
    if claim.content is not None:
        errors = errors_of_claim(claim.content, payer(), START.date())
    if errors:
        explained = claim_errors(InvalidInputError(errors), claim)
        answer = refused(received, explained, payer=payer(), at=START, new_uuid=uuids())
        # Fields that are one element of the claim can have the same error.
        assert len(answer["entry"][0]["resource"]["error"]) == len(explained) <= len(errors)
