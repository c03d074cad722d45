"""Response models that several functions share."""

from datetime import date, datetime

from pydantic import BaseModel

from precert.domain.payer import Payer
from precert.domain.rules import RuleListVersion


class ResponseModel(BaseModel):
    """Base of all responses."""


class RuleListResponse(ResponseModel):
    """Whose list answered, and which version of it.

    ``effective_from`` is the first service date that the list speaks of.
    """

    payer: str
    version: str
    effective_from: date
    published_at: datetime

    @classmethod
    def of(cls, version: RuleListVersion, payer: Payer) -> "RuleListResponse":
        return cls(
            payer=payer.name,
            version=version.version,
            effective_from=version.effective_from,
            published_at=version.published_at,
        )
