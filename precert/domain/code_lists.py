"""The display name of every code that users see (T6).

The product's own codes have their display names in this module. Codes of the payer's form have the
payer's names, from ``payer.json``. ``GET /v1/reference`` returns all of them as code lists. A response
with a code ``x`` has its display name beside it as ``x_label``, and ``xs_labels`` beside a list ``xs``.

X12 texts are licensed. The review actions have the names in general use, and the decision reasons have
texts of the product.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, NamedTuple

from precert.domain.assessing import PendReason
from precert.domain.assessment import AssertionStatus, DuplicateReason
from precert.domain.copying import Keep
from precert.domain.decision_clocks import ClockKind, ExtensionRequester
from precert.domain.decisions import DecidingRole
from precert.domain.delegation import DecidedBy, DelegationStatus
from precert.domain.disputes import DiscussionOutcome, DisputeKind, DisputeOption
from precert.domain.documents import DocumentStatus, Refusal
from precert.domain.event_types import EVENTS, EventType
from precert.domain.form_settings import Stage
from precert.domain.matching import Mismatch, ProviderRole
from precert.domain.next_steps import NextAction
from precert.domain.notices import Audience, NoticeKind
from precert.domain.payer import Payer
from precert.domain.review import Channel, IntakeException
from precert.domain.rules import Requirement
from precert.domain.statuses import ACTIONS, LINE_STATUSES, STATUSES, AppealStatus, WaitingOn, Who
from precert.domain.values import (
    AuthorizationType,
    CodeType,
    ProviderKind,
    Purpose,
    Sort,
    UnitType,
    Urgency,
)
from precert.domain.worklist import NotDecidable, QueueView
from precert.names import Delivery, Entitlement


class Code(NamedTuple):
    """A code with its display name, and a description if the name does not explain it."""

    code: str
    label: str
    description: str | None = None


class CodeList(NamedTuple):
    """Codes of one kind, in the order in which to show them."""

    name: str
    codes: tuple[Code, ...]


_Names = Mapping[Any, str | tuple[str, str | None]]
"""By code: the display name, or a pair of the display name and the description."""

OWN_NAMES: Final[Mapping[str, _Names]] = {
    "request_statuses": {
        status: (rule.label, rule.description) for status, rule in STATUSES.items()
    },
    "line_statuses": {
        status: (rule.label, rule.description) for status, rule in LINE_STATUSES.items()
    },
    "appeal_statuses": {
        AppealStatus.FILED: "Filed",
        AppealStatus.PENDED: "In review",
        AppealStatus.DETERMINED: "Determined",
    },
    "waiting_on": {
        WaitingOn.PROVIDER: "Provider",
        WaitingOn.PAYER: "Payer",
        WaitingOn.VENDOR: "Delegated vendor",
        WaitingOn.NONE: ("None", "No further action is needed."),
    },
    "decision_clocks": {
        ClockKind.EXPEDITED: "Expedited",
        ClockKind.STANDARD: "Standard",
        ClockKind.RETROSPECTIVE: (
            "Retrospective",
            "The services were performed before the request was received.",
        ),
        ClockKind.APPEAL_EXPEDITED: "Expedited appeal",
        ClockKind.APPEAL_STANDARD: "Standard appeal",
        ClockKind.RECONSIDERATION: "Reconsideration",
        ClockKind.PEER_TO_PEER: "Peer-to-peer discussion",
        ClockKind.APPEAL_RETROSPECTIVE: (
            "Retrospective appeal",
            "The services were performed before the request was received.",
        ),
    },
    "extension_requesters": {
        ExtensionRequester.MEMBER: ("Member", "Or the provider on the member's behalf."),
        ExtensionRequester.PAYER: ("Payer", "In the member's interest."),
    },
    "reviewers": {
        Who.YOU: "You",
        Who.ANOTHER: "Another reviewer",
    },
    "actions": {action: (rule.label, rule.description) for action, rule in ACTIONS.items()},
    "event_types": {kind: EVENTS[kind].label for kind in EventType},
    "document_statuses": {
        DocumentStatus.AWAITING_UPLOAD: "Awaiting upload",
        DocumentStatus.CHECKING: "Being scanned for malware",
        DocumentStatus.ATTACHED: "Attached",
        DocumentStatus.REFUSED: "Refused",
    },
    "document_refusals": {refusal: refusal.words for refusal in Refusal},
    "provider_roles": {
        ProviderRole.REQUESTING_PROVIDER: "Requesting provider",
        ProviderRole.SERVICING_PROVIDER: "Servicing provider",
    },
    "provider_mismatches": {
        Mismatch.MANUALLY_ENTERED: "Entered manually, not selected from the directory",
        Mismatch.NOT_LISTED: "Not in the directory",
        Mismatch.NPI: "NPI differs from the directory",
        Mismatch.TIN: "TIN differs from the directory",
        Mismatch.ADDRESS: "Address differs from the directory",
    },
    "requirements": {
        Requirement.REQUIRED: "Precertification required",
        Requirement.NOT_REQUIRED: "No precertification required",
        Requirement.DELEGATED_VENDOR: "Precertification required by a delegated vendor",
        Requirement.UNABLE_TO_DETERMINE: "Unable to determine",
    },
    "next_actions": {
        NextAction.START_DRAFT: "Start the request",
        NextAction.NONE: "None",
        NextAction.GO_TO_VENDOR: "Go to the delegated vendor",
        NextAction.CALL: ("Call", "The text of the next step has the number."),
    },
    "stages": {
        Stage.CHECK: "Required for a check",
        Stage.SUBMISSION: "Required to submit",
    },
    "channels": {
        Channel.PORTAL: "Portal",
        Channel.PHONE: "Phone",
        Channel.FAX: "Fax",
        Channel.MAIL: "Mail",
        Channel.EDI: "EDI (X12 278)",
        Channel.API: "Prior Authorization API (FHIR)",
        Channel.VENDOR: "Delegated vendor",
    },
    "delegation_statuses": {
        DelegationStatus.OPEN: "Open",
        DelegationStatus.REPORTED: "Reported",
        DelegationStatus.WITHDRAWN: "Withdrawn",
    },
    "line_deciders": {
        DecidedBy.PAYER: "The payer",
        DecidedBy.VENDOR: "A delegated vendor",
    },
    "intake_exceptions": {
        IntakeException.DATES_OUTSIDE_WINDOW: "Dates of service that providers cannot enter",
        IntakeException.PLAN_NOT_SUPPORTED: "Plan without precertification in the portal",
        IntakeException.COVERAGE_INACTIVE: "Coverage not active when the request was received",
    },
    "assertion_statuses": {
        AssertionStatus.NONE: "No check quoted",
        AssertionStatus.PROVEN: "Matches the quoted check",
        AssertionStatus.CHANGED: "Differs from the quoted check",
    },
    "notice_kinds": {
        NoticeKind.APPROVAL: "Approval notice",
        NoticeKind.PARTIAL_APPROVAL: "Partial approval notice",
        NoticeKind.DENIAL: "Denial notice",
        NoticeKind.APPEAL_OVERTURNED: "Appeal notice: decision overturned",
        NoticeKind.APPEAL_PARTLY_OVERTURNED: "Appeal notice: decision overturned in part",
        NoticeKind.APPEAL_UPHELD: "Appeal notice: decision upheld",
        NoticeKind.REVIEW_OVERTURNED: "Reconsideration notice: decision overturned",
        NoticeKind.REVIEW_PARTLY_OVERTURNED: "Reconsideration notice: decision overturned in part",
        NoticeKind.REVIEW_UPHELD: "Reconsideration notice: decision upheld",
        NoticeKind.DATES_CHANGED: "Notice of changed dates",
        NoticeKind.EXTENSION: "Notice of an extension",
    },
    "dispute_kinds": {kind: kind.rule.label for kind in DisputeKind},
    "dispute_options": {
        DisputeOption.PEER_TO_PEER: "Peer-to-peer discussion",
        DisputeOption.RECONSIDERATION: "Reconsideration",
        DisputeOption.APPEAL: "Appeal",
        DisputeOption.EXTERNAL_REVIEW: "External review",
    },
    "discussion_outcomes": {
        DiscussionOutcome.UPHELD: "Decision upheld",
        DiscussionOutcome.OVERTURNED: "Decision overturned",
        DiscussionOutcome.WITHDRAWN: "Withdrawn by the provider",
        DiscussionOutcome.NO_SHOW: "The clinician was not reached",
    },
    "deciding_roles": {
        DecidingRole.RULES: "The payer's rules",
        DecidingRole.REVIEWER: "A clinical reviewer",
        DecidingRole.PHYSICIAN: "A physician reviewer",
        DecidingRole.VENDOR: "The delegated vendor",
    },
    "deliveries": {
        Delivery.RELAY: ("Events to the workflow and the bus", "From the table's stream."),
        Delivery.CLEANUP: ("Cleanup after deleted records", "From the table's stream."),
        Delivery.MESSAGES: "Messages to providers",
        Delivery.NOTICES: "Determination notices",
        Delivery.REPORTS: "Determinations of delegated vendors",
        Delivery.UPLOADS: "Uploaded documents to verify",
        Delivery.SCANS: "Results of malware scans",
        Delivery.WARNINGS: "Warnings of expiring drafts",
        Delivery.AUDIT: "Audit records to the archive",
        Delivery.UPLOAD_SWEEPS: "Checks of uploads that were not verified",
        Delivery.SUBSCRIPTIONS: "Notifications of subscribers",
        Delivery.SUBSCRIPTION_SWEEPS: "Checks of what subscriptions have due",
        Delivery.ORPHAN_SWEEPS: "Removals of files without their request",
        Delivery.CLOCKS: "Checks of decision clocks",
        Delivery.EXECUTIONS: "Executions that ended with an error",
    },
    "copied_parts": {
        Keep.PATIENT: "The same patient",
        Keep.SERVICES: "The same services for another patient",
    },
    "notice_audiences": {
        Audience.PROVIDER: "Providers",
        Audience.MEMBER: "Member",
    },
    "entitlements": {
        Entitlement.PATIENT_SEARCH: "Patient Search",
        Entitlement.REVIEWER: "Reviewer",
        Entitlement.PHYSICIAN_REVIEWER: "Physician reviewer",
        Entitlement.REVIEW_LEAD: "Review lead",
        Entitlement.OPERATOR: "Operator",
        Entitlement.INTAKE: "Intake",
        Entitlement.VENDOR: "Delegated vendor",
    },
    "sort_orders": {
        Sort.CHANGED: "Last changed first",
        Sort.DUE: "Due first",
    },
    "queue_views": {
        QueueView.EXPEDITED: "Expedited",
        QueueView.DUE_SOON: "Due soon",
        QueueView.OVERDUE: "Overdue",
        QueueView.UNASSIGNED: "Not assigned",
        QueueView.WAITING_ON_PROVIDER: "Waiting for the provider",
        QueueView.AWAITS_SIGNATURE: "Awaiting a second signature",
        QueueView.AWAITS_PHYSICIAN: "Awaiting a physician",
        QueueView.RETURNED: "Proposed decisions returned",
        QueueView.NEW_DOCUMENTS: "New documents",
        QueueView.DISPUTED: "Appeals, reconsiderations and discussions",
    },
    "not_decidable_reasons": {
        NotDecidable.OWN_REQUEST: "You submitted or appealed the request, or act for its providers",
        NotDecidable.DECIDED_EARLIER: "You made the decision that is appealed",
        NotDecidable.ASSIGNED_TO_ANOTHER: "Assigned to another reviewer",
        NotDecidable.NEEDS_PHYSICIAN: "A physician must confirm the proposed decisions",
        NotDecidable.NEEDS_ANOTHER_SIGNATURE: "Another reviewer must sign your proposal",
    },
    "pend_reasons": {
        PendReason.DISPUTED: "The providers dispute the determination",
        PendReason.NOT_AUTOMATIC: "The rules do not allow an automatic approval",
        PendReason.UNDETERMINED: "The rule list does not determine a code",
        PendReason.DOCUMENTATION_MISSING: "Required documentation was missing",
        PendReason.POTENTIAL_DUPLICATE: "Potential duplicate",
        PendReason.EMERGENCY: "Emergency",
        PendReason.LATE_NOTIFICATION: "Late notification of an admission",
        PendReason.PREDETERMINATION: "Predetermination",
    },
    "duplicate_reasons": {
        DuplicateReason.NEAR_DATES: "Same services on close or partly overlapping dates",
        DuplicateReason.OTHER_UNITS: "Same services with other units or days",
        DuplicateReason.OTHER_MODIFIERS: "Same codes with other modifiers",
        DuplicateReason.OTHER_DETAILS: "Same codes with another place of service or medication",
        DuplicateReason.SHARED_CODES: "Some of the same codes",
        DuplicateReason.SAME_FAMILY: "Similar services",
        DuplicateReason.OTHER_IDENTIFIER: "Same provider under another identifier",
        DuplicateReason.OTHER_PROVIDER: "Same code at another provider or facility",
        DuplicateReason.DECIDED_BEFORE: "Same services, denied or modified before",
        DuplicateReason.UNREADABLE: "Record of another request that cannot be read",
    },
}
"""Display names of the enums that the payer's form does not name, by the name of the code list."""

