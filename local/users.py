"""The sample users and systems: their rights, and how they get access tokens of the user pool."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.sample import sample_text
from precert.domain.caller import Grant
from precert.domain.loading import load_plans
from precert.names import Entitlement
from precert.usecases.grants import Grants

PASSWORD: Final = "Sample-Password-1"  # noqa: S105 - of fictitious users in a local user pool


@dataclass(frozen=True)
class User:
    """A person or a system, with the rights that the payer grants."""

    name: str
    title: str
    entitlements: tuple[Entitlement, ...] = ()
    tins: tuple[str, ...] = ()
    reviews: bool = False
    vendors: tuple[str, ...] = ()
    full_name: str = ""
    """The name that the portal and other reviewers see."""

    def granted(self, issuer: str, subject: str) -> Grant:
        """Return the grant of this subject; :func:`register_user` adds the plans of a reviewer."""
        return Grant(
            issuer=issuer,
            subject=subject,
            label=self.name,
            name=self.full_name or None,
            entitlements=frozenset(self.entitlements),
            tins=frozenset(self.tins),
            vendor_ids=frozenset(self.vendors),
        )


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
    "a review lead, who assigns cases to reviewers",
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
SAMPLE_EHR: Final = User(
    "sample-ehr",
    "the system of a provider's software vendor",
    (Entitlement.PATIENT_SEARCH,),
    PROVIDER.tins,
)
SAMPLE_VENDOR: Final = User(
    "sample-vendor",
    "the system of a delegated vendor",
    (Entitlement.VENDOR,),
    vendors=VENDOR.vendors,
)
SYSTEMS: Final = {
    SAMPLE_EHR: "PartnerClientIdSampleEhr",
    SAMPLE_VENDOR: "PartnerClientIdSampleVendor",
}
"""Partners' systems, and the output of the stack that contains each one's client id."""
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


def register(cognito: Any, outputs: Mapping[str, str], grants: Grants) -> None:
    """Create or update every sample user, and store the grants of all users and systems."""
    plan_ids = tuple(plan.plan_id for plan in load_plans(sample_text("plans")))
    for user in USERS:
        register_user(cognito, outputs, grants, user, plan_ids if user.reviews else ())
    for system, output in SYSTEMS.items():
        rights = system.granted(outputs["PortalAuthority"], outputs[output])
        grants.store(rights)


def register_user(
    cognito: Any,
    outputs: Mapping[str, str],
    grants: Grants,
    user: User,
    plan_ids: tuple[str, ...] = (),
) -> None:
    """Create or update one user with a password and groups, and store the user's grant."""
    named = {"UserPoolId": outputs["UserPoolId"], "Username": user.name}
    attributes = [{"Name": "name", "Value": user.full_name}] if user.full_name else []
    try:
        cognito.admin_create_user(
            **named,
            UserAttributes=attributes,
            MessageAction="SUPPRESS",
            TemporaryPassword=PASSWORD,
        )
    except cognito.exceptions.UsernameExistsException:
        if attributes:
            cognito.admin_update_user_attributes(**named, UserAttributes=attributes)
    cognito.admin_set_user_password(**named, Password=PASSWORD, Permanent=True)
    for entitlement in user.entitlements:
        cognito.admin_add_user_to_group(**named, GroupName=entitlement.value)
    found = cognito.admin_get_user(**named)["UserAttributes"]
    subject = next(one["Value"] for one in found if one["Name"] == "sub")
    rights = user.granted(outputs["PortalAuthority"], subject)
    grants.store(rights.model_copy(update={"plan_ids": frozenset(plan_ids)}))


def sign_in(cognito: Any, client_id: str, user: User) -> str:
    """Sign in with the password, and return the user's access token."""
    response = cognito.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user.name, "PASSWORD": PASSWORD},
    )
    return str(response["AuthenticationResult"]["AccessToken"])
