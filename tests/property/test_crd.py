"""Whatever an EHR puts into a hook, it is answered or refused, and never an internal error."""

import json
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from functions.crd.hooks import HookRefusedError
from functions.crd.models import read_call
from functions.crd.services import SERVICES
from precert.domain.orders import Covered, without_codes
from precert.fhir.coverage import AssertedOrder, system_actions
from precert.fhir.orders import read_order, read_patient
from tests.adapters.hooks import bundle, hook_call, order, prefetch
from tests.adapters.pas_mutations import VALUES, Path, paths, replaced
from tests.fakes.client_servers import ClientSystem
from tests.fakes.clock import START
from tests.fakes.samples import payer

DOCUMENT: Final[dict[str, Any]] = {
    **hook_call(order(), hook="order-sign"),
    "fhirAuthorization": {"access_token": "t", "token_type": "Bearer"},
    "extension": {"davinci-crd.configuration": {"coverage-info": True}},
    "prefetch": prefetch(
        encounter={"resourceType": "Encounter", "id": "e1", "class": {"code": "AMB"}},
        serviceRequests=bundle(order(id="o2")),
    ),
}
DOCUMENT["context"] |= {
    "encounterId": "e1",
    "dispatchedOrders": ["ServiceRequest/o2"],
    "performer": "Organization/performer",
    "appointments": bundle(
        {
            "resourceType": "Appointment",
            "id": "a1",
            "start": "2026-07-20T09:00:00Z",
            "basedOn": [{"reference": "ServiceRequest/o2"}],
        }
    ),
}
PATHS: Final = sorted(paths(DOCUMENT), key=str)


@given(
    st.sampled_from(SERVICES),
    st.lists(st.tuples(st.sampled_from(PATHS), VALUES), min_size=1, max_size=4),
)
def test_hook_is_read_or_refused_when_any_value_is_replaced(
    service: Any, changes: list[tuple[Path, object]]
) -> None:
    document = {**DOCUMENT, "hook": service.hook}
    for path, value in changes:
        document = replaced(document, path, value)
    document = json.loads(json.dumps(document))
    try:
        call = read_call(document, service, [], payer=payer(), client_servers=ClientSystem({}))
    except HookRefusedError:
        return
    read_patient(call.found, call.patient_id, call.coverage)
    answered = []
    for one in call.orders:
        read = read_order(
            one.resource,
            call.found,
            payer=payer(),
            performer=one.performer,
            encounter=call.encounter,
            booked=one.booked,
        )
        for code in read.codes:
            assert read.services(code, payer(), START.date())
        answered.append(AssertedOrder(one.resource, "CRD-1", [without_codes(read, payer())]))
    for action in system_actions(answered, call.coverage, START.date()):
        text = json.dumps(action)
        assert Covered.CONDITIONAL.value in text
