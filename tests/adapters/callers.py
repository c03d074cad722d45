"""The callers of the tests, by their token's claims."""

from typing import Final

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
