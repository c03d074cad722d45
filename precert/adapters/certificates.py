"""Read the trusted certificates once per client, before a snapshot is taken.

botocore passes the path of the certificates to each new connection, which reads all of them again: a
third of the instructions of the first call after a restore.
"""

import ssl
from contextlib import suppress

from botocore.client import BaseClient


def read_certificates(client: BaseClient, bundle: str) -> None:
    """Let the client's connections trust the certificates of a file, which is read now.

    botocore and urllib3 have no setting for this (docs/upstream.md). If their internals change,
    connections read the file as before.
    """
    with suppress(AttributeError, KeyError, OSError):
        session = client._endpoint.http_session  # type: ignore[attr-defined]  # noqa: SLF001 - see above
        context: ssl.SSLContext = session._manager.connection_pool_kw["ssl_context"]  # noqa: SLF001
        context.load_verify_locations(bundle)
        vars(context)["load_verify_locations"] = _read_before


def _read_before(*_files: object) -> None:
    """The certificates are in the context already."""
