"""A client of SMART Backend Services, for trying the token endpoint: a key pair, and access tokens.

``python -m tools.smart_client keys --key KEY.pem --jwks JWKS.json`` writes a private key, and the JWK
Set with its public half, which the payer registers. ``python -m tools.smart_client token --fhir URL
--client-id ID --key KEY.pem`` signs an assertion and prints the access token.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm

KID: Final = "key-1"
ALGORITHM: Final = "ES384"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME_SECONDS: Final = 240


def write_keys(key_file: Path, jwks_file: Path) -> None:
    """Write a private key that only its owner may read, and the JWK Set with its public half."""
    key = ec.generate_private_key(ec.SECP384R1())
    for file in (key_file, jwks_file):
        file.parent.mkdir(parents=True, exist_ok=True)
    opened = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "wb") as private:
        private.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public: dict[str, Any] = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    keys = {"keys": [{**public, "kid": KID, "use": "sig", "alg": ALGORITHM}]}
    jwks_file.write_text(json.dumps(keys, indent=2), encoding="utf-8")


def assertion(client_id: str, key_file: Path, token_endpoint: str) -> str:
    """Sign an assertion for one request."""
    key: Any = load_pem_private_key(key_file.read_bytes(), None)
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": token_endpoint,
        "exp": int(time.time()) + LIFETIME_SECONDS,
        "jti": str(uuid4()),
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": KID})


def access_token(fhir: str, client_id: str, key_file: Path, scope: str) -> str:
    """Get an access token, from the endpoint that the FHIR server names."""
    found = httpx.get(f"{fhir}/.well-known/smart-configuration").raise_for_status().json()
    endpoint = found["token_endpoint"]
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion(client_id, key_file, endpoint),
        "scope": scope,
    }
    answer = httpx.post(endpoint, data=form)
    body: dict[str, Any] = answer.json()
    if answer.is_error:
        raise SystemExit(f"{body.get('error')}: {body.get('error_description')}")
    return str(body["access_token"])


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    keys, token = commands.add_parser("keys"), commands.add_parser("token")
    for command in (keys, token):
        command.add_argument("--key", type=Path, required=True, metavar="FILE")
    keys.add_argument("--jwks", type=Path, required=True, metavar="FILE")
    token.add_argument("--fhir", required=True, metavar="URL", help="the FHIR endpoint")
    token.add_argument("--client-id", required=True, metavar="ID")
    token.add_argument("--scope", default="system/Claim.cus")
    args = parser.parse_args(arguments)
    if args.command == "keys":
        write_keys(args.key, args.jwks)
    else:
        print(access_token(args.fhir, args.client_id, args.key, args.scope))


if __name__ == "__main__":
    main(sys.argv[1:])
