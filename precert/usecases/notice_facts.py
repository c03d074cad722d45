"""The occasions of determination notices, and the data of their template (W4)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from precert.domain.clocks import last_day_before, last_day_to_appeal, local_date
from precert.domain.code_lists import CodeLists, code_lists_of, display_name
from precert.domain.code_sets import CodeSet, PublicCode
from precert.domain.codes import canonical_code, code_types_of
from precert.domain.content import Provider, Service
from precert.domain.coverage import Member
from precert.domain.decision_clocks import ExtensionRequester
from precert.domain.decisions import SYSTEM, Approved, Decision, ServiceLine
from precert.domain.delegation import Delegation, contact_of
from precert.domain.disputes import DisputeOption
from precert.domain.disputing import is_final, is_forwarded, rights_after, what_remains
from precert.domain.notices import (
    Audience,
    NoticeKind,
    NoticeWords,
    date_changes,
    kind_of,
    kind_of_vendor,
    last_date_change,
    notice_id,
    vendor_decisions,
)
from precert.domain.payer import Payer
from precert.domain.request import Request
from precert.domain.requested_lines import RequestedLine, requested_lines
from precert.domain.review import FIRST_CYCLE, Review
from precert.domain.statuses import LineStatus
from precert.domain.values import CodeType, UnitType
from precert.domain.wording import (
    written_address,
    written_day,
    written_diagnosis,
    written_phone,
    written_tin,
    written_units,
)
from precert.usecases.ports.reference import CodeSets


@dataclass(frozen=True)
class Issue:
    """One occasion of notices, which are issued to each audience."""

    kind: NoticeKind
    cycle: int
    date_changes: int = 0
    """The number of the change of dates, counted from 1; 0 for other occasions."""
    delegation: Delegation | None = None
    """The delegation whose decisions are reported, if a delegated vendor decided."""
    vendor: int = 0
    """The number of the vendor in the request, counted from 1."""

    @property
    def suffix(self) -> str:
        """The suffix of notice ids, which distinguishes the occasions of one cycle."""
        if self.delegation is not None:
            return f"-vendor-{self.vendor}-{len(self.delegation.reports)}"
        if self.kind is NoticeKind.EXTENSION:
            return "-extension"
        return f"-dates-{self.date_changes}" if self.date_changes else ""

    def notice_id(self, audience: Audience) -> str:
        return notice_id(self.cycle, audience, self.suffix)

    @property
    def notice_ids(self) -> frozenset[str]:
        return frozenset(self.notice_id(audience) for audience in Audience)


def issues_of(request: Request, cycle: int) -> Iterator[Issue]:
    """The extension of the cycle's deadline, its determination, the vendors' last reports, and the
    last change of dates.

    An earlier change of dates has no notice if none was printed yet: the last change replaces it.
    """
    review = request.submitted
    if review.extension_of(cycle) is not None:
        yield Issue(NoticeKind.EXTENSION, cycle)
    if (kind := kind_of(review, cycle)) is not None:
        yield Issue(kind, cycle)
    for vendor, delegation in enumerate(review.delegations, start=1):
        if delegation.reports and (kind := kind_of_vendor(review, delegation)) is not None:
            yield Issue(kind, FIRST_CYCLE, delegation=delegation, vendor=vendor)
    if (changed := last_date_change(review)) is not None:
        yield Issue(NoticeKind.DATES_CHANGED, changed[1], date_changes(review))


def notice_facts(
    request: Request,
    issue: Issue,
    audience: Audience,
    payer: Payer,
    words: NoticeWords,
    *,
    member: Member | None,
    code_sets: CodeSets,
) -> dict[str, object]:
    """The data of a notice's template; what does not apply is ``None`` or empty.

    ``member`` has the mailing address; the name is the one in the request.
    """
    review, content = request.submitted, request.content
    patient = content.patient
    if patient is None:
        raise AssertionError("a submitted request has a patient")
    decided = tuple(_decided(request, issue))
    changed = last_date_change(review) if issue.kind is NoticeKind.DATES_CHANGED else None
    dated = changed[0] if changed else max(decision.decided_at for _, decision in decided)
    # A change of dates is not adverse.
    adverse = changed is None and any(decision.adverse for _, decision in decided)
    clock = payer.clock_for(request)
    delegation = issue.delegation
    # Decisions of a vendor are disputed with the vendor (W7).
    own = adverse and delegation is None
    rights = rights_after(review, issue.cycle, dated, clock, payer) if own else None
    options = rights.options(dated) if rights else {}
    forwarded = own and is_forwarded(review, clock, issue.cycle)
    refused = [line.line_id for line, decision in decided if decision.adverse]
    appeal_words = payer.appeal_words(request, refused) if refused else {}
    last_day = last_day_to_appeal(dated, clock.appeal_filing_days, payer.zone)
    name = f"{patient.first_name} {patient.last_name}"
    filled = {
        "name": name,
        "number": review.number,
        "payer": payer.name,
        "phone": payer.provider_services.phone,
        "last_day": written_day(last_day),
        **{
            f"last_day_of_{option.value.lower()}": written_day(last_day_before(until, payer.zone))
            for option, until in _all_options(options, dated)
        },
        "address": ", ".join([payer.name, *written_address(payer.mailing_address)]),
        "appeal_standard": appeal_words.get("standard", ""),
        "appeal_expedited": appeal_words.get("expedited", ""),
        "while_appealable": appeal_words.get("after_appeal", ""),
        "vendor": delegation.vendor.name if delegation else "",
        "contact": contact_of(delegation.vendor) if delegation else "",
    }
    filled["without_appeal"] = what_remains(
        request, payer, options.get(DisputeOption.EXTERNAL_REVIEW)
    )
    open_options = {*options, *([DisputeOption.EXTERNAL_REVIEW] if forwarded else [])}
    wording = words.kinds[issue.kind][audience]
    return {
        "payer": {
            "name": payer.name,
            "address": written_address(payer.mailing_address),
            "contact": payer.provider_services.name,
            "phone": payer.provider_services.phone,
            "hours": payer.provider_services.hours,
        },
        "date": written_day(dated.astimezone(payer.zone).date()),
        "number": review.number,
        "title": wording.title.format(**filled),
        "opening": wording.opening.format(**filled),
        "recipient": _recipient(request, audience, name, member),
        "patient": {
            "name": name,
            "date_of_birth": written_day(patient.date_of_birth),
            "member_id": patient.member_id,
            "plan": request.plan.name,
        },
        "requesting_provider": _provider(content.requesting_provider),
        "servicing_provider": _provider(content.servicing_provider),
        "extension": _extension(request, issue, payer),
        "lines": list(_lines(request, decided, payer, code_sets)),
        "sections": [
            {"title": section.title, "text": text}
            for section in words.sections
            if (text := _filled(section.text, filled))
            and section.belongs_to(
                issue.kind,
                audience,
                adverse=adverse,
                options=open_options,
                of_vendor=delegation is not None,
                final=own and is_final(review, clock, issue.cycle),
            )
        ],
        "language_help": words.language_help,
    }


def _filled(text: str, values: Mapping[str, str | None]) -> str:
    """The text with its placeholders replaced, without two spaces where one of them is empty."""
    return re.sub(" {2,}", " ", text.format_map(values)).strip()


def _all_options(
    options: Mapping[DisputeOption, datetime], dated: datetime
) -> Iterator[tuple[DisputeOption, datetime]]:
    """Each option with its end. Of options that are not open, no text uses the end."""
    for option in DisputeOption:
        yield option, options.get(option, dated)


def _extension(request: Request, issue: Issue, payer: Payer) -> Mapping[str, object] | None:
    """Why and until when the deadline was extended, in a notice of an extension."""
    extension = request.submitted.extension_of(issue.cycle)
    if extension is None or issue.kind is not NoticeKind.EXTENSION:
        return None
    by_payer = extension.requested_by is ExtensionRequester.PAYER
    return {
        "days": written_units(extension.days, "calendar days"),
        "due_at": written_day(local_date(extension.due_at, payer.zone)),
        "paused": extension.paused,
        "requested_by": payer.name if by_payer else display_name(extension.requested_by),
        "reason": extension.reason,
    }


def _recipient(
    request: Request, audience: Audience, patient: str, member: Member | None
) -> list[str]:
    """The lines of the address block; only the name if no mailing address is loaded."""
    if audience is Audience.MEMBER:
        address = member.mailing_address if member else None
        return [patient, *(written_address(address) if address else [])]
    provider = request.content.requesting_provider or Provider()
    return [
        provider.name or "",
        *(written_address(provider.address) if provider.address else []),
    ]


def _provider(provider: Provider | None) -> dict[str, object]:
    known = provider or Provider()
    return {
        "name": known.name,
        "tin": known.tin and written_tin(known.tin),
        "npi": known.npi,
        "phone": known.phone and written_phone(known.phone),
    }


def _lines(
    request: Request,
    decided: Sequence[tuple[ServiceLine, Decision]],
    payer: Payer,
    code_sets: CodeSets,
) -> Iterator[Mapping[str, object]]:
    """The decided lines, each as requested and as decided."""
    lists, by_line = code_lists_of(payer), requested_lines(request.content)
    diagnoses = {
        (CodeSet.ICD_10_CM, code)
        for line, decision in decided
        for code in (by_line[line.line_id].service.primary_diagnosis, decision.diagnosis)
        if code is not None
    }
    descriptions = code_sets.descriptions(diagnoses)
    replaced = {one.replaces for one in request.submitted.lines}
    for line, decision in decided:
        requested = by_line[line.line_id]
        service = requested.service
        yield {
            "line": line.line_id,
            "service": _named(lists, "types_of_service", service.type_of_service),
            "place": _named(lists, "places_of_service", service.place_of_service),
            "code": _code(line.code, line.code_type, lists) or "Stay without a procedure code",
            "diagnosis": _diagnosis(service, decision, descriptions),
            "requested": _requested(requested, lists),
            "outcome": _outcome(decision, replaced=line.line_id in replaced),
            "approved": decision.approved and _approved(decision.approved, line, lists),
            "dates_changed": decision.date_change_reason,
            "reason": decision.reason_code and payer.reason_codes.get(decision.reason_code),
            "reason_code": decision.reason_code,
            "rationale": decision.rationale,
            "criterion": decision.criterion,
            "adverse": decision.adverse,
        }


def _outcome(decision: Decision, *, replaced: bool) -> str:
    """The outcome as text. A line that its submitter changed is cancelled and replaced by another."""
    is_cancelled = decision.status is LineStatus.CANCELLED
    return "Replaced by a changed line" if is_cancelled and replaced else decision.outcome


def _decided(request: Request, issue: Issue) -> Iterator[tuple[ServiceLine, Decision]]:
    """The lines that a notice lists, each with its decision.

    A determination notice has the lines of its cycle as they were determined, without later changes
    of dates; a notice of changed dates has all approved lines as they are now (W5); a notice of an
    extension has the lines that are not decided yet.
    """
    review = request.submitted
    if issue.delegation is not None:
        yield from vendor_decisions(review, issue.delegation)
        return
    extension = review.extension_of(issue.cycle)
    if issue.kind is NoticeKind.EXTENSION and extension is not None:
        for line in review.lines_of(issue.cycle):
            open_line = Decision(
                status=LineStatus.OPEN,
                cycle=issue.cycle,
                decided_at=extension.extended_at,
                decided_by=SYSTEM,
            )
            yield line, open_line
        return
    if issue.kind is NoticeKind.DATES_CHANGED:
        for line in review.lines:
            last = line.decisions[-1] if line.decisions else None
            if last is not None and line.approved is not None:
                yield line, last
        return
    yield from _determined(review, issue.cycle)


def _determined(review: Review, cycle: int) -> Iterator[tuple[ServiceLine, Decision]]:
    """The payer's lines that a cycle decided, and lines that were cancelled since the last decision.

    The notice of a dispute has only the lines that the dispute decided.
    """
    earlier = [
        one.decided_at for line in review.lines for one in line.decisions if one.cycle < cycle
    ]
    is_dispute = any(one.cycle == cycle for one in review.appeals)
    for line in review.lines:
        if review.delegation_of(line.line_id) is not None:
            continue
        decision = next((one for one in line.decisions if one.cycle == cycle), None)
        if decision is not None:
            yield line, decision
        elif (
            line.cancelled_at is not None
            and not is_dispute
            and all(at < line.cancelled_at for at in earlier)
        ):
            withdrawn = Decision(
                status=LineStatus.CANCELLED,
                cycle=cycle,
                decided_at=line.cancelled_at,
                decided_by=SYSTEM,
            )
            yield line, withdrawn


def _named(lists: CodeLists, code_list: str, code: str | None) -> str | None:
    """The display name; the code itself if the payer's data no longer lists it."""
    return lists.label(code_list, code) or code


