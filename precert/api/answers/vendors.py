"""The vendor who decides a request."""

from precert.api.answers.model import AnswerModel
from precert.domain.rules import CareCoordination, DelegatedVendor


class DelegatedVendorAnswer(AnswerModel):
    """The vendor who decides the request, as published with the list that delegated it (W8)."""

    vendor_id: str
    name: str
    url: str
    phone: str | None
    fax: str | None
    hours: str | None
    care_coordination: CareCoordination | None

    @classmethod
    def of(cls, delegate: DelegatedVendor) -> "DelegatedVendorAnswer":
        return cls.model_validate(delegate.model_dump(include=set(cls.model_fields)))
