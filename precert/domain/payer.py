"""The payer's configuration: what differs from payer to payer and is not code.

Shipped as ``payer.json`` beside the code of a deployment; ``data/payer/`` has that of the sample payer.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Final, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from precert.domain.codes import FORM_IN_WORDS, canonical_code, code_types_of, has_form
from precert.domain.content import (
    Address,
    Medication,
    Patient,
    Procedure,
    Provider,
    RequestContent,
    Service,
    numbered_lines,
)
from precert.domain.dates import Holiday
from precert.domain.decision_clocks import (
    ClockKind,
    ClockUnit,
    DecisionClock,
    Period,
    ReviewClock,
)
from precert.domain.rules import family_of
from precert.domain.statuses import LineStatus
from precert.domain.values import (
    AuthorizationType,
    CodeType,
    LoincCode,
    ProviderKind,
    Purpose,
    Text,
    UnitType,
    Urgency,
    Value,
)

if TYPE_CHECKING:
    from precert.domain.request import Request

_GROUPS: Final[dict[str, type[Value]]] = {
    "request": RequestContent,
    "patient": Patient,
    "address": Address,
    "servicing_provider": Provider,
    "requesting_provider": Provider,
    "service": Service,
    "procedure": Procedure,
    "medication": Medication,
}
"""What the form's fields are fields of."""


PLACEHOLDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "appeal_rights": ("filing_days", "standard", "expedited", "after_appeal"),
    "external_review": ("without_appeal",),
    "emergency": ("within", "unless_state"),
    "emergency_admission": ("within", "last_day"),
}
"""What is filled into texts that state a time limit, which is elsewhere in the payer's data."""


class Contact(Value):
    """Whom to call, and when."""

    name: Text
    phone: Text
    hours: Text | None = None


LEAST_CONTRAST: Final = 4.5
"""Of text against its background (WCAG 2.2, criterion 1.4.3)."""
LIGHT_BACKGROUND: Final = "#ffffff"
DARK_BACKGROUND: Final = "#1e1e1e"


def _luminance(color: str) -> float:
    """Return the relative luminance of ``#rrggbb``, as WCAG defines it."""
    channels = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(color: str, background: str) -> float:
    """Return the contrast ratio of two colors, from 1 to 21."""
    darker, lighter = sorted((_luminance(color), _luminance(background)))
    return (lighter + 0.05) / (darker + 0.05)


def _readable_on(background: str) -> AfterValidator:
    def readable(color: str) -> str:
        ratio = contrast(color, background)
        if ratio < LEAST_CONTRAST:
            raise ValueError(
                f"{color} has a contrast of {ratio:.1f} against {background}; "
                f"it must have {LEAST_CONTRAST} or more"
            )
        return color

    return AfterValidator(readable)


Color = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class Branding(Value):
    """What distinguishes the payer's portal from that of another payer."""

    accent_color: Annotated[Color, _readable_on(LIGHT_BACKGROUND)] = "#0b5c7a"
    accent_color_dark: Annotated[Color, _readable_on(DARK_BACKGROUND)] = "#7cc4e0"
    """On a light and on a dark background."""
    logo: Annotated[Text, Field(pattern=r"^/payer/[a-z0-9-]+\.(svg|png)$")] | None = None
    """The path of the logo at the address of the portal; the name is shown without one.

    The file of that name is beside ``payer.json``."""

    @property
    def logo_file(self) -> str | None:
        """The name of the logo's file."""
        return self.logo.rpartition("/")[2] if self.logo else None


