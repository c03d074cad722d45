"""Orders of an EHR, and the coverage information that the payer asserts for them (Da Vinci CRD).

An order has less data than a request: often neither a setting nor a type of service. The rule list is
applied for every combination of setting, type and place of service in the payer's form that the order
allows. If the results differ, the assertion is conditional and names the missing information.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from precert.domain.content import Medication, Patient, Procedure, Provider, RequestContent, Service
from precert.domain.payer import Payer
from precert.domain.rules import CodeResult, DelegatedVendor, Requirement, Rule
from precert.domain.values import AuthorizationType, CodeType, Diagnosis, Text, Urgency, Value


class Covered(StrEnum):
    """Whether the service is covered under the patient's plan."""

    COVERED = "covered"
    NOT_COVERED = "not-covered"
    CONDITIONAL = "conditional"
    INDETERMINATE = "indeterminate"


class AuthorizationNeeded(StrEnum):
    """Whether the service needs precertification."""

    NO_AUTH = "no-auth"
    AUTH_NEEDED = "auth-needed"
    SATISFIED = "satisfied"
    CONDITIONAL = "conditional"
    INDETERMINATE = "indeterminate"


class DocumentationNeeded(StrEnum):
    """Whether a questionnaire has to be completed (DTR)."""

    CLINICAL = "clinical"
    CONDITIONAL = "conditional"


class InformationNeeded(StrEnum):
    """Information that an assertion depends on and that the order does not have."""

    LOCATION = "location"
    DETAIL_CODE = "detail-code"
    CONTRACT_WINDOW = "contract-window"


class AssertionReason(StrEnum):
    """Reasons with a code of the implementation guide. Other reasons are texts."""

    NO_MEMBER_FOUND = "no-member-found"
    NO_ACTIVE_COVERAGE = "no-active-coverage"
    COVERAGE_NOT_FOUND = "coverage-not-found"
    TECHNICAL = "technical"


class Order(Value):
    """The data of one order that a check of its coverage uses.

    ``codes`` are its possible billing codes, each of which gets a result of its own. An authorization
    type of ``None``, and empty types or places of service, are not stated in the order.
    """

    codes: tuple[Procedure, ...] = ()
    day: date | None = None
    authorization_type: AuthorizationType | None = None
    types_of_service: tuple[Text, ...] = ()
    places_of_service: tuple[Text, ...] = ()
    urgency: Urgency = Urgency.STANDARD
    diagnoses: tuple[Diagnosis, ...] = ()
    medication: Medication | None = None
    requesting_provider: Provider | None = None
    servicing_provider: Provider | None = None
    is_drug: bool = False
    """Whether it is a MedicationRequest, whose code can be outside of the medical benefit."""
    unread: tuple[Text, ...] = ()
    """Elements that were sent and cannot be read. Such an order is not authorized automatically."""

    def settings(self, payer: Payer) -> tuple[tuple[AuthorizationType, str, str], ...]:
        """The combinations of authorization type, type and place of service that the order allows.

        Combinations are those of the payer's form. If none has all values of the order, its
        authorization type takes precedence, then its place of service, then its type of service.
        """
        form = [
            (kind.authorization_type, kind.code, place)
            for kind in payer.form.types_of_service
            for place in kind.places_of_service
        ]
        stated: tuple[Callable[[tuple[AuthorizationType, str, str]], bool], ...] = (
            lambda one: self.authorization_type in (None, one[0]),
            lambda one: not self.places_of_service or one[2] in self.places_of_service,
            lambda one: not self.types_of_service or one[1] in self.types_of_service,
        )
        for fits in stated:
            form = [one for one in form if fits(one)] or form
        return tuple(form)

    def services(self, procedure: Procedure, payer: Payer, today: date) -> tuple[Service, ...]:
        """The service for one of the order's codes, in each setting that the order allows.

        Without a day in the order, the service is on ``today``.
        """
        day = self.day or today
        return tuple(self._service(procedure, setting, day) for setting in self.settings(payer))

    def _service(
        self, procedure: Procedure, setting: tuple[AuthorizationType, str, str], day: date
    ) -> Service:
        kind, type_of_service, place = setting
        inpatient = kind is AuthorizationType.INPATIENT
        return Service(
            authorization_type=kind,
            type_of_service=type_of_service,
            place_of_service=place,
            urgency=self.urgency,
            admission_date=day if inpatient else None,
            service_date=None if inpatient else day,
            primary_diagnosis=self.diagnoses[0] if self.diagnoses else None,
            additional_diagnoses=self.diagnoses[1:25],
            procedures=(procedure.model_copy(update={"start_date": day}),),
            medication=self.medication,
        )

    def content(self, patient: Patient, payer: Payer) -> RequestContent | None:
        """The content of a request for the order.

        ``None`` unless the order has a day and exactly one code, and allows exactly one setting.
        """
        settings = self.settings(payer)
        if self.day is None or len(self.codes) != 1 or len(settings) != 1:
            return None
        [code], [setting] = self.codes, settings
        return RequestContent(
            patient=patient,
            requesting_provider=self.requesting_provider,
            servicing_provider=self.servicing_provider,
            services=(self._service(code, setting, self.day),),
        )


