"""The configuration of each stage: everything that differs between stages."""

from dataclasses import dataclass, field
from typing import Final

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import RetentionDays

from precert import names as shared_names


@dataclass(frozen=True)
class IdentityConfig:
    """The identity provider.

    Without an issuer the stack creates a Cognito user pool. With an issuer the API accepts tokens of
    that OIDC provider; the claim names state which claims hold entitlements, TINs, plans and vendors.
    """

    issuer: str | None = None
    audiences: tuple[str, ...] = ()
    entitlements_claim: str = shared_names.DEFAULT_ENTITLEMENTS_CLAIM
    tins_claim: str = shared_names.DEFAULT_TINS_CLAIM
    plans_claim: str = shared_names.DEFAULT_PLANS_CLAIM
    vendors_claim: str = shared_names.DEFAULT_VENDORS_CLAIM
    portal_client_id: str | None = None
    """The portal's client at the issuer; without it the first audience."""
    portal_origins: tuple[str, ...] = ()
    """Origins of the issuer's endpoints that the portal calls, if not only the issuer's own."""

    @property
    def portal_client(self) -> str:
        return self.portal_client_id or self.audiences[0]

    def __post_init__(self) -> None:
        if self.issuer and not self.audiences:
            raise ValueError("an OIDC issuer needs at least one audience")


@dataclass(frozen=True)
class PortalConfig:
    """The portal's address. Without a domain it is that of its CloudFront distribution."""

    domain: str | None = None
    certificate_arn: str | None = None
    """An ACM certificate of the domain in us-east-1, where CloudFront reads it."""
    web_acl_arn: str | None = None
    """An AWS WAF web ACL of scope CLOUDFRONT, which is in us-east-1 too."""

    def __post_init__(self) -> None:
        if (self.domain is None) is not (self.certificate_arn is None):
            raise ValueError("portal_domain and portal_certificate_arn must be set together")
        for name, arn in (
            ("portal_certificate_arn", self.certificate_arn),
            ("portal_web_acl_arn", self.web_acl_arn),
        ):
            if arn is not None and arn.split(":")[3:4] != ["us-east-1"]:
                raise ValueError(f"{name} must be an ARN in us-east-1, not {arn!r}")


@dataclass(frozen=True)
class StageConfig:
    """The configuration of one stage."""

    name: str
    retain_data: bool
    log_retention: RetentionDays
    log_level: str
    cors_origins: tuple[str, ...]
    requests_per_second: int
    request_burst: int
    require_mfa: bool
    threat_protection: bool
    archive_days: int | None
    scan_documents: bool
    """Whether GuardDuty scans documents for malware before they can be downloaded."""
    memory_mb: int = 512
    http_timeout_seconds: int = 15
    event_timeout_seconds: int = 60
    alarm_email: str | None = None
    identity: IdentityConfig = field(default_factory=IdentityConfig)
    portal_origins: tuple[str, ...] = ()
    """Further origins of the portal, besides that of its distribution: those of this machine."""
    portal: PortalConfig = field(default_factory=PortalConfig)
    vendors: tuple[tuple[str, str], ...] = ()
    """Pairs of a vendor id and the AWS account that may put that vendor's determinations on the bus."""

    @property
    def removal_policy(self) -> RemovalPolicy:
        """Whether data and logs are retained or deleted with the stack or the resource."""
        return RemovalPolicy.RETAIN if self.retain_data else RemovalPolicy.DESTROY


DEV: Final = StageConfig(
    name="dev",
    retain_data=False,
    log_retention=RetentionDays.ONE_WEEK,
    log_level="INFO",
    # Default ports of development servers of partners' portals.
    cors_origins=("http://localhost:3000", "http://localhost:5173"),
    # The first is that of the local cloud, the second that of `npm run dev`.
    portal_origins=("http://localhost:4567", "http://localhost:5173"),
    requests_per_second=50,
    request_burst=100,
    require_mfa=False,
    threat_protection=False,
    archive_days=None,
    scan_documents=False,
)

PROD: Final = StageConfig(
    name="prod",
    retain_data=True,
    log_retention=RetentionDays.ONE_YEAR,
    log_level="INFO",
    cors_origins=(),
    requests_per_second=500,
    request_burst=1000,
    require_mfa=True,
    threat_protection=True,
    archive_days=90,
    scan_documents=True,
    memory_mb=1024,
)

STAGES: Final = {stage.name: stage for stage in (DEV, PROD)}
