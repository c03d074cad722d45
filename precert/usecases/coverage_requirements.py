"""Determine what an order needs before it is performed (Da Vinci CRD), by the payer's rule list (C6).

The result is that of a check of the same code on the same day: the rule list, eligibility and
delegation are the same. An existing approval of the caller's providers satisfies the order. If the
payer enables it, an order that the rules approve without a reviewer is authorized at order time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from precert.domain.assertion import coverage_assertion_id
from precert.domain.assessing import EvaluatedLine, assessed_lines
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.completeness import errors_of_submission
from precert.domain.content import Patient, Procedure, RequestContent
from precert.domain.coverage import Coverage, Member, Plan
from precert.domain.errors import (
    DamagedRecordError,
    DuplicateRequestError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    PatientNotEligibleError,
    PatientNotFoundError,
    TransientError,
)
from precert.domain.next_steps import BEHAVIORAL
from precert.domain.orders import (
    DOCUMENTS,
    UNREAD,
    AssertionReason,
    AuthorizationNeeded,
    CoverageAssertion,
    EvaluatedSetting,
    InformationNeeded,
    Order,
    Reason,
    after_coverage,
    asserted,
    before_documentation,
    merged,
    not_covered,
    satisfied,
    undetermined,
    without_codes,
)
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.requested_lines import requested_lines
from precert.domain.review import Channel
from precert.domain.rules import CodeResult, Requirement
from precert.domain.statuses import Status
from precert.names import Entitlement
from precert.usecases.code_rules import evaluate_codes, retained_by_payer
from precert.usecases.duplicates import find_duplicates
from precert.usecases.members import next_steps, require_member
from precert.usecases.ports.reference import CheckFacts, ReferenceReader, RuleLists
from precert.usecases.ports.requests import Fingerprints, RequestFile, RequestStore
from precert.usecases.submission import received_request

_NO_MEMBER: Final = "0"
"""A member id that does not exist."""
TECHNICAL: Final = "The payer's rules could not be read. Try again later."
UNREAD_PATIENT: Final = "Your FHIR server did not return the patient. Send the patient in prefetch."
UNREAD_PAYER: Final = (
    "Your FHIR server did not return the coverage's payer. Send its identifier in payor.identifier."
)
SEVERAL: Final = "Several coverages were sent. Send only the coverage that applies to the order."
MAX_READ: Final = 25
"""Maximum number of the member's requests that are compared with the orders, last submitted first."""
_NO_REQUEST: Final = "-"
Authorize = Callable[[RequestContent, str, Caller], RequestFile]
"""Stores the request of an order under its assertion id, and assesses it."""
_NOT_AUTHORIZED: Final = (
    DuplicateRequestError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    PatientNotEligibleError,
    TransientError,
)


@dataclass(frozen=True)
class AnsweredOrder:
    """What is asserted for one order."""

    assertion_id: str
    assertions: tuple[CoverageAssertion, ...]

    @property
    def lacks_codes(self) -> bool:
        """Whether nothing can be asserted because the order has no billing code."""
        return all(InformationNeeded.DETAIL_CODE in one.information for one in self.assertions)

    def before_documentation(self) -> "AnsweredOrder":
        """The assertions for an order that is still being written.

        Documentation is requested only when the order is signed.
        """
        return replace(self, assertions=tuple(map(before_documentation, self.assertions)))


