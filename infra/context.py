"""Read the deployer's options: command line or ``--context``, then the stage's defaults."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from infra.config import STAGES, IdentityConfig, PortalConfig, StageConfig


def stage_config(name: str, context: Mapping[str, Any]) -> StageConfig:
    """Return the stage's configuration with the values that the context overrides.

    Known keys: ``cors_origins``, ``oidc_audiences`` and ``portal_oidc_origins`` (comma separated),
    ``alarm_email``, ``oidc_issuer``, ``entitlements_claim``, ``tins_claim``, ``plans_claim``,
    ``vendors_claim``, ``vendors`` (``VENDOR=account``, comma separated), ``scan_documents``
    (``on`` or ``off``), ``portal_client_id``, ``portal_domain``, ``portal_certificate_arn``,
    ``portal_web_acl_arn``.
    """
    if name not in STAGES:
        raise ValueError(f"unknown stage {name!r}; must be one of {', '.join(sorted(STAGES))}")
    stage = replace(STAGES[name], identity=_identity(context), portal=_portal(context))
    if origins := context.get("cors_origins"):
        stage = replace(stage, cors_origins=_listed(origins))
    if email := context.get("alarm_email"):
        stage = replace(stage, alarm_email=str(email))
    if vendors := context.get("vendors"):
        stage = replace(stage, vendors=tuple(_vendor(pair) for pair in _listed(vendors)))
    if scan := context.get("scan_documents"):
        stage = replace(stage, scan_documents=_switch("scan_documents", scan))
    return stage


def _switch(name: str, value: str) -> bool:
    if value not in ("on", "off"):
        raise ValueError(f"{name} must be on or off, not {value!r}")
    return value == "on"


def _identity(context: Mapping[str, Any]) -> IdentityConfig:
    claims = {f.name for f in fields(IdentityConfig) if f.name.endswith("_claim")}
    claim_names = {name: str(context[name]) for name in sorted(claims) if context.get(name)}
    return IdentityConfig(
        issuer=context.get("oidc_issuer"),
        audiences=_listed(context.get("oidc_audiences") or ""),
        portal_client_id=context.get("portal_client_id"),
        portal_origins=_listed(context.get("portal_oidc_origins") or ""),
        **claim_names,
    )


def _portal(context: Mapping[str, Any]) -> PortalConfig:
    return PortalConfig(
        domain=context.get("portal_domain"),
        certificate_arn=context.get("portal_certificate_arn"),
        web_acl_arn=context.get("portal_web_acl_arn"),
    )


def _vendor(pair: str) -> tuple[str, str]:
    vendor_id, _, account = pair.partition("=")
    if not vendor_id or not (account.isdigit() and len(account) == 12):
        raise ValueError(f"vendors must have the form VENDOR=123456789012, not {pair!r}")
    return vendor_id, account


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())
