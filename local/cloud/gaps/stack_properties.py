"""Apply template properties that the emulator drops or stores in a form that it does not read.

Emulator: `CorsConfiguration` of an HTTP API is stored with the template's capitalization but read with
the API's, so that every preflight request is refused. `DeadLetterConfig` of a function, point-in-time
recovery and encryption of a table, and object lock of a bucket are dropped. The endpoint of an HTTP API
is a host name that most DNS resolvers do not resolve.
Patch: convert or set them after the emulator's own create or update. The endpoint is the URL at which
the emulator serves the API.
Remove when: the unpatched emulator applies them; each property by itself.
"""

from collections.abc import Callable
from typing import Any

from local.cloud.gaps.upstream import module, resource_handlers

Properties = dict[str, Any]
After = Callable[[str, Properties], None]


def after_create_and_update(resource_type: str, then: After) -> None:
    """Call `then(physical id, properties)` after a stack creates or updates a resource of this type."""
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
    """Convert `AllowOrigins` to the API's spelling, `allowOrigins`."""
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
        specification = {"Enabled": encryption.get("SSEEnabled", False)}
        for key in ("KMSMasterKeyId", "SSEType"):
            if key in encryption:
                specification[key] = encryption[key]
        tables._update_table({"TableName": name, "SSESpecification": specification})


def _object_lock(name: str, props: Properties) -> None:
    if props.get("ObjectLockEnabled"):
        rule = (props.get("ObjectLockConfiguration") or {}).get("Rule") or {}
        module("services.s3")._bucket_object_lock[name] = {
            "enabled": True,
            "default_retention": rule.get("DefaultRetention"),
        }


def _reachable(create: Callable[..., Any]) -> Callable[..., Any]:
    def create_reachable(logical_id: str, props: Properties, stack_name: str) -> Any:
        api_id, attributes = create(logical_id, props, stack_name)
        apis = module("services.apigateway")
        url = f"http://{apis._HOST}:{apis._PORT}/_aws/execute-api/{api_id}/$default"
        apis._apis[api_id]["apiEndpoint"] = url
        return api_id, {**attributes, "ApiEndpoint": url}

    return create_reachable


def apply() -> None:
    """Patch the handlers of these resource types."""
    http_api = resource_handlers()["AWS::ApiGatewayV2::Api"]
    http_api["create"] = _reachable(http_api["create"])
    after_create_and_update("AWS::ApiGatewayV2::Api", _cors)
    after_create_and_update("AWS::Lambda::Function", _dead_letters)
    after_create_and_update("AWS::DynamoDB::Table", _table_settings)
    after_create_and_update("AWS::S3::Bucket", _object_lock)
