"""Coverage requirements discovery (Da Vinci CRD): services of CDS Hooks."""

from functools import partial
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.crd.hooks import HookApi, unverified
from functions.crd.models import HookCall, HookOrder, HookResponse, read_call
from functions.crd.services import (
    COVERAGE_INFO,
    EARLY_HOOKS,
    SIGNED,
    UNSOLICITED,
    HookService,
    discovery,
    service_of,
)
from precert.api.accesses import Exchange, current_call
from precert.api.claims import bearer_token
from precert.api.fhir import FhirResource
from precert.bootstrap import audit, call, dependencies, edge, identify, retain_hook_call
from precert.clock_and_ids import id_from_key
from precert.domain.caller import Caller
from precert.domain.clients import NotVerifiedError
from precert.domain.clocks import local_date
from precert.domain.content import RequestContent
from precert.domain.errors import NotFoundError
from precert.domain.orders import CoverageAssertion, Order
from precert.fhir.coverage import AssertedOrder, system_actions
from precert.fhir.orders import read_order, read_patient
from precert.names import Entitlement, Env
from precert.usecases.coverage_requirements import AnsweredOrder, discover_coverage
from precert.usecases.ports.requests import RequestFile
from precert.usecases.prior_authorization import submit_prior_authorization

api = HookApi(
    "crd",
    tag="Coverage requirements",
    identify=identify,
    audit=audit,
    edge=edge,
    retain=retain_hook_call,
)


@api.get(
    "/cds-services",
    "List the CDS Hooks services",
    operation_id="listHookServices",
    public="It describes the services to clients that are not registered yet.",
    audited=False,
)
def services() -> HookResponse:
    """List the services with their prefetch templates (CDS Hooks discovery, Da Vinci CRD 2.2)."""
    return HookResponse(discovery())


@api.post(
    "/cds-services/{service_id}",
    "Call a CDS Hooks service",
    operation_id="callHookService",
    public="The client authenticates with the JWT of CDS Hooks.",
    errors=(NotFoundError,),
)
def hook(service_id: Annotated[str, Path()], body: FhirResource) -> HookResponse:
    """Return coverage information for orders or appointments, as system actions.

    Each order is returned unchanged except for the extension. The result is that of a check of the same
    code: with the same rule list, eligibility and delegated vendors. If it depends on information that
    the order lacks, the extension states which.
    """
    service = service_of(service_id)
    caller = _caller(service)
    exchange = current_call().exchange = Exchange(body.root)
    hook_call = call(read_call, body.root, service, exchange.read)
    actions = _actions(hook_call, caller) if hook_call.is_enabled(COVERAGE_INFO) else []
    return HookResponse({"cards": [], "systemActions": actions})


def _caller(service: HookService) -> Caller:
    """The client of the call.

    Raises:
        RefusedCallError: the JWT cannot be verified.
        NotEntitledError, TooManyRequestsError.
    """
    event: dict[str, Any] = api.resolver.current_event.raw_event
    deps = dependencies()
    base = edge().address(event) or deps.settings[Env.PUBLIC_URL]
    address, issuer = f"{base}/cds-services/{service.service_id}", deps.settings.smart_issuer
    try:
        caller = deps.hook_caller(bearer_token(event), address, issuer)
    except NotVerifiedError as error:
        raise unverified(error.detail) from error
    current_call().caller = caller
    if deps.rate_limit is not None:
        deps.rate_limit.admit(f"{issuer}#{caller.subject}", deps.now())
    caller.require(Entitlement.PATIENT_SEARCH)
    return caller


def _actions(hook_call: HookCall, caller: Caller) -> list[dict[str, object]]:
    """The system actions: an update for each order whose coverage information is new."""
    asserted = [
        AssertedOrder(
            one.resource,
            answer.assertion_id,
            answer.assertions,
            [_canonicals(each) for each in answer.assertions],
        )
        for one, answer in zip(hook_call.orders, _answered(hook_call, caller), strict=True)
        if not (hook_call.service.is_of_encounters and answer.lacks_codes)
    ]
    deps = dependencies()
    return system_actions(asserted, hook_call.coverage, local_date(deps.now(), deps.payer.zone))


def _answered(hook_call: HookCall, caller: Caller) -> tuple[AnsweredOrder, ...]:
    """The assertions for each order of the call."""
    deps = dependencies()
    signed = hook_call.service.hook == SIGNED and hook_call.is_enabled(UNSOLICITED)
    answered = call(
        discover_coverage,
        [_read(hook_call, one) for one in hook_call.orders],
        read_patient(hook_call.found, hook_call.patient_id, hook_call.coverage),
        caller,
        authorize=_authorize if signed and deps.payer.coverage_discovery.authorize_orders else None,
        is_only_coverage=hook_call.is_only_coverage,
        unread=hook_call.unread,
    )
    early = hook_call.service.hook in EARLY_HOOKS
    return tuple(one.before_documentation() for one in answered) if early else answered


def _canonicals(answer: CoverageAssertion) -> list[str]:
    """The canonical URLs of the questionnaires about the required documentation."""
    questionnaires = dependencies().questionnaires
    families = (questionnaires.family_of(one) for one in answer.documents)
    return [questionnaires.canonical(one) for one in families if one is not None]


def _authorize(content: RequestContent, assertion_id: str, caller: Caller) -> RequestFile:
    """The request of a signed order, as if it had been submitted; a repetition returns it."""
    provider = content.requesting_provider
    id_of = partial(id_from_key, provider.tin if provider and provider.tin else "-", "crd")
    return call(submit_prior_authorization, content, assertion_id, None, caller, id_of=id_of)


def _read(hook_call: HookCall, one: HookOrder) -> Order:
    return call(
        read_order,
        one.resource,
        hook_call.found,
        performer=one.performer,
        encounter=hook_call.encounter,
        booked=one.booked,
    )


handle = api.lambda_handler()
