"""Forged assertions and access tokens: none is accepted, and none uses up a valid assertion's id."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256, sha384
from hmac import digest
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from functions.status import handler as status
from precert.api.operation import FHIR_JSON, Operation
from precert.names import Access
from tests.adapters.calls import Reply
from tests.adapters.pas_calls import claim
from tests.adapters.smart_clients import (
    CLIENT_ID,
    FHIR_URL,
    ISSUER,
    TOKEN_URL,
    SmartClient,
    authorized,
    ec_key,
    ehr,
    fhir_call,
    post,
    public_jwk,
    registered,
    rights,
    rsa_key,
    serve,
)
from tools.operations import ALL_ROUTES, access_of

__all__ = ["ehr"]
OTHER: Final = "other-ehr-55aa"
Forge = Callable[[SmartClient], str]


def encoded(value: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def by_hand(head: Mapping[str, Any], claims: Mapping[str, Any], signature: bytes = b"") -> str:
    end = urlsafe_b64encode(signature).decode().rstrip("=")
    return f"{encoded(head)}.{encoded(claims)}.{end}"


def with_public_key_as_secret(client: SmartClient, algorithm: str = "HS384") -> str:
    pem = client.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head, claims = {"alg": algorithm, "typ": "JWT", "kid": "key-1"}, client.claims()
    hashed = sha384 if algorithm == "HS384" else sha256
    signature = digest(pem, f"{encoded(head)}.{encoded(claims)}".encode(), hashed)
    return by_hand(head, claims, signature)


def signed(client: SmartClient, algorithm: str, key: Any = None, **headers: Any) -> str:
    head = {"kid": "key-1", **headers}
    return jwt.encode(client.claims(), key or client.key, algorithm=algorithm, headers=head)


def tampered(token: str, **changes: Any) -> str:
    head, claims, signature = token.split(".")
    found = json.loads(urlsafe_b64decode(claims + "=="))
    return f"{head}.{encoded({**found, **changes})}.{signature}"


def with_own_key(client: SmartClient) -> str:
    own = rsa_key(number=9)
    return signed(client, "RS384", own, jwk=public_jwk(own, "key-1"))


def of_other_client(client: SmartClient) -> str:
    """Another registered client signs with its own key for this one."""
    key = rsa_key(number=2)
    client.cloud.deps.clients.store(registered(key, client_id=OTHER, kid="other-key"))
    return jwt.encode(client.claims(), key, algorithm="RS384", headers={"kid": "other-key"})


def with_kid_of_other_client(client: SmartClient) -> str:
    key = rsa_key(number=2)
    client.cloud.deps.clients.store(registered(key, client_id=OTHER, kid="other-key"))
    return client.assertion({"kid": "other-key"})


def used_twice(client: SmartClient) -> str:
    assertion = client.assertion()
    assert client.request_token(client_assertion=assertion).status == 200
    return assertion


def with_used_id(client: SmartClient) -> str:
    assert client.request_token(client_assertion=client.assertion(jti="same")).status == 200
    return client.assertion(jti="same")


def of_revoked_client(client: SmartClient) -> str:
    client.cloud.deps.clients.remove(registered())
    return client.assertion()


def with_replaced_key(client: SmartClient) -> str:
    client.cloud.deps.clients.store(registered(rsa_key(number=2), kid="key-2"))
    return client.assertion()


def with_replaced_key_of_same_id(client: SmartClient) -> str:
    client.cloud.deps.clients.store(registered(rsa_key(number=2)))
    return client.assertion()


def with_access_token(client: SmartClient) -> str:
    return client.token()


def with_weak_key(client: SmartClient) -> str:
    """The address of the keys serves a key of 1,024 bits, which no registration accepts."""
    weak = rsa.generate_private_key(65537, 1024)
    keys = {"keys": [public_jwk(weak, "key-1")]}
    serve(client.cloud, keys)
    client.cloud.deps.clients.store(registered(jwks_url="https://ehr.example.org/jwks.json"))
    head, claims = {"alg": "RS384", "kid": "key-1"}, client.claims()
    content = f"{encoded(head)}.{encoded(claims)}".encode()
    return by_hand(head, claims, weak.sign(content, PKCS1v15(), SHA384()))


def with_key_of_other_type(client: SmartClient) -> str:
    """The registered key of the id is RSA, the signature ECDSA."""
    return jwt.encode(client.claims(), ec_key(), algorithm="ES384", headers={"kid": "key-1"})


def with_key_of_other_algorithm(client: SmartClient) -> str:
    """The registered key is for RS256 only."""
    key = public_jwk(rsa_key(), "key-1", alg="RS256")
    keys = {"keys": [key]}
    serve(client.cloud, keys)
    client.cloud.deps.clients.store(registered(jwks_url="https://ehr.example.org/jwks.json"))
    return client.assertion()


def with_key_for_encryption(client: SmartClient) -> str:
    keys = {"keys": [public_jwk(rsa_key(), "key-1", use="enc")]}
    serve(client.cloud, keys)
    client.cloud.deps.clients.store(registered(jwks_url="https://ehr.example.org/jwks.json"))
    return client.assertion()


def truncated(client: SmartClient) -> str:
    return client.assertion()[:-8]


ASSERTIONS: Final[Mapping[str, Forge]] = {
    "alg none": lambda c: by_hand({"alg": "none", "kid": "key-1"}, c.claims()),
    "alg none with a signature": lambda c: by_hand(
        {"alg": "none", "kid": "key-1"}, c.claims(), b"signature"
    ),
    "alg missing": lambda c: by_hand({"kid": "key-1"}, c.claims(), b"signature"),
    "alg no text": lambda c: by_hand({"alg": ["RS384"], "kid": "key-1"}, c.claims(), b"x"),
    "HS384 with the public key": with_public_key_as_secret,
    "HS256 with the public key": lambda c: with_public_key_as_secret(c, "HS256"),
    "RS256": lambda c: signed(c, "RS256"),
    "RS512": lambda c: signed(c, "RS512"),
    "PS384": lambda c: signed(c, "PS384"),
    "ES256": lambda c: signed(c, "ES256", ec.generate_private_key(ec.SECP256R1())),
    "ES384 for a key of RSA": with_key_of_other_type,
    "key for another algorithm": with_key_of_other_algorithm,
    "key for encryption": with_key_for_encryption,
    "key of 1,024 bits": with_weak_key,
    "key that is not registered": lambda c: signed(c, "RS384", rsa_key(number=9)),
    "key of another client": of_other_client,
    "kid of another client": with_kid_of_other_client,
    "kid unknown": lambda c: c.assertion({"kid": "key-0"}),
    "kid missing": lambda c: c.assertion({"kid": ""}),
    "jwk in the header": with_own_key,
    "jku in the header": lambda c: c.assertion({"jku": "https://evil.example.org/jwks.json"}),
    "x5u in the header": lambda c: c.assertion({"x5u": "https://evil.example.org/cert.pem"}),
    "x5c in the header": lambda c: c.assertion({"x5c": ["MIIB"]}),
    "crit in the header": lambda c: c.assertion({"crit": ["exp"], "exp": 1}),
    "typ of an access token": lambda c: c.assertion({"typ": "at+jwt"}),
    "aud of another server": lambda c: c.assertion(aud="https://other.example.org/oauth/token"),
    "aud of another stage": lambda c: c.assertion(aud="https://dev.example.org/oauth/token"),
    "aud of the FHIR endpoint": lambda c: c.assertion(aud=FHIR_URL),
    "aud of several servers": lambda c: c.assertion(aud=[TOKEN_URL, "https://other.example.org"]),
    "aud missing": lambda c: c.assertion(aud=None),
    "iss is not sub": lambda c: c.assertion(sub=OTHER),
    "sub missing": lambda c: c.assertion(sub=None),
    "iss missing": lambda c: c.assertion(iss=None),
    "client unknown": lambda c: c.assertion(iss="unknown", sub="unknown"),
    "expired": lambda c: c.assertion(exp=c.now),
    "exp six minutes ahead": lambda c: c.assertion(exp=c.now + 360),
    "exp one second too far ahead": lambda c: c.assertion(exp=c.now + 301),
    "exp far ahead": lambda c: c.assertion(exp=10**18),
    "exp missing": lambda c: c.assertion(exp=None),
    "exp as text": lambda c: c.assertion(exp=str(c.now + 60)),
    "exp true": lambda c: c.assertion(exp=True),
    "nbf in the future": lambda c: c.assertion(nbf=c.now + 60),
    "iat in the future": lambda c: c.assertion(iat=c.now + 60),
    "jti missing": lambda c: c.assertion(jti=None),
    "jti empty": lambda c: c.assertion(jti=""),
    "jti too long": lambda c: c.assertion(jti="j" * 256),
    "the same assertion again": used_twice,
    "another assertion with the same jti": with_used_id,
    "payload changed": lambda c: tampered(c.assertion(), exp=c.now + 200),
    "signature truncated": truncated,
    "signature missing": lambda c: c.assertion().rpartition(".")[0] + ".",
    "two parts": lambda c: c.assertion().rpartition(".")[0],
    "four parts": lambda c: c.assertion() + ".e30",
    "no JWT": lambda _: "not-a-token",
    "client revoked": of_revoked_client,
    "key replaced": with_replaced_key,
    "key replaced under the same id": with_replaced_key_of_same_id,
    "access token": with_access_token,
    "too long": lambda c: c.assertion(padding="x" * 9000),
    "nested deeply": lambda c: by_hand({"alg": "RS384", "kid": "key-1"}, c.claims(), b"x").replace(
        ".", "." + "W" * 3000, 1
    ),
}


@pytest.mark.parametrize("name", ASSERTIONS)
def test_no_token_is_issued_when_the_assertion_is_forged(ehr: SmartClient, name: str) -> None:
    reply = ehr.request_token(client_assertion=ASSERTIONS[name](ehr))
    assert (reply.status, reply.body["error"]) == (401, "invalid_client"), reply.text
    assert reply.headers["Cache-Control"] == "no-store"
    assert "access_token" not in reply.text


def test_id_can_be_used_when_only_forged_assertions_had_it(ehr: SmartClient) -> None:
    forged = jwt.encode(
        ehr.claims(jti="mine"), rsa_key(number=9), algorithm="RS384", headers={"kid": "key-1"}
    )
    assert ehr.request_token(client_assertion=forged).status == 401
    assert ehr.request_token(client_assertion=ehr.assertion(jti="mine")).status == 200


REQUESTS: Final[Mapping[str, tuple[Callable[[SmartClient], Reply], str]]] = {
    "another grant type": (
        lambda c: c.request_token(grant_type="password"),
        "unsupported_grant_type",
    ),
    "an authorization code": (
        lambda c: c.request_token(grant_type="authorization_code"),
        "unsupported_grant_type",
    ),
    "no grant type": (lambda c: c.request_token(grant_type=None), "invalid_request"),
    "another assertion type": (
        lambda c: c.request_token(
            client_assertion_type="urn:ietf:params:oauth:client-assertion-type:saml2"
        ),
        "invalid_client",
    ),
    "no assertion type": (lambda c: c.request_token(client_assertion_type=None), "invalid_client"),
    "no assertion": (
        lambda c: post(c.cloud, urlencode(c.form()).replace("client_assertion=", "x=")),
        "invalid_request",
    ),
    "the id of another client": (lambda c: c.request_token(client_id=OTHER), "invalid_client"),
    "a secret": (lambda c: c.request_token(client_secret="guessed"), "invalid_request"),
    "a password in the header": (
        lambda c: post(c.cloud, urlencode(c.form()), authorization="Basic eDp5"),
        "invalid_request",
    ),
    "a parameter twice": (
        lambda c: post(c.cloud, urlencode([*c.form().items(), ("scope", "system/*.cruds")])),
        "invalid_request",
    ),
    "an assertion twice": (
        lambda c: post(c.cloud, urlencode([*c.form().items(), ("client_assertion", "x")])),
        "invalid_request",
    ),
    "a body of JSON": (
        lambda c: post(c.cloud, json.dumps(c.form()), content_type="application/json"),
        "invalid_request",
    ),
    "JSON named a form": (lambda c: post(c.cloud, json.dumps(c.form())), "invalid_request"),
    "no body": (lambda c: post(c.cloud, ""), "invalid_request"),
    "no content type": (
        lambda c: post(c.cloud, urlencode(c.form()), content_type=""),
        "invalid_request",
    ),
    "a body too large": (lambda c: c.request_token(padding="x" * 40_000), "invalid_request"),
    "a body far too large": (lambda c: c.request_token(padding="x" * 400_000), "invalid_request"),
    "too many parameters": (
        lambda c: c.request_token(**{f"x{number}": "" for number in range(40)}),
        "invalid_request",
    ),
    "no scope": (lambda c: c.request_token(scope=None), "invalid_scope"),
    "a scope of another resource": (
        lambda c: c.request_token(scope="system/Patient.rs"),
        "invalid_scope",
    ),
    "a scope of the API": (lambda c: c.request_token(scope="precert/write"), "invalid_scope"),
    "a scope of users": (lambda c: c.request_token(scope="user/Claim.c openid"), "invalid_scope"),
    "a larger scope": (lambda c: c.request_token(scope="system/Claim.ud"), "invalid_scope"),
}


def test_no_token_is_issued_when_more_scopes_are_requested_than_kms_signs(ehr: SmartClient) -> None:
    ehr.cloud.deps.clients.store(registered(scopes=("system/*.cruds",)))
    names = [f"system/R{chr(97 + at // 26)}{chr(97 + at % 26)}.c" for at in range(300)]
    reply = ehr.request_token(scope=" ".join(names))
    assert (reply.status, reply.body["error"]) == (400, "invalid_scope")
    assert ehr.request_token(scope=" ".join(names[:90])).status == 200


@pytest.mark.parametrize("name", REQUESTS)
def test_no_token_is_issued_when_the_request_is_wrong(ehr: SmartClient, name: str) -> None:
    send, error = REQUESTS[name]
    reply = send(ehr)
    assert (reply.status, reply.body["error"]) == (
        401 if error == "invalid_client" else 400,
        error,
    ), reply.text
    assert "access_token" not in reply.text


def access_claims(client: SmartClient, **changes: Any) -> dict[str, Any]:
    claims = {
        "iss": ISSUER,
        "sub": CLIENT_ID,
        "client_id": CLIENT_ID,
        "aud": FHIR_URL,
        "scope": "system/*.cruds",
        "exp": client.now + 300,
        "iat": client.now,
        "jti": "1",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def signed_by_us(client: SmartClient, **changes: Any) -> str:
    return client.cloud.deps.access_tokens.sign(access_claims(client, **changes))


def signed_elsewhere(client: SmartClient, **headers: Any) -> str:
    (key,) = client.cloud.deps.access_tokens.public_keys()
    head = {"kid": key["kid"], "typ": "at+jwt", **headers}
    return jwt.encode(access_claims(client), rsa_key(number=9), algorithm="RS256", headers=head)


def with_own_public_key(client: SmartClient) -> str:
    (key,) = client.cloud.deps.access_tokens.public_keys()
    head = {"alg": "HS256", "typ": "at+jwt", "kid": key["kid"]}
    claims = access_claims(client)
    signature = digest(
        json.dumps(key).encode(), f"{encoded(head)}.{encoded(claims)}".encode(), sha256
    )
    return by_hand(head, claims, signature)


def of_other_type(client: SmartClient) -> str:
    """Our key, but the type of an assertion: no such token is ever signed."""
    token = signed_by_us(client)
    head, rest = token.split(".", 1)
    found = json.loads(urlsafe_b64decode(head + "=="))
    return f"{encoded({**found, 'typ': 'JWT'})}.{rest}"


ACCESS_TOKENS: Final[Mapping[str, Forge]] = {
    "alg none": lambda c: by_hand({"alg": "none", "typ": "at+jwt"}, access_claims(c)),
    "HS256 with the public key": with_own_public_key,
    "signed by another key": signed_elsewhere,
    "jwk in the header": lambda c: signed_elsewhere(c, jwk=public_jwk(rsa_key(number=9), "k")),
    "kid unknown": lambda c: signed_elsewhere(c, kid="unknown"),
    "the assertion itself": lambda c: c.assertion(),
    "an assertion with the issuer of tokens": lambda c: c.assertion(iss=ISSUER),
    "another type": of_other_type,
    "payload changed": lambda c: tampered(c.token(), scope="system/*.cruds"),
    "another client in the payload": lambda c: tampered(c.token(), sub=OTHER, client_id=OTHER),
    "later exp in the payload": lambda c: tampered(c.token(), exp=c.now + 10**6),
    "signature truncated": lambda c: c.token()[:-6],
    "signature missing": lambda c: c.token().rpartition(".")[0] + ".",
    "of another issuer": lambda c: signed_by_us(c, iss="https://other.example.org/oauth"),
    "of another stage": lambda c: signed_by_us(c, iss="https://dev.example.org/oauth"),
    "for another endpoint": lambda c: signed_by_us(c, aud="https://dev.example.org/fhir/r4"),
    "for the token endpoint": lambda c: signed_by_us(c, aud=TOKEN_URL),
    "for several endpoints": lambda c: signed_by_us(c, aud=[FHIR_URL, TOKEN_URL]),
    "without exp": lambda c: signed_by_us(c, exp=None),
    "with exp as text": lambda c: signed_by_us(c, exp=str(c.now + 60)),
    "with nbf in the future": lambda c: signed_by_us(c, nbf=c.now + 60),
    "with iat in the future": lambda c: signed_by_us(c, iat=c.now + 60),
    "no JWT": lambda _: "not-a-token",
    "nothing": lambda _: "",
}


@pytest.mark.parametrize("name", ACCESS_TOKENS)
def test_call_is_refused_in_fhir_when_the_access_token_is_forged_or_missing(
    ehr: SmartClient, name: str
) -> None:
    serve(ehr.cloud, {"keys": [], "jwks_uri": "https://users.example.org/keys"})
    assert authorized(signed_by_us(ehr))["isAuthorized"] is True
    token = ACCESS_TOKENS[name](ehr)
    assert "claims" not in authorized(token)["context"]
    reply = fhir_call(ehr.cloud, token, "/fhir/r4/Claim/$submit", claim())
    assert (reply.status, reply.headers["Content-Type"]) == (401, FHIR_JSON)
    stated = 'Bearer error="invalid_token"' if token else "Bearer"
    assert reply.headers["WWW-Authenticate"] == stated
    assert [one["code"] for one in reply.body["issue"]] == ["login"]


FHIR_ROUTES: Final = [one for one in ALL_ROUTES if access_of(one) is Access.FHIR]


@pytest.mark.parametrize("route", FHIR_ROUTES, ids=lambda one: one.key)
@pytest.mark.parametrize("token", [None, "", "forged"])
def test_every_fhir_operation_is_refused_when_the_token_is_missing_or_forged(
    ehr: SmartClient, route: Operation, token: str | None
) -> None:
    function = import_module(f"functions.{route.function}.handler")
    context = authorized(token)["context"]
    path = re.sub(r"\{\w+\}", "x", route.path)
    with ehr.cloud.wire.counting() as calls:
        reply = ehr.cloud.call(
            function, route.method, path, {}, authorizer={"lambda": context}, by={}
        )
    assert (reply.status, reply.body["resourceType"]) == (401, "OperationOutcome")
    assert calls == []


def test_call_is_refused_when_no_authorizer_verified_the_token(ehr: SmartClient) -> None:
    """The function trusts the context of the authorizer only, and not the header."""
    token = ehr.token()
    contexts: list[dict[str, Any]] = [{}, {"lambda": {}}, {"lambda": None}]
    for authorizer in contexts:
        reply = ehr.cloud.call(
            status, "GET", "/v1/me", authorizer=authorizer, authorization=f"Bearer {token}"
        )
        assert reply.status == 403


def test_token_does_nothing_when_its_client_is_another_one(ehr: SmartClient) -> None:
    """A client acts by its own grant, whatever claim a request for its registration contained."""
    ehr.cloud.deps.clients.store(registered(rsa_key(number=2), client_id=OTHER, kid="k"))
    other = SmartClient(ehr.cloud, client_id=OTHER, key=rsa_key(number=2), kid="k")
    reply = fhir_call(ehr.cloud, other.token(), "/fhir/r4/Claim/$submit", claim())
    assert reply.status == 403
    assert rights().subject == CLIENT_ID
