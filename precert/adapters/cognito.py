"""Users of the stack's own user pool."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from precert.domain.errors import NotFoundError, TransientError

_INVITED: Final = "FORCE_CHANGE_PASSWORD"
"""The status of a user who has not signed in yet."""


class CognitoUsers:
    """Registers users, and finds their subjects."""

    def __init__(self, client: Any, *, pool_id: str, new_password: Callable[[], str]) -> None:
        self._client = client
        self._pool_id = pool_id
        self._new_password = new_password

    def add(self, username: str, email: str, name: str) -> str:
        """Register a user, who receives an invitation by email; returns the subject.

        A user who is already registered is not changed, but gets another invitation until the first
        sign-in, because the temporary password of an invitation expires.

        Raises:
            TransientError.
        """
        attributes = {"email": email, "email_verified": "true", "name": name}
        create = partial(
            self._client.admin_create_user,
            UserPoolId=self._pool_id,
            Username=username,
            DesiredDeliveryMediums=["EMAIL"],
            TemporaryPassword=self._new_password(),
        )
        try:
            create(UserAttributes=[{"Name": key, "Value": attributes[key]} for key in attributes])
        except self._client.exceptions.UsernameExistsException:
            if self._read(username).get("UserStatus") == _INVITED:
                self._calling(create, MessageAction="RESEND")
        except (BotoCoreError, ClientError) as error:
            raise _transient(error) from error
        return self.subject_of(username)

    def subject_of(self, username: str) -> str:
        """The subject of a user.

        Raises:
            NotFoundError: the pool does not have the user.
            TransientError.
        """
        attributes = self._read(username)["UserAttributes"]
        return str(next(one["Value"] for one in attributes if one["Name"] == "sub"))

    def _read(self, username: str) -> Mapping[str, Any]:
        try:
            return self._calling(
                self._client.admin_get_user, UserPoolId=self._pool_id, Username=username
            )
        except self._client.exceptions.UserNotFoundException as error:
            raise NotFoundError(f"The user pool has no user {username}.") from error

    def _calling(self, call: Callable[..., Any], **arguments: Any) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = call(**arguments)
        except self._client.exceptions.UserNotFoundException:
            raise
        except (BotoCoreError, ClientError) as error:
            raise _transient(error) from error
        return found


def _transient(error: Exception) -> TransientError:
    return TransientError(f"The user pool did not respond ({type(error).__name__}). Try again.")
