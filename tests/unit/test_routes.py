"""Every operation of the route table is served by the function it names."""

import re
from importlib import import_module
from typing import Final

import pytest

from precert.api import app
from precert.api.http import Api
from precert.api.routes import Function, routes_of
from tools.operations import MANIFEST, ROUTES, manifest

OF_ITS_OWN: Final = {Function.CONFIRMATION: "functions.check.confirmation"}
"""Modules beside the handler of their folder."""


@pytest.mark.parametrize("function", Function)
def test_every_route_is_served_when_a_function_is_loaded(function: Function) -> None:
    module = OF_ITS_OWN.get(function, f"functions.{function.value}.handler")
    api = import_module(module).api
    if isinstance(api, app.Api):
        assert api.name == function
        assert routes_of(function) == ()
        return
    assert isinstance(api, Api)
    assert api.served == {route.operation_id for route in routes_of(function)}


def test_manifest_is_current_when_operations_are_read() -> None:
    assert MANIFEST.read_text(encoding="utf-8") == manifest()


def test_operation_appears_once_when_the_table_is_read() -> None:
    ids = [route.operation_id for route in ROUTES]
    calls = [(route.method, re.sub(r"{\w+}", "{}", route.path)) for route in ROUTES]
    assert len(set(ids)) == len(ids)
    assert len(set(calls)) == len(calls)


def test_path_carries_opaque_ids_only_when_it_has_variables() -> None:
    names = {name for route in ROUTES for name in re.findall(r"{(\w+)}", route.path)}
    assert names == {"document_id", "draft_id", "notice_id", "message_id", "request_id"}
