"""The caller: entitlements, TINs and plans, from the identity provider's token and from grants.

A grant is stored on the server by issuer and subject, because a token is too small for thousands of
TINs and stays valid for up to an hour after a right is revoked.
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
    Entitlement.REVIEWER: "Only clinical reviewers of the plan may do this.",
    Entitlement.PHYSICIAN_REVIEWER: (
        "Only a physician reviewer of the plan may deny or reduce. Ask one to confirm the decisions."
    ),
    Entitlement.REVIEW_LEAD: "Only leads of the plan's reviewers may do this.",
    Entitlement.OPERATOR: "Only operators of the plan may do this.",
    Entitlement.INTAKE: (
        "Only staff who register requests by phone, fax, mail or EDI may do this."
    ),
    Entitlement.VENDOR: "Only delegated vendors of the plan may do this.",
}
"""What the problem states to a caller without the entitlement."""


MAX_CHOICES: Final = 25
"""The maximum number of TINs or vendors that an error lists: a hospital system can have thousands."""


class ClaimNames(NamedTuple):
    """Names of the token's claims with the caller's rights, by configuration of the deployment."""

    entitlements: str
    tins: str
    plans: str
    vendors: str


class Caller(Value):
    """An authenticated caller. ``subject`` is the stable id that the issuer gave; audits record it."""

    subject: Text
    issuer: Text | None = None
    """The issuer of the caller's token."""
    entitlements: frozenset[Entitlement] = frozenset()
    tins: frozenset[Tin] = frozenset()
    plan_ids: frozenset[Text] = frozenset()
    vendor_ids: frozenset[Text] = frozenset()
    """Ids of the delegated vendors that the caller acts for."""
    name: Text | None = None
    """The caller's own name from the token or the grant; only the caller receives it (A3)."""
    scopes: frozenset[str] | None = None
    """The interactions that a client's SMART scopes permit, such as ``Claim.c``.

    ``None`` for callers without SMART scopes.
    """

    def require_scope(self, *interactions: str) -> None:
        """Refuse a client whose SMART scopes permit none of the interactions.

        Callers without SMART scopes are not refused: API Gateway requires the scopes of the API.

        Raises:
            NotEntitledError: no scope permits one of the interactions; it lists the scopes that do.
        """
        if self.scopes is not None and not permits(self.scopes, interactions):
            needed = " or ".join(f"system/{one}" for one in interactions)
            raise NotEntitledError(
                f"The token does not have the scope {needed or 'for this operation'}."
            )

    def require(self, entitlement: Entitlement, *others: Entitlement) -> None:
        """Refuse a caller who has neither the entitlement nor one of the others (A1).

        Raises:
            NotEntitledError: states who may do this, with the entitlement as a member of the problem.
        """
        if self.entitlements.isdisjoint({entitlement, *others}):
            raise NotEntitledError(_REFERRAL[entitlement], entitlement=entitlement.value)

    @property
    def is_intake_staff(self) -> bool:
        """Whether the caller registers requests of other channels, and submits none as a provider."""
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
        """Whether the caller submitted or disputed the request, or acts for one of its TINs."""
        return self.subject in request.provider_persons or bool(self.tins & request.tins)

    @property
    def deciding_role(self) -> DecidingRole:
        """The role in which a reviewer decides (W10)."""
        physician = Entitlement.PHYSICIAN_REVIEWER in self.entitlements
        return DecidingRole.PHYSICIAN if physician else DecidingRole.REVIEWER

    def acting_tin(self, tin: str | None) -> str:
        """The TIN that the caller acts for: the requested one, or the only one (A2).

        Raises:
            InvalidInputError: it is not the caller's, or none is requested and there are several.
        """
        if tin is None and len(self.tins) == 1:
            tin = next(iter(self.tins))
        if tin is not None and tin in self.tins:
            note_basis(Basis.TIN, [tin])
            return tin
        raise InvalidInputError(self.errors_of_tin(tin))

    def errors_of_tin(self, tin: str | None) -> list[FieldError]:
        """The error of a TIN that is not the caller's, or of no TIN unless the caller has only one."""
        if tin in self.tins or (tin is None and len(self.tins) == 1):
            return []
        message = "must be one of the TINs that you are registered for"
        choices = tuple(sorted(self.tins))[:MAX_CHOICES]
        return [FieldError("/tin", "not_yours", message, choices)]

    def acting_vendor(self, vendor_id: str | None, among: Collection[str] | None = None) -> str:
        """The vendor that the caller acts for: the named one, or the only one ``among`` the caller's.

        Raises:
            InvalidInputError: it is not the caller's, or none is named and not exactly one is left.
        """
        if vendor_id is not None and vendor_id in self.vendor_ids:
            note_basis(Basis.VENDOR, [vendor_id])
            return vendor_id
        candidates = self.vendor_ids if among is None else self.vendor_ids.intersection(among)
        if vendor_id is None and len(candidates) == 1:
            note_basis(Basis.VENDOR, candidates)
            return next(iter(candidates))
        named = candidates if vendor_id is None else self.vendor_ids
        choices = tuple(sorted(named))[:MAX_CHOICES]
        message = "must be one of the vendors that you act for"
        raise InvalidInputError([FieldError("/vendor_id", "not_yours", message, choices)])


