"""The identity provider of API and portal: the stack's own user pool, or the payer's OIDC provider."""

from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.config import StageConfig
from infra.findings import acknowledge
from infra.portal_headers import SIGNED_IN_PATH
from infra.resources import resource_of, sign_in_prefix
from precert.names import READ_SCOPE, USER_SCOPE, WRITE_SCOPE, Entitlement, Env

_READ: Final = cognito.ClientAttributes().with_standard_attributes(
    email=True, fullname=True, locale=True
)
_WRITE: Final = cognito.ClientAttributes().with_standard_attributes(locale=True)


class Identity(Construct):
    """The authorizer, the portal's client, and the names of the claims that hold a caller's rights."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        user_pool: "UserPool | None",
        portal_origins: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        identity = stage.identity
        self.values = {
            Env.ENTITLEMENTS_CLAIM: identity.entitlements_claim,
            Env.TINS_CLAIM: identity.tins_claim,
            Env.PLANS_CLAIM: identity.plans_claim,
            Env.VENDORS_CLAIM: identity.vendors_claim,
            Env.RIGHTS: identity.rights,
        }
        if user_pool is None:
            issuer, audiences = str(identity.issuer), list(identity.audiences)
            self.scopes = list(identity.scopes)
            self.outputs = {
                "PortalAuthority": issuer,
                "PortalClientId": identity.portal_client,
                "PortalScope": " ".join(("openid", *identity.scopes)),
            }
        else:
            portal_client = _portal_client(self, user_pool, portal_origins)
            region = cdk.Stack.of(self).region
            issuer = f"https://cognito-idp.{region}.amazonaws.com/{user_pool.pool.user_pool_id}"
            clients = [portal_client, *user_pool.partner_clients.values()]
            self.scopes = [READ_SCOPE, WRITE_SCOPE]
            self.outputs = {
                "UserPoolId": user_pool.pool.user_pool_id,
                "PortalAuthority": issuer,
                "PortalClientId": portal_client.user_pool_client_id,
                "PortalSignInUrl": user_pool.sign_in_url,
                "PortalScope": f"openid {READ_SCOPE} {WRITE_SCOPE}",
                **{
                    f"PartnerClientId{_output_name(name)}": client.user_pool_client_id
                    for name, client in user_pool.partner_clients.items()
                },
            }
            if user_pool.client is not None:
                clients.append(user_pool.client)
                self.scopes.append(USER_SCOPE)
                self.outputs["UserPoolClientId"] = user_pool.client.user_pool_client_id
            audiences = [client.user_pool_client_id for client in clients]
        self.values[Env.ISSUER] = issuer
        self.values[Env.AUDIENCES] = " ".join(audiences)
        self.values[Env.SCOPES] = " ".join(self.scopes)
        self.authorizer = authorizers.HttpJwtAuthorizer(
            "Authorizer", issuer, jwt_audience=audiences
        )


def _portal_client(
    scope: Construct, user_pool: "UserPool", origins: Sequence[str]
) -> cognito.UserPoolClient:
    """Add a public client for the authorization code flow; the portal sends a PKCE challenge.

    It names the distribution's origin, so that it belongs to the service and not to the user pool.
    """
    providers = [cognito.UserPoolClientIdentityProvider.COGNITO]
    if user_pool.staff is not None:
        staff = user_pool.staff.provider_name
        providers.append(cognito.UserPoolClientIdentityProvider.custom(staff))
    return cognito.UserPoolClient(
        scope,
        "PortalClient",
        user_pool=user_pool.pool,
        auth_flows=cognito.AuthFlow(user_srp=True),
        generate_secret=False,
        o_auth=cognito.OAuthSettings(
            flows=cognito.OAuthFlows(authorization_code_grant=True),
            scopes=[cognito.OAuthScope.OPENID, *user_pool.scopes],
            callback_urls=[f"{origin}{SIGNED_IN_PATH}" for origin in origins],
            logout_urls=[f"{origin}/" for origin in origins],
        ),
        supported_identity_providers=providers,
        prevent_user_existence_errors=True,
        enable_token_revocation=True,
        id_token_validity=cdk.Duration.hours(1),
        access_token_validity=cdk.Duration.hours(1),
        refresh_token_validity=cdk.Duration.hours(12),
        # A refresh token is valid once; a repeated request within the period is answered.
        refresh_token_rotation_grace_period=cdk.Duration.seconds(10),
        read_attributes=_READ,
        write_attributes=_WRITE,
    )


def _output_name(partner: str) -> str:
    return "".join(part.title() for part in partner.split("-"))


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
        if stage.identity.email_from is not None:
            self._send_by_ses(stage.identity.email_from)
        self.client = self._password_client() if stage.password_sign_in else None
        self.staff = self._staff_provider(stage)
        self.scopes = self._resource_server()
        self.partner_clients = {
            name: self._partner_client(name) for name in stage.identity.partners
        }
        prefix = sign_in_prefix(stage.name)
        domain = self.pool.add_domain(
            "Domain", cognito_domain=cognito.CognitoDomainOptions(domain_prefix=prefix)
        )
        self.sign_in_url = domain.base_url()
        for entitlement in Entitlement:
            cognito.CfnUserPoolGroup(
                self,
                entitlement.value,
                user_pool_id=self.pool.user_pool_id,
                group_name=entitlement.value,
            )
        self._acknowledge(stage)

    def _send_by_ses(self, sender: str) -> None:
        """Send invitations and codes by Amazon SES; Cognito itself sends at most 50 a day."""
        identity = cdk.Stack.of(self).format_arn(
            service="ses", resource="identity", resource_name=sender.partition("@")[2]
        )
        pool = resource_of(self.pool, cognito.CfnUserPool)
        pool.email_configuration = cognito.CfnUserPool.EmailConfigurationProperty(
            email_sending_account="DEVELOPER", from_=sender, source_arn=identity
        )

    def _password_client(self) -> cognito.UserPoolClient:
        """Add the client with which the local cloud's commands sign in its users.

        Its tokens have the scope ``aws.cognito.signin.user.admin`` only, so a stage without this client
        does not accept that scope.
        """
        return self.pool.add_client(
            "Client",
            auth_flows=cognito.AuthFlow(user_password=True, user_srp=True),
            disable_o_auth=True,
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            id_token_validity=cdk.Duration.hours(1),
            access_token_validity=cdk.Duration.hours(1),
            refresh_token_validity=cdk.Duration.hours(12),
            read_attributes=_READ,
            write_attributes=_WRITE,
        )

    def _staff_provider(self, stage: StageConfig) -> cognito.IUserPoolIdentityProvider | None:
        """Add the provider of the plan's staff, if any; their rights are granted as any user's."""
        attributes = cognito.AttributeMapping(
            email=cognito.ProviderAttribute.other("email"),
            fullname=cognito.ProviderAttribute.other("name"),
        )
        if (url := stage.identity.staff_saml_metadata_url) is not None:
            return cognito.UserPoolIdentityProviderSaml(
                self,
                "Staff",
                user_pool=self.pool,
                name="Staff",
                metadata=cognito.UserPoolIdentityProviderSamlMetadata.url(url),
                attribute_mapping=attributes,
            )
        if (oidc := stage.identity.staff_oidc) is not None:
            secret = cdk.SecretValue.secrets_manager(oidc.secret_arn)
            return cognito.UserPoolIdentityProviderOidc(
                self,
                "Staff",
                user_pool=self.pool,
                name="Staff",
                issuer_url=oidc.issuer,
                client_id=oidc.client_id,
                # The template has a reference, which CloudFormation resolves at the deployment.
                client_secret=secret.unsafe_unwrap(),
                scopes=["openid", "email", "profile"],
                attribute_mapping=attributes,
            )
        return None

    def _resource_server(self) -> list[cognito.OAuthScope]:
        """Define the scopes of access tokens."""
        identifier = READ_SCOPE.partition("/")[0]
        meanings = {READ_SCOPE: "Read requests", WRITE_SCOPE: "Read and change requests"}
        scopes = [
            cognito.ResourceServerScope(
                scope_name=name.partition("/")[2], scope_description=meaning
            )
            for name, meaning in meanings.items()
        ]
        server = self.pool.add_resource_server("Api", identifier=identifier, scopes=scopes)
        return [cognito.OAuthScope.resource_server(server, scope) for scope in scopes]

    def _partner_client(self, name: str) -> cognito.UserPoolClient:
        """Add a client of a partner's system: client credentials, with a secret."""
        return self.pool.add_client(
            f"Partner{_output_name(name)}",
            user_pool_client_name=name,
            generate_secret=True,
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(client_credentials=True), scopes=self.scopes
            ),
            enable_token_revocation=True,
            access_token_validity=cdk.Duration.hours(1),
        )

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
