"""Constants shared by the local cloud's process and the process that starts it."""

from typing import Final

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"
HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 4566
PORTAL_PORT: Final = 4567

#: A key that is an account id is the root user of that account: no signature is checked for it.
#: Every other key (the functions' roles, for one) is verified and restricted to its policies.
ADMIN_KEY: Final = ACCOUNT
ADMIN_SECRET: Final = "test"  # noqa: S105  (presigned URLs are checked with it)

#: The environment variable of a temporary cloud, which does not save its state.
TEMPORARY: Final = "PRECERT_CLOUD_TEMPORARY"

#: The environment variable that replaces `PRELOADED`: names of modules, separated by commas.
PRELOAD: Final = "PRECERT_CLOUD_PRELOADED"
#: Modules of the layers that most functions import: imported once for all workers.
PRELOADED: Final = ("precert.bootstrap", "precert.api.app", "precert.queues", "precert.streams")

#: Exit codes of the launcher when it cannot start.
EXIT_STATE_IN_USE: Final = 3
EXIT_PORT_IN_USE: Final = 4
EXIT_INCOMPLETE: Final = 5
