"""Lambda functions, each with its own role, log group and environment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.alarms import METRICS_NAME
from infra.config import StageConfig
from infra.dependencies import BUNDLE
from infra.findings import acknowledge, acknowledge_checks, acknowledge_inline_policy
from infra.packaging import Package, Packages
from infra.platforms import Platform
from precert.names import Env


class InvokedBy(Enum):
    """What invokes a function, and so what retries or retains the events that it fails to process."""

    HTTP = "HTTP"
    QUEUE = "QUEUE"
    STREAM = "STREAM"
    SCHEDULE = "SCHEDULE"
    WORKFLOW = "WORKFLOW"


_DEAD_LETTERS: Final = {
    InvokedBy.HTTP: "API Gateway invokes it synchronously: the caller receives the error and retries.",
    InvokedBy.QUEUE: "Its queue delivers a failed event again and has a dead-letter queue of its own.",
    InvokedBy.STREAM: "Its stream mapping retries failed records and has a dead-letter queue itself.",
    InvokedBy.SCHEDULE: (
        "Its work is in the table: the next run covers a failed one, and an alarm counts errors."
    ),
    InvokedBy.WORKFLOW: "Step Functions invokes it, retries, and in the end fails the execution.",
}
_CONCURRENCY: Final = {
    InvokedBy.HTTP: "The API's throttle and the limit by client bound it; a reserve refuses calls.",
    InvokedBy.QUEUE: "Lambda polls its queue with few parallel batches; a reserve only delays events.",
    InvokedBy.STREAM: "The shards of the stream, with ten batches for each, bound its concurrency.",
    InvokedBy.SCHEDULE: "The schedule starts one run at a time, so that nothing has to be reserved.",
    InvokedBy.WORKFLOW: "It must follow all open cycles; throttled tasks of executions are retried.",
}


@dataclass(frozen=True)
class FunctionSpec:
    """The definition of a function, without its permissions."""

    construct_id: str
    description: str
    module: str
    """Below ``functions``; its entry point is ``handle``."""
    environment: tuple[Env, ...]
    serves: str | None = None
    """The ``function`` of the routes that it serves, if any."""
    for_operators: bool = False
    """Whether only operators call it, which is rare, so that a cold start is acceptable."""
    starts_without_snapshot: bool = False
    """Whether its callers accept the duration of a cold start without SnapStart."""
    prints: bool = False
    """Whether it needs the layer that renders PDF documents."""
    inspects: bool = False
    """Whether it needs the layer that inspects uploaded documents."""
    verifies: bool = False
    """Whether it needs the layer that signs and verifies JSON Web Tokens."""
    invoked_by: InvokedBy = InvokedBy.QUEUE
    """What invokes the function if it serves no HTTP calls."""

    @property
    def folder(self) -> str:
        return self.module.partition(".")[0]

    @property
    def handler(self) -> str:
        return f"functions.{self.module}.handle"

    @property
    def invoker(self) -> InvokedBy:
        return InvokedBy.HTTP if self.serves_http else self.invoked_by

    @property
    def serves_http(self) -> bool:
        """Whether it serves HTTP calls."""
        return self.serves is not None

    @property
    def identifies(self) -> bool:
        """Whether it reads the rights of its callers, whose calls are audited."""
        return self.serves_http and Env.RIGHTS in self.environment

    @property
    def is_released_gradually(self) -> bool:
        """Whether a release shifts its calls gradually, because people or systems wait for them."""
        return self.serves_http and not self.for_operators

    @property
    def has_snapshot(self) -> bool:
        """Whether it uses SnapStart, which is charged for by the hour."""
        return self.is_released_gradually and not self.starts_without_snapshot


class Runtime(Construct):
    """The Python version, the instruction set and the layers of functions.

    All functions have three layers. Functions that render PDF documents, inspect uploads, or sign and
    verify tokens have one more for it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        platform: Platform,
        packages: Packages,
    ) -> None:
        super().__init__(scope, construct_id)
        self.stage = stage
        self.packages = packages
        self.python = lambda_.Runtime.PYTHON_3_13
        self.architecture = (
            lambda_.Architecture.ARM_64
            if platform.architecture == "arm64"
            else lambda_.Architecture.X86_64
        )
        self.layers = [
            self._layer("DependenciesLayer", "Third-party packages", packages.dependencies),
            self._layer("CoreLayer", "The core and the payer's configuration", packages.core),
            self._layer("CodeSetsLayer", "The public code sets", packages.code_sets),
        ]
        self.printing = self._layer("PrintingLayer", "PDF rendering", packages.printing)
        self.inspecting = self._layer(
            "InspectingLayer", "Inspection of documents", packages.inspecting
        )
        self.signing = self._layer("SigningLayer", "JSON Web Tokens", packages.signing)

    def layers_of(self, spec: FunctionSpec) -> list[lambda_.LayerVersion]:
        own = (
            (self.printing, spec.prints),
            (self.inspecting, spec.inspects),
            (self.signing, spec.verifies),
        )
        return [*self.layers, *(layer for layer, needed in own if needed)]

    def _layer(self, name: str, description: str, package: Package) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            name,
            description=description,
            code=asset(package),
            compatible_runtimes=[self.python],
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )


