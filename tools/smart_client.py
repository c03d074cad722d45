"""A SMART Backend Services client for trying the FHIR endpoint: keys, access tokens, sample claims.

``python -m tools.smart_client keys --key KEY.pem --jwks JWKS.json`` writes a private key, and the JWK
Set with the public key, which the payer registers. ``python -m tools.smart_client token --fhir URL
--client-id ID --key KEY.pem`` signs an assertion and prints the access token.

``submit``, ``inquire`` and ``attach`` call the Prior Authorization API with the token and print a
summary of the response, or all of it with ``--json``. ``--fhir`` defaults to ``$API/fhir/r4`` and
``--token`` to ``$TOKEN``. The exit status is 1 if the HTTP status is 4xx or 5xx; a ClaimResponse with
errors has the status 200.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
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

from tools.pas_claims import (
    PROVIDER_TIN,
    SampleClaim,
    attachment,
    inquiry,
    sample_member,
    written,
)

KID: Final = "key-1"
ALGORITHM: Final = "ES384"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME_SECONDS: Final = 240
TIMEOUT_SECONDS: Final = 60.0
"""Long, because the first call of a function on the local cloud starts a process."""


def write_keys(key_file: Path, jwks_file: Path) -> None:
    """Write a private key, readable only by its owner, and the JWK Set with its public key."""
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
    """Return a signed client assertion (a JWT) for one token request."""
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
    """Return an access token from the token endpoint of the FHIR server's SMART configuration.

    Raises:
        SystemExit: the token is refused.
    """
    configuration = f"{fhir}/.well-known/smart-configuration"
    found = httpx.get(configuration, timeout=TIMEOUT_SECONDS).raise_for_status().json()
    endpoint = found["token_endpoint"]
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion(client_id, key_file, endpoint),
        "scope": scope,
    }
    response = httpx.post(endpoint, data=form, timeout=TIMEOUT_SECONDS)
    body: dict[str, Any] = response.json()
    if response.is_error:
        raise SystemExit(f"{body.get('error')}: {body.get('error_description')}")
    return str(body["access_token"])


def call(
    fhir: str, token: str, operation: str, body: dict[str, Any]
) -> tuple[bool, dict[str, Any]]:
    """Call an operation; return whether the status is a success, and the body.

    Raises:
        SystemExit: the server cannot be reached, or the body is not JSON.
    """
    try:
        response = httpx.post(
            f"{fhir}/{operation}",
            content=json.dumps(body),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"},
            timeout=TIMEOUT_SECONDS,
        )
    except httpx.HTTPError as error:
        raise SystemExit(f"{fhir} does not respond: {error}") from None
    try:
        found: dict[str, Any] = response.json()
    except ValueError:
        raise SystemExit(f"{response.status_code}: {response.text[:500]}") from None
    return response.is_success, found


def main(arguments: Sequence[str]) -> int:
    """Run a command; return the exit status."""
    args = _parser().parse_args(arguments)
    if args.command == "keys":
        write_keys(args.key, args.jwks)
        return 0
    if args.command == "token":
        print(access_token(args.fhir, args.client_id, args.key, args.scope))
        return 0
    operation, body = _called(args)
    succeeded, response = call(args.fhir, args.token, operation, body)
    known = "resourceType" in response
    print(json.dumps(response, indent=2) if args.json or not known else written(response))
    return 0 if succeeded else 1


def _called(args: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """The operation that a command calls, and the body that it sends."""
    if args.command == "attach":
        try:
            return "$submit-attachment", attachment(args.number, args.member, args.file, args.code)
        except OSError as error:
            raise SystemExit(str(error)) from None
    member = sample_member(args.member)
    if args.command == "inquire":
        return "Claim/$inquire", inquiry(member, args.number, _today())
    claim = SampleClaim(
        member,
        args.code,
        args.identifier or str(uuid4()),
        args.day,
        units=args.units,
        tin=args.tin,
        cancels=args.cancels,
        without=args.without,
    )
    return "Claim/$submit", claim.bundle()


def _today() -> date:
    return datetime.now(UTC).date()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    keys, token = commands.add_parser("keys"), commands.add_parser("token")
    submit, inquire = commands.add_parser("submit"), commands.add_parser("inquire")
    attach = commands.add_parser("attach")
    for command in (keys, token):
        command.add_argument("--key", type=Path, required=True, metavar="FILE")
    keys.add_argument("--jwks", type=Path, required=True, metavar="FILE")
    api = os.environ.get("API")
    for command in (token, submit, inquire, attach):
        command.add_argument(
            "--fhir",
            required=command is token or api is None,
            default=f"{api}/fhir/r4",
            metavar="URL",
            help="the FHIR endpoint",
        )
    token.add_argument("--client-id", required=True, metavar="ID")
    token.add_argument("--scope", default="system/Claim.cus")
    bearer = os.environ.get("TOKEN")
    for command in (submit, inquire, attach):
        command.add_argument("--token", required=bearer is None, default=bearer)
        command.add_argument("--member", required=True, metavar="ID", help="the member id")
        command.add_argument("--json", action="store_true", help="print the whole response")
    submit.add_argument("--code", action="append", required=True, help="a CPT code; repeatable")
    submit.add_argument("--units", type=int, default=1, help="units of each code (default: 1)")
    submit.add_argument(
        "--day",
        type=date.fromisoformat,
        default=_today() + timedelta(days=21),
        help="date of service, YYYY-MM-DD (default: in 21 days)",
    )
    submit.add_argument("--identifier", help="identifier of the claim (default: a new one)")
    submit.add_argument("--cancels", metavar="IDENTIFIER", help="identifier of the claim to cancel")
    submit.add_argument("--tin", default=PROVIDER_TIN, help="TIN of the requesting provider")
    submit.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="ELEMENT",
        help="an element of Claim to leave out; repeatable",
    )
    for command in (inquire, attach):
        command.add_argument(
            "number", nargs="?" if command is inquire else None, help="the precertification number"
        )
    attach.add_argument("--file", type=Path, required=True)
    attach.add_argument("--code", metavar="LOINC", help="LOINC code of the document")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
