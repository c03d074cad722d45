"""SMART Backend Services: a token for an assertion, and FHIR calls with tokens of two issuers."""

from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from functions.smart import handler as smart
from precert.api.operation import FHIR_JSON
from precert.domain.clients import RegisteredClient
from precert.names import WRITE_SCOPE, Entitlement, Env
from precert.settings import Settings
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import actions, claim
from tests.adapters.smart_clients import (
    BASE,
    CLIENT_ID,
    FHIR_URL,
    FORM,
    ISSUER,
    REFUSED,
    TOKEN_URL,
    USER_CLIENT,
    USER_ISSUER,
    SmartClient,
    authorized,
    ec_key,
    ehr,
    fhir_call,
    public_jwk,
    registered,
    rights,
    rsa_key,
    serve,
)
from tests.fakes.samples import BOWEL_SURGERY
from tools.fhir_validator import pas_validator

__all__ = ["ehr"]
SUBMIT = "/fhir/r4/Claim/$submit"


def get(cloud: Cloud, path: str, **headers: str) -> Reply:
    return cloud.call(smart, "GET", path, authorizer={}, by={}, query=None, raw=None, **headers)


def test_token_permits_a_submission_when_the_assertion_is_valid(ehr: SmartClient) -> None:
    reply = ehr.request_token()
    assert reply.status == 200, reply.text
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.body["token_type"] == "bearer"
    assert (reply.body["expires_in"], reply.body["scope"]) == (300, "system/Claim.cs")
    token = reply.body["access_token"]
    (key,) = get(ehr.cloud, "/oauth/jwks.json").body["keys"]
    claims = jwt.decode(
        token,
        jwt.PyJWK.from_dict(key),
        algorithms=["RS256"],
        audience=FHIR_URL,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert (claims["iss"], claims["sub"], claims["exp"]) == (ISSUER, CLIENT_ID, ehr.now + 300)
    answer = fhir_call(ehr.cloud, token, SUBMIT, claim(BOWEL_SURGERY))
    assert actions(answer) == ["A4"]
    (record,) = ehr.cloud.audit.records.values()
    assert (record.subject, record.client_id) == (CLIENT_ID, CLIENT_ID)


def test_token_is_issued_when_the_key_is_of_an_elliptic_curve(ehr: SmartClient) -> None:
    ehr.cloud.deps.clients.store(registered(ec_key(), kid="ec"))
    signer = SmartClient(ehr.cloud, key=ec_key(), kid="ec", algorithm="ES384")
    assert signer.request_token().status == 200


def test_key_is_found_when_it_was_added_at_the_address_of_the_keys(ehr: SmartClient) -> None:
    served = {"keys": [public_jwk(rsa_key(), "key-1")]}
    read = serve(ehr.cloud, served).read
    url = "https://ehr.example.org/jwks.json"
    ehr.cloud.deps.clients.store(registered(jwks_url=url))
    assert (ehr.request_token().status, ehr.request_token().status, read) == (200, 200, [url])
    served["keys"] = [public_jwk(rsa_key(number=2), "key-2")]
    new = SmartClient(ehr.cloud, key=rsa_key(number=2), kid="key-2")
    assert new.request_token().status == 401
    ehr.cloud.clock.pass_by(seconds=30)
    assert (new.request_token().status, read) == (200, [url, url])
    # The replaced key is refused with the same reading.
    assert ehr.request_token().status == 401


def test_removed_key_is_refused_when_five_minutes_have_passed(ehr: SmartClient) -> None:
    served = {"keys": [public_jwk(rsa_key(), "key-1")]}
    serve(ehr.cloud, served)
    ehr.cloud.deps.clients.store(registered(jwks_url="https://ehr.example.org/jwks.json"))
    assert ehr.request_token().status == 200
    served["keys"] = [public_jwk(rsa_key(number=2), "key-2")]
    ehr.cloud.clock.pass_by(minutes=5)
    assert ehr.request_token().status == 401


@pytest.mark.parametrize(
    ("registration", "requested", "granted"),
    [
        ("system/Claim.cs", "system/Claim.c", "system/Claim.c"),
        ("system/Claim.cs", "system/*.cruds", "system/Claim.cs"),
        ("system/Claim.cs", "system/Claim.write", "system/Claim.c"),
        ("system/Claim.cs", "system/Claim.* openid user/Claim.c", "system/Claim.cs"),
        ("system/*.cruds", "system/Claim.read system/Claim.c", "system/Claim.crs"),
        ("system/*.rs", "system/*.cruds", "system/*.rs"),
    ],
)
def test_scopes_are_those_registered_when_more_are_requested(
    ehr: SmartClient, registration: str, requested: str, granted: str
) -> None:
    ehr.cloud.deps.clients.store(registered(scopes=(registration,)))
    assert ehr.request_token(scope=requested).body["scope"] == granted


def test_submission_is_refused_when_the_token_may_only_inquire(ehr: SmartClient) -> None:
    token = ehr.token(scope="system/Claim.s")
    answer = fhir_call(ehr.cloud, token, SUBMIT, claim(BOWEL_SURGERY))
    assert answer.status == 403
    assert "system/Claim.c" in answer.text
    inquiry = fhir_call(ehr.cloud, token, "/fhir/r4/Claim/$inquire", claim(BOWEL_SURGERY))
    assert inquiry.status != 403


def test_call_is_refused_within_a_minute_when_the_client_is_revoked(ehr: SmartClient) -> None:
    token = ehr.token()
    cached = authorized(token)
    fhir_call(ehr.cloud, token, SUBMIT, claim(BOWEL_SURGERY))
    ehr.cloud.deps.clients.remove(registered())
    ehr.cloud.deps.grants.store(rights().minus(rights()))
    assert ehr.request_token().status == 401
    ehr.cloud.clock.pass_by(seconds=60)
    assert fhir_call(ehr.cloud, token, SUBMIT, claim(), answer=cached).status == 403


def test_answer_is_401_when_the_token_has_expired(ehr: SmartClient) -> None:
    token = ehr.token()
    cached = authorized(token)
    ehr.cloud.clock.pass_by(minutes=5)
    for answer in (None, cached):
        reply = fhir_call(ehr.cloud, token, SUBMIT, claim(), answer=answer)
        assert reply.status == 401
        assert reply.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        assert reply.headers["Content-Type"] == FHIR_JSON
        assert reply.body["issue"][0]["code"] == "login"


def user_token(ehr: SmartClient, **changes: Any) -> str:
    claims = {
        "iss": USER_ISSUER,
        "sub": USER_CLIENT,
        "client_id": USER_CLIENT,
        "token_use": "access",
        "scope": WRITE_SCOPE,
        "exp": ehr.now + 3600,
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, rsa_key(number=3), algorithm="RS256", headers={"kid": "pool"})


def serve_user_keys(ehr: SmartClient) -> None:
    documents = {
        f"{USER_ISSUER}/.well-known/openid-configuration": {"jwks_uri": f"{USER_ISSUER}/keys"},
        f"{USER_ISSUER}/keys": {"keys": [public_jwk(rsa_key(number=3), "pool")]},
    }
    serve(ehr.cloud, documents, by_url=True)


def test_submission_is_accepted_when_the_token_is_of_the_users_issuer(ehr: SmartClient) -> None:
    serve_user_keys(ehr)
    granted = rights(USER_CLIENT).model_copy(update={"issuer": USER_ISSUER})
    ehr.cloud.deps.grants.store(granted)
    answer = fhir_call(ehr.cloud, user_token(ehr), SUBMIT, claim(BOWEL_SURGERY))
    assert actions(answer) == ["A4"]


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "unknown-client"},
        {"aud": "unknown-client"},
        {"iss": "https://users.example.org/other"},
        {"scope": "openid"},
        {"scope": None},
        {"exp": None},
        {"exp": "soon"},
    ],
)
def test_token_of_the_users_issuer_is_refused_when_it_is_not_for_this_api(
    ehr: SmartClient, changes: dict[str, Any]
) -> None:
    serve_user_keys(ehr)
    assert authorized(user_token(ehr))["isAuthorized"] is True
    assert authorized(user_token(ehr, **changes)) == REFUSED


