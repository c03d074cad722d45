"""What each command of ``python -m local`` does."""

import json
import shutil
import sys
import time
import urllib.error
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError

from local.cloud import settings
from local.cloud.errors import LocalCloudError
from local.cloud.process import ROOT, STATE_DIR, running_cloud, until_interrupted
from local.journey.tell import run_demo
from local.progress import step
from local.stand import prepare, remember, synthesize
from local.users import USERS, sign_in

DEMO_DIR: Final = ROOT / ".local" / "demo"
RUNNING: Final = ROOT / ".local" / "running.json"

_WELCOME: Final = """
The local cloud runs. In another terminal, from {root}:

  export API='{api}'
  export TOKEN=$(.venv/bin/python -m local token office)

  # where a request stands: the dashboard of the office
  curl -s -H "Authorization: Bearer $TOKEN" "$API/v1/requests"

  # a patient's coverage
  curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
    -d '{{"patient": {{"member_id": "849382930", "date_of_birth": "1986-01-01",
         "last_name": "Adams", "first_name": "Allison"}}}}' "$API/v1/patients/confirm"

  # facilities within 25 miles
  curl -s -H "Authorization: Bearer $TOKEN" \\
    "$API/v1/providers?zip_code=44122&kind=FACILITY&name=cleve"

Users for `local token`: {users}.
Every AWS service answers at {endpoint} (region {region}, any credentials of account {account}).
What happens inside: .local/cloud.log. Data stay until `make reset`. Ctrl-C stops it.
"""


def up(port: int | None) -> None:
    """Run the local cloud with everything deployed, until somebody stops it.

    Raises:
        LocalCloudError: it ended by itself.
    """
    synthesize(step)
    with until_interrupted(), running_cloud(STATE_DIR, port) as cloud:
        stand = prepare(cloud, step)
        remember(stand, RUNNING)
        print(
            _WELCOME.format(
                root=ROOT,
                api=stand.api_url,
                users=", ".join(user.name for user in USERS),
                endpoint=cloud.endpoint_url,
                region=settings.REGION,
                account=settings.ACCOUNT,
            ),
            flush=True,
        )
        try:
            while cloud.running():
                time.sleep(0.5)
        finally:
            RUNNING.unlink(missing_ok=True)
        raise LocalCloudError(f"the local cloud ended by itself; see {cloud.log_file}")


def demo() -> int:
    """Walk the demo journey on a cloud of its own, fresh each time."""
    shutil.rmtree(DEMO_DIR, ignore_errors=True)
    print("Setting up")
    synthesize(step)
    state = DEMO_DIR / "state"
    with step("start the local cloud"):
        running = running_cloud(state, 0, log_file=DEMO_DIR / "cloud.log")
        cloud = running.__enter__()
    try:
        return run_demo(prepare(cloud, step))
    finally:
        running.__exit__(*sys.exc_info())


def token(name: str) -> int:
    """Print a token of the cloud that runs."""
    known = _running()
    user = next(user for user in USERS if user.name == name)
    cognito = boto3.client(
        "cognito-idp",
        endpoint_url=known["endpoint_url"],
        region_name=settings.REGION,
        aws_access_key_id=settings.ADMIN_KEY,
        aws_secret_access_key=settings.ADMIN_SECRET,
    )
    try:
        print(sign_in(cognito, known["client_id"], user))
    except (BotoCoreError, urllib.error.URLError):
        raise LocalCloudError("the local cloud does not answer: start it with `make up`") from None
    return 0


def reset() -> int:
    """Forget all local data."""
    if RUNNING.exists():
        raise LocalCloudError("the local cloud runs: stop it first (Ctrl-C in its terminal)")
    for folder in (STATE_DIR, DEMO_DIR):
        shutil.rmtree(folder, ignore_errors=True)
    print("The local cloud's data are gone; `make up` starts with none.")
    return 0


def _running() -> dict[str, Any]:
    try:
        known: dict[str, Any] = json.loads(Path(RUNNING).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LocalCloudError("the local cloud does not run: start it with `make up`") from None
    return known
