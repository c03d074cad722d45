"""Reads the deployer's choices: command line or ``--context`` over the stage's defaults."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from infra.config import STAGES, IdentityConfig, StageConfig


def stage_config(name: str, context: Mapping[str, Any]) -> StageConfig:
    """The stage's configuration with what the context overrides.

    Known keys: ``cors_origins`` and ``oidc_audiences`` (comma separated), ``alarm_email``,
    ``oidc_issuer``, ``entitlements_claim``, ``tins_claim``, ``plans_claim``.
    """
    if name not in STAGES:
        raise ValueError(f"unknown stage {name!r}; there are {', '.join(sorted(STAGES))}")
    stage = replace(STAGES[name], identity=_identity(context))
    if origins := context.get("cors_origins"):
        stage = replace(stage, cors_origins=_listed(origins))
    if email := context.get("alarm_email"):
        stage = replace(stage, alarm_email=str(email))
    return stage


def _identity(context: Mapping[str, Any]) -> IdentityConfig:
    claims = {f.name for f in fields(IdentityConfig) if f.name.endswith("_claim")}
    given = {name: str(context[name]) for name in sorted(claims) if context.get(name)}
    return IdentityConfig(
        issuer=context.get("oidc_issuer"),
        audiences=_listed(context.get("oidc_audiences") or ""),
        **given,
    )


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())
