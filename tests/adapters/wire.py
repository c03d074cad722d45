"""The product's AWS clients on moto: counted calls, and errors where a test requests them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from precert.clients import client_config


@dataclass
class Wire:
    """The clients' HTTP traffic: counted, and failing where a test requests it."""

    calls: list[str] = field(default_factory=list)
    parameters: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _errors: list[tuple[str, Callable[[str, Any], AWSResponse | None]]] = field(
        default_factory=list
    )
    _unobserved: bool = False

    def attach(self, client: Any) -> None:
        client.meta.events.register("provide-client-params", self._prepared)
        client.meta.events.register("before-call", self._called)
        client.meta.events.register_first("before-send", self._sent)
        client.meta.events.register_last("before-send", self._passed)

    def reset(self) -> None:
        self.calls.clear()
        self.parameters.clear()
        self._errors.clear()

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """The calls made in the block; botocore's retries count as one call."""
        self.calls.clear()
        yield self.calls

    @contextmanager
    def unobserved(self) -> Iterator[None]:
        """Calls of the test itself: neither counted nor failing."""
        self._unobserved = True
        try:
            yield
        finally:
            self._unobserved = False

    def sent(self, operation: str) -> list[dict[str, Any]]:
        return [sent for name, sent in self.parameters if name == operation]

    def fail(self, operation: str, error: str, **body: Any) -> None:
        """Answer the next attempt of the operation with an error, without executing it."""
        text = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{error}", **body})
        self.answer(operation, text, status=400)

    def answer(self, operation: str, text: str, *, status: int = 200) -> None:
        """Answer the next attempt of the operation with this, without executing it."""

        def answered(_name: str, request: Any) -> AWSResponse:
            botocore_stubber.enabled = False  # moto would otherwise answer too
            headers = {"Content-Type": "application/x-amz-json-1.0"}
            return AWSResponse(request.url, status, headers, MockRawResponse(text))  # type: ignore[arg-type]

        self._errors.append((operation, answered))

    def lose_answer(self, operation: str, *, attempts: int = 1) -> None:
        """Execute attempts of the operation, but lose their responses."""

        def lost(name: str, request: Any) -> None:
            botocore_stubber(name, request)
            raise ReadTimeoutError(endpoint_url=request.url)

        self._errors.extend([(operation, lost)] * attempts)

    def cut(self, operation: str) -> None:
        """Let all four attempts of the operation fail before they arrive."""

        def unanswered(_name: str, request: Any) -> None:
            raise ReadTimeoutError(endpoint_url=request.url)

        self._errors.extend([(operation, unanswered)] * 4)

    @property
    def spent(self) -> bool:
        """Whether every requested error occurred."""
        return not self._errors

    def _prepared(self, params: dict[str, Any], event_name: str, **_: Any) -> None:
        if self._unobserved:
            return
        self.parameters.append((event_name.rpartition(".")[2], dict(params)))

    def _called(self, event_name: str, **_: Any) -> None:
        if self._unobserved:
            return
        self.calls.append(event_name.rpartition(".")[2])

    @staticmethod
    def _passed(**_: Any) -> None:
        botocore_stubber.enabled = True

    def _sent(self, event_name: str, request: Any, **_: Any) -> AWSResponse | None:
        operation = event_name.rpartition(".")[2]
        for index, (expected, error) in enumerate(self._errors):
            if expected == operation and not self._unobserved:
                del self._errors[index]
                return error(event_name, request)
        return None


class Clients:
    """The clients, created once: creating one reads megabytes of service descriptions."""

    def __init__(self, region: str = "us-east-1") -> None:
        self.session = boto3.Session(region_name=region)
        self.wire = Wire()
        services = ("dynamodb", "s3", "stepfunctions", "events", "kms", "sqs", "lambda")
        self.by_name = {
            name: self.session.client(  # type: ignore[call-overload]
                name, config=client_config().merge(Config(user_agent="tests"))
            )
            for name in services
        }
        for client in self.by_name.values():
            self.wire.attach(client)
        # moto verifies no signature.
        tables = self.by_name["dynamodb"]
        tables.meta.events.unregister("request-created.dynamodb", tables._request_signer.handler)

    def client(self, name: str, **_: Any) -> Any:
        """As ``boto3.Session.client``; the product creates its clients with it."""
        return self.by_name[name]
