"""Import rules between packages.

The lists are complete: a package may import only what its list allows. Each list applies to direct
imports. Every package has a list, so an indirect import is checked in the package that makes it.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from typing import Final

from tests.architecture.source import Module, imports, is_within, modules

ALLOWED: Final = {
    "precert.names": (),
    # The CDK app reads the event table and its enums, so neither imports pydantic.
    "precert.domain.event_types": ("precert.domain.statuses",),
    "precert.domain.statuses": (),
    # ``names`` has only constants: the domain uses them for events and entitlements.
    "precert.domain": ("pydantic", "pydantic_core", "precert.names", "precert.domain"),
    # Documents for other systems, built from domain values.
    "precert.fhir": ("pydantic", "precert.domain", "precert.fhir"),
    "precert.usecases": ("pydantic", "precert.names", "precert.domain", "precert.usecases"),
    "precert.adapters": (
        "boto3",
        "botocore",
        "certifi",
        "mypy_boto3_*",
        "PIL",
        "pydantic",
        "pypdfium2",
        "typst",
        "precert.adapters",
        "precert.names",
        "precert.domain",
        "precert.usecases",
    ),
    # Only the functions with the signing layer load it.
    "precert.adapters.tokens": (
        "botocore",
        "jwt",
        "precert.adapters",
        "precert.domain",
        "precert.usecases",
    ),
    "precert.api": (
        "aws_lambda_powertools",
        "pydantic",
        "precert.api",
        "precert.names",
        "precert.domain",
        "precert.fhir",
        "precert.observability",
        "precert.snapshot",
        "precert.usecases",
    ),
    "precert.streams": (
        "precert.domain",
        "precert.names",
        "precert.observability",
        "precert.usecases",
    ),
    "precert.queues": ("aws_lambda_powertools", "precert.domain", "precert.observability"),
    "precert.snapshot": ("snapshot_restore_py",),
    "precert.settings": ("pydantic", "precert.names", "precert.domain"),
    "precert.observability": ("aws_lambda_powertools", "precert.names", "precert.domain"),
    "precert.clients": (
        "boto3",
        "botocore",
        "mypy_boto3_*",
        "precert.adapters",
        "precert.names",
        "precert.settings",
    ),
    "precert.resources": (
        "precert.adapters",
        "precert.clients",
        "precert.domain",
        "precert.names",
        "precert.settings",
    ),
    # The composition root: it alone imports every package.
    "precert.clock_and_ids": ("ulid", "precert.domain"),
    "precert.bootstrap": ("botocore", "precert"),
    # Commands get their dependencies from the composition root, as handlers do.
    "precert.cli": (
        "pydantic",
        "precert.bootstrap",
        "precert.cli",
        "precert.domain",
        "precert.names",
        "precert.settings",
        "precert.usecases",
    ),
    "precert.__main__": ("precert.cli",),
    "precert": (),
    "functions": (
        "aws_lambda_powertools",
        "pydantic",
        "precert.api",
        "precert.bootstrap",
        "precert.clock_and_ids",
        "precert.names",
        "precert.domain",
        "precert.fhir",
        "precert.observability",
        "precert.queues",
        "precert.settings",
        "precert.streams",
        "precert.usecases",
    ),
}
"""What a module may import beside the standard library; the longest name that fits it counts."""


def rooms_of(module: Module) -> tuple[str, ...]:
    """The allowed imports of a module; a function's own folder is added."""
    fitting = [package for package in ALLOWED if module.is_in(package)]
    allowed = ALLOWED[max(fitting, key=len)]
    folders = module.name.split(".")
    return (*allowed, ".".join(folders[:2])) if folders[0] == "functions" else allowed


def errors_of(module: Module) -> list[str]:
    allowed = rooms_of(module)
    return [
        f"{module.at(node)} imports {name}"
        for node, name in imports(module.tree)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not any(is_within(name, package) for package in allowed)
    ]


def test_imports_point_inward_when_product_code_imports() -> None:
    product = [module for module in modules() if module.is_in("precert", "functions")]
    errors = [error for module in product for error in errors_of(module)]
    assert not errors, "\n".join(errors)


def test_infrastructure_imports_shared_names_only_when_it_imports_the_product() -> None:
    errors = [
        f"{module.at(node)} imports {name}"
        for module in modules()
        if module.is_in("infra")
        for node, name in imports(module.tree)
        if is_within(name, "functions")
        or is_within(name, "local")
        or (
            is_within(name, "precert")
            and not is_within(name, "precert.names")
            and not is_within(name, "precert.domain.event_types")
        )
    ]
    assert not errors, "\n".join(errors)


def test_emulator_is_imported_by_its_own_package_only_when_anything_imports_it() -> None:
    errors = [
        f"{module.at(node)} imports {name}"
        for module in modules()
        if not module.is_in("local.cloud")
        for node, name in imports(module.tree)
        if is_within(name, "ministack")
    ]
    assert not errors, "\n".join(errors)


def loading(package: str) -> set[str]:
    """The modules of the project whose import loads this package, also indirectly.

    An import in a function is made later, if at all.
    """
    known = {module.name.removesuffix(".__init__"): module for module in modules()}
    direct = {
        name: {_module_of(one, known) for node in module.tree.body for one in _imported(node)}
        for name, module in known.items()
    }
    found, before = {package}, 0
    while len(found) > before:
        before = len(found)
        found |= {name for name, others in direct.items() if others & found}
    return found


def _imported(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (name for _, name in imports(node))


def _module_of(name: str, known: Mapping[str, Module]) -> str:
    """The module of an imported name; of another project, the package."""
    while name not in known and "." in name:
        name = name.rpartition(".")[0]
    return name


def test_cdk_is_loaded_for_templates_only_when_a_tier_is_collected() -> None:
    """Loading the CDK takes seconds in each process of a tier, and starts Node.js."""
    tests = {name for name in loading("aws_cdk") if is_within(name, "tests")}
    assert "tests.template.conftest" in tests
    assert {name for name in tests if not is_within(name, "tests.template")} == set()
