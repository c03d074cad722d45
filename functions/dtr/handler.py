"""Documentation templates and rules (Da Vinci DTR): questionnaires about required documentation."""

from typing import Annotated, Final

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from functions.dtr.models import (
    NO_FORM,
    NO_MEMBER,
    NOT_REQUIRED,
    UNCHANGED,
    ExpandQuery,
    expansion_of,
    named_families,
    reported_errors,
    value_set_name,
)
from precert.api.fhir import FhirApi, FhirResource
from precert.api.parameters import CurrentCaller
from precert.bootstrap import audit, call, dependencies, edge, identify
from precert.domain.caller import Caller
from precert.domain.errors import NotFoundError, PatientNotEligibleError, PatientNotFoundError
from precert.domain.orders import Order
from precert.domain.questionnaires import Family
from precert.fhir.elements import Json
from precert.fhir.orders import HookResources, member_id_of, read_order
from precert.fhir.questionnaires import (
    PackageRequest,
    changed,
    outcome,
    package_of,
    package_parameters,
    read_package_request,
    value_set,
)
from precert.observability import note_work
from precert.usecases.coverage_requirements import required_documents

api = FhirApi("dtr", tag="Documentation", identify=identify, audit=audit, edge=edge)
PACKAGE: Final = "$questionnaire-package"
LOG_ERRORS: Final = "$log-questionnaire-errors"
EXPAND: Final = "$expand"


@api.post(
    "/fhir/r4/Questionnaire/{operation}",
    "Get questionnaires, or report their errors",
    operation_id="callQuestionnaireOperation",
    reads=True,
    scopes=("Questionnaire.r", "Questionnaire.u"),
    errors=(NotFoundError, PatientNotFoundError, PatientNotEligibleError),
)
def questionnaire_operation(
    operation: Annotated[str, Path()], body: FhirResource, caller: CurrentCaller
) -> FhirResource:
    """Da Vinci DTR 2.2 `Questionnaire/$questionnaire-package` and `$log-questionnaire-errors`.

    `$questionnaire-package`: send the coverage, and the orders, the addresses of questionnaires or the
    `questionnaire-context` of a PAS Task; receive a package for each questionnaire that the rule list's
    required documentation needs.
    `$log-questionnaire-errors`: report the errors of a questionnaire.
    """
    if operation == LOG_ERRORS:
        caller.require_scope("Questionnaire.u")
        return _logged(body.root)
    if operation != PACKAGE:
        raise NotFoundError(f"There is no such operation. These exist: {PACKAGE}, {LOG_ERRORS}.")
    caller.require_scope("Questionnaire.r")
    return _packages(read_package_request(body.root), caller)


def _packages(request: PackageRequest, caller: Caller) -> FhirResource:
    questionnaires, deps = dependencies().questionnaires, dependencies()
    found = HookResources([*request.orders, request.coverage])
    orders = [(one, call(read_order, one, found)) for one in request.orders]
    families, warnings = named_families(request.canonicals, questionnaires)
    requested = questionnaires.family_in(request.context) if request.context else None
    if requested is not None and requested not in families:
        families.append(requested)
    if not families:
        families, further = _of_orders([order for _, order in orders], request, caller)
        warnings += further
    if families and not changed(questionnaires, request.changed_since):
        families, warnings = [], [*warnings, UNCHANGED]
    publisher, at = deps.payer.name, deps.now()
    packages = [
        call(package_of, one, questionnaires, request, orders, publisher=publisher, at=at)
        for one in families
    ]
    return FhirResource(package_parameters(packages, warnings))


def _of_orders(
    orders: list[Order], request: PackageRequest, caller: Caller
) -> tuple[list[Family], list[str]]:
    """The families that the orders require, with what to do where there is none."""
    questionnaires = dependencies().questionnaires
    try:
        required = call(required_documents, orders, member_id_of(request.coverage), caller)
    except PatientNotFoundError as error:
        # The coverage alone names the member: there is no name or birth date to compare.
        raise PatientNotFoundError(NO_MEMBER) from error
    found = [questionnaires.family_of(one) for one in required]
    families = [one for one in found if one is not None]
    if not required and not request.canonicals:
        return families, [NOT_REQUIRED]
    return families, [NO_FORM] if len(families) < len(found) else []


def _logged(document: Json) -> FhirResource:
    for questionnaire, codes in reported_errors(document, dependencies().questionnaires):
        note_work("questionnaire_error", questionnaire=questionnaire, issues=",".join(codes))
    return FhirResource(outcome(["The errors are recorded."], severity="information"))


@api.get(
    "/fhir/r4/ValueSet/{operation}",
    "Expand a value set",
    operation_id="getValueSetExpansion",
    scopes=("ValueSet.r",),
    audited=False,
    errors=(NotFoundError,),
)
def expansion(
    operation: Annotated[str, Path()], query: Annotated[ExpandQuery, Query()]
) -> FhirResource:
    """`ValueSet/$expand`: the codes of a value set that a questionnaire names."""
    return _expanded(operation, query)


@api.post(
    "/fhir/r4/ValueSet/{operation}",
    "Expand a value set by Parameters",
    operation_id="callValueSetOperation",
    reads=True,
    scopes=("ValueSet.r",),
    audited=False,
    errors=(NotFoundError,),
)
def expand(operation: Annotated[str, Path()], body: FhirResource) -> FhirResource:
    """`ValueSet/$expand` with its parameters as a resource."""
    return _expanded(operation, expansion_of(body.root))


def _expanded(operation: str, query: ExpandQuery) -> FhirResource:
    if operation != EXPAND:
        raise NotFoundError(f"There is no such operation. This one exists: {EXPAND}.")
    questionnaires = dependencies().questionnaires
    name = value_set_name(query, questionnaires)
    return FhirResource(value_set(name, questionnaires, dependencies().now(), query.filter))


handle = api.lambda_handler()
