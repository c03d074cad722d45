"""Who calls a CDS Hooks service: the client of its JWT, with what is granted to it."""

from collections.abc import Callable
from datetime import datetime

from precert.domain.caller import Caller, with_grant
from precert.usecases.grants import Grants
from precert.usecases.ports.clients import AcceptedTokenIds, Clients, KeySets, Signatures
from precert.usecases.smart import verified_cds_client

HookCaller = Callable[[str, str, str], Caller]
"""The caller (:func:`hook_caller`) with its dependencies."""


def hook_caller(
    token: str,
    audience: str,
    issuer: str,
    *,
    clients: Clients,
    key_sets: KeySets,
    signatures: Signatures,
    accepted_token_ids: AcceptedTokenIds,
    grants: Grants,
    now: datetime,
) -> Caller:
    """The client that sent a call, by the JWT of its ``Authorization`` header, which is accepted once.

    ``audience`` is the address of the service that was called, ``issuer`` the one of access tokens: a
    client has the same grant by either way.

    Raises:
        NotVerifiedError: the JWT does not prove who sent it.
        TransientError.
    """
    client = verified_cds_client(
        token,
        audience=audience,
        clients=clients,
        key_sets=key_sets,
        signatures=signatures,
        accepted_token_ids=accepted_token_ids,
        now=now,
    )
    grant = grants.read(issuer, client.client_id)
    return with_grant(Caller(subject=client.client_id, issuer=issuer), grant)
