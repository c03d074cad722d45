"""The table of what the FHIR endpoint implements is that of the routes."""

import pytest

from precert.domain.smart_scopes import interactions_of, is_scope
from precert.fhir import capabilities
from precert.fhir.capabilities import (
    DTR_SERVER,
    PAS_SERVER,
    SERVED,
    SUBSCRIPTION_SERVER,
    capability_statement,
    supported_scopes,
)
from tools.fhir_validator import pas_validator
from tools.operations import ALL_ROUTES

BASE = "https://api.example.org/fhir/r4"


def test_every_fhir_route_is_in_the_table_when_it_requires_a_token() -> None:
    routes = {one.key for one in ALL_ROUTES if one.path.startswith("/fhir/") and one.public is None}
    assert {one.route for one in SERVED} == routes


def test_scope_is_one_that_the_route_accepts_when_the_table_names_it() -> None:
    scopes = {one.key: one.scopes for one in ALL_ROUTES}
    for one in SERVED:
        assert one.scope in scopes[one.route], one
        assert interactions_of(f"system/{one.scope}") == {one.scope}
    assert all(is_scope(one) for one in supported_scopes())


def test_statement_is_valid_fhir_when_it_is_built_from_the_table() -> None:
    statement = capability_statement(BASE, "https://api.example.org/oauth/token", "1.0.0-rc")
    assert pas_validator().findings(statement) == []
    (rest,) = statement["rest"]
    named = {one["name"] for one in rest["operation"]}
    for resource in rest["resource"]:
        named |= {one["name"] for one in resource.get("operation", ())}
        named |= {one["code"] for one in resource.get("interaction", ())}
    assert named == {one.code for one in SERVED}


@pytest.mark.parametrize(
    ("missing", "left"),
    [
        ("none", [PAS_SERVER, SUBSCRIPTION_SERVER, DTR_SERVER]),
        ("inquire", [DTR_SERVER]),
        ("log-questionnaire-errors", [PAS_SERVER, SUBSCRIPTION_SERVER]),
    ],
)
def test_statement_instantiates_a_guides_server_when_all_it_requires_is_served(
    missing: str, left: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = tuple(one for one in SERVED if one.code != missing)
    monkeypatch.setattr(capabilities, "SERVED", served)
    assert capability_statement(BASE, BASE, "1.0.0-rc")["instantiates"] == left
