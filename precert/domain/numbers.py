"""Precertification numbers: two letters and ten digits (S1).

The last digit is a check digit (Luhn), so that a number misheard on the phone is noticed.
"""

from precert.domain.values import luhn_digit

SERIAL_LIMIT = 10**9


def precert_number(prefix: str, serial: int) -> str:
    """The number of a serial in ``range(SERIAL_LIMIT)``."""
    if not 0 <= serial < SERIAL_LIMIT:
        raise ValueError("the serial has at most nine digits")
    digits = f"{serial:09d}"
    return f"{prefix}{digits}{luhn_digit(digits)}"
