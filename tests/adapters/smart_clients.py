"""A partner's system that signs in with a key pair, and API Gateway before the FHIR routes."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from types import ModuleType
from typing import Any, Final
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from functions.pas import handler as pas
from functions.smart import handler as smart
from precert.adapters.public_https import PublicHttps
from precert.domain.caller import Grant
from precert.domain.clients import RegisteredClient, public_keys
from precert.names import READ_SCOPE, USER_SCOPE, WRITE_SCOPE, Entitlement, Env
from precert.settings import Settings
from precert.usecases.smart import ASSERTION_TYPE, GRANT_TYPE
from tests.adapters.calls import Context, Reply
from tests.adapters.cloud import Cloud
from tests.adapters.tables import create_reference_table, names
from tests.fakes.samples import PROVIDER_TIN

BASE: Final = "https://api.example.org"
TOKEN_URL: Final = f"{BASE}/oauth/token"
FHIR_URL: Final = f"{BASE}/fhir/r4"
ISSUER: Final = f"{BASE}/oauth"
USER_ISSUER: Final = "https://users.example.org/pool"
USER_CLIENT: Final = "4h2k-portal"
CLIENT_ID: Final = "sample-ehr-71c2"
SCOPES: Final = ("system/Claim.cs",)
FORM: Final = "application/x-www-form-urlencoded"
Json = dict[str, Any]
_ids = count(1)


@cache
def rsa_key(bits: int = 2048, number: int = 1) -> rsa.RSAPrivateKey:
    """A private key; the same one for the same number."""
    assert number
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(number: int = 1) -> ec.EllipticCurvePrivateKey:
    assert number
    return ec.generate_private_key(ec.SECP384R1())


def public_jwk(key: Any, kid: str, **members: str) -> Json:
    """The public half of a private key as a JSON Web Key."""
    of = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    found: Json = of.to_jwk(key.public_key(), as_dict=True)
    return {**found, "kid": kid, **members}


@dataclass
class SmartClient:
    """A client's own key and what it sends."""

    cloud: Cloud
    client_id: str = CLIENT_ID
    key: Any = field(default_factory=rsa_key)
    kid: str = "key-1"
    algorithm: str = "RS384"

    @property
    def now(self) -> int:
        return int(self.cloud.clock.at.timestamp())

    def claims(self, **changes: Any) -> Json:
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": TOKEN_URL,
            "exp": self.now + 300,
            "jti": f"jti-{next(_ids)}",
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def assertion(self, headers: Mapping[str, Any] | None = None, **changes: Any) -> str:
        return jwt.encode(
            self.claims(**changes),
            self.key,
            algorithm=self.algorithm,
            headers={"kid": self.kid, **(headers or {})},
        )

    def form(self, **changes: Any) -> Json:
        form = {
            "grant_type": GRANT_TYPE,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": changes.pop("client_assertion", None) or self.assertion(),
            "scope": " ".join(SCOPES),
            **changes,
        }
        return {name: value for name, value in form.items() if value is not None}

    def request_token(self, **changes: Any) -> Reply:
        """Request a token."""
        return post(self.cloud, urlencode(self.form(**changes)))

    def token(self, **changes: Any) -> str:
        reply = self.request_token(**changes)
        assert reply.status == 200, reply.text
        return str(reply.body["access_token"])


def post(cloud: Cloud, text: str, **headers: str) -> Reply:
    """Send a body to the token endpoint."""
    sent = {"content_type": FORM, **headers}
    return cloud.call(
        smart, "POST", "/oauth/token", authorizer={}, by={}, query=None, raw=text, **sent
    )


def registered(
    key: Any = None, *, client_id: str = CLIENT_ID, kid: str = "key-1", **changes: Any
) -> RegisteredClient:
    keys = {"keys": [public_jwk(key or rsa_key(), kid)]}
    return RegisteredClient.model_validate(
        {
            "client_id": client_id,
            "label": "Sample EHR",
            "jwks": () if "jwks_url" in changes else public_keys(keys),
            "scopes": SCOPES,
            "registered_at": "2026-07-01T00:00:00Z",
            **changes,
        }
    )


def rights(client_id: str = CLIENT_ID) -> Grant:
    return Grant(
        issuer=ISSUER,
        subject=client_id,
        label="Sample EHR",
        entitlements=frozenset({Entitlement.PATIENT_SEARCH}),
        tins=frozenset({PROVIDER_TIN}),
    )


REFUSED: Final = {"isAuthorized": True, "context": {"refused": "invalid"}}
"""The answer of the authorizer to a token that it cannot verify: the function refuses the call."""


def authorized(token: str | None) -> Json:
    """The answer of the authorizer to a token, or to a call without one."""
    event = {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:us-east-1:123456789012:api/$default/POST/fhir",
        "headers": {} if token is None else {"authorization": f"Bearer {token}"},
        "requestContext": {"http": {"method": "POST"}},
    }
    answer: Json = smart.handle(event, Context())
    return answer


def fhir_call(
    cloud: Cloud,
    token: str | None,
    path: str,
    body: Any,
    *,
    function: ModuleType = pas,
    answer: Json | None = None,
) -> Reply:
    """A call of a FHIR operation through API Gateway; ``answer`` is one in its cache."""
    answer = answer or authorized(token)
    assert answer["isAuthorized"] is True
    # API Gateway passes a context on as JSON.
    context = json.loads(json.dumps(answer["context"]))
    return cloud.call(
        function,
        "POST",
        path,
        body,
        authorizer={"lambda": context},
        authorization=f"Bearer {token}",
    )


def smart_settings(cloud: Cloud, signing_key: str, limits: str) -> Settings:
    return Settings(
        {
            **cloud.deps.settings.environ,
            Env.RIGHTS: "table",
            Env.PUBLIC_URL: BASE,
            Env.SIGNING_KEY: signing_key,
            Env.LIMITS_TABLE: limits,
            Env.ISSUER: USER_ISSUER,
            Env.AUDIENCES: f"{USER_CLIENT} other-client",
            Env.SCOPES: f"{READ_SCOPE} {WRITE_SCOPE} {USER_SCOPE}",
        }
    )


@cache
def signing_key(clients: Any) -> str:
    """A key of KMS for access tokens; one for the session."""
    created = clients.by_name["kms"].create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    return str(created["KeyMetadata"]["Arn"])


@pytest.fixture
def ehr(cloud: Cloud) -> Iterator[SmartClient]:
    """A registered client with rights."""
    table = names("limits")
    create_reference_table(cloud.clients.by_name["dynamodb"], table)
    cloud.deps.settings = smart_settings(cloud, signing_key(cloud.clients), table)
    cloud.deps.clients.store(registered())
    cloud.deps.grants.store(rights())
    yield SmartClient(cloud)
    for one in list(cloud.deps.clients.stored()):
        cloud.deps.clients.remove(one)
    for grant in list(cloud.deps.grants.stored()):
        cloud.deps.grants.store(Grant(issuer=grant.issuer, subject=grant.subject))
    cloud.clients.by_name["dynamodb"].delete_table(TableName=table)


class Served(PublicHttps):
    """Documents at public addresses: one for all, or one for each."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__()
        self._read_document = read
        self.read: list[str] = []

    def read_json(self, url: str) -> Any:
        self.read.append(url)
        return self._read_document(url)


def serve(cloud: Cloud, documents: Json, *, by_url: bool = False) -> Served:
    """Serve the documents in place of the addresses of partners."""
    served = Served(documents.__getitem__ if by_url else lambda _url: documents)
    cloud.deps.public_https = served
    return served