class UtilizationManagement(Value):
    """How the payer's reviewers work."""

    assignment_minutes: Annotated[int, Field(ge=1)]
    """How long a case stays assigned to the reviewer who assigned it."""
    lead_assignment_minutes: Annotated[int, Field(ge=1)] = 1440
    """How long a case stays assigned to a reviewer whom a lead assigned."""
    approval_days: Annotated[int, Field(ge=1)]
    """Length of an approved period where the request is not for a stay."""
    approval_start_days: Annotated[int, Field(ge=0)] = 60
    """How far an approved period may begin before or after the requested day."""
    approval_max_days: Annotated[int, Field(ge=1)] = 366
    """The longest approved period, unless a longer stay was requested."""
    physician_decides_adverse: bool = True
    """Whether a physician must decide denials and reductions; other reviewers propose them (W10)."""
    second_signature: frozenset[LineStatus] = frozenset()
    """Decisions that a second reviewer has to sign."""
    licensed_credentials: tuple[Text, ...] = ()
    """Credentials with which a delegated vendor's reviewer may deny or reduce, upper case (W10)."""
    peer_to_peer_phone: Text
    peer_to_peer_hours: Annotated[int, Field(ge=1)]
    """How long an offered peer-to-peer discussion can be accepted."""
    peer_to_peer_request_days: Annotated[int, Field(ge=0)] = 14
    """How long after an adverse determination a discussion can be requested; 0 for never (W12)."""
    peer_to_peer_hold_hours: Annotated[int, Field(ge=1)] = 48
    """How soon the payer holds a requested discussion."""
    reconsideration_filing_days: Annotated[int, Field(ge=0)] = 60
    """How long after an adverse determination a reconsideration can be requested (W12)."""
    reconsideration_days: Annotated[int, Field(ge=1)] = 14
    reconsideration_expedited_hours: Annotated[int, Field(ge=1)] = 72
    """How long the decision of a reconsideration takes."""
    duplicate_window_days: Annotated[int, Field(ge=0)]
    """Requests whose dates are so many days apart or less may repeat each other (S2)."""


class ReasonRule(Value):
    """Which decisions a reason code fits."""

    statuses: frozenset[LineStatus] = frozenset(
        status for status in LineStatus if status.rule.adverse
    )
    needs_information_request: bool = False
    """Whether it states that requested information is missing."""


class RationaleTemplate(Value):
    """A text to begin a rationale with; the reviewer edits it for the case."""

    name: Text
    text: Annotated[str, Field(min_length=1, max_length=2000)]


class DraftClock(Value):
    """How long a draft is retained after each save (D3)."""

    hours: Annotated[int, Field(ge=1)]
    resting_weekdays: Annotated[frozenset[Annotated[int, Field(ge=0, le=6)]], Field(max_length=6)]
    """Weekdays on which the clock pauses; Monday is 0. It runs on at least one."""
    warn_hours_left: Annotated[int, Field(ge=0)] = 0
    """How many of the hours are left when a message warns, by the same clock; 0 is no warning (D5)."""

    @property
    def length(self) -> timedelta:
        return timedelta(hours=self.hours)

    @property
    def warn_after(self) -> timedelta | None:
        """How much of the clock runs before the warning."""
        return self.length - timedelta(hours=self.warn_hours_left) if self.warn_hours_left else None

    @model_validator(mode="after")
    def _warns_in_time(self) -> Self:
        if self.warn_hours_left >= self.hours:
            raise ValueError("warn_hours_left must be fewer than hours")
        return self


class BusinessCalendar(Value):
    """The days on which the payer works: all but these weekdays and dates. Monday is 0."""

    resting_weekdays: Annotated[frozenset[Annotated[int, Field(ge=0, le=6)]], Field(max_length=6)]
    holidays: frozenset[Holiday]

    def counts(self, day: date) -> bool:
        return day.weekday() not in self.resting_weekdays and day not in self.holidays


class EmergencyNotice(Value):
    """Business days after an emergency admission within which it is reported (C10)."""

    business_days: Annotated[int, Field(ge=0)]
    business_days_by_state: Mapping[str, Annotated[int, Field(ge=0)]] = {}
    """Where a state has another limit, by the servicing provider's state."""

    def days_in(self, state: str | None) -> int:
        return self.business_days_by_state.get(state or "", self.business_days)


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
    download_seconds: Annotated[int, Field(ge=10)]


class PlaceOfService(Value):
    """A place of service: the payer's code and name, with the CMS code if it has one."""

    code: Text
    name: Text
    cms_code: Text | None = None


