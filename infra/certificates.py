"""The certificate authorities that functions trust: Amazon's, because functions call only AWS.

Calls to addresses that partners name trust certifi's, and only these calls.

botocore ships 126 root certificates, and every connection reads the whole bundle: 210 million
instructions, against 9 million for Amazon's five.
"""

import hashlib
import re
import ssl
from pathlib import Path
from typing import Final

BUNDLE: Final = Path("botocore/cacert.pem")
"""The bundle's path below the folder in which packages are installed."""

AMAZON_ROOTS: Final = {
    "Amazon Root CA 1": "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "Amazon Root CA 2": "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "Amazon Root CA 3": "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "Amazon Root CA 4": "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "Starfield Services Root Certificate Authority - G2": (
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5"
    ),
}
"""SHA-256 of each of the five certificates that https://www.amazontrust.com/repository requires in a
custom trust store.
"""

_CERTIFICATE: Final = re.compile(
    "-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n", re.DOTALL
)


class RootMissingError(Exception):
    """The installed bundle no longer contains a required certificate."""


def trust_amazon_alone(bundle: Path) -> None:
    """Reduce a bundle to Amazon's root certificates.

    Raises:
        RootMissingError: A root certificate is missing. The bundle is not changed.
    """
    found = {
        hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest(): pem
        for pem in _CERTIFICATE.findall(bundle.read_text(encoding="utf-8"))
    }
    missing = [name for name, digest in AMAZON_ROOTS.items() if digest not in found]
    if missing:
        raise RootMissingError(f"{bundle.name} of botocore has no {', '.join(missing)}")
    reduced = "".join(f"# {name}\n{found[digest]}" for name, digest in AMAZON_ROOTS.items())
    bundle.write_text(reduced, encoding="utf-8")