def discover_coverage(  # noqa: PLR0913 - most are dependencies
    orders: Sequence[Order],
    patient: Patient | None,
    caller: Caller,
    *,
    authorize: Authorize | None = None,
    is_only_coverage: bool = True,
    unread: str | None = None,
    reference: ReferenceReader,
    rule_lists: RuleLists,
    requests: RequestStore,
    fingerprints: Fingerprints,
    payer: Payer,
    now: datetime,
    new_id: Callable[[], str],
) -> tuple[AnsweredOrder, ...]:
    """What each order needs, in the sequence of ``orders``; a technical failure is an assertion too.

    ``patient`` is ``None`` if the call does not identify one. ``authorize`` stores and assesses a
    request, for orders that the rules approve without a reviewer. Nothing is asserted if several
    coverages were sent, or if the client's FHIR server did not return what identifies the patient or
    the payer; ``unread`` is then the text that states it.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    try:
        facts = reference.check_facts(patient.member_id if patient else _NO_MEMBER)
        if facts.assertion_key is None or facts.rule_list is None:
            raise TransientError(TECHNICAL)
        if unread is not None:
            raise TransientError(unread)
        today = local_date(now, payer.zone)
        rules = _Rules(facts, rule_lists, payer, today, is_only_coverage=is_only_coverage)
        known = _Authorizations(caller, requests, fingerprints, payer, now)
        discovery = _Discovery(rules, known, authorize)
        return tuple(discovery.answer(order, patient) for order in orders)
    except (TransientError, DamagedRecordError):
        answer = undetermined(unread or TECHNICAL, AssertionReason.TECHNICAL)
        return tuple(AnsweredOrder(new_id(), (answer,)) for _ in orders)


def required_documents(
    orders: Sequence[Order],
    member_id: str | None,
    caller: Caller,
    *,
    reference: ReferenceReader,
    rule_lists: RuleLists,
    payer: Payer,
    now: datetime,
) -> tuple[frozenset[str], ...]:
    """Each combination of documents that the orders require, as in :func:`discover_coverage`.

    ``member_id`` is that of the coverage. No data of the member is returned.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        PatientNotFoundError, PatientNotEligibleError: there is no such member, or no coverage today.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    facts = reference.check_facts(member_id or _NO_MEMBER)
    if facts.member is None:
        raise PatientNotFoundError(payer.notices["patient_not_found"])
    if facts.rule_list is None:
        raise TransientError(TECHNICAL)
    rules = _Rules(facts, rule_lists, payer, local_date(now, payer.zone))
    coverage = facts.coverage_on(rules.today)
    if coverage is None:
        raise PatientNotEligibleError(payer.notices["not_eligible"])
    found = (
        documents
        for order in orders
        for answer in rules.assertions(order, facts.member, coverage)
        for documents in answer.documents
    )
    return tuple(dict.fromkeys(found))


@dataclass
class _Authorizations:
    """The requests of a member that the caller may read (A2), compared with orders."""

    caller: Caller
    requests: RequestStore
    fingerprints: Fingerprints
    payer: Payer
    now: datetime
    read: list[Request] | None = None

    @property
    def today(self) -> date:
        return local_date(self.now, self.payer.zone)

    def applied(self, answer: CoverageAssertion, order: Order, member_id: str) -> CoverageAssertion:
        """The assertion; satisfied if the same code is approved on the day of the order."""
        if answer.authorization is not AuthorizationNeeded.AUTH_NEEDED or answer.vendor:
            return answer
        day, pended = order.day or self.today, list[str]()
        for request in self._of_member(member_id):
            for line in request.submitted.lines:
                if (line.code_type, line.code) not in answer.codes:
                    continue
                approved = line.approved
                if approved and approved.from_date <= day <= approved.to_date:
                    return satisfied(answer, request.submitted.number, approved.to_date)
                if request.status.rule.open:
                    pended.append(request.submitted.number)
        if not pended:
            return answer
        text = PENDED.format(number=pended[0])
        return replace(answer, reasons=(*answer.reasons, Reason(text)))

    def _of_member(self, member_id: str) -> list[Request]:
        """The member's requests, last submitted first; those that cannot be read are left out."""
        if self.read is None:
            found = self.fingerprints.of_member(member_id).records
            own = [one for one in found if one.tins & self.caller.tins]
            own.sort(key=lambda one: one.submitted_at, reverse=True)
            ids = [one.request_id for one in own[:MAX_READ]]
            read = self.requests.read_all(ids).requests if ids else ()
            self.read = [
                one for one in read if one.tins & self.caller.tins and one.status is not Status.VOID
            ]
        return self.read

    def has_no_duplicate(self, content: RequestContent, plan: Plan) -> bool:
        """Whether a request with this content would be no duplicate, and no potential one."""
        request = received_request(
            _NO_REQUEST,
            content,
            plan=plan,
            received_at=self.now,
            channel=Channel.API,
            reference=_NO_REQUEST,
            now=self.now,
        )
        found = find_duplicates(
            request, fingerprints=self.fingerprints, requests=self.requests, payer=self.payer
        )
        return found.repeated is None and not found.potential