def test_tokens_name_the_address_of_partners_when_it_was_called(ehr: SmartClient) -> None:
    """Mutual TLS: the token endpoint has another address there, the tokens have the same audience."""
    domain = "partners.example.org"
    ehr.cloud.deps.settings = Settings(
        {**ehr.cloud.deps.settings.environ, Env.PARTNERS_DOMAIN: domain}
    )
    path, address = "/fhir/r4/.well-known/smart-configuration", f"https://{domain}/oauth/token"
    found = ehr.cloud.call(smart, "GET", path, authorizer={}, by={}, domain=domain)
    assert found.body["token_endpoint"] == address
    assert get(ehr.cloud, path).body["token_endpoint"] == TOKEN_URL

    def ask(audience: str, called: str | None) -> Reply:
        form = urlencode(ehr.form(client_assertion=ehr.assertion(aud=audience)))
        return ehr.cloud.call(
            smart,
            "POST",
            "/oauth/token",
            authorizer={},
            by={},
            raw=form,
            domain=called,
            content_type=FORM,
        )

    # An assertion is for the address that was called.
    assert [ask(address, domain).status, ask(TOKEN_URL, None).status] == [200, 200]
    assert [ask(address, None).status, ask("https://other.example/token", domain).status] == [
        401,
        401,
    ]
    assert authorized(ask(address, domain).body["access_token"])["isAuthorized"] is True


