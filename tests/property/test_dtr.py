"""Whatever a client sends for a package, it is made or refused, and never an internal error."""

import json
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from functions.dtr.models import expansion_of, named_families, reported_errors, value_set_name
from precert.domain.errors import NotFoundError
from precert.fhir.answers import answered_sections
from precert.fhir.bundles import UnprocessableBundleError
from precert.fhir.orders import HookResources, member_id_of, read_order
from precert.fhir.questionnaires import package_of, package_parameters, read_package_request
from tests.adapters.hooks import order
from tests.adapters.pas_mutations import VALUES, Path, paths, replaced
from tests.adapters.pas_questionnaires import PACEMAKERS, answers
from tests.adapters.test_dtr import parameters, report
from tests.fakes.clock import START
from tests.fakes.samples import payer, questionnaires
from tests.unit.test_export import uuids

DOCUMENT: Final = parameters(
    order("19318"), questionnaire="https://x.example.com/q|1", changedsince="2026-01-01T00:00:00Z"
)
DOCUMENT["parameter"] += report()["parameter"]
DOCUMENT["parameter"].append({"name": "url", "valueUri": "https://x.example.com/v"})
PATHS: Final = sorted(paths(DOCUMENT), key=str)
RESPONSE: Final = answers(PACEMAKERS, with_files=True)
RESPONSE_PATHS: Final = sorted(paths(RESPONSE), key=str)
Changes = list[tuple[Path, object]]


def changes_of(known: list[Path]) -> st.SearchStrategy[Changes]:
    return st.lists(st.tuples(st.sampled_from(known), VALUES), min_size=1, max_size=4)


@given(changes_of(PATHS))
def test_package_is_made_or_refused_when_any_value_is_replaced(changes: Changes) -> None:
    document = DOCUMENT
    for path, value in changes:
        document = replaced(document, path, value)
    document = json.loads(json.dumps(document))
    data = questionnaires()
    try:
        reported_errors(document, data)
        value_set_name(expansion_of(document), data)
    except (UnprocessableBundleError, NotFoundError):
        pass
    try:
        request = read_package_request(document)
    except UnprocessableBundleError:
        return
    member_id_of(request.coverage)
    found = HookResources([*request.orders, request.coverage])
    orders = [(one, read_order(one, found, payer=payer())) for one in request.orders]
    _, warnings = named_families(request.canonicals, data)
    packages = [
        package_of(one, data, request, orders, publisher="P", at=START, new_uuid=uuids())
        for one in data.families[:2]
    ]
    assert json.dumps(package_parameters(packages, warnings))


@given(changes_of(RESPONSE_PATHS))
def test_answers_are_written_when_any_value_is_replaced(changes: Changes) -> None:
    response = RESPONSE
    for path, value in changes:
        response = replaced(response, path, value)
    response = json.loads(json.dumps(response))
    for one in answered_sections(response, "Bundle", questionnaires()):
        assert one.body.endswith(b"\n")