@dataclass(frozen=True)
class _Discovery:
    rules: "_Rules"
    known: _Authorizations
    authorize: Authorize | None

    def answer(self, order: Order, patient: Patient | None) -> AnsweredOrder:
        member = self.rules.member(patient)
        coverage = member.coverage_on(self.rules.today) if member else None
        assertions = merged(tuple(self.rules.assertions(order, member, coverage)))
        key = self.rules.facts.assertion_key
        if key is None:
            raise AssertionError("a published list has a key")
        member_id = patient.member_id if patient else None
        assertion_id = coverage_assertion_id(order, member_id, coverage, key=key)
        if patient is None or coverage is None or not self.rules.is_only_coverage:
            return AnsweredOrder(assertion_id, assertions)
        assertions = tuple(self.known.applied(one, order, patient.member_id) for one in assertions)
        return self._authorized(
            AnsweredOrder(assertion_id, assertions),
            order,
            order.content(patient, self.rules.payer),
            coverage,
        )

    def _authorized(
        self,
        answered: AnsweredOrder,
        order: Order,
        content: RequestContent | None,
        coverage: Coverage,
    ) -> AnsweredOrder:
        """The assertions; satisfied by a new authorization if the rules approve the order."""
        [answer, *others] = answered.assertions
        if self.authorize is None or content is None or others:
            return answered
        if order.unread and answer.authorization is AuthorizationNeeded.AUTH_NEEDED:
            # Another diagnosis, quantity, date or provider than the ordered one would be authorized.
            text = UNREAD.format(elements=", ".join(order.unread))
            unread = replace(answer, reasons=(*answer.reasons, Reason(text)))
            return replace(answered, assertions=(unread,))
        if answer.authorization is not AuthorizationNeeded.AUTH_NEEDED or not self._is_automatic(
            order, content, coverage
        ):
            return answered
        try:
            request = self.authorize(content, answered.assertion_id, self.known.caller).request
        except _NOT_AUTHORIZED:
            # The order can still be submitted as a request, which lists what is missing.
            return answered
        review = request.submitted
        approved = review.lines[0].approved
        if approved is not None:
            answer = satisfied(answer, review.number, approved.to_date)
        else:
            text = PENDED.format(number=review.number)
            answer = replace(answer, reasons=(*answer.reasons, Reason(text)))
        return replace(answered, assertions=(answer,))

    def _is_automatic(self, order: Order, content: RequestContent, coverage: Coverage) -> bool:
        """Whether the rules approve the request without a reviewer (W1)."""
        [evaluated] = self.rules.evaluated(order, order.codes[0], coverage)
        [requested] = requested_lines(content).values()
        line = EvaluatedLine(
            "1.1", requested, evaluated.answer, evaluated.rule, evaluated.answer.vendor_id
        )
        [assessed] = assessed_lines([line])
        return (
            assessed.automatic
            and not assessed.required_documentation
            and not errors_of_submission(content, self.rules.payer, self.rules.today)
            and self.known.has_no_duplicate(content, coverage.plan)
        )


