"""Examples of the operations before submission: patient, check, form and draft."""

from dataclasses import replace

from functions.check.lookup_models import (
    ConfirmPatientBody,
    FoundCodesResponse,
    LookedUpCodesResponse,
    LookUpCodesBody,
    PatientResponse,
    PatientsResponse,
    ProvidersResponse,
)
from functions.check.reference_models import FormResponse, ReferenceResponse
from functions.check.requirement_models import (
    CheckBody,
    ConfirmCheckBody,
    ExportBody,
    ExportResponse,
    RequirementsResponse,
)
from functions.status.models import DraftsResponse, FrequentProvidersResponse
from functions.submit.models import (
    ContentBody,
    DraftResponse,
    DraftValidationResponse,
    PartsBody,
    StartDraftBody,
    StartedDraftResponse,
)
from precert.api.models import SubmissionResponse
from precert.domain.code_sets import CodeSet, error_of_procedure
from precert.domain.content import ContentParts, RequestContent, Service
from precert.domain.coverage import PatientSearch
from precert.domain.damage import Readable
from precert.domain.directory import FrequentProvider
from precert.domain.form import service_form
from precert.domain.rows import row_of_request
from precert.domain.values import AuthorizationType, CodeType
from precert.usecases.codes import FoundCodes, KnownCode, LookedUpCode, get_reference
from precert.usecases.directory import FoundProvider, FoundProviders
from precert.usecases.drafts import ResumedDraft, SavedDraft, StartedDraft, ValidatedDraft
from precert.usecases.members import ConfirmedPatient, FoundPatients
from precert.usecases.ownership import ownership_of_check
from precert.usecases.ports.listings import Page
from precert.usecases.ports.requests import RequestFile
from precert.usecases.submission import SubmittedRequest
from tools.example_request import REQUEST_ID, STARTED, SUBMITTED, ExampleRequest
from tools.openapi_example import Example, uuids
from tools.openapi_problems import errors_of_incomplete_draft


def draft_examples(example: ExampleRequest) -> dict[str, Example]:
    """Return the examples by operation id."""
    draft, content = example.draft, example.draft.content
    owners = ownership_of_check(example.check, example.payer)
    saved = SavedDraft(
        draft_id=REQUEST_ID,
        version=draft.version + 1,
        expires_at=draft.expires_at or STARTED,
    )
    return {
        "confirmPatient": Example(
            ConfirmPatientBody(patient=example.patient),
            PatientResponse.of(
                ConfirmedPatient(
                    example.coverage,
                    active=True,
                    next_steps=None,
                    notices=(example.payer.notices["behavioral"],),
                ),
                payer=example.payer,
            ),
        ),
        "searchPatients": Example(
            PatientSearch(**dict(example.patient)),
            PatientsResponse.of(FoundPatients((example.coverage,), notices=())),
        ),
        "searchProviders": Example(
            response=ProvidersResponse.of(
                FoundProviders((FoundProvider(example.facility, 2.2),)), payer=example.payer
            ),
        ),
        "listFrequentProviders": Example(
            response=FrequentProvidersResponse.of(
                Readable(
                    (
                        FrequentProvider(
                            provider=example.facility.as_provider(),
                            selected=12,
                            selected_at=STARTED,
                        ),
                    )
                )
            ),
        ),
        **_code_examples(example),
        "getReference": Example(response=_reference(example)),
        "getFormFields": Example(response=_form(example)),
        "checkRequirements": Example(
            CheckBody(content=_as_checked(content)),
            RequirementsResponse.of(
                example.check, payer=example.payer, code_sets=example.code_sets
            ),
        ),
        "confirmCheck": Example(ConfirmCheckBody(content=_as_checked(content))),
        "exportCheck": Example(
            ExportBody(
                content=example.export.answer.content,
                vendor_id=example.export.vendor.vendor_id,
            ),
            ExportResponse.of(example.export, payer=example.payer, new_uuid=uuids()),
        ),
        "startDraft": Example(
            StartDraftBody(content=content, tin=example.physician.tin),
            StartedDraftResponse.of_started(
                StartedDraft(draft, example.check), payer=example.payer, code_sets=example.code_sets
            ),
        ),
        "listDrafts": Example(
            response=DraftsResponse.of(
                Page((row_of_request(draft),), cursor=None), payer=example.payer, now=STARTED
            )
        ),
        "resumeDraft": Example(
            response=DraftResponse.of(
                ResumedDraft(RequestFile(draft, (), (), ()), owners),
                payer=example.payer,
                code_sets=example.code_sets,
                now=STARTED,
            )
        ),
        "validateDraft": Example(
            response=DraftValidationResponse.of(
                ValidatedDraft(draft, tuple(errors_of_incomplete_draft(example)), owners)
            )
        ),
        "saveDraft": Example(ContentBody(content=content), saved),
        "patchDraft": Example(
            PartsBody(content=ContentParts(services=content.services)),
            saved,
        ),
        "submitDraft": Example(
            ContentBody(content=content),
            SubmissionResponse.of(
                SubmittedRequest(
                    REQUEST_ID,
                    example.submitted.submitted.number,
                    example.submitted.status,
                    SUBMITTED,
                    review=example.submitted.submitted,
                )
            ),
        ),
    }


def _code_examples(example: ExampleRequest) -> dict[str, Example]:
    label = example.code_sets.descriptions({(CodeSet.ICD_10_CM, "K55")})[CodeSet.ICD_10_CM, "K55"]
    diagnosis = KnownCode("K55", label, category=True)
    procedure = KnownCode("44120", "Bowel surgery", CodeType.CPT)
    unknown = error_of_procedure("J9999", CodeType.HCPCS, None, lambda *_: None)
    return {
        "searchDiagnoses": Example(
            response=FoundCodesResponse.of(FoundCodes((diagnosis,), more=True), payer=example.payer)
        ),
        "searchProcedures": Example(
            response=FoundCodesResponse.of(
                FoundCodes((procedure,), more=False), payer=example.payer
            )
        ),
        "lookUpCodes": Example(
            LookUpCodesBody(diagnoses=("k55",), procedures=("44120", "J9998")),
            LookedUpCodesResponse.of(
                (
                    (LookedUpCode("k55", diagnosis),),
                    (LookedUpCode("44120", procedure), LookedUpCode("J9998", None, unknown)),
                ),
                payer=example.payer,
            ),
        ),
    }


def _reference(example: ExampleRequest) -> ReferenceResponse:
    """The reference data, with only two of the code lists."""
    whole = get_reference(payer=example.payer, code_sets=example.code_sets)
    shown = {"denial_reasons", "request_statuses"}
    return ReferenceResponse.of(
        replace(whole, code_lists=tuple(one for one in whole.code_lists if one.name in shown)),
        payer=example.payer,
    )


def _form(example: ExampleRequest) -> FormResponse:
    """The form after the authorization type was chosen; the type of service is next."""
    chosen = Service(authorization_type=AuthorizationType.INPATIENT)
    return FormResponse.of(service_form(example.payer, chosen, STARTED.date()), payer=example.payer)


def _as_checked(content: RequestContent) -> RequestContent:
    """The content of a check, without the requesting provider, who is added in the draft."""
    return content.model_copy(update={"requesting_provider": None})
