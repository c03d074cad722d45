"""Documents: download, and removal from a draft."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.adapters.callers import FACILITY, PROVIDER, REVIEWER, STRANGER, UNENTITLED, claims
from tests.adapters.cloud import PDF, PNG, Cloud
from tests.adapters.corpus.office import docx

NAME = "Adams, Allison - knee.pdf"
OTHER_PLANS = claims("another-reviewer", "Reviewer", plans="OTHER")
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00"
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
ABSENT = "01J1QZ8Y7N4W3V2T1S0R9Q8P7M"


def attached(cloud: Cloud, request_id: str, by: Mapping[str, str] = PROVIDER) -> str:
    reply = cloud.offer(request_id, NAME, by)
    assert reply.status == 201, reply.text
    document_id = str(reply.body["document"]["document_id"])
    cloud.arrive(request_id, document_id, PDF)
    return document_id


@pytest.mark.rule("U6")
@pytest.mark.parametrize("sender", [PROVIDER, FACILITY], ids=["provider", "facility"])
@pytest.mark.parametrize("reader", [PROVIDER, FACILITY], ids=["provider", "facility"])
def test_document_is_downloadable_by_both_providers_when_either_uploaded_it(
    cloud: Cloud, sender: Mapping[str, str], reader: Mapping[str, str]
) -> None:
    request_id = cloud.pended()
    document_id = attached(cloud, request_id, sender)
    [listed] = cloud.read(request_id, reader).body["documents"]
    assert listed["document_id"] == document_id
    reply = cloud.download(request_id, document_id, reader)
    assert reply.status == 200
    assert reply.body["expires_at"] == "2026-07-01T15:02:00Z"


@pytest.mark.rule("U6")
def test_link_is_for_the_verified_version_and_has_ids_only_when_it_is_created(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = attached(cloud, request_id)
    url = urlsplit(cloud.download(request_id, document_id).body["url"])
    assert url.path.endswith(f"/documents/{request_id}/{document_id}")
    [version] = cloud.clients.by_name["s3"].list_object_versions(Bucket=cloud.bucket)["Versions"]
    query = parse_qs(url.query)
    assert query["versionId"] == [version["VersionId"]]
    assert not {name for name in query if name.lower().startswith("response-")}
    assert "Adams" not in url.geturl()
    assert "pdf" not in url.geturl()


@pytest.mark.parametrize(
    ("file_name", "body", "content_type"),
    [
        ("note.pdf", PDF, "application/pdf"),
        ("scan.GIF", GIF, "image/gif"),
        ("note.txt", b"Conservative treatment failed.", "text/plain; charset=utf-8"),
        ("note.docx", docx(), None),
    ],
    ids=["pdf", "image", "text", "office"],
)
def test_link_shows_the_file_when_browsers_can_display_it(
    cloud: Cloud, file_name: str, body: bytes, content_type: str | None
) -> None:
    request_id = cloud.pended()
    document_id = cloud.offer(request_id, file_name).body["document"]["document_id"]
    cloud.arrive(request_id, document_id, body)
    for reply in (
        cloud.download(request_id, document_id),
        cloud.download_case(request_id, document_id),
        cloud.as_operator(request_id, "documents", document_id),
    ):
        assert reply.status == 200, reply.text
        shown = reply.body["inline_url"]
        if content_type is None:
            assert shown is None
            continue
        query = parse_qs(urlsplit(shown).query)
        assert query["response-content-disposition"] == ["inline"]
        assert query["response-content-type"] == [content_type]
        assert query["versionId"] == parse_qs(urlsplit(reply.body["url"]).query)["versionId"]
        assert file_name not in shown


def test_link_is_returned_to_a_reviewer_of_the_plan_when_requested(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = attached(cloud, request_id)
    assert cloud.download_case(request_id, document_id).status == 200
    assert cloud.download_case(request_id, document_id, OTHER_PLANS).status == 404
    assert cloud.download_case(request_id, document_id, PROVIDER).status == 403
    assert cloud.download(request_id, document_id, REVIEWER).status == 403


@pytest.mark.rule("U6")
def test_link_is_refused_when_the_caller_is_neither_provider_of_the_request(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = attached(cloud, request_id)
    assert cloud.download(request_id, document_id, STRANGER).status == 404
    assert cloud.download(request_id, document_id, UNENTITLED).status == 403
    assert cloud.download(request_id, ABSENT).code == "not_found"
    other = cloud.pended()
    assert cloud.download(other, document_id).status == 404


def test_document_of_a_draft_is_accessible_to_its_creator_only_when_it_is_downloaded(
    cloud: Cloud,
) -> None:
    draft_id = cloud.start()
    document_id = attached(cloud, draft_id)
    assert cloud.download(draft_id, document_id).status == 200
    assert cloud.download(draft_id, document_id, FACILITY).status == 404
    assert cloud.download_case(draft_id, document_id).status == 404
    cloud.clock.pass_by(days=10)
    assert cloud.download(draft_id, document_id).status == 410


def test_link_is_refused_when_the_document_is_not_attached(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = cloud.offer(request_id).body["document"]["document_id"]
    awaited = cloud.download(request_id, document_id)
    assert (awaited.code, awaited.body["document_status"]) == (
        "document_not_available",
        "AWAITING_UPLOAD",
    )
    cloud.arrive(request_id, document_id, PNG)
    assert cloud.download(request_id, document_id).body["document_status"] == "REFUSED"


def test_download_is_one_call_when_the_document_is_attached(cloud: Cloud) -> None:
    request_id = cloud.pended()
    document_id = attached(cloud, request_id)
    with cloud.wire.counting() as calls:
        assert cloud.download(request_id, document_id).status == 200
        assert cloud.download_case(request_id, document_id).status == 200
    assert calls == ["Query"] * 2


# -- removed from a draft -----------------------------------------------------------------------------


def test_document_and_its_bytes_are_deleted_when_it_is_removed_from_a_draft(cloud: Cloud) -> None:
    draft_id = cloud.start()
    document_id = attached(cloud, draft_id)
    assert cloud.delete_document(draft_id, document_id).status == 204
    assert cloud.read(draft_id).body["documents"] == []
    assert cloud.object_versions() == []
    assert cloud.delete_document(draft_id, document_id).status == 404
    assert [e["type"] for e in cloud.read(draft_id).body["history"]][-1] == "DocumentDeleted"


@pytest.mark.rule("U3")
def test_slot_is_free_again_when_its_document_is_removed(cloud: Cloud) -> None:
    draft_id = cloud.start()
    documents = [attached(cloud, draft_id) for _ in range(10)]
    assert cloud.offer(draft_id).code == "document_limit"
    cloud.delete_document(draft_id, documents[0])
    assert [cloud.offer(draft_id).status for _ in range(2)] == [201, 409]


def test_late_bytes_are_deleted_when_their_document_was_removed(cloud: Cloud) -> None:
    draft_id = cloud.start()
    document_id = cloud.offer(draft_id).body["document"]["document_id"]
    assert cloud.delete_document(draft_id, document_id).status == 204
    cloud.arrive(draft_id, document_id, PDF)
    assert cloud.object_versions() == []


def test_document_is_not_removed_when_it_was_part_of_a_submission(cloud: Cloud) -> None:
    draft_id = cloud.start()
    document_id = attached(cloud, draft_id)
    assert cloud.delete_document(draft_id, document_id, STRANGER).status == 404
    cloud.submit(draft_id)
    assert cloud.delete_document(draft_id, document_id).code == "action_not_allowed"
    assert cloud.delete_document(draft_id, document_id, FACILITY).code == "action_not_allowed"
    assert len(cloud.object_versions()) == 1
