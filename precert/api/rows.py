"""Rows of requests in lists, for providers, operators and reviewers."""

from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from precert.api.labels import label_of, labels_of, optional_label_of
from precert.api.models import (
    Damaged,
    DamagedResponse,
    PlanResponse,
    ResponseModel,
    draft_expires_soon,
    draft_time_left_in_words,
)
from precert.domain.code_lists import code_lists_of
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.request_state import actions_of
from precert.domain.rows import DashboardRow, DelegationRow, row_of_request
from precert.domain.statuses import Action, allowed_actions
from precert.usecases.ports.listings import Page


class DashboardRowResponse(DashboardRow):
    """One draft or request of the dashboard, with what the caller can do next (T1, T2)."""

    status_label: ClassVar[Any] = label_of("status")
    purpose_label: str | None
    place_of_service_label: str | None
    dispute_label: ClassVar[Any] = optional_label_of("dispute")
    channel_label: ClassVar[Any] = label_of("channel")
    waiting_on_label: ClassVar[Any] = label_of("waiting_on")
    unmatched_providers_labels: ClassVar[Any] = labels_of("unmatched_providers")
    allowed_actions: tuple[Action, ...]
    allowed_actions_labels: ClassVar[Any] = labels_of("allowed_actions")
    time_left: str | None = Field(
        default=None,
        description="For a draft: the time until `expires_at` in words, without the days on which the "
        "draft clock does not run.",
    )
    expires_soon: bool = Field(
        default=False,
        description="For a draft: whether it is within the time before its expiration in which a "
        "warning is due.",
    )

    @classmethod
    def of(cls, row: DashboardRow, payer: Payer, now: datetime) -> "DashboardRowResponse":
        disputes = actions_of(row.until, now)
        if row.allowed_actions is not None:
            actions = (*row.allowed_actions, *disputes)
        else:
            actions = allowed_actions(
                row.status,
                appeal_open=row.appeal_open,
                delegated=row.delegated,
                disputes=disputes,
            )
        labels = code_lists_of(payer).labels(
            purpose=row.purpose, place_of_service=row.place_of_service
        )
        return cls(
            **{**dict(row), "allowed_actions": actions},
            **labels,
            time_left=draft_time_left_in_words(row.expires_at, payer, now),
            expires_soon=draft_expires_soon(row.expires_at, payer, now),
        )


class PlanRowResponse(DashboardRowResponse):
    """One draft or request in the lists of operators and reviewers, with its plan."""

    plan: PlanResponse

    @classmethod
    def of_request(
        cls, request: Request, actions: tuple[Action, ...], payer: Payer, now: datetime
    ) -> "PlanRowResponse":
        row = DashboardRowResponse.of(row_of_request(request), payer, now)
        return cls(
            **{**dict(row), "allowed_actions": actions}, plan=PlanResponse.of(request.plan, payer)
        )


class DelegationRowResponse(DelegationRow):
    """The service lines of one request that one delegated vendor decides (W8)."""

    status_label: ClassVar[Any] = label_of("status")
    line_of_business_label: str | None
    urgency_label: str | None

    @classmethod
    def of(cls, row: DelegationRow, payer: Payer) -> "DelegationRowResponse":
        labels = code_lists_of(payer).labels(
            line_of_business=row.line_of_business, urgency=row.urgency
        )
        return cls(**dict(row), **labels)


class DelegationsResponse(ResponseModel):
    """A page of delegations."""

    requests: list[DelegationRowResponse]
    damaged: Damaged
    cursor: str | None

    @classmethod
    def of(cls, page: Page[DelegationRow], *, payer: Payer) -> "DelegationsResponse":
        rows = [DelegationRowResponse.of(row, payer) for row in page.rows]
        return cls(requests=rows, damaged=DamagedResponse.of(page.damaged), cursor=page.cursor)
