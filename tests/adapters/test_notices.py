"""Determination notices: printed with the product's own template, stored once (W4)."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from functions.notices import handler as notices
from precert.api import parsing
from precert.domain.event_types import MESSAGE_EVENT_TYPES, NOTICE_EVENT_TYPES
from precert.domain.notices import Audience, notice_id, notice_key
from precert.names import NOTICE_PREFIX
from tests.adapters.callers import FACILITY, OTHER_QUEUE, PROVIDER, REVIEWER, STRANGER, UNENTITLED
from tests.adapters.calls import Context
from tests.adapters.cloud import Cloud
from tests.fakes.printing import opened, text_of
from tests.fakes.samples import BOWEL_SURGERY, NUMBER, payer

NOTICES: Final = ("1-member", "1-provider")


def issue_notices(cloud: Cloud, request_id: str, cycle: int = 1) -> None:
    """The event that the bus delivers after a determination."""
    detail: dict[str, Any] = {
        "event_id": f"{request_id}.000005",
        "type": "RequestDetermined",
        "request_id": request_id,
        "cycle": cycle,
        "at": "2026-07-02T15:00:00Z",
        "status": "PARTIALLY_APPROVED",
        "number": NUMBER,
        "tins": [],
    }
    notices.handle({"detail": detail}, Context())


def stored(cloud: Cloud) -> list[str]:
    client = cloud.clients.by_name["s3"]
    listed = client.list_object_versions(Bucket=cloud.bucket, Prefix=NOTICE_PREFIX)
    return [one["Key"] for one in listed.get("Versions", [])]


@pytest.mark.rule("W4")
def test_both_notices_are_stored_with_the_request_when_it_is_determined(cloud: Cloud) -> None:
    request_id = cloud.determined()
    issue_notices(cloud, request_id)
    assert sorted(stored(cloud)) == [notice_key(request_id, name) for name in NOTICES]
    for name in NOTICES:
        answer = cloud.clients.by_name["s3"].get_object(
            Bucket=cloud.bucket, Key=notice_key(request_id, name)
        )
        document = answer["Body"].read()
        text = text_of(document)
        for expected in ("Allison Adams", payer().name, "Denied", "Approved", "appeal"):
            assert expected in text
        assert opened(document).metadata is not None
        assert answer["ContentDisposition"] == f'attachment; filename="notice-{name}.pdf"'
    assert len(cloud.items("NOTICE#")) == 2
    assert len(cloud.items("EVENT#notices-")) == 1


@pytest.mark.rule("W2", "W11")
def test_member_and_provider_can_read_reason_and_grievance_when_the_deadline_is_extended(
    cloud: Cloud,
) -> None:
    request_id = cloud.pended(services=[BOWEL_SURGERY])
    cloud.move(request_id, "extension", {"reason": "A specialist's opinion is awaited.", "days": 9})
    assert cloud.relay(cloud.stream()) == []
    last = json.loads(cloud.published()[-1]["Detail"])
    assert last["type"] in NOTICE_EVENT_TYPES
    assert last["type"] in MESSAGE_EVENT_TYPES
    for _ in range(2):
        notices.handle({"detail": last}, Context())
    listed = cloud.read(request_id).body["determination_notices"]
    assert {(one["kind"], one["kind_label"], one["audience"]) for one in listed} == {
        ("EXTENSION", "Notice of an extension", audience) for audience in ("MEMBER", "PROVIDER")
    }
    for one in listed:
        assert cloud.download_notice(request_id, one["notice_id"]).status == 200
        key = notice_key(request_id, one["notice_id"])
        answer = cloud.clients.by_name["s3"].get_object(Bucket=cloud.bucket, Key=key)
        text = text_of(answer["Body"].read())
        for expected in (
            *("A specialist's opinion is awaited.", "July 25, 2026", "9 calendar days"),
            *("file a grievance", "CPT 44125", "Not decided", payer().provider_services.phone),
        ):
            assert expected in text.replace("\u00a0", " ").replace("\u2019", "'")
        assert "appeal" not in text


def test_nothing_is_stored_twice_when_the_event_is_redelivered(cloud: Cloud) -> None:
    request_id = cloud.determined()
    for _ in range(2):
        issue_notices(cloud, request_id)
    assert len(stored(cloud)) == 2
    assert len(cloud.items("EVENT#notices-")) == 1


def test_notices_are_printed_again_when_the_first_run_failed_before_its_record(
    cloud: Cloud,
) -> None:
    request_id = cloud.determined()
    cloud.wire.cut("TransactWriteItems")
    with pytest.raises(Exception, match="try_again"):
        issue_notices(cloud, request_id)
    assert cloud.items("NOTICE#") == []
    issue_notices(cloud, request_id)
    assert len(cloud.items("NOTICE#")) == 2


def test_nothing_is_printed_when_the_cycle_is_not_decided(cloud: Cloud) -> None:
    request_id = cloud.pended()
    issue_notices(cloud, request_id)
    assert stored(cloud) == []


# -- downloads ----------------------------------------------------------------------------------------


def printed(cloud: Cloud, **lines: str) -> str:
    request_id = cloud.determined(**lines)
    issue_notices(cloud, request_id)
    return request_id


@pytest.mark.rule("W4")
@pytest.mark.parametrize("reader", [PROVIDER, FACILITY], ids=["provider", "facility"])
def test_notices_are_listed_for_both_providers_when_they_are_printed(
    cloud: Cloud, reader: Mapping[str, str]
) -> None:
    request_id = printed(cloud)
    notices = {
        one["notice_id"]: one
        for one in cloud.read(request_id, reader).body["determination_notices"]
    }
    assert sorted(notices) == list(NOTICES)
    for name in NOTICES:
        stored_notice = cloud.clients.by_name["s3"].get_object(
            Bucket=cloud.bucket, Key=notice_key(request_id, name)
        )
        assert notices[name] == {
            "notice_id": name,
            "kind": "PARTIAL_APPROVAL",
            "kind_label": "Partial approval notice",
            "audience": name.partition("-")[2].upper(),
            "audience_label": {"1-member": "Member", "1-provider": "Providers"}[name],
            "cycle": 1,
            "printed_at": "2026-07-01T15:00:00Z",
            "size": stored_notice["ContentLength"],
        }
        reply = cloud.download_notice(request_id, name, reader)
        assert (reply.status, reply.body["expires_at"]) == (200, "2026-07-01T15:02:00Z")
        url = urlsplit(reply.body["url"])
        assert url.path.endswith(notice_key(request_id, name))
        assert parse_qs(url.query)["versionId"] == [stored_notice["VersionId"]]
        shown = parse_qs(urlsplit(reply.body["inline_url"]).query)
        assert shown["versionId"] == [stored_notice["VersionId"]]
        assert shown["response-content-disposition"] == ["inline"]
        assert shown["response-content-type"] == ["application/pdf"]
        assert "Adams" not in url.geturl()


def test_notices_are_listed_for_reviewers_of_the_plan_when_requested(cloud: Cloud) -> None:
    request_id = printed(cloud)
    assert [
        one["notice_id"] for one in cloud.case(request_id).body["determination_notices"]
    ] == list(NOTICES)
    for name in NOTICES:
        assert cloud.download_case_notice(request_id, name).status == 200
        assert cloud.download_case_notice(request_id, name, OTHER_QUEUE).status == 404
        assert cloud.download_case_notice(request_id, name, PROVIDER).status == 403
        assert cloud.download_notice(request_id, name, REVIEWER).status == 403


def test_notice_is_not_found_when_the_caller_has_no_access(cloud: Cloud) -> None:
    request_id = printed(cloud)
    assert cloud.download_notice(request_id, "1-provider", STRANGER).status == 404
    assert cloud.download_notice(request_id, "1-provider", UNENTITLED).status == 403
    other = cloud.pended()
    assert cloud.download_notice(other, "1-provider").code == "not_found"


@pytest.mark.parametrize(
    "name", ["2-provider", "1-unknown", "0-member", "1-PROVIDER", "1-member.pdf", "x"]
)
def test_notice_is_not_found_when_it_is_of_another_request(cloud: Cloud, name: str) -> None:
    request_id = printed(cloud)
    assert cloud.download_notice(request_id, name).code == "not_found"
    assert cloud.download_case_notice(request_id, name).code == "not_found"


def test_there_are_no_notices_when_nothing_is_decided(cloud: Cloud) -> None:
    draft_id, request_id = cloud.start(), cloud.pended()
    for one in (draft_id, request_id):
        issue_notices(cloud, one)
        assert cloud.read(one).body["determination_notices"] == []
        assert cloud.download_notice(one, "1-provider").code == "not_found"
    assert cloud.case(request_id).body["determination_notices"] == []
    cloud.clock.pass_by(days=10)
    assert cloud.download_notice(draft_id, "1-provider").status == 410


def test_notice_id_has_the_path_id_format_when_it_is_generated() -> None:
    for cycle in (1, 2, 12):
        for audience in Audience:
            assert parsing.NOTICE_ID.fullmatch(notice_id(cycle, audience))


def test_notice_is_one_call_when_it_is_downloaded(cloud: Cloud) -> None:
    request_id = printed(cloud)
    with cloud.wire.counting() as calls:
        assert cloud.download_notice(request_id, "1-member").status == 200
        assert cloud.download_case_notice(request_id, "1-member").status == 200
    assert calls == ["Query"] * 2


@pytest.mark.rule("W4", "W5")
def test_notices_are_reprinted_for_download_when_an_operator_changes_dates(cloud: Cloud) -> None:
    request_id = printed(cloud)
    moved = {"line_id": "1.1", "from_date": "2026-07-27", "to_date": "2026-07-29"}
    assert cloud.change_dates(request_id, moved).status == 200
    for _ in range(2):
        issue_notices(cloud, request_id)
    names = [one["notice_id"] for one in cloud.read(request_id).body["determination_notices"]]
    assert sorted(names) == [
        "1-member",
        "1-member-dates-1",
        "1-provider",
        "1-provider-dates-1",
    ]
    assert cloud.download_notice(request_id, "1-provider-dates-1", FACILITY).status == 200
    document = cloud.clients.by_name["s3"].get_object(
        Bucket=cloud.bucket, Key=notice_key(request_id, "1-member-dates-1")
    )["Body"]
    text = text_of(document.read())
    for expected in ("July 27, 2026 to July 29, 2026", "The surgeon fell ill.", "137 Oak St"):
        assert expected in text