@dataclass(frozen=True)
class Reason:
    """The reason of an assertion: a text, and a code if there is one."""

    text: str
    code: AssertionReason | None = None


@dataclass(frozen=True)
class CoverageAssertion:
    """The payer's assertion for one or several billing codes of an order."""

    covered: Covered
    authorization: AuthorizationNeeded | None = None
    documentation: DocumentationNeeded | None = None
    documents: tuple[frozenset[str], ...] = ()
    """The different sets of required documentation in the settings of the order, by their codes."""
    information: tuple[InformationNeeded, ...] = ()
    reasons: tuple[Reason, ...] = ()
    limitations: tuple[str, ...] = ()
    """The assumptions of the assertion, in words."""
    number: str | None = None
    """The precertification number, if the authorization is ``SATISFIED``."""
    vendor: DelegatedVendor | None = None
    expires_on: date | None = None
    codes: tuple[tuple[CodeType, str], ...] = ()


@dataclass(frozen=True)
class EvaluatedSetting:
    """The result of the rule list for one code in one setting."""

    service: Service
    answer: CodeResult
    rule: Rule | None
    text: str | None = None
    """The payer's text about the next step, if the result alone does not explain it."""
    vendor: DelegatedVendor | None = None

    @property
    def is_known(self) -> bool:
        """Whether the result is another one than *unable to determine*."""
        return self.answer.requirement is not Requirement.UNABLE_TO_DETERMINE

    @property
    def outcome(self) -> tuple[Requirement, str | None]:
        """The requirement, and the delegated vendor if there is one."""
        return self.answer.requirement, self.answer.vendor_id

    @property
    def documents(self) -> frozenset[str]:
        """The codes of the required documentation, if precertification by the payer is required."""
        required = self.answer.requirement is Requirement.REQUIRED
        return frozenset(self.rule.required_documentation if required and self.rule else ())


UNREAD: Final = (
    "The order is not authorized by this call, as these elements cannot be read: {elements}. Diagnoses "
    "must have an ICD-10-CM code, quantities must be whole numbers, and dates must have a day."
)
SETTING_DECIDES: Final = "The answer depends on where the service is performed: {settings}."
OF_SETTING: Final = "Applies to a service that is {setting}."
NO_CODE: Final = (
    "The order has no CPT or HCPCS code, by which the payer's rule list answers. Add one, also as a "
    "billing option."
)
DOCUMENTS: Final = "Required documentation:"
NEXT_CONTRACT: Final = "The patient's coverage ends before the service, on {day}."
_ANSWERS: Final = {
    Requirement.REQUIRED: AuthorizationNeeded.AUTH_NEEDED,
    Requirement.DELEGATED_VENDOR: AuthorizationNeeded.AUTH_NEEDED,
    Requirement.NOT_REQUIRED: AuthorizationNeeded.NO_AUTH,
    Requirement.UNABLE_TO_DETERMINE: AuthorizationNeeded.INDETERMINATE,
}


def without_codes(order: Order, payer: Payer) -> CoverageAssertion:
    """The assertion for an order without a billing code."""
    text = payer.notices.get("medical_pharmacy") if order.is_drug else None
    return CoverageAssertion(
        Covered.CONDITIONAL,
        AuthorizationNeeded.CONDITIONAL,
        information=(InformationNeeded.DETAIL_CODE,),
        reasons=tuple(Reason(one) for one in (NO_CODE, text) if one),
    )


def after_coverage(last_day: date) -> CoverageAssertion:
    """The assertion for a service after the last day of the patient's coverage."""
    return CoverageAssertion(
        Covered.CONDITIONAL,
        AuthorizationNeeded.CONDITIONAL,
        information=(InformationNeeded.CONTRACT_WINDOW,),
        reasons=(Reason(NEXT_CONTRACT.format(day=last_day)),),
    )


def not_covered(code: AssertionReason, text: str) -> CoverageAssertion:
    """The assertion that the service is not covered, with its reason."""
    return CoverageAssertion(Covered.NOT_COVERED, reasons=(Reason(text, code),))


def satisfied(answer: CoverageAssertion, number: str, last_day: date) -> CoverageAssertion:
    """The assertion for an authorization in effect until ``last_day``, without documentation."""
    return replace(
        answer,
        authorization=AuthorizationNeeded.SATISFIED,
        documentation=None,
        documents=(),
        information=(),
        reasons=(),
        number=number,
        expires_on=min(last_day, answer.expires_on or last_day),
    )


