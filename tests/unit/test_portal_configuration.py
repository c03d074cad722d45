"""The portal's runtime configuration, and the payer's branding in it."""

from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import ValidationError

from precert.domain.branding import Branding, contrast
from precert.domain.payer import Payer
from tests.fakes.samples import payer as sample_payer
from tools.portal_configuration import portal_configuration

PAYER: Final = sample_payer()
COGNITO: Final = {
    "PortalAuthority": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_1",
    "PortalClientId": "abc",
    "PortalScope": "openid precert/read precert/write",
    "PortalSignInUrl": "https://precert-dev-1a2b3c4d.auth.us-east-1.amazoncognito.com",
}
OWN: Final = {
    "PortalAuthority": "https://login.example.com/payer",
    "PortalClientId": "portal",
    "PortalScope": "openid precert.read",
}
DATA: Final = Path(__file__).resolve().parents[2] / "data" / "payer"


def configuration(outputs: dict[str, str], payer: Payer = PAYER, **more: Any) -> dict[str, Any]:
    return portal_configuration(outputs=outputs, stage="dev", payer=payer, **more)


def test_cognitos_endpoints_are_named_when_the_pool_is_the_stacks() -> None:
    found = configuration(COGNITO)
    pages = COGNITO["PortalSignInUrl"]
    assert (found["authority"], found["client_id"]) == (COGNITO["PortalAuthority"], "abc")
    assert found["metadata"]["issuer"] == COGNITO["PortalAuthority"]
    assert found["metadata"]["token_endpoint"] == f"{pages}/oauth2/token"
    assert found["logout_uri"] == f"{pages}/logout"
    assert "sample_users" not in found


def test_discovery_document_is_used_when_the_payer_has_its_own_issuer() -> None:
    found = configuration(OWN)
    assert found["authority"] == OWN["PortalAuthority"]
    assert found["scope"] == "openid precert.read"
    assert not {"metadata", "logout_uri"} & set(found)


def test_sign_in_pages_of_the_emulator_are_named_when_the_cloud_is_local() -> None:
    users = [{"username": "provider", "password": "x", "description": "a provider"}]
    found = configuration(COGNITO, sign_in_url="http://127.0.0.1:4566", sample_users=users)
    assert found["metadata"]["authorization_endpoint"] == "http://127.0.0.1:4566/oauth2/authorize"
    assert found["sample_users"] == users


def test_portal_shows_the_payers_branding_when_it_starts() -> None:
    payer = configuration(COGNITO)["payer"]
    assert (payer["name"], payer["phone"]) == (PAYER.name, PAYER.provider_services.phone)
    assert payer["time_zone"] == PAYER.time_zone
    assert payer["logo"] == "/payer/logo.svg"
    assert payer["colors"] == {
        "primary": PAYER.branding.accent_color,
        "primary_dark": PAYER.branding.accent_color_dark,
    }


def test_no_logo_is_shown_when_the_payer_has_none() -> None:
    payer = PAYER.model_copy(update={"branding": Branding()})
    assert configuration(COGNITO, payer)["payer"]["logo"] is None


def test_logo_exists_when_the_sample_payer_names_one() -> None:
    assert PAYER.branding.logo_file is not None
    assert (DATA / PAYER.branding.logo_file).is_file()


@pytest.mark.parametrize(
    ("color", "expected"), [("#000000", 21.0), ("#ffffff", 1.0), ("#767676", 4.54)]
)
def test_contrast_is_that_of_wcag_when_it_is_computed(color: str, expected: float) -> None:
    assert contrast(color, "#ffffff") == pytest.approx(expected, abs=0.01)
    assert contrast("#ffffff", color) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"accent_color": "#777777"}, "4.5 or more against #ffffff; #777777 has 4.48"),
        ({"accent_color_dark": "#0b5c7a"}, "4.5 or more against #1e1e1e"),
        ({"accent_color": "#ABCDEF"}, "pattern"),
        ({"accent_color": "teal"}, "pattern"),
        ({"logo": "/payer/../payer.json"}, "pattern"),
        ({"logo": "https://a.example/logo.svg"}, "pattern"),
    ],
)
def test_branding_is_rejected_when_it_is_unreadable_or_elsewhere(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Branding.model_validate(changes)
