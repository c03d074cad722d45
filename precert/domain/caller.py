"""The caller: entitlements, TINs and plans from the identity provider's token."""

from typing import NamedTuple

from precert.domain.errors import FieldError, InvalidInputError, NotEntitledError
from precert.domain.values import Text, Tin, Value
from precert.names import Entitlement

_ASK: dict[Entitlement, str] = {
    Entitlement.PATIENT_SEARCH: "Ask your website access manager for Patient Search.",
    Entitlement.REVIEWER: "This is for clinical reviewers of the plan.",
    Entitlement.OPERATOR: "This is for operators of the plan.",
    Entitlement.INTAKE: "This is for those who enter what came by phone, fax, mail or EDI.",
    Entitlement.VENDOR: "This is for vendors that decide for the plan.",
}


class ClaimNames(NamedTuple):
    """The claims of a token with the caller's rights; configuration of the identity provider."""

    entitlements: str
    tins: str
    plans: str
    vendors: str


class Caller(Value):
    """An authenticated caller. ``subject`` is the issuer's stable id, stored for the audit trail."""

    subject: Text
    entitlements: frozenset[Entitlement] = frozenset()
    tins: frozenset[Tin] = frozenset()
    plan_ids: frozenset[Text] = frozenset()
    vendor_ids: frozenset[Text] = frozenset()
    """The vendors that the caller acts for."""

    def require(self, entitlement: Entitlement) -> None:
        """Refuse a caller without the entitlement (A1).

        Raises:
            NotEntitledError: names who grants it.
        """
        if entitlement not in self.entitlements:
            raise NotEntitledError(_ASK[entitlement], entitlement=entitlement.value)

    def acting_tin(self, tin: str | None) -> str:
        """The TIN that the caller acts for: the requested one, or the only one (A2)."""
        if tin is None and len(self.tins) == 1:
            return next(iter(self.tins))
        if tin is not None and tin in self.tins:
            return tin
        raise InvalidInputError(
            [FieldError("/tin", "not_yours", "name one of the TINs you are registered for")]
        )
