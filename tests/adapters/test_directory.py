"""The directory on the table: search results, at a constant cost for any size (C1, C16)."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from functions.status import handler as status
from precert.adapters.dynamodb.reference import DynamoDBReference
from precert.domain.directory import (
    DirectoryEntry,
    Place,
    ProviderSearch,
    miles_between,
    name_matches,
)
from precert.domain.loading import load_directory
from precert.domain.values import ProviderKind
from precert.usecases.directory import MAX_PROVIDERS
from tests.adapters.callers import PROVIDER
from tests.adapters.cloud import Cloud
from tests.adapters.tables import create_reference_table, loads_of, names
from tests.adapters.wire import Clients
from tests.fakes.clock import START
from tests.fakes.code_sets import code_sets
from tests.fakes.samples import ADDRESS, DATA

CENTER = "Cleveland Center for Digestive Health & Endoscopy LLC"
UNLISTED_TIN = "690999999"
SAMPLE: Path = DATA / "sample" / "providers.csv"


def new_directory(clients: Clients) -> Iterator[DynamoDBReference]:
    """A table of its own, deleted afterwards: moto copies every table in each transaction."""
    table, client = names("directory"), clients.by_name["dynamodb"]
    create_reference_table(client, table)
    clients.wire.reset()
    yield DynamoDBReference(client, reference_table=table)
    clients.wire.reset()
    client.delete_table(TableName=table)


directory = pytest.fixture(new_directory)


def put_filed(
    clients: Clients, directory: DynamoDBReference, filed: Sequence[tuple[DirectoryEntry, Place]]
) -> None:
    assert all(loads_of(clients, directory._table).put_entries(filed, START))


@pytest.fixture(scope="module")
def whole_directory(clients: Clients) -> Iterator[DynamoDBReference]:
    """The sample payer's facilities, and two of its physicians."""
    for loaded_directory in new_directory(clients):
        entries = [
            entry
            for entry in load_directory(SAMPLE.read_text(encoding="utf-8"))
            if entry.kind is ProviderKind.FACILITY
            or entry.name in {"Jeffrey Rubinstein", "Elodie Eastman"}
        ]
        located = [(one, code_sets().place(one.address.zip_code)) for one in entries]
        put_filed(clients, loaded_directory, [(one, place) for one, place in located if place])
        yield loaded_directory


@pytest.fixture
def provider(cloud: Cloud, whole_directory: DynamoDBReference) -> Cloud:
    cloud.deps.reference = whole_directory
    cloud.wire.reset()
    return cloud


def found(provider: Cloud, **query: str) -> list[dict[str, Any]]:
    query.setdefault("zip_code", "44122")
    query.setdefault("kind", "FACILITY")
    reply = provider.search(PROVIDER, **query)
    assert reply.status == 200, reply.text
    providers: list[dict[str, Any]] = reply.body["providers"]
    return providers


def found_names(provider: Cloud, **query: str) -> set[str]:
    return {one["provider"]["name"] for one in found(provider, **query)}


# -- Search ----------------------------------------------------------------------------------------


@pytest.mark.rule("C1")
@pytest.mark.parametrize("entered", ["cle", "Cleveland cen", "dig", "endoscopy llc", "HEALTH dige"])
def test_provider_is_found_when_a_prefix_of_any_word_is_entered(
    provider: Cloud, entered: str
) -> None:
    assert CENTER in found_names(provider, name=entered)


@pytest.mark.rule("C1")
def test_other_provider_type_is_excluded_when_one_is_searched(provider: Cloud) -> None:
    assert found_names(provider, name="rubin", kind="INDIVIDUAL") == {"Jeffrey Rubinstein"}
    assert found_names(provider, name="rubin", kind="FACILITY") == set()


@pytest.mark.rule("C1")
def test_provider_is_excluded_when_it_is_outside_the_radius(provider: Cloud) -> None:
    from_columbus = found_names(provider, name="cleveland", zip_code="43215")
    assert CENTER not in from_columbus
    assert all(one["miles"] <= 25 for one in found(provider, name="hospital"))


@pytest.mark.rule("C1")
def test_each_address_is_offered_when_a_provider_has_several(provider: Cloud) -> None:
    rows = found(provider, name="sycamore advanced")
    assert {row["provider"]["address"]["city"] for row in rows} == {
        "Beachwood",
        "Mentor",
        "Strongsville",
    }
    assert len({row["provider"]["npi"] for row in rows}) == 1
    assert [row["miles"] for row in rows] == sorted(row["miles"] for row in rows)


