"""The caller: entitlements, TINs and plans, from the identity provider's token and from grants.

A grant is stored on the server by issuer and subject, because a token has no room for thousands of TINs
and remains valid for an hour after a right was revoked.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

from pydantic import Field

from precert.domain.audit import Basis, note_basis
from precert.domain.decisions import DecidingRole
from precert.domain.errors import FieldError, InvalidInputError, NotEntitledError, OwnRequestError
from precert.domain.smart_scopes import permits
from precert.domain.values import Text, Tin, Value
from precert.names import READ_SCOPE, USER_SCOPE, WRITE_SCOPE, Entitlement

if TYPE_CHECKING:
    from precert.domain.request_state import RequestState


_REFERRAL: dict[Entitlement, str] = {
    Entitlement.PATIENT_SEARCH: "Ask your website access manager for Patient Search.",
    Entitlement.REVIEWER: "This is for clinical reviewers of the plan.",
    Entitlement.PHYSICIAN_REVIEWER: (
        "A physician reviewer of the plan decides denials and reductions. Ask one to confirm them."
    ),
    Entitlement.REVIEW_LEAD: "This is for those who lead the plan's reviewers.",
    Entitlement.OPERATOR: "This is for operators of the plan.",
    Entitlement.INTAKE: "This is for those who enter what came by phone, fax, mail or EDI.",
    Entitlement.VENDOR: "This is for vendors that decide for the plan.",
}


MOST_CHOICES: Final = 25
"""How many TINs or vendors an error names: a hospital system can have thousands."""


class ClaimNames(NamedTuple):
    """The claims of a token with the caller's rights; configuration of the identity provider."""

    entitlements: str
    tins: str
    plans: str
    vendors: str


class Caller(Value):
    """An authenticated caller. ``subject`` is the issuer's stable id, stored for the audit trail."""

    subject: Text
    issuer: Text | None = None
    """Of the caller's token; all callers of one API have the same."""
    entitlements: frozenset[Entitlement] = frozenset()
    tins: frozenset[Tin] = frozenset()
    plan_ids: frozenset[Text] = frozenset()
    vendor_ids: frozenset[Text] = frozenset()
    """The vendors that the caller acts for."""
    name: Text | None = None
    """The caller's own name, to greet them; it is stored nowhere and shown to no one else (A3)."""
    scopes: frozenset[str] | None = None
    """Permitted interactions, such as ``Claim.c``, of a client with SMART scopes; else ``None``."""

    def require_scope(self, *interactions: str) -> None:
        """Refuse a client whose SMART scopes permit none of the interactions.

        Callers without SMART scopes have those of the API, which API Gateway requires.

        Raises:
            NotEntitledError: names the scope.
        """
        if self.scopes is not None and not permits(self.scopes, interactions):
            needed = " or ".join(f"system/{one}" for one in interactions)
            raise NotEntitledError(f"The token does not have the scope {needed or 'for this'}.")

    def require(self, entitlement: Entitlement, *others: Entitlement) -> None:
        """Refuse a caller who has neither the entitlement nor one of the others (A1).

        Raises:
            NotEntitledError: names who grants it.
        """
        if self.entitlements.isdisjoint({entitlement, *others}):
            raise NotEntitledError(_REFERRAL[entitlement], entitlement=entitlement.value)

    @property
    def is_clerk(self) -> bool:
        """Whether the caller enters requests of other channels, and none of a provider's own."""
        return (
            Entitlement.INTAKE in self.entitlements
            and Entitlement.PATIENT_SEARCH not in self.entitlements
        )

    def require_no_conflict(self, request: "RequestState") -> None:
        """Refuse to review a request of the caller's own practice (A7, W10).

        Raises:
            OwnRequestError: the caller submitted it, appealed it, or acts for one of its TINs.
        """
        if self.acts_for(request):
            raise OwnRequestError(
                "You submitted or appealed this request, or you act for one of its providers. "
                "Another reviewer must review it."
            )

    def acts_for(self, request: "RequestState") -> bool:
        """Whether the caller acts on the providers' side of the request."""
        return self.subject in request.provider_persons or bool(self.tins & request.tins)

    @property
    def deciding_role(self) -> DecidingRole:
        """The role in which a reviewer decides (W10)."""
        physician = Entitlement.PHYSICIAN_REVIEWER in self.entitlements
        return DecidingRole.PHYSICIAN if physician else DecidingRole.REVIEWER

    def acting_tin(self, tin: str | None) -> str:
        """The TIN that the caller acts for: the requested one, or the only one (A2)."""
        if tin is None and len(self.tins) == 1:
            tin = next(iter(self.tins))
        if tin is not None and tin in self.tins:
            note_basis(Basis.TIN, [tin])
            return tin
        raise InvalidInputError(self.errors_of_tin(tin))

    def errors_of_tin(self, tin: str | None) -> list[FieldError]:
        """The error of a TIN that is not the caller's, or of none if the caller has several."""
        if tin in self.tins or (tin is None and len(self.tins) == 1):
            return []
        message = "name one of the TINs you are registered for"
        choices = tuple(sorted(self.tins))[:MOST_CHOICES]
        return [FieldError("/tin", "not_yours", message, choices)]

    def acting_vendor(self, vendor_id: str | None, among: Collection[str] | None = None) -> str:
        """The vendor that the caller acts for: the named one, or the only one ``among`` the caller's.

        Raises:
            InvalidInputError: it is not the caller's, or none is named and there are several.
        """
        if vendor_id is not None and vendor_id in self.vendor_ids:
            note_basis(Basis.VENDOR, [vendor_id])
            return vendor_id
        candidates = self.vendor_ids if among is None else self.vendor_ids.intersection(among)
        if vendor_id is None and len(candidates) == 1:
            note_basis(Basis.VENDOR, candidates)
            return next(iter(candidates))
        named = candidates if vendor_id is None else self.vendor_ids
        choices = tuple(sorted(named))[:MOST_CHOICES]
        message = "name one of the vendors that you report for"
        raise InvalidInputError([FieldError("/vendor_id", "not_yours", message, choices)])


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


class ListedReviewer(Value):
    """A reviewer to whom a lead can assign a case of these plans."""

    subject: Text
    label: Text | None = None
    """The user name."""
    plan_ids: frozenset[Text]


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
