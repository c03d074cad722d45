"""The portal's runtime configuration, ``/config.json``; the built portal is the same for all stages."""

from collections.abc import Iterable, Mapping
from typing import Any

from precert.domain.payer import Payer


def portal_configuration(
    *,
    outputs: Mapping[str, str],
    stage: str,
    payer: Payer,
    sign_in_url: str | None = None,
    sample_users: Iterable[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Return the configuration of a deployment with these stack outputs.

    ``sign_in_url`` replaces the address of Cognito's sign-in pages: locally the emulator has them.
    """
    pages = sign_in_url or outputs.get("PortalSignInUrl")
    users = [dict(user) for user in sample_users]
    return {
        "authority": outputs["PortalAuthority"],
        "client_id": outputs["PortalClientId"],
        "scope": outputs["PortalScope"],
        **(_cognito(outputs["PortalAuthority"], pages) if pages else {}),
        "api_base": "",
        "stage": stage,
        "payer": {
            "name": payer.name,
            "phone": payer.provider_services.phone,
            "time_zone": payer.time_zone,
            "logo": payer.branding.logo,
            "colors": {
                "primary": payer.branding.accent_color,
                "primary_dark": payer.branding.accent_color_dark,
            },
        },
        **({"sample_users": users} if users else {}),
    }


def _cognito(issuer: str, pages: str) -> dict[str, Any]:
    """Name Cognito's endpoints, which saves the portal a request.

    Its sign-out endpoint is no OpenID Connect one: it expects ``client_id`` and ``logout_uri``.
    """
    return {
        "logout_uri": f"{pages}/logout",
        "metadata": {
            "issuer": issuer,
            "authorization_endpoint": f"{pages}/oauth2/authorize",
            "token_endpoint": f"{pages}/oauth2/token",
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
        },
    }
