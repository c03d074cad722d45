"""Access: entitlements, TINs, and no user name in any response (A1-A3)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from functions.review import handler as review
from functions.status import handler as status
from functions.submit import handler as submit
from functions.upload import handler as upload
from tests.adapters.callers import (
    FACILITY,
    PROVIDER,
    REVIEWER,
    SECOND_REVIEWER,
    STRANGER,
    SUBJECTS,
    UNENTITLED,
    claims,
)
from tests.adapters.calls import Reply
from tests.adapters.cloud import PDF, Cloud
from tests.fakes.samples import NUMBER, OFFICE_VISIT, PATIENT, PROVIDER_TIN, REQUEST_ID, entered

Claims = Mapping[str, str]
Operation = Callable[[Cloud, str, Claims], Reply]

OF_A_REQUEST: Final[dict[str, Operation]] = {
    "resumeDraft": lambda cloud, id_, by: cloud.resume(id_, by),
    "saveDraft": lambda cloud, id_, by: cloud.save(id_, 1, by),
    "patchDraft": lambda cloud, id_, by: cloud.patch(id_, 1, by, services=[]),
    "validateDraft": lambda cloud, id_, by: cloud.review_of(id_, by),
    "deleteDraft": lambda cloud, id_, by: cloud.delete(id_, 1, by),
    "submitDraft": lambda cloud, id_, by: cloud.submit(
        id_,
        1,
        by,
        requesting_provider=entered()["requesting_provider"]
        | {"tin": by["custom:tins"] or PROVIDER_TIN},
    ),
    "voidRequest": lambda cloud, id_, by: cloud.void(id_, by),
    "fileAppeal": lambda cloud, id_, by: cloud.appeal(id_, "1.2", by=by),
    "createDocumentUpload": lambda cloud, id_, by: cloud.offer(id_, by=by),
    "flagRequest": lambda cloud, id_, by: cloud.flag(id_, by),
    "unflagRequest": lambda cloud, id_, by: cloud.unflag(id_, by),
    "readRequest": lambda cloud, id_, by: cloud.read(id_, by),
    "copyRequest": lambda cloud, id_, by: cloud.call(
        status, "GET", f"/v1/requests/{id_}/copy", by=by
    ),
}
WITHOUT_ONE: Final[dict[str, Operation]] = {
    "confirmPatient": lambda cloud, _, by: cloud.confirm(PATIENT, by),
    "searchProviders": lambda cloud, _, by: cloud.search(
        by, zip_code="44122", kind="FACILITY", name="cleve"
    ),
    "checkRequirements": lambda cloud, _, by: cloud.check(by),
    "confirmCheck": lambda cloud, _, by: cloud.confirmation(by, services=[OFFICE_VISIT]),
    "startDraft": lambda cloud, _, by: cloud.call(
        submit, "POST", "/v1/drafts", {"content": entered()}, by=by
    ),
    "listRequests": lambda cloud, _, by: cloud.dashboard(by),
    "listPatientRequests": lambda cloud, _, by: cloud.of_patient(by),
    "listFlagged": lambda cloud, _, by: cloud.flagged(by),
    "listDrafts": lambda cloud, _, by: cloud.drafts(by),
    "markMessage": lambda cloud, id_, by: cloud.mark(f"1782918000000000-{id_}.000001", by),
    "markAllMessages": lambda cloud, _, by: cloud.mark_all_read_by_user(by),
    "listMessages": lambda cloud, _, by: cloud.messages(by),
    "findRequest": lambda cloud, _, by: cloud.call(
        status, "POST", "/v1/requests/search", {"number": NUMBER}, by=by
    ),
    "listRequestingProviders": lambda cloud, _, by: cloud.call(
        status, "GET", "/v1/providers/requesting", by=by
    ),
    "countUnreadMessages": lambda cloud, _, by: cloud.call(
        status, "GET", "/v1/messages/unread", by=by
    ),
}
OF_REVIEWERS: Final[dict[str, Operation]] = {
    "listWorklist": lambda cloud, _, by: cloud.worklist(by),
    "countWorklist": lambda cloud, _, by: cloud.counts(by),
    "assignNextCase": lambda cloud, _, by: cloud.call(review, "POST", "/v1/review/next", {}, by=by),
    "listDecisionReasons": lambda cloud, _, by: cloud.call(
        review, "GET", "/v1/review/reasons", by=by
    ),
    "readCaseCoverage": lambda cloud, id_, by: cloud.call(
        review, "GET", f"/v1/review/requests/{id_}/coverage", by=by
    ),
    "readCase": lambda cloud, id_, by: cloud.case(id_, by),
    "decide": lambda cloud, id_, by: cloud.decide(
        id_, {"1.1": "APPROVED", "1.2": "APPROVED"}, by=by
    ),
}


def prepared(cloud: Cloud, operation: str) -> str:
    """A request in a status in which its own provider could perform the operation."""
    if operation in {"voidRequest", "readRequest", "createDocumentUpload"}:
        return cloud.pended()
    return cloud.determined() if operation == "fileAppeal" else cloud.start()


@pytest.mark.rule("A2")
@pytest.mark.parametrize("operation", sorted(OF_A_REQUEST))
def test_response_is_404_when_the_request_is_another_providers(
    cloud: Cloud, operation: str
) -> None:
    request_id = prepared(cloud, operation)
    before = cloud.items()
    theirs = OF_A_REQUEST[operation](cloud, request_id, STRANGER)
    nothing = OF_A_REQUEST[operation](cloud, REQUEST_ID, STRANGER)
    assert theirs.status == 404
    assert (theirs.status, theirs.text, theirs.headers) == (
        nothing.status,
        nothing.text,
        nothing.headers,
    )
    assert cloud.items() == before
    assert OF_A_REQUEST[operation](cloud, request_id, PROVIDER).status < 300


@pytest.mark.rule("A1")
@pytest.mark.parametrize("operation", sorted(OF_A_REQUEST | WITHOUT_ONE))
@pytest.mark.parametrize("by", [UNENTITLED, REVIEWER], ids=["no group", "reviewer"])
def test_caller_is_refused_when_patient_search_is_missing(
    cloud: Cloud, operation: str, by: Claims
) -> None:
    with cloud.wire.counting() as calls:
        reply = (OF_A_REQUEST | WITHOUT_ONE)[operation](cloud, REQUEST_ID, by)
    assert (reply.status, reply.code) == (403, "not_entitled")
    assert "website access manager" in reply.body["detail"]
    assert calls == []


@pytest.mark.parametrize("operation", sorted(OF_REVIEWERS))
def test_provider_is_refused_when_an_operation_is_for_reviewers(
    cloud: Cloud, operation: str
) -> None:
    request_id = cloud.pended()
    reply = OF_REVIEWERS[operation](cloud, request_id, PROVIDER)
    assert (reply.status, reply.code) == (403, "not_entitled")


@pytest.mark.parametrize("operation", ["readCase", "readCaseCoverage", "decide"])
def test_case_is_not_found_when_it_is_of_another_plan_or_a_draft(
    cloud: Cloud, operation: str
) -> None:
    other = claims("other-reviewer", "Reviewer", plans="HMO-ADVANTAGE")
    request_id, draft_id = cloud.pended(), cloud.start()
    of_other_plan = OF_REVIEWERS[operation](cloud, request_id, other)
    of_nothing = OF_REVIEWERS[operation](cloud, REQUEST_ID, other)
    of_draft = OF_REVIEWERS[operation](cloud, draft_id, REVIEWER)
    assert {r.text for r in (of_other_plan, of_nothing, of_draft)} == {of_nothing.text}
    assert of_nothing.status == 404


@pytest.mark.rule("A2")
def test_both_providers_see_the_request_when_one_of_them_submitted(cloud: Cloud) -> None:
    request_id = cloud.submitted()
    assert cloud.read(request_id, PROVIDER).text == cloud.read(request_id, FACILITY).text
    for by in (PROVIDER, FACILITY):
        assert [row["request_id"] for row in cloud.dashboard(by).body["requests"]] == [request_id]
    assert cloud.dashboard(STRANGER).body["requests"] == []


def test_list_is_refused_when_the_tin_is_not_the_callers(cloud: Cloud) -> None:
    cloud.submitted()
    reply = cloud.dashboard(STRANGER, tin="463778226")
    assert (reply.status, reply.body["errors"][0]["code"]) == (422, "not_yours")


def test_cursor_is_rejected_when_it_is_of_another_list(cloud: Cloud) -> None:
    for _ in range(3):
        cloud.submitted()
    cursor = cloud.dashboard(limit="1").body["cursor"]
    assert len(cloud.dashboard(limit="5", cursor=cursor).body["requests"]) == 2
    others = {
        "another TIN's": cloud.dashboard(STRANGER, cursor=cursor),
        "another status": cloud.dashboard(status="PENDING", cursor=cursor),
        "another order": cloud.dashboard(sort="due", cursor=cursor),
        "the patient's": cloud.of_patient(cursor=cursor),
        "the inbox's": cloud.messages(cursor=cursor),
    }
    broken = ("AAAA", "{}", "e30", cursor[:-4], "é")
    others |= {one: cloud.dashboard(cursor=one) for one in broken}
    for about, reply in others.items():
        assert reply.status == 422, about
        assert reply.body["errors"][0]["pointer"] == "/cursor", about


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(found for one in value.values() for found in strings(one))]
    if isinstance(value, list):
        return [found for one in value for found in strings(one)]
    return [str(value)]


@pytest.mark.rule("A3")
def test_no_user_is_named_when_any_response_is_read(cloud: Cloud) -> None:
    request_id = cloud.start()
    document_id = cloud.offer(request_id).body["document"]["document_id"]
    cloud.arrive(request_id, document_id, PDF)
    replies = [cloud.resume(request_id), cloud.save(request_id, 1), cloud.submit(request_id, 2)]
    cloud.pend(request_id)
    replies.append(cloud.case(request_id))
    replies.append(cloud.decide(request_id, {"1.1": "APPROVED", "1.2": "DENIED"}))
    replies.append(cloud.appeal(request_id, "1.2", by=FACILITY))
    cloud.pend(request_id, 2)
    same = cloud.decide(request_id, {"1.2": "APPROVED"}, cycle=2)
    assert same.code == "same_reviewer"
    overturned = cloud.decide(request_id, {"1.2": "APPROVED"}, cycle=2, by=SECOND_REVIEWER)
    assert overturned.body["status"] == "APPROVED"
    replies += [same, overturned]
    assert cloud.relay(cloud.stream()) == []
    for entry in cloud.published():
        cloud.receive(entry)
        assert not [s for s in SUBJECTS if s in entry["Detail"]]
    for by in (PROVIDER, FACILITY):
        replies += [
            cloud.read(request_id, by),
            cloud.dashboard(by),
            cloud.messages(by),
            cloud.void(request_id, by),
        ]
    replies += [cloud.case(request_id), cloud.worklist()]
    found = [
        text
        for reply in replies
        for text in [*strings(reply.body), *strings(dict(reply.headers))]
        if any(subject in text for subject in SUBJECTS)
    ]
    assert found == []
    assert all(any(s in str(item) for item in cloud.items("EVENT#")) for s in SUBJECTS)


@pytest.mark.rule("A3")
def test_no_user_is_named_when_a_request_was_withdrawn(cloud: Cloud) -> None:
    request_id = cloud.pended()
    replies = [cloud.void(request_id, FACILITY)]
    assert cloud.relay(cloud.stream()) == []
    for entry in cloud.published():
        cloud.receive(entry)
    for by in (PROVIDER, FACILITY):
        replies += [cloud.read(request_id, by), cloud.dashboard(by), cloud.messages(by)]
    replies.append(cloud.case(request_id))
    for reply in replies:
        assert reply.status == 200, reply.text
        assert [subject for subject in SUBJECTS if subject in reply.text] == []


@pytest.mark.rule("A2")
def test_repetition_is_not_answered_when_it_is_not_the_callers(cloud: Cloud) -> None:
    """The same call by a stranger shows neither the version nor the number."""
    draft_id = cloud.start()
    assert cloud.save(draft_id, 1).body["version"] == 2
    assert cloud.save(draft_id, 1, STRANGER).code == "not_found"
    number = cloud.submit(draft_id, 2).body["number"]
    assert cloud.submit(draft_id, 2).body["number"] == number
    stranger = cloud.submit(draft_id, 2, STRANGER)
    assert (stranger.status, stranger.code) == (422, "invalid_input")
    assert number not in stranger.text


MANY_TINS: Final = claims(
    "hospital-system",
    "PatientSearch",
    " ".join([PROVIDER_TIN, *(f"{900_000_000 + number}" for number in range(3000))]),
)
MANY_OTHERS: Final = claims(
    "another-hospital-system",
    "PatientSearch",
    " ".join(f"{900_000_000 + number}" for number in range(3000)),
)


@pytest.mark.rule("A2")
def test_every_write_is_accepted_when_the_caller_has_thousands_of_tins(cloud: Cloud) -> None:
    draft_id = cloud.start()
    with cloud.wire.counting() as calls:
        assert cloud.save(draft_id, 1, MANY_TINS).status == 200
    assert calls == ["GetItem", "UpdateItem"]
    offered = cloud.offer(draft_id, by=MANY_TINS, tin=PROVIDER_TIN)
    assert offered.status == 201
    path = f"/v1/requests/{draft_id}/documents/{offered.body['document']['document_id']}"
    assert cloud.call(upload, "DELETE", path, by=MANY_TINS).status == 204
    assert cloud.submit(draft_id, 2, MANY_TINS).status == 202
    assert cloud.delete(cloud.start(), 1, MANY_TINS).status == 204
    me = cloud.call(status, "GET", "/v1/me", by=MANY_TINS)
    assert (me.status, len(me.body["tins"])) == (200, 3001)


MAX_EXPRESSION: Final = 4096
"""DynamoDB's limit in bytes."""


