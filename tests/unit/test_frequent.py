"""What counts as a selection, and which are offered first (C2)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from precert.domain.content import Provider
from precert.domain.directory import (
    FREQUENT_SHOWN,
    FrequentProvider,
    most_frequent,
    selected_provider,
    selection_key,
)
from tests.fakes.samples import content, entered

START = datetime(2026, 7, 1, 12, tzinfo=UTC)


def provider(**changes: Any) -> Provider:
    return Provider.model_validate({**entered()["servicing_provider"], **changes})


def selection(name: str, selected: int, hours: int = 0) -> FrequentProvider:
    at = START + timedelta(hours=hours)
    return FrequentProvider(provider=provider(name=name), selected=selected, selected_at=at)


def test_most_selected_is_first_when_ranked() -> None:
    ranked = most_frequent([selection("One", 1, 9), selection("Five", 5), selection("Three", 3)])
    assert [one.provider.name for one in ranked] == ["Five", "Three", "One"]


def test_last_selected_is_first_when_selected_as_often() -> None:
    ranked = most_frequent([selection("Early", 2, 1), selection("Late", 2, 2)])
    assert [one.provider.name for one in ranked] == ["Late", "Early"]


def test_ten_are_offered_when_there_are_more() -> None:
    assert len(most_frequent([selection("Any", n) for n in range(1, 20)])) == FREQUENT_SHOWN


@pytest.mark.parametrize("field", ["name", "npi", "tin", "address"])
def test_provider_is_not_counted_when_it_is_half_entered(field: str) -> None:
    half = {**entered()["servicing_provider"], field: None}
    assert selected_provider(content(servicing_provider=half)) is None


def test_typed_provider_is_one_when_typed_again_otherwise() -> None:
    typed = provider(provider_id=None)
    again = provider(provider_id=None, name=(typed.name or "").upper(), phone="2165550111")
    assert selection_key(typed) == selection_key(again)
    assert selection_key(typed) != selection_key(provider(provider_id=None, tin="690121431"))
    assert selection_key(typed) != selection_key(provider())
