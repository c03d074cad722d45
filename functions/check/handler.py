"""Patients, the directory of providers, and the check whether services need precertification."""

from typing import Annotated, Final

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.check.lookup_models import (
    CodesQuery,
    ConfirmPatientBody,
    FoundCodesResponse,
    LookedUpCodesResponse,
    LookUpCodesBody,
    PatientResponse,
    PatientsResponse,
    ProvidersResponse,
)
from functions.check.reference_models import FormQuery, FormResponse, ReferenceResponse
from functions.check.requirement_models import (
    EXPORT_PATH,
    CheckBody,
    ExportBody,
    ExportResponse,
    RequirementsResponse,
)
from precert.api.app import Api
from precert.api.operation import FHIR_JSON
from precert.api.parameters import CurrentCaller
from precert.bootstrap import audit, call, edge, identify
from precert.domain.coverage import PatientSearch
from precert.domain.directory import ProviderSearch
from precert.domain.errors import (
    CheckNotAvailableError,
    InvalidInputError,
    NothingToExportError,
    PatientNotEligibleError,
    PatientNotFoundError,
)
from precert.names import Entitlement
from precert.usecases.checks import check_requirements, export_check, get_form_fields
from precert.usecases.codes import get_reference, look_up_codes, search_diagnoses, search_procedures
from precert.usecases.directory import search_providers
from precert.usecases.members import confirm_patient, newborn_referral, search_patients

api = Api("check", tag="Check", identify=identify, audit=audit, edge=edge)
REFERENCE_SECONDS = 3600
CODES_SECONDS = 300
NOT_CHECKABLE = (PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError)
CODE_READERS: Final = (Entitlement.INTAKE, Entitlement.REVIEWER)
CLERKS: Final = (Entitlement.INTAKE,)
"""Staff also search patients and providers, and check requests of other channels."""


def _newborn_referral(error: InvalidInputError) -> str | None:
    return call(newborn_referral, error)


@api.post(
    "/v1/patients/confirm",
    "Confirm a patient",
    operation_id="confirmPatient",
    reads=True,
    also=CLERKS,
    errors=(PatientNotFoundError,),
    guidance=_newborn_referral,
)
def confirm(body: ConfirmPatientBody, caller: CurrentCaller) -> PatientResponse:
    """Find the member who matches all four fields, with the coverage.

    If `check_available` is false, show `next_steps`. Which field did not match is never disclosed.
    """
    return call(PatientResponse.of, call(confirm_patient, body.patient, caller))


@api.post(
    "/v1/patients/search",
    "Search a patient",
    operation_id="searchPatients",
    reads=True,
    also=CLERKS,
    guidance=_newborn_referral,
)
def patients(body: PatientSearch, caller: CurrentCaller) -> PatientsResponse:
    """Find members by member id or SSN, with birth date and both names.

    The response has no member, one, or several memberships of one person. If there is none, `notices`
    state what to do; for a newborn without an id, search without one. Letter case, accents and hyphens
    do not matter. The response does not disclose which field did not match. Send an SSN only in the
    body; only a keyed hash of it is stored.
    """
    return PatientsResponse.of(call(search_patients, body, caller))


@api.get(
    "/v1/providers",
    "Search the directory",
    operation_id="searchProviders",
    audited=False,
    also=(Entitlement.INTAKE, Entitlement.OPERATOR),
)
def providers(
    search: Annotated[ProviderSearch, Query()], caller: CurrentCaller
) -> ProvidersResponse:
    """Find providers within 25 miles of a ZIP code, nearest first, at most 25.

    Each is listed with all its addresses and TINs there. `name` matches the beginnings of words. One
    word must have at least three letters; otherwise only providers in the ZIP code itself are found. A
    `provider` can be sent unchanged. `corrections` state how to report a missing or wrong entry.
    """
    return call(ProvidersResponse.of, call(search_providers, search, caller))