def sizes(sent: Mapping[str, Any]) -> tuple[int, int]:
    """The longest expression of a call or of its operations, and the most values or keys of one."""
    parts = [sent, *(one for each in sent.get("TransactItems", ()) for one in each.values())]
    keys = [table["Keys"] for table in sent.get("RequestItems", {}).values() if "Keys" in table]
    return (
        max(len(str(one.get(name, ""))) for one in parts for name in EXPRESSIONS),
        max([len(one.get("ExpressionAttributeValues", ())) for one in parts] + [*map(len, keys)]),
    )


EXPRESSIONS: Final = (
    *("ConditionExpression", "FilterExpression", "KeyConditionExpression"),
    *("ProjectionExpression", "UpdateExpression"),
)


@pytest.mark.rule("A2")
def test_every_call_is_small_when_the_caller_has_thousands_of_tins(cloud: Cloud) -> None:
    """No expression and no batch grows with the rights of the caller."""
    only = {"tin": PROVIDER_TIN}
    for name, operation in sorted((OF_A_REQUEST | WITHOUT_ONE).items()):
        request_id = prepared(cloud, name)
        reply = operation(cloud, request_id, MANY_TINS)
        assert reply.status < 500, (name, reply.text)
        if reply.status == 422:
            # One of the TINs has to be named; the error offers a few.
            assert len(reply.text) < 4096, name
    assert cloud.dashboard(MANY_TINS, **only).status == 200
    assert cloud.messages(MANY_TINS, **only).status == 200
    assert cloud.drafts(MANY_TINS, **only).status == 200
    found = [(operation, *sizes(sent)) for operation, sent in cloud.wire.parameters]
    assert [one for one in found if one[1] > MAX_EXPRESSION or one[2] > 100] == []


@pytest.mark.rule("A2")
def test_every_write_is_refused_when_none_of_thousands_of_tins_is_the_drafts(cloud: Cloud) -> None:
    draft_id = cloud.start()
    offered = cloud.offer(draft_id).body["document"]["document_id"]
    documents = f"/v1/requests/{draft_id}/documents"
    theirs = entered()["requesting_provider"] | {"tin": "900000000"}
    for reply in (
        cloud.save(draft_id, 1, MANY_OTHERS),
        cloud.offer(draft_id, by=MANY_OTHERS, tin="900000000"),
        cloud.call(upload, "DELETE", f"{documents}/{offered}", by=MANY_OTHERS),
        cloud.submit(draft_id, 1, MANY_OTHERS, requesting_provider=theirs),
        cloud.delete(draft_id, 1, MANY_OTHERS),
    ):
        assert (reply.status, reply.code) == (404, "not_found")
