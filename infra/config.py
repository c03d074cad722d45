"""The configuration of a stage: one file, ``config/<stage>.toml``.

It has everything that differs between stages, and no secrets. All errors are reported at once, by name.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import RetentionDays
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from precert import names as shared_names

ROOT: Final = Path(__file__).resolve().parent.parent
PLACEHOLDER: Final = "CHANGE-ME"
"""The text in a new stage's file that the plan must replace with its own value."""

_RETENTION: Final = {
    7: RetentionDays.ONE_WEEK,
    30: RetentionDays.ONE_MONTH,
    90: RetentionDays.THREE_MONTHS,
    180: RetentionDays.SIX_MONTHS,
    365: RetentionDays.ONE_YEAR,
    731: RetentionDays.TWO_YEARS,
    2192: RetentionDays.SIX_YEARS,
    3653: RetentionDays.TEN_YEARS,
}
"""CloudWatch's retention periods that a stage can choose, in days."""


class StageConfigError(ValueError):
    """The stage's configuration is not valid. The message has one line for each error."""


def _is_in_us_east_1(arn: str) -> str:
    if arn.split(":")[3:4] != ["us-east-1"]:
        raise ValueError(f"must be an ARN in us-east-1, where CloudFront reads it, not {arn!r}")
    return arn


def _is_retention(days: int) -> int:
    if days not in _RETENTION:
        raise ValueError(f"must be one of {', '.join(map(str, _RETENTION))}")
    return days


Account = Annotated[str, Field(pattern=r"^\d{12}$")]
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
Origin = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:\d+)?$")]
GlobalArn = Annotated[str, Field(pattern=r"^arn:"), AfterValidator(_is_in_us_east_1)]
VaultArn = Annotated[
    str,
    Field(pattern=r"^arn:aws[a-z-]*:backup:[a-z0-9-]+:\d{12}:backup-vault:[A-Za-z0-9_-]{2,50}$"),
]
TableName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
VendorId = Annotated[str, Field(min_length=1)]


class _Table(BaseModel):
    """A table of the file. Unknown keys are errors, because they can be misspelled names."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class StaffOidcConfig(_Table):
    """The OIDC provider of the plan's staff, of which the user pool is a client."""

    issuer: Annotated[str, Field(pattern=r"^https://")]
    client_id: Annotated[str, Field(min_length=1)]
    secret_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:secretsmanager:")]
    """The secret of AWS Secrets Manager whose text is the client's secret."""


class IdentityConfig(_Table):
    """The identity provider.

    Without an issuer the stack creates a Cognito user pool. With an issuer the API accepts tokens of
    that OIDC provider; the claim names state which claims hold entitlements, TINs, plans and vendors.
    """

    issuer: str | None = Field(default=None, pattern=r"^https://")
    audiences: tuple[str, ...] = ()
    entitlements_claim: str = shared_names.DEFAULT_ENTITLEMENTS_CLAIM
    rights: Literal["table", "claims"] = "table"
    """Where TINs, plans and vendor ids of a caller are: granted on the server, or in the token."""
    scopes: tuple[str, ...] = (shared_names.READ_SCOPE, shared_names.WRITE_SCOPE)
    """Scopes of access tokens, one of which every call needs."""
    staff_saml_metadata_url: str | None = Field(default=None, pattern=r"^https://")
    """The SAML provider of the plan's staff, who then sign in there and not with a password here."""
    staff_oidc: StaffOidcConfig | None = None
    """Their OIDC provider, if it is not a SAML provider."""
    partners: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,31}$")], ...] = ()
    """Systems of partners and delegated vendors, each with a client of its own."""
    email_from: Email | None = None
    """The sender of invitations and codes, of a domain that is verified in Amazon SES in the Region.

    Without it Cognito sends them itself, at most 50 a day.
    """
    tins_claim: str = shared_names.DEFAULT_TINS_CLAIM
    plans_claim: str = shared_names.DEFAULT_PLANS_CLAIM
    vendors_claim: str = shared_names.DEFAULT_VENDORS_CLAIM
    portal_client_id: str | None = None
    """The portal's client at the issuer; without it the first audience."""
    portal_origins: tuple[Origin, ...] = ()
    """Origins of the issuer's endpoints that the portal calls, if not only the issuer's own."""

    @property
    def portal_client(self) -> str:
        return self.portal_client_id or self.audiences[0]

    @model_validator(mode="after")
    def _has_pool(self) -> "IdentityConfig":
        of_pool = (self.partners, self.email_from, self.staff_saml_metadata_url, self.staff_oidc)
        if self.issuer and any(of_pool):
            raise ValueError(
                "partners, email_from, staff_saml_metadata_url and staff_oidc are of the stack's own "
                "user pool"
            )
        if self.staff_saml_metadata_url and self.staff_oidc:
            raise ValueError("staff_saml_metadata_url or staff_oidc must be set, not both")
        return self

    @model_validator(mode="after")
    def _has_audience(self) -> "IdentityConfig":
        if self.issuer and not self.audiences:
            raise ValueError("an OIDC issuer needs at least one entry in audiences")
        return self


