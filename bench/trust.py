"""What a connection to AWS reads before it can trust: ``python -m bench.trust``.

The stub of :mod:`bench.check_cold` speaks plain HTTP, so that this is not in its counts. urllib3 reads
the bundle for each new connection: twice in a check's cold start, for DynamoDB and for S3.
"""

from pathlib import Path

import botocore

from bench import stand
from bench.counting import instructions
from infra import certificates

_PROGRAM = """
import ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
for bundle in sys.argv[1:]:
    context.load_verify_locations(bundle)
"""


def counts() -> dict[str, int]:
    """Instructions of reading each bundle, without those of the process around it."""
    shipped = next(
        folder / certificates.BUNDLE
        for folder in stand.shipped()
        if (folder / certificates.BUNDLE).exists()
    )
    published = Path(botocore.__file__).with_name(certificates.BUNDLE.name)
    without = instructions("-c", _PROGRAM).instructions
    return {
        name: instructions("-c", _PROGRAM, str(bundle)).instructions - without
        for name, bundle in (("as botocore brings it", published), ("Amazon's alone", shipped))
    }


def main() -> None:
    found = counts()
    whole = found["as botocore brings it"]
    print("What a new connection reads before it can trust\n")
    print("| bundle | instructions | share |")
    print("| --- | ---: | ---: |")
    for name, count in found.items():
        print(f"| {name} | {count:,} | {count / whole:.3f} |")


if __name__ == "__main__":
    main()
