"""Whatever a partner puts into a claim, it is read or refused, and never an internal error."""

import json
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from functions.pas.models import claim_errors
from precert.domain.completeness import errors_of_claim
from precert.domain.errors import InvalidInputError
from precert.fhir.bundles import UnprocessableBundleError, bundle_of
from precert.fhir.claim_changes import is_cancelled, prior_claims
from precert.fhir.claims import read_claim
from precert.fhir.responses import refused
from tests.adapters.pas_mutations import VALUES, Path, paths, replaced
from tests.fakes.clock import START
from tests.fakes.samples import payer
from tests.unit.test_export import bundle, uuids

DOCUMENT: Final = bundle()


PATHS: Final = sorted(paths(DOCUMENT), key=str)


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
