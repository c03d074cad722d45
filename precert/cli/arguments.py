"""Arguments that several commands share."""

import argparse
from contextlib import suppress
from datetime import UTC, datetime, time


def add_stack(command: argparse.ArgumentParser) -> None:
    """Add ``--stack``, which selects the deployment."""
    command.add_argument(
        "--stack",
        metavar="NAME",
        help="the deployed stack, such as precert-dev; by default the resources named by environment "
        "variables (REFERENCE_TABLE, RULE_LISTS_BUCKET, REQUESTS_TABLE, STATE_MACHINE_ARN, "
        "AUDIT_TABLE, AUDIT_BUCKET)",
    )


def instant(text: str) -> datetime:
    """Parse an ISO 8601 date and time with a time zone; returns it in UTC.

    Raises:
        ArgumentTypeError: it is not one.
    """
    with suppress(ValueError, OverflowError):
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    raise argparse.ArgumentTypeError(
        "must be a date and time with time zone, such as 2026-07-01T09:00Z"
    )


def date_or_instant(text: str) -> datetime:
    """Parse an ISO 8601 date, which means its start in UTC, or a time as :func:`instant`.

    Raises:
        ArgumentTypeError: it is neither.
    """
    if len(text) == len("2026-11-26"):
        try:
            return datetime.combine(datetime.fromisoformat(text).date(), time(), tzinfo=UTC)
        except ValueError:
            raise argparse.ArgumentTypeError("must be a date such as 2026-07-01") from None
    return instant(text)


def positive(text: str) -> int:
    """Parse a whole number of at least 1.

    Raises:
        ArgumentTypeError: it is not one.
    """
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError("must be a whole number of at least 1")
    return int(text)