class PortalConfig(_Table):
    """The portal's address. Without a domain it is that of its CloudFront distribution."""

    domain: str | None = Field(default=None, pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")
    certificate_arn: GlobalArn | None = None
    """An ACM certificate of the domain in us-east-1, where CloudFront reads it."""
    web_acl_arn: GlobalArn | None = None
    """An AWS WAF web ACL of scope CLOUDFRONT, which is in us-east-1 too."""

    @model_validator(mode="after")
    def _has_certificate(self) -> "PortalConfig":
        if (self.domain is None) is not (self.certificate_arn is None):
            raise ValueError("domain and certificate_arn must be set together")
        return self


class ApiConfig(_Table):
    """A domain of the API for partners, with mutual TLS."""

    domain: str | None = Field(default=None, pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")
    certificate_arn: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:acm:")
    """An ACM certificate of the domain in the stack's Region."""
    truststore: str | None = Field(default=None, pattern=r"^s3://[a-z0-9.-]+/.+$")
    """The certificate authorities of partners' client certificates, as a PEM file."""
    truststore_version: str | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> "ApiConfig":
        named = (self.domain, self.certificate_arn, self.truststore)
        if any(named) and not all(named):
            raise ValueError("domain, certificate_arn and truststore must be set together")
        return self


class EdgeConfig(_Table):
    """CloudFront and AWS WAF as the only way to the API, besides the domain of partners."""

    origin_domain: Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]
    """The domain at which CloudFront calls the API; its own address is closed."""
    origin_certificate_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:acm:")]
    """An ACM certificate of that domain in the stack's Region."""
    origin_secret: Annotated[int, Field(ge=1)] = 1
    """The number of the secret with which CloudFront identifies itself; the one before is accepted."""
    requests_by_address: Annotated[int, Field(ge=10, le=2_000_000_000)] = 6000
    """How many requests AWS WAF admits from one IP address in five minutes."""
    requests_by_client: Annotated[int, Field(ge=10, le=2_000_000_000)] = 6000
    """How many requests AWS WAF admits with one access token in five minutes."""


class BackupConfig(_Table):
    """Backups for the loss of the Region or the account; point-in-time recovery is always enabled."""

    every_hours: Literal[1, 2, 3, 4, 6, 8, 12, 24] = 24
    """The interval of backups: with the time to copy one, the data loss if the Region is lost."""
    retention_days: Annotated[int, Field(ge=7, le=36500)] = 35
    lock: Literal["none", "governance", "compliance"] = "governance"
    """Whether backups can be deleted: by some administrators, or by no one before their retention."""
    lock_changeable_days: Annotated[int, Field(ge=3, le=36500)] = 3
    """How long a lock in compliance mode can still be removed after its creation."""
    second_region_vault: VaultArn | None = None
    second_account_vault: VaultArn | None = None
    """The vaults to which each backup is copied; infra/vault.template.json creates one."""


class RestoredConfig(_Table):
    """Tables that were restored under another name after a disaster; the stack does not create these.

    ``python -m precert restore prepare`` writes the section.
    """

    requests_table: TableName | None = None
    requests_stream_arn: str | None = Field(
        default=None, pattern=r"^arn:aws[a-z-]*:dynamodb:.+/stream/.+$"
    )
    reference_table: TableName | None = None

    @model_validator(mode="after")
    def _has_stream(self) -> "RestoredConfig":
        if (self.requests_table is None) is not (self.requests_stream_arn is None):
            raise ValueError("requests_table and requests_stream_arn must be set together")
        table = f":table/{self.requests_table}/stream/"
        if self.requests_stream_arn and table not in self.requests_stream_arn:
            raise ValueError(f"requests_stream_arn is not of the table {self.requests_table}")
        return self


class StageConfig(_Table):
    """The configuration of one stage."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,15}$")]
    account: Account | None = None
    """The AWS account; without it that of the deployer's credentials."""
    region: Region | None = None
    retain_data: bool
    log_retention_days: Annotated[int, AfterValidator(_is_retention)]
    log_level: Literal["DEBUG", "INFO", "WARN", "ERROR"] = "INFO"
    cors_origins: tuple[Origin, ...] = ()
    """Origins of partners' pages that may call the API and upload documents."""
    requests_per_second: Annotated[int, Field(ge=1)]
    request_burst: Annotated[int, Field(ge=1)]
    calls_per_minute: Annotated[int, Field(ge=1)] | None = None
    """How many calls one client may make a minute; without it no limit."""
    require_mfa: bool
    threat_protection: bool
    archive_days: Annotated[int, Field(ge=1)] | None = None
    """How long the bus archives events for a replay."""
    canary: bool = False
    """Whether a release first serves a tenth of the calls, and is rolled back when alarms fire."""
    audit_days: Annotated[int, Field(ge=1)] = 7 * 365
    """How long an audit record can be neither changed nor deleted; HIPAA requires six years."""
    scan_documents: bool
    """Whether GuardDuty scans documents for malware before they can be downloaded."""
    memory_mb: Annotated[int, Field(ge=256, le=10240)] = 512
    http_timeout_seconds: Annotated[int, Field(ge=3, le=29)] = 15
    event_timeout_seconds: Annotated[int, Field(ge=10, le=900)] = 60
    alarm_email: Email | None = None
    page_email: Email | None = None
    """The address that receives alarms that need a person now; without it ``alarm_email``."""
    monthly_budget: Annotated[int, Field(ge=1)] | None = None
    """Dollars a month for the account; 80% of it and a forecast above it notify ``alarm_email``."""
    portal_origins: tuple[Origin, ...] = ()
    """Further origins of the portal, besides that of its distribution: those of this machine."""
    identity: IdentityConfig = IdentityConfig()
    portal: PortalConfig = PortalConfig()
    api: ApiConfig = ApiConfig()
    edge: EdgeConfig | None = None
    """Without it, the API is also reachable at its own address, without CloudFront and AWS WAF."""
    backup: BackupConfig | None = None
    """Without it, point-in-time recovery is the only backup."""
    history_lock_days: Annotated[int, Field(ge=1)] | None = None
    """How long the history of a request past retention can be neither changed nor deleted."""
    restored: RestoredConfig = RestoredConfig()
    vendors: Mapping[VendorId, Account] = Field(default_factory=dict)
    """The AWS account that may put a vendor's determinations on the bus, by vendor id."""

    @property
    def password_sign_in(self) -> bool:
        """Whether a client without pages can sign in users by password: for fictitious users only."""
        return not self.retain_data

    @property
    def removal_policy(self) -> RemovalPolicy:
        """Whether data and logs are retained or deleted with the stack or the resource.

        A failed first deployment deletes what it created, which is empty, so that it can be repeated.
        """
        if self.retain_data:
            return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        return RemovalPolicy.DESTROY

    @property
    def log_retention(self) -> RetentionDays:
        """The retention of logs, as the CDK names it."""
        return _RETENTION[self.log_retention_days]


REQUIRED_FOR_PHI: Final[dict[tuple[str, ...], str]] = {
    ("account",): "the AWS account with 12 digits, so that no other one is deployed to",
    ("region",): "the AWS Region",
    ("alarm_email",): "the address that receives alarms",
    ("monthly_budget",): "the dollars a month above which alarm_email is notified",
    ("backup", "second_region_vault"): "the backup vault in another Region",
    ("backup", "second_account_vault"): "the backup vault in another account",
    ("portal", "domain"): "the domain of portal and API",
    ("portal", "certificate_arn"): "the domain's ACM certificate in us-east-1",
    ("edge", "origin_domain"): "the domain at which CloudFront calls the API",
    ("edge", "origin_certificate_arn"): "the ACM certificate of that domain in the Region",
}
"""Values without which a stage that retains data cannot be deployed, and their meaning."""
SHIPPED_FOR_PHI: Final[dict[tuple[str, ...], str]] = {
    (
        "archive_days",
    ): "how long the bus archives events, without which no vendor's report is replayed",
    ("history_lock_days",): "how long the history of requests past retention is locked",
    ("calls_per_minute",): "how many calls one client may make a minute",
}
"""As :data:`REQUIRED_FOR_PHI`; ``config/prod.toml`` has values that suit most plans."""
_MISSING: Final = "missing: "
_SAFEGUARDS: Final = ("require_mfa", "scan_documents")
_SIX_YEARS: Final = 6 * 365 + 2


def stage_file(name: str) -> Path:
    """Return the path of a stage's file."""
    return ROOT / "config" / f"{name}.toml"


def read_stage(name: str, file: Path | None = None) -> StageConfig:
    """Return the configuration of a stage.

    Raises:
        StageConfigError: the file is missing or not valid; the message names every error.
    """
    file = file or stage_file(name)
    shown = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(one.stem for one in stage_file(name).parent.glob("*.toml")))
        raise StageConfigError(f"{shown} does not exist; stages with a file: {known}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StageConfigError(f"{shown}: not valid TOML: {error}") from None
    return parse_stage(name, values, source=str(shown))


def parse_stage(name: str, values: Mapping[str, Any], *, source: str) -> StageConfig:
    """Return the configuration of a stage from the values of its file.

    Raises:
        StageConfigError: a value is missing, a placeholder, or not valid; the message names every one.
    """
    errors = {path: _placeholder(value) for path, value in _placeholders(values)}
    stage: StageConfig | None = None
    try:
        stage = StageConfig.model_validate({"name": name, **values})
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False, include_input=False):
            errors.setdefault(one["loc"], one["msg"].removeprefix("Value error, "))
    for path, message in _safeguards(values):
        if path not in errors or message.startswith(_MISSING):
            errors[path] = message
    if errors or stage is None:
        lines = (f"{source}: {'.'.join(map(str, path))}: {text}" for path, text in errors.items())
        raise StageConfigError("\n".join(lines))
    return stage