def before_documentation(answer: CoverageAssertion) -> CoverageAssertion:
    """The assertion for an order that is still being written: without the required documentation."""
    if answer.documentation is None:
        return answer
    information = answer.information
    if answer.authorization is not AuthorizationNeeded.CONDITIONAL:
        information = ()
    reasons = tuple(one for one in answer.reasons if not one.text.startswith(DOCUMENTS))
    return replace(
        answer, documentation=None, documents=(), information=information, reasons=reasons
    )


def undetermined(text: str, code: AssertionReason | None = None) -> CoverageAssertion:
    """The assertion that nothing can be determined, with its reason."""
    return CoverageAssertion(
        Covered.INDETERMINATE, AuthorizationNeeded.INDETERMINATE, reasons=(Reason(text, code),)
    )


def asserted(
    settings: Sequence[EvaluatedSetting],
    vendors: Mapping[str, DelegatedVendor],
    code: tuple[CodeType, str],
) -> CoverageAssertion:
    """The assertion for one code, from its results in every setting that the order allows.

    ``vendors`` has the delegated vendors by id.
    """
    known = [one for one in settings if one.is_known]
    if not known:
        return CoverageAssertion(
            Covered.INDETERMINATE,
            AuthorizationNeeded.INDETERMINATE,
            reasons=_texts(settings),
            codes=(code,),
        )
    if len({one.outcome for one in known}) > 1:
        return CoverageAssertion(
            Covered.COVERED,
            AuthorizationNeeded.CONDITIONAL,
            information=(InformationNeeded.LOCATION,),
            reasons=(Reason(SETTING_DECIDES.format(settings=_differences(known))),),
            codes=(code,),
        )
    answer, vendor = known[0].answer, vendors.get(known[0].answer.vendor_id or "")
    documents = {one.documents for one in known}
    varying = len(documents) > 1
    ends = [one.rule.effective_to for one in known if one.rule and one.rule.effective_to]
    return CoverageAssertion(
        Covered.COVERED,
        _ANSWERS[answer.requirement],
        documentation=_documentation(documents),
        documents=tuple(sorted(filter(None, documents), key=sorted)),
        information=(InformationNeeded.LOCATION,) if varying else (),
        reasons=_texts(known),
        limitations=tuple(_limitations(settings, known)),
        vendor=vendor,
        expires_on=min(ends, default=None),
        codes=(code,),
    )


def _texts(settings: Sequence[EvaluatedSetting]) -> tuple[Reason, ...]:
    return tuple(Reason(text) for text in dict.fromkeys(one.text for one in settings) if text)


def _documentation(documents: set[frozenset[str]]) -> DocumentationNeeded | None:
    if not any(documents):
        return None
    varying = len(documents) > 1
    return DocumentationNeeded.CONDITIONAL if varying else DocumentationNeeded.CLINICAL


def _limitations(
    settings: Sequence[EvaluatedSetting], known: Sequence[EvaluatedSetting]
) -> Iterator[str]:
    """The settings to which the result applies, if other settings of the order have no result."""
    answered = {one.service.authorization_type for one in known}
    if answered != {one.service.authorization_type for one in settings}:
        yield from (OF_SETTING.format(setting=one.value.lower()) for one in answered if one)


_WORDS: Final = {
    Requirement.REQUIRED: "precertification by the plan",
    Requirement.DELEGATED_VENDOR: "precertification by a delegated vendor",
    Requirement.NOT_REQUIRED: "no precertification",
    Requirement.UNABLE_TO_DETERMINE: "unable to determine",
}


def _differences(known: Sequence[EvaluatedSetting]) -> str:
    """The results by setting, as in "inpatient: precertification by the plan; outpatient: …"."""
    by_setting: dict[str, dict[str, None]] = {}
    for one in known:
        kind = one.service.authorization_type
        words = by_setting.setdefault(kind.value.lower() if kind else "any", {})
        words[_WORDS[one.answer.requirement]] = None
    return "; ".join(f"{name}: {' or '.join(words)}" for name, words in sorted(by_setting.items()))


def merged(assertions: Sequence[CoverageAssertion]) -> tuple[CoverageAssertion, ...]:
    """One assertion for all codes with equal assertions.

    Codes that are ``INDETERMINATE`` are omitted if other codes of the order are not.
    """
    known = [one for one in assertions if one.covered is not Covered.INDETERMINATE]
    groups: dict[CoverageAssertion, list[tuple[CodeType, str]]] = {}
    for one in known or assertions:
        groups.setdefault(replace(one, codes=()), []).extend(one.codes)
    return tuple(replace(key, codes=tuple(dict.fromkeys(codes))) for key, codes in groups.items())
