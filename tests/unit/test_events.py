"""The ids of events."""

from precert.domain.events import event_id
from tests.fakes.samples import REQUEST_ID


def test_event_ids_sort_by_version_when_versions_have_more_digits() -> None:
    versions = (1, 9, 10, 999, 1000)
    ids = [event_id(REQUEST_ID, version) for version in versions]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(versions)


def test_event_id_names_its_subject_when_no_version_changes() -> None:
    assert event_id(REQUEST_ID, 3, "warning") == f"{REQUEST_ID}.000003.warning"
    assert event_id(REQUEST_ID, "DOC") == f"{REQUEST_ID}.DOC"