def _placeholder(value: str) -> str:
    return f"replace the placeholder {value!r}"


def _placeholders(
    values: Mapping[str, Any], *parents: str
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _placeholders(value, *parents, key)
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and PLACEHOLDER in one:
                yield (*parents, key), one


def _safeguards(values: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield an error for each safeguard that a stage that retains data, and so has PHI, lacks."""
    if values.get("retain_data") is not True:
        return
    for path, meaning in (REQUIRED_FOR_PHI | SHIPPED_FOR_PHI).items():
        found: Any = values
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        if not found:
            yield path, f"{_MISSING}{meaning}"
    for name in _SAFEGUARDS:
        if values.get(name) is False:
            yield (name,), "must be true where retain_data is true"
    yield from _places_of_backups(values)
    edge = values.get("edge")
    certificate = str(edge.get("origin_certificate_arn", "")) if isinstance(edge, Mapping) else ""
    region = certificate.split(":")[3:4]
    if certificate.startswith("arn:") and region != [values.get("region")]:
        yield ("edge", "origin_certificate_arn"), f"must be in {values.get('region')}, as the API"
    days = values.get("audit_days", _SIX_YEARS)
    if isinstance(days, int) and days < _SIX_YEARS:
        yield (
            ("audit_days",),
            f"must be at least {_SIX_YEARS}, six years, where retain_data is true",
        )


def _places_of_backups(
    values: Mapping[str, Any],
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield an error for a copy in the same Region or account, which is lost with the backup."""
    backup = values.get("backup")
    if not isinstance(backup, Mapping):
        return
    for name, part, own in (
        ("second_region_vault", 3, "region"),
        ("second_account_vault", 4, "account"),
    ):
        found = str(backup.get(name, "")).split(":")
        if len(found) > part and found[part] == values.get(own):
            yield ("backup", name), f"must be in another {own} than {values[own]}"
    if backup.get("lock", "governance") != "compliance":
        yield ("backup", "lock"), 'must be "compliance" where retain_data is true'
