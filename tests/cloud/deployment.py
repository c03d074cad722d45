"""A running cloud with the trial stack, and helpers for tests."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from typing import Any, TypeVar
from uuid import uuid4

from local.cloud.process import Cloud

T = TypeVar("T")


def until(look: Callable[[], T], within: float = 60.0) -> T:
    """The result of `look`, as soon as it is true; fails after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"not seen within {within} s; last: {seen!r}"
        time.sleep(0.05)


@dataclass
class Answer:
    status: int
    headers: Message
    body: Any


def call(
    url: str, method: str = "GET", data: bytes | None = None, headers: dict[str, str] | None = None
) -> Answer:
    """One HTTP request; an error status is returned as a response too."""
    request = urllib.request.Request(url, method=method, data=data, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


@dataclass
class Deployment:
    cloud: Cloud
    out: dict[str, str]

    def invoke(self, function: str, event: Any) -> tuple[Any, str | None]:
        """The function's response, and the error header if it failed."""
        response = self.cloud.client("lambda").invoke(
            FunctionName=self.out[function], Payload=json.dumps(event)
        )
        return json.loads(response["Payload"].read()), response.get("FunctionError")

    def put(self, pk: str, sk: str, **more: Any) -> None:
        item = {"pk": {"S": pk}, "sk": {"S": sk}, **more}
        self.cloud.client("dynamodb").put_item(TableName=self.out["Requests"], Item=item)

    def notes(self, kind: str) -> list[dict[str, Any]]:
        """What the trial functions recorded, in order."""
        found = self.cloud.client("dynamodb").query(
            TableName=self.out["Results"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": kind}},
            ConsistentRead=True,
        )
        return [json.loads(item["seen"]["S"]) for item in found["Items"]]

    def seen(self, kind: str, sk: str) -> list[dict[str, Any]]:
        return [note for note in self.notes(kind) if note.get("sk") == sk]

    def run(self, **data: Any) -> str:
        """Start an execution; its ARN."""
        arn: str = self.cloud.client("stepfunctions").start_execution(
            stateMachineArn=self.out["Machine"], name=f"t{uuid4()}", input=json.dumps(data)
        )["executionArn"]
        return arn

    def execution(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.cloud.client("stepfunctions").describe_execution(
            executionArn=arn
        )
        return found

    def ended(self, arn: str, within: float = 60.0) -> dict[str, Any]:
        """The execution after it ended."""

        def over() -> dict[str, Any] | None:
            found = self.execution(arn)
            return found if found["status"] != "RUNNING" else None

        return until(over, within) or {}

    def token(self, arn: str) -> str:
        """The task token of a waiting execution."""
        name = arn.rpartition(":")[2]
        return str(
            until(lambda: [n for n in self.notes("task") if n.get("execution") == name])[0]["token"]
        )

    def sign_in(self, client: str = "Client", *groups: str) -> dict[str, str]:
        """The tokens of a new user."""
        idp, name, password = self.cloud.client("cognito-idp"), f"u{uuid4()}", "Passw0rd!x"
        pool = self.out["Pool"]
        idp.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
        idp.admin_set_user_password(
            UserPoolId=pool, Username=name, Password=password, Permanent=True
        )
        for group in groups:
            idp.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)
        tokens: dict[str, str] = idp.admin_initiate_auth(
            UserPoolId=pool,
            ClientId=self.out[client],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )["AuthenticationResult"]
        return tokens

    def echo(self, token: str | None, path: str = "/echo/7") -> Answer:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        answer = call(self.cloud.api_url(self.out["ApiEndpoint"]) + path, headers=headers)
        if answer.status == 200:
            answer.body = json.loads(answer.body)
        return answer

    def dead_letters(self) -> list[dict[str, Any]]:
        """Remove all messages from the dead-letter queue."""
        messages = (
            self.cloud.client("sqs")
            .receive_message(
                QueueUrl=self.out["DeadLetters"], MaxNumberOfMessages=10, VisibilityTimeout=0
            )
            .get("Messages", [])
        )
        return [json.loads(message["Body"]) for message in messages]
