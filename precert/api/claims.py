"""The caller, from the claims that API Gateway's JWT authorizer has verified.

API Gateway passes every claim as text; a list arrives as ``[one two]``. Claim names are configuration,
so that any OIDC issuer can be used; other claims are ignored.
"""

import re
from collections.abc import Mapping
from typing import Any

from precert.domain.caller import Caller, ClaimNames
from precert.domain.errors import NotEntitledError
from precert.names import Entitlement

_TIN = re.compile(r"[0-9]{9}")
_ENTITLEMENTS = {entitlement.value: entitlement for entitlement in Entitlement}


def caller_of(claims: Mapping[str, Any], names: ClaimNames) -> Caller:
    """The caller described by the claims.

    Raises:
        NotEntitledError: the token names no user.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise NotEntitledError("Sign in again: the token names no user.")
    return Caller(
        subject=subject,
        entitlements=frozenset(
            _ENTITLEMENTS[word]
            for word in _words(claims.get(names.entitlements))
            if word in _ENTITLEMENTS
        ),
        tins=frozenset(word for word in _words(claims.get(names.tins)) if _TIN.fullmatch(word)),
        plan_ids=frozenset(_words(claims.get(names.plans))),
        vendor_ids=frozenset(_words(claims.get(names.vendors))),
    )


def _words(claim: object) -> list[str]:
    if isinstance(claim, list | tuple):
        return [str(word) for word in claim]
    return re.findall(r"[^\s,\[\]\"]+", claim) if isinstance(claim, str) else []