FORM_NAMES: Final[Mapping[str, _Names]] = {
    "authorization_types": {
        AuthorizationType.INPATIENT: "Inpatient",
        AuthorizationType.OUTPATIENT: "Outpatient",
    },
    "urgencies": {
        Urgency.STANDARD: "Standard",
        Urgency.EXPEDITED: "Expedited",
        Urgency.EMERGENCY: "Emergency",
    },
    "unit_types": {
        UnitType.UNITS: "Units",
        UnitType.VISITS: "Visits",
        UnitType.DAYS: "Days",
        UnitType.HOURS: "Hours",
    },
    "code_types": {
        CodeType.CPT: "CPT",
        CodeType.HCPCS: "HCPCS",
        CodeType.REVENUE: "Revenue code",
        CodeType.DRG: "MS-DRG",
    },
    "provider_kinds": {
        ProviderKind.FACILITY: "Facility",
        ProviderKind.INDIVIDUAL: "Individual",
    },
    "purposes": {
        Purpose.PRECERTIFICATION: "Precertification",
        Purpose.PREDETERMINATION: "Predetermination (voluntary)",
    },
}
"""Display names of the enums that the payer's form names, for members that the form does not offer."""

ENUM_NAMES: Final[Mapping[str, _Names]] = {**OWN_NAMES, **FORM_NAMES}
"""All enums. ``tests/unit/test_code_lists.py`` fails for a member of an API model without a name."""

