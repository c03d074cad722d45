"""Every operation has a route in the manifest, and the function that it names serves it."""

import json
import re
from importlib import import_module
from typing import Final

import pytest

from precert.api.app import Api
from tools.operations import MANIFEST, ROUTES, manifest

OF_ITS_OWN: Final = {"confirmation": "functions.check.confirmation"}
"""Modules beside the handler of their folder."""


@pytest.mark.parametrize("name", sorted({row["function"] for row in json.loads(manifest())}))
def test_every_route_is_served_when_a_function_is_loaded(name: str) -> None:
    api = import_module(OF_ITS_OWN.get(name, f"functions.{name}.handler")).api
    assert isinstance(api, Api)
    assert api.name == name
    assert {one.operation_id for one in api.operations} == {
        row["operation_id"] for row in json.loads(manifest()) if row["function"] == name
    }


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
