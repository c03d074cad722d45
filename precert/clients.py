"""boto3 clients of AWS services, each created when it is first used.

boto3 determines credentials, region and endpoint as usual. Only the composition root uses this module.
"""

import ssl
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from precert.adapters.kms import MacClient
from precert.names import Env
from precert.settings import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_events.client import EventBridgeClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_stepfunctions.client import SFNClient


_CLIENTS: Final = {
    Env.REQUESTS_TABLE: "dynamodb",
    Env.REFERENCE_TABLE: "dynamodb",
    Env.RULE_LISTS_BUCKET: "s3",
    Env.DOCUMENTS_BUCKET: "s3",
    Env.ARCHIVE_BUCKET: "s3",
    Env.AUDIT_TABLE: "dynamodb",
    Env.LIMITS_TABLE: "dynamodb",
    Env.AUDIT_BUCKET: "s3",
    Env.SSN_KEY: "kms",
    Env.SIGNING_KEY: "kms",
    Env.STATE_MACHINE_ARN: "stepfunctions",
    Env.ASSESSMENT_ARN: "assessing",
    Env.EVENT_BUS_NAME: "events",
    Env.DEAD_LETTERS: "sqs",
    Env.DELIVERIES: "sqs",
    Env.SUBSCRIPTIONS_QUEUE: "sqs",
}
"""The clients by environment variable: a function that has a variable uses its client."""


def client_config() -> Config:
    """Return the timeouts and retries of AWS clients."""
    return Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 4},
    )


@dataclass
class Clients:
    """The clients that dependencies use."""

    endpoint_url: str | None = field(default=None, kw_only=True)
    """The AWS endpoint, if it is not the one that boto3 would use."""
    invocation_seconds: int = field(default=5, kw_only=True)
    """How long a synchronous invocation of a function may take."""

    @cached_property
    def session(self) -> boto3.session.Session:
        return boto3.session.Session()

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return self.session.client(
            "dynamodb", config=client_config(), endpoint_url=self.endpoint_url
        )

    @cached_property
    def s3(self) -> "S3Client":
        # Regional endpoints: for up to a day, the global one redirects requests for a new bucket in
        # another Region, which breaks uploads from browsers. The portal's Content-Security-Policy
        # contains the regional host name.
        presigning = Config(
            signature_version="s3v4",
            s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
        )
        return self.session.client(
            "s3", config=client_config().merge(presigning), endpoint_url=self.endpoint_url
        )

    @cached_property
    def kms(self) -> MacClient:
        client: MacClient = self.session.client(
            "kms", config=client_config(), endpoint_url=self.endpoint_url
        )
        return client

    @cached_property
    def stepfunctions(self) -> "SFNClient":
        return self.session.client(
            "stepfunctions", config=client_config(), endpoint_url=self.endpoint_url
        )

    @cached_property
    def assessing(self) -> "SFNClient":
        """The client of synchronous executions. In AWS, its host name begins with ``sync-``."""
        once = Config(
            retries={"mode": "standard", "total_max_attempts": 1},
            inject_host_prefix=self.calls_aws,
        )
        return self.session.client(
            "stepfunctions", config=client_config().merge(once), endpoint_url=self.endpoint_url
        )

    @property
    def calls_aws(self) -> bool:
        """Whether the clients call AWS itself, and not a single endpoint for all services."""
        return self.endpoint_url is None

    @cached_property
    def events(self) -> "EventBridgeClient":
        return self.session.client("events", config=client_config(), endpoint_url=self.endpoint_url)

    @cached_property
    def sqs(self) -> "SQSClient":
        return self.session.client("sqs", config=client_config(), endpoint_url=self.endpoint_url)

    @cached_property
    def lambda_functions(self) -> "LambdaClient":
        # One attempt, so that a slow receiver is not invoked twice concurrently.
        once = Config(
            retries={"mode": "standard", "total_max_attempts": 1},
            read_timeout=self.invocation_seconds,
            tcp_keepalive=True,
        )
        return self.session.client(
            "lambda", config=client_config().merge(once), endpoint_url=self.endpoint_url
        )

    @cached_property
    def cognito(self) -> "CognitoIdentityProviderClient":
        return self.session.client(
            "cognito-idp", config=client_config(), endpoint_url=self.endpoint_url
        )

    @cached_property
    def operator(self) -> str:
        """The ARN of the principal who runs a command. It requires no permission.

        Raises:
            SettingsError: AWS cannot be reached.
        """
        client = self.session.client("sts", config=client_config(), endpoint_url=self.endpoint_url)
        try:
            return str(client.get_caller_identity()["Arn"])
        except (BotoCoreError, ClientError) as error:
            raise SettingsError(f"the AWS caller identity could not be read: {error}") from error

    def stack_outputs(self, stack: str) -> Mapping[str, str]:
        """The outputs of a deployed stack.

        Raises:
            SettingsError: the stack does not exist, or AWS cannot be reached.
        """
        client = self.session.client("cloudformation", config=client_config())
        try:
            [described] = client.describe_stacks(StackName=stack)["Stacks"]
        except (BotoCoreError, ClientError) as error:
            raise SettingsError(f"the stack {stack} could not be read: {error}") from error
        return {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}

    def create_clients(self, configured: Collection[Env], certificates: str | None) -> None:
        """Create the clients for the configured variables; they trust the certificates in a file."""
        for name, attribute in _CLIENTS.items():
            if name in configured:
                client = getattr(self, attribute)
                if certificates:
                    read_certificates(client, certificates)

    def close_connections(self) -> None:
        """Close the clients' connections; their next calls connect again."""
        for dependency in vars(self).values():
            if isinstance(dependency, BaseClient):
                dependency.close()


def read_certificates(client: BaseClient, bundle: str) -> None:
    """Read the trusted certificates now, once for all connections of the client.

    botocore passes the path of the file to each new connection, which reads all certificates again.
    This would be a third of the instructions of the first call after a restore. botocore and urllib3
    have no setting for this (docs/upstream.md). If their internals change, connections read the file
    as usual.
    """
    with suppress(AttributeError, KeyError, OSError):
        session = client._endpoint.http_session  # type: ignore[attr-defined]  # noqa: SLF001 - see above
        context: ssl.SSLContext = session._manager.connection_pool_kw["ssl_context"]  # noqa: SLF001
        context.load_verify_locations(bundle)
        vars(context)["load_verify_locations"] = _read_before


def _read_before(*_files: object) -> None:
    """Does nothing, because the context has the certificates already."""
