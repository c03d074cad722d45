"""The callers of the tests, by their token's claims."""

from collections.abc import Mapping
from typing import Final

from precert.names import Entitlement
from tests.fakes.samples import FACILITY_TIN, PROVIDER_TIN, STRANGER_TIN

PROVIDER_SUBJECT: Final = "provider-user-5f2c"
FACILITY_SUBJECT: Final = "facility-user-77aa"
REVIEWER_SUBJECT: Final = "reviewer-user-91d0"
SECOND_REVIEWER_SUBJECT: Final = "reviewer-user-33be"
SUBJECTS: Final = (PROVIDER_SUBJECT, FACILITY_SUBJECT, REVIEWER_SUBJECT, SECOND_REVIEWER_SUBJECT)


def claims(subject: str, group: str = "", tins: str = "", plans: str = "") -> dict[str, str]:
    return {
        "sub": subject,
        "cognito:groups": f"[{group}]",
        "custom:tins": tins,
        "custom:plans": plans,
    }


PROVIDER: Final = claims(PROVIDER_SUBJECT, "PatientSearch", PROVIDER_TIN)
FACILITY: Final = claims(FACILITY_SUBJECT, "PatientSearch", FACILITY_TIN)
STRANGER: Final = claims("stranger-user", "PatientSearch", STRANGER_TIN)
UNENTITLED: Final = claims("unentitled-user", "Other", PROVIDER_TIN)
PHYSICIAN: Final = "Reviewer PhysicianReviewer"
REVIEWER: Final = claims(REVIEWER_SUBJECT, PHYSICIAN, plans="OAP-COMPLETE")
SECOND_REVIEWER: Final = claims(SECOND_REVIEWER_SUBJECT, PHYSICIAN, plans="OAP-COMPLETE")
NURSE: Final = claims("nurse-user-12ab", "Reviewer", plans="OAP-COMPLETE")
LEAD: Final = claims("lead-user-40e7", "Reviewer ReviewLead", plans="OAP-COMPLETE")
OPERATOR: Final = claims("operator-user", "Operator")
OTHER_QUEUE: Final = claims("reviewer-of-hmo", "Reviewer", plans="HMO-COMPLETE")
CLERK: Final = claims("clerk", "Intake")
VENDOR: Final = {**claims("vendor", "Vendor"), "custom:vendors": "EVICORE-RAD"}
CALLERS: Final[Mapping[Entitlement | None, dict[str, str]]] = {
    None: PROVIDER,
    Entitlement.PATIENT_SEARCH: PROVIDER,
    Entitlement.REVIEWER: REVIEWER,
    Entitlement.PHYSICIAN_REVIEWER: REVIEWER,
    Entitlement.REVIEW_LEAD: LEAD,
    Entitlement.OPERATOR: OPERATOR,
    Entitlement.INTAKE: CLERK,
    Entitlement.VENDOR: VENDOR,
}
"""Who may call the operations that need an entitlement, or none."""
