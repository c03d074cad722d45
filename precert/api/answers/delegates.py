"""The vendor who decides a request."""

from precert.api.answers.model import AnswerModel
from precert.domain.delegates import CareCoordination, Delegate


class DelegateAnswer(AnswerModel):
    """The vendor who decides the request, as published with the list that delegated it (W8)."""

    delegate_id: str
    name: str
    url: str
    phone: str | None
    fax: str | None
    hours: str | None
    care_coordination: CareCoordination | None

    @classmethod
    def of(cls, delegate: Delegate) -> "DelegateAnswer":
        return cls.model_validate(delegate.model_dump(include=set(cls.model_fields)))
