"""The portal's runtime configuration, ``/config.json``. The built files are the same for all stages."""

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
    """Return the content of ``/config.json`` for a deployment with these stack outputs.

    ``sign_in_url`` is the URL of the sign-in pages, if it is not that of the output: locally, the
    emulator serves them. ``sample_users`` are shown on the local sign-in page.
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
    """Return Cognito's endpoints, so that the portal does not have to request its metadata.

    The sign-out endpoint is separate, as it differs from OpenID Connect: it expects ``client_id`` and
    ``logout_uri``.
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
