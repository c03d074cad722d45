"""The payer's configuration, which is data: everything that differs between payers.

A deployment ships it as ``payer.json`` beside the code; ``data/payer/`` has that of the sample payer.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Final, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from precert.domain.branding import Branding
from precert.domain.codes import CodeRange, DiagnosisRange, range_of
from precert.domain.content import Address, Procedure, RequestContent, Service, numbered_lines
from precert.domain.dates import Holiday
from precert.domain.decision_clocks import ClockKind, ClockUnit, DecisionClock, Period, ReviewClock
from precert.domain.form_settings import Form
from precert.domain.statuses import LineStatus
from precert.domain.values import AuthorizationType, CodeType, LoincCode, Text, Value
from precert.domain.wording import written_phone

if TYPE_CHECKING:
    from precert.domain.request import Request

PLACEHOLDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "appeal_rights": ("filing_days", "standard", "expedited", "after_appeal"),
    "external_review": ("without_appeal",),
    "no_external_review": ("number",),
    "emergency": ("within", "unless_state"),
    "emergency_admission": ("within", "last_day"),
}
"""The placeholders of notices with a time limit, which another setting of the payer's data defines."""


WrittenPhone = Annotated[Text, AfterValidator(written_phone)]
"""A phone number, as people read it everywhere."""


class Contact(Value):
    """A phone contact with its hours."""

    name: Text
    phone: WrittenPhone
    hours: Text | None = None


class UtilizationManagement(Value):
    """The settings of clinical review."""

    assignment_minutes: Annotated[int, Field(ge=1)]
    """How long a case stays assigned to a reviewer who assigned it to themselves."""
    lead_assignment_minutes: Annotated[int, Field(ge=1)] = 1440
    """How long a case stays assigned to a reviewer to whom a lead assigned it."""
    approval_days: Annotated[int, Field(ge=1)]
    """Length in days of an approved period, except for a stay."""
    approval_start_days: Annotated[int, Field(ge=0)] = 60
    """The most days between the requested first day and that of an approved period."""
    approval_max_days: Annotated[int, Field(ge=1)] = 366
    """The most days of an approved period, unless a longer stay was requested."""
    physician_decides_adverse: bool = True
    """Whether a physician must decide denials and reductions; other reviewers propose them (W10)."""
    second_signature: frozenset[LineStatus] = frozenset()
    """Statuses of decisions that a second reviewer has to sign."""
    licensed_credentials: tuple[Text, ...] = ()
    """Credentials with which a delegated vendor's reviewer may deny or reduce (W10).

    Upper case, without periods."""
    peer_to_peer_phone: WrittenPhone
    peer_to_peer_hours: Annotated[int, Field(ge=1)]
    """Hours within which an offer of a peer-to-peer discussion can be accepted."""
    peer_to_peer_request_days: Annotated[int, Field(ge=0)] = 14
    """Days after an adverse determination to request a discussion (W12); 0 for no discussion."""
    peer_to_peer_hold_hours: Annotated[int, Field(ge=1)] = 48
    """Hours within which the payer holds a requested discussion."""
    reconsideration_filing_days: Annotated[int, Field(ge=0)] = 60
    """Days after an adverse determination within which a reconsideration can be requested (W12)."""
    reconsideration_days: Annotated[int, Field(ge=1)] = 14
    """Calendar days within which a standard reconsideration is decided."""
    reconsideration_expedited_hours: Annotated[int, Field(ge=1)] = 72
    """Hours within which an expedited reconsideration is decided."""
    duplicate_window_days: Annotated[int, Field(ge=0)]
    """The most days between the dates of two requests that can be potential duplicates (S2)."""


class ReasonRule(Value):
    """The decisions for which a reason code is valid."""

    statuses: frozenset[LineStatus] = frozenset(
        status for status in LineStatus if status.rule.adverse
    )
    needs_information_request: bool = False
    """Whether the reason is missing information, which must have been requested before."""


class RationaleTemplate(Value):
    """A template of a rationale, which the reviewer completes for the case."""

    name: Text
    text: Annotated[str, Field(min_length=1, max_length=2000)]