@pytest.mark.parametrize(
    "path",
    [
        "/fhir/r4/metadata",
        "/fhir/r4/.well-known/smart-configuration",
        "/oauth/.well-known/openid-configuration",
        "/oauth/jwks.json",
    ],
)
def test_document_is_revalidated_when_a_client_has_it(ehr: SmartClient, path: str) -> None:
    first = get(ehr.cloud, path)
    assert first.status == 200
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    again = get(ehr.cloud, path, if_none_match=first.headers["ETag"])
    assert (again.status, again.text) == (304, "")
    assert ehr.cloud.audit.records == {}


def test_smart_configuration_names_what_clients_use_when_it_is_read(ehr: SmartClient) -> None:
    found = get(ehr.cloud, "/fhir/r4/.well-known/smart-configuration").body
    assert found["token_endpoint"] == TOKEN_URL
    assert found["issuer"] == ISSUER
    assert found["jwks_uri"] == f"{BASE}/oauth/jwks.json"
    assert found["grant_types_supported"] == ["client_credentials"]
    assert found["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert found["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert "client-confidential-asymmetric" in found["capabilities"]
    assert "system/Claim.cus" in found["scopes_supported"]


def test_capability_statement_is_valid_when_it_is_read(ehr: SmartClient) -> None:
    reply = get(ehr.cloud, "/fhir/r4/metadata")
    assert reply.headers["Content-Type"] == FHIR_JSON
    assert pas_validator().findings(reply.body) == []
    found = reply.body
    assert (found["kind"], found["fhirVersion"], found["status"]) == ("instance", "4.0.1", "active")
    assert found["implementation"]["url"] == FHIR_URL
    (rest,) = found["rest"]
    assert rest["mode"] == "server"
    (service,) = rest["security"]["service"]
    assert service["coding"][0]["code"] == "SMART-on-FHIR"
    claim_entry = next(one for one in rest["resource"] if one["type"] == "Claim")
    assert {one["name"] for one in claim_entry["operation"]} >= {"submit", "inquire"}


def test_subscriptions_are_in_the_capability_statement_when_it_is_read(ehr: SmartClient) -> None:
    found = get(ehr.cloud, "/fhir/r4/metadata").body
    entry = next(one for one in found["rest"][0]["resource"] if one["type"] == "Subscription")
    (topic,) = entry["extension"]
    assert topic["valueCanonical"].endswith("/SubscriptionTopic/PASSubscriptionTopic")
    assert {one.rpartition("/")[2] for one in entry["supportedProfile"]} == {
        *("profile-subscription", "backport-subscription"),
    }
    assert {one["code"] for one in entry["interaction"]} == {
        *("create", "read", "update", "delete", "search-type"),
    }
    assert {one["name"] for one in entry["operation"]} == {"status", "events"}
    assert {one["name"] for one in entry["searchParam"]} == {"url", "status"}
    assert any(one.endswith("backport-subscription-server-r4") for one in found["instantiates"])


def test_token_is_issued_when_the_answer_of_the_table_was_lost(ehr: SmartClient) -> None:
    ehr.cloud.wire.lose_answer("UpdateItem")
    assert ehr.request_token().status == 200


def test_answer_is_503_when_the_key_does_not_answer(ehr: SmartClient) -> None:
    ehr.token()
    ehr.cloud.wire.fail("Sign", "KMSInternalException")
    reply = ehr.request_token()
    assert (reply.status, reply.headers["Retry-After"]) == (503, "2")


def test_assertion_is_accepted_again_when_the_key_did_not_answer(ehr: SmartClient) -> None:
    assertion = ehr.assertion()
    ehr.cloud.wire.fail("Sign", "KMSInternalException")
    assert [ehr.request_token(client_assertion=assertion).status for _ in range(3)] == [
        503,
        200,
        401,
    ]


def test_log_has_no_assertion_when_a_token_is_refused(ehr: SmartClient) -> None:
    assertion = ehr.assertion(aud="https://other.example.org")
    ehr.request_token(client_assertion=assertion)
    token = ehr.token()
    log = ehr.cloud.log.getvalue()
    assert "token_refused" in log
    assert assertion.rpartition(".")[2] not in log
    assert token.rpartition(".")[2] not in log


def test_client_without_a_grant_does_nothing_when_it_has_a_token(ehr: SmartClient) -> None:
    ehr.cloud.deps.grants.store(rights().minus(rights()))
    assert fhir_call(ehr.cloud, ehr.token(), SUBMIT, claim()).status == 403
    assert Entitlement.PATIENT_SEARCH in rights().entitlements


def test_registration_is_the_same_when_it_is_read(ehr: SmartClient) -> None:
    store = ehr.cloud.deps.clients
    client = registered(cds_hooks_issuer="https://ehr.example.org")
    store.store(client)
    assert store.read(CLIENT_ID) == client
    assert store.of_cds_hooks("https://ehr.example.org") == client
    store.store(registered(cds_hooks_issuer="https://new.example.org"))
    assert store.of_cds_hooks("https://ehr.example.org") is None
    assert isinstance(store.of_cds_hooks("https://new.example.org"), RegisteredClient)
