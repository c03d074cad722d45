"""Examples of the document: the body and response of each operation, and each problem."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import Any, Final

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
from functions.status.models import (
    CopiedContentResponse,
    DashboardResponse,
    DraftsResponse,
    FlaggedResponse,
    FoundRequestResponse,
    FrequentProvidersResponse,
    MeResponse,
    MessagesResponse,
    PatientRequestsBody,
    RequestingProvidersResponse,
    UnreadResponse,
)
from functions.submit.models import (
    AppealBody,
    ContentBody,
    DraftResponse,
    DraftValidationResponse,
    InformationResponseBody,
    PartsBody,
    PeerToPeerBody,
    ReconsiderationBody,
    StartDraftBody,
    StartedDraftResponse,
)
from functions.upload.handler import DocumentUploadResponse
from precert.api.details import RequestDetails
from precert.api.models import ChangedRequest, FindRequestBody, SubmissionResponse
from precert.api.parsing import malformed, parse_if_match
from precert.api.problems import plain_problem, problem_of
from precert.domain import disputing
from precert.domain.caller import Caller
from precert.domain.code_sets import CodeSet, error_of_procedure
from precert.domain.completeness import errors_of_submission
from precert.domain.content import ContentParts, RequestContent, Service
from precert.domain.copying import Keep, copied
from precert.domain.coverage import PatientSearch
from precert.domain.damage import Readable, damaged
from precert.domain.directory import FrequentProvider
from precert.domain.disputes import DisputeKind
from precert.domain.documents import content_disposition, document_key
from precert.domain.errors import (
    CheckNotAvailableError,
    DocumentLimitError,
    DocumentNotAvailableError,
    DuplicateRequestError,
    FieldError,
    FlagLimitError,
    GuidanceOnlyError,
    InvalidInputError,
    KeyReusedError,
    NothingToExportError,
    PatientNotEligibleError,
    PrecertError,
    TransientError,
    VersionMissingError,
)
from precert.domain.event_types import MESSAGE_EVENT_TYPES
from precert.domain.form import service_form
from precert.domain.notices import notice_key
from precert.domain.request import Request
from precert.domain.rows import DashboardRow, row_of_request
from precert.domain.rules import Requirement
from precert.domain.values import AuthorizationType, CodeType
from precert.names import Entitlement
from precert.usecases.access import expired, not_found, why_refused
from precert.usecases.codes import FoundCodes, KnownCode, LookedUpCode, get_reference
from precert.usecases.confirmation import no_confirmation
from precert.usecases.directory import FoundProvider, FoundProviders, TinProviders, UsedProvider
from precert.usecases.document_uploads import CreatedUpload, RequestedUpload
from precert.usecases.documents import DocumentLink
from precert.usecases.drafts import (
    ResumedDraft,
    SavedDraft,
    StartedDraft,
    ValidatedDraft,
    elsewhere,
)
from precert.usecases.members import ConfirmedPatient, FoundPatients, require_member
from precert.usecases.messages import Message, MessagePage
from precert.usecases.ownership import ownership_of_check
from precert.usecases.ports.documents import UploadForm
from precert.usecases.ports.listings import Page
from precert.usecases.ports.requests import RequestFile
from precert.usecases.rate_limits import too_many
from precert.usecases.submission import SubmittedRequest
from tools.openapi_example import Example, example_of, uuids
from tools.openapi_intake import intake_examples
from tools.openapi_review import review_examples
from tools.openapi_story import (
    APPEALED,
    ATTACHED,
    DENIED_LINE,
    DETERMINED,
    DOCUMENT_ID,
    NOTICE_ID,
    PROVIDER_USER,
    REQUEST_ID,
    REVIEWER,
    STARTED,
    SUBMITTED,
    Story,
    story,
)
from tools.operations import OPERATIONS


@cache
def examples() -> Mapping[str, Example]:
    """By operation id.

    Raises:
        LookupError: a member of a new model has no example, or there is no such operation.
    """
    example = story()
    own = {
        **_before_submission(example),
        **_after_submission(example),
        **review_examples(example),
        **intake_examples(example),
    }
    if unknown := own.keys() - OPERATIONS.keys():
        raise LookupError(f"examples of operations that do not exist: {', '.join(unknown)}")
    return {name: example_of(one, own, OPERATIONS) for name, one in OPERATIONS.items()}


RECONSIDERED: Final = "The imaging report of last week was not yet attached."


def _before_submission(example: Story) -> dict[str, Example]:
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
            answer=ProvidersResponse.of(
                FoundProviders((FoundProvider(example.facility, 2.2),)), payer=example.payer
            ),
        ),
        "listFrequentProviders": Example(
            answer=FrequentProvidersResponse.of(
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
        "getReference": Example(answer=_reference(example)),
        "getFormFields": Example(answer=_form(example)),
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
            answer=DraftsResponse.of(
                Page((row_of_request(draft),), cursor=None), payer=example.payer, now=STARTED
            )
        ),
        "resumeDraft": Example(
            answer=DraftResponse.of(
                ResumedDraft(RequestFile(draft, (), (), ()), owners),
                payer=example.payer,
                code_sets=example.code_sets,
                now=STARTED,
            )
        ),
        "validateDraft": Example(
            answer=DraftValidationResponse.of(
                ValidatedDraft(draft, tuple(_incomplete(example)), owners)
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


def _code_examples(example: Story) -> dict[str, Example]:
    label = example.code_sets.descriptions({(CodeSet.ICD_10_CM, "K55")})[CodeSet.ICD_10_CM, "K55"]
    diagnosis = KnownCode("K55", label, category=True)
    procedure = KnownCode("44120", "Bowel surgery", CodeType.CPT)
    unknown = error_of_procedure("J9999", CodeType.HCPCS, None, lambda *_: None)
    return {
        "searchDiagnoses": Example(
            answer=FoundCodesResponse.of(FoundCodes((diagnosis,), more=True), payer=example.payer)
        ),
        "searchProcedures": Example(
            answer=FoundCodesResponse.of(FoundCodes((procedure,), more=False), payer=example.payer)
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


def _reference(example: Story) -> ReferenceResponse:
    """Two of the code lists."""
    whole = get_reference(payer=example.payer, code_sets=example.code_sets)
    shown = {"denial_reasons", "request_statuses"}
    return ReferenceResponse.of(
        replace(whole, code_lists=tuple(one for one in whole.code_lists if one.name in shown)),
        payer=example.payer,
    )


def _form(example: Story) -> FormResponse:
    """After the first choice: the type of service is next."""
    chosen = Service(authorization_type=AuthorizationType.INPATIENT)
    return FormResponse.of(service_form(example.payer, chosen, STARTED.date()), payer=example.payer)


def _as_checked(content: RequestContent) -> RequestContent:
    """The content of a check: the requesting provider is added with the draft."""
    return content.model_copy(update={"requesting_provider": None})


def _after_submission(example: Story) -> dict[str, Example]:
    file = RequestFile(
        example.determined.request, (example.attached,), example.history, example.notices
    )
    return {
        "voidRequest": Example(answer=ChangedRequest.of(example.voided.request)),
        "respondToInformationRequest": Example(
            InformationResponseBody(
                requested_at=ATTACHED,
                answer="The note of 12 January was attached under another name.",
            ),
            ChangedRequest.of(example.pended.request),
        ),
        "fileAppeal": Example(
            AppealBody(
                cycle=1,
                line_ids=(DENIED_LINE,),
                reason=example.appealed.request.submitted.appeals[0].reason,
            ),
            ChangedRequest.of(example.appealed.request),
        ),
        "fileReconsideration": Example(
            ReconsiderationBody(cycle=1, line_ids=(DENIED_LINE,), reason=RECONSIDERED),
            ChangedRequest.of(_disputed(example, DisputeKind.RECONSIDERATION)),
        ),
        "requestPeerToPeer": Example(
            PeerToPeerBody(
                cycle=1,
                line_ids=(DENIED_LINE,),
                phone="2165550188",
                reason="The surgeon can be reached from 8 to 10 a.m.",
            ),
            ChangedRequest.of(_disputed(example, DisputeKind.PEER_TO_PEER)),
        ),
        "createDocumentUpload": Example(
            RequestedUpload(
                file_name=example.awaited.file_name,
                document_type=example.awaited.document_type,
                sha256=example.attached.sha256,
                tin=example.facility.tin,
            ),
            DocumentUploadResponse.of(_created(example), payer=example.payer),
        ),
        "downloadDocument": Example(answer=_link(document_key(REQUEST_ID, DOCUMENT_ID))),
        "downloadCaseDocument": Example(answer=_link(document_key(REQUEST_ID, DOCUMENT_ID))),
        "downloadDelegatedDocument": Example(answer=_link(document_key(REQUEST_ID, DOCUMENT_ID))),
        "downloadDocumentAsOperator": Example(answer=_link(document_key(REQUEST_ID, DOCUMENT_ID))),
        "downloadNotice": Example(answer=_link(notice_key(REQUEST_ID, NOTICE_ID))),
        "downloadCaseNotice": Example(answer=_link(notice_key(REQUEST_ID, NOTICE_ID))),
        "downloadNoticeAsOperator": Example(answer=_link(notice_key(REQUEST_ID, NOTICE_ID))),
        "listRequests": Example(
            answer=DashboardResponse.of(
                Page((row_of_request(example.determined.request),), cursor=None),
                payer=example.payer,
                now=DETERMINED,
            )
        ),
        "readMe": Example(answer=_me(example)),
        "listFlagged": Example(
            answer=FlaggedResponse.of(
                Page((_flagged(example),), None), payer=example.payer, now=DETERMINED
            )
        ),
        "findRequest": Example(
            FindRequestBody(number=example.determined.request.submitted.number),
            FoundRequestResponse.of(
                example.determined.request, payer=example.payer, now=DETERMINED
            ),
        ),
        "copyRequest": Example(
            answer=CopiedContentResponse.of(
                (
                    example.determined.request,
                    copied(example.determined.request.content, Keep.PATIENT),
                ),
                Keep.PATIENT,
                payer=example.payer,
                code_sets=example.code_sets,
            )
        ),
        "listRequestingProviders": Example(
            answer=RequestingProvidersResponse.of(
                Readable((UsedProvider(example.physician.as_provider(), STARTED),))
            )
        ),
        "countUnreadMessages": Example(answer=UnreadResponse(unread=2)),
        "listPatientRequests": Example(
            PatientRequestsBody(member_id=example.patient.member_id),
            DashboardResponse.of(
                Page((row_of_request(example.determined.request),), cursor=None),
                payer=example.payer,
                now=DETERMINED,
            ),
        ),
        "readRequest": Example(
            answer=RequestDetails.of(
                file,
                example.pended.request.tins,
                payer=example.payer,
                code_sets=example.code_sets,
                now=DETERMINED,
            )
        ),
        "listMessages": Example(
            answer=MessagesResponse.of(
                MessagePage(_messages(example), unread=2, cursor=None), payer=example.payer
            )
        ),
        "markAllMessages": Example(answer=UnreadResponse(unread=0)),
    }


def _link(key: str) -> DocumentLink:
    version = "?versionId=3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH"
    url = f"https://documents.s3.us-east-1.amazonaws.com/{key}{version}"
    inline = "&response-content-disposition=inline&response-content-type=application%2Fpdf"
    return DocumentLink(
        url=f"{url}&X-Amz-Signature=(signed)",
        inline_url=f"{url}{inline}&X-Amz-Signature=(signed)",
        expires_at=DETERMINED + timedelta(minutes=2),
    )


def _created(example: Story) -> CreatedUpload:
    """The policy and signature of S3 are shown as placeholders."""
    fields = {
        "Content-Type": example.awaited.content_type,
        "Content-Disposition": content_disposition(example.awaited.file_name),
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "5c8c0f6e-7f4b-4b0e-9d3a-2f6a1c9b7e10",
        "x-amz-checksum-algorithm": "SHA256",
        "x-amz-checksum-sha256": b64encode(bytes.fromhex(example.attached.sha256 or "")).decode(),
        "key": document_key(REQUEST_ID, DOCUMENT_ID),
        "policy": "(signed)",
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-signature": "(signed)",
    }
    form = UploadForm(
        url="https://documents.s3.us-east-1.amazonaws.com/",
        fields=fields,
        max_bytes=example.payer.documents.max_bytes,
    )
    return CreatedUpload(example.awaited, form)


def _me(example: Story) -> MeResponse:
    caller = Caller(
        subject=PROVIDER_USER,
        name="Dana Whitfield",
        entitlements=frozenset({Entitlement.PATIENT_SEARCH}),
        tins=frozenset({example.facility.tin}),
    )
    providers = (TinProviders(example.facility.tin, Readable((example.facility.name,))),)
    return MeResponse.of(caller, providers)


def _flagged(example: Story) -> DashboardRow:
    row = row_of_request(example.determined.request)
    return row.model_copy(update={"flagged_at": row.updated_at})


def _messages(example: Story) -> tuple[Message, ...]:
    return tuple(
        Message(
            message_id=event.event_id,
            type=event.type,
            request_id=event.request_id,
            number=event.number,
            status=event.status,
            at=event.at,
            refusal_code=event.refusal_code,
        )
        for event in reversed(example.history)
        if event.type in MESSAGE_EVENT_TYPES
    )


# -- Problems -----------------------------------------------------------------------------------------


@cache
def problem_examples() -> Mapping[str, Any]:
    """One problem for each code, as the product words it."""
    example = story()
    problems = [
        *(problem_of(error) for error in _refusals(example)),
        plain_problem(HTTPStatus.BAD_REQUEST, "malformed_body", malformed().detail),
        plain_problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "body_too_large",
            "A body has at most 256 KB. Send documents as uploads.",
        ),
        plain_problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong with us. Try again; nothing is half done.",
        ),
    ]
    return {
        problem.code: problem.model_dump(mode="json", exclude_none=True) for problem in problems
    }


def _refusals(example: Story) -> tuple[PrecertError, ...]:
    notices, draft = example.payer.notices, example.draft
    other = draft.content.model_copy(update={"services": (_half_entered(draft),)})
    same_reviewer = {DENIED_LINE: example.determined.request.submitted.lines[0].decisions[0]}
    return (
        InvalidInputError(_incomplete(example)),
        _refused(lambda: Caller(subject=PROVIDER_USER).require(Entitlement.PATIENT_SEARCH)),
        not_found(),
        _refused(lambda: require_member(None, example.patient, example.payer)),
        PatientNotEligibleError(notices["not_eligible"]),
        CheckNotAvailableError(notices["check_not_available"]),
        no_confirmation(example.check.requirement),
        elsewhere(replace(example.check, requirement=Requirement.NOT_REQUIRED), example.payer),
        elsewhere(example.export.answer, example.payer),
        GuidanceOnlyError(notices["behavioral"]),
        expired(),
        why_refused(
            draft.model_copy(update={"version": 3, "part_versions": {"services": 3}}),
            based_on=2,
            sent=other,
            callers_tins=draft.tins,
            now=SUBMITTED,
        ),
        _refused(lambda: parse_if_match("3")),
        VersionMissingError('Send the version you read, as in If-Match: "3".'),
        _refused(lambda: example.determined.request.void("", PROVIDER_USER, SUBMITTED)),
        FlagLimitError(
            "At most 15 requests are flagged: take the flag off one of these first.",
            flagged=[
                {
                    "request_id": REQUEST_ID,
                    "number": example.determined.request.submitted.number,
                    "status": example.determined.request.status.value,
                }
            ],
        ),
        KeyReusedError("Use a new Idempotency-Key. This key was used to start another draft."),
        NothingToExportError(
            f"{example.export.vendor.name} decides on none of these codes. "
            "Follow each code's next_step."
        ),
        DocumentLimitError("All upload slots of this request are in use."),
        DocumentNotAvailableError(
            "Only attached documents can be downloaded. The request shows the status of each document.",
            document_status="REFUSED",
        ),
        _refused(
            lambda: disputing.determine_appeal(
                example.appeal_pended.request, same_reviewer, REVIEWER, SUBMITTED
            )
        ),
        _refused(
            lambda: Caller(
                subject=PROVIDER_USER, tins=example.pended.request.tins
            ).require_no_conflict(example.pended.request)
        ),
        DuplicateRequestError(
            example.payer.notices["duplicate"],
            existing={"request_id": REQUEST_ID, "number": example.pended.request.submitted.number},
        ),
        damaged(REQUEST_ID),
        TransientError("The request is being changed by others. Try again."),
        too_many(1200, SUBMITTED),
    )


def _disputed(example: Story, kind: DisputeKind) -> Request:
    return disputing.file_dispute(
        example.determined.request,
        kind,
        [DENIED_LINE],
        reason=RECONSIDERED,
        by=PROVIDER_USER,
        now=APPEALED,
    ).request


def _incomplete(example: Story) -> list[FieldError]:
    """The errors of an incomplete draft."""
    content = example.draft.content.model_copy(update={"services": (_half_entered(example.draft),)})
    errors = errors_of_submission(content, example.payer, SUBMITTED.date())
    return [error.under("/content") for error in errors]


def _half_entered(draft: Request) -> Service:
    service = draft.content.services[0]
    return service.model_copy(update={"urgency": None, "requested_days": None})


def _refused(attempt: Callable[[], object]) -> PrecertError:
    """The error that a call raises."""
    try:
        attempt()
    except PrecertError as error:
        return error
    raise AssertionError("this is allowed, so it is no example of a refusal")
