"""Every operation of the API, as the functions declare them.

``ROUTES`` and ``OPERATIONS`` join the operations on the resolver with those of the route table that
are not converted yet.
"""

from importlib import import_module
from typing import Any, Final

from precert.api import app, operations, routes
from precert.domain.errors import PrecertError
from tools.openapi_files import ROOT, as_json

MANIFEST: Final = ROOT / "infra" / "routes.json"


def apis() -> list[app.Api]:
    """The API of each function that has one."""
    files = sorted((ROOT / "functions").glob("*/*.py"))
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    found = [getattr(import_module(name), "api", None) for name in names]
    return [api for api in found if isinstance(api, app.Api)]


DECLARED: Final = tuple(operation for api in apis() for operation in api.operations)
ROUTES: Final[tuple[Any, ...]] = (*DECLARED, *routes.ROUTES)
OPERATIONS: Final[dict[str, Any]] = {
    **{operation.operation_id: operation for operation in DECLARED},
    **operations.OPERATIONS,
}
"""By operation id."""


def manifest() -> str:
    """The routes for the CDK app, which does not load the product."""
    rows = [
        {
            "operation_id": route.operation_id,
            "method": route.method,
            "path": route.path,
            "function": str(route.function),
        }
        for route in ROUTES
    ]
    return as_json(sorted(rows, key=lambda row: (row["path"], row["method"])))


def errors_of(operation: Any) -> tuple[type[PrecertError], ...]:
    """The errors of an operation, converted or not."""
    found: tuple[type[PrecertError], ...] = (
        getattr(operation, "all_errors", None) or operation.errors
    )
    return found