class TypeOfService(Value):
    """A choice of the form, and the choices that follow from it (C4)."""

    code: Text
    name: Text
    authorization_type: AuthorizationType
    procedure_required: bool
    medication_required: bool = False
    """Whether it always needs its medication; other types do where a code is a drug's (C11)."""
    places_of_service: tuple[Text, ...]
    x12_service_type: Text | None = None
    """X12 1365: its code in an exported request (C8)."""


class CodeRange(Value):
    """Codes of one code set from the first to the last, both of the same form (C5)."""

    code_type: CodeType
    code_from: Text
    code_to: Text
    label: Text | None = None
    """The payer's words for the codes, for people."""

    def names(self, code: str, code_type: CodeType) -> bool:
        """Whether the code is in the range."""
        if code_type is not self.code_type:
            return False
        canonical = canonical_code(code, code_type)
        in_order = self.code_from <= canonical <= self.code_to
        return in_order and family_of(canonical, code_type) == self._family

    @property
    def _family(self) -> str:
        return family_of(self.code_from, self.code_type)

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        for code in (self.code_from, self.code_to):
            if not has_form(code, self.code_type) or canonical_code(code, self.code_type) != code:
                form = FORM_IN_WORDS[self.code_type]
                raise ValueError(f"{code} is no {self.code_type} code: it has {form}")
        if self._family != family_of(self.code_to, self.code_type) or self.code_to < self.code_from:
            raise ValueError(f"{self.code_from} to {self.code_to} is no range of codes")
        return self


class DiagnosisRange(Value):
    """ICD-10-CM categories or codes from the first to the last, of the same length."""

    code_from: Annotated[str, Field(pattern=r"^[A-Z][0-9A-Z]{2,6}$")]
    code_to: Annotated[str, Field(pattern=r"^[A-Z][0-9A-Z]{2,6}$")]

    @model_validator(mode="after")
    def _has_ends_of_one_length(self) -> Self:
        if len(self.code_from) != len(self.code_to):
            raise ValueError("code_from and code_to have as many characters")
        return self

    def has(self, diagnosis: str) -> bool:
        """Whether the diagnosis is of one of the categories or codes."""
        return self.code_from <= diagnosis[: len(self.code_from)] <= self.code_to


class Choice(Value):
    """A choice: the code that is sent, and the payer's name for it."""

    code: Text
    name: Text


class Stage(StrEnum):
    """When a field is required; what a check requires, a submission requires too."""

    CHECK = "CHECK"
    SUBMISSION = "SUBMISSION"


class FormField(Value):
    """A field of the form: its label, and when it is required.

    Without ``authorization_types`` it is shown for all of them.
    """

    name: Text
    label: Text
    required_for: Stage | None = None
    authorization_types: tuple[AuthorizationType, ...] = ()
    notice: Text | None = None
    """The notice to show with the field."""


class Form(Value):
    """The form as data: a portal and the validation use the same (C3, C4)."""

    fields: dict[str, tuple[FormField, ...]]
    """By what they are fields of, in the order of the form."""
    authorization_types: tuple[Choice, ...]
    types_of_service: tuple[TypeOfService, ...]
    places_of_service: tuple[PlaceOfService, ...]
    urgencies: tuple[Choice, ...]
    unit_types: tuple[Choice, ...]
    code_types: tuple[Choice, ...]
    frequencies: tuple[Choice, ...]
    routes: tuple[Choice, ...]
    provider_kinds: tuple[Choice, ...]
    purposes: tuple[Choice, ...]

    @cached_property
    def memo(self) -> dict[object, object]:
        """A cache of :mod:`precert.domain.form` for this form, as long as the process runs."""
        return {}

    @model_validator(mode="after")
    def _fields_exist(self) -> Self:
        if set(self.fields) != set(_GROUPS):
            raise ValueError(f"fields must have the groups {', '.join(_GROUPS)}")
        for group, model in _GROUPS.items():
            named = {field.name for field in self.fields[group]}
            if unknown := named - set(model.model_fields):
                raise ValueError(f"{group} has no fields {unknown}")
        if missing := set(Service.model_fields) - {field.name for field in self.fields["service"]}:
            raise ValueError(f"each field of a service needs its place: {missing}")
        return self

    @model_validator(mode="after")
    def _choices_are_known(self) -> Self:
        for name, choices, known in (
            ("authorization_types", self.authorization_types, AuthorizationType),
            ("urgencies", self.urgencies, Urgency),
            ("unit_types", self.unit_types, UnitType),
            ("code_types", self.code_types, CodeType),
            ("provider_kinds", self.provider_kinds, ProviderKind),
            ("purposes", self.purposes, Purpose),
        ):
            if unknown := {choice.code for choice in choices} - _values(known):
                raise ValueError(f"{name} has choices that cannot be sent: {unknown}")
        return self

    @model_validator(mode="after")
    def _places_exist(self) -> Self:
        known = {place.code for place in self.places_of_service}
        for kind in self.types_of_service:
            if unknown := set(kind.places_of_service) - known:
                raise ValueError(f"{kind.code} names places that are not listed: {unknown}")
        return self


