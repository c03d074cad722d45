"""Third parties that decide for the payer: whom a check sends the office to (C8, C12, C13)."""

from typing import Annotated

from pydantic import Field

from precert.domain.values import Phone, Text, Value

WebAddress = Annotated[str, Field(pattern=r"^https://[^\s]+$", max_length=200)]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=120)]


class CareCoordination(Value):
    """Who helps to find a supplier and follows the delivery (C12).

    ``phone`` is text, as it may need an option or an extension.
    """

    phone: Text
    fax: Phone | None = None
    email: Email | None = None


class DelegatedVendor(Value):
    """One vendor for one family of services: name, link, contacts, what it asks for (C8)."""

    vendor_id: Text
    name: Text
    services: Text
    """The services it decides on, in words."""
    url: WebAddress
    phone: Phone | None = None
    fax: Phone | None = None
    hours: Text | None = None
    requirements: Annotated[tuple[Text, ...], Field(min_length=1)]
    """What a request must bring, one thing each."""
    care_coordination: CareCoordination | None = None
    retrospective_notice: Text | None = None
    """The payer's notice for services given already, where those stay with the payer (C12)."""
