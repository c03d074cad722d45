"""Request and response models of operators' repairs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field

from precert.api.labels import label_of
from precert.api.models import Damaged, DamagedResponse, ResponseModel
from precert.api.rows import PlanRowResponse
from precert.domain.operator_actions import operator_actions
from precert.domain.payer import Payer
from precert.domain.values import WHOLE, Value
from precert.names import Delivery
from precert.usecases.operations import OperatorCounts
from precert.usecases.ports.listings import Page
from precert.usecases.repairs import (
    MAX_AT_ONCE,
    FailedDeliveries,
    Redelivery,
    RepairedRequest,
    StuckRequest,
)


class RedeliveryBody(Value):
    """The receiver whose failed deliveries are sent again, and how many."""

    delivery: Delivery
    limit: Annotated[int, Field(ge=1, le=MAX_AT_ONCE), WHOLE] = MAX_AT_ONCE


class StuckRequestResponse(ResponseModel):
    """A request whose assessment takes longer than it should."""

    request: PlanRowResponse
    cycle: int
    stuck_since: datetime = Field(description="When the cycle was opened.")
    execution_running: bool = Field(
        description="Whether the workflow still processes it. If not, repair it."
    )

    @classmethod
    def of(cls, stuck: StuckRequest, payer: Payer, now: datetime) -> "StuckRequestResponse":
        request = stuck.request
        return cls(
            request=PlanRowResponse.of_request(request, operator_actions(request), payer, now),
            cycle=request.submitted.cycle,
            stuck_since=request.updated_at,
            execution_running=stuck.execution_running,
        )


class StuckRequestsResponse(ResponseModel):
    """A page of requests that are stuck, longest first."""

    requests: list[StuckRequestResponse]
    damaged: Damaged
    cursor: str | None

    @classmethod
    def of(
        cls, page: Page[StuckRequest], *, payer: Payer, now: datetime
    ) -> "StuckRequestsResponse":
        return cls(
            requests=[StuckRequestResponse.of(one, payer, now) for one in page.rows],
            damaged=DamagedResponse.of(page.damaged),
            cursor=page.cursor,
        )


class RepairedResponse(ResponseModel):
    """The open cycle after the repair."""

    request_id: str
    number: str
    cycle: int
    started: bool = Field(
        description="Whether an execution was started. False if one was running already."
    )

    @classmethod
    def of(cls, repaired: RepairedRequest) -> "RepairedResponse":
        return cls(**vars(repaired))


class FailedDeliveriesOf(ResponseModel):
    """The failed deliveries of one receiver."""

    delivery: Delivery
    delivery_label: ClassVar[Any] = label_of("delivery")
    count: int = Field(description="Approximate number. 0 if nothing failed.")
    oldest_at: datetime | None = Field(
        description="The approximate time of the oldest failure. It is retained for 14 days."
    )


class FailedDeliveriesResponse(ResponseModel):
    """Failed deliveries by receiver."""

    deliveries: list[FailedDeliveriesOf]

    @classmethod
    def of(cls, found: Sequence[FailedDeliveries]) -> "FailedDeliveriesResponse":
        return cls(deliveries=[FailedDeliveriesOf(**vars(one)) for one in found])


class QueueCountResponse(ResponseModel):
    """The number of entries of one queue."""

    count: int = Field(examples=[3])
    complete: bool = Field(description="If false, there can be more than `count`.", examples=[True])


class OperatorCountsResponse(ResponseModel):
    """The number of entries of each queue, of which the first 100 are counted."""

    overdue: QueueCountResponse
    stuck_requests: QueueCountResponse
    failed_deliveries: QueueCountResponse = Field(description="Of all receivers, about.")
    intake_exceptions: QueueCountResponse
    unmatched_providers: QueueCountResponse
    vendor_backlog: QueueCountResponse
    deemed_denials: QueueCountResponse

    @classmethod
    def of(cls, counts: OperatorCounts) -> "OperatorCountsResponse":
        return cls(**{name: QueueCountResponse(**vars(one)) for name, one in vars(counts).items()})


class RedeliveryResponse(ResponseModel):
    """The result of sending failed deliveries again."""

    delivery: Delivery
    delivery_label: ClassVar[Any] = label_of("delivery")
    redelivered: int
    failed: int = Field(
        description="How many failed again. They are retained, and can be sent again after a minute."
    )
    not_redeliverable: int = Field(
        description="How many have only a position in the table's stream, and no event. They are "
        "retained: repair the requests instead."
    )

    @classmethod
    def of(cls, result: Redelivery) -> "RedeliveryResponse":
        return cls(
            delivery=result.delivery,
            redelivered=result.redelivered,
            failed=result.failed,
            not_redeliverable=result.not_redeliverable,
        )
