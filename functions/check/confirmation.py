"""The confirmation of a check, as a document: printing has a function of its own, as it is large."""

from functools import partial
from typing import Any

from precert.api.bodies import ConfirmCheckBody
from precert.api.http import Answer, Api, Attachment, Call
from precert.api.routes import Function
from precert.bootstrap import dependencies
from precert.observability import logger, metrics
from precert.usecases.check_requirements import check_requirements
from precert.usecases.confirm_check import confirm_check

api = Api(Function.CONFIRMATION, lambda: dependencies().settings.claims)


@api.operation("confirmCheck")
def confirm(call: Call) -> Answer:
    made = dependencies()
    check = partial(
        check_requirements,
        reference=made.reference,
        rule_lists=made.rule_lists,
        versions=made.rule_list_versions,
        code_sets=made.code_sets,
        payer=made.payer,
        now=made.now(),
    )
    confirmation = confirm_check(
        call.body(ConfirmCheckBody).content,
        call.caller,
        check=check,
        payer=made.payer,
        printer=made.printer,
    )
    name = f"precertification-confirmation-{confirmation.printed_on}.pdf"
    return Answer(Attachment(confirmation.document, "application/pdf", name))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return api.resolve(event)
