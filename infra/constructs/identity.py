"""The identity provider of the API: the stack's own user pool, or the payer's OIDC provider."""

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.config import StageConfig
from infra.findings import acknowledge
from precert.names import Entitlement, Env


class Identity(Construct):
    """The authorizer, and the names of the claims that hold a caller's rights."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        identity = stage.identity
        self.outputs: dict[str, str] = {}
        self.values = {
            Env.ENTITLEMENTS_CLAIM: identity.entitlements_claim,
            Env.TINS_CLAIM: identity.tins_claim,
            Env.PLANS_CLAIM: identity.plans_claim,
            Env.VENDORS_CLAIM: identity.vendors_claim,
        }
        if identity.issuer:
            issuer, audiences = identity.issuer, list(identity.audiences)
        else:
            pool = UserPool(self, "UserPool", stage=stage)
            self.outputs = {
                "UserPoolId": pool.pool.user_pool_id,
                "UserPoolClientId": pool.client.user_pool_client_id,
            }
            region = cdk.Stack.of(self).region
            issuer = f"https://cognito-idp.{region}.amazonaws.com/{pool.pool.user_pool_id}"
            audiences = [pool.client.user_pool_client_id]
        self.authorizer = authorizers.HttpJwtAuthorizer(
            "Authorizer", issuer, jwt_audience=audiences
        )


class UserPool(Construct):
    """A user pool in which the payer registers users. Users cannot sign up or edit their own rights."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        protected = stage.threat_protection
        self.pool = cognito.UserPool(
            self,
            "Pool",
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(username=True),
            sign_in_case_sensitive=False,
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            custom_attributes={
                "tins": cognito.StringAttribute(mutable=True, max_len=2048),
                "plans": cognito.StringAttribute(mutable=True, max_len=2048),
                "vendors": cognito.StringAttribute(mutable=True, max_len=2048),
            },
            password_policy=cognito.PasswordPolicy(
                min_length=14,
                require_digits=True,
                require_lowercase=True,
                require_symbols=True,
                require_uppercase=True,
                temp_password_validity=cdk.Duration.days(3),
            ),
            mfa=cognito.Mfa.REQUIRED if stage.require_mfa else cognito.Mfa.OFF,
            mfa_second_factor=(
                cognito.MfaSecondFactor(sms=False, otp=True) if stage.require_mfa else None
            ),
            feature_plan=cognito.FeaturePlan.PLUS if protected else cognito.FeaturePlan.ESSENTIALS,
            standard_threat_protection_mode=(
                cognito.StandardThreatProtectionMode.FULL_FUNCTION if protected else None
            ),
            deletion_protection=stage.retain_data,
            removal_policy=stage.removal_policy,
        )
        self.client = self.pool.add_client(
            "Client",
            auth_flows=cognito.AuthFlow(user_password=True, user_srp=True),
            disable_o_auth=True,
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            id_token_validity=cdk.Duration.hours(1),
            access_token_validity=cdk.Duration.hours(1),
            refresh_token_validity=cdk.Duration.hours(12),
            read_attributes=cognito.ClientAttributes()
            .with_standard_attributes(email=True, locale=True)
            .with_custom_attributes("tins", "plans", "vendors"),
            write_attributes=cognito.ClientAttributes().with_standard_attributes(locale=True),
        )
        for entitlement in Entitlement:
            cognito.CfnUserPoolGroup(
                self,
                entitlement.value,
                user_pool_id=self.pool.user_pool_id,
                group_name=entitlement.value,
            )
        self._acknowledge(stage)

    def _acknowledge(self, stage: StageConfig) -> None:
        if not stage.require_mfa:
            acknowledge(
                self.pool,
                "AwsSolutions-COG2",
                "Development has fictitious users only, who sign in from the command line.",
            )
        if not stage.threat_protection:
            acknowledge(
                self.pool,
                "AwsSolutions-COG8",
                "The Plus plan is charged per user; development has no real users to protect.",
            )