TEXT_NAMES: Final[Mapping[str, _Names]] = {
    "review_actions": {
        "A1": ("Certified in total", "X12 306 A1"),
        "A2": ("Certified in part", "X12 306 A2"),
        "A3": ("Not certified", "X12 306 A3"),
        "A4": ("Pended", "X12 306 A4"),
        "A6": ("Modified", "X12 306 A6"),
        "C": ("Cancelled", "X12 306 C"),
        "CT": ("Contact payer", "X12 306 CT"),
        "NA": ("No action required", "X12 306 NA"),
    },
    "decision_reasons": {
        "0B": "Sent to external review",
        "0F": "Not medically necessary",
        "0H": "Precertification not required",
        "0J": "An external review organization is responsible",
        "0L": "More than the plan allows",
        "0M": "Not a covered service",
        "0P": "Requested information was not received",
        "0Q": "Duplicate of another request",
        "0T": "Experimental or investigational",
        "0U": "More patient information is needed",
        "0V": "Medical review is needed",
        "17": "A time limit has passed",
    },
    "plan_types": {
        "HMO": ("HMO", "Health maintenance organization"),
        "IFP": ("IFP", "Individual and family plan"),
        "EPO": ("EPO", "Exclusive provider organization"),
        "OAP": ("OAP", "Open access plan"),
        "PPO": ("PPO", "Preferred provider organization"),
    },
    "lines_of_business": {
        "COMMERCIAL": "Commercial",
        "EXCHANGE": "Exchange",
        "MEDICARE_ADVANTAGE": "Medicare Advantage",
        "MEDICAID": "Medicaid",
        "CHIP": "CHIP",
    },
}
"""Display names of codes that are not enums, by the name of the code list."""

