"""The edge: AWS WAF before CloudFront, in us-east-1, and the secret between CloudFront and API."""

from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.config import EdgeConfig, StageConfig
from infra.constructs.encryption import Encryption
from infra.findings import acknowledge, acknowledge_checks
from infra.resources import unique_name

GLOBAL_REGION: Final = "us-east-1"
"""The Region of web ACLs of CloudFront, for a stage in any Region."""
_MANAGED: Final = (
    ("AWSManagedRulesAmazonIpReputationList", ()),
    # Bodies are JSON of up to 256 KB with clinical text; the API validates and never renders them.
    (
        "AWSManagedRulesCommonRuleSet",
        ("SizeRestrictions_BODY", "CrossSiteScripting_BODY", "GenericRFI_BODY"),
    ),
    ("AWSManagedRulesKnownBadInputsRuleSet", ()),
)
"""Managed rule groups with the rules that only count."""
_FIVE_MINUTES: Final = 300
_REDACTED_HEADERS: Final = ("authorization", "cookie")


class Firewall(cdk.Stack):
    """The web ACL of portal and API, with a log of blocked and counted requests."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: StageConfig, edge: EdgeConfig
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=construct_id,
            description=f"Online precertification, {stage.name}: web application firewall",
            termination_protection=stage.retain_data,
            env=cdk.Environment(account=stage.account, region=GLOBAL_REGION),
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self._acl = wafv2.CfnWebACL(
            self,
            "WebAcl",
            scope="CLOUDFRONT",
            description=f"Portal and API of precert {stage.name}",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visible("WebAcl"),
            rules=[
                *(
                    _managed(priority, name, counted)
                    for priority, (name, counted) in enumerate(_MANAGED)
                ),
                _rate("ByAddress", 10, edge.requests_by_address, aggregate_key_type="IP"),
                _rate(
                    "ByClient",
                    11,
                    edge.requests_by_client,
                    aggregate_key_type="CUSTOM_KEYS",
                    custom_keys=[_BY_TOKEN],
                    scope_down_statement=_WITH_TOKEN,
                ),
            ],
        )
        self._log(stage)
        cdk.CfnOutput(self, "WebAclArn", value=self._acl.attr_arn)
        self.web_acl_arn = (
            cdk.Fn.get_stack_output(self.stack_name, "WebAclArn", region=GLOBAL_REGION)
            if stage.region not in (None, GLOBAL_REGION)
            else cdk.Fn.get_stack_output(self.stack_name, "WebAclArn")
        )

    @classmethod
    def for_stage(
        cls, scope: Construct, construct_id: str, stage: StageConfig
    ) -> "Firewall | None":
        """Return the stack, or None if the stage has no ``[edge]`` or names an existing web ACL."""
        if stage.edge is None or stage.portal.web_acl_arn is not None:
            return None
        return cls(scope, construct_id, stage=stage, edge=stage.edge)

    def _log(self, stage: StageConfig) -> None:
        """Log blocked and counted requests without token, cookie, path and query: paths contain ids."""
        group = logs.LogGroup(
            Construct(self, "Refused"),
            "Log",
            # AWS WAF writes to groups with this prefix only. The group remains if the stack is deleted.
            log_group_name=f"aws-waf-logs-{unique_name(stage.name, 'edge')}",
            retention=stage.log_retention,
            removal_policy=stage.removal_policy,
        )
        redacted: list[dict[str, Any]] = [
            *({"SingleHeader": {"Name": name}} for name in _REDACTED_HEADERS),
            {"UriPath": {}},
            {"QueryString": {}},
        ]
        logging = wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self._acl.attr_arn,
            log_destination_configs=[
                self.format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name=group.log_group_name,
                    arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                )
            ],
            logging_filter={
                "DefaultBehavior": "DROP",
                "Filters": [
                    {
                        "Behavior": "KEEP",
                        "Requirement": "MEETS_ANY",
                        "Conditions": [
                            {"ActionCondition": {"Action": "BLOCK"}},
                            {"ActionCondition": {"Action": "COUNT"}},
                        ],
                    }
                ],
            },
        )
        logging.add_property_override("RedactedFields", redacted)
        logging.node.add_dependency(group)
        acknowledge_checks(
            group,
            "CloudWatchLogGroupEncrypted",
            "The log has addresses and rules of refused calls, no health data; CloudWatch encrypts it.",
        )


_BY_TOKEN: Final = {
    "header": {"name": "authorization", "textTransformations": [{"priority": 0, "type": "NONE"}]}
}
_WITH_TOKEN: Final = {
    "sizeConstraintStatement": {
        "fieldToMatch": {"singleHeader": {"Name": "authorization"}},
        "comparisonOperator": "GT",
        "size": 0,
        "textTransformations": [{"priority": 0, "type": "NONE"}],
    }
}
"""A call without a token has no client; it is counted by its IP address only."""


def _visible(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )


def _managed(priority: int, name: str, counted: tuple[str, ...]) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        visibility_config=_visible(name),
        statement=wafv2.CfnWebACL.StatementProperty(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=name,
                rule_action_overrides=[
                    wafv2.CfnWebACL.RuleActionOverrideProperty(
                        name=rule,
                        action_to_use=wafv2.CfnWebACL.RuleActionProperty(count={}),
                    )
                    for rule in counted
                ]
                or None,
            )
        ),
    )


def _rate(name: str, priority: int, limit: int, **keys: Any) -> wafv2.CfnWebACL.RuleProperty:
    """Return a rule that blocks requests above the limit with 429, as the API does."""
    return wafv2.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        action=wafv2.CfnWebACL.RuleActionProperty(
            block=wafv2.CfnWebACL.BlockActionProperty(
                custom_response=wafv2.CfnWebACL.CustomResponseProperty(
                    response_code=429,
                    response_headers=[
                        wafv2.CfnWebACL.CustomHTTPHeaderProperty(name="Retry-After", value="300")
                    ],
                )
            )
        ),
        visibility_config=_visible(name),
        statement=wafv2.CfnWebACL.StatementProperty(
            rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                limit=limit, evaluation_window_sec=_FIVE_MINUTES, **keys
            )
        ),
    )


def origin_secrets(scope: Construct, stage: StageConfig, encryption: Encryption) -> tuple[str, ...]:
    """Return the secrets with which CloudFront authenticates to the functions, the current one first.

    The functions accept the previous one too, so that CloudFront and the functions can change at
    different times during a deployment.
    """
    number = stage.edge.origin_secret if stage.edge else 1
    found, edge = [], Construct(scope, "Edge")
    for one in range(number, max(number - 2, 0), -1):
        secret = secretsmanager.Secret(
            edge,
            f"OriginSecret{one}",
            description=f"Between CloudFront and the API of precert {stage.name}",
            encryption_key=encryption.operations_key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                exclude_punctuation=True, password_length=48
            ),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        reason = (
            "origin_secret of the stage's file replaces it in CloudFront and functions at once."
        )
        acknowledge(secret, "AwsSolutions-SMG4", reason)
        acknowledge_checks(secret, "SecretsManagerRotationEnabled", reason)
        # CloudFormation reads the value at the deployment; the template does not contain it.
        found.append(secret.secret_value.unsafe_unwrap())
    return tuple(found)