@pytest.mark.rule("C1")
def test_each_tin_is_offered_when_a_provider_has_several(provider: Cloud) -> None:
    rows = found(provider, name="eastman", kind="INDIVIDUAL", zip_code="44136")
    assert {row["provider"]["tin"] for row in rows} >= {"690391526", "690358942"}


@pytest.mark.parametrize("entered", ["", "c", "ce di"])
def test_providers_of_the_zip_code_are_returned_when_fewer_than_three_letters_are_entered(
    provider: Cloud, entered: str
) -> None:
    reply = provider.search(zip_code="44122", kind="FACILITY", name=entered)
    assert CENTER in {row["provider"]["name"] for row in reply.body["providers"]}
    assert {row["provider"]["address"]["zip_code"] for row in reply.body["providers"]} == {"44122"}
    assert provider.deps.payer.notices["directory_letters"] in reply.body["notices"]


def test_zip_code_is_named_when_it_is_unknown(provider: Cloud) -> None:
    reply = provider.search(zip_code="00000", kind="FACILITY", name="cle")
    assert reply.status == 422
    assert [error["pointer"] for error in reply.body["errors"]] == ["/zip_code"]


def test_search_is_one_call_when_the_zip_code_is_known(provider: Cloud) -> None:
    for entered in ("clev", ""):
        with provider.wire.counting() as calls:
            found(provider, name=entered)
        assert calls == ["Query"]


# -- Missing or wrong in the directory -------------------------------------------------------------


@pytest.mark.rule("C16")
@pytest.mark.parametrize("entered", ["no provider has this name", "cleveland", ""])
def test_correction_contacts_are_returned_when_a_search_is_answered(
    provider: Cloud, entered: str
) -> None:
    reply = provider.search(zip_code="44122", kind="FACILITY", name=entered)
    notices = provider.deps.payer.notices
    response = reply.body["corrections"]
    assert response == {
        "own": notices["directory_own"],
        "other": notices["directory_other"],
        "tax_id": notices["directory_tax_id"],
    }
    assert len(set(response.values())) == 3
    assert all("enter the provider manually" in text for text in response.values())


# -- A directory that grows ------------------------------------------------------------------------

BEACHWOOD = code_sets().place("44122")
WORDS = ("Lakeview", "Harbor", "Summit", "Meridian", "Juniper", "Falcon", "Garnet", "Orchid")


def entry(number: int, name: str = "", **changes: Any) -> DirectoryEntry:
    fields = {
        "provider_id": f"G{number:05d}",
        "kind": ProviderKind.FACILITY,
        "name": name or f"{WORDS[number % len(WORDS)]} {WORDS[number // 8 % len(WORDS)]} Clinic",
        "npi": "8001041853",
        "tin": f"69{number:07d}",
        "address": ADDRESS,
    }
    return DirectoryEntry.model_validate({**fields, **changes})


def put(clients: Clients, directory: DynamoDBReference, *entries: DirectoryEntry) -> None:
    assert BEACHWOOD is not None
    put_filed(clients, directory, [(one, BEACHWOOD) for one in entries])


def names_around(directory: DynamoDBReference, word: str) -> set[str]:
    assert BEACHWOOD is not None
    filed = directory.entries_near(BEACHWOOD, ProviderKind.FACILITY, word)
    return {one.name for one, _ in filed.entries}


@pytest.mark.rule("C1")
def test_search_costs_the_same_when_the_directory_has_grown(
    clients: Clients, directory: DynamoDBReference
) -> None:
    counted = []
    for size in (8, 64):
        put(clients, directory, *(entry(number) for number in range(size)))
        with clients.wire.counting() as calls:
            assert names_around(directory, "orchi")
        counted.append(list(calls))
    assert counted == [["Query"], ["Query"]]


def test_reading_stops_when_more_entries_match_than_a_search_reads(
    clients: Clients, directory: DynamoDBReference
) -> None:
    last = '{"pk": {"S": "a"}, "sk": {"S": "b"}}'
    for _ in range(3):
        clients.wire.answer("Query", f'{{"Items": [], "LastEvaluatedKey": {last}}}')
    assert BEACHWOOD is not None
    with clients.wire.counting() as calls:
        filed = directory.entries_near(BEACHWOOD, ProviderKind.FACILITY, "orchid")
    assert (calls, filed.complete) == (["Query"] * 3, False)


