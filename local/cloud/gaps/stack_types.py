"""Support resource types of the template that the emulator's CloudFormation rejects.

Emulator: archives of events, and versions and aliases of state machines, are "Unsupported", although
the services have them. An alarm on metric math fails the stack, and so do some types for monitoring and
log delivery.
Patch: create archives, versions and aliases with the services' own functions. Give alarms on metric
math and the other types a physical id, and create nothing.
Remove when: the unpatched emulator supports them; each type by itself.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from local.cloud.gaps.stack_properties import Properties
from local.cloud.gaps.upstream import module, resource_handlers
from local.cloud.settings import ACCOUNT, REGION

ALARM: Final = "AWS::CloudWatch::Alarm"
ARCHIVE: Final = "AWS::Events::Archive"
VERSION: Final = "AWS::StepFunctions::StateMachineVersion"
ALIAS: Final = "AWS::StepFunctions::StateMachineAlias"

#: Types that get a physical id but no resource: the tests and the demo do not need them.
RECORDED: Final = (
    "AWS::CDK::Metadata",
    "AWS::ApplicationInsights::Application",
    "AWS::CloudWatch::AnomalyDetector",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::InsightRule",
    "AWS::Logs::Delivery",
    "AWS::Logs::DeliveryDestination",
    "AWS::Logs::DeliverySource",
    "AWS::Logs::QueryDefinition",
    "AWS::XRay::Group",
    "AWS::XRay::SamplingRule",
)


def _physical_name(stack_name: str, logical_id: str) -> str:
    return f"{stack_name}-{logical_id}"[:48]


def _checked(response: Any, what: str) -> None:
    status, _, body = response
    if status >= 400:
        raise ValueError(f"{what} failed: {body!r}")


def _archive_request(name: str, props: Properties) -> Properties:
    request = {key: value for key, value in props.items() if key != "SourceArn"}
    request.update(ArchiveName=name, EventSourceArn=props["SourceArn"])
    if isinstance(request.get("EventPattern"), dict):
        request["EventPattern"] = json.dumps(request["EventPattern"])
    return request


def _archive_attributes(name: str) -> dict[str, str]:
    return {"Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:archive/{name}", "ArchiveName": name}


def _create_archive(logical_id: str, props: Properties, stack_name: str) -> Any:
    name = props.get("ArchiveName") or _physical_name(stack_name, logical_id)
    events = module("services.eventbridge")
    _checked(events._create_archive(_archive_request(name, props)), f"{ARCHIVE} create")
    return name, _archive_attributes(name)


def _update_archive(name: str, old: Properties, new: Properties, stack_name: str) -> Any:
    events = module("services.eventbridge")
    _checked(events._update_archive(_archive_request(name, new)), f"{ARCHIVE} update")
    return name, _archive_attributes(name)


def _delete_archive(name: str, props: Properties) -> None:
    module("services.eventbridge")._delete_archive({"ArchiveName": name})


def _create_version(logical_id: str, props: Properties, stack_name: str) -> Any:
    states = module("services.stepfunctions")
    response = states._publish_state_machine_version(
        {
            "stateMachineArn": props["StateMachineArn"],
            "revisionId": props.get("StateMachineRevisionId"),
        }
    )
    _checked(response, f"{VERSION} create")
    arn = json.loads(response[2])["stateMachineVersionArn"]
    return arn, {"Arn": arn}


def _update_version(arn: str, old: Properties, new: Properties, stack_name: str) -> Any:
    """Publish another version if the revision changed; the earlier, immutable version remains."""
    return (arn, {"Arn": arn}) if old == new else _create_version("", new, stack_name)


def _keep_version(arn: str, props: Properties) -> None:
    """Do nothing, because the emulator deletes a version with its state machine."""


def _alias_request(props: Properties) -> Properties:
    preferred = props.get("DeploymentPreference")
    routes = props.get("RoutingConfiguration") or [
        {"StateMachineVersionArn": (preferred or {}).get("StateMachineVersionArn"), "Weight": 100}
    ]
    return {
        "name": props["Name"],
        "routingConfiguration": [
            {"stateMachineVersionArn": one["StateMachineVersionArn"], "weight": int(one["Weight"])}
            for one in routes
        ],
    }


def _create_alias(logical_id: str, props: Properties, stack_name: str) -> Any:
    states = module("services.stepfunctions")
    response = states._create_state_machine_alias(_alias_request(props))
    _checked(response, f"{ALIAS} create")
    arn = json.loads(response[2])["stateMachineAliasArn"]
    return arn, {"Arn": arn}


def _update_alias(arn: str, old: Properties, new: Properties, stack_name: str) -> Any:
    states = module("services.stepfunctions")
    response = states._update_state_machine_alias(
        {"stateMachineAliasArn": arn, **_alias_request(new)}
    )
    _checked(response, f"{ALIAS} update")
    return arn, {"Arn": arn}


def _delete_alias(arn: str, props: Properties) -> None:
    module("services.stepfunctions")._delete_state_machine_alias({"stateMachineAliasArn": arn})


def _record(logical_id: str, props: Properties, stack_name: str) -> Any:
    name = _physical_name(stack_name, logical_id)
    return name, {"Arn": f"arn:aws:local:{REGION}:{ACCOUNT}:{name}"}


def _delete_record(physical_id: str, props: Properties) -> None:
    """Do nothing, because nothing was created."""


def _alarm(create: Callable[..., Any]) -> Callable[..., Any]:
    def create_alarm(logical_id: str, props: Properties, stack_name: str) -> Any:
        if props.get("Metrics"):
            return _record(logical_id, props, stack_name)
        return create(logical_id, props, stack_name)

    return create_alarm


def _alarm_update(update: Callable[..., Any]) -> Callable[..., Any]:
    def update_alarm(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Any:
        if new.get("Metrics"):
            return physical_id, {}
        return update(physical_id, old, new, *rest)

    return update_alarm


def apply() -> None:
    """Register the missing types; types that the emulator supports are not replaced."""
    handlers = resource_handlers()
    handlers.setdefault(
        ARCHIVE,
        {"create": _create_archive, "update": _update_archive, "delete": _delete_archive},
    )
    handlers.setdefault(
        VERSION, {"create": _create_version, "update": _update_version, "delete": _keep_version}
    )
    handlers.setdefault(
        ALIAS, {"create": _create_alias, "update": _update_alias, "delete": _delete_alias}
    )
    for resource_type in RECORDED:
        handlers.setdefault(resource_type, {"create": _record, "delete": _delete_record})
    alarm = handlers[ALARM]
    alarm["create"] = _alarm(alarm["create"])
    if "update" in alarm:
        alarm["update"] = _alarm_update(alarm["update"])
