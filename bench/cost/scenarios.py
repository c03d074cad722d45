"""The requests whose usage is counted: what providers and reviewers call in the portal, once each.

A provider enters a request in five minutes, with an autosave after each part, and reads it when it is
determined. Users who look more often cost a few calls more each time.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bench.cost.usage import Usage
from bench.cost.world import ISSUER, CountedWorld, counted
from functions.check import handler as check
from functions.expire import orphans, warn
from functions.review import handler as review
from functions.status import handler as status
from functions.submit import handler as submit
from functions.subscriptions import sweep as subscription_sweep
from functions.sweep import handler as sweep
from functions.upload import handler as upload
from functions.upload import sweep as upload_sweep
from local.journey.content import clinical_note
from precert.domain.caller import Grant
from precert.names import Entitlement
from tests.fakes.samples import BOWEL_SURGERY, FACILITY_TIN, PATIENT, PROVIDER_TIN, entered

PROVIDER: Final = "provider"
FACILITY: Final = "facility"
REVIEWER: Final = "reviewer"
SECOND_REVIEWER: Final = "second-reviewer"
_PHYSICIAN: Final = frozenset({Entitlement.REVIEWER, Entitlement.PHYSICIAN_REVIEWER})
_PLANS: Final = frozenset({"OAP-COMPLETE"})
GRANTS: Final = (
    *(
        Grant(
            issuer=ISSUER,
            subject=subject,
            entitlements=frozenset({Entitlement.PATIENT_SEARCH}),
            tins=frozenset({tin}),
        )
        for subject, tin in ((PROVIDER, PROVIDER_TIN), (FACILITY, FACILITY_TIN))
    ),
    *(
        Grant(issuer=ISSUER, subject=subject, entitlements=_PHYSICIAN, plan_ids=_PLANS)
        for subject in (REVIEWER, SECOND_REVIEWER)
    ),
)
CAPSULE_ENDOSCOPY: Final[Mapping[str, Any]] = {
    "authorization_type": "OUTPATIENT",
    "type_of_service": "DIAGNOSTIC",
    "place_of_service": "OFFICE",
    "urgency": "STANDARD",
    "service_date": "2026-07-20",
    "primary_diagnosis": "K55",
    "procedures": [{"code": "91110", "start_date": "2026-07-20", "units": 1, "unit_type": "UNITS"}],
}
"""A service that the sample rule list approves automatically."""
DENIAL: Final = {
    "reason_code": "0F",
    "rationale": "Conservative treatment was not tried.",
    "criterion": "MCG S-310",
}


class Scenario:
    """The calls of people about one request."""

    def __init__(self, world: CountedWorld, service: Mapping[str, Any]) -> None:
        self.world = world
        self.content = entered(services=[service])

    def submit(self) -> str:
        """From the search of the patient to the submission; the workflow assesses the request."""
        http, content = self.world.http, self.content
        http(check, "POST", "/v1/patients/confirm", {"patient": dict(PATIENT)}, by=PROVIDER)
        http(check, "POST", "/v1/checks", {"content": content}, by=PROVIDER)
        draft = http(submit, "POST", "/v1/drafts", {"content": content}, by=PROVIDER)
        path, version = f"/v1/drafts/{draft['draft_id']}", draft["version"]
        self.world.settle()
        for part in ("requesting_provider", "servicing_provider", "services"):
            saved = http(
                submit,
                "PATCH",
                path,
                {"content": {part: content[part]}},
                by=PROVIDER,
                if_match=f'"{version}"',
            )
            version = saved["version"]
            self.world.settle()
        http(submit, "GET", f"{path}/validation", by=PROVIDER)
        http(
            submit,
            "POST",
            f"{path}/submission",
            {"content": content},
            by=PROVIDER,
            if_match=f'"{version}"',
        )
        self.world.archive_audit()
        return str(draft["draft_id"])

    def read_result(self, request_id: str) -> None:
        """The provider sees the message, opens the request, and downloads its notice."""
        http = self.world.http
        http(status, "GET", "/v1/messages/unread", by=PROVIDER)
        messages = http(status, "GET", "/v1/messages", by=PROVIDER)["messages"]
        http(status, "PUT", f"/v1/messages/{messages[0]['message_id']}/read", by=PROVIDER)
        http(status, "GET", "/v1/requests", by=PROVIDER)
        details = http(status, "GET", f"/v1/requests/{request_id}", by=PROVIDER)
        if notices := details["determination_notices"]:
            notice = f"/v1/requests/{request_id}/notices/{notices[-1]['notice_id']}"
            http(upload, "GET", notice, by=PROVIDER)
        self.world.archive_audit()

    def add_document(self, request_id: str) -> str:
        """The provider uploads a page."""
        form = self.world.http(
            upload,
            "POST",
            f"/v1/requests/{request_id}/documents",
            {"file_name": "operative-note.pdf"},
            by=PROVIDER,
        )
        self.world.upload(form["upload"], NOTE)
        self.world.archive_audit()
        return str(form["document"]["document_id"])

    def decide(self, request_id: str, *, by: str, cycle: int, outcome: str) -> None:
        """A reviewer takes the case from the queue, reads it and its document, and decides."""
        http, base = self.world.http, f"/v1/review/requests/{request_id}"
        http(review, "GET", "/v1/review/counts", by=by)
        http(review, "GET", "/v1/review/requests", by=by)
        case = http(review, "GET", base, by=by)
        http(review, "POST", f"{base}/assign", by=by, if_match=f'"{case["version"]}"')
        self.world.settle()
        case = http(review, "GET", base, by=by)
        for document in case["documents"]:
            http(review, "GET", f"{base}/documents/{document['document_id']}", by=by)
        lines = [
            {
                "line_id": "1.1",
                "status": outcome,
                **(DENIAL if outcome == "DENIED" else {}),
            }
        ]
        body = {
            "cycle": cycle,
            "lines": lines,
            "before_response": True,
            "seen_documents": [one["document_id"] for one in case["documents"]],
        }
        http(review, "POST", f"{base}/decisions", body, by=by, if_match=f'"{case["version"]}"')
        self.world.archive_audit()


def automatic(world: CountedWorld) -> None:
    """A request that the rules approve."""
    scenario = Scenario(world, CAPSULE_ENDOSCOPY)
    request_id = scenario.submit()
    scenario.read_result(request_id)
    _expect(world, request_id, "APPROVED")


def pended(world: CountedWorld, outcome: str = "APPROVED") -> tuple[Scenario, str]:
    """A request with one document, which a reviewer decides."""
    scenario = Scenario(world, BOWEL_SURGERY)
    request_id = scenario.submit()
    scenario.add_document(request_id)
    scenario.decide(request_id, by=REVIEWER, cycle=1, outcome=outcome)
    scenario.read_result(request_id)
    _expect(world, request_id, outcome)
    return scenario, request_id


def appealed(world: CountedWorld) -> None:
    """A request that is denied, and approved after an appeal with a second document."""
    scenario, request_id = pended(world, "DENIED")
    appeal = {"cycle": 1, "line_ids": ["1.1"], "reason": "The tumor grew.", "expedited": False}
    world.http(submit, "POST", f"/v1/requests/{request_id}/appeals", appeal, by=PROVIDER)
    world.settle()
    scenario.add_document(request_id)
    scenario.decide(request_id, by=SECOND_REVIEWER, cycle=2, outcome="APPROVED")
    scenario.read_result(request_id)
    _expect(world, request_id, "APPROVED")


def _expect(world: CountedWorld, request_id: str, outcome: str) -> None:
    found = world.deps.stored_requests.read(request_id)
    assert found is not None
    assert found.status == outcome, (request_id, found.status)


SCENARIOS: Final[Mapping[str, Callable[[CountedWorld], object]]] = {
    "automatic": automatic,
    "pended": pended,
    "appealed": appealed,
}
SCHEDULED: Final = {
    "SweepFunction": sweep,
    "WarnFunction": warn,
    "UploadSweepFunction": upload_sweep,
    "OrphanSweepFunction": orphans,
    "SubscriptionSweepFunction": subscription_sweep,
}
"""Functions that a schedule invokes, also where nothing happens."""
NOTE: Final = clinical_note()


def usage_of(name: str, *, scans: bool = False) -> Usage:
    """The usage of one request."""
    world = CountedWorld(scans=scans)
    with counted(world):
        world.prepare(*GRANTS)
        SCENARIOS[name](world)
        return world.finish()


def idle_run(construct_id: str) -> Usage:
    """The usage of one run of a schedule that finds nothing."""
    world = CountedWorld()
    with counted(world):
        world.run(SCHEDULED[construct_id], {})
        return world.finish()
