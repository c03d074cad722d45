"""Shared by the workflow tests: direct calls of use cases, executions, and recorded items."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from local.deployment import Deployment
from local.users import PROVIDER
from precert.adapters.dynamodb.keys import request_pk
from precert.adapters.stepfunctions import execution_name
from precert.bootstrap import Dependencies
from precert.domain.caller import Caller
from precert.domain.content import RequestContent
from precert.domain.matching import ProviderRole
from precert.names import Entitlement
from precert.usecases.operations import reconcile_provider
from precert.usecases.repairs import repair_executions
from precert.usecases.submission import SubmittedRequest, submit_draft
from tests.fakes.requests import JUST_READ
from tests.journeys.portal import Json, Portal, until

CALLER: Final = Caller(
    subject="tests",
    entitlements=frozenset({Entitlement.PATIENT_SEARCH}),
    tins=frozenset(PROVIDER.tins),
    plan_ids=frozenset(),
)


def imaging(content: Json) -> Json:
    """The content with a brain MRI instead, which a vendor decides."""
    [service] = content["services"]
    day = service["admission_date"]
    left = {name: service[name] for name in service.keys() - {"admission_date", "requested_days"}}
    image = {
        **left,
        "authorization_type": "OUTPATIENT",
        "type_of_service": "IMAGING",
        "place_of_service": "IMAGING_CENTER",
        "service_date": day,
        "procedures": [{"code": "70551", "start_date": day, "units": 1, "unit_type": "UNITS"}],
    }
    return {**content, "services": [image], "confirmed_vendors": ["EVICORE-RAD"]}


@dataclass
class Bench:
    """A portal, and access to the infrastructure behind it."""

    deployment: Deployment

    @cached_property
    def portal(self) -> Portal:
        return Portal.at(self.deployment)

    @property
    def deps(self) -> Dependencies:
        return self.deployment.deps

    # -- the product's own use cases, with a clock of the test's ------------------------------------

    def submit(
        self, draft_id: str, content: Json | None = None, now: datetime | None = None
    ) -> SubmittedRequest:
        deps = self.deps
        return submit_draft(
            draft_id,
            parsed(content or self.portal.content()),
            CALLER,
            based_on=1,
            requests=deps.requests,
            drafts=deps.drafts,
            line_owners=deps.line_owners,
            code_sets=deps.code_sets,
            payer=deps.payer,
            now=now or datetime.now(UTC),
            serial=deps.serial,
        )

    def submitted_before(self, ago: timedelta) -> str:
        """A request whose clock has run for this long."""
        content = self.portal.content()
        draft_id = self.portal.draft(content)
        self.submit(draft_id, content, datetime.now(UTC) - ago)
        return draft_id

    def reconcile(self, request_id: str, provider_id: str) -> None:
        """Match the servicing provider with a directory entry, as an operator does."""
        deps = self.deps
        reconcile_provider(
            request_id,
            ProviderRole.SERVICING_PROVIDER,
            provider_id,
            Caller(subject="operator", entitlements=frozenset({Entitlement.OPERATOR})),
            read=JUST_READ,
            requests=deps.requests,
            reference=deps.reference,
            now=datetime.now(UTC),
        )

    def repair(self) -> tuple[str, ...]:
        deps = self.deps
        return repair_executions(
            listings=deps.listings, requests=deps.requests, workflow=deps.workflow
        )

    # -- executions ---------------------------------------------------------------------------------

    def _arn(self, name: str) -> str:
        machine = self.deployment.outputs["StateMachineArn"]
        return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"

    def execution(self, request_id: str, cycle: int = 1, attempt: int = 0) -> Json | None:
        client = self.deployment.cloud.client("stepfunctions")
        arn = self._arn(execution_name(request_id, cycle, attempt))
        try:
            found: Json = client.describe_execution(executionArn=arn)
        except client.exceptions.ExecutionDoesNotExist:
            return None
        return found

    def started(self, request_id: str) -> Json:
        """The first execution of a request, which starts a moment after its assessment."""
        return until("waiting for the execution", lambda: self.execution(request_id))

    def ended(self, request_id: str, cycle: int = 1, attempt: int = 0) -> Json:
        """The execution after it ended."""

        def look() -> Json | None:
            found = self.execution(request_id, cycle, attempt)
            return None if found is None or found["status"] == "RUNNING" else found

        return until("waiting for the execution to end", look)

    def executions(self, request_id: str) -> list[Json]:
        """Every execution of a request, for any cycle and attempt."""
        pages = (
            self.deployment.cloud.client("stepfunctions")
            .get_paginator("list_executions")
            .paginate(stateMachineArn=self.deployment.outputs["StateMachineArn"])
        )
        listed = [one for page in pages for one in page["executions"]]
        return [one for one in listed if one["name"].startswith(request_id)]

    def history(self, request_id: str, cycle: int = 1, attempt: int = 0) -> list[Json]:
        if self.execution(request_id, cycle, attempt) is None:
            return []
        pages = (
            self.deployment.cloud.client("stepfunctions")
            .get_paginator("get_execution_history")
            .paginate(executionArn=self._arn(execution_name(request_id, cycle, attempt)))
        )
        return [event for page in pages for event in page["events"]]

    def states(self, request_id: str, cycle: int = 1, attempt: int = 0) -> list[str]:
        """Names of the states entered, in order."""
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in self.history(request_id, cycle, attempt)
            if "stateEnteredEventDetails" in event
        ]

    def await_wait(self, request_id: str, cycle: int = 1, attempt: int = 0) -> None:
        """Wait until the execution waits for a decision, a moment after the request is pending."""
        until(
            "waiting for the execution to wait",
            lambda: self.states(request_id, cycle, attempt)[-1:] == ["Await Decision"] or None,
        )

    # -- what the table holds -----------------------------------------------------------------------

    def items(self, request_id: str) -> list[Json]:
        """The request's item collection, in DynamoDB's JSON."""
        found = self.deployment.cloud.client("dynamodb").query(
            TableName=self.deployment.outputs["RequestsTableName"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": request_pk(request_id)}},
            ConsistentRead=True,
        )
        items: list[Json] = found["Items"]
        return items

    def kinds(self, request_id: str) -> set[str]:
        """The kinds of items of a request: REQUEST, EVENT, DOCUMENT, PARTY, CYCLE."""
        return {item["sk"]["S"].partition("#")[0] for item in self.items(request_id)}

    def events(self, request_id: str) -> list[str]:
        """Types of the recorded events, in the order of their versions."""
        return [
            json.loads(item["event"]["S"])["type"]
            for item in self.items(request_id)
            if item["sk"]["S"].startswith("EVENT#")
        ]

    # -- the deployed stack -------------------------------------------------------------------------

    @cached_property
    def resources(self) -> list[Json]:
        client = self.deployment.cloud.client("cloudformation")
        pages = client.get_paginator("list_stack_resources")
        return [
            one
            for stack in client.describe_stacks()["Stacks"]
            for page in pages.paginate(StackName=stack["StackName"])
            for one in page["StackResourceSummaries"]
        ]

    def function(self, construct_id: str) -> str:
        """The name of the function that this construct created."""
        [name] = [
            one["PhysicalResourceId"]
            for one in self.resources
            if one["ResourceType"] == "AWS::Lambda::Function"
            and one["LogicalResourceId"].startswith(construct_id)
        ]
        return str(name)

    def invoke(self, construct_id: str, event: Any) -> Any:
        client = self.deployment.cloud.client("lambda")
        answered = client.invoke(
            FunctionName=self.function(construct_id), Payload=json.dumps(event)
        )
        assert "FunctionError" not in answered, answered["Payload"].read()
        return json.loads(answered["Payload"].read())

    def log_group(self, construct_id: str) -> str:
        client = self.deployment.cloud.client("lambda")
        known = client.get_function_configuration(FunctionName=self.function(construct_id))
        return str(known["LoggingConfig"]["LogGroup"])

    def logs(self, group: str) -> list[str]:
        """Every line of a log group."""
        client = self.deployment.cloud.client("logs")
        try:
            pages = list(client.get_paginator("filter_log_events").paginate(logGroupName=group))
        except client.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for page in pages for event in page["events"]]

    @contextmanager
    def broken(self, construct_id: str, *variables: str) -> Iterator[None]:
        """The function without some of its environment variables, as after a faulty deployment."""
        client, name = self.deployment.cloud.client("lambda"), self.function(construct_id)
        whole = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        less = {key: value for key, value in whole.items() if key not in variables}
        client.update_function_configuration(FunctionName=name, Environment={"Variables": less})
        aliases = client.list_aliases(FunctionName=name)["Aliases"]
        version = client.publish_version(FunctionName=name)["Version"] if aliases else ""
        for alias in aliases:
            client.update_alias(FunctionName=name, Name=alias["Name"], FunctionVersion=version)
        try:
            yield
        finally:
            client.update_function_configuration(
                FunctionName=name, Environment={"Variables": whole}
            )
            for alias in aliases:
                client.update_alias(
                    FunctionName=name,
                    Name=alias["Name"],
                    FunctionVersion=alias["FunctionVersion"],
                )

    @contextmanager
    def stopped(self, construct_id: str) -> Iterator[None]:
        """The function with a reserved concurrency of 0, by which Lambda throttles all invocations."""
        client, name = self.deployment.cloud.client("lambda"), self.function(construct_id)
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        try:
            yield
        finally:
            client.delete_function_concurrency(FunctionName=name)

    @contextmanager
    def redelivering(self, construct_id: str, seconds: int) -> Iterator[None]:
        """The queue of a construct, which delivers a failed message again after these seconds."""
        client = self.deployment.cloud.client("sqs")
        urls = client.list_queues()["QueueUrls"]
        [url] = [one for one in urls if construct_id in one and "DeadLetters" not in one]
        before = client.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        client.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
        try:
            yield
        finally:
            client.set_queue_attributes(QueueUrl=url, Attributes=before["Attributes"])

    @contextmanager
    def limited(self, output: str, *indexes: str) -> Iterator[str]:
        """The table of an output, which DynamoDB throttles above one unit a second; its name.

        So it does each of the indexes, by itself.
        """
        client, table = self.deployment.cloud.client("dynamodb"), self.deployment.outputs[output]

        def limit(units: int) -> None:
            most = {"MaxReadRequestUnits": units, "MaxWriteRequestUnits": units}
            updates = [
                {"Update": {"IndexName": one, "OnDemandThroughput": most}} for one in indexes
            ]
            more = {"GlobalSecondaryIndexUpdates": updates} if updates else {}
            client.update_table(TableName=table, OnDemandThroughput=most, **more)

        limit(1)
        try:
            yield table
        finally:
            limit(-1)


def parsed(content: Json) -> RequestContent:
    return RequestContent.model_validate_json(json.dumps(content))
