"""Codes are looked up while they are entered: by code, by words, and as a list (C5, T6)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from functions.check import handler as check
from precert.domain.code_sets import CodeSet, ListedCode
from tests.adapters.callers import CLERK, OPERATOR, PROVIDER, REVIEWER
from tests.adapters.calls import Reply
from tests.adapters.cloud import Cloud
from tests.fakes.code_sets import code_sets


def searched(
    cloud: Cloud, kind: str, q: str, by: Mapping[str, str] = PROVIDER, **query: str
) -> Reply:
    reply = cloud.call(check, "GET", f"/v1/codes/{kind}", query={"q": q, **query}, by=by)
    assert reply.status == 200, reply.text
    return reply


def codes(reply: Reply) -> list[str]:
    return [one["code"] for one in reply.body["codes"]]


def looked_up(cloud: Cloud, by: Mapping[str, str] = PROVIDER, **body: Any) -> Reply:
    return cloud.call(check, "POST", "/v1/codes/lookup", body, by=by)


@pytest.mark.rule("T6")
@pytest.mark.parametrize("entered", ["K55", "k55", " K55 "])
def test_diagnoses_are_found_with_their_words_when_a_code_is_begun(
    cloud: Cloud, entered: str
) -> None:
    with cloud.wire.counting() as calls:
        reply = searched(cloud, "diagnoses", entered)
    assert calls == []
    assert codes(reply)[:2] == ["K55", "K550"]
    [first, *_] = reply.body["codes"]
    assert (first["label"], first["category"]) == ("Vascular disorders of intestine", True)
    assert (len(reply.body["codes"]), reply.body["more"]) == (10, True)
    assert codes(searched(cloud, "diagnoses", "K55.059"))[0] == "K55059"


@pytest.mark.parametrize(
    ("entered", "expected"),
    [
        ("vasc dis intest", "K55"),
        ("intestine, vascular", "K55"),
        ("type 2 diabetes", "E11"),
        ("sezary", "C841"),
        ("S\u00e9zary", "C841"),
    ],
)
def test_diagnosis_is_first_when_words_of_its_description_are_begun(
    cloud: Cloud, entered: str, expected: str
) -> None:
    found = codes(searched(cloud, "diagnoses", entered, limit="25"))
    assert expected in found[:3], found


def test_no_diagnosis_is_found_when_letters_are_within_a_word_or_too_few(cloud: Cloud) -> None:
    labels = [one["label"] for one in searched(cloud, "diagnoses", "ear pain").body["codes"]]
    assert not [label for label in labels if "heart" in label.lower()]
    assert codes(searched(cloud, "diagnoses", "of")) == []


def test_ended_code_is_not_found_when_it_is_searched(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = ListedCode("K55", "Ended", valid_to=date(2026, 6, 30))
    current = ListedCode("K551", "Current", valid_to=cloud.clock.at.date())

    class Sets(type(code_sets())):  # type: ignore[misc]
        def search(self, code_set: CodeSet, *_: Any, **__: Any) -> tuple[ListedCode, ...]:
            return (ended, current) if code_set is CodeSet.ICD_10_CM else ()

    monkeypatch.setattr(cloud.deps, "code_sets", Sets(lambda: None))
    assert codes(searched(cloud, "diagnoses", "K55")) == ["K551"]


@pytest.mark.rule("T6")
def test_procedures_have_the_payers_words_when_the_rule_list_has_them(cloud: Cloud) -> None:
    searched(cloud, "procedures", "44120")  # the rule list is cached
    with cloud.wire.counting() as calls:
        reply = searched(cloud, "procedures", "9920")
    assert calls == ["GetItem"]
    assert codes(reply) == ["99202", "99203", "99204", "99205"]
    assert {one["label"] for one in reply.body["codes"]} == {"Office visit"}
    assert codes(searched(cloud, "procedures", "offi vis"))[0] == "99202"


def test_complete_code_is_found_when_the_rule_list_has_it_in_a_range(cloud: Cloud) -> None:
    [first, *_] = searched(cloud, "procedures", "44125").body["codes"]
    assert (first["code"], first["code_type"]) == ("44125", "CPT")
    assert first["label"] == "Bowel surgery without a stay"


def test_drug_says_that_it_needs_its_medication_when_it_is_found(cloud: Cloud) -> None:
    [first, *_] = searched(cloud, "procedures", "J1745").body["codes"]
    assert (first["code_type_label"], first["needs_medication"]) == ("HCPCS", True)
    behavioral = searched(cloud, "procedures", "90837").body["codes"]
    assert [one["behavioral"] for one in behavioral] == [True]


def test_search_is_not_repeated_when_the_caller_has_the_result(cloud: Cloud) -> None:
    first = searched(cloud, "diagnoses", "K55")
    assert first.headers["Cache-Control"] == "private, max-age=3600"
    again = cloud.call(
        check,
        "GET",
        "/v1/codes/diagnoses",
        query={"q": "K55"},
        if_none_match=first.headers["ETag"],
    )
    assert again.status == 304


@pytest.mark.rule("C5")
def test_each_code_has_its_words_or_its_error_when_a_list_was_pasted(cloud: Cloud) -> None:
    searched(cloud, "procedures", "44120")
    with cloud.wire.counting() as calls:
        reply = looked_up(
            cloud,
            diagnoses=["k55.059", "K56999", "what?"],
            procedures=["44120", " j1745", "J9998", "450", "4412", "99999999"],
        )
    assert (reply.status, calls) == (200, ["GetItem"])
    diagnoses, procedures = reply.body["diagnoses"], reply.body["procedures"]
    assert [error(one) for one in diagnoses] == [None, "unknown_code", "malformed"]
    assert diagnoses[0]["known"]["code"] == "K55059"
    assert [error(one) for one in procedures] == [
        *(None, None, "unknown_code", "ambiguous", None, "malformed"),
    ]
    assert procedures[0]["known"]["label"]
    assert [one["entered"] for one in procedures][:2] == ["44120", "j1745"]
    assert procedures[3]["error"]["choices"] == ["REVENUE", "DRG"]
    assert procedures[4]["known"]["code_type"] == "REVENUE"
    chosen = looked_up(cloud, procedures=["450"], code_type="REVENUE").body["procedures"]
    assert [(one["known"]["code"], error(one)) for one in chosen] == [("0450", None)]


def error(one: Any) -> str | None:
    return one["error"]["code"] if one["error"] else None


def test_code_is_not_valid_when_it_begins_after_the_day_of_service(cloud: Cloud) -> None:
    new = next(
        one for one in code_sets().codes_of(CodeSet.ICD_10_CM) if one.valid_from and one.leaf
    )
    assert new.valid_from is not None
    before = date.fromordinal(new.valid_from.toordinal() - 1)
    day = max(before, date(1900, 1, 1)).isoformat()
    [entry] = looked_up(cloud, diagnoses=[new.code], service_date=day).body["diagnoses"]
    assert (error(entry), entry["known"]["code"]) == ("not_valid_on_day", new.code)


def test_clerk_and_reviewer_search_too_when_others_are_refused(cloud: Cloud) -> None:
    for by in (CLERK, REVIEWER):
        assert codes(searched(cloud, "diagnoses", "K55", by))
        assert looked_up(cloud, by, diagnoses=["K55"]).status == 200
    assert looked_up(cloud, OPERATOR, diagnoses=["K55"]).status == 403