class DraftClock(Value):
    """How long a draft is retained after each save (D3)."""

    hours: Annotated[int, Field(ge=1)]
    resting_weekdays: Annotated[frozenset[Annotated[int, Field(ge=0, le=6)]], Field(max_length=6)]
    """Weekdays on which the clock pauses; Monday is 0. It runs on at least one."""
    warn_hours_left: Annotated[int, Field(ge=0)] = 0
    """Hours on the same clock before the expiration at which a message warns (D5); 0 for none."""

    @property
    def length(self) -> timedelta:
        """The time on the clock from a save to the expiration."""
        return timedelta(hours=self.hours)

    @property
    def warn_after(self) -> timedelta | None:
        """The time on the clock after which a message warns; ``None`` for no message."""
        return self.length - timedelta(hours=self.warn_hours_left) if self.warn_hours_left else None

    @model_validator(mode="after")
    def _warns_in_time(self) -> Self:
        if self.warn_hours_left >= self.hours:
            raise ValueError("warn_hours_left must be fewer than hours")
        return self


class BusinessCalendar(Value):
    """The payer's business days: all days but these weekdays (Monday is 0) and holidays."""

    resting_weekdays: Annotated[frozenset[Annotated[int, Field(ge=0, le=6)]], Field(max_length=6)]
    holidays: frozenset[Holiday]

    def counts(self, day: date) -> bool:
        """Whether this is a business day."""
        return day.weekday() not in self.resting_weekdays and day not in self.holidays


class EmergencyNotice(Value):
    """Business days after an emergency admission within which it must be reported (C10)."""

    business_days: Annotated[int, Field(ge=0)]
    business_days_by_state: Mapping[str, Annotated[int, Field(ge=0)]] = {}
    """The limits of states that have another one, by the servicing provider's state."""

    def days_in(self, state: str | None) -> int:
        """The limit in this state, in business days."""
        return self.business_days_by_state.get(state or "", self.business_days)


class ServiceDateWindow(Value):
    """The range of service dates that can be entered, in days from today (C9)."""

    days_back: Annotated[int, Field(ge=0)]
    days_ahead: Annotated[int, Field(ge=0)]


class DocumentLimits(Value):
    """Limits of uploads and downloads (U1-U3). Sizes are in bytes, lifetimes of links in seconds."""

    max_bytes: Annotated[int, Field(ge=1)]
    max_at_submission: Annotated[int, Field(ge=1)]
    max_while_pending: Annotated[int, Field(ge=1)]
    upload_seconds: Annotated[int, Field(ge=60)]
    download_seconds: Annotated[int, Field(ge=10)]


class PayerIdentifier(Value):
    """An identifier of the payer in the Coverage resources of EHRs (FHIR Identifier)."""

    system: Text
    value: Text


class CoverageDiscovery(Value):
    """The settings of coverage requirements discovery for orders of EHRs (Da Vinci CRD)."""

    payer_identifiers: tuple[PayerIdentifier, ...] = ()
    """Identifiers of the payer, one of which a Coverage must have. If empty, any is accepted."""
    authorize_orders: bool = False
    """Whether a signed order is authorized at once if the rules approve it without a reviewer."""

    def is_own_payer(self, named: Collection[tuple[str, str]]) -> bool:
        """Whether one of these identifiers (system and value) is the payer's."""
        known = {(one.system, one.value) for one in self.payer_identifiers}
        return not known or not known.isdisjoint(named)


