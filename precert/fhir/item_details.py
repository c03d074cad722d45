"""The details of a service line in a response, other than its decision: services, dates, providers.

Elements of the claim's item that the payer does not process are returned as they were sent. All others
are taken from the request, so that responses for every channel have them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from precert.domain.codes import modifier_code_type
from precert.domain.content import Procedure, Service, numbered_lines
from precert.domain.decisions import Approved, Decision, ServiceLine
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.values import AuthorizationType, CodeType
from precert.domain.wording import written_diagnosis
from precert.fhir import systems
from precert.fhir.bundles import Bundle, code_in, codings, objects
from precert.fhir.elements import Json, concept, extension, present, reference

_ECHOED: Final = ("itemTraceNumber", "authorizationNumber")
"""Extensions of a claim's item that are returned in ``item`` and in ``addItem``."""
_OF_APPROVED: Final = (
    *("certificationType", "epsdtIndicator", "nursingHomeLevelOfCare"),
    *("nursingHomeResidentialStatus", "requestedService", "revenueUnitRateLimit"),
    "serviceItemRequestType",
)
"""Further extensions of a claim's item that are returned in ``addItem``."""
_REPEATED: Final = frozenset({"itemTraceNumber"})
"""Extensions that an item can have more than once."""
_DISCHARGE: Final = "dischargeDates"


@dataclass(frozen=True)
class ItemDetails:
    """A service line with its service and its item in the claim.

    ``procedure`` is ``None`` for a line without a code; ``sent`` is empty without a claim; ``inquired``
    is whether the response is to an inquiry.
    """

    line: ServiceLine
    service: Service
    procedure: Procedure | None
    sent: Json
    bundle: Bundle
    payer: Payer
    inquired: bool

    @property
    def decision(self) -> Decision | None:
        """The decision in effect."""
        decided = self.line.decisions and self.line.cancelled_at is None
        return self.line.decisions[-1] if decided else None

    def of_item(self) -> list[Json]:
        """The extensions of ``item``: what was requested and, if approved, what is authorized."""
        approved = self.line.approved
        found = [*self._echoed(_ECHOED), *self._requested()]
        if approved is not None:
            found += [self._authorized(approved), *self.providers()]
        return found

    def of_added(self, decision: Decision, approved: Approved) -> Json:
        """The members of ``addItem``, which has what was approved instead of the requested item."""
        return {
            "extension": [
                *self._echoed((*_ECHOED, *_OF_APPROVED)),
                *self._admission(approved.from_date),
                *self._revenue(),
                *self._code_end(approved),
                issued(decision.decided_at),
            ],
            "provider": [
                {**one, "extension": [_provider_type()]} for one in self._provider_references()
            ],
            "modifier": [_modifier(one) for one in self.procedure.modifiers]
            if self.procedure
            else [],
            "servicedPeriod": period(approved.from_date, approved.to_date),
            "locationCodeableConcept": self._place(),
            "unitPrice": self.sent.get("unitPrice"),
        }

    def providers(self) -> list[Json]:
        """The providers for whom the line is approved, as extensions itemAuthorizedProvider."""
        return [
            extension(
                "itemAuthorizedProvider",
                extension=[{"url": "provider", "valueReference": one}, _provider_type()],
            )
            for one in self._provider_references()
        ]

    # -- Parts ----------------------------------------------------------------------------------------

    def _echoed(self, names: Sequence[str]) -> list[Json]:
        found: list[Json] = []
        for one in objects(self.sent, "extension"):
            name = one["url"].removeprefix(systems.extension_url(""))
            is_first = all(one["url"] != each["url"] for each in found)
            if name in names and (is_first or name in _REPEATED):
                found.append(one)
        return found

    def _requested(self) -> Iterator[Json]:
        first, last = self.service.first_day, self.service.last_day
        if self.procedure is not None and self.procedure.start_date is not None:
            first = last = self.procedure.start_date
        if first is not None and last is not None:
            yield extension("itemRequestedServiceDate", valuePeriod=period(first, last))
        approved = self.line.approved
        yield from self._admission(approved.from_date if approved else None)
        diagnoses = [self.service.primary_diagnosis, *self.service.additional_diagnoses]
        # The response to an inquiry permits one diagnosis.
        for one in [*filter(None, diagnoses)][: 1 if self.inquired else None]:
            code = concept(systems.ICD_10_CM, written_diagnosis(one))
            yield extension("communicatedDiagnosis", valueCodeableConcept=code)

    def _admission(self, approved_from: date | None) -> Iterator[Json]:
        """The admission date of a stay and, if the claim has it, the discharge date."""
        admitted = approved_from or self.service.admission_date
        if self.service.authorization_type is not AuthorizationType.INPATIENT or admitted is None:
            return
        yield extension("admissionDates", valueDate=admitted.isoformat())
        for info in objects(self.bundle.first, "supportingInfo"):
            day = info.get("timingDate")
            if code_in(info.get("category"), systems.PAS_CODES) == _DISCHARGE and day:
                yield extension("dischargeDate", valueDate=day)
                return

    def _authorized(self, approved: Approved) -> Json:
        code_type, code = self.line.code_type, approved.code or self.line.code
        parts: list[Json] = []
        if code_type in (CodeType.CPT, CodeType.HCPCS) and code:
            coded = concept(systems.CODE_SYSTEMS[code_type], code)
            parts.append({"url": "productOrServiceCode", "valueCodeableConcept": coded})
        if self.procedure is not None:
            parts += (
                {"url": "modifier", "valueCodeableConcept": _modifier(one)}
                for one in self.procedure.modifiers
            )
        if approved.units is not None:
            parts.append({"url": "quantity", "valueQuantity": quantity(approved)})
        if "unitPrice" in self.sent:
            parts.append({"url": "unitPrice", "valueMoney": self.sent["unitPrice"]})
        echoed = ("epsdtIndicator", "nursingHomeLevelOfCare", "revenueUnitRateLimit")
        return extension(
            "itemAuthorizedDetail",
            extension=[*parts, *self._code_end(approved), *self._echoed(echoed), *self._revenue()],
        )

    def _code_end(self, approved: Approved) -> list[Json]:
        """The last code of a range, if the range is the one code that was requested and approved.

        The rules and reviewers decide about the first code of a range only.
        """
        found = self._echoed(("productOrServiceCodeEnd",))
        ends = {code for one in found for _, code in codings(one.get("valueCodeableConcept"))}
        is_one = self.line.code in ends and approved.code in (None, self.line.code)
        return found if is_one else []

    def _revenue(self) -> Iterator[Json]:
        revenue = self.sent.get("revenue")
        if isinstance(revenue, dict):
            yield extension("revenueCode", valueCodeableConcept=revenue)

    def _place(self) -> Json | None:
        places = self.payer.form.places_of_service
        code = next(
            (one.cms_code for one in places if one.code == self.service.place_of_service), None
        )
        return concept(systems.CMS_PLACE_OF_SERVICE, code) if code else None

    def _provider_references(self) -> list[Json]:
        """The item's care team members, else the requesting provider: practitioner or organization."""
        numbers = self.sent.get("careTeamSequence")
        team = [
            one
            for one in objects(self.bundle.first, "careTeam")
            if isinstance(numbers, list) and one.get("sequence") in numbers
        ]
        sent = [one.get("provider") for one in team] or [self.bundle.first.get("provider")]
        parties = (parties_of(self.bundle, one) for one in sent)
        found = dict.fromkeys(url for one in parties if (url := next(iter(one.values()), None)))
        return [reference(url) for url in found]