@dataclass(frozen=True)
class _Rules:
    """The results of the rule list and the member's coverage for orders."""

    facts: CheckFacts
    rule_lists: RuleLists
    payer: Payer
    today: date
    is_only_coverage: bool = True

    def member(self, patient: Patient | None) -> Member | None:
        if patient is None:
            return None
        try:
            return require_member(self.facts.member, patient, self.payer)
        except PatientNotFoundError:
            return None

    def assertions(
        self, order: Order, member: Member | None, coverage: Coverage | None
    ) -> Iterator[CoverageAssertion]:
        payer = self.payer
        if not self.is_only_coverage:
            yield not_covered(AssertionReason.COVERAGE_NOT_FOUND, SEVERAL)
        elif member is None:
            yield not_covered(AssertionReason.NO_MEMBER_FOUND, payer.notices["patient_not_found"])
        elif coverage is None:
            yield not_covered(AssertionReason.NO_ACTIVE_COVERAGE, payer.notices["not_eligible"])
        elif steps := next_steps(coverage, payer):
            yield undetermined(steps)
        elif order.day and member.coverage_on(order.day) is None:
            yield after_coverage(coverage.last_day)
        elif not order.codes:
            yield without_codes(order, payer)
        else:
            yield from (self._of_code(order, code, coverage) for code in order.codes)

    def _of_code(self, order: Order, code: Procedure, coverage: Coverage) -> CoverageAssertion:
        settings = self.evaluated(order, code, coverage)
        vendors = {one.vendor.vendor_id: one.vendor for one in settings if one.vendor}
        [one, *_] = settings
        answer = asserted(settings, vendors, (one.answer.code_type, one.answer.code))
        ends = [day for day in (answer.expires_on, coverage.active_to) if day]
        return replace(self._with_documents(answer), expires_on=min(ends, default=None))

    def evaluated(
        self, order: Order, code: Procedure, coverage: Coverage
    ) -> tuple[EvaluatedSetting, ...]:
        """The results for a code in every setting that the order allows."""
        services = order.services(code, self.payer, self.today)
        rule_list = self.facts.rule_list
        if rule_list is None:
            raise AssertionError("the callers require a rule list")

        def plan_on(day: date) -> Plan:
            return (self.facts.coverage_on(day) or coverage).plan

        evaluated = evaluate_codes(
            services, plan_on, rule_list=rule_list, rule_lists=self.rule_lists, payer=self.payer
        )
        ids = sorted(
            {one.answer.vendor_id for of in evaluated for one in of if one.answer.vendor_id}
        )
        vendors = self.rule_lists.vendors(rule_list, ids) if ids else {}
        evaluated = retained_by_payer(evaluated, services, vendors, self.today)
        return tuple(
            EvaluatedSetting(
                service,
                one.answer,
                one.rule,
                self._text(one.answer),
                vendors.get(one.answer.vendor_id or ""),
            )
            for service, [one] in zip(services, evaluated, strict=True)
        )

    def _text(self, answer: CodeResult) -> str | None:
        """The payer's text, for results that do not state by themselves what to do."""
        notices = self.payer.notices
        if answer.guidance == BEHAVIORAL:
            return notices[BEHAVIORAL]
        general = _NOTICES[answer.requirement]
        return notices.get(answer.guidance or "", notices[general] if general else None)

    def _with_documents(self, answer: CoverageAssertion) -> CoverageAssertion:
        """The assertion, with the names of its required documentation as a reason."""
        labels = self.payer.required_documentation
        codes = frozenset[str]().union(*answer.documents)
        named = [labels.get(code, code) for code in sorted(codes)]
        if not named:
            return answer
        return replace(
            answer, reasons=(*answer.reasons, Reason(f"{DOCUMENTS} {'; '.join(named)}."))
        )


PENDED: Final = "Precertification {number} for this service is pended."
_NOTICES: Final[dict[Requirement, str | None]] = {
    Requirement.REQUIRED: None,
    Requirement.NOT_REQUIRED: None,
    Requirement.DELEGATED_VENDOR: "vendor",
    Requirement.UNABLE_TO_DETERMINE: "unable_to_determine",
}
