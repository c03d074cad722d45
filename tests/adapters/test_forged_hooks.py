"""Tokens of CDS Hooks calls: who signed them, for which service, and once."""

from typing import Any, Final

import pytest

from precert.domain.clients import NotVerifiedError
from precert.usecases.smart import verified_cds_client
from tests.adapters.smart_clients import (
    CLIENT_ID,
    FORM,
    TOKEN_URL,
    SmartClient,
    ehr,
    post,
    registered,
)

__all__ = ["ehr"]

CDS_ISSUER: Final = "https://ehr.example.org/cds"
SERVICE: Final = "https://api.example.org/cds-services/order-sign"


def cds_jwt(client: SmartClient, **changes: Any) -> str:
    claims = {"iss": CDS_ISSUER, "sub": None, "aud": SERVICE, "iat": client.now, **changes}
    return client.assertion(**claims)


def verify_cds(client: SmartClient, token: str) -> str:
    return client.cloud.deps.call(verified_cds_client, token, audience=SERVICE).client_id


def test_client_of_a_cds_hooks_call_is_known_when_its_jwt_is_valid(ehr: SmartClient) -> None:
    ehr.cloud.deps.clients.store(registered(cds_hooks_issuer=CDS_ISSUER))
    token = cds_jwt(ehr)
    assert verify_cds(ehr, token) == CLIENT_ID
    with pytest.raises(NotVerifiedError, match="already used"):
        verify_cds(ehr, token)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": CLIENT_ID},
        {"iss": "https://unknown.example.org"},
        {"aud": "https://api.example.org/cds-services/order-select"},
        {"aud": TOKEN_URL},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"jti": None},
    ],
)
def test_cds_hooks_call_is_refused_when_its_jwt_is_not_valid(
    ehr: SmartClient, changes: dict[str, Any]
) -> None:
    ehr.cloud.deps.clients.store(registered(cds_hooks_issuer=CDS_ISSUER))
    with pytest.raises(NotVerifiedError):
        verify_cds(ehr, cds_jwt(ehr, **changes))


def test_jwt_of_a_cds_hooks_call_gets_no_token_when_it_is_used_as_assertion(
    ehr: SmartClient,
) -> None:
    ehr.cloud.deps.clients.store(registered(cds_hooks_issuer=CDS_ISSUER))
    assert ehr.request_token(client_assertion=cds_jwt(ehr)).status == 401
    assert FORM in post(ehr.cloud, "", content_type="text/plain").body["error_description"]
