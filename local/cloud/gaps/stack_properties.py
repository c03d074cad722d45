"""Properties that a template sets and the emulator drops or stores in a shape it cannot read.

Seen: `CorsConfiguration` of an HTTP API is kept with the template's capitals, while the front
door reads it without: every preflight is refused. `DeadLetterConfig` of a function is dropped, and
so are a table's point-in-time recovery and encryption when it is created.
Does: translates or sets them after the emulator's own create or update.
Goes: property by property, when the unpatched emulator honours it.
"""

from collections.abc import Callable
from typing import Any

from local.cloud.gaps.upstream import module, resource_handlers

Properties = dict[str, Any]
After = Callable[[str, Properties], None]


def after_create_and_update(resource_type: str, then: After) -> None:
    """Call `then(physical id, properties)` whenever a stack made or changed such a resource."""
    handlers = resource_handlers()[resource_type]
    create: Callable[..., Any] = handlers["create"]
    update: Callable[..., Any] = handlers["update"]

    def create_then(logical_id: str, props: Properties, stack_name: str) -> Any:
        result = create(logical_id, props, stack_name)
        then(result[0], props)
        return result

    def update_then(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Any:
        result = update(physical_id, old, new, *rest)
        then(result[0], new)
        return result

    handlers.update(create=create_then, update=update_then)


def camel(name: str) -> str:
    """`AllowOrigins` as the API itself spells it: `allowOrigins`."""
    return name[:1].lower() + name[1:]


def _cors(api_id: str, props: Properties) -> None:
    api = module("services.apigateway")._apis.get(api_id)
    if api is not None and props.get("CorsConfiguration"):
        api["corsConfiguration"] = {
            camel(name): value for name, value in props["CorsConfiguration"].items()
        }


def _dead_letters(name: str, props: Properties) -> None:
    function = module("services.lambda_svc")._functions.get(name)
    if function is not None:
        function["config"]["DeadLetterConfig"] = props.get("DeadLetterConfig") or {}


def _table_settings(name: str, props: Properties) -> None:
    tables = module("services.dynamodb")
    recovery = props.get("PointInTimeRecoverySpecification")
    if recovery:
        tables._update_continuous_backups(
            {"TableName": name, "PointInTimeRecoverySpecification": recovery}
        )
    encryption = props.get("SSESpecification")
    if encryption:
        wanted = {"Enabled": encryption.get("SSEEnabled", False)}
        for key in ("KMSMasterKeyId", "SSEType"):
            if key in encryption:
                wanted[key] = encryption[key]
        tables._update_table({"TableName": name, "SSESpecification": wanted})


def apply() -> None:
    """Hook into the resource types concerned."""
    after_create_and_update("AWS::ApiGatewayV2::Api", _cors)
    after_create_and_update("AWS::Lambda::Function", _dead_letters)
    after_create_and_update("AWS::DynamoDB::Table", _table_settings)
