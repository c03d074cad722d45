"""Drafts, submission, void, RFI response, appeal, reconsideration and peer-to-peer request."""

from http import HTTPStatus

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
    VoidBody,
)
from precert.api.app import Api
from precert.api.models import ChangedRequest, SubmissionResponse
from precert.api.parameters import (
    BasedOn,
    CurrentCaller,
    DraftId,
    IdempotencyKey,
    RequestId,
    on_versions,
)
from precert.bootstrap import audit, call, dependencies, edge, identify
from precert.clock_and_ids import id_from_key
from precert.domain.disputes import DisputeKind
from precert.domain.errors import (
    ActionNotAllowedError,
    CheckNotAvailableError,
    DraftExpiredError,
    DuplicateRequestError,
    GuidanceOnlyError,
    KeyReusedError,
    NotFoundError,
    PatientNotEligibleError,
    PatientNotFoundError,
    PrecertificationNotRequiredError,
    VendorDecidesError,
    VersionMismatchError,
)
from precert.usecases.drafts import (
    SavedDraft,
    delete_draft,
    resume_draft,
    save_draft,
    start_draft,
    validate_draft,
)
from precert.usecases.requests import (
    NewDispute,
    file_dispute,
    respond_to_information_request,
    void_request,
)
from precert.usecases.submission import SubmittedRequest, submit_draft

api = Api("submit", tag="Request", identify=identify, audit=audit, edge=edge)
NO_LIVE_DRAFT = (NotFoundError, DraftExpiredError, ActionNotAllowedError)
NOT_CHANGEABLE = (NotFoundError, ActionNotAllowedError)


@api.post(
    "/v1/drafts",
    "Start a draft",
    operation_id="startDraft",
    status=HTTPStatus.CREATED,
    etag="{response.version}",
    location="/v1/drafts/{response.draft_id}",
    errors=(
        *(PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError),
        *(PrecertificationNotRequiredError, VendorDecidesError, GuidanceOnlyError),
        *(*NO_LIVE_DRAFT, KeyReusedError),
    ),
)
def start(
    body: StartDraftBody, caller: CurrentCaller, key: IdempotencyKey = None
) -> StartedDraftResponse:
    """Run the check and store the content as a draft, if the result leads to a draft.

    It does if a code needs precertification, if that cannot be determined, if an emergency admission
    must be notified, or if a predetermination is requested and offered. Otherwise the call is refused,
    and the problem states what to do instead. `check` has the rule list of the result. The draft
    expires at `expires_at`; every save postpones it. With an Idempotency-Key, a repeated call returns
    the same draft in its current state; the same key with other content is refused.
    """

    def draft_id_for(tin: str) -> str:
        return id_from_key(tin, caller.subject, key) if key else dependencies().new_id()

    started = call(start_draft, body.content, caller, tin=body.tin, draft_id_for=draft_id_for)
    return call(StartedDraftResponse.of_started, started)


@api.get(
    "/v1/drafts/{draft_id}",
    "Read a draft",
    operation_id="resumeDraft",
    etag="{response.version}",
    errors=NO_LIVE_DRAFT,
)
def resume(draft_id: DraftId, caller: CurrentCaller) -> DraftResponse:
    """Return the draft with its content and documents.

    Send the ETag as If-Match when you save, submit or delete the draft.
    """
    return call(DraftResponse.of, call(resume_draft, draft_id, caller))


@api.get(
    "/v1/drafts/{draft_id}/validation",
    "Validate a draft",
    operation_id="validateDraft",
    etag="{response.version}",
    errors=NO_LIVE_DRAFT,
)
def validate(draft_id: DraftId, caller: CurrentCaller) -> DraftValidationResponse:
    """List all errors that prevent the submission of the saved draft. Nothing is submitted.

    The submission makes the same checks, and also checks that coverage is active.
    """
    return DraftValidationResponse.of(call(validate_draft, draft_id, caller))


@api.put(
    "/v1/drafts/{draft_id}",
    "Save a draft",
    operation_id="saveDraft",
    etag="{response.version}",
    errors=(*NO_LIVE_DRAFT, VersionMismatchError),
)
def save(
    draft_id: DraftId, body: ContentBody, caller: CurrentCaller, based_on: BasedOn
) -> SavedDraft:
    """Replace the content of the draft. It may be incomplete.

    If another user has saved since the version in If-Match, `version_mismatch` names the parts saved
    (`saved_since`) and the parts that differ from the body (`differs_in`).
    """

    def save_on(version: int) -> SavedDraft:
        return call(save_draft, draft_id, body.content, caller, based_on=version)

    return on_versions(based_on, save_on)


@api.patch(
    "/v1/drafts/{draft_id}",
    "Save parts of a draft",
    operation_id="patchDraft",
    etag="{response.version}",
    errors=(*NO_LIVE_DRAFT, VersionMismatchError),
)
def patch(
    draft_id: DraftId, body: PartsBody, caller: CurrentCaller, based_on: BasedOn
) -> SavedDraft:
    """Replace the parts of the content that are in the body, each as a whole.

    `null` clears a part; an omitted part does not change. The version is that of the whole draft: if
    another user has saved any part since, `saved_since` names the parts.
    """
    parts = body.content

    def save_on(version: int) -> SavedDraft:
        return call(save_draft, draft_id, parts.content, caller, parts=parts.sent, based_on=version)

    return on_versions(based_on, save_on)


