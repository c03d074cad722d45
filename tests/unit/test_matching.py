"""Matching providers to the directory, and temporary ids until an operator reconciles them (S3)."""

from typing import Any

import pytest

from precert.domain import matching, operator_actions
from precert.domain.caller import Caller
from precert.domain.errors import ActionNotAllowedError
from precert.domain.matching import Mismatch, ProviderRole
from precert.domain.request import Request
from precert.domain.statuses import Action, Status
from precert.names import Entitlement
from precert.usecases.assessment import with_matches
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.reference import SampleReference

REQUESTING, SERVICING = ProviderRole


def submitted(status: Status = Status.PROCESSING, **changes: Any) -> Request:
    provider = {**samples.entered()["servicing_provider"], **changes}
    content = samples.content(servicing_provider=provider)
    temporary = matching.manually_entered(samples.REQUEST_ID, content)
    review = samples.request(status).submitted.model_copy(
        update={"temporary_providers": temporary, "submitter_tins": (samples.PROVIDER_TIN,)}
    )
    return samples.request(status, content=content, tins=frozenset(content.tins), review=review)


def marked(request: Request) -> dict[ProviderRole, tuple[Mismatch, ...]]:
    reference: Any = SampleReference()
    temporary = with_matches(request, reference).submitted.temporary_providers
    return {role: one.reason_codes for role, one in temporary.items()}


def test_temporary_id_is_identical_when_it_is_generated_again_for_its_role() -> None:
    ids_ = {
        matching.temporary_id(one, role)
        for one in ("R1", "R2")
        for role in ProviderRole
        for _ in "12"
    }
    assert len(ids_) == 4
    assert all(len(one) == len("TMP-") + 10 for one in ids_)


@pytest.mark.rule("S3")
@pytest.mark.parametrize(
    ("changes", "reason_codes"),
    [
        ({}, ()),
        ({"name": "By another name"}, ()),
        ({"npi": None, "address": None}, ()),
        ({"provider_id": None}, (Mismatch.MANUALLY_ENTERED,)),
        ({"provider_id": "P99999"}, (Mismatch.NOT_LISTED,)),
        ({"npi": "1234567893"}, (Mismatch.NPI,)),
        ({"tin": samples.STRANGER_TIN}, (Mismatch.TIN,)),
        ({"address": {**samples.ADDRESS, "zip_code": "44123"}}, (Mismatch.ADDRESS,)),
        ({"address": {**samples.ADDRESS, "line_2": "Suite 9"}}, (Mismatch.ADDRESS,)),
        ({"address": {**samples.ADDRESS, "city": "BEACHWOOD"}}, ()),
        ({"provider_id": "P00002"}, (Mismatch.NPI, Mismatch.TIN, Mismatch.ADDRESS)),
    ],
)
def test_provider_is_marked_unmatched_when_it_differs_from_its_entry(
    changes: dict[str, Any], reason_codes: tuple[Mismatch, ...]
) -> None:
    assert marked(submitted(**changes)) == ({SERVICING: reason_codes} if reason_codes else {})


def test_reconciled_provider_is_unchanged_when_the_request_is_matched_again() -> None:
    entry = samples.directory()["P00001"].model_copy(update={"tin": samples.STRANGER_TIN})
    change = operator_actions.reconcile_provider(
        submitted(provider_id=None), SERVICING, entry, by="operator", now=START
    )
    assert change is not None
    assert marked(change.request) == {SERVICING: (Mismatch.MANUALLY_ENTERED,)}
    assert change.request.unmatched_providers == ()
    assert change.request.content_as_submitted == submitted(provider_id=None).content
    assert change.unseen_by == {samples.FACILITY_TIN}


@pytest.mark.rule("T1")
@pytest.mark.parametrize("status", [one for one in Status if one is not Status.INCOMPLETE])
def test_reconcile_is_offered_to_operators_only_when_a_provider_is_unmatched(
    status: Status,
) -> None:
    typed, listed = submitted(status, provider_id=None), submitted(status)
    reader = Caller(subject="r", entitlements=frozenset({Entitlement.REVIEWER}))
    assert Action.RECONCILE_PROVIDER in operator_actions.operator_actions(typed)
    assert Action.RECONCILE_PROVIDER not in operator_actions.operator_actions(listed)
    assert typed.provider_actions(START) == listed.provider_actions(START)
    assert typed.reviewer_actions(reader, START) == listed.reviewer_actions(reader, START)


def test_draft_is_not_reconciled_when_it_was_never_submitted() -> None:
    entry = samples.directory()["P00001"]
    with pytest.raises(ActionNotAllowedError):
        operator_actions.reconcile_provider(
            samples.request(), SERVICING, entry, by="operator", now=START
        )
