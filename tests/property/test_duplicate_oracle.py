"""Random histories of requests against an independent statement of rule S2.

The product's use cases and its DynamoDB adapters run on a simulated table. The oracle states which
submission is refused, which request is voided as a duplicate, and which potential duplicates a reviewer
sees. ``make test`` runs a part of the histories, ``make deep`` all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import pytest

from precert.adapters.dynamodb.duplicates import DynamoDBFingerprints
from precert.adapters.dynamodb.registrations import DynamoDBRegistrations
from precert.adapters.dynamodb.requests import DynamoDBRequests
from precert.domain import disputing
from precert.domain.caller import Caller
from precert.domain.content import RequestContent
from precert.domain.coverage import Member
from precert.domain.decisions import Approved, Decision
from precert.domain.duplicates import submitted_fingerprint
from precert.domain.event_types import EventType
from precert.domain.matching import ProviderRole
from precert.domain.request import Request
from precert.domain.request_events import event_of
from precert.domain.review import Channel
from precert.domain.statuses import LineStatus, Status
from precert.names import Entitlement
from precert.usecases.assessment import AssessmentSources, assess_cycle
from precert.usecases.operations import DateChange, change_dates, reconcile_provider
from precert.usecases.ports.requests import DuplicateFoundError
from precert.usecases.submission import received_request, with_number
from tests.depth import depth
from tests.fakes import samples
from tests.fakes.clock import START
from tests.fakes.reference import SampleReference
from tests.fakes.requests import JUST_READ
from tests.property.duplicate_oracle import (
    FIRST_DAY,
    EnteredProcedure,
    EnteredService,
    Entry,
    Known,
    is_repetition,
    is_similar,
    repeats_as_entered,
)
from tests.simulation.table import Tables
from tests.simulation.wire import Client, Wire

HISTORIES: Final = depth(240, 10_000)
PARTS: Final = 2
OUTCOMES: Final = {
    *("submitted", "refused", "reported", "ended", "similar", "pended"),
    *("approved", "denied", "overturned", "voided", "moved", "matched"),
}
STEPS: Final = 12
STEPS_BY_NAME: Final = (
    *("submit", "submit", "submit", "submit", "assess", "assess", "assess", "assess"),
    *("decide", "appeal", "void", "move", "report", "match", "match"),
)
TABLE: Final = "requests"
CODES: Final = ("97110", "97140", "27447", "27446", "70551")
MODIFIERS: Final = ((), (), ("LT",), ("RT",), ("50",))
AMOUNTS: Final = ((1, "VISITS"), (1, "VISITS"), (2, "VISITS"), (5, "DAYS"))
MEMBERS: Final = ("849382931", "U10000001")
PROVIDERS: Final[tuple[Mapping[str, str | None], ...]] = (
    {"provider_id": "P00001", "npi": "8001041853", "tin": "203129831"},
    {"provider_id": None, "npi": "8001041853", "tin": "203129831"},
    {"provider_id": "P00007", "npi": "8001041853", "tin": "203129831"},
    {"provider_id": None, "npi": "1234567893", "tin": "203129831"},
    {"provider_id": "P00008", "npi": "8001042398", "tin": "690121431"},
)
OPERATOR: Final = Caller(subject="operator", entitlements=frozenset({Entitlement.OPERATOR}))


class Covered(SampleReference):
    """Both members are covered, and no rule list has a rule for a code: everything else is pended."""

    def member(self, member_id: str) -> Member | None:
        sample = super().member(samples.PATIENT["member_id"])
        return sample and sample.model_copy(update={"member_id": member_id})


REFERENCE: Final[Any] = Covered()


# -- a history ----------------------------------------------------------------------------------------


@dataclass
class History:
    random: Random
    known: dict[str, Known] = field(default_factory=dict)
    now: datetime = START
    counts: dict[str, int] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wire = Wire(Random(0), between=lambda: None, note=lambda _text: None)
        self.tables = Tables({TABLE: {}})
        client: Any = Client(self.wire, self.tables.perform)
        until = {"requests_table": TABLE, "retained_until": lambda at: at + timedelta(days=730)}
        self.requests = DynamoDBRequests(client, **until)  # type: ignore[arg-type]
        self.registrations = DynamoDBRegistrations(
            client,
            **until,  # type: ignore[arg-type]
            reference_table="reference",
        )
        self.fingerprints = DynamoDBFingerprints(client, requests_table=TABLE)

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def run(self) -> None:
        for _ in range(STEPS):
            self.now += timedelta(minutes=self.random.randint(1, 600))
            step = self.random.choice(STEPS_BY_NAME)
            getattr(self, step)()
            self.compare_items()

    # -- steps --------------------------------------------------------------------------------------

    def submit(self) -> None:
        content, known = self.requested()
        received = self.now
        channel = Channel.PORTAL
        if self.random.random() < 0.2:
            channel, received = Channel.FAX, self.now - timedelta(hours=self.random.randint(1, 90))
        known.submitted = received, known.name
        request = self.entered(known.name, content, channel, received)
        refusing = {
            other.name
            for other in self.known.values()
            if not other.is_void and not other.adverse and repeats_as_entered(known, other)
        }
        if refusing:
            with pytest.raises(DuplicateFoundError) as refusal:
                self.register(request, unique=True)
            assert refusal.value.existing.request_id in refusing
            self.count("refused")
            return
        self.register(request, unique=True)
        self.known[known.name] = known
        self.count("submitted")

    def report(self) -> None:
        """A vendor decided a request that was made there."""
        content, known = self.requested()
        known.submitted = self.now, known.name
        request = self.entered(known.name, content, Channel.VENDOR, self.now)
        status = self.random.choice([LineStatus.APPROVED, LineStatus.DENIED])
        lines = tuple(
            line.model_copy(update={"decisions": (decision(status, self.now, 1),)})
            for line in request.submitted.lines
        )
        review = request.submitted.model_copy(update={"lines": lines, "vendor_id": "V"})
        whole = Status.APPROVED if status is LineStatus.APPROVED else Status.DENIED
        self.register(request.model_copy(update={"review": review, "status": whole}), unique=False)
        known.state, known.adverse = "DETERMINED", status is LineStatus.DENIED
        self.known[known.name] = known
        self.count("reported")

    def assess(self) -> None:
        known = self.drawn("PROCESSING")
        if known is None:
            return
        others = [one for one in self.known.values() if not one.is_void and one is not known]
        seen = [
            one for one in others if known.submitted > one.submitted or one.state != "PROCESSING"
        ]
        repeated = {one.name for one in seen if is_repetition(known, one) and not one.adverse}
        similar = {
            one.name
            for one in seen
            if is_similar(known, one) and not (is_repetition(known, one) and not one.adverse)
        }
        self.assess_request(known.name)
        request = self.read(known)
        found = request.submitted.assessment
        assert found is not None
        assert {one.request_id for one in found.potential_duplicates} == similar
        if repeated:
            assert request.status is Status.VOID
            numbers = {self.read(self.known[one]).submitted.number for one in repeated}
            assert request.submitted.duplicate_of in numbers
            known.state = "VOID"
            self.count("ended")
        else:
            assert request.status is Status.PENDING
            known.state = "PENDING"
            self.count("similar" if similar else "pended")

    def decide(self) -> None:
        known = self.drawn("PENDING")
        if known is None:
            return
        request = self.read(known)
        decisions = {
            line.line_id: decision(
                self.random.choice([LineStatus.APPROVED, LineStatus.APPROVED, LineStatus.DENIED]),
                self.now,
                1,
            )
            for line in request.submitted.lines
        }
        self.requests.record(request.determine(decisions, "reviewer-1", self.now))
        known.state = "DETERMINED"
        known.adverse = any(one.status is LineStatus.DENIED for one in decisions.values())
        self.count("denied" if known.adverse else "approved")

    def appeal(self) -> None:
        """An appeal that overturns every denial."""
        known = self.drawn("DETERMINED", adverse=True)
        request = self.read(known) if known else None
        if known is None or request is None or request.is_delegated:
            return
        denied = [one.line_id for one in request.submitted.lines if one.status.rule.adverse]
        filed = disputing.file_appeal(
            request,
            denied,
            reason="More information.",
            expedited=False,
            payer=samples.payer(),
            by="provider",
            now=self.now,
        )
        self.requests.record(filed)
        decisions = {one: decision(LineStatus.APPROVED, self.now, 2) for one in denied}
        decided = disputing.determine_appeal(filed.request, decisions, "reviewer-2", self.now)
        self.requests.record(decided)
        known.adverse = False
        self.count("overturned")

    def match(self) -> None:
        """An operator matches a manually entered servicing provider with the directory."""
        found = [one for one in self.known.values() if self.is_unmatched(one)]
        if not found:
            return
        known = self.random.choice(found)
        reconcile_provider(
            known.name,
            ProviderRole.SERVICING_PROVIDER,
            "P00001",
            OPERATOR,
            read=JUST_READ,
            requests=self.requests,
            reference=REFERENCE,
            now=self.now,
        )
        known.matched = PROVIDERS[0]
        self.count("matched")

    def is_unmatched(self, known: Known) -> bool:
        roles = self.read(known).unmatched_providers
        return ProviderRole.SERVICING_PROVIDER in roles

    def void(self) -> None:
        known = self.drawn("PENDING") or self.drawn("PROCESSING")
        if known is None:
            return
        self.requests.record(self.read(known).void("Not needed.", "provider", self.now))
        known.state = "VOID"
        self.count("voided")

    def move(self) -> None:
        """An operator changes the approved date of an outpatient request with one line."""
        known = self.drawn("DETERMINED", adverse=False)
        request = self.read(known) if known else None
        if known is None or request is None or len(known.lines) != 1 or request.is_delegated:
            return
        [line] = known.lines
        [service] = request.content.services
        if service.requested_days:
            return
        moved_to = self.random.randrange(17)
        first = FIRST_DAY + timedelta(days=moved_to)
        change_dates(
            request.request_id,
            [DateChange(line_id="1.1", from_date=first, to_date=first)],
            OPERATOR,
            reason="Rescheduled.",
            read=JUST_READ,
            requests=self.requests,
            now=self.now,
        )
        line.days = {moved_to + one for one in range(len(line.days))}
        self.count("moved")

    def assess_request(self, name: str) -> None:
        sources = AssessmentSources(
            requests=self.requests,
            reference=REFERENCE,
            rule_lists=REFERENCE,
            rule_list_versions=REFERENCE,
            fingerprints=self.fingerprints,
            payer=samples.payer(),
            now=self.now,
        )
        assess_cycle(name, 1, sources)

    # -- parts --------------------------------------------------------------------------------------

    def drawn(self, state: str, *, adverse: bool = False) -> Known | None:
        """A request in this state."""
        found = [one for one in self.known.values() if (one.state, one.adverse) == (state, adverse)]
        return self.random.choice(found) if found else None

    def read(self, known: Known) -> Request:
        request = self.requests.read(known.name)
        assert request is not None
        return request

    def register(self, request: Request, *, unique: bool) -> None:
        event = event_of(request, EventType.REQUEST_SUBMITTED, "user")
        self.registrations.register(
            request,
            event,
            covered_on=None,
            fingerprint=submitted_fingerprint(request),
            unique=unique,
        )

    def entered(
        self, name: str, content: RequestContent, channel: Channel, received: datetime
    ) -> Request:
        request = received_request(
            name,
            content,
            plan=samples.PLAN,
            received_at=received,
            channel=channel,
            reference=name,
            now=self.now,
        )
        return with_number(request, f"PC{len(self.tables.tables[TABLE]):010d}")

    def requested(self) -> tuple[RequestContent, Known]:
        """What is requested, for the product and for the oracle: often like an earlier request."""
        random = self.random
        if self.entries and random.random() < 0.6:
            entry = self.varied(random.choice(self.entries))
        else:
            services = tuple(self.service() for _ in range(random.choice([1, 1, 2])))
            purpose = random.choice(["PRECERTIFICATION"] * 5 + ["PREDETERMINATION"])
            entry = Entry(random.choice(MEMBERS), purpose, random.choice(PROVIDERS), services)
        self.entries.append(entry)
        name = f"{random.randrange(10**9):026d}"
        content = samples.content(
            patient={**samples.PATIENT, "member_id": entry.member},
            purpose=entry.purpose,
            servicing_provider={**samples.entered()["servicing_provider"], **entry.provider},
            services=[one.sent for one in entry.services],
        )
        lines = [line for one in entry.services for line in one.lines]
        return content, Known(
            name, entry.member, entry.purpose, entry.provider, lines, (self.now, name)
        )

    def varied(self, entry: "Entry") -> "Entry":
        """The same again, or with a part changed."""
        random = self.random
        match random.choice(["same", "days", "provider", "line", "services"]):
            case "days":
                days = random.choice([-7, -1, 1, 7, 8])
                services = tuple(
                    replace(
                        one,
                        first=one.first + days,
                        procedures=tuple(
                            line._replace(first=None if line.first is None else line.first + days)
                            for line in one.procedures
                        ),
                    )
                    for one in entry.services
                )
                return replace(entry, services=services)
            case "provider":
                return replace(entry, provider=random.choice(PROVIDERS))
            case "line":
                first, *rest = entry.services
                line = first.procedures[0]
                changed = self.procedure(line.code)._replace(first=line.first)
                procedures = (changed, *first.procedures[1:])
                return replace(entry, services=(replace(first, procedures=procedures), *rest))
            case "services":
                return replace(entry, services=tuple(reversed(entry.services))[:1])
            case _:
                return entry

    def service(self) -> "EnteredService":
        random = self.random
        inpatient = random.random() < 0.3
        place = random.choice(["HOSPITAL"] if inpatient else ["OFFICE", "OFFICE", "HOME"])
        procedures = []
        for code in random.sample(CODES, random.choice([1, 1, 2])):
            dated = not inpatient and random.random() < 0.4
            first = random.randrange(17) if dated else None
            procedures.append(self.procedure(code)._replace(first=first))
        stay = random.randint(1, 4) if inpatient else None
        return EnteredService(random.randrange(17), stay, place, tuple(procedures))

    def procedure(self, code: str) -> "EnteredProcedure":
        units, unit_type = self.random.choice(AMOUNTS)
        return EnteredProcedure(code, units, unit_type, self.random.choice(MODIFIERS))

    def compare_items(self) -> None:
        """The table holds a fingerprint of what is not void, and a lock of what is not adverse."""
        locked, compared = set[str](), set[str]()
        for item in self.tables.items(TABLE):
            pk = item["pk"]["S"]
            if pk.startswith("DUPLICATE#"):
                locked |= item.keys() - {"pk", "sk", "version"}
            elif pk.startswith("MEMBER#"):
                compared.add(item["sk"]["S"].removeprefix("REQUEST#"))
        in_effect = {one.name for one in self.known.values() if not one.is_void}
        assert compared == in_effect
        assert locked == {one for one in in_effect if not self.known[one].adverse}


def decision(status: LineStatus, at: datetime, cycle: int) -> Decision:
    approves = status is LineStatus.APPROVED
    period = Approved(from_date=FIRST_DAY, to_date=FIRST_DAY) if approves else None
    return samples.decision(status, cycle=cycle).model_copy(
        update={"decided_at": at, "approved": period, "decided_by": f"reviewer-{cycle}"}
    )


@pytest.mark.rule("S2", "W10")
@pytest.mark.parametrize("part", range(PARTS))
def test_every_duplicate_is_handled_as_the_oracle_states_when_histories_are_random(
    part: int,
) -> None:
    counts: dict[str, int] = {}
    for seed in range(part, HISTORIES, PARTS):
        history = History(Random(seed), counts=counts)
        try:
            history.run()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    assert counts.keys() == OUTCOMES, counts