def test_entries_are_not_filed_again_when_they_are_unchanged(
    clients: Clients, directory: DynamoDBReference
) -> None:
    entries = [entry(number) for number in range(3)]
    put(clients, directory, *entries)
    with clients.wire.counting() as calls:
        put(clients, directory, *entries)
    assert calls == ["BatchGetItem", *["PutItem"] * 3], "each entry has the date of its file"


def test_entry_is_found_by_its_new_name_when_it_was_renamed(
    clients: Clients, directory: DynamoDBReference
) -> None:
    put(clients, directory, entry(1, "Harbor Clinic"))
    put(clients, directory, entry(1, "Summit Clinic"))
    assert names_around(directory, "harbor") == set()
    assert names_around(directory, "summit") == {"Summit Clinic"}
    assert names_around(directory, "clinic") == {"Summit Clinic"}


def test_entry_is_not_found_at_its_former_place_when_it_moved(
    clients: Clients, directory: DynamoDBReference
) -> None:
    put(clients, directory, entry(1))
    put_filed(clients, directory, [(entry(1), Place(latitude=39.97, longitude=-83.0))])
    assert names_around(directory, "clinic") == set()


# -- The caller's own providers --------------------------------------------------------------------


def me(provider: Cloud, **changed: str) -> dict[str, Any]:
    reply = provider.call(status, "GET", "/v1/me", by={**PROVIDER, **changed})
    assert reply.status == 200, reply.text
    body: dict[str, Any] = reply.body
    return body


def test_caller_reads_entitlements_and_provider_names_when_the_token_has_them(
    provider: Cloud, whole_directory: DynamoDBReference
) -> None:
    [digestive] = [
        one for one in found(provider, name="center") if one["provider"]["name"] == CENTER
    ]
    tin = digestive["provider"]["tin"]
    with provider.wire.counting() as calls:
        body = me(
            provider, **{"custom:tins": f"{tin} {UNLISTED_TIN}", "custom:plans": "OAP-COMPLETE"}
        )
    assert calls == ["Query", "Query"]
    assert body["entitlements"] == ["PatientSearch"]
    assert body["entitlements_labels"] == ["Patient Search"]
    assert {one["tin"]: one["provider_names"] for one in body["tins"]} == {
        tin: [CENTER],
        UNLISTED_TIN: [],
    }
    assert (body["plan_ids"], body["vendor_ids"]) == (["OAP-COMPLETE"], [])


def test_caller_reads_empty_lists_when_the_token_has_no_claims(provider: Cloud) -> None:
    claims = {"cognito:groups": "", "custom:tins": "", "custom:plans": ""}
    lists = ("entitlements", "entitlements_labels", "tins", "damaged", "plan_ids", "vendor_ids")
    assert me(provider, **claims) == {"name": None, **{name: [] for name in lists}}


def test_names_are_few_and_facilities_first_when_a_tin_has_many_providers(
    clients: Clients,
    directory: DynamoDBReference,
) -> None:
    tin = {"tin": "690000001"}
    put(
        clients,
        directory,
        *(entry(number, f"Clinic {chr(65 + number)}", **tin) for number in range(12)),
    )
    put(clients, directory, entry(20, "Aaron Able", kind=ProviderKind.INDIVIDUAL, **tin))
    put(clients, directory, entry(21, "Clinic A", **tin))
    assert directory.names_of("690000001").records == tuple(
        f"Clinic {chr(65 + one)}" for one in range(10)
    )
    put(clients, directory, entry(20, "Aaron Able", kind=ProviderKind.INDIVIDUAL, tin="690000002"))
    assert directory.names_of("690000002").records == ("Aaron Able",)


# -- compared with a full scan ---------------------------------------------------------------------


@pytest.mark.rule("C1")
@pytest.mark.parametrize("entered", ["hosp", "center", "sur", "clin", "imag adv", "zzz"])
def test_results_match_a_full_scan_when_every_entry_is_compared(
    provider: Cloud, entered: str
) -> None:
    places = code_sets()
    search = ProviderSearch(zip_code="44122", kind=ProviderKind.FACILITY, name=entered)
    here = places.place(search.zip_code)
    assert here is not None
    expected = set()
    for one in load_directory(SAMPLE.read_text(encoding="utf-8")):
        there = places.place(one.address.zip_code)
        assert there is not None
        near = miles_between(here, there) <= 25
        if near and one.kind is search.kind and name_matches(one.name, entered):
            expected.add(one.provider_id)
    assert len(expected) <= MAX_PROVIDERS
    assert {row["provider"]["provider_id"] for row in found(provider, name=entered)} == expected
