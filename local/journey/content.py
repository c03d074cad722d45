"""The content of requests that the provider enters, as in the reference guide's example."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

PATIENT: Final = {
    "member_id": "849382930",
    "date_of_birth": "1986-01-01",
    "last_name": "Adams",
    "first_name": "Allison",
}
REQUESTING: Final = {
    "kind": "INDIVIDUAL",
    "name": "Jeffrey Rubinstein",
    "npi": "1234567893",
    "tin": "463778226",
    "phone": "216-555-0111",
    "address": {
        "line_1": "26900 Cedar Road",
        "city": "Beachwood",
        "state": "OH",
        "zip_code": "44122",
    },
}


def service(*codes: str, days_ahead: int = 14) -> dict[str, Any]:
    """Return a standard surgical inpatient service with one service line for each procedure code."""
    day = (datetime.now(UTC) + timedelta(days=days_ahead)).date().isoformat()
    return {
        "authorization_type": "INPATIENT",
        "type_of_service": "SURGICAL_INPATIENT",
        "place_of_service": "SURGICAL",
        "urgency": "STANDARD",
        "admission_date": day,
        "primary_diagnosis": "K55",
        "procedures": [{"code": code} for code in codes],
    }


def office_service(
    code: str, *, days_ahead: int, type_of_service: str = "OFFICE_VISIT"
) -> dict[str, Any]:
    """Return a standard outpatient service in the office, with one procedure code."""
    day = (datetime.now(UTC) + timedelta(days=days_ahead)).date().isoformat()
    return {
        "authorization_type": "OUTPATIENT",
        "type_of_service": type_of_service,
        "place_of_service": "OFFICE",
        "urgency": "STANDARD",
        "service_date": day,
        "primary_diagnosis": "K55",
        "procedures": [{"code": code}],
    }


def automatic_service(days_ahead: int) -> dict[str, Any]:
    """Return a capsule endoscopy (CPT 91110), which the sample rule list approves automatically."""
    return office_service("91110", days_ahead=days_ahead, type_of_service="DIAGNOSTIC")


def completed(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a check with the further fields that a submission requires."""
    services = [
        {
            **one,
            **({"requested_days": 3} if "admission_date" in one else {}),
            "procedures": [
                {
                    **procedure,
                    "start_date": one.get("admission_date") or one["service_date"],
                    "units": 1,
                    "unit_type": "UNITS",
                }
                for procedure in one["procedures"]
            ],
        }
        for one in content["services"]
    ]
    facility = {**content["servicing_provider"], "phone": "216-555-0188"}
    return {
        **content,
        "servicing_provider": facility,
        "requesting_provider": REQUESTING,
        "services": services,
    }


def clinical_note() -> bytes:
    """Return a valid PDF document of one page."""
    from fpdf import FPDF  # imported here: it takes a second, and most callers upload nothing

    page = FPDF()
    page.add_page()
    page.set_font("helvetica", size=12)
    page.cell(text="Operative plan and recent office notes (fictitious sample document).")
    return bytes(page.output())
