"""The payer's configuration: what differs from payer to payer and is no code.

Shipped as ``payer.json`` beside the code of a deployment; ``data/payer/`` holds the sample payer's.
"""

from datetime import timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from precert.domain.values import AuthorizationType, Text, Urgency, Value


class Contact(Value):
    """Whom to call, and when."""

    name: Text
    phone: Text
    hours: Text | None = None


class ReviewClock(Value):
    """How long a decision may take, from the receipt of the request (W2).

    ``warn_at_share`` is the share of the time after which a deadline counts as near.
    """

    urgent_hours: Annotated[int, Field(ge=1)]
    standard_days: Annotated[int, Field(ge=1)]
    appeal_expedited_hours: Annotated[int, Field(ge=1)]
    appeal_standard_days: Annotated[int, Field(ge=1)]
    appeal_filing_days: Annotated[int, Field(ge=1)]
    warn_at_share: Annotated[float, Field(gt=0, lt=1)]


class DraftClock(Value):
    """How long a draft stays after each save (D3)."""

    hours: Annotated[int, Field(ge=1)]
    resting_weekdays: Annotated[frozenset[Annotated[int, Field(ge=0, le=6)]], Field(max_length=6)]
    """Weekdays on which the clock stands still; Monday is 0. On one at least it runs."""

    @property
    def length(self) -> timedelta:
        return timedelta(hours=self.hours)


class ServiceDateWindow(Value):
    """Service dates that can be entered, in days from today (C9)."""

    days_back: Annotated[int, Field(ge=0)]
    days_ahead: Annotated[int, Field(ge=0)]


class DocumentLimits(Value):
    """Uploads (U1-U3). Sizes in bytes, lifetimes in seconds."""

    max_bytes: Annotated[int, Field(ge=1)]
    max_at_submission: Annotated[int, Field(ge=1)]
    max_while_pending: Annotated[int, Field(ge=1)]
    upload_seconds: Annotated[int, Field(ge=60)]


class PlaceOfService(Value):
    """A place of service: the payer's word, with the CMS code where it has one."""

    code: Text
    name: Text
    cms_code: Text | None = None


class TypeOfService(Value):
    """A choice of the form, and the choices that follow from it (C4)."""

    code: Text
    name: Text
    authorization_type: AuthorizationType
    procedure_required: bool
    places_of_service: tuple[Text, ...]


class Form(Value):
    """The check's form as data: a portal and the validation read the same (C3, C4)."""

    types_of_service: tuple[TypeOfService, ...]
    places_of_service: tuple[PlaceOfService, ...]
    urgencies: tuple[Urgency, ...]

    @model_validator(mode="after")
    def _places_exist(self) -> Self:
        known = {place.code for place in self.places_of_service}
        for kind in self.types_of_service:
            if unknown := set(kind.places_of_service) - known:
                raise ValueError(f"{kind.code} names places that are not listed: {unknown}")
        return self


class Payer(Value):
    """One payer."""

    name: Text
    time_zone: Text
    number_prefix: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    provider_services: Contact
    supported_management_levels: tuple[Text, ...]
    review_clocks: dict[str, ReviewClock]
    """By line of business."""
    draft_clock: DraftClock
    service_dates: ServiceDateWindow
    documents: DocumentLimits
    form: Form
    reason_codes: dict[str, str]
    """X12 886 codes that a denial may carry, with their meaning."""
    notices: dict[str, str]
    messages: dict[str, str]
    """Texts of the inbox by event type; ``{number}`` and ``{status}`` are filled in."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
