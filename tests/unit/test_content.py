"""Parts of a request's content."""

import json
from typing import Any

import pytest

from precert.domain.content import PARTS, ContentParts, Procedure, RequestContent, numbered_lines
from precert.domain.decisions import LineDecision, service_lines_of
from precert.domain.determination import approved_of
from precert.domain.requested_lines import requested_lines
from tests.fakes.samples import content, entered, later, payer


def test_every_part_can_be_saved_separately_when_the_content_has_it() -> None:
    assert set(ContentParts.model_fields) == PARTS


@pytest.mark.parametrize("part", sorted(PARTS))
def test_part_equals_the_input_when_it_is_sent_alone(part: str) -> None:
    whole = entered(
        assertion_id="CHK-260701150000-0123456789ABCDEF",
        purpose="PREDETERMINATION",
        confirmed_vendors=["EVICORE-RAD"],
    )
    body: dict[str, Any] = {part: whole[part]}
    sent = ContentParts.model_validate(body)
    assert sent.sent == {part}
    assert getattr(sent.content, part) == getattr(content(**whole), part)


def test_part_is_cleared_when_null_is_sent() -> None:
    sent = ContentParts.model_validate({"services": None, "purpose": None, "patient": None})
    assert sent.sent == {"services", "purpose", "patient"}
    assert sent.content == RequestContent()


def test_line_ids_are_numbered_by_service_and_code_when_one_service_has_no_codes() -> None:
    [service] = later(entered()["services"], 0)
    two_codes = service | {"procedures": [{"code": "44120"}, {"code": "44125"}]}
    whole = content(services=[two_codes, service | {"procedures": []}])
    numbered = [(line_id, one and one.code) for line_id, _, one in numbered_lines(whole.services)]
    assert numbered == [("1.1", "44120"), ("1.2", "44125"), ("2.1", None)]
    assert [(line.line_id, line.code) for line in service_lines_of(whole.services)] == numbered
    assert [(line_id, one.code) for line_id, one in requested_lines(whole).items()] == numbered


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
    ("code", "code_type", "stored"),
    [
        *(("450", "REVENUE", "0450"), ("0450", "REVENUE", "0450"), (" 120", "REVENUE", "0120")),
        *(("450", "DRG", "450"), ("001", "DRG", "001"), ("0450", None, "0450")),
        *(("450", None, "450"), ("44120", "CPT", "44120"), ("j1745", "HCPCS", "J1745")),
    ],
)
def test_revenue_code_is_stored_with_four_digits_when_entered_with_three(
    code: str, code_type: str | None, stored: str
) -> None:
    entered = {"code": code, "code_type": code_type}
    assert Procedure.model_validate(entered).code == stored
    assert Procedure.model_validate_json(json.dumps(entered)).code == stored


@pytest.mark.parametrize(
    ("requested", "approved", "expected"),
    [("0120", "110", "0110"), ("0120", "0110", "0110"), ("44120", "44125", "44125")],
)
def test_approved_revenue_code_has_four_digits_when_entered_with_three(
    requested: str, approved: str, expected: str
) -> None:
    service = entered()["services"][0] | {"procedures": [{"code": requested}]}
    line = requested_lines(content(services=[service]))["1.1"]
    decision = LineDecision.model_validate(
        {"line_id": "1.1", "status": "APPROVED", "approved": {"code": approved}}
    )
    assert approved_of(decision, line, payer()).code == expected
