"""Packages are complete, compiled, for the right architecture, and built only after a change."""

import os
import ssl
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any, Final

import botocore
import pytest

from infra import archive, dependencies, packaging
from infra.packaging import Package, Packages
from infra.platforms import Platform, interpreter, machine_python
from tests.adapters.corpus import writing

UNCHECKED_HASH: Final = 0b01
LAMBDA_LIMIT: Final = 250 * 1024 * 1024
"""What a function and its layers may take when they are unpacked."""
ELF_MACHINES: Final = {0x3E: "x86_64", 0xB7: "aarch64"}


def names(package: Package) -> list[str]:
    with zipfile.ZipFile(package.path) as opened:
        assert opened.testzip() is None
        return opened.namelist()


def every_package(packages: Packages) -> list[Package]:
    return [*packages.layers, *packages.functions.values()]


def in_isolation(code: str, *folders: Path, stdin: str = "") -> str:
    """Run code that can import the standard library and these folders only."""
    paths = [str(folder) for folder in folders]
    program = f"import sys; sys.path[:0] = {paths!r}\n{code}"
    command = [sys.executable, "-I", "-S", "-c", program]
    return subprocess.run(command, check=True, capture_output=True, text=True, input=stdin).stdout


@pytest.mark.parametrize("platform", list(Platform))
def test_sources_are_compiled_when_an_interpreter_of_the_runtime_is_installed(
    platform: Platform,
) -> None:
    packages = packaging.build(platform)
    assert packages.compiled is (interpreter(platform.python) is not None)
    tag = f"cpython-{platform.python.replace('.', '')}" if packages.compiled else "no bytecode"
    for package in every_package(packages):
        with zipfile.ZipFile(package.path) as opened:
            shipped = set(opened.namelist())
            compiled = {name for name in shipped if name.endswith(".pyc")}
            sources = {name for name in shipped if name.endswith(".py")}
            assert len(compiled) == (len(sources) if packages.compiled else 0)
            for name in compiled:
                assert name.endswith(f".{tag}.pyc")
                assert struct.unpack("<I", opened.read(name)[4:8])[0] == UNCHECKED_HASH, name


def test_no_path_of_this_machine_is_shipped_when_packaged(packages: Packages) -> None:
    home = str(packaging.ROOT).encode()
    for package in every_package(packages):
        with zipfile.ZipFile(package.path) as opened:
            telling = [name for name in opened.namelist() if home in opened.read(name)]
        assert telling == []


def test_metadata_is_shipped_and_scripts_are_not_when_dependencies_are_packaged(
    packages: Packages,
) -> None:
    shipped = names(packages.dependencies)
    assert any(name.endswith(".dist-info/METADATA") for name in shipped)
    assert not any(name.startswith("python/bin/") for name in shipped)
    assert not any("/tests/" in name or name.endswith("/RECORD") for name in shipped)


@pytest.mark.parametrize("layer", ["dependencies", "printing", "inspecting", "signing"])
def test_shared_objects_are_for_arm_when_dependencies_are_packaged_for_aws(layer: str) -> None:
    with zipfile.ZipFile(getattr(packaging.build(Platform.AWS), layer).path) as opened:
        objects = [name for name in opened.namelist() if ".so" in Path(name).suffixes]
        found = {ELF_MACHINES[struct.unpack("<H", opened.read(name)[18:20])[0]] for name in objects}
    assert found == {"aarch64"}


def test_layers_are_importable_when_nothing_else_is_installed(tmp_path: Path) -> None:
    packages = packaging.build(Platform.LOCAL)
    for package in (packages.dependencies, packages.core, packages.code_sets):
        with zipfile.ZipFile(package.path) as opened:
            opened.extractall(tmp_path)
    code = (
        "import aws_lambda_powertools, pydantic\n"
        "import precert.names, payer_data\n"
        "from precert.adapters.code_sets import shipped_code_sets\n"
        "from precert.domain.code_sets import CodeSet\n"
        "assert shipped_code_sets().listed(CodeSet.ICD_10_CM, 'K55').leaf is False\n"
        "import boto3\n"
        "for name in ('dynamodb', 'events', 'kms', 's3', 'stepfunctions'):\n"
        "    boto3.session.Session().client(name, region_name='us-gov-west-1')\n"
        "print(pydantic.__file__)"
    )
    assert in_isolation(code, tmp_path / "python").strip().startswith(str(tmp_path))


