"""All operations of the API, collected from the functions that declare them."""

from importlib import import_module
from typing import Final

from precert.api.app import Api
from precert.api.fhir import FhirApi
from precert.api.operation import Operation
from precert.names import Access
from tools.openapi_files import ROOT, as_json

MANIFEST: Final = ROOT / "infra" / "routes.json"


def apis() -> list[Api]:
    """Return the API of each function that serves operations."""
    files = sorted((ROOT / "functions").glob("*/*.py"))
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    found = [module for name in names if hasattr(module := import_module(name), "handle")]
    apis = [getattr(module, "api", None) for module in found]
    return [api for api in apis if isinstance(api, Api)]


ALL_ROUTES: Final = tuple(operation for api in apis() for operation in api.operations)
"""Every route of the API."""
ROUTES: Final = tuple(one for one in ALL_ROUTES if not isinstance(one.api, FhirApi))
"""The operations of the OpenAPI document, which has no FHIR operations."""
OPERATIONS: Final[dict[str, Operation]] = {one.operation_id: one for one in ROUTES}
"""The operations of the OpenAPI document by operation id."""


def access_of(route: Operation) -> Access:
    """Return how API Gateway authorizes calls of a route; FHIR routes accept tokens of two issuers."""
    if route.public is not None:
        return Access.PUBLIC
    return Access.FHIR if route.path.startswith("/fhir/") else Access.API


def manifest() -> str:
    """Return the manifest of routes for the CDK app, which does not import the functions."""
    rows = [
        {
            "operation_id": route.operation_id,
            "method": route.method,
            "path": route.path,
            "function": route.function,
            "access": access_of(route).value,
        }
        for route in ALL_ROUTES
    ]
    return as_json(sorted(rows, key=lambda row: (row["path"], row["method"])))
