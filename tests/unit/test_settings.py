"""Settings that depend on where a function runs."""

import pytest

from precert.settings import Settings


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (None, False),
        ("", False),
        ("https://dynamodb.us-east-1.amazonaws.com", False),
        ("http://localhost.example.org:4566", False),
        ("http://localhost:4566", True),
        ("http://127.0.0.1:4566", True),
    ],
)
def test_endpoints_on_this_machine_are_accepted_when_aws_is_emulated(
    address: str | None, expected: bool
) -> None:
    environ = {} if address is None else {"AWS_ENDPOINT_URL": address}
    assert Settings(environ).notifies_locally is expected
