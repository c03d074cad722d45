"""A list row is small: 25 rows cost one read unit, whatever was entered (T2)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precert.adapters.dynamodb.dashboard_rows import (
    ENTRY_BYTES,
    MAX_ROW_BYTES,
    PAGE,
    row_of,
    row_text,
)
from precert.adapters.dynamodb.request_items import row_writes
from precert.adapters.dynamodb.table import from_wire
from precert.domain.disputes import DisputeKind
from precert.domain.matching import ProviderRole
from precert.domain.review import Channel
from precert.domain.rows import DashboardRow
from precert.domain.statuses import Status, WaitingOn
from precert.domain.values import Purpose
from precert.names import INDEXES, ROW_INDEXES
from tests.adapters.capacity import in_index, item_size, read_units
from tests.fakes.samples import FACILITY_TIN, NUMBER, PROVIDER_TIN, REQUEST_ID

INSTANT = datetime(2026, 7, 1, 15, 0, 0, 123457, tzinfo=UTC)
WIDEST = DashboardRow(
    request_id=REQUEST_ID,
    number=NUMBER,
    status=Status.PARTIALLY_APPROVED,
    purpose=Purpose.PREDETERMINATION,
    patient="Ä" * 120 + " " + "Ö" * 120,
    date_of_birth=date(1986, 1, 1),
    first_day=date(2026, 7, 20),
    last_day=date(2026, 7, 23),
    requesting_provider="漢" * 120,
    requesting_tin=PROVIDER_TIN,
    servicing_provider="C" * 120,
    place_of_service="P" * 120,
    appeal_open=True,
    dispute=DisputeKind.RECONSIDERATION,
    waiting_on=WaitingOn.PAYER,
    due_at=INSTANT,
    updated_at=INSTANT,
)


def disputed(dispute: DisputeKind | None, **columns: Any) -> DashboardRow:
    return DashboardRow(dispute=dispute, appeal_open=dispute is not None, **columns)


texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=120)
rows = st.builds(
    disputed,
    st.none() | st.sampled_from(DisputeKind),
    request_id=st.just(REQUEST_ID),
    number=st.sampled_from([None, NUMBER]),
    status=st.sampled_from(Status),
    purpose=st.sampled_from(Purpose),
    patient=st.none() | texts,
    date_of_birth=st.none() | st.dates(date(1900, 1, 1)),
    first_day=st.none() | st.dates(date(1900, 1, 1)),
    last_day=st.none() | st.dates(date(1900, 1, 1)),
    requesting_provider=st.none() | texts,
    requesting_tin=st.sampled_from([None, PROVIDER_TIN]),
    servicing_provider=st.none() | texts,
    place_of_service=st.none() | texts,
    channel=st.sampled_from(Channel),
    delegated=st.booleans(),
    unmatched_providers=st.sampled_from(
        [(), *((role,) for role in ProviderRole), tuple(ProviderRole)]
    ),
    waiting_on=st.sampled_from(WaitingOn),
    updated_at=st.just(INSTANT),
)


def line(row: DashboardRow, member_id: str = "A" * 20) -> dict[str, dict[str, object]]:
    """The row as stored in the table after its update, flagged."""
    [operation] = row_writes("table", row, [FACILITY_TIN], member_id)
    update = operation["Update"]
    names, values = update["ExpressionAttributeNames"], update["ExpressionAttributeValues"]
    attributes = {n: values[f":{n}"] for n in names.values() if f":{n}" in values}
    return {**update["Key"], **attributes, "flag": {"N": "1782918000123457"}}


@pytest.mark.rule("T2")
@pytest.mark.parametrize("name", sorted(ROW_INDEXES))
def test_page_costs_one_unit_when_every_name_has_maximum_length(name: str) -> None:
    item = in_index(line(WIDEST), INDEXES[name])
    assert item is not None
    assert item_size(item) - len(row_text(WIDEST).encode()) <= ENTRY_BYTES
    assert read_units([item] * PAGE) == 1


@settings(max_examples=300)
@given(rows)
def test_row_fits_and_round_trips_when_any_value_was_entered(row: DashboardRow) -> None:
    text = row_text(row)
    assert len(text.encode()) <= MAX_ROW_BYTES
    found = row_of(from_wire(line(row)))
    for name in ("place_of_service", "requesting_provider", "servicing_provider", "patient"):
        was, current = getattr(row, name), getattr(found, name)
        cut = current is not None and current.endswith("…")
        assert current == was or (cut and was.startswith(current[:-1]))
    same = {
        "status",
        "purpose",
        "waiting_on",
        "appeal_open",
        "dispute",
        "channel",
        "delegated",
        "number",
        "requesting_tin",
        "unmatched_providers",
    }
    days = {"date_of_birth", "first_day", "last_day", "updated_at"}
    assert all(getattr(found, name) == getattr(row, name) for name in same | days)


def test_names_are_complete_when_they_are_of_ordinary_length() -> None:
    row = WIDEST.model_copy(
        update={
            "patient": "Allison Adams",
            "requesting_provider": "Jeffrey Rubinstein",
            "servicing_provider": "Cleveland Center for Digestive Health & Endoscopy LLC",
            "place_of_service": "HOSPITAL_OFF_CAMPUS",
        }
    )
    found = row_of(from_wire(line(row)))
    assert found.servicing_provider == row.servicing_provider
    assert found.place_of_service == row.place_of_service


def test_row_is_readable_when_it_was_written_before_the_flag_existed() -> None:
    item = from_wire(line(WIDEST))
    form, notices, *rest = item["row"].split("\t")
    found = row_of({**item, "row": "\t".join((form, notices[:6], *rest))})
    assert (found.unmatched_providers, found.number) == ((), WIDEST.number)


def test_reader_fails_when_a_row_has_an_unknown_format() -> None:
    item = from_wire(line(WIDEST))
    with pytest.raises(ValueError, match="format 9"):
        row_of({**item, "row": "9\tanything"})