def _code(code: str | None, code_type: CodeType | None, lists: CodeLists) -> str | None:
    """The code set and the code: CPT 44125."""
    if code is None:
        return None
    code_set = code_type or next(iter(code_types_of(code)), None)
    name = (lists.label_of(code_set) if code_set else None) or "Code"
    return f"{name}\u00a0{canonical_code(code, code_set) if code_set else code}"


def _diagnosis(
    service: Service, decision: Decision, descriptions: Mapping[PublicCode, str]
) -> str | None:
    """The adjudicated diagnosis, with the submitted one if they differ (W9)."""

    def written(code: str) -> str:
        description = descriptions.get((CodeSet.ICD_10_CM, code))
        return " ".join(part for part in (written_diagnosis(code), description) if part)

    submitted = service.primary_diagnosis
    if decision.diagnosis is None or decision.diagnosis == submitted:
        return written(submitted) if submitted is not None else None
    suffix = f" (submitted: {written(submitted)})" if submitted is not None else ""
    return f"{written(decision.diagnosis)}{suffix}"


def _requested(requested: RequestedLine, lists: CodeLists) -> str:
    day = requested.from_date and written_day(requested.from_date)
    days = requested.service.requested_days
    amounts = [
        requested.units and _units(requested.units, requested.unit_type, lists),
        days and written_units(days, "Days"),
        day and f"from {day}",
    ]
    return ", ".join(amount for amount in amounts if amount)


def _approved(approved: Approved, line: ServiceLine, lists: CodeLists) -> str:
    period = f"{written_day(approved.from_date)} to {written_day(approved.to_date)}"
    code_type = line.code_type if approved.code == line.code else None
    amounts = [
        _code(approved.code, code_type, lists),
        approved.units and _units(approved.units, approved.unit_type, lists),
        period,
    ]
    return ", ".join(amount for amount in amounts if amount)


def _units(units: int, unit_type: UnitType | None, lists: CodeLists) -> str:
    return written_units(units, lists.label_of(unit_type))