def trusted(bundle: Path) -> dict[str, str]:
    """The common names in a bundle, each with its organization."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(bundle)
    roots: list[dict[str, Any]] = context.get_ca_certs()
    subjects = [dict(part[0] for part in root["subject"]) for root in roots]
    return {one.get("commonName", ""): one.get("organizationName", "") for one in subjects}


def test_ca_bundle_has_all_amazon_roots_and_no_other_when_dependencies_are_packaged() -> None:
    """Fails when Amazon adds a root that the installed bundle has."""
    packaging.build(Platform.LOCAL, ("check",))
    folder = packaging.ROOT / "build" / Platform.LOCAL.value / "dependencies" / "python"
    of_amazon = {
        name
        for name, organization in trusted(Path(botocore.__file__).with_name("cacert.pem")).items()
        if organization == "Amazon" or name.startswith("Starfield Services")
    }
    assert set(trusted(folder / dependencies.BUNDLE)) == of_amazon == set(dependencies.AMAZON_ROOTS)


def test_packaging_fails_when_a_root_is_missing(tmp_path: Path) -> None:
    bundle = tmp_path / "cacert.pem"
    whole = Path(botocore.__file__).with_name("cacert.pem").read_text(encoding="utf-8")
    first = whole.index('# Label: "Amazon Root CA 3"')
    bundle.write_text(whole[:first], encoding="utf-8")
    with pytest.raises(
        dependencies.RootMissingError, match="no Amazon Root CA 3, Amazon Root CA 4"
    ):
        dependencies.trust_only_amazon(bundle)
    assert bundle.read_text(encoding="utf-8") == whole[:first]


def test_document_is_printed_when_a_function_has_the_printing_layer(tmp_path: Path) -> None:
    packages = packaging.build(Platform.LOCAL)
    with zipfile.ZipFile(packages.printing.path) as opened:
        opened.extractall(tmp_path)
    code = "import typst; print(typst.compile(b'= Printed', format='pdf')[:5])"
    assert in_isolation(code, tmp_path / "python").strip() == "b'%PDF-'"


def test_passwords_are_detected_when_a_function_has_the_inspecting_layer(tmp_path: Path) -> None:
    packages = packaging.build(Platform.LOCAL)
    for package in (packages.dependencies, packages.core, packages.inspecting):
        with zipfile.ZipFile(package.path) as opened:
            opened.extractall(tmp_path)
    code = (
        "from precert.adapters.inspection.content_types import inspect_content\n"
        "import sys\n"
        "body = bytes.fromhex(sys.stdin.read())\n"
        "print(inspect_content(body, 'application/pdf'))"
    )
    protected = writing.encrypted("AES-256", user="x").hex()
    assert in_isolation(code, tmp_path / "python", stdin=protected).strip() == "password_protected"


def test_layers_are_within_the_lambda_limit_when_a_function_has_all_of_them(
    packages: Packages,
) -> None:
    layers = every_package(packages)[: -len(packages.functions)]
    unpacked = 0
    for package in layers:
        with zipfile.ZipFile(package.path) as opened:
            unpacked += sum(entry.file_size for entry in opened.infolist())
    assert unpacked < LAMBDA_LIMIT


def test_handlers_are_where_lambda_looks_when_a_function_is_packaged(packages: Packages) -> None:
    assert set(packages.functions) == set(packaging.function_folders())
    for name, package in packages.functions.items():
        shipped = {entry for entry in names(package) if entry.endswith(".py")}
        sources = (packaging.ROOT / "functions" / name).rglob("*.py")
        expected = {path.relative_to(packaging.ROOT).as_posix() for path in sources}
        assert shipped == expected | {"functions/__init__.py"}


def test_payers_data_is_readable_when_the_core_is_packaged(packages: Packages) -> None:
    shipped = set(names(packages.core))
    data = packaging.ROOT / "data" / "payer"
    required = {path.relative_to(data).as_posix() for path in archive.files_of(data)}
    assert {"payer.json", "templates/confirmation.typ"} <= required
    assert {f"python/payer_data/{name}" for name in required} <= shipped
    assert "python/payer_data/__init__.py" in shipped


def test_nothing_is_built_when_nothing_changed() -> None:
    first = packaging.build(Platform.LOCAL)
    built = [package.path.stat().st_mtime_ns for package in every_package(first)]
    started = time.process_time()
    second = packaging.build(Platform.LOCAL)
    assert time.process_time() - started < 0.5
    assert second == first
    assert [package.path.stat().st_mtime_ns for package in every_package(second)] == built


@pytest.fixture
def small_project(tmp_path: Path) -> Path:
    """A minimal project, packaged without dependencies."""
    for folder in ("precert", "data/payer", "functions/check"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "precert" / "__init__.py").write_text("NAMES = {'b', 'a'}\n")
    (tmp_path / "data" / "payer" / "payer.json").write_text("{}\n")
    (tmp_path / "functions" / "check" / "handler.py").write_text("def handle() -> None: ...\n")
    return tmp_path


def test_zip_is_identical_when_the_folder_is_unchanged(small_project: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    archive.write_zip(small_project / "precert", first)
    (small_project / "precert" / "__init__.py").touch()
    archive.write_zip(small_project / "precert", second)
    assert first.read_bytes() == second.read_bytes()


def test_only_the_function_changes_when_its_code_does(small_project: Path) -> None:
    def hashes() -> tuple[str, str]:
        builder = packaging._Builder(Platform.LOCAL, small_project)
        with builder.locked():
            return builder.core().content_hash, builder.function("check").content_hash

    before = hashes()
    assert hashes() == before
    (small_project / "functions" / "check" / "handler.py").write_text("def handle() -> int: ...\n")
    after = hashes()
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_sources_are_shipped_when_no_interpreter_of_the_runtime_is_installed(
    small_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = packaging._Builder(Platform.LOCAL, small_project)
    with compiled.locked():
        with_bytecode = compiled.core()
    assert any(name.endswith(".pyc") for name in names(with_bytecode))
    monkeypatch.setattr(packaging, "interpreter", lambda _version: None)
    builder = packaging._Builder(Platform.LOCAL, small_project)
    with builder.locked():
        sources = builder.core()
    assert builder.compiles is False
    assert [name for name in names(sources) if name.endswith(".pyc")] == []
    # Otherwise the deployed version would remain, whichever of the two it is.
    assert sources.content_hash != with_bytecode.content_hash


def test_interpreter_is_found_when_the_machine_runs_on_it_or_pyenv_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "versions" / "3.10.99" / "bin"
    folder.mkdir(parents=True)
    shim = tmp_path / "shims" / "python3.10"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(shim.parent), prepend=os.pathsep)
    assert interpreter(machine_python()) == sys.executable
    assert interpreter("3.10") is None
    (folder / "python3.10").write_text("#!/bin/sh\necho 3.10\n")
    (folder / "python3.10").chmod(0o755)
    assert interpreter("3.10") == str(folder / "python3.10")
