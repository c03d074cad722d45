"""The sample users: who they are, and how they get a token, as at any Cognito user pool."""

from dataclasses import dataclass
from typing import Any, Final

from local.sample import sample_text
from precert.domain.loading import load_plans
from precert.names import Entitlement

PASSWORD: Final = "Sample-Password-1"  # noqa: S105 - of made-up people in a local pool


@dataclass(frozen=True)
class User:
    """One person with what the payer registered them for."""

    name: str
    title: str
    entitlements: tuple[Entitlement, ...] = ()
    tins: tuple[str, ...] = ()
    reviews: bool = False
    vendors: tuple[str, ...] = ()
    full_name: str = ""
    """By which a portal greets the user."""


PROVIDER: Final = User(
    "provider",
    "Dr. Rubinstein, the requesting provider",
    (Entitlement.PATIENT_SEARCH,),
    ("463778226",),
    full_name="Dana Whitfield",
)
FACILITY: Final = User(
    "facility",
    "the servicing facility",
    (Entitlement.PATIENT_SEARCH,),
    ("203129831",),
    full_name="Marcus Lee",
)
PHYSICIAN: Final = (Entitlement.REVIEWER, Entitlement.PHYSICIAN_REVIEWER)
REVIEWER: Final = User(
    "reviewer", "a physician reviewer", PHYSICIAN, reviews=True, full_name="Dr. Priya Raman"
)
SECOND_REVIEWER: Final = User(
    "second-reviewer",
    "another physician reviewer",
    PHYSICIAN,
    reviews=True,
    full_name="Dr. Hannah Cole",
)
NURSE: Final = User(
    "nurse",
    "a nurse reviewer, who proposes denials",
    (Entitlement.REVIEWER,),
    reviews=True,
    full_name="Jordan Ellis",
)
LEAD: Final = User(
    "lead",
    "who leads the reviewers and assigns cases",
    (Entitlement.REVIEWER, Entitlement.REVIEW_LEAD),
    reviews=True,
    full_name="Renee Alvarez",
)
OPERATOR: Final = User(
    "operator", "an operator of the plan", (Entitlement.OPERATOR,), full_name="Omar Haddad"
)
CLERK: Final = User(
    "clerk", "an intake clerk for phone, fax and mail", (Entitlement.INTAKE,), full_name="Grace Kim"
)
VENDOR: Final = User(
    "vendor",
    "a delegated vendor",
    (Entitlement.VENDOR,),
    vendors=("EVICORE-RAD",),
    full_name="Tomas Novak",
)
NEWCOMER: Final = User(
    "newcomer", "a colleague without Patient Search", (), ("463778226",), full_name="Alex Morgan"
)
USERS: Final = (
    PROVIDER,
    FACILITY,
    REVIEWER,
    SECOND_REVIEWER,
    NURSE,
    LEAD,
    OPERATOR,
    CLERK,
    VENDOR,
    NEWCOMER,
)


def register(cognito: Any, pool_id: str) -> None:
    """Make every sample user, or leave those who are there already as they should be."""
    plan_ids = [plan.plan_id for plan in load_plans(sample_text("plans"))]
    for user in USERS:
        attributes = [
            {"Name": "custom:tins", "Value": " ".join(user.tins)},
            {"Name": "custom:vendors", "Value": " ".join(user.vendors)},
            {"Name": "custom:plans", "Value": " ".join(plan_ids) if user.reviews else ""},
        ]
        if user.full_name:
            attributes.append({"Name": "name", "Value": user.full_name})
        named = {"UserPoolId": pool_id, "Username": user.name}
        try:
            cognito.admin_create_user(
                **named,
                UserAttributes=attributes,
                MessageAction="SUPPRESS",
                TemporaryPassword=PASSWORD,
            )
        except cognito.exceptions.UsernameExistsException:
            cognito.admin_update_user_attributes(**named, UserAttributes=attributes)
        cognito.admin_set_user_password(**named, Password=PASSWORD, Permanent=True)
        for entitlement in user.entitlements:
            cognito.admin_add_user_to_group(**named, GroupName=entitlement.value)


def sign_in(cognito: Any, client_id: str, user: User) -> str:
    """The ID token of a user: its claims state what the user may do."""
    answer = cognito.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user.name, "PASSWORD": PASSWORD},
    )
    return str(answer["AuthenticationResult"]["IdToken"])
