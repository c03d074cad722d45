"""The commands of ``python -m local``."""

import fcntl
import json
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.cloud import settings
from local.cloud.errors import LocalCloudError
from local.cloud.process import ROOT, chosen_port
from local.decisions import Outcome, decide_request
from local.progress import step
from local.users import PASSWORD, PROVIDER, REVIEWER, USERS, sign_in

if TYPE_CHECKING:
    from local.deployment import Deployment

HOME: Final = Path(os.environ.get("PRECERT_LOCAL_DIR") or ROOT / ".local").resolve()
"""The folder of the commands' files; the variable names another one, for a second cloud."""
STATE_DIR: Final = HOME / "state"
DEMO_DIR: Final = HOME / "demo"
RUNNING: Final = HOME / "running.json"
UP_LOCK: Final = HOME / "up.lock"
"""Locked by the process of ``up`` while it runs; contains its process id."""
STOP_SECONDS: Final = 60.0

_WELCOME: Final = """
{portal}The local cloud is running. In another terminal, from {root}:

  export API='{api}'
  export TOKEN=$(.venv/bin/python -m local token provider)

  # the provider's dashboard
  curl -sS -w '\\n' -H "Authorization: Bearer $TOKEN" "$API/v1/requests"

  # a patient's coverage
  curl -sS -w '\\n' -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
    -d '{{"patient": {{"member_id": "849382930", "date_of_birth": "1986-01-01",
         "last_name": "Adams", "first_name": "Allison"}}}}' "$API/v1/patients/confirm"

  # facilities within 25 miles
  curl -sS -w '\\n' -H "Authorization: Bearer $TOKEN" \\
    "$API/v1/providers?zip_code=44122&kind=FACILITY&name=cleve"

The API reference, which can also send calls: {docs}
(paste the token at Authorize)
`.venv/bin/python -m local token USER` prints the token of a user named above;
`.venv/bin/python -m local env USER` prints all variables that a shell needs.
All AWS services are at {endpoint} (region {region}, credentials of account {account}).
Log: {log}. Data is deleted by `make reset` only. Ctrl-C or `make down` stops the local cloud.
"""

_NO_RESPONSE: Final = "the local cloud does not respond: start it with `make up`"

_PORTAL: Final = """The portal: {address}

Users, all with the password {password}:
{users}

"""


def up(port: int | None, portal_port: int) -> None:
    """Run the local cloud with everything deployed, until Ctrl-C, SIGTERM or ``down``.

    Raises:
        LocalCloudError: A port is in use, the portal cannot be built, or the cloud's process ended
            unexpectedly.
    """
    with _up_lock():
        _refuse_if_taken(STATE_DIR)
        try:
            _serve(chosen_port(STATE_DIR, port), portal_port)
        except KeyboardInterrupt:
            print("\nThe local cloud has stopped.", file=sys.stderr)


def _serve(port: int, portal_port: int) -> None:
    # Short commands do not load the product and its use cases.
    from local.deployment import prepare, started_with_assembly, store_addresses
    from local.front_door import portal
    from local.front_door.server import require_free

    require_free(portal_port)
    dist = portal.build(step)
    with started_with_assembly(STATE_DIR, port, step) as cloud:
        deployment = prepare(cloud, step)
        with portal.served(deployment, dist, portal_port) as address:
            store_addresses(deployment, RUNNING)
            print(_welcome(deployment, address), flush=True)
            try:
                while cloud.running():
                    time.sleep(0.5)
            finally:
                RUNNING.unlink(missing_ok=True)
        raise LocalCloudError(f"the local cloud ended unexpectedly; see {cloud.log_file}")


@contextmanager
def _up_lock() -> Iterator[None]:
    """Hold the lock of ``up``, with this process's id in its file, from which ``down`` reads it.

    Raises:
        LocalCloudError: Another process runs ``up``.
    """
    HOME.mkdir(parents=True, exist_ok=True)
    with UP_LOCK.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _already_running(STATE_DIR) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def down() -> int:
    """Stop the local cloud that ``up`` runs, and wait until its data is saved.

    Raises:
        LocalCloudError: It still runs after ``STOP_SECONDS``.
    """
    process_id = _process_of_up()
    if process_id is None and not _taken(STATE_DIR):
        print("The local cloud is not running.")
        return 0
    if process_id is not None:
        with suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _process_of_up() is not None or _taken(STATE_DIR):
        if time.monotonic() > deadline:
            raise LocalCloudError(
                f"the local cloud on {_shown(STATE_DIR)} did not stop in {STOP_SECONDS:.0f} s"
            )
        time.sleep(0.05)
    print("The local cloud has stopped.")
    return 0


def _process_of_up() -> int | None:
    """Return the id of the process that runs ``up``, or None."""
    if not _locked(UP_LOCK):
        return None
    return int(UP_LOCK.read_text(encoding="utf-8") or 0) or None


