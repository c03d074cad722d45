"""Users of the stack's own user pool."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from precert.domain.errors import NotFoundError, TransientError


class CognitoUsers:
    """Registers users, and finds their subjects."""

    def __init__(self, client: Any, *, pool_id: str, new_password: Callable[[], str]) -> None:
        self._client = client
        self._pool_id = pool_id
        self._new_password = new_password

    def add(self, username: str, email: str, name: str) -> str:
        """Register a user, who receives an invitation by email; returns the subject.

        A user who is already registered is not changed.

        Raises:
            TransientError.
        """
        attributes = {"email": email, "email_verified": "true", "name": name}
        try:
            self._client.admin_create_user(
                UserPoolId=self._pool_id,
                Username=username,
                UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
                DesiredDeliveryMediums=["EMAIL"],
                TemporaryPassword=self._new_password(),
            )
        except self._client.exceptions.UsernameExistsException:
            pass
        except (BotoCoreError, ClientError) as error:
            raise _transient(error) from error
        return self.subject_of(username)

    def subject_of(self, username: str) -> str:
        """The subject of a user.

        Raises:
            NotFoundError: the pool does not have the user.
            TransientError.
        """
        try:
            found = self._client.admin_get_user(UserPoolId=self._pool_id, Username=username)
        except self._client.exceptions.UserNotFoundException as error:
            raise NotFoundError(f"The user pool has no user {username}.") from error
        except (BotoCoreError, ClientError) as error:
            raise _transient(error) from error
        return str(next(one["Value"] for one in found["UserAttributes"] if one["Name"] == "sub"))


def _transient(error: Exception) -> TransientError:
    return TransientError(f"The user pool did not respond ({type(error).__name__}). Try again.")