_LIST_OF_ENUM: Final[Mapping[type, str]] = {
    type(member): name for name, names in ENUM_NAMES.items() for member in names
}
_OWN_LABELS: Final[Mapping[type, Mapping[Any, str]]] = {
    type(next(iter(names))): {
        code: words if isinstance(words, str) else words[0] for code, words in names.items()
    }
    for names in OWN_NAMES.values()
}
LIST_OF_FIELD: Final[Mapping[str, str]] = {
    "document_type": "required_documentation",
    "documents": "required_documentation",
    "frequency": "frequencies",
    "line_of_business": "lines_of_business",
    "management_level": "management_levels",
    "place_of_service": "places_of_service",
    "plan_type": "plan_types",
    "reason_code": "decision_reasons",
    "review_action": "review_actions",
    "route": "routes",
    "type_of_service": "types_of_service",
}
"""The code list of a field whose codes are not an enum, by the name of the field."""


def display_name(member: StrEnum) -> str:
    """The display name of a code in :data:`OWN_NAMES`, which is the same for every payer."""
    return _OWN_LABELS[type(member)][member]


class CodeLists:
    """The code lists of one payer."""

    def __init__(self, payer: Payer) -> None:
        self.payer = payer
        self._lists = {code_list.name: code_list for code_list in _lists(payer)}
        self._labels = {
            name: {code.code: code.label for code in code_list.codes}
            for name, code_list in self._lists.items()
        }

    def with_public(self, **lists: Iterable[Code]) -> tuple[CodeList, ...]:
        """All code lists in the order of their names, with ``lists`` as further ones."""
        public = [CodeList(name, tuple(codes)) for name, codes in lists.items()]
        return tuple(sorted([*self._lists.values(), *public]))

    def label(self, code_list: str, code: str | None) -> str | None:
        """A code's display name; ``None`` without a code, or if the list no longer has the code."""
        return None if code is None else self._labels[code_list].get(code)

    def label_of(self, member: StrEnum | None) -> str | None:
        """The display name of an enum's member."""
        return None if member is None else self._labels[_LIST_OF_ENUM[type(member)]][member.value]

    def labels(self, **codes: StrEnum | str | Iterable[str] | None) -> dict[str, Any]:
        """The labels of members of a response: ``x_label`` for a code, ``x_labels`` for a list."""
        return dict(self._beside(field, value) for field, value in codes.items())

    def _beside(self, field: str, value: StrEnum | str | Iterable[str] | None) -> tuple[str, Any]:
        if value is None or isinstance(value, str):
            return f"{field}_label", self._label(field, value)
        return f"{field}_labels", [self._label(field, one) for one in value]

    def _label(self, field: str, value: StrEnum | str | None) -> str | None:
        if isinstance(value, StrEnum):
            return self.label_of(value)
        return None if value is None else self.label(LIST_OF_FIELD[field], value)