@api.get(
    "/v1/codes/diagnoses",
    "Search diagnosis codes",
    operation_id="searchDiagnoses",
    audited=False,
    also=CODE_READERS,
    conditional=True,
    max_age=REFERENCE_SECONDS,
)
def diagnoses(query: Annotated[CodesQuery, Query()], caller: CurrentCaller) -> FoundCodesResponse:
    """Find ICD-10-CM codes by the beginning of the code, or by the beginnings of words.

    `K55.0` finds codes, `acute isch` finds descriptions; one word must have at least three letters.
    Categories are found too, but not codes that are no longer valid. Do not send data that identifies a
    patient.
    """
    found = call(search_diagnoses, query.q, caller, limit=query.limit)
    return call(FoundCodesResponse.of, found)


@api.get(
    "/v1/codes/procedures",
    "Search procedure codes",
    operation_id="searchProcedures",
    audited=False,
    also=CODE_READERS,
    conditional=True,
    max_age=CODES_SECONDS,
)
def procedures(query: Annotated[CodesQuery, Query()], caller: CurrentCaller) -> FoundCodesResponse:
    """Find CPT, HCPCS, revenue and MS-DRG codes by the beginning of the code, or by words.

    Words are compared with the payer's texts and with MS-DRG descriptions; drugs are found by name if
    the payer's text has it. A complete code is found if the payer's rule list or a public code set has
    it. A CPT or revenue code that is not found can still be requested.
    """
    found = call(search_procedures, query.q, caller, limit=query.limit)
    return call(FoundCodesResponse.of, found)


@api.post(
    "/v1/codes/lookup",
    "Look up a list of codes",
    operation_id="lookUpCodes",
    reads=True,
    audited=False,
    also=CODE_READERS,
)
def lookup(body: LookUpCodesBody, caller: CurrentCaller) -> LookedUpCodesResponse:
    """Look up codes that were pasted as a list, each with its text or the error of a check."""
    found = call(
        look_up_codes,
        body.diagnoses,
        body.procedures,
        caller,
        code_type=body.code_type,
        on=body.service_date,
    )
    return call(LookedUpCodesResponse.of, found)


@api.get(
    "/v1/form", "The form's next fields", operation_id="getFormFields", audited=False, also=CLERKS
)
def fields(query: Annotated[FormQuery, Query()], caller: CurrentCaller) -> FormResponse:
    """List the fields of a service to show next, by the choices made in it so far.

    Each has its choices, format and today's range of dates. Call again after each choice, because it
    determines the fields after it. The check accepts content that follows the form.
    """
    return call(FormResponse.of, call(get_form_fields, query.as_service(), caller))


@api.get(
    "/v1/reference",
    "Get the code lists",
    operation_id="getReference",
    audited=False,
    entitlement=None,
    etag="{response.version}",
    max_age=REFERENCE_SECONDS,
)
def reference() -> ReferenceResponse:
    """List all codes with their display names, and the payer's data that a portal displays.

    Available to every role. The lists change with a release of the product or with the payer's data,
    and so does `version`: send it as `If-None-Match` to find out whether they changed. Other responses
    have the display name beside each code, in `x_label` for a code `x`.
    """
    return call(ReferenceResponse.of, call(get_reference))


@api.post(
    "/v1/checks",
    "Check requirements",
    operation_id="checkRequirements",
    reads=True,
    also=CLERKS,
    errors=NOT_CHECKABLE,
    guidance=_newborn_referral,
)
def check(body: CheckBody, caller: CurrentCaller) -> RequirementsResponse:
    """Check for each code whether it needs precertification, and by which rule of the payer's list.

    Nothing is stored. Patient, servicing provider and services are required.
    """
    checked = call(
        check_requirements,
        body.content,
        caller,
        as_of=body.as_of,
        received_at=body.received_at,
    )
    return call(RequirementsResponse.of, checked)


@api.post(
    EXPORT_PATH,
    "A document for a delegated vendor",
    operation_id="exportCheck",
    reads=True,
    media_type=FHIR_JSON,
    errors=(NothingToExportError, *NOT_CHECKABLE),
)
def exported(body: ExportBody, caller: CurrentCaller) -> ExportResponse:
    """Export the part of a check that one delegated vendor decides, for the vendor's system.

    The document is a Da Vinci PAS request bundle (FHIR R4), with the services and codes that the
    delegated vendor decides. The check is repeated. Nothing is stored or sent: the provider sends the
    document to the vendor.
    """
    exported = call(export_check, body.content, body.vendor_id, caller)
    return call(ExportResponse.of, exported)


handle = api.lambda_handler()