def _values(members: Iterable[StrEnum]) -> set[str]:
    return {member.value for member in members}


class PayerIdentifier(Value):
    """An identifier by which coverages name the payer, as a FHIR Identifier."""

    system: Text
    value: Text


class CoverageDiscovery(Value):
    """How the payer answers orders of EHRs (Da Vinci CRD)."""

    payer_identifiers: tuple[PayerIdentifier, ...] = ()
    """Those of the payer. A coverage that names only others is of another payer.

    Not compared if empty."""
    authorize_orders: bool = False
    """Whether signed orders that the rules approve by themselves are authorized at once."""

    def is_other_payer(self, named: Collection[tuple[str, str]]) -> bool:
        """Whether these identifiers, if any, are those of other payers."""
        known = {(one.system, one.value) for one in self.payer_identifiers}
        return bool(known and named) and known.isdisjoint(named)


class Payer(Value):
    """One payer."""

    name: Text
    time_zone: Text
    number_prefix: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    provider_services: Contact
    branding: Branding = Branding()
    mailing_address: Address
    """The return address of notices, and where appeals are mailed."""
    supported_management_levels: tuple[Text, ...]
    review_clocks: dict[str, ReviewClock]
    """By line of business."""
    utilization_management: UtilizationManagement
    draft_clock: DraftClock
    business_calendar: BusinessCalendar
    emergency_notice: EmergencyNotice
    history_years: Annotated[int, Field(ge=1)]
    """How long a request and its messages stay after their last change, by the calendar (T4)."""
    service_dates: ServiceDateWindow
    documents: DocumentLimits
    coverage_discovery: CoverageDiscovery = CoverageDiscovery()
    form: Form
    behavioral_services: tuple[CodeRange, ...] = ()
    """Codes of behavioral services, which have guidance and no form (A5)."""
    behavioral_diagnoses: tuple[DiagnosisRange, ...] = ()
    """Primary diagnoses by which a stay without codes is behavioral (A5)."""
    drug_codes: tuple[CodeRange, ...] = ()
    """Codes of drugs: a service with one needs its medication (C11)."""
    reason_codes: dict[str, str]
    """X12 886 codes that a denial may carry, with their meaning."""
    reason_rules: Mapping[str, ReasonRule] = {}
    """Reason codes that do not fit every denial and reduction."""
    rationale_templates: Mapping[str, tuple[RationaleTemplate, ...]] = {}
    """Texts by reason code from which a reviewer writes a rationale."""
    criteria: tuple[Text, ...] = ()
    """Names of criteria that reviewers often cite; others can be entered."""
    required_documentation: dict[str, Text]
    """Documents that a rule can require with a request: the text of each code."""
    attachment_codes: Mapping[str, LoincCode] = {}
    """The LOINC codes of requests for required documentation, and of the documents sent, by the code
    of the document. Without one, its text is sent as a note."""
    notices: dict[str, str]
    messages: dict[str, str]
    """Texts of the inbox by event type; ``{number}``, ``{status}`` and, of a refused document,
    ``{reason}`` are filled in."""

    @model_validator(mode="after")
    def _notices_of_fields_exist(self) -> Self:
        named = {field.notice for group in self.form.fields.values() for field in group}
        if unknown := sorted(name for name in named if name and name not in self.notices):
            raise ValueError(f"fields of the form name notices that there are not: {unknown}")
        return self

    @model_validator(mode="after")
    def _templates_are_of_reasons(self) -> Self:
        if unknown := self.rationale_templates.keys() - self.reason_codes.keys():
            raise ValueError(f"rationale_templates names codes that are not reasons: {unknown}")
        return self

    @model_validator(mode="after")
    def _placeholders_of_notices_are_known(self) -> Self:
        for name, known in PLACEHOLDERS.items():
            if name not in self.notices:
                raise ValueError(f"notices needs the text {name}")
            try:
                self.notices[name].format_map(dict.fromkeys(known, ""))
            except (IndexError, KeyError, ValueError) as error:
                named = ", ".join(f"{{{one}}}" for one in known)
                raise ValueError(
                    f"the text {name} may have only the placeholders {named}"
                ) from error
        return self

    @model_validator(mode="after")
    def _attachment_codes_name_one_document_each(self) -> Self:
        if unknown := self.attachment_codes.keys() - self.required_documentation.keys():
            raise ValueError(
                "attachment_codes names documents that are not in required_documentation: "
                f"{sorted(unknown)}"
            )
        counted = Counter(self.attachment_codes.values())
        if repeated := sorted(code for code, count in counted.items() if count > 1):
            raise ValueError(
                f"attachment_codes has LOINC codes of several documents: {repeated}. A received "
                "document could not be assigned; give each document a code of its own, or none"
            )
        return self

    @model_validator(mode="after")
    def _reason_rules_are_of_reasons(self) -> Self:
        if unknown := self.reason_rules.keys() - self.reason_codes.keys():
            raise ValueError(f"reason_rules names codes that are not in reason_codes: {unknown}")
        return self

    def document_of_attachment(self, loinc_code: str) -> str | None:
        """The code of the required document that a LOINC code names, if any."""
        named = (document for document, code in self.attachment_codes.items() if code == loinc_code)
        return next(named, None)

    def reason_rule(self, code: str) -> ReasonRule:
        return self.reason_rules.get(code, ReasonRule())

    def reasons_for(self, status: LineStatus) -> tuple[str, ...]:
        """The reason codes of a denial or a reduction."""
        codes = sorted(self.reason_codes)
        return tuple(code for code in codes if status in self.reason_rule(code).statuses)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def behavioral_service(self, code: str, code_type: CodeType | None) -> CodeRange | None:
        """The range of behavioral services that has the code, if any (A5)."""
        return _range_of(code, code_type, self.behavioral_services)

    def is_behavioral_stay(self, service: Service) -> bool:
        """Whether a stay without codes is behavioral by its primary diagnosis (A5)."""
        diagnosis = service.primary_diagnosis
        if service.procedures or diagnosis is None:
            return False
        return any(codes.has(diagnosis) for codes in self.behavioral_diagnoses)

    def is_drug(self, code: str, code_type: CodeType | None) -> bool:
        """Whether the code is a drug's (C11)."""
        return _range_of(code, code_type, self.drug_codes) is not None

    def needs_medication(self, service: Service) -> bool:
        """Whether the service needs its medication: by its type or by one of its codes (C11)."""
        return any(
            kind.medication_required
            for kind in self.form.types_of_service
            if kind.code == service.type_of_service
        ) or any(self.is_drug(one.code, one.code_type) for one in service.procedures)

    def has_drug_clock(self, service: Service, procedure: Procedure | None) -> bool:
        """Whether a line is a drug that is infused or injected outside of a stay (W11).

        A drug is identified by its code. A medication that is entered by name or NDC, without the code
        of a drug, makes each line of its service one: their codes state how it is given.
        """
        if service.authorization_type is not AuthorizationType.OUTPATIENT:
            return False
        if procedure is not None and self.is_drug(procedure.code, procedure.code_type):
            return True
        if any(self.is_drug(one.code, one.code_type) for one in service.procedures):
            return False
        return service.medication is not None or self.needs_medication(service)

    def drug_lines(self, content: RequestContent) -> frozenset[str]:
        """The ids of the lines that have the clock of drugs, where the line of business has one."""
        return frozenset(
            line_id
            for line_id, service, procedure in numbered_lines(content.services)
            if self.has_drug_clock(service, procedure)
        )

    def clock_for(self, request: "Request") -> ReviewClock:
        """The deadlines of the request's line of business, with those of its state (W2, W7)."""
        plan = request.plan
        return self.review_clocks[plan.line_of_business].in_state(plan.state)

    def decision_clock(
        self, request: "Request", line_ids: Collection[str] | None = None
    ) -> DecisionClock:
        """The clock of the request's current cycle, by line of business and state (W2, W11).

        All lines of a cycle are decided together, so that one drug gives it the clock of drugs.
        ``line_ids`` are other lines than those that the payer decides in the cycle. The clock of a
        reconsideration or discussion is a setting, as no regulation limits it (W12).
        """
        kind, settings = request.clock_kind(self.zone), self.utilization_management
        appeal = request.submitted.open_appeal
        if kind is ClockKind.PEER_TO_PEER:
            return _own_clock(settings.peer_to_peer_hold_hours, ClockUnit.HOURS)
        if kind is ClockKind.RECONSIDERATION and appeal is not None and appeal.expedited:
            return _own_clock(settings.reconsideration_expedited_hours, ClockUnit.HOURS)
        if kind is ClockKind.RECONSIDERATION:
            return _own_clock(settings.reconsideration_days, ClockUnit.CALENDAR_DAYS)
        if line_ids is None:
            line_ids = {line.line_id for line in request.lines_to_decide}
        drug = not self.drug_lines(request.content).isdisjoint(line_ids)
        return self.clock_for(request).clock(kind, request.plan.state, drug=drug)

    def appeal_limits(
        self, request: "Request", line_ids: Collection[str], *, expedited: bool
    ) -> Mapping[str, Period]:
        """How long the decision of an appeal of each line takes (W4)."""
        kind = ClockKind.APPEAL_STANDARD
        if expedited:
            kind = ClockKind.APPEAL_EXPEDITED
        elif request.was_performed(self.zone):
            kind = ClockKind.APPEAL_RETROSPECTIVE
        clocks, drugs = self.clock_for(request), self.drug_lines(request.content)
        return {
            line_id: clocks.clock(kind, request.plan.state, drug=line_id in drugs).limit
            for line_id in sorted(line_ids)
        }

    def appeal_words(self, request: "Request", line_ids: Collection[str]) -> Mapping[str, str]:
        """What texts about an appeal of these lines state: placeholders, each with its words (W4)."""
        clock = self.clock_for(request)
        review = clock.external_review
        return {
            "filing_days": str(clock.appeal_filing_days),
            "standard": written_limits(self.appeal_limits(request, line_ids, expedited=False)),
            "expedited": written_limits(self.appeal_limits(request, line_ids, expedited=True)),
            "after_appeal": review.after_appeal if review else "",
        }


def written_limits(limits: Mapping[str, Period]) -> str:
    """The time limits of service lines in words: one where they are equal, or each with its lines."""
    by_limit: dict[Period, list[str]] = {}
    for line_id, limit in limits.items():
        by_limit.setdefault(limit, []).append(line_id)
    if len(by_limit) == 1:
        return next(iter(by_limit)).words
    return " or ".join(
        f"{limit.words} for service line {' and '.join(line_ids)}"
        for limit, line_ids in by_limit.items()
    )


def _own_clock(amount: int, unit: ClockUnit) -> DecisionClock:
    limit = Period(amount=amount, unit=unit)
    return DecisionClock(
        source="the payer's utilization management settings",
        limit=limit,
        pause=False,
        information=limit,
    )


def _range_of(
    code: str, code_type: CodeType | None, ranges: Iterable[CodeRange]
) -> CodeRange | None:
    """The first range that has the code; of a code that fits several code sets there is none."""
    kinds = code_types_of(code) if code_type is None else (code_type,)
    if len(kinds) != 1 or not has_form(code, kinds[0]):
        return None
    return next((codes for codes in ranges if codes.names(code, kinds[0])), None)
