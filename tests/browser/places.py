"""The screens of the portal: what the tests of every screen and `make figures` open."""

from dataclasses import dataclass
from typing import Final

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


def shown_requests(api: Portal) -> dict[str, str]:
    """A request of each kind that the paths name."""
    return {"draft": api.draft(), "pending": api.pending(), "denied": api.decided(DENIAL)}
