"""The screens of the portal: what the tests of every screen and `make figures` open."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from local.journey.content import completed, office_service
from local.users import CLERK, OPERATOR, PROVIDER, REVIEWER, VENDOR, User
from tests.journeys.portal import DENIAL, Portal


@dataclass(frozen=True)
class Place:
    """A screen: who opens it, its path, and its entry in the manifest of the build."""

    name: str
    user: User
    path: str
    entry: str = ""
    """Empty for a state of another screen."""

    entered: bool = False
    """Whether the tab needs the entries of a check: its patient and servicing provider."""


PLACES: Final = (
    Place("home", PROVIDER, "/home", "src/provider/home/Home.tsx"),
    Place("patient search", PROVIDER, "/patients", "src/provider/patients/PatientSearch.tsx"),
    Place("dashboard", PROVIDER, "/requests", "src/provider/requests/Requests.tsx"),
    Place("messages", PROVIDER, "/messages", "src/provider/messages/Messages.tsx"),
    Place("request form", PROVIDER, "/drafts/{draft}", "src/provider/request/DraftScreen.tsx"),
    Place("details", PROVIDER, "/requests/{denied}", "src/provider/requests/details/Details.tsx"),
    Place("details while pending", PROVIDER, "/requests/{pending}"),
    Place("unknown address", PROVIDER, "/nowhere"),
    Place("worklist", REVIEWER, "/review", "src/review/Worklist.tsx"),
    Place("case", REVIEWER, "/review/{pending}", "src/review/Case.tsx"),
    Place("decided case", REVIEWER, "/review/{denied}"),
    Place("operations", OPERATOR, "/operations", "src/operations/Queues.tsx"),
    Place("stuck requests", OPERATOR, "/operations?queue=stuck"),
    Place(
        "operator's request",
        OPERATOR,
        "/operations/requests/{denied}",
        "src/operations/RequestPage.tsx",
    ),
    Place("intake", CLERK, "/intake", "src/intake/Register.tsx"),
    Place("registered requests", CLERK, "/intake/requests", "src/intake/RegisteredList.tsx"),
    Place("delegated vendor", VENDOR, "/vendor", "src/vendor/Delegations.tsx"),
)

FURTHER: Final = (
    Place("review and submit", PROVIDER, "/drafts/{draft}?step=review"),
    Place(
        "patient",
        PROVIDER,
        "/patients/current",
        "src/provider/patients/Patient.tsx",
        entered=True,
    ),
    Place("check", PROVIDER, "/check", "src/provider/check/CheckScreen.tsx", entered=True),
    Place("services of the check", PROVIDER, "/check?step=services", entered=True),
    Place(
        "registered request",
        CLERK,
        "/intake/requests/{registered}",
        "src/intake/Registered.tsx",
    ),
    Place("delegated request", VENDOR, "/vendor/{delegated}", "src/vendor/Delegation.tsx"),
)
SCREENS: Final = (*PLACES, *FURTHER)
QUESTION: Final = "Which treatment was tried?"
FAX: Final = "FAX-2207"


def shown_requests(api: Portal) -> dict[str, str]:
    """A request of each kind that the paths name."""
    return {"draft": api.draft(), "pending": api.pending(), "denied": api.decided(DENIAL)}


def further_requests(api: Portal) -> dict[str, str]:
    """The requests that the further paths name: registered from a fax, and decided by a vendor."""
    received = datetime.now(UTC) - timedelta(hours=2)
    body = {
        "channel": "FAX",
        "reference": FAX,
        "received_at": received.isoformat(),
        "content": api.content(),
    }
    taken = api.deployment.caller(CLERK).call("POST", "/v1/intake/requests", body)
    assert taken.status_code == 202, taken.text
    delegated = delegated_request(api)
    registered = str(taken.json()["request_id"])
    api.await_status(registered, PROVIDER, "PENDING")
    requested = api.deployment.caller(REVIEWER).act(
        f"/v1/review/requests/{registered}", "information", {"text": QUESTION}
    )
    assert requested.status_code == 200, requested.text
    return {"registered": registered, "delegated": delegated}


def delegated_request(api: Portal) -> str:
    """The id of a request of two lines: the payer decides the first one, a vendor the other."""
    content = api.content()
    imaging = office_service("70450", days_ahead=20, type_of_service="DIAGNOSTIC")
    services = [*content["services"], *completed({**content, "services": [imaging]})["services"]]
    return api.pending({**content, "services": services, "confirmed_vendors": [VENDOR.vendors[0]]})