def _welcome(deployment: "Deployment", address: str) -> str:
    width = max(len(user.name) for user in USERS)
    users = "\n".join(f"  {user.name:{width}}  {user.title}" for user in USERS)
    return _WELCOME.format(
        portal=_PORTAL.format(address=address, password=PASSWORD, users=users),
        root=ROOT,
        api=deployment.api_url,
        docs=f"{address}/docs",
        endpoint=deployment.cloud.endpoint_url,
        region=settings.REGION,
        account=settings.ACCOUNT,
        log=_shown(deployment.cloud.log_file),
    )


def demo() -> int:
    """Run the demo on a new, separate local cloud; return the exit code."""
    from local.deployment import prepare, started_with_assembly
    from local.journey.demo import run_demo

    state = DEMO_DIR / "state"
    _refuse_if_taken(state)
    shutil.rmtree(DEMO_DIR, ignore_errors=True)
    print("Setting up")
    with started_with_assembly(state, 0, step, log_file=DEMO_DIR / "cloud.log") as cloud:
        return run_demo(prepare(cloud, step))


def token(name: str) -> int:
    """Print a user's access token for the running cloud."""
    print(_token(_running(), name))
    return 0


def env(name: str) -> int:
    """Print the shell variables for calls to the running cloud as this user; for ``eval``."""
    known = _running()
    variables = {
        "API": known["api_url"],
        **(_client(known, name) if name in known["systems"] else {"TOKEN": _token(known, name)}),
        "AWS_ENDPOINT_URL": known["endpoint_url"],
        "AWS_DEFAULT_REGION": settings.REGION,
        "AWS_ACCESS_KEY_ID": settings.ADMIN_KEY,
        "AWS_SECRET_ACCESS_KEY": settings.ADMIN_SECRET,
    }
    print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items()))
    return 0


def _cognito(known: dict[str, Any]) -> Any:
    return boto3.client(
        "cognito-idp",
        endpoint_url=known["endpoint_url"],
        region_name=settings.REGION,
        aws_access_key_id=settings.ADMIN_KEY,
        aws_secret_access_key=settings.ADMIN_SECRET,
        config=Config(connect_timeout=2, retries={"total_max_attempts": 1}),
    )


def _client(known: dict[str, Any], name: str) -> dict[str, str]:
    """Return the client credentials of a partner's system, and the URL of the token endpoint."""
    client_id = known["systems"][name]
    try:
        found = _cognito(known).describe_user_pool_client(
            UserPoolId=known["pool_id"], ClientId=client_id
        )
    except (BotoCoreError, ClientError):
        raise LocalCloudError(_NO_RESPONSE) from None
    return {
        "CLIENT_ID": client_id,
        "CLIENT_SECRET": found["UserPoolClient"]["ClientSecret"],
        "TOKEN_URL": f"{known['endpoint_url']}/oauth2/token",
    }


def _token(known: dict[str, Any], name: str) -> str:
    user = next(user for user in USERS if user.name == name)
    try:
        return sign_in(_cognito(known), known["client_id"], user)
    except (BotoCoreError, ClientError):
        raise LocalCloudError(_NO_RESPONSE) from None


def decide(number: str, outcome: Outcome) -> int:
    """Decide a request of the sample provider as the sample physician reviewer.

    Raises:
        LocalCloudError: The local cloud does not respond, or as for :func:`decide_request`.
    """
    from local.client import Caller  # loads httpx, which other commands do not need

    known = _running()
    provider, reviewer = (
        Caller(known["api_url"], _token(known, user.name)) for user in (PROVIDER, REVIEWER)
    )
    print(f"{number}: {decide_request(number, outcome, provider=provider, reviewer=reviewer)}")
    return 0


def reset() -> int:
    """Delete the data of ``up`` and of the demo.

    Raises:
        LocalCloudError: One of these local clouds is running.
    """
    for state in (STATE_DIR, DEMO_DIR / "state"):
        _refuse_if_taken(state)
    for folder in (STATE_DIR, DEMO_DIR):
        shutil.rmtree(folder, ignore_errors=True)
    RUNNING.unlink(missing_ok=True)
    print("The local cloud's data is deleted; `make up` starts with the sample data only.")
    return 0


def _refuse_if_taken(state_dir: Path) -> None:
    """Refuse if a local cloud is running on the state, whose lock it then holds.

    Raises:
        LocalCloudError: It is running.
    """
    if _taken(state_dir):
        raise _already_running(state_dir)


def _taken(state_dir: Path) -> bool:
    return _locked(state_dir / "lock")


def _locked(file: Path) -> bool:
    """Return whether a running process holds the lock of this file."""
    try:
        lock = file.open("rb")
    except FileNotFoundError:
        return False
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _already_running(state_dir: Path) -> LocalCloudError:
    how = "`make down`" if state_dir == STATE_DIR else "Ctrl-C in its terminal"
    return LocalCloudError(
        f"a local cloud is running on {_shown(state_dir)}: stop it first ({how})"
    )


def _shown(path: Path) -> str:
    """Return the path relative to the project's folder if possible."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _running() -> dict[str, Any]:
    try:
        known: dict[str, Any] = json.loads(RUNNING.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LocalCloudError("the local cloud is not running: start it with `make up`") from None
    return known
