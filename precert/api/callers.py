"""The caller of an API call: who signed in, by the token; what they may do, by the grants."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from precert.api.claims import caller_of
from precert.api.tokens import require_current
from precert.domain.caller import Caller, ClaimNames, with_grant
from precert.usecases.grants import CachedGrants
from precert.usecases.rate_limits import RateLimit

_NO_CLAIM: Final = ""


class Callers:
    """Identifies callers. Without grants, all rights are those of the token's claims."""

    def __init__(
        self,
        names: ClaimNames,
        grants: CachedGrants | None,
        limit: RateLimit | None,
        now: Callable[[], datetime],
    ) -> None:
        self._names = names
        self._grants = grants
        self._limit = limit
        self._now = now

    def identify(self, claims: Mapping[str, Any], token: Mapping[str, Any] | None) -> Caller:
        """The caller with these claims.

        Raises:
            NotEntitledError: the token names no user, or a claim cannot be read.
            RefusedCallError: the token has expired.
            TransientError: the grants cannot be read.
            TooManyRequestsError: the caller made too many calls in this minute.
        """
        issuer = str(claims.get("iss") or "")
        require_current(claims, self._now())
        if self._grants is None:
            caller = caller_of(claims, self._names, token)
            self._admit(issuer, caller)
            return caller
        groups_only = self._names._replace(tins=_NO_CLAIM, plans=_NO_CLAIM, vendors=_NO_CLAIM)
        caller = caller_of(claims, groups_only, token)
        self._admit(issuer, caller)
        granted = with_grant(caller, self._grants.read(issuer, caller.subject, self._now()))
        return granted.model_copy(update={"issuer": issuer or None})

    def _admit(self, issuer: str, caller: Caller) -> None:
        if self._limit is not None:
            self._limit.admit(f"{issuer}#{caller.subject}", self._now())
