"""``precert clients``: register, replace keys, list, revoke; each is recorded before it acts."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from precert.cli import clients as clients_command
from precert.cli import main as cli
from precert.cli import users as users_command
from precert.names import Entitlement
from tests.adapters.smart_clients import (
    CLIENT_ID,
    ISSUER,
    SmartClient,
    ehr,
    public_jwk,
    registered,
    rights,
    rsa_key,
)
from tests.fakes.samples import PROVIDER_TIN

__all__ = ["ehr"]
Run = Callable[..., int]


@pytest.fixture
def run(ehr: SmartClient, monkeypatch: pytest.MonkeyPatch) -> Run:
    for module in (clients_command, users_command):
        monkeypatch.setattr(module, "stack_dependencies", lambda _stack: ehr.cloud.deps)
    return lambda *arguments: cli.main([*arguments, "--stack", "precert-dev"])


def key_file(folder: Path, number: int, kid: str, **members: str) -> str:
    file = folder / f"{kid}.json"
    jwk = {**public_jwk(rsa_key(number=number), kid), **members}
    file.write_text(json.dumps({"keys": [jwk]}), encoding="utf-8")
    return str(file)


def test_client_signs_in_with_its_new_key_only_when_there_is_no_overlap(
    ehr: SmartClient, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = key_file(tmp_path, 5, "first"), key_file(tmp_path, 6, "second")
    added = ("--jwks", first, "--scope", "system/Claim.cs", "--tin", PROVIDER_TIN)
    assert run("clients", "add", "Clinic EHR", *added) == 0
    client_id = capsys.readouterr().out.splitlines()[0]
    clinic = SmartClient(ehr.cloud, client_id, rsa_key(number=5), "first")
    assert clinic.request_token().status == 200
    grant = ehr.cloud.deps.grants.read(ISSUER, client_id)
    assert grant is not None
    assert set(grant.tins) == {PROVIDER_TIN}
    assert set(grant.entitlements) == {Entitlement.PATIENT_SEARCH}
    assert run("clients", "rotate", client_id, "--jwks", second, "--overlap", "0") == 0
    assert clinic.request_token().status == 401
    assert (
        SmartClient(ehr.cloud, client_id, rsa_key(number=6), "second").request_token().status == 200
    )
    assert run("clients", "list") == 0
    assert f"Clinic EHR ({client_id}): keys second; scopes system/Claim.cs" in (
        capsys.readouterr().out
    )
    operations = [one.operation for one in ehr.cloud.audit.records.values()]
    assert operations == ["command:clients add", "command:clients rotate"]


def test_client_signs_in_with_either_key_when_they_overlap(
    ehr: SmartClient, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    added = ("--jwks", key_file(tmp_path, 5, "first"), "--scope", "system/Claim.cs")
    assert run("clients", "add", "Clinic EHR", *added, "--tin", PROVIDER_TIN) == 0
    client_id = capsys.readouterr().out.splitlines()[0]
    first = SmartClient(ehr.cloud, client_id, rsa_key(number=5), "first")
    second = SmartClient(ehr.cloud, client_id, rsa_key(number=6), "second")
    assert run("clients", "rotate", client_id, "--jwks", key_file(tmp_path, 6, "second")) == 0
    assert "earlier keys until 2026-07-08" in capsys.readouterr().out
    for _ in range(2):
        assert [one.request_token().status for one in (first, second)] == [200, 200]
        ehr.cloud.clock.at += timedelta(days=6)
    assert [one.request_token().status for one in (first, second)] == [401, 200]


def test_earlier_keys_are_accepted_when_the_new_address_does_not_answer(
    ehr: SmartClient, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    added = ("--jwks", key_file(tmp_path, 5, "first"), "--scope", "system/Claim.cs")
    assert run("clients", "add", "Clinic EHR", *added, "--tin", PROVIDER_TIN) == 0
    client_id = capsys.readouterr().out.splitlines()[0]
    address = "https://unknown.example.org/keys"
    assert run("clients", "rotate", client_id, "--jwks-url", address) == 0
    first = SmartClient(ehr.cloud, client_id, rsa_key(number=5), "first")
    assert first.request_token().status == 200
    ehr.cloud.clock.at += timedelta(days=8)
    assert first.request_token().status == 401


@pytest.mark.parametrize("days", ["-1", "31", "week"])
def test_keys_are_not_replaced_when_the_overlap_is_too_long(
    run: Run, tmp_path: Path, days: str
) -> None:
    file = key_file(tmp_path, 6, "second")
    with pytest.raises(SystemExit):
        run("clients", "rotate", CLIENT_ID, "--jwks", file, f"--overlap={days}")


def test_client_is_gone_when_it_is_revoked(ehr: SmartClient, run: Run) -> None:
    assert run("clients", "grant", CLIENT_ID, "--tin", "20-3129831") == 0
    grant = ehr.cloud.deps.grants.read(ISSUER, CLIENT_ID)
    assert grant is not None
    assert grant.tins == {PROVIDER_TIN, "203129831"}
    assert run("clients", "revoke", CLIENT_ID, "--tin", "20-3129831") == 0
    assert ehr.request_token().status == 200
    assert run("clients", "revoke", CLIENT_ID, "--all") == 0
    assert ehr.request_token().status == 401
    assert ehr.cloud.deps.grants.read(ISSUER, CLIENT_ID) is None
    assert run("clients", "rotate", CLIENT_ID, "--jwks-url", "https://ehr.example.org/k") == 2


def test_client_is_not_registered_when_its_rights_are_invalid(
    ehr: SmartClient, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    added = ("--jwks", key_file(tmp_path, 5, "first"), "--scope", "system/Claim.cs")
    assert run("clients", "add", "Clinic EHR", *added, "--tin", "1") == 1
    assert "--tin: '1' must be nine digits" in capsys.readouterr().err
    assert [one.client_id for one in ehr.cloud.deps.clients.stored()] == [CLIENT_ID]


def test_registration_stays_when_another_client_is_added_with_its_id(
    ehr: SmartClient, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clients, before = ehr.cloud.deps.clients, ehr.cloud.deps.clients.read(CLIENT_ID)
    scopes = ("--scope", "system/Claim.cs", "--tin", PROVIDER_TIN, "--client-id")
    other = ("--jwks", key_file(tmp_path, 5, "other"), *scopes)
    assert run("clients", "add", "Other EHR", *other, CLIENT_ID) == 2
    assert "is registered already" in capsys.readouterr().err
    assert clients.read(CLIENT_ID) == before
    # The same command again completes what was interrupted.
    assert run("clients", "add", "Other EHR", *other, "other-ehr") == 0
    assert run("clients", "add", "Other EHR", *other, "other-ehr") == 0


def test_command_fails_when_there_is_nothing_to_revoke(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """An id with a typing error must not be shown as revoked."""
    assert run("clients", "revoke", f"{CLIENT_ID}x", "--all") == 1
    assert "no rights and no registration were found" in capsys.readouterr().out


CDS_ISSUER = "https://ehr.example.org/cds"


class EndedError(BaseException):
    """The process ended here."""


def ended_before(ehr: SmartClient, write: int) -> Callable[..., None]:
    """End the process before this of its writes to a table."""
    left = write

    def count(event_name: str, **_: object) -> None:
        nonlocal left
        operation = event_name.rpartition(".")[2]
        left -= operation in {"DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"}
        if left <= 0:
            raise EndedError

    ehr.cloud.deps.dynamodb.meta.events.register("before-call", count)
    return count


def test_nothing_of_a_client_is_left_when_a_revocation_ended_before_any_write_and_is_repeated(
    ehr: SmartClient, run: Run
) -> None:
    deps = ehr.cloud.deps
    for write in count(1):
        deps.clients.store(registered(cds_hooks_issuer=CDS_ISSUER))
        deps.grants.store(rights())
        hook = ended_before(ehr, write)
        try:
            run("clients", "revoke", CLIENT_ID, "--all")
        except EndedError:
            was_ended = True
        else:
            was_ended = False
        deps.dynamodb.meta.events.unregister("before-call", hook)
        if not was_ended:
            break
        assert run("clients", "revoke", CLIENT_ID, "--all") == 0
        assert deps.clients.read(CLIENT_ID) is None
        assert deps.clients.of_cds_hooks(CDS_ISSUER) is None
        assert deps.grants.read(ISSUER, CLIENT_ID) is None
        assert [*deps.clients.stored(), *deps.grants.stored()] == []
    assert write > 3


def test_client_is_not_registered_when_another_one_has_its_issuer_of_hooks(
    ehr: SmartClient, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clients, first = ehr.cloud.deps.clients, registered(cds_hooks_issuer=CDS_ISSUER)
    clients.store(first)
    added = ("--jwks", key_file(tmp_path, 5, "first"), "--scope", "system/Claim.cs")
    arguments = ("clients", "add", "Clinic EHR", *added, "--tin", PROVIDER_TIN)
    assert run(*arguments, "--cds-hooks-issuer", CDS_ISSUER) == 2
    assert "Another client has this issuer of CDS Hooks calls." in capsys.readouterr().err
    assert clients.of_cds_hooks(CDS_ISSUER) == first
    assert list(clients.stored()) == [first]
    # The client itself can be registered again, and another one after it is revoked.
    clients.store(first)
    clients.remove(first)
    assert run(*arguments, "--cds-hooks-issuer", CDS_ISSUER) == 0


def test_client_has_one_issuer_of_hooks_when_a_registration_ended_before_any_write(
    ehr: SmartClient,
) -> None:
    deps = ehr.cloud.deps
    others = [registered(cds_hooks_issuer=f"{CDS_ISSUER}/{name}") for name in ("b", "c")]
    for write in count(1):
        deps.clients.store(registered(cds_hooks_issuer=CDS_ISSUER))
        hook = ended_before(ehr, write)
        try:
            deps.clients.store(others[0])
        except EndedError:
            was_ended = True
        else:
            was_ended = False
        deps.dynamodb.meta.events.unregister("before-call", hook)
        if not was_ended:
            return
        deps.clients.store(others[1])
        assert deps.clients.of_cds_hooks(CDS_ISSUER) is None
        assert deps.clients.of_cds_hooks(f"{CDS_ISSUER}/b") is None
        assert deps.clients.of_cds_hooks(f"{CDS_ISSUER}/c") == others[1]
        deps.clients.remove(others[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--jwks-url", "http://ehr.example.org/keys"), "must be an https URL"),
        (("--jwks-url", "https://10.0.0.1/keys"), "must have a public host name"),
        (("--jwks", "missing.json"), "missing.json"),
    ],
)
def test_registration_is_refused_when_its_keys_are_not_usable(
    ehr: SmartClient,
    run: Run,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    assert run("clients", "add", "EHR", *arguments, "--scope", "system/Claim.c") == 1
    assert message in capsys.readouterr().err
    assert [one.client_id for one in ehr.cloud.deps.clients.stored()] == [CLIENT_ID]


def test_registration_is_refused_when_the_file_has_a_private_key(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = key_file(tmp_path, 5, "first", d="c2VjcmV0")
    assert run("clients", "add", "EHR", "--jwks", file, "--scope", "system/Claim.c") == 1
    error = capsys.readouterr().err
    assert "private key" in error
    assert "c2VjcmV0" not in error


def test_registration_is_refused_when_a_scope_is_not_one_of_systems(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = key_file(tmp_path, 5, "first")
    assert run("clients", "add", "EHR", "--jwks", file, "--scope", "user/Claim.c") == 1
    assert "system/Claim" in capsys.readouterr().err