def details_of(
    request: Request, bundle: Bundle, payer: Payer, *, inquired: bool
) -> Callable[[ServiceLine, Json], ItemDetails]:
    """A function that returns the details of a service line with its item of the claim."""
    known = {
        line_id: (service, procedure)
        for line_id, service, procedure in numbered_lines(request.content.services)
    }

    def of_line(line: ServiceLine, sent: Json) -> ItemDetails:
        service, procedure = known.get(line.line_id, (Service(), None))
        return ItemDetails(line, service, procedure, sent, bundle, payer, inquired)

    return of_line


def parties_of(bundle: Bundle, sent: object) -> dict[str, str]:
    """The full URLs of a provider's practitioner and organization, by resource type.

    ``sent`` is a Reference to one of these or to a PractitionerRole.
    """
    target = bundle.target(sent)
    parties = [target]
    if target is not None and target["resourceType"] == "PractitionerRole":
        parties = [bundle.target(target.get(name)) for name in ("practitioner", "organization")]
    return {
        one["resourceType"]: url
        for one in parties
        if one is not None and one["resourceType"] in ("Practitioner", "Organization")
        if (url := bundle.full_url(one)) is not None
    }


def period(first: date, last: date) -> Json:
    """A FHIR Period of days."""
    return {"start": first.isoformat(), "end": last.isoformat()}


def quantity(approved: Approved) -> Json | None:
    """The approved units as a Quantity; ``None`` if no units are approved."""
    if approved.units is None:
        return None
    unit = approved.unit_type.value.lower() if approved.unit_type else None
    return present(value=approved.units, unit=unit)


def issued(at: datetime) -> Json:
    """The extension with the date (UTC) of a line's decision."""
    return extension("itemPreAuthIssueDate", valueDate=at.astimezone(UTC).date().isoformat())


def _provider_type() -> Json:
    code = concept(systems.ENTITY, systems.SERVICE_PROVIDER)
    return extension("authorizedProviderType", valueCodeableConcept=code)


def _modifier(modifier: str) -> Json:
    return concept(systems.CODE_SYSTEMS[modifier_code_type(modifier)], modifier)
