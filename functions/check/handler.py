"""What an office asks first: the patient, a provider, and what needs precertification.

The check is what a cold start is made short for: what it does not need is imported by those who do.
"""

from functools import partial
from typing import Any

from precert.api.answers.check import RequirementsAnswer
from precert.api.answers.model import FHIR_JSON
from precert.api.answers.patients import PatientAnswer
from precert.api.bodies import CheckBody, ConfirmPatientBody
from precert.api.http import Answer, Api, Call
from precert.api.routes import Function
from precert.bootstrap import dependencies
from precert.observability import logger, metrics
from precert.usecases.check_requirements import check_requirements
from precert.usecases.confirm_patient import confirm_patient

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


@api.operation("searchPatients")
def patients(call: Call) -> Answer:
    from precert.api.answers.patients import PatientsAnswer
    from precert.domain.patients import PatientSearch
    from precert.usecases.search_patients import search_patients

    made = dependencies()
    found = search_patients(
        call.body(PatientSearch),
        call.caller,
        reference=made.reference,
        digests=made.digests,
        payer=made.payer,
        now=made.now(),
    )
    return Answer(PatientsAnswer.of(found))


@api.operation("searchProviders")
def search(call: Call) -> Answer:
    from precert.api.answers.providers import ProvidersAnswer
    from precert.domain.directory import ProviderSearch
    from precert.usecases.search_providers import search_providers

    made = dependencies()
    found = search_providers(
        call.query(ProviderSearch),
        call.caller,
        directory=made.reference,
        places=made.code_sets,
        payer=made.payer,
    )
    return Answer(ProvidersAnswer.of(found, made.payer))


@api.operation("nextFields")
def fields(call: Call) -> Answer:
    from precert.api.form import FormAnswer, FormQuery
    from precert.usecases.next_fields import next_fields

    made = dependencies()
    chosen = call.query(FormQuery).as_service()
    asked = next_fields(chosen, call.caller, payer=made.payer, now=made.now())
    return Answer(FormAnswer.of(asked, made.payer))


@api.operation("checkRequirements")
def check(call: Call) -> Answer:
    made = dependencies()
    body = call.body(CheckBody)
    answer = check_requirements(
        body.content,
        call.caller,
        reference=made.reference,
        rule_lists=made.rule_lists,
        versions=made.rule_list_versions,
        code_sets=made.code_sets,
        payer=made.payer,
        now=made.now(),
        as_of=body.as_of,
    )
    return Answer(RequirementsAnswer.of(answer, made.payer))


@api.operation("handOver")
def hand_over(call: Call) -> Answer:
    from precert.api.handover import HandoverAnswer, HandoverBody
    from precert.usecases.prepare_handover import prepare_handover

    made, body = dependencies(), call.body(HandoverBody)
    check = partial(
        check_requirements,
        reference=made.reference,
        rule_lists=made.rule_lists,
        versions=made.rule_list_versions,
        code_sets=made.code_sets,
        payer=made.payer,
        now=made.now(),
    )
    handed = prepare_handover(
        *(body.content, body.delegate_id, call.caller),
        check=check,
        rule_lists=made.rule_lists,
        payer=made.payer,
    )
    return Answer(HandoverAnswer.of(handed, made.payer, made.new_uuid), media_type=FHIR_JSON)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return api.resolve(event)
