"""Delegated vendors: the service lines that they decide, their deadlines and their reports.

A *delegation* has the service lines of one request that one vendor decides. The payer decides the
lines that are in no delegation. When a vendor's deadline passes, an escalation is recorded; no line is
decided by that (W10).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from precert.domain.clocks import Deadline
from precert.domain.dates import Moment
from precert.domain.rules import DelegatedVendor
from precert.domain.values import State, Text, Value
from precert.domain.wording import written_phone


class DecidedBy(StrEnum):
    """Who decides a service line."""

    PAYER = "PAYER"
    VENDOR = "VENDOR"


class DelegationStatus(StrEnum):
    """Status of the service lines that one vendor decides."""

    OPEN = "OPEN"
    """The vendor has not reported a determination yet."""
    REPORTED = "REPORTED"
    WITHDRAWN = "WITHDRAWN"
    """The request was voided before the vendor reported."""


class VendorReviewer(Value):
    """The person who decided for a delegated vendor; stored for audits, not in responses (A3)."""

    name: Annotated[Text, Field(description="First and last name.")]
    credential: Annotated[
        Text,
        Field(
            max_length=20,
            description="The professional credential, such as MD. A denial or a reduction needs one "
            "of the payer's `licensed_credentials`.",
        ),
    ]
    license_number: Text | None = None
    license_state: State | None = None


class RecordedReport(Value):
    """One report of a vendor that was applied to the request; stored for audits."""

    reference: Text
    """The vendor's case number."""
    reported_at: Moment
    received_at: Moment
    reported_by: Text
    """The subject of the caller, or the source of the event."""
    reviewer: VendorReviewer | None = None


class Delegation(Value):
    """The service lines of a request that one vendor decides, as the rule list assigned them (W8)."""

    vendor: DelegatedVendor
    """The vendor and its contacts, as published with the rule list."""
    line_ids: Annotated[tuple[Text, ...], Field(min_length=1)]
    rule_list: Text
    """Version of the rule list that assigned the lines."""
    confirmed_at: Moment | None = None
    """When the provider confirmed, with the submission, that the lines go to the vendor."""
    confirmed_by_staff: bool = False
    """Whether the payer's staff confirmed it for the provider, with the registration (S5)."""
    delegated_at: Moment | None = None
    """When the vendor received the lines; ``None`` before, and if the vendor registered the request."""
    warn_at: Moment | None = None
    due_at: Moment | None = None
    warned: bool = False
    escalated: bool = False
    reports: tuple[RecordedReport, ...] = ()

    @property
    def vendor_id(self) -> str:
        return self.vendor.vendor_id

    @property
    def reported_at(self) -> datetime | None:
        """The vendor's instant of the report that was applied last; older reports are ignored."""
        return self.reports[-1].reported_at if self.reports else None

    @property
    def awaits_report(self) -> bool:
        """Whether the vendor received the lines and has not reported yet."""
        return self.delegated_at is not None and not self.reports

    @property
    def next_check_at(self) -> datetime | None:
        """When the next reminder or escalation is due; ``None`` if there is none."""
        if not self.awaits_report or self.escalated:
            return None
        return self.due_at if self.warned else self.warn_at

    def delegated(self, deadline: Deadline, now: datetime) -> Self:
        """The delegation with the vendor's deadline, received at ``now``."""
        update = {"delegated_at": now, "warn_at": deadline.warn_at, "due_at": deadline.due_at}
        return self.model_copy(update=update)


@dataclass(frozen=True)
class Ownership:
    """Who decides each service line of a content, by the rule list in effect.

    ``vendor_of`` has the vendor id of each line that could be evaluated; ``None`` for the payer.
    """

    rule_list: str | None = None
    vendor_of: Mapping[str, str | None] = field(default_factory=dict)
    vendors: Mapping[str, DelegatedVendor] = field(default_factory=dict)
    without_predetermination: tuple[str, ...] = ()
    """The codes for which the rule list offers no predetermination (C14)."""
    payers_words: Mapping[str, str | None] = field(default_factory=dict)
    """The payer's text for the code of each line that could be evaluated (T6)."""

    def decided_by(self, line_id: str) -> DecidedBy | None:
        """Who decides a line; ``None`` if the line could not be evaluated."""
        if line_id not in self.vendor_of:
            return None
        return DecidedBy.VENDOR if self.vendor_of[line_id] else DecidedBy.PAYER

    def lines_by_vendor(self) -> dict[str, tuple[str, ...]]:
        """Line ids of each vendor, in the order of entry."""
        lines: dict[str, tuple[str, ...]] = {}
        for line_id, vendor_id in self.vendor_of.items():
            if vendor_id is not None:
                lines[vendor_id] = (*lines.get(vendor_id, ()), line_id)
        return lines

    def delegations(
        self, *, confirmed_at: datetime | None = None, by_staff: bool = False
    ) -> tuple[Delegation, ...]:
        """The delegations of a new request with this content, one per vendor."""
        return tuple(
            Delegation(
                vendor=self.vendors[vendor_id],
                line_ids=line_ids,
                rule_list=self.rule_list or "",
                confirmed_at=confirmed_at,
                confirmed_by_staff=by_staff,
            )
            for vendor_id, line_ids in self.lines_by_vendor().items()
        )


def contact_of(vendor: DelegatedVendor) -> str:
    """The vendor's phone number and URL in words, as in *(800) 555-0100 or https://…*."""
    contacts: Iterable[str | None] = (vendor.phone and written_phone(vendor.phone), vendor.url)
    return " or ".join(one for one in contacts if one)


def names_of(delegations: Sequence[Delegation]) -> str:
    """The names of the vendors with their contacts in words, each once, as the subject of a sentence.

    As in *EviCore, (800) 555-0100 or https://…,* with the comma after the contact.
    """
    named = (f"{one.vendor.name}, {contact_of(one.vendor)}," for one in delegations)
    return " and ".join(dict.fromkeys(named))
