"""The sample users and systems: what they may do, and how they get a token, as at any user pool."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.sample import sample_text
from precert.domain.caller import Grant
from precert.domain.loading import load_plans
from precert.names import Entitlement
from precert.usecases.grants import Grants

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

    def granted(self, issuer: str, subject: str) -> Grant:
        """What the payer granted; the plans of a reviewer are added."""
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
"""Partners' systems, with the stack's output that has the id of their client."""
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
    """Make every sample user and system, or leave those that exist already as they should be."""
    plan_ids = tuple(plan.plan_id for plan in load_plans(sample_text("plans")))
    for user in USERS:
        enlist(cognito, outputs, grants, user, plan_ids if user.reviews else ())
    for system, output in SYSTEMS.items():
        rights = system.granted(outputs["PortalAuthority"], outputs[output])
        grants.store(rights)


def enlist(
    cognito: Any,
    outputs: Mapping[str, str],
    grants: Grants,
    user: User,
    plan_ids: tuple[str, ...] = (),
) -> None:
    """Register one user with a password, and grant what the user may do."""
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
    """The access token of a user."""
    answer = cognito.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user.name, "PASSWORD": PASSWORD},
    )
    return str(answer["AuthenticationResult"]["AccessToken"])
