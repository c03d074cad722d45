"""The commands ``users`` and ``clients``, which manage rights. Each returns whether it succeeded."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from precert.bootstrap import Dependencies, stack_dependencies
from precert.cli.recording import CommandRecorder
from precert.cli.rules import text_of
from precert.domain.caller import Grant
from precert.domain.clients import RegisteredClient
from precert.domain.errors import DamagedRecordError, FieldError, InvalidInputError
from precert.domain.wording import counted
from precert.names import Entitlement, Env
from precert.usecases.grants import grant_rights, revoke_all, revoke_rights

_COMMENT: Final = "#"


def add(args: argparse.Namespace) -> bool:
    """Register a user in the user pool, and grant the rights."""
    deps = stack_dependencies(args.stack)
    added = _named(args, deps)
    subject = deps.users.add(args.who, args.email, args.name)
    _record(deps, args, subject)
    granted = grant_rights(added.model_copy(update={"subject": subject}), grants=deps.grants)
    print_grant(granted)
    return True


def grant(args: argparse.Namespace) -> bool:
    """Add rights."""
    deps = stack_dependencies(args.stack)
    added = _named(args, deps, _subject(args, deps))
    _record(deps, args, added.subject)
    print_grant(grant_rights(added, grants=deps.grants))
    return True


def revoke(args: argparse.Namespace) -> bool:
    """Remove rights; ``--all`` removes all and the registration. Takes effect within a minute."""
    deps = stack_dependencies(args.stack)
    removed = _named(args, deps, _subject(args, deps))
    _record(deps, args, removed.subject)
    if args.all:
        return _revoke_all(args, deps, removed)
    print_grant(revoke_rights(removed, grants=deps.grants))
    return True


def _revoke_all(args: argparse.Namespace, deps: Dependencies, revoked: Grant) -> bool:
    """Remove the rights and the registration; returns whether the user or client is known."""
    client = deps.clients.read(revoked.subject) if args.topic == "clients" else None
    known = client is not None or _is_user(args) or _is_granted(deps, revoked)
    # The registration is removed last: it states the issuer if the command has to be repeated.
    revoke_all(revoked.issuer, revoked.subject, grants=deps.grants)
    if client is not None:
        deps.clients.remove(client)
    print(f"{args.who}: no rights{'' if known else ' and no registration were found'}")
    return known


def _is_granted(deps: Dependencies, revoked: Grant) -> bool:
    try:
        return deps.grants.read(revoked.issuer, revoked.subject) is not None
    except DamagedRecordError:
        return True


def _record(deps: Dependencies, args: argparse.Namespace, subject: str) -> None:
    CommandRecorder(deps, f"{args.topic} {args.run.__name__}").record(objects=[subject])


def show(args: argparse.Namespace) -> bool:
    """List all grants, and the registered clients."""
    deps = stack_dependencies(args.stack)
    for one in deps.grants.stored():
        print_grant(one)
    for client in deps.clients.stored() if args.topic == "clients" else ():
        print_client(client)
    return True


def _subject(args: argparse.Namespace, deps: Dependencies) -> str:
    """The subject of the token: a client's id, or the subject of a user, looked up by user name."""
    return deps.users.subject_of(args.who) if _is_user(args) else str(args.who)


def _is_user(args: argparse.Namespace) -> bool:
    """Whether the arguments name a user of the pool, and not a subject or a client."""
    return args.topic == "users" and not args.subject


def _issuer(args: argparse.Namespace, deps: Dependencies) -> str:
    """The issuer of the tokens: the SMART token endpoint for a registered client."""
    if args.issuer:
        return str(args.issuer)
    if args.topic == "clients" and deps.clients.read(args.who) is not None:
        return deps.settings.smart_issuer
    return deps.settings[Env.ISSUER]


def _named(args: argparse.Namespace, deps: Dependencies, subject: str | None = None) -> Grant:
    """The grant with the rights in the arguments; until a user has a subject, with the user name."""
    return rights_of(args, issuer=_issuer(args, deps), subject=subject or args.who)


_OPTIONS: Final = {
    "tins": ("--tin", "must be nine digits, as in 12-3456789"),
    "plan_ids": ("--plan", "must be 1 to 120 characters"),
    "vendor_ids": ("--vendor", "must be 1 to 120 characters"),
}
"""By field of a grant: the option, and what a value of it must be."""


def rights_of(args: argparse.Namespace, *, issuer: str, subject: str) -> Grant:
    """The grant with the rights in the arguments.

    Raises:
        InvalidInputError: a value is not valid.
        UnreadableFileError: the file of TINs cannot be read.
    """
    try:
        return Grant(
            issuer=issuer,
            subject=subject,
            label=getattr(args, "label", None) or args.who,
            name=getattr(args, "name", None),
            entitlements=frozenset(Entitlement(one) for one in args.entitlement),
            tins=frozenset([*args.tin, *(_lines(args.tins_file) if args.tins_file else ())]),
            plan_ids=frozenset(args.plan),
            vendor_ids=frozenset(args.vendor),
        )
    except ValidationError as error:
        raise InvalidInputError([_field_error({**one}) for one in error.errors()]) from None


def _field_error(error: Mapping[str, Any]) -> FieldError:
    field = str(error["loc"][0])
    if field in _OPTIONS and len(error["loc"]) > 1:
        option, must = _OPTIONS[field]
        return FieldError(option, "malformed", f"{error['input']!r} {must}")
    return FieldError(_OPTIONS.get(field, (field,))[0], "malformed", error["msg"])


def _lines(file: Path) -> list[str]:
    lines = (line.partition(_COMMENT)[0].strip() for line in text_of(file).splitlines())
    return [line for line in lines if line]


def print_grant(one: Grant) -> None:
    rights = [
        ("entitlements", [entitlement.value for entitlement in one.entitlements]),
        ("plans", list(one.plan_ids)),
        ("vendors", list(one.vendor_ids)),
    ]
    shown = [f"{name} {', '.join(sorted(held))}" for name, held in rights if held]
    if one.tins:
        shown.append(counted(len(one.tins), "TINs"))
    print(f"{one.label or one.subject} ({one.subject}): {'; '.join(shown) or 'no rights'}")


def print_client(client: RegisteredClient) -> None:
    """Print a registration; keys are public."""
    keys = client.jwks_url or f"keys {', '.join(one.kid for one in client.jwks)}"
    hooks = f"; CDS Hooks {client.cds_hooks_issuer}" if client.cds_hooks_issuer else ""
    scopes = " ".join(client.scopes)
    earlier = f"; earlier keys until {client.former.until.isoformat()}" if client.former else ""
    print(f"{client.label} ({client.client_id}): {keys}{earlier}; scopes {scopes}{hooks}")
