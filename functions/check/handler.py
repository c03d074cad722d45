"""What an office asks first: the patient, a provider, and what needs precertification."""

from typing import Any

from precert.api.answers import CheckAnswerModel, PatientAnswer, ProvidersAnswer
from precert.api.bodies import CheckBody, ConfirmPatientBody
from precert.api.http import Answer, Api, Call
from precert.api.routes import Function
from precert.bootstrap import dependencies
from precert.domain.directory import ProviderSearch
from precert.observability import logger, metrics
from precert.usecases.check_requirements import check_requirements
from precert.usecases.confirm_patient import confirm_patient
from precert.usecases.search_providers import search_providers

api = Api(Function.CHECK, lambda: dependencies().settings.claims)


@api.operation("confirmPatient")
def confirm(call: Call) -> Answer:
    made = dependencies()
    confirmed = confirm_patient(
        call.body(ConfirmPatientBody).patient,
        call.caller,
        reference=made.reference,
        payer=made.payer,
        now=made.now(),
    )
    return Answer(PatientAnswer.of(confirmed))


@api.operation("searchProviders")
def search(call: Call) -> Answer:
    found = search_providers(
        call.query(ProviderSearch), call.caller, reference=dependencies().reference
    )
    return Answer(ProvidersAnswer.of(found))


@api.operation("checkRequirements")
def check(call: Call) -> Answer:
    made = dependencies()
    answer = check_requirements(
        call.body(CheckBody).content,
        call.caller,
        reference=made.reference,
        rule_lists=made.rule_lists,
        payer=made.payer,
        now=made.now(),
    )
    return Answer(CheckAnswerModel.of(answer, made.payer))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return api.resolve(event, context)
