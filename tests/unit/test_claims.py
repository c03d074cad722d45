"""The caller, from token claims in every format that an issuer may use (A1, A2)."""

from base64 import urlsafe_b64encode
from typing import Any, Final

import pytest

from precert.api.claims import caller_of, token_claims
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


@pytest.mark.parametrize("claim", [None, "", "  ", ",", "[]", "[ ]", []])
def test_no_tin_is_parsed_when_the_claim_is_empty(claim: Any) -> None:
    assert caller_of({"sub": "u", "tins": claim}, NAMES).tins == frozenset()


@pytest.mark.parametrize(
    "claim",
    [
        *("46-3778226,20-3129831", "46-3778226 20-3129831", "[46-3778226 20-3129831]"),
        *("46-3778226;203129831", " 46-3778226 ,\t20-3129831 ", "463778226,,203129831,"),
        *("46\u20103778226 20\u20113129831", "46\u20133778226,20\u20143129831"),
        *("46\u22123778226\u00a020\uff0d3129831", "\uff14\uff163778226 203129831"),
        *('["46-3778226", "20-3129831"]', ["46-3778226", "20-3129831"], [463778226, "20-3129831"]),
        *("\u202d46-3778226\u202c 203129831", "\ufeff463778226 203129831"),
    ],
)
def test_tins_are_normalized_when_they_are_written_as_people_write_them(claim: Any) -> None:
    assert caller_of({"sub": "u", "tins": claim}, NAMES).tins == BOTH


@pytest.mark.parametrize(
    "claim",
    [
        *("x", "12345678", "1234567890", "463778226 x", "463778226,20-312983", "4-63778226"),
        *("46-377-8226", "463-77-8226", "46/3778226", "46 - 3778226", "-463778226", "46--3778226"),
        *("[463778226 none]", '["463778226", ""]', ["463778226", None], ["463778226", 12345678]),
        *([["463778226"]], True, 12.5, {"tin": "463778226"}, ["463778226", True]),
    ],
)
def test_caller_is_refused_when_a_tin_cannot_be_read(claim: Any) -> None:
    """A TIN that was left out would hide its requests without notice."""
    with pytest.raises(NotEntitledError, match="not_entitled") as raised:
        caller_of({"sub": "u", "tins": claim}, NAMES)
    assert "The claim tins of your token cannot be read" in raised.value.detail
    assert "463778226" not in raised.value.detail


GROUPS: Final = [
    *("Facilities Operator", "Operator Facilities", "Facilities Operator Reviewer Team"),
    *("Not a Reviewer", "PatientSearch Trainees", "Vendor Management", "Intake Desk (fax)"),
    *(
        "[Operator]",
        "Operator, retired",
        "Operator,Reviewer",
        '"Operator"',
        "operator",
        " Operator",
    ),
    *(
        "Operator\t",
        "Operator\u00a0",
        "Operator\u200b",
        "\u202eOperator",
        "Operators",
        "Reviewer/RN",
    ),
    *(
        "PatientSearch;Operator",
        "Operator|Reviewer",
        "us-east-1_abc_Operator",
        "Operator\nReviewer",
    ),
]


@pytest.mark.parametrize("group", GROUPS)
def test_group_grants_nothing_when_its_name_only_contains_an_entitlement(group: str) -> None:
    as_gateway = f"[{group}]"
    token = {"sub": "u", "groups": [group]}
    for claims, exact in (
        ({"sub": "u", "groups": as_gateway}, token),
        ({"sub": "u", "groups": as_gateway.replace("[[", "[").replace("]]", "]")}, token),
        ({"sub": "u", "groups": group}, {"sub": "u", "groups": group}),
        ({"sub": "u", "groups": [group]}, None),
    ):
        assert caller_of(claims, NAMES, exact).entitlements == frozenset()


@pytest.mark.parametrize(
    "group",
    ["Facilities Operator", "Operator Facilities", "Not a Reviewer", "Operator\tReviewer"],
)
def test_group_grants_nothing_when_the_token_is_not_at_hand(group: str) -> None:
    claims = {"sub": "u", "groups": f"[{group}]"}
    assert caller_of(claims, NAMES).entitlements == frozenset()


def test_groups_are_exact_when_the_token_is_at_hand() -> None:
    claims = {"sub": "u", "groups": "[Facilities Operator Admins Reviewer]"}
    exact = {"sub": "u", "groups": ["Facilities Operator", "Admins", "Reviewer"]}
    assert caller_of(claims, NAMES, exact).entitlements == {Entitlement.REVIEWER}
    exact = {"sub": "u", "groups": ["Facilities", "Operator", "Admins", "Reviewer"]}
    both = {Entitlement.REVIEWER, Entitlement.OPERATOR}
    assert caller_of(claims, NAMES, exact).entitlements == both


