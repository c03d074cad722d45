"""Rights granted on the server: by subject, revoked within a minute, with thousands of TINs."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from functions.check import handler as check
from functions.review import handler as review
from functions.status import handler as status
from functions.submit import handler as submit
from precert.adapters.dynamodb import grants as grants_table
from precert.adapters.dynamodb.grants import DynamoDBGrants
from precert.cli import main as cli
from precert.cli import users as users_command
from precert.domain.caller import Grant
from precert.domain.errors import DamagedRecordError, NotFoundError
from precert.names import READ_SCOPE, USER_SCOPE, WRITE_SCOPE, Entitlement, Env
from precert.settings import Settings
from precert.usecases.grants import grant_rights, revoke_rights
from tests.adapters.cloud import Cloud
from tests.adapters.deciding import APPROVED, DENIED, decide
from tests.fakes.samples import BOWEL_SURGERIES, DATA, PROVIDER_TIN, entered

ISSUER: Final = "https://issuer.example/pool"
STAFF: Final = "https://staff.example"
SUBJECT: Final = "2f7c0e55-person"
PROVIDER: Final = Grant(
    issuer=ISSUER,
    subject=SUBJECT,
    label="provider",
    name="Dana Whitfield",
    entitlements=frozenset({Entitlement.PATIENT_SEARCH}),
    tins=frozenset({PROVIDER_TIN}),
)


def token(subject: str = SUBJECT, **more: str) -> dict[str, str]:
    """The claims of an access token, which name no rights."""
    return {"sub": subject, "iss": ISSUER, "token_use": "access", "scope": USER_SCOPE, **more}


@pytest.fixture
def granting(cloud: Cloud) -> Iterator[Cloud]:
    """The product with grants in its reference table."""
    cloud.deps.settings = Settings({**cloud.deps.settings.environ, Env.RIGHTS: "table"})
    yield cloud
    for one in list(cloud.deps.grants.stored()):
        cloud.deps.grants.store(Grant(issuer=one.issuer, subject=one.subject))


def me(cloud: Cloud, by: dict[str, str]) -> Any:
    return cloud.call(status, "GET", "/v1/me", by=by).body


def test_caller_has_the_granted_rights_when_the_token_names_none(granting: Cloud) -> None:
    granting.deps.grants.store(PROVIDER)
    found = me(granting, token())
    assert found["name"] == "Dana Whitfield"
    assert found["entitlements"] == ["PatientSearch"]
    assert [one["tin"] for one in found["tins"]] == [PROVIDER_TIN]
    assert granting.start(by=token())


def test_claims_of_the_token_grant_nothing_when_rights_are_on_the_server(granting: Cloud) -> None:
    granting.deps.grants.store(PROVIDER)
    forged = token(**{"custom:tins": "690121430", "custom:plans": "OAP", "custom:vendors": "V"})
    found = me(granting, forged)
    assert [one["tin"] for one in found["tins"]] == [PROVIDER_TIN]
    assert (found["plan_ids"], found["vendor_ids"]) == ([], [])


def test_claims_of_the_token_grant_nothing_when_its_subject_has_no_grant(granting: Cloud) -> None:
    forged = token(**{"custom:tins": "690121430", "custom:plans": "OAP", "custom:vendors": "V"})
    found = me(granting, forged)
    assert (found["tins"], found["plan_ids"], found["vendor_ids"]) == ([], [], [])


def test_groups_of_the_token_grant_roles_when_staff_is_federated(granting: Cloud) -> None:
    granting.deps.grants.store(
        Grant(issuer=ISSUER, subject=SUBJECT, plan_ids=frozenset({"OAP-COMPLETE"}))
    )
    found = me(granting, token(**{"cognito:groups": "[Reviewer]"}))
    assert found["entitlements"] == ["Reviewer"]
    assert found["plan_ids"] == ["OAP-COMPLETE"]


@pytest.mark.rule("A2")
def test_subject_of_another_issuer_has_no_rights_when_it_is_the_same_text(
    granting: Cloud,
) -> None:
    granting.deps.grants.store(PROVIDER)
    assert me(granting, token(iss=STAFF))["tins"] == []
    assert granting.call(status, "GET", "/v1/requests", by=token(iss=STAFF)).status == 403


def test_grant_is_read_once_a_minute_when_a_caller_calls_often(granting: Cloud) -> None:
    granting.deps.grants.store(PROVIDER)
    granting.call(status, "GET", "/v1/messages", by=token())
    with granting.wire.counting() as calls:
        for _ in range(3):
            assert granting.call(status, "GET", "/v1/messages", by=token()).status == 200
    assert calls == ["Query"] * 3
    granting.clock.at += timedelta(seconds=60)
    with granting.wire.counting() as calls:
        granting.call(status, "GET", "/v1/messages", by=token())
    assert calls == ["GetItem", "Query"]


@pytest.mark.rule("A3")
def test_audit_trail_has_user_names_when_they_are_registered(
    granting: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = token("9b1d-operator", **{"cognito:groups": "[Operator]"})
    granting.deps.grants.store(PROVIDER)
    draft = granting.start(by=token())

    def names() -> list[tuple[str, str | None]]:
        reply = granting.as_operator(draft, by=operator)
        assert reply.status == 200, reply.text
        assert "Dana Whitfield" not in reply.text
        return [(one["actor"], one["actor_label"]) for one in reply.body["audit_trail"]]

    assert names() == [(SUBJECT, "provider")]
    granting.deps.grants.store(Grant(issuer=ISSUER, subject=SUBJECT))
    granting.clock.at += timedelta(seconds=60)
    assert names() == [(SUBJECT, None)]

    read = granting.deps.grants.read

    def damaged(issuer: str, subject: str) -> Grant | None:
        if subject == SUBJECT:
            raise DamagedRecordError("the grant cannot be read")
        return read(issuer, subject)

    monkeypatch.setattr(granting.deps.grants, "read", damaged)
    assert names() == [(SUBJECT, None)]


def member_of_staff(label: str, groups: str) -> dict[str, str]:
    """The token of a reviewer whose user name is registered."""
    return token(f"71c0-{label}", **{"cognito:groups": groups})


@pytest.mark.rule("A3")
def test_reviewers_read_the_names_of_colleagues_and_no_others_when_a_case_is_read(
    granting: Cloud,
) -> None:
    """They ask each other about a case. No response names the submitter; providers read no reviewer."""
    nurse = member_of_staff("nlee", "[Reviewer]")
    physician = member_of_staff("praman", "[Reviewer PhysicianReviewer]")
    unregistered = member_of_staff("hcole", "[Reviewer]")
    for one, label in ((nurse, "nlee"), (physician, "praman"), (unregistered, None)):
        granting.deps.grants.store(
            Grant(
                issuer=ISSUER, subject=one["sub"], label=label, plan_ids=frozenset({"OAP-COMPLETE"})
            )
        )
    granting.deps.grants.store(PROVIDER)
    request_id = granting.start(by=token(), services=[BOWEL_SURGERIES])
    assert granting.submit(request_id, by=token(), services=[BOWEL_SURGERIES]).status == 202
    granting.pend(request_id)

    assigned = granting.move(request_id, "assign", by=physician)
    assert assigned.body["assignment"]["assigned_to_label"] == "You"
    granting.move(request_id, "notes", {"text": "See page 3."}, by=unregistered)
    case = granting.case(request_id, nurse)
    assert case.body["assignment"]["assigned_to_label"] == "praman"
    assert [one["written_by_label"] for one in case.body["notes"]] == ["Another reviewer"]
    replies = [case, granting.worklist(nurse)]
    assert replies[-1].body["cycles"][0]["assignment"]["assigned_to_label"] == "praman"
    granting.move(request_id, "release", by=physician)
    decide(granting, request_id, APPROVED, DENIED, by=nurse)
    proposed = granting.case(request_id, physician)
    assert proposed.body["proposal"]["proposed_by_label"] == "nlee"
    refused = {"cycle": 1, "accept": False, "comment": "Which criterion?"}
    assert granting.move(request_id, "signature", refused, by=physician).status == 200
    case, row = granting.case(request_id, nurse), granting.worklist(physician)
    returned = case.body["returned_proposal"]
    assert (returned["proposed_by_label"], returned["returned_by_label"]) == ("You", "praman")
    assert row.body["cycles"][0]["returned_proposal_of_label"] == "nlee"

    replies += [proposed, case, row]
    people = [nurse["sub"], physician["sub"], unregistered["sub"], SUBJECT, "Dana Whitfield"]
    for reply in replies:
        assert reply.status == 200, reply.text
        assert [one for one in people if one in reply.text] == []
        assert '"provider"' not in reply.text
    read = granting.read(request_id, by=token())
    assert read.status == 200, read.text
    assert [one for one in (*people, "nlee", "praman") if one in read.text] == []


def test_reviewers_of_the_leads_plans_are_listed_when_a_lead_assigns_cases(
    granting: Cloud,
) -> None:
    def listed(by: dict[str, str]) -> Any:
        reply = granting.call(review, "GET", "/v1/review/reviewers", by=by)
        assert reply.status == 200, reply.text
        return [
            (one["reviewer"], one["reviewer_label"], one["plan_ids"])
            for one in reply.body["reviewers"]
        ]

    def reviewer(subject: str, label: str | None, *plans: str) -> Grant:
        return Grant(issuer=ISSUER, subject=subject, label=label, plan_ids=frozenset(plans))

    lead = token("lead", **{"cognito:groups": "[ReviewLead Reviewer]"})
    granting.deps.grants.store(reviewer("lead", "lead", "OAP", "PPO"))
    granting.deps.grants.store(reviewer("b", "Zoe", "OAP", "HMO"))
    granting.deps.grants.store(reviewer("c", None, "PPO"))
    granting.deps.grants.store(reviewer("d", "adam", "HMO"))
    granting.deps.grants.store(PROVIDER)
    staff = [("c", None, ["PPO"]), ("lead", "lead", ["OAP", "PPO"]), ("b", "Zoe", ["OAP"])]
    assert listed(lead) == staff
    with granting.wire.counting() as calls:
        listed(lead)
    assert calls == ["GetItem"]
    granting.deps.grants.store(reviewer("b", "Zoe"))
    assert listed(lead) == staff[:2]
    nurse = token("lead", **{"cognito:groups": "[Reviewer]"})
    assert granting.call(review, "GET", "/v1/review/reviewers", by=nurse).status == 403


def test_revocation_is_in_effect_within_a_minute_when_the_grant_was_cached(
    granting: Cloud,
) -> None:
    granting.deps.grants.store(PROVIDER)
    assert granting.call(status, "GET", "/v1/requests", by=token()).status == 200
    granting.deps.grants.store(Grant(issuer=ISSUER, subject=SUBJECT))
    granting.clock.at += timedelta(seconds=60)
    assert granting.call(status, "GET", "/v1/requests", by=token()).status == 403


def test_thousands_of_tins_are_granted_when_a_hospital_system_has_them(granting: Cloud) -> None:
    tins = frozenset(f"{100_000_000 + number}" for number in range(20_000))
    grant = PROVIDER.model_copy(update={"tins": tins | {PROVIDER_TIN}})
    granting.deps.grants.store(grant)
    assert granting.deps.grants.read(ISSUER, SUBJECT) == grant
    body = {"content": entered(), "tin": PROVIDER_TIN}
    started = granting.call(submit, "POST", "/v1/drafts", body, by=token())
    assert started.status == 201
    assert granting.save(started.body["draft_id"], 1, token()).status == 200


def test_call_is_refused_for_a_moment_when_the_grants_cannot_be_read(granting: Cloud) -> None:
    granting.deps.grants.store(PROVIDER)
    granting.wire.cut("GetItem")
    reply = granting.call(status, "GET", "/v1/requests", by=token())
    assert (reply.status, reply.code) == (503, "try_again")


def test_id_token_is_refused_when_it_is_sent_as_access_token(granting: Cloud) -> None:
    granting.deps.grants.store(PROVIDER)
    reply = granting.call(status, "GET", "/v1/me", by=token(token_use="id"))
    assert (reply.status, reply.code) == (403, "not_entitled")
    assert "access token" in reply.body["detail"]


@pytest.mark.parametrize(
    ("scope", "reading", "writing"),
    [
        (USER_SCOPE, 200, 201),
        (WRITE_SCOPE, 200, 201),
        (f"[{READ_SCOPE} {WRITE_SCOPE}]", 200, 201),
        (READ_SCOPE, 200, 403),
        ("openid profile", 403, 403),
        (f"{READ_SCOPE}s", 403, 403),
    ],
)
def test_scopes_permit_reading_or_writing_when_a_token_has_them(
    granting: Cloud, scope: str, reading: int, writing: int
) -> None:
    granting.deps.grants.store(PROVIDER)
    by = token(scope=scope)
    assert granting.call(status, "GET", "/v1/requests", by=by).status == reading
    checked = granting.call(check, "POST", "/v1/checks", {"content": {}}, by=by)
    assert (checked.status == 403) is (reading == 403)

    started = granting.call(submit, "POST", "/v1/drafts", {"content": entered()}, by=by)
    assert started.status == writing


class Users:
    """The user pool."""

    def __init__(self) -> None:
        self.subjects = {"dana": SUBJECT}

    def add(self, username: str, _email: str, _name: str) -> str:
        return self.subjects.setdefault(username, f"subject-of-{username}")

    def subject_of(self, username: str) -> str:
        if username not in self.subjects:
            raise NotFoundError(f"The user pool has no user {username}.")
        return self.subjects[username]


def test_commands_grant_list_and_revoke_when_users_and_clients_are_named(
    granting: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    deps = granting.deps
    deps.settings = Settings({**deps.settings.environ, Env.ISSUER: ISSUER})
    deps.users = Users()  # type: ignore[assignment]
    monkeypatch.setattr(users_command, "stack_dependencies", lambda _stack: deps)
    file = tmp_path / "tins.txt"
    file.write_text(f"{PROVIDER_TIN}\n# a hospital\n20-3129831\n")

    def grants() -> DynamoDBGrants:
        return deps.grants

    def run(*arguments: str) -> int:
        return cli.main([*arguments, "--stack", "precert-dev"])

    search = ("--entitlement", "PatientSearch")
    assert run("users", "grant", "dana", *search, "--tins-file", str(file)) == 0
    found = grants().read(ISSUER, SUBJECT)
    assert found is not None
    assert found.tins == {PROVIDER_TIN, "203129831"}
    added = ("users", "add", "lee", "--email", "lee@example.org", "--name", "Marcus Lee", *search)
    assert run(*added) == 0
    assert run("clients", "grant", "client-7", "--label", "ehr", "--vendor", "V1") == 0
    capsys.readouterr()
    assert run("clients", "list") == 0
    listed = capsys.readouterr().out
    assert "dana (2f7c0e55-person): entitlements PatientSearch; 2 TINs" in listed
    assert "lee (subject-of-lee): entitlements PatientSearch" in listed
    assert "ehr (client-7): vendors V1" in listed
    assert run("users", "revoke", "dana", "--tin", PROVIDER_TIN) == 0
    found = grants().read(ISSUER, SUBJECT)
    assert found is not None
    assert found.tins == {"203129831"}
    assert run("clients", "revoke", "client-7", "--all") == 0
    assert grants().read(ISSUER, "client-7") is None
    assert run("users", "grant", "unknown", *search) == 2
    capsys.readouterr()
    recorded = [(one.operation, *one.objects) for one in granting.audit.records.values()]
    assert recorded == [
        ("command:users grant", SUBJECT),
        ("command:users add", "subject-of-lee"),
        ("command:clients grant", "client-7"),
        ("command:users revoke", SUBJECT),
        ("command:clients revoke", "client-7"),
    ]


INVALID: Final = (
    (("--tin", "12-34"), "--tin: '1234' must be nine digits, as in 12-3456789"),
    (("--tin", "46-3778226", "--tin", ""), "--tin: '' must be nine digits"),
    (("--plan", ""), "--plan: '' must be 1 to 120 characters"),
    (("--vendor", "V" * 121), "must be 1 to 120 characters"),
    (("--tins-file", "nowhere.txt"), "nowhere.txt: No such file or directory"),
    (("--tins-file", "."), ".: Is a directory"),
    (("--tins-file", "latin.txt"), "latin.txt: must be text in UTF-8"),
    (("--tins-file", "letters.txt"), "--tin: 'Clinic' must be nine digits"),
)


@pytest.mark.parametrize("command", ["users add", "users grant", "users revoke", "clients grant"])
def test_nothing_is_changed_when_a_right_in_the_arguments_is_invalid(
    granting: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    command: str,
) -> None:
    """In particular, no user is invited who has no rights."""
    deps = granting.deps
    deps.settings = Settings({**deps.settings.environ, Env.ISSUER: ISSUER})
    users = Users()
    deps.users = users  # type: ignore[assignment]
    monkeypatch.setattr(users_command, "stack_dependencies", lambda _stack: deps)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latin.txt").write_bytes(b"46-3778226 # Cl\xednica\n")
    (tmp_path / "letters.txt").write_text("46-3778226\nClinic\n")
    topic, name = command.split()
    who = "lee" if name == "add" else "dana"
    more = ("--email", "lee@example.org", "--name", "Marcus Lee") if name == "add" else ()
    for arguments, shown in INVALID:
        assert cli.main([topic, name, who, *more, *arguments, "--stack", "precert-dev"]) != 0
        assert shown in capsys.readouterr().err
    assert list(users.subjects) == ["dana"]
    assert list(deps.grants.stored()) == []
    assert granting.audit.records == {}


def test_page_names_each_permission_when_rights_are_granted_and_revoked(granting: Cloud) -> None:
    grants, more = granting.deps.grants, PROVIDER.model_copy(update={"plan_ids": {"OAP"}})
    with granting.wire.counting() as calls:
        grant_rights(more, grants=grants)
        revoke_rights(more, grants=grants)
        list(grants.stored())
    # A transaction requires the permission of each operation in it.
    in_transaction = {"PutItem", "DeleteItem", "UpdateItem"}
    used = {one for call in calls for one in (in_transaction if "Transact" in call else {call})}
    page = (DATA.parent / "docs" / "operations.md").read_text(encoding="utf-8")
    sentence = (
        "`Get"
        + page.partition("commands require `dynamodb:Get")[2].partition(" on the reference")[0]
    )
    assert set(re.findall(r"\w+Item|Query", sentence)) == used


@pytest.mark.parametrize("first", [PROVIDER, None], ids=["another right", "the first right"])
def test_no_right_is_lost_and_no_revoked_one_returns_when_two_commands_run_at_once(
    granting: Cloud, monkeypatch: pytest.MonkeyPatch, first: Grant | None
) -> None:
    """The second command reads the grant before the first one has changed it."""
    grants = granting.deps.grants
    if first:
        grants.store(first)
    added = Grant(issuer=ISSUER, subject=SUBJECT, tins=frozenset({"690121430"}))
    plans = Grant(issuer=ISSUER, subject=SUBJECT, plan_ids=frozenset({"OAP-COMPLETE"}))
    get, pending = vars(grants_table)["get"], [True]

    def interrupted(*arguments: Any) -> Any:
        item = get(*arguments)
        if pending and pending.pop():
            if first:
                revoke_rights(PROVIDER, grants=grants)
            grant_rights(plans, grants=grants)
        return item

    monkeypatch.setattr(grants_table, "get", interrupted)
    after = grant_rights(added, grants=grants)
    assert after == grants.read(ISSUER, SUBJECT)
    assert [*after.tins] == ["690121430"]
    assert [*after.plan_ids] == ["OAP-COMPLETE"]
    assert after.entitlements == frozenset()
    assert [one.subject for one in grants.reviewers(ISSUER).records] == [SUBJECT]
