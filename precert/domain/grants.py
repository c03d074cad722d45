"""What the payer granted a person or a partner's system: entitlements, TINs, plans and vendors.

A grant is stored on the server by issuer and subject, because a token has no room for thousands of TINs
and remains valid for an hour after a right was revoked.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from precert.domain.caller import Caller
from precert.domain.errors import NotEntitledError
from precert.domain.values import Text, Tin, Value
from precert.names import READ_SCOPE, USER_SCOPE, WRITE_SCOPE, Entitlement

MOST_TINS: Final = 25_000
"""So many fit into one item."""
SECONDS_CACHED: Final = 60
"""How long a process uses a grant that it has read: a revocation is in effect within a minute."""


class Grant(Value):
    """What one subject of one issuer may do. A partner's system has the id of its client as subject."""

    issuer: Text
    subject: Text
    label: Text | None = None
    """A user name, or the name of a partner's system; for operators."""
    name: Text | None = None
    """The person's own name, to greet them; it is shown to no one else (A3)."""
    entitlements: frozenset[Entitlement] = frozenset()
    tins: Annotated[frozenset[Tin], Field(max_length=MOST_TINS)] = frozenset()
    plan_ids: frozenset[Text] = frozenset()
    vendor_ids: frozenset[Text] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not (self.entitlements or self.tins or self.plan_ids or self.vendor_ids)

    def plus(self, other: "Grant") -> "Grant":
        return self._with(
            other, {name: getattr(self, name) | getattr(other, name) for name in _RIGHTS}
        )

    def minus(self, other: "Grant") -> "Grant":
        return self._with(
            other, {name: getattr(self, name) - getattr(other, name) for name in _RIGHTS}
        )

    def _with(self, other: "Grant", rights: Mapping[str, Any]) -> "Grant":
        shown = {"label": other.label or self.label, "name": other.name or self.name}
        return Grant.model_validate({**self.model_dump(), **shown, **rights})


_RIGHTS: Final = ("entitlements", "tins", "plan_ids", "vendor_ids")


def with_grant(caller: Caller, grant: Grant | None) -> Caller:
    """The caller with what is granted; entitlements are added to those of the token's groups."""
    if grant is None:
        return caller
    return caller.model_copy(
        update={
            "entitlements": caller.entitlements | grant.entitlements,
            "tins": grant.tins,
            "plan_ids": grant.plan_ids,
            "vendor_ids": grant.vendor_ids,
            "name": caller.name or grant.name,
        }
    )


def require_access_token(claims: Mapping[str, Any], *, reads: bool) -> None:
    """Refuse a token that is no access token, or whose scopes do not permit the operation.

    API Gateway refuses tokens without any of the scopes. A user who signs in at the user pool without
    its pages gets the pool's own scope, which partners' systems cannot get.

    Raises:
        NotEntitledError.
    """
    if claims.get("token_use", "access") != "access":
        raise NotEntitledError("Send the access token. An ID token is for the application only.")
    granted = claims.get("scope", claims.get("scp"))
    if granted is None:
        return
    scopes = str(granted).strip("[]").split()
    permitting = {USER_SCOPE, WRITE_SCOPE, *((READ_SCOPE,) if reads else ())}
    if permitting.isdisjoint(scopes):
        needed = READ_SCOPE if reads else WRITE_SCOPE
        raise NotEntitledError(f"The token does not have the scope {needed}.")
