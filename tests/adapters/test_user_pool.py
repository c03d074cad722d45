"""Registering users in the user pool: once, and with another invitation until the first sign-in."""

from collections.abc import Iterator
from typing import Any, Final

import boto3
import pytest
from botocore.stub import ANY, Stubber

from precert.adapters.cognito import CognitoUsers
from precert.domain.errors import NotFoundError, TransientError

LEE: Final = {"UserPoolId": "pool-1", "Username": "lee"}
SENT: Final = {**LEE, "DesiredDeliveryMediums": ["EMAIL"], "TemporaryPassword": "Example-Pw-12"}


@pytest.fixture
def pool() -> Iterator[Stubber]:
    """The calls to Cognito, in their order."""
    client: Any = boto3.client(
        "cognito-idp",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def users(pool: Stubber) -> CognitoUsers:
    return CognitoUsers(pool.client, pool_id="pool-1", new_password=lambda: "Example-Pw-12")


def registered(pool: Stubber, status: str, *, reads: int) -> None:
    """The user exists."""
    pool.add_client_error(
        "admin_create_user", "UsernameExistsException", expected_params={**SENT, **ATTRIBUTES}
    )
    found = {
        "Username": "lee",
        "UserStatus": status,
        "UserAttributes": [{"Name": "sub", "Value": "subject-of-lee"}],
    }
    for _ in range(reads):
        pool.add_response("admin_get_user", found, LEE)


ATTRIBUTES: Final = {"UserAttributes": ANY}


def test_invitation_is_sent_again_when_the_user_has_not_signed_in(
    pool: Stubber, users: CognitoUsers
) -> None:
    """The temporary password of the first one is valid for three days."""
    registered(pool, "FORCE_CHANGE_PASSWORD", reads=1)
    pool.add_response("admin_create_user", {}, {**SENT, "MessageAction": "RESEND"})
    found = {"Username": "lee", "UserAttributes": [{"Name": "sub", "Value": "subject-of-lee"}]}
    pool.add_response("admin_get_user", found, LEE)
    assert users.add("lee", "lee@example.org", "Marcus Lee") == "subject-of-lee"


def test_nothing_is_sent_when_the_user_has_signed_in(pool: Stubber, users: CognitoUsers) -> None:
    registered(pool, "CONFIRMED", reads=2)
    assert users.add("lee", "other@example.org", "Other") == "subject-of-lee"


def test_user_is_not_found_when_the_pool_lacks_it(pool: Stubber, users: CognitoUsers) -> None:
    pool.add_client_error("admin_get_user", "UserNotFoundException")
    with pytest.raises(NotFoundError) as refused:
        users.subject_of("lee")
    assert refused.value.detail == "The user pool has no user lee."


@pytest.mark.parametrize("code", ["TooManyRequestsException", "InvalidParameterException"])
def test_code_is_stated_when_the_pool_refuses_a_call(
    pool: Stubber, users: CognitoUsers, code: str
) -> None:
    pool.add_client_error("admin_create_user", code)
    registered(pool, "FORCE_CHANGE_PASSWORD", reads=1)
    pool.add_client_error("admin_create_user", code)
    for _ in range(2):
        with pytest.raises(TransientError) as refused:
            users.add("lee", "lee@example.org", "Marcus Lee")
        assert code in refused.value.detail
