"""The hand-over document as a body and an answer; read by the one operation that makes it."""

from collections.abc import Callable
from typing import Any

from pydantic import RootModel

from precert.domain.content import RequestContent
from precert.domain.payer import Payer
from precert.domain.values import Text, Value
from precert.fhir.handover import request_bundle
from precert.usecases.prepare_handover import Handover


class HandoverBody(Value):
    """What was checked, and the third party that it is handed over to."""

    content: RequestContent
    delegate_id: Text


class HandoverAnswer(RootModel[dict[str, Any]]):
    """A FHIR R4 Bundle in the shape of a Da Vinci PAS request, for the third party's own system."""

    @classmethod
    def of(cls, handover: Handover, payer: Payer, new_uuid: Callable[[], str]) -> "HandoverAnswer":
        bundle = request_bundle(
            handover.content,
            handover.answer.coverage,
            payer,
            note=handover.note,
            at=handover.answer.checked_at,
            new_uuid=new_uuid,
        )
        return cls(bundle)
