"""The caller, from token claims in every format that an issuer may use (A1, A2)."""

from typing import Any, Final

import pytest

from precert.api.claims import caller_of
from precert.domain.caller import Caller, ClaimNames
from precert.domain.errors import InvalidInputError, NotEntitledError
from precert.names import Entitlement

NAMES: Final = ClaimNames("groups", "tins", "plans", "vendors")
BOTH: Final = frozenset({"463778226", "203129831"})


@pytest.mark.parametrize(
    "claim",
    [
        "[463778226 203129831]",
        "463778226,203129831",
        "463778226, 203129831",
        '["463778226","203129831"]',
        ["463778226", "203129831"],
        ("463778226", "203129831"),
        [463778226, 203129831],
    ],
)
def test_tins_are_parsed_when_a_list_arrives_in_any_format(claim: Any) -> None:
    assert caller_of({"sub": "u", "tins": claim}, NAMES).tins == BOTH


@pytest.mark.parametrize(
    "claim", [None, "", "[]", [], "x", "12345678", "1234567890", "46-3778226", 463778226, True]
)
def test_no_tin_is_parsed_when_the_claim_is_empty(claim: Any) -> None:
    assert caller_of({"sub": "u", "tins": claim}, NAMES).tins == frozenset()


@pytest.mark.parametrize(
    ("claim", "known"),
    [
        ("[PatientSearch Reviewer]", {Entitlement.PATIENT_SEARCH, Entitlement.REVIEWER}),
        ("[patientsearch PatientSearches XReviewer]", set()),
        ("[Admins Operator]", {Entitlement.OPERATOR}),
        (None, set()),
        ({"PatientSearch": True}, set()),
    ],
)
def test_unknown_entitlements_are_ignored_when_groups_are_read(
    claim: Any, known: set[Entitlement]
) -> None:
    assert caller_of({"sub": "u", "groups": claim}, NAMES).entitlements == known


def test_claim_names_are_configurable_when_an_issuer_uses_other_names() -> None:
    names = ClaimNames("roles", "tax_ids", "plan_ids", "vendors")
    claims = {"sub": "u", "roles": "Reviewer", "tax_ids": "463778226", "plan_ids": "[A B]"}
    assert caller_of(claims, names) == Caller(
        subject="u",
        entitlements=frozenset({Entitlement.REVIEWER}),
        tins=frozenset({"463778226"}),
        plan_ids=frozenset({"A", "B"}),
    )


@pytest.mark.parametrize("claims", [{}, {"sub": ""}, {"sub": None}, {"sub": 7}, {"sub": ["u"]}])
def test_caller_is_refused_when_the_token_has_no_subject(claims: dict[str, Any]) -> None:
    with pytest.raises(NotEntitledError):
        caller_of(claims, NAMES)


@pytest.mark.rule("A1")
@pytest.mark.parametrize("entitlement", Entitlement)
def test_error_names_access_manager_when_entitlement_is_missing(
    entitlement: Entitlement,
) -> None:
    others = frozenset(Entitlement) - {entitlement}
    with pytest.raises(NotEntitledError) as raised:
        Caller(subject="u", entitlements=others).require(entitlement)
    assert raised.value.extensions == {"entitlement": entitlement.value}
    if entitlement is Entitlement.PATIENT_SEARCH:
        assert "website access manager" in raised.value.detail
    Caller(subject="u", entitlements=frozenset({entitlement})).require(entitlement)


def test_acting_tin_is_resolved_when_it_is_named_or_the_only_one() -> None:
    one, two = Caller(subject="u", tins=frozenset({"463778226"})), Caller(subject="u", tins=BOTH)
    assert one.acting_tin(None) == "463778226"
    assert two.acting_tin("203129831") == "203129831"
    for caller, tin in ((one, "203129831"), (two, None), (two, "690121431")):
        with pytest.raises(InvalidInputError):
            caller.acting_tin(tin)
    with pytest.raises(InvalidInputError):
        Caller(subject="u").acting_tin(None)
