"""A local cloud with the product deployed, the sample payer loaded and the users registered."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from infra.code_sets import compiled
from local.client import Caller
from local.cloud.deploy import deploy
from local.cloud.errors import LocalCloudError
from local.cloud.process import ROOT, Cloud, running_cloud
from local.sample import load_sample_payer
from local.users import SYSTEMS, User, register, sign_in
from precert.adapters.code_sets import SqliteCodeSets
from precert.bootstrap import Dependencies
from precert.domain.payer import Payer
from precert.names import STACK_OUTPUTS
from precert.settings import Settings
from precert.usecases.repairs import repair_executions

ASSEMBLY: Final = ROOT / "build" / "local" / "cdk.out"
STAGE: Final = "dev"

Step = Callable[[str], AbstractContextManager[None]]


def silent(_title: str) -> AbstractContextManager[None]:
    """Return a context manager that shows no progress."""
    return nullcontext()


@dataclass
class Deployment:
    """The product deployed to a running local cloud, with its stacks' outputs."""

    cloud: Cloud
    outputs: dict[str, str]
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def api_url(self) -> str:
        return self.cloud.api_url(self.outputs["ApiUrl"])

    @cached_property
    def deps(self) -> Dependencies:
        """The product's dependencies, whose adapters call the local cloud as the root user."""
        environ = {name.value: self.outputs[output] for name, output in STACK_OUTPUTS.items()}
        deps = Dependencies(Settings(environ), endpoint_url=self.cloud.endpoint_url)
        deps.session = self.cloud.session()
        payer = ROOT / "data" / "payer" / "payer.json"
        deps.payer = Payer.model_validate_json(payer.read_text(encoding="utf-8"))
        deps.code_sets = SqliteCodeSets(compiled)
        # The emulator does not throttle writes or KMS calls.
        deps.load_speed = replace(deps.load_speed, writes_per_second=10**6, macs_per_second=10**6)
        return deps

    def caller(self, user: User) -> Caller:
        """Return an API client that is signed in as this user."""
        if user.name not in self._tokens:
            cognito = self.cloud.client("cognito-idp")
            self._tokens[user.name] = sign_in(cognito, self.outputs["UserPoolClientId"], user)
        return Caller(self.api_url, self._tokens[user.name])


def synthesize(step: Step = silent) -> None:
    """Write the templates and assets: as for AWS, but with wheels for this machine.

    Raises:
        LocalCloudError: The synthesis failed; the message has the last line of its output.
    """
    with step("synthesize the CloudFormation template"):
        ran = subprocess.run(
            [sys.executable, "-m", "infra.synth", "--stage", STAGE, "--platform", "local"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if ran.returncode != 0:
        last = (ran.stderr.strip() or ran.stdout.strip() or "it printed nothing").splitlines()[-1]
        raise LocalCloudError(f"the template could not be synthesized: {last}")


@contextmanager
def started_with_assembly(
    state_dir: Path, port: int | None, step: Step = silent, **options: Any
) -> Iterator[Cloud]:
    """Run a cloud, which starts while the template is synthesized; options as for ``start``."""
    running = running_cloud(state_dir, port, **options)
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(running.__enter__)
        try:
            synthesize(step)
            with step("start the local cloud"):
                cloud = starting.result()
            yield cloud
        finally:
            if starting.exception() is None:
                running.__exit__(*sys.exc_info())


def prepare(cloud: Cloud, step: Step = silent) -> Deployment:
    """Deploy to a running cloud, load the sample payer, register users, and restart executions."""
    with step("deploy it to the local cloud"):
        deployment = Deployment(cloud, deploy(cloud, ASSEMBLY))
    with step("load the sample payer and register its users"):
        load_sample_payer(deployment.deps)
        register(cloud.client("cognito-idp"), deployment.outputs, deployment.deps.grants)
    deps = deployment.deps
    with step("restart executions that a restart of the cloud ended"):
        repair_executions(listings=deps.listings, requests=deps.requests, workflow=deps.workflow)
    return deployment


def store_addresses(deployment: Deployment, file: Path) -> None:
    """Write addresses and client ids as JSON, for commands in another terminal."""
    known = {
        "api_url": deployment.api_url,
        "endpoint_url": deployment.cloud.endpoint_url,
        "client_id": deployment.outputs["UserPoolClientId"],
        "pool_id": deployment.outputs["UserPoolId"],
        "systems": {one.name: deployment.outputs[output] for one, output in SYSTEMS.items()},
    }
    file.write_text(json.dumps(known), encoding="utf-8")
