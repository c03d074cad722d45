"""The assertion id of a check: who can create it, what it matches, and what it reveals."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from precert.domain.assertion import assertion_id, matches, stamped_at
from precert.domain.content import RequestContent
from tests.fakes.clock import START
from tests.fakes.samples import PATIENT, content, entered

KEY = bytes(range(32))
LIST = "2026-06"


def assertion_id_of(
    requested: RequestContent | None = None, *, at: datetime = START, key: bytes = KEY
) -> str:
    return assertion_id(requested or content(), LIST, at, key=key)


def changed_service(**changes: Any) -> RequestContent:
    return content(services=[entered()["services"][0] | changes])


def changed_line(**changes: Any) -> RequestContent:
    (service,) = entered()["services"]
    first, *others = service["procedures"]
    return content(services=[service | {"procedures": [first | changes, *others]}])


def test_id_contains_the_answer_time_when_it_is_read() -> None:
    assert re.fullmatch(r"CHK-260701150000-[0-9A-HJKMNP-TV-Z]{16}", assertion_id_of())
    assert assertion_id_of(at=START.astimezone(ZoneInfo("America/New_York"))) == assertion_id_of()


def test_id_is_identical_when_the_same_question_is_answered_in_the_same_second() -> None:
    assert assertion_id_of() == assertion_id_of(content())
    assert assertion_id_of(at=START + timedelta(seconds=1))[16:] != assertion_id_of()[16:]


def test_assertion_is_valid_when_question_list_and_instant_match() -> None:
    assert matches(assertion_id_of(), content(), LIST, key=KEY)


@pytest.mark.parametrize(
    "other",
    [
        content(patient={**PATIENT, "member_id": "849382931"}),
        content(servicing_provider={**entered()["servicing_provider"], "tin": "463778226"}),
        changed_service(urgency="EXPEDITED"),
        changed_service(primary_diagnosis="K5651"),
        changed_service(admission_date="2026-07-21"),
        changed_line(code="44140"),
        content(services=entered()["services"] * 2),
    ],
    ids=["patient", "provider", "urgency", "diagnosis", "day", "code", "services"],
)
def test_assertion_is_invalid_when_another_question_was_answered(other: RequestContent) -> None:
    assert not matches(assertion_id_of(), other, LIST, key=KEY)


@pytest.mark.parametrize(
    "later",
    [
        content(servicing_provider={**entered()["servicing_provider"], "phone": "2165550100"}),
        content(requesting_provider=None),
        content(assertion_id="CHK-260701150000-0123456789ABCDEF"),
        changed_service(requested_days=5, additional_diagnoses=[]),
        changed_line(units=7, unit_type="DAYS", start_date="2026-07-22", modifiers=["LT"]),
    ],
    ids=["phone", "requesting provider", "the id itself", "stay", "line"],
)
def test_assertion_is_valid_when_a_draft_added_fields_that_only_drafts_have(
    later: RequestContent,
) -> None:
    assert matches(assertion_id_of(), later, LIST, key=KEY)


def test_assertion_is_invalid_when_another_rule_list_answered() -> None:
    assert not matches(assertion_id_of(), content(), "2026-07", key=KEY)


@pytest.mark.parametrize(
    "quoted", ["", "CHK", "CHK-260701150000", "ABC-260701150000-0123456789ABCDEF", "ÄÖÜ-1-ß"]
)
def test_assertion_is_invalid_when_the_quoted_text_is_not_an_id(quoted: str) -> None:
    assert not matches(quoted, content(), LIST, key=KEY)


def test_assertion_is_invalid_when_its_time_was_changed() -> None:
    assert not matches(assertion_id_of().replace("260701", "260601"), content(), LIST, key=KEY)


def test_id_cannot_be_forged_when_the_key_is_unknown() -> None:
    """A member's id cannot be found by trying all of them either."""
    assert assertion_id_of(key=bytes(32)) != assertion_id_of()
    assert not matches(assertion_id_of(key=bytes(32)), content(), LIST, key=KEY)


def test_id_is_normalized_when_it_is_quoted_as_people_write_it() -> None:
    quoted = content(assertion_id=" chk-260701150000-o123i567l9abcdef ")
    assert quoted.assertion_id == "CHK-260701150000-0123156719ABCDEF"


@pytest.mark.parametrize("wrong", ["CHK-26070115000-0123456789ABCDEF", "CHK-260701150000-U", ""])
def test_id_is_rejected_when_it_is_malformed(wrong: str) -> None:
    with pytest.raises(ValidationError):
        content(assertion_id=wrong)


def test_instant_is_read_when_an_id_is_quoted() -> None:
    assert stamped_at(assertion_id_of(at=START + timedelta(milliseconds=300))) == START


@pytest.mark.parametrize(
    "quoted", ["", "CHK-261301000000-0123456789ABCDEF", "CHK-2607011500-X", "ABC-260701150000-X"]
)
def test_no_instant_is_read_when_the_quoted_text_is_not_an_id(quoted: str) -> None:
    assert stamped_at(quoted) is None
