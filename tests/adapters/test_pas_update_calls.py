"""The calls to AWS of an update of a claim, one after the other."""

from tests.adapters.cloud import Cloud
from tests.adapters.pas_calls import PACEMAKER, VISIT, actions, cancelling, claim, submit
from tests.adapters.pas_updates import add_item, cancel_item, update
from tests.fakes.samples import BOWEL_SURGERIES, BOWEL_SURGERY

FOUND = ["Query", "GetItem", "GetItem"]
"""The request by its earlier claim; whether the identifier of the update is another claim's."""
ASSESSED = ["Query", "TransactWriteItems"]
"""The member's other requests, and the result of the assessment."""


def test_calls_are_counted_when_an_item_is_added(cloud: Cloud) -> None:
    """Member and rule list are read once, and the request is not read again."""
    cloud.check()
    document = claim(BOWEL_SURGERY)
    submit(cloud, document)
    changed = update(document)
    add_item(changed, VISIT)
    with cloud.wire.counting() as calls:
        assert actions(submit(cloud, changed)) == ["A4", "A4"]
    assert calls == [*FOUND, "BatchGetItem", "TransactWriteItems", *ASSESSED]


def test_request_for_documents_is_one_more_call_when_an_added_item_needs_them(
    cloud: Cloud,
) -> None:
    cloud.check()
    document = claim(BOWEL_SURGERY)
    submit(cloud, document)
    changed = update(document)
    add_item(changed, PACEMAKER)
    with cloud.wire.counting() as calls:
        submit(cloud, changed)
    assert calls == [
        *FOUND,
        "BatchGetItem",
        "TransactWriteItems",
        *ASSESSED,
        "TransactWriteItems",
    ]


def test_calls_are_counted_when_items_are_cancelled(cloud: Cloud) -> None:
    cloud.check()
    document = claim(BOWEL_SURGERIES)
    submit(cloud, document)
    changed = update(document)
    cancel_item(changed, 0)
    with cloud.wire.counting() as calls:
        assert actions(submit(cloud, changed)) == ["C", "A4"]
    assert calls == [*FOUND, "TransactWriteItems", "BatchGetItem", *ASSESSED]
    with cloud.wire.counting() as calls:
        assert actions(submit(cloud, cancelling(document))) == ["C", "C"]
    assert calls == [*FOUND, "TransactWriteItems"]


def test_request_is_read_once_when_nothing_changes(cloud: Cloud) -> None:
    document = claim(BOWEL_SURGERY)
    submit(cloud, document)
    with cloud.wire.counting() as calls:
        submit(cloud, update(document))
    assert calls == FOUND