class Payer(Value):
    """The configuration of one payer."""

    name: Text
    time_zone: Text
    number_prefix: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    provider_services: Contact
    branding: Branding = Branding()
    mailing_address: Address
    """The return address of notices, and where appeals are mailed."""
    supported_management_levels: tuple[Text, ...]
    review_clocks: dict[str, ReviewClock]
    """The decision clocks, by line of business (W2, W11)."""
    utilization_management: UtilizationManagement
    draft_clock: DraftClock
    business_calendar: BusinessCalendar
    emergency_notice: EmergencyNotice
    history_years: Annotated[int, Field(ge=1)]
    """Calendar years for which a request and its messages are retained after the last change (T4)."""
    service_dates: ServiceDateWindow
    documents: DocumentLimits
    coverage_discovery: CoverageDiscovery = CoverageDiscovery()
    form: Form
    behavioral_services: tuple[CodeRange, ...] = ()
    """Codes of behavioral services, which cannot be requested with the form (A5)."""
    behavioral_diagnoses: tuple[DiagnosisRange, ...] = ()
    """Primary diagnoses with which a stay without codes is a behavioral service (A5)."""
    drug_codes: tuple[CodeRange, ...] = ()
    """Codes of drugs. A service with one of them requires a medication (C11)."""
    reason_codes: dict[str, str]
    """X12 886 codes of reasons for a denial or a reduction, with their meaning."""
    reason_rules: Mapping[str, ReasonRule] = {}
    """Rules of reason codes that are not valid for every denial and reduction."""
    rationale_templates: Mapping[str, tuple[RationaleTemplate, ...]] = {}
    """Templates of rationales, by reason code."""
    criteria: tuple[Text, ...] = ()
    """Names of criteria that reviewers often cite. Reviewers can enter others."""
    required_documentation: dict[str, Text]
    """Documents that a rule can require with a request: the display name of each code."""
    attachment_codes: Mapping[str, LoincCode] = {}
    """LOINC codes of documents, by code of the required documentation, for FHIR requests for
    documentation and for received attachments. A document without one is requested with a note."""
    notices: dict[str, str]
    """Texts for providers, by name. ``{phone}`` is replaced by the number of Provider Services, and
    ``{peer_to_peer_phone}`` by that for peer-to-peer discussions."""
    messages: dict[str, str]
    """Texts of inbox messages, by event type, with the placeholders ``{number}``, ``{status}`` and, for
    a refused document, ``{reason}``."""

    @field_validator("notices")
    @classmethod
    def _with_phones(cls, notices: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        contact, settings = (
            info.data.get(name) for name in ("provider_services", "utilization_management")
        )
        if contact is None or settings is None:  # Their own errors are reported.
            return notices
        return {
            name: text.replace("{phone}", contact.phone).replace(
                "{peer_to_peer_phone}", settings.peer_to_peer_phone
            )
            for name, text in notices.items()
        }

    @model_validator(mode="after")
    def _notices_of_fields_exist(self) -> Self:
        named = {field.notice for group in self.form.fields.values() for field in group}
        if unknown := sorted(name for name in named if name and name not in self.notices):
            raise ValueError(
                f"notices of the form's fields must be names in notices: {unknown} are not"
            )
        return self

    @model_validator(mode="after")
    def _templates_are_of_reasons(self) -> Self:
        if unknown := self.rationale_templates.keys() - self.reason_codes.keys():
            raise ValueError(
                f"rationale_templates must have only codes of reason_codes: {sorted(unknown)} are not"
            )
        return self

    @model_validator(mode="after")
    def _placeholders_of_notices_are_known(self) -> Self:
        for name, known in PLACEHOLDERS.items():
            if name not in self.notices:
                raise ValueError(f"notices must have the text {name}")
            try:
                self.notices[name].format_map(dict.fromkeys(known, ""))
            except (IndexError, KeyError, ValueError) as error:
                named = ", ".join(f"{{{one}}}" for one in known)
                raise ValueError(
                    f"the text {name} of notices must have only the placeholders {named}"
                ) from error
        return self

    @model_validator(mode="after")
    def _attachment_codes_name_one_document_each(self) -> Self:
        if unknown := self.attachment_codes.keys() - self.required_documentation.keys():
            raise ValueError(
                "attachment_codes must have only codes of required_documentation: "
                f"{sorted(unknown)} are not"
            )
        counted = Counter(self.attachment_codes.values())
        if repeated := sorted(code for code, count in counted.items() if count > 1):
            raise ValueError(
                "attachment_codes must have a different LOINC code for each document, because received "
                f"documents are assigned by them: {repeated} are used more than once"
            )
        return self

    @model_validator(mode="after")
    def _reason_rules_are_of_reasons(self) -> Self:
        if unknown := self.reason_rules.keys() - self.reason_codes.keys():
            raise ValueError(
                f"reason_rules must have only codes of reason_codes: {sorted(unknown)} are not"
            )
        return self

    def document_of_attachment(self, loinc_code: str) -> str | None:
        """The code of the required documentation with this LOINC code, if any."""
        named = (document for document, code in self.attachment_codes.items() if code == loinc_code)
        return next(named, None)

    def reason_rule(self, code: str) -> ReasonRule:
        """The rule of a reason code; by default it is valid for every denial and reduction."""
        return self.reason_rules.get(code, ReasonRule())

    def reasons_for(self, status: LineStatus) -> tuple[str, ...]:
        """The reason codes that are valid for a decision with this status."""
        codes = sorted(self.reason_codes)
        return tuple(code for code in codes if status in self.reason_rule(code).statuses)

    @property
    def zone(self) -> ZoneInfo:
        """The payer's time zone, in which its deadlines and dates are calculated."""
        return ZoneInfo(self.time_zone)

    def behavioral_service(self, code: str, code_type: CodeType | None) -> CodeRange | None:
        """The range of behavioral services that contains the code, if any (A5)."""
        return range_of(code, code_type, self.behavioral_services)

    def is_behavioral_stay(self, service: Service) -> bool:
        """Whether a stay without codes is behavioral by its primary diagnosis (A5)."""
        diagnosis = service.primary_diagnosis
        if service.procedures or diagnosis is None:
            return False
        return any(codes.contains(diagnosis) for codes in self.behavioral_diagnoses)

    def is_drug(self, code: str, code_type: CodeType | None) -> bool:
        """Whether it is the code of a drug (C11)."""
        return range_of(code, code_type, self.drug_codes) is not None

    def needs_medication(self, service: Service) -> bool:
        """Whether the service requires a medication, by its type or by one of its codes (C11)."""
        return any(
            kind.medication_required
            for kind in self.form.types_of_service
            if kind.code == service.type_of_service
        ) or any(self.is_drug(one.code, one.code_type) for one in service.procedures)

    def has_drug_clock(self, service: Service, procedure: Procedure | None) -> bool:
        """Whether a line is for an outpatient drug, which has a decision clock of its own (W11).

        That is a line with the code of a drug. If no line of the service has one, but the service has
        or requires a medication, all its lines are: their codes are those of the administration.
        """
        if service.authorization_type is not AuthorizationType.OUTPATIENT:
            return False
        if procedure is not None and self.is_drug(procedure.code, procedure.code_type):
            return True
        if any(self.is_drug(one.code, one.code_type) for one in service.procedures):
            return False
        return service.medication is not None or self.needs_medication(service)

    def drug_lines(self, content: RequestContent) -> frozenset[str]:
        """The ids of the lines with the clock of drugs, if the line of business has such a clock."""
        return frozenset(
            line_id
            for line_id, service, procedure in numbered_lines(content.services)
            if self.has_drug_clock(service, procedure)
        )

    def clock_for(self, request: "Request") -> ReviewClock:
        """The decision clocks of the request's line of business in its state (W2, W7)."""
        plan = request.plan
        return self.review_clocks[plan.line_of_business].in_state(plan.state)

    def decision_clock(
        self, request: "Request", line_ids: Collection[str] | None = None
    ) -> DecisionClock:
        """The clock of the request's current cycle, by line of business and state (W2, W11).

        All lines of a cycle are decided together: if one of them is a drug, the clock of drugs applies.
        ``line_ids`` are the lines of a delegated vendor; by default, the lines that the payer decides
        in the cycle. No regulation limits the time for a reconsideration or a discussion: their clocks
        are utilization management settings (W12).
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
        """The time limit of the decision of an appeal, for each of these lines (W4)."""
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
        """The values of the placeholders of texts about an appeal of these lines (W4)."""
        clock = self.clock_for(request)
        review = clock.external_review
        return {
            "filing_days": str(clock.appeal_filing_days),
            "standard": written_limits(self.appeal_limits(request, line_ids, expedited=False)),
            "expedited": written_limits(self.appeal_limits(request, line_ids, expedited=True)),
            "after_appeal": review.after_appeal if review else "",
        }


def written_limits(limits: Mapping[str, Period]) -> str:
    """The time limits of service lines in words: one if all are equal, or each with its lines."""
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
