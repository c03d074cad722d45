"""The reference data that an assessment reads, with rules of the test's own."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from precert.domain.coverage import Coverage, Member, members_of
from precert.domain.damage import Readable
from precert.domain.directory import DirectoryEntry
from precert.domain.duplicates import Fingerprint
from precert.domain.rules import DelegatedVendor, Requirement, Rule, RuleListVersion
from precert.domain.values import CodeType
from precert.usecases.assessment import AssessmentSources, assess_cycle
from precert.usecases.ports.reference import CheckFacts
from precert.usecases.ports.requests import MemberFingerprints, RequestStore
from precert.usecases.workflow import CycleStatus
from tests.fakes import samples
from tests.fakes.clock import START

MEMBERS_ADDRESS: Final = {
    "line_1": "12 Larchmere Blvd",
    "city": "Shaker Heights",
    "state": "OH",
    "zip_code": "44120",
}
RULE_LIST: Final = RuleListVersion("2026-07", date(2026, 1, 1), "", "", START)
VENDOR: Final = DelegatedVendor(
    vendor_id="IMAGING",
    name="Imaging Vendor",
    services="Radiology",
    url="https://vendor.example/imaging",
    phone="8005550100",
    requirements=("Order of the physician",),
)


def rule(code: str, requirement: str = "REQUIRED", **fields: Any) -> Rule:
    """A rule for one CPT code, named ``R-<code>``."""
    return Rule(
        rule_id=f"R-{code}",
        code_type=CodeType.CPT,
        code_from=code,
        code_to=code,
        requirement=Requirement(requirement),
        effective_from=date(2026, 1, 1),
        **fields,
    )


@dataclass
class SampleReference:
    """The sample patient, always covered, and a list of these rules."""

    rules_by_code: dict[str, Rule] = field(default_factory=dict)
    vendors_by_id: Mapping[str, DelegatedVendor] = field(
        default_factory=lambda: {VENDOR.vendor_id: VENDOR}
    )
    entries_by_id: dict[str, DirectoryEntry] = field(default_factory=samples.directory)

    @classmethod
    def of(cls, *rules: Rule, **fields: Any) -> "SampleReference":
        return cls({one.code_from: one for one in rules}, **fields)

    def member(self, member_id: str) -> Member | None:
        coverage = Coverage.model_validate(
            {
                **samples.PATIENT,
                "account": "0001",
                "account_name": "Sample Account",
                "plan": samples.PLAN,
                "active_from": "2026-01-01",
                "mailing_address": MEMBERS_ADDRESS,
            }
        )
        return next((one for one in members_of([coverage]) if one.member_id == member_id), None)

    def check_facts(self, member_id: str) -> CheckFacts:
        return CheckFacts(self.member(member_id), RULE_LIST, b"key")

    def members_by_ssn(self, digest: str) -> Readable[Member]:
        return Readable()

    def entry(self, provider_id: str) -> DirectoryEntry | None:
        return self.entries_by_id.get(provider_id)

    def entries(self, provider_ids: Collection[str]) -> dict[str, DirectoryEntry]:
        return {one: self.entries_by_id[one] for one in provider_ids if one in self.entries_by_id}

    def rules(
        self, version: RuleListVersion, codes: Collection[tuple[CodeType, str]]
    ) -> dict[tuple[CodeType, str], tuple[Rule, ...]]:
        assert version == RULE_LIST
        known = self.rules_by_code
        return {(kind, code): (known[code],) for kind, code in codes if code in known}

    def vendors(
        self, version: RuleListVersion, vendor_ids: Collection[str]
    ) -> dict[str, DelegatedVendor]:
        return {one: self.vendors_by_id[one] for one in vendor_ids}

    def in_effect(self) -> RuleListVersion | None:
        return RULE_LIST

    def in_effect_at(self, instant: datetime) -> RuleListVersion | None:
        return RULE_LIST if instant >= START else None


@dataclass
class KnownFingerprints:
    """Fingerprints of the sample patient's requests."""

    fingerprints: Collection[Fingerprint] = ()

    def of_member(self, member_id: str) -> MemberFingerprints:
        return MemberFingerprints(
            tuple(one for one in self.fingerprints if one.member_id == member_id)
        )


def assess(
    requests: RequestStore,
    cycle: int = 1,
    *,
    by: SampleReference | None = None,
    others: Collection[Fingerprint] = (),
    now: datetime = START,
) -> CycleStatus:
    """The assessment of the sample request's cycle; without rules, no requirement can be
    determined.
    """
    reference: Any = by or SampleReference()
    sources = AssessmentSources(
        requests=requests,
        reference=reference,
        rule_lists=reference,
        rule_list_versions=reference,
        fingerprints=KnownFingerprints(others),
        payer=samples.payer(),
        now=now,
    )
    return assess_cycle(samples.REQUEST_ID, cycle, sources)
