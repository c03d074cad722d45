"""Passwords, second factors, and how long sessions and tokens of the user pool last."""

from typing import Any

import pytest

from tests.template.synthesized import Properties, Synthesized

HOUR = 60
"""Validities are in minutes."""


def clients(stack: Synthesized) -> list[Properties]:
    return list(stack.properties("AWS::Cognito::UserPoolClient").values())


def pool(stack: Synthesized) -> Properties:
    [found] = stack.properties("AWS::Cognito::UserPool").values()
    return found


def test_access_token_lasts_an_hour_when_any_client_gets_one(stack: Synthesized) -> None:
    for client in clients(stack):
        assert client["AccessTokenValidity"] == HOUR
        assert client["TokenValidityUnits"]["AccessToken"] == "minutes"


def test_session_lasts_a_working_day_when_a_person_signed_in(stack: Synthesized) -> None:
    people = [one for one in clients(stack) if not one.get("GenerateSecret")]
    assert {one["RefreshTokenValidity"] for one in people} == {12 * HOUR}
    assert {one["TokenValidityUnits"]["RefreshToken"] for one in people} == {"minutes"}


def test_sign_in_tells_nothing_about_users_when_it_fails(stack: Synthesized) -> None:
    """Otherwise the response states whether a user of that name exists."""
    people = [one for one in clients(stack) if not one.get("GenerateSecret")]
    assert {one["PreventUserExistenceErrors"] for one in people} == {"ENABLED"}


def test_tokens_can_be_revoked_when_a_client_is_lost(stack: Synthesized) -> None:
    assert {one["EnableTokenRevocation"] for one in clients(stack)} == {True}


def test_password_is_long_when_a_user_chooses_it(stack: Synthesized) -> None:
    assert pool(stack)["Policies"]["PasswordPolicy"] == {
        "MinimumLength": 14,
        **{f"Require{kind}": True for kind in ("Lowercase", "Numbers", "Symbols", "Uppercase")},
        "TemporaryPasswordValidityDays": 3,
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "AccountRecoverySetting",
            {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
        ),
        ("UsernameConfiguration", {"CaseSensitive": False}),
    ],
)
def test_account_is_recovered_by_email_when_a_password_is_forgotten(
    stack: Synthesized, name: str, expected: Any
) -> None:
    assert pool(stack)[name] == expected


def test_stolen_passwords_are_refused_when_the_stage_has_phi(prod: Synthesized) -> None:
    assert pool(prod)["UserPoolAddOns"] == {"AdvancedSecurityMode": "ENFORCED"}
