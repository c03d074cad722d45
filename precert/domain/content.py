"""The content of a request: patient, providers, and services with their service lines (C3, D2).

A check, a draft and a request have the same model, so that nothing is entered twice (D1). Every field
may be absent in a draft; :mod:`precert.domain.completeness` lists what is missing for a check or a
submission.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from precert.domain.codes import Ndc, canonical_code, has_format
from precert.domain.dates import BirthDate, ServiceDate, days_after
from precert.domain.values import (
    WHOLE,
    AssertionId,
    AuthorizationType,
    CodeType,
    Diagnosis,
    MemberId,
    Modifier,
    Npi,
    Phone,
    ProcedureCode,
    ProviderKind,
    Purpose,
    State,
    Text,
    Tin,
    Units,
    UnitType,
    Urgency,
    Value,
    ZipCode,
)

MAX_SERVICES = 20
MAX_LINES = 100


class Patient(Value):
    """A member as entered for the search; all four fields must match the same member (P1)."""

    member_id: MemberId
    date_of_birth: BirthDate
    last_name: Text
    first_name: Text


class Address(Value):
    """A postal address in the United States."""

    line_1: Text
    line_2: Text | None = None
    city: Text
    state: State
    zip_code: ZipCode


class Provider(Value):
    """A requesting or servicing provider: from the directory, or entered manually (C16).

    Only a provider from the directory has a ``provider_id``.
    """

    provider_id: Text | None = None
    kind: ProviderKind | None = None
    name: Text | None = None
    npi: Npi | None = None
    tin: Tin | None = None
    address: Address | None = None
    phone: Phone | None = None
    fax: Phone | None = None


class Procedure(Value):
    """A service line (X12 2000F): one procedure code with the requested units and start date.

    A revenue code of three digits is stored with its leading zero (450 is 0450).
    """

    code: ProcedureCode
    code_type: CodeType | None = None
    start_date: ServiceDate | None = None
    units: Units | None = None
    unit_type: UnitType | None = None
    modifiers: Annotated[tuple[Modifier, ...], Field(max_length=4)] = ()

    @model_validator(mode="after")
    def _canonical(self) -> Self:
        if self.code_type is CodeType.REVENUE and has_format(self.code, CodeType.REVENUE):
            # The model is frozen for its callers, not while it is validated.
            object.__setattr__(self, "code", canonical_code(self.code, CodeType.REVENUE))
        return self


class Medication(Value):
    """A drug administered by infusion or injection (C11): its name or NDC, frequency and route."""

    name: Text | None = None
    ndc: Ndc | None = None
    frequency: Text | None = None
    route: Text | None = None


class Service(Value):
    """One service with its service lines (C3, D2).

    Inpatient services have an ``admission_date``, outpatient services a ``service_date``.
    ``requested_days`` is the length of a stay.
    """

    authorization_type: AuthorizationType | None = None
    type_of_service: Text | None = None
    place_of_service: Text | None = None
    urgency: Urgency | None = None
    admission_date: ServiceDate | None = None
    service_date: ServiceDate | None = None
    requested_days: Annotated[int, Field(ge=1, le=365), WHOLE] | None = None
    primary_diagnosis: Diagnosis | None = None
    additional_diagnoses: Annotated[tuple[Diagnosis, ...], Field(max_length=24)] = ()
    procedures: Annotated[tuple[Procedure, ...], Field(max_length=MAX_LINES)] = ()
    medication: Medication | None = None

    @property
    def first_day(self) -> date | None:
        """The day of admission or of the service; ``None`` while it is not entered."""
        return self.admission_date or self.service_date

    @property
    def last_day(self) -> date | None:
        """The last requested day: the end of the stay, or the latest start date of a procedure."""
        if self.first_day is None:
            return None
        stay = days_after(self.first_day, (self.requested_days or 1) - 1)
        starts = [one.start_date for one in self.procedures if one.start_date]
        return max([stay, *starts])

    def was_performed_before(self, day: date) -> bool:
        """Whether the whole service was certainly performed before a day.

        It is not certain for a stay without requested days, for several visits, days or hours, and for
        a medication: their end is not known.
        """
        if self.last_day is None or self.last_day >= day or self.medication is not None:
            return False
        if self.authorization_type is AuthorizationType.INPATIENT:
            return self.requested_days is not None
        return all(
            (procedure.units or 1) == 1 or procedure.unit_type in (None, UnitType.UNITS)
            for procedure in self.procedures
        )


ConfirmedVendors = Annotated[tuple[Text, ...], Field(max_length=MAX_SERVICES)]
Services = Annotated[tuple[Service, ...], Field(max_length=MAX_SERVICES)]


class RequestContent(Value):
    """The content of a request. Each field is a part, which is replaced as a whole when it is saved."""

    patient: Patient | None = None
    servicing_provider: Provider | None = None
    requesting_provider: Provider | None = None
    services: Services = ()
    assertion_id: AssertionId | None = None
    """The assertion id of the check from which the draft was started."""
    purpose: Purpose = Purpose.PRECERTIFICATION
    confirmed_vendors: ConfirmedVendors = ()
    """Ids of the delegated vendors to which the provider confirms that their service lines go."""

    @property
    def member_id(self) -> str | None:
        return self.patient.member_id if self.patient else None

    @property
    def tins(self) -> tuple[str, ...]:
        """The distinct TINs of both providers, which may see the request (A2)."""
        roles = (self.requesting_provider, self.servicing_provider)
        return tuple(dict.fromkeys(role.tin for role in roles if role and role.tin))


def numbered_lines(services: Iterable[Service]) -> Iterator[tuple[str, Service, Procedure | None]]:
    """Each service line: its id, its service, and its procedure.

    A service without procedure codes is one line, whose procedure is ``None``.
    """
    for number, service in enumerate(services, start=1):
        for index, procedure in enumerate(service.procedures or (None,), start=1):
            yield line_id_of(number, index), service, procedure


def line_id_of(service: int, line: int) -> str:
    """The id of a service line, such as ``2.1``. Both numbers are counted from 1, in order of entry."""
    return f"{service}.{line}"


PARTS: Final = frozenset(RequestContent.model_fields)
"""Names of the parts of a request's content."""


class ContentParts(Value):
    """Some parts of a request's content. A part that is sent is replaced; ``null`` clears it."""

    patient: Patient | None = None
    servicing_provider: Provider | None = None
    requesting_provider: Provider | None = None
    services: Services | None = None
    assertion_id: AssertionId | None = None
    purpose: Purpose | None = None
    confirmed_vendors: ConfirmedVendors | None = None

    @property
    def sent(self) -> frozenset[str]:
        """Names of the parts that were sent, cleared ones included."""
        return frozenset(self.model_fields_set)

    @property
    def content(self) -> RequestContent:
        """A content with the parts that were sent, and no others."""
        entered = {name: value for name, value in self if value is not None}
        return RequestContent(**entered)