_RECENT: Final[dict[int, CodeLists]] = {}


def code_lists_of(payer: Payer) -> CodeLists:
    """The payer's code lists. They are cached: a process serves one payer."""
    lists = _RECENT.get(id(payer))
    if lists is None or lists.payer is not payer:
        _RECENT.clear()
        lists = _RECENT[id(payer)] = CodeLists(payer)
    return lists


def version_of(lists: Iterable[CodeList], beside: str = "") -> str:
    """The version of code lists and of the text ``beside``: 16 hexadecimal characters of SHA-256."""
    return sha256((json.dumps(list(lists)) + beside).encode()).hexdigest()[:16]


def _lists(payer: Payer) -> Iterator[CodeList]:
    form = payer.form
    named_by_payer: Mapping[str, Iterable[tuple[str, str]]] = {
        "authorization_types": ((one.code, one.name) for one in form.authorization_types),
        "urgencies": ((one.code, one.name) for one in form.urgencies),
        "unit_types": ((one.code, one.name) for one in form.unit_types),
        "code_types": ((one.code, one.name) for one in form.code_types),
        "provider_kinds": ((one.code, one.name) for one in form.provider_kinds),
        "purposes": ((one.code, one.name) for one in form.purposes),
        "types_of_service": ((one.code, one.name) for one in form.types_of_service),
        "places_of_service": ((one.code, one.name) for one in form.places_of_service),
        "frequencies": ((one.code, one.name) for one in form.frequencies),
        "routes": ((one.code, one.name) for one in form.routes),
        "decision_reasons": payer.reason_codes.items(),
        "denial_reasons": payer.reason_codes.items(),
        "required_documentation": payer.required_documentation.items(),
        "management_levels": ((name, name) for name in payer.supported_management_levels),
        "lines_of_business": ((name, _readable(name)) for name in payer.review_clocks),
    }
    own = {**ENUM_NAMES, **TEXT_NAMES}
    for name in dict.fromkeys([*own, *named_by_payer]):
        codes = {code.code: code for code in _codes(own.get(name, {}))}
        for code, label in named_by_payer.get(name, ()):
            if name == "lines_of_business" and code in codes:
                continue
            known = codes.get(code)
            codes[code] = Code(code, label, known.description if known else None)
        yield CodeList(name, tuple(codes.values()))


def _codes(names: _Names) -> Iterator[Code]:
    for code, words in names.items():
        yield Code(str(code), words) if isinstance(words, str) else Code(str(code), *words)


def _readable(code: str) -> str:
    """A display name made of a code without one: ``SELF_FUNDED`` is *Self funded*."""
    return code.replace("_", " ").capitalize()