MAX_TINS: Final = 25_000
"""The maximum number of TINs in a grant: it is stored as one DynamoDB item."""
SECONDS_CACHED: Final = 60
"""How long a process may use a grant after reading it: a revocation takes effect within a minute."""


class Grant(Value):
    """The rights of one subject of one issuer. The subject of a partner's system is its client id."""

    issuer: Text
    subject: Text
    label: Text | None = None
    """A user name, or the name of a partner's system, for operators and reviewers."""
    name: Text | None = None
    """The person's own name; only that person receives it (A3)."""
    entitlements: frozenset[Entitlement] = frozenset()
    tins: Annotated[frozenset[Tin], Field(max_length=MAX_TINS)] = frozenset()
    plan_ids: frozenset[Text] = frozenset()
    vendor_ids: frozenset[Text] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether the grant has no right."""
        return not (self.entitlements or self.tins or self.plan_ids or self.vendor_ids)

    def plus(self, other: "Grant") -> "Grant":
        """The grant with the rights of the other one added."""
        return self._with(
            other, {name: getattr(self, name) | getattr(other, name) for name in _RIGHTS}
        )

    def minus(self, other: "Grant") -> "Grant":
        """The grant without the rights of the other one."""
        return self._with(
            other, {name: getattr(self, name) - getattr(other, name) for name in _RIGHTS}
        )

    def _with(self, other: "Grant", rights: Mapping[str, Any]) -> "Grant":
        shown = {"label": other.label or self.label, "name": other.name or self.name}
        return Grant.model_validate({**self.model_dump(), **shown, **rights})


class ListedReviewer(Value):
    """A reviewer to whom a review lead can assign cases of these plans."""

    subject: Text
    label: Text | None = None
    """The user name."""
    plan_ids: frozenset[Text]


_RIGHTS: Final = ("entitlements", "tins", "plan_ids", "vendor_ids")


def with_grant(caller: Caller, grant: Grant | None) -> Caller:
    """The caller with the rights of the grant; unchanged without a grant.

    Entitlements are added to those of the token. TINs, plans and vendors are those of the grant only.
    """
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
    """Refuse a token that is not an access token, or whose scopes do not permit the operation.

    API Gateway refuses tokens without any of the API's scopes. A user who signs in by the API of the
    user pool, and not on its pages, gets the scope ``aws.cognito.signin.user.admin`` instead, which
    partners' systems cannot get. ``reads`` is whether the operation only reads.

    Raises:
        NotEntitledError: it is an ID token, or has no scope that permits the operation.
    """
    if claims.get("token_use", "access") != "access":
        raise NotEntitledError(
            "The token must be an access token. An ID token is for the application only."
        )
    granted = claims.get("scope", claims.get("scp"))
    if granted is None:
        return
    scopes = str(granted).strip("[]").split()
    permitting = {USER_SCOPE, WRITE_SCOPE, *((READ_SCOPE,) if reads else ())}
    if permitting.isdisjoint(scopes):
        needed = READ_SCOPE if reads else WRITE_SCOPE
        raise NotEntitledError(f"The token does not have the scope {needed}.")