@api.delete(
    "/v1/drafts/{draft_id}",
    "Delete a draft",
    operation_id="deleteDraft",
    status=HTTPStatus.NO_CONTENT,
    errors=(*NO_LIVE_DRAFT, VersionMismatchError),
)
def delete(draft_id: DraftId, caller: CurrentCaller, based_on: BasedOn) -> None:
    """Delete the draft and its documents. A repeated call returns 404."""

    def delete_on(version: int) -> None:
        call(delete_draft, draft_id, caller, based_on=version)

    on_versions(based_on, delete_on)


@api.post(
    "/v1/drafts/{draft_id}/submission",
    "Submit a draft",
    operation_id="submitDraft",
    status=HTTPStatus.ACCEPTED,
    location="/v1/requests/{response.request_id}",
    errors=(
        *(*NO_LIVE_DRAFT, VersionMismatchError),
        *(PatientNotEligibleError, DuplicateRequestError),
    ),
)
def submit(
    draft_id: DraftId, body: ContentBody, caller: CurrentCaller, based_on: BasedOn
) -> SubmissionResponse:
    """Submit the content in the body and return the precertification number.

    The request keeps the ID of the draft. A repeated call returns the same result. All missing and
    invalid values are listed at once.
    """

    def submit_on(version: int) -> SubmittedRequest:
        return call(submit_draft, draft_id, body.content, caller, based_on=version)

    return SubmissionResponse.of(on_versions(based_on, submit_on))


@api.post(
    "/v1/requests/{request_id}/void",
    "Void a request",
    operation_id="voidRequest",
    errors=NOT_CHANGEABLE,
)
def void(request_id: RequestId, body: VoidBody, caller: CurrentCaller) -> ChangedRequest:
    """Withdraw a request that is not determined yet. It remains visible as VOID.

    A repeated call with the same reason returns the same result.
    """
    return ChangedRequest.of(call(void_request, request_id, body.reason, caller))


@api.post(
    "/v1/requests/{request_id}/information",
    "Respond to a request for information",
    operation_id="respondToInformationRequest",
    errors=NOT_CHANGEABLE,
)
def respond(
    request_id: RequestId, body: InformationResponseBody, caller: CurrentCaller
) -> ChangedRequest:
    """Respond with text to the open request for information (RFI). The payer's clock resumes.

    An attached document is a response as well. A repeated call with the same text changes nothing.
    """
    changed = call(
        respond_to_information_request,
        request_id,
        body.answer,
        caller,
        requested_at=body.requested_at,
    )
    return ChangedRequest.of(changed)


@api.post(
    "/v1/requests/{request_id}/appeals",
    "File an appeal",
    operation_id="fileAppeal",
    status=HTTPStatus.ACCEPTED,
    location="/v1/requests/{response.request_id}",
    errors=NOT_CHANGEABLE,
)
def appeal(request_id: RequestId, body: AppealBody, caller: CurrentCaller) -> ChangedRequest:
    """Appeal denied or modified service lines. Another reviewer decides the appeal.

    One appeal can be open at a time, within the filing period of the plan. While it is open, a repeated
    call with the same body changes nothing.
    """
    appealed = call(
        file_dispute,
        request_id,
        NewDispute(DisputeKind.APPEAL, body.cycle, body.line_ids, body.reason, body.expedited),
        caller,
    )
    return ChangedRequest.of(appealed)


@api.post(
    "/v1/requests/{request_id}/reconsiderations",
    "Request a reconsideration",
    operation_id="fileReconsideration",
    status=HTTPStatus.ACCEPTED,
    location="/v1/requests/{response.request_id}",
    errors=NOT_CHANGEABLE,
)
def reconsideration(
    request_id: RequestId, body: ReconsiderationBody, caller: CurrentCaller
) -> ChangedRequest:
    """Request one reconsideration of denied or modified service lines. It is not an appeal.

    `dispute_options` of the request has the last time to request it. While it is open, documents can be
    attached, and a repeated call with the same body changes nothing. Its decision restarts the time to
    appeal.
    """
    return ChangedRequest.of(
        call(
            file_dispute,
            request_id,
            NewDispute(
                DisputeKind.RECONSIDERATION,
                body.cycle,
                body.line_ids,
                body.reason,
                expedited=body.expedited,
            ),
            caller,
        )
    )


@api.post(
    "/v1/requests/{request_id}/peer-to-peer",
    "Request a peer-to-peer discussion",
    operation_id="requestPeerToPeer",
    status=HTTPStatus.ACCEPTED,
    location="/v1/requests/{response.request_id}",
    errors=NOT_CHANGEABLE,
)
def peer_to_peer(
    request_id: RequestId, body: PeerToPeerBody, caller: CurrentCaller
) -> ChangedRequest:
    """Request one discussion of denied or modified service lines with the payer's clinician.

    It is not an appeal, and the time to appeal is extended by the time until its outcome.
    `dispute_options` of the request has the last time to request it. While it is open, a repeated call
    changes nothing.
    """
    return ChangedRequest.of(
        call(
            file_dispute,
            request_id,
            NewDispute(
                DisputeKind.PEER_TO_PEER, body.cycle, body.line_ids, body.reason, phone=body.phone
            ),
            caller,
        )
    )


handle = api.lambda_handler()
