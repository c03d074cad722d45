"""The commands ``clients add`` and ``clients rotate``: partners' systems with a key pair (SMART)."""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from precert.bootstrap import Dependencies, stack_dependencies
from precert.cli.recording import CommandRecorder
from precert.cli.users import print_client, print_grant, rights_of
from precert.domain.clients import RegisteredClient, public_keys
from precert.domain.errors import NotFoundError, PrecertError
from precert.names import Entitlement
from precert.usecases.grants import grant_rights

OVERLAP_DAYS: Final = range(31)
DEFAULT_OVERLAP: Final = 7


class ClientRegisteredError(PrecertError):
    """A client is to be added whose id another registration has."""

    code = "client_registered"
    title = "The client is registered"

    def __init__(self, client_id: str) -> None:
        super().__init__(
            f"The client {client_id} is registered already, in another way. Replace its keys with "
            "clients rotate, or revoke it first."
        )


def add(args: argparse.Namespace) -> bool:
    """Register a client, and grant the rights; print its id."""
    deps = stack_dependencies(args.stack)
    client = _registration(args, deps)
    if client is None:
        return False
    added = rights_of(args, issuer=deps.settings.smart_issuer, subject=client.client_id)
    before = deps.clients.read(client.client_id)
    if before is not None and client.model_copy(update=_of_first(before)) != before:
        raise ClientRegisteredError(client.client_id)
    CommandRecorder(deps, "clients add").record(objects=[client.client_id])
    deps.clients.store(client)
    # By default, the entitlements for which the granted TINs and vendors are used.
    implied = [(Entitlement.PATIENT_SEARCH, added.tins), (Entitlement.VENDOR, added.vendor_ids)]
    if not added.entitlements:
        chosen = frozenset(entitlement for entitlement, held in implied if held)
        added = added.model_copy(update={"entitlements": chosen})
    print(client.client_id)
    print_grant(grant_rights(added, grants=deps.grants))
    print_client(client)
    return True


def _of_first(before: RegisteredClient) -> dict[str, Any]:
    """What a repeated registration does not state."""
    return {"registered_at": before.registered_at, "former": before.former}


def rotate(args: argparse.Namespace) -> bool:
    """Replace the keys or the JWKS URL of a client; the former keys are accepted for some days."""
    deps = stack_dependencies(args.stack)
    client = registered(deps, args.who)
    keys = _keys(args)
    if keys is None:
        return False
    until = deps.now() + timedelta(days=args.overlap) if args.overlap else None
    changed = _valid(lambda: client.with_keys(**keys, until=until))
    if changed is None:
        return False
    CommandRecorder(deps, "clients rotate").record(objects=[client.client_id])
    deps.clients.store(changed)
    print_client(changed)
    return True


def registered(deps: Dependencies, client_id: str) -> RegisteredClient:
    """The registration of a client.

    Raises:
        NotFoundError.
    """
    client = deps.clients.read(client_id)
    if client is None:
        raise NotFoundError(f"No client {client_id} is registered.")
    return client


def _registration(args: argparse.Namespace, deps: Dependencies) -> RegisteredClient | None:
    keys = _keys(args)
    if keys is None:
        return None
    values = {
        "client_id": args.client_id or str(UUID(deps.new_uuid())),
        "label": args.label,
        "scopes": tuple(args.scope),
        "cds_hooks_issuer": args.cds_hooks_issuer,
        "registered_at": deps.now(),
        **keys,
    }
    return _valid(lambda: RegisteredClient.model_validate(values))


def _keys(args: argparse.Namespace) -> dict[str, Any] | None:
    """The keys in the arguments: a JWKS URL, or keys from a file. ``None`` if they cannot be read."""
    if args.jwks_url:
        return {"jwks_url": args.jwks_url}
    try:
        return {"jwks": public_keys(json.loads(Path(args.jwks).read_text(encoding="utf-8")))}
    except (OSError, ValueError) as error:
        print(f"precert: {args.jwks}: {error}", file=sys.stderr)
        return None


def _valid(registration: Callable[[], RegisteredClient]) -> RegisteredClient | None:
    try:
        return registration()
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False, include_context=False):
            place = "".join(f"{part}: " for part in one["loc"][:1])
            print(f"precert: {place}{one['msg'].removeprefix('Value error, ')}", file=sys.stderr)
        return None
