"""Searching a member by what an office knows of a patient (P1).

A social security number comes in, is hashed with a key, and is gone: :data:`Ssn` shows itself to
nobody who prints or writes it, and no model that is stored has a field for it.
"""

import re
from datetime import date
from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from precert.domain.coverage import Person
from precert.domain.names import folded
from precert.domain.values import Day, MemberId, Text, Value

_SSN: Final = re.compile(r"[0-9]{3}([- ]?)[0-9]{2}\1[0-9]{4}")
_NEVER: Final = re.compile(r"(000|666)|.{3}00|.{5}0000")
"""No area 000 or 666, no group 00, no serial 0000 is given out. Areas from 900 are: to taxpayers
without a social security number, whom payers file by it all the same."""


def _nine_digits(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    digits = re.sub("[- ]", "", text)
    if not _SSN.fullmatch(text) or _NEVER.match(digits):
        raise ValueError("must be nine digits, as in 123-45-6789")
    return SecretStr(digits)


Ssn = Annotated[SecretStr, AfterValidator(_nine_digits)]
"""Nine digits, entered with dashes, blanks or neither. Never stored, logged or answered."""


class PatientSearch(Value):
    """Who is looked for: a member id or an SSN, and the three facts that must fit it."""

    member_id: MemberId | None = None
    ssn: Annotated[Ssn | None, Field(validate_default=True)] = None
    date_of_birth: Day
    last_name: Text
    first_name: Text

    @field_validator("ssn")
    @classmethod
    def _one_of_both(cls, ssn: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        # A member id that is there but malformed is told by its own error.
        if "member_id" in info.data and (ssn is None) is (info.data["member_id"] is None):
            raise ValueError("send either member_id or ssn")
        return ssn

    def fits(self, person: Person) -> bool:
        return person.is_called(self.date_of_birth, self.last_name, self.first_name)


def ssn_text(ssn: SecretStr, born: date, last_name: str, first_name: str) -> str:
    """What is hashed of an SSN: with birth date and names, so that the hash alone finds nobody.

    Whoever does not know all four learns nothing, and every search that finds nobody takes the same
    calls, whichever of the four was wrong.
    """
    names = f"{folded(last_name)}\x1f{folded(first_name)}"
    return f"{ssn.get_secret_value()}\x1f{born.isoformat()}\x1f{names}"
