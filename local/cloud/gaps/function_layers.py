"""Unpack each layer once, and isolate functions from the emulator's packages.

Emulator: each worker unpacks and compiles all its layers again, which takes seconds for a layer with
boto3. Workers also run in the emulator's virtual environment, so that a package that is missing from
the layer is found there: it works locally and fails in AWS. Layers are searched before the function's
own code, whereas AWS searches them after it. Each save of its state writes the zips of all layers as
base64 into one JSON file, which each start reads: about a second of processor time for 90 MB.
Patch: unpack each layer below the state directory under the hash of its content, put those folders on
the path after the code, and run functions that have layers with the base interpreter. Save each zip in
a file of its own, once.
Remove when: the emulator caches unpacked layers, isolates functions, and saves layers as files.
"""

import hashlib
import io
import os
import shutil
import sys
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from local.cloud.gaps.upstream import module, wrap

_ZIP: Final = "_zip_data"
"""The member of the emulator's layer versions that contains the zip."""
_FILE: Final = "precert_file"

_lock = threading.Lock()
_digests: dict[int, tuple[bytes, str]] = {}
_spawning = threading.local()


def _digest(content: bytes) -> str:
    known = _digests.get(id(content))
    if known is None or known[0] is not content:
        known = _digests[id(content)] = (content, hashlib.sha256(content).hexdigest()[:32])
    return known[1]


def unpacked(content: bytes, cache: Path) -> Path:
    """Return the folder with the files of this zip, after unpacking it if necessary."""
    with _lock:
        folder = cache / _digest(content)
        if not folder.is_dir():
            fresh = cache / f".{folder.name}.new"
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                archive.extractall(fresh)
            fresh.replace(folder)
        return folder


def _cache() -> Path:
    return Path(os.environ["STATE_DIR"]) / "layers"


def _contents(layers: Iterable[Any]) -> list[bytes]:
    resolve = module("services.lambda_svc")._resolve_layer_zip
    found: list[bytes] = []
    for layer in layers:
        content = resolve(layer)
        if content is None:
            raise RuntimeError(f"Failed to resolve layer {layer}")
        found.append(content)
    return found


def _search_path(folders: Iterable[Path]) -> Iterator[str]:
    """Yield the folders that Lambda searches in each layer; later layers take precedence."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for folder in reversed(list(folders)):
        packages = folder / "lib" / version / "site-packages"
        if packages.is_dir():
            yield str(packages)
        yield str(folder)


def _with_shared_layers(spawn: Callable[..., Any]) -> Callable[..., Any]:
    def spawn_with_shared_layers(worker: Any) -> Any:
        config = worker.config
        layers = config.get("Layers") or []
        if not layers or not str(config.get("Runtime", "")).startswith("python"):
            return spawn(worker)
        folders = [unpacked(content, _cache()) / "python" for content in _contents(layers)]
        environment = dict((config.get("Environment") or {}).get("Variables") or {})
        inherited = os.environ.get("PYTHONPATH", "")  # set by `make anyday` alone
        path = filter(None, (inherited, *_search_path(folders)))
        environment["PYTHONPATH"] = os.pathsep.join(path)
        worker.config = {**config, "Layers": [], "Environment": {"Variables": environment}}
        _spawning.bare = True
        try:
            return spawn(worker)
        finally:
            _spawning.bare = False
            worker.config = config

    return spawn_with_shared_layers


def _bare(detect: Callable[..., Any]) -> Callable[..., Any]:
    def detect_bare(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        if getattr(_spawning, "bare", False):
            binary = getattr(sys, "_base_executable", None) or binary
        return binary, script

    return detect_bare


def _zips() -> Path:
    return Path(os.environ["STATE_DIR"]) / "layer-zips"


def _stored(content: bytes) -> str:
    """Store the zip if it is not stored yet, and return the name of its file."""
    file = _zips() / f"{_digest(content)}.zip"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_bytes(content)
        fresh.replace(file)
    return file.name


def _versions(state: dict[str, Any]) -> list[dict[str, Any]]:
    layers = state.get("layers") or {}
    return [one for layer in getattr(layers, "_data", layers).values() for one in layer["versions"]]


def _saved(get_state: Callable[..., Any]) -> Callable[..., Any]:
    def get_state_without_zips() -> Any:
        state = get_state()  # a copy
        for version in _versions(state):
            if isinstance(version.get(_ZIP), bytes):
                version[_ZIP] = {_FILE: _stored(version[_ZIP])}
        return state

    return get_state_without_zips


def _restored(load: Callable[..., Any]) -> Callable[..., Any]:
    def load_with_zips(data: Any) -> None:
        names: set[str] = set()
        for version in _versions(data or {}):
            if isinstance(version.get(_ZIP), dict):
                name = version[_ZIP][_FILE]
                version[_ZIP] = (_zips() / name).read_bytes()
                names.add(name)
        load(data)
        # Not when the state is saved: until then, the previous state refers to the files.
        for file in _zips().glob("*"):
            if file.name not in names:
                file.unlink()

    return load_with_zips


def apply() -> None:
    """Unpack the layers before a worker starts, and save their zips in files."""
    functions = module("services.lambda_svc")
    wrap(functions, "get_state", _saved)
    wrap(functions, "load_persisted_state", _restored)
    runtime = module("core.lambda_runtime")
    wrap(runtime.Worker, "_spawn", _with_shared_layers)
    wrap(runtime, "_detect_runtime_binary", _bare)