INSPECTING_MB: Final = 1769
"""Memory of functions that inspect documents, in MB: more than the limit of the process that decodes
them. With this memory a function has one full vCPU.
"""
LIVE: Final = "live"
"""The alias of the published version that is invoked: a release changes code and settings together."""


class ServiceFunction(Construct):
    """One function. It may write its own logs; ``infra.permissions`` grants everything else.

    All invocations use the alias ``live`` of a published version. A function for which providers,
    reviewers and partners wait starts from a SnapStart snapshot of that version.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: FunctionSpec,
        runtime: Runtime,
        values: Mapping[Env, str],
    ) -> None:
        super().__init__(scope, construct_id)
        stage = runtime.stage
        self.log_group = logs.LogGroup(
            self, "Log", retention=stage.log_retention, removal_policy=stage.removal_policy
        )
        self.role = iam.Role(
            self,
            "Role",
            description=f"precert {stage.name}: {spec.description}",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        self.allow(["logs:CreateLogStream", "logs:PutLogEvents"], [self.log_group.log_group_arn])
        self.timeout = cdk.Duration.seconds(
            stage.http_timeout_seconds if spec.serves_http else stage.event_timeout_seconds
        )
        self.function = lambda_.Function(
            self,
            "Function",
            description=spec.description,
            runtime=runtime.python,
            architecture=runtime.architecture,
            handler=spec.handler,
            code=asset(runtime.packages.functions[spec.folder]),
            layers=runtime.layers_of(spec),
            role=self.role,
            memory_size=max(stage.memory_mb, INSPECTING_MB * spec.inspects),
            timeout=self.timeout,
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel[stage.log_level],
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
            environment=environment(spec, stage, values),
            snap_start=(lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if spec.has_snapshot else None),
        )
        self.live = lambda_.Alias(
            self, "Live", alias_name=LIVE, version=self.function.current_version
        )
        acknowledge(
            self.function,
            "AwsSolutions-L1",
            "python3.13 is supported until 2029 and has SnapStart; the version changes in one place.",
        )
        self._acknowledge_checks(spec.invoker)
        self.acknowledge_wildcard(
            "Resource::*",
            "AWS defines no resource types for ListStreams and for task tokens; "
            "the tests list the functions that may use each action.",
        )

    def _acknowledge_checks(self, invoker: InvokedBy) -> None:
        for rule, reason in (
            ("LambdaDLQ", _DEAD_LETTERS[invoker]),
            ("LambdaConcurrency", _CONCURRENCY[invoker]),
            (
                "LambdaInsideVPC",
                "It calls AWS services and public https addresses only, which a VPC would not limit.",
            ),
        ):
            acknowledge_checks(self.function, rule, reason)
        acknowledge_inline_policy(self.role)

    def allow(
        self,
        actions: Sequence[str],
        resources: Sequence[str],
        conditions: Mapping[str, Any] | None = None,
    ) -> None:
        """Add one statement to the role's policy."""
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=list(actions), resources=list(resources), conditions=conditions
            )
        )

    def acknowledge_wildcard(self, detail: str, reason: str) -> None:
        """Acknowledge a wildcard that AWS requires, or that is limited to a prefix of this product."""
        acknowledge(self.role, f"AwsSolutions-IAM5[{detail}]", reason)


def environment(
    spec: FunctionSpec, stage: StageConfig, values: Mapping[Env, str]
) -> dict[str, str]:
    """Return the variables that the function reads and those that its libraries require."""
    return {
        "AWS_CA_BUNDLE": f"/opt/python/{BUNDLE.as_posix()}",
        Env.STAGE.value: stage.name,
        "POWERTOOLS_SERVICE_NAME": METRICS_NAME,
        "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAME,
        "POWERTOOLS_LOG_LEVEL": stage.log_level,
        **{name.value: values[name] for name in spec.environment},
    }


def asset(package: Package) -> lambda_.Code:
    """Return the package's zip; its asset hash changes only with its content."""
    return lambda_.Code.from_asset(_relative(package.path), asset_hash=package.content_hash)


def _relative(path: Path) -> str:
    """Return a relative path if possible, so that the template's metadata names no local folders."""
    working = Path.cwd()
    return str(path.relative_to(working) if path.is_relative_to(working) else path)