def test_token_is_ignored_when_it_is_of_another_user_or_has_other_claims() -> None:
    verified = {"sub": "u", "groups": "[Reviewer]"}
    for token in (
        {"sub": "v", "groups": ["Operator"]},
        {"groups": ["Operator"]},
    ):
        assert caller_of(verified, NAMES, token).entitlements == {Entitlement.REVIEWER}
    more = {"sub": "u", "groups": ["Reviewer"], "tins": "463778226"}
    assert caller_of(verified, NAMES, more).tins == frozenset()


def bearer(payload: bytes) -> str:
    return f"Bearer e30.{urlsafe_b64encode(payload).decode().rstrip('=')}.c2ln"


def test_claims_are_read_from_a_bearer_token_when_it_is_one() -> None:
    assert token_claims(bearer(b'{"sub": "u", "groups": ["A B"]}')) == {
        "sub": "u",
        "groups": ["A B"],
    }
    for text in (None, "", "Bearer", "Bearer x", "Basic e30.e30.e30", bearer(b"[]"), bearer(b"{")):
        assert token_claims(text) is None
    assert token_claims("Bearer e30.\u20ac.e30") is None


@pytest.mark.parametrize(
    "claims",
    [
        *(
            {"sub": text}
            for text in ("x" * 121, " u", "u ", "u\n", "é", "u\u202e", "\u200b", "\x7f")
        ),
        *({"sub": "u", name: "x" * 121} for name in ("plans", "vendors")),
        *({"sub": "u", name: ["\x00"]} for name in ("plans", "vendors")),
        *({"sub": "u", name: {"a": 1}} for name in ("plans", "vendors")),
    ],
)
def test_caller_is_refused_with_words_when_a_claim_is_not_usable(claims: dict[str, Any]) -> None:
    with pytest.raises(NotEntitledError) as raised:
        caller_of(claims, NAMES)
    assert "sub" in raised.value.detail or list(claims)[-1] in raised.value.detail


@pytest.mark.parametrize(
    ("claim", "known"),
    [
        ("[PatientSearch Reviewer]", {Entitlement.PATIENT_SEARCH, Entitlement.REVIEWER}),
        ("[patientsearch PatientSearches XReviewer]", set()),
        ("[Admins Operator]", set()),
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


def test_choices_are_the_callers_tins_when_none_is_named() -> None:
    with pytest.raises(InvalidInputError) as raised:
        Caller(subject="u", tins=BOTH).acting_tin(None)
    assert raised.value.errors[0].choices == tuple(sorted(BOTH))


@pytest.mark.parametrize(
    ("vendor_id", "among", "choices"),
    [
        (None, None, ("A", "B", "C")),
        (None, {"A", "B"}, ("A", "B")),
        (None, {"D"}, ()),
        ("D", None, ("A", "B", "C")),
    ],
)
def test_acting_vendor_is_refused_with_choices_when_it_is_ambiguous_or_not_the_callers(
    vendor_id: str | None, among: set[str] | None, choices: tuple[str, ...]
) -> None:
    caller = Caller(subject="u", vendor_ids=frozenset({"A", "B", "C"}))
    with pytest.raises(InvalidInputError) as raised:
        caller.acting_vendor(vendor_id, among)
    [error] = raised.value.errors
    assert (error.pointer, error.code, error.choices) == ("/vendor_id", "not_yours", choices)


def test_choices_are_few_when_the_caller_has_hundreds_of_rights() -> None:
    many = Caller(
        subject="u",
        tins=frozenset(f"{100_000_000 + number}" for number in range(500)),
        vendor_ids=frozenset(f"VENDOR-{number}" for number in range(500)),
    )
    for act in (many.acting_tin, many.acting_vendor):
        with pytest.raises(InvalidInputError) as raised:
            act(None)
        [error] = raised.value.errors
        assert 0 < len(error.choices) <= 25


def test_acting_vendor_is_resolved_when_it_is_named_or_the_only_one() -> None:
    caller = Caller(subject="u", vendor_ids=frozenset({"A", "B"}))
    assert caller.acting_vendor("B") == "B"
    assert caller.acting_vendor(None, {"A", "D"}) == "A"
    assert Caller(subject="u", vendor_ids=frozenset({"A"})).acting_vendor(None) == "A"


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ({"name": "Dana Whitfield"}, "Dana Whitfield"),
        ({"given_name": "Dana", "family_name": "Whitfield"}, "Dana Whitfield"),
        ({"name": " ", "given_name": "Dana"}, "Dana"),
        ({"name": "D" * 200}, "D" * 120),
        ({"name": ["Dana"]}, None),
        ({"name": "Dana\x00Whitfield"}, None),
        ({"name": "Dana \ud800"}, None),
        ({"name": "\u202eDana\u202c"}, "Dana"),
        ({}, None),
    ],
)
def test_name_is_that_of_the_standard_claims_when_the_token_has_one(
    sent: dict[str, Any], name: str | None
) -> None:
    assert caller_of({"sub": "u", **sent}, NAMES).name == name
