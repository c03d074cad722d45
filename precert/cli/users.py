"""The commands ``users`` and ``clients``, which manage rights. Each returns whether it succeeded."""

import argparse
from pathlib import Path
from typing import Final

from precert.bootstrap import Dependencies, stack_dependencies
from precert.cli.recording import CommandRecorder
from precert.domain.caller import Grant
from precert.domain.clients import RegisteredClient
from precert.domain.wording import counted
from precert.names import Entitlement, Env
from precert.usecases.grants import grant_rights, revoke_all, revoke_rights

_COMMENT: Final = "#"


def add(args: argparse.Namespace) -> bool:
    """Register a user in the user pool, and grant the rights."""
    deps = stack_dependencies(args.stack)
    subject = deps.users.add(args.who, args.email, args.name)
    _record(deps, args, subject)
    print_grant(grant_rights(_named(args, deps, subject), grants=deps.grants))
    return True


def grant(args: argparse.Namespace) -> bool:
    """Add rights."""
    deps = stack_dependencies(args.stack)
    subject = _subject(args, deps)
    _record(deps, args, subject)
    print_grant(grant_rights(_named(args, deps, subject), grants=deps.grants))
    return True


def revoke(args: argparse.Namespace) -> bool:
    """Remove rights; ``--all`` removes all and the registration. Takes effect within a minute."""
    deps = stack_dependencies(args.stack)
    subject = _subject(args, deps)
    _record(deps, args, subject)
    if args.all:
        # The registration is removed last: it states the issuer if the command has to be repeated.
        revoke_all(_issuer(args, deps), subject, grants=deps.grants)
        if args.topic == "clients" and (client := deps.clients.read(subject)) is not None:
            deps.clients.remove(client)
        print(f"{args.who}: no rights")
        return True
    print_grant(revoke_rights(_named(args, deps, subject), grants=deps.grants))
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
    if args.topic == "clients" or args.subject:
        return str(args.who)
    return deps.users.subject_of(args.who)


def _issuer(args: argparse.Namespace, deps: Dependencies) -> str:
    """The issuer of the tokens: the SMART token endpoint for a registered client."""
    if args.issuer:
        return str(args.issuer)
    if args.topic == "clients" and deps.clients.read(args.who) is not None:
        return deps.settings.smart_issuer
    return deps.settings[Env.ISSUER]


def _named(args: argparse.Namespace, deps: Dependencies, subject: str) -> Grant:
    return rights_of(args, issuer=_issuer(args, deps), subject=subject)


def rights_of(args: argparse.Namespace, *, issuer: str, subject: str) -> Grant:
    """The grant with the rights in the arguments."""
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


def _lines(file: Path) -> list[str]:
    lines = (line.partition(_COMMENT)[0].strip() for line in file.read_text("utf-8").splitlines())
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
