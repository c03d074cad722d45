"""Letters as they are kept: printed by the product's own template, stored once (W4)."""

from typing import Any, Final

import pytest

from functions.letters import handler as letters
from precert.contract import LETTER_PREFIX
from precert.domain.letters import letter_key
from tests.adapters.cloud import Cloud, Context
from tests.fakes.printing import opened, text_of
from tests.fakes.samples import NUMBER, payer

LETTERS: Final = ("1-member", "1-provider")


def tell(cloud: Cloud, request_id: str, round_: int = 1) -> None:
    """What the bus sends after a determination."""
    detail: dict[str, Any] = {
        "event_id": f"{request_id}.000005",
        "type": "RequestDetermined",
        "request_id": request_id,
        "round": round_,
        "at": "2026-07-02T15:00:00Z",
        "status": "PARTIALLY APPROVED",
        "number": NUMBER,
        "tins": [],
    }
    letters.handle({"detail": detail}, Context())


def stored(cloud: Cloud) -> list[str]:
    client = cloud.clients.by_name["s3"]
    listed = client.list_object_versions(Bucket=cloud.bucket, Prefix=LETTER_PREFIX)
    return [one["Key"] for one in listed.get("Versions", [])]


@pytest.mark.rule("W4")
def test_both_letters_are_kept_with_the_request_when_it_is_determined(cloud: Cloud) -> None:
    request_id = cloud.determined()
    tell(cloud, request_id)
    assert sorted(stored(cloud)) == [letter_key(request_id, name) for name in LETTERS]
    for name in LETTERS:
        answer = cloud.clients.by_name["s3"].get_object(
            Bucket=cloud.bucket, Key=letter_key(request_id, name)
        )
        document = answer["Body"].read()
        text = text_of(document)
        for wanted in ("Allison Adams", payer().name, "Denied", "Approved", "appeal"):
            assert wanted in text
        assert opened(document).metadata is not None
        assert answer["ContentDisposition"] == f'attachment; filename="letter-{name}.pdf"'
    assert len(cloud.items("LETTER#")) == 2
    assert len(cloud.items("EVENT#letters-")) == 1


def test_nothing_is_kept_twice_when_the_event_comes_again(cloud: Cloud) -> None:
    request_id = cloud.determined()
    for _ in range(2):
        tell(cloud, request_id)
    assert len(stored(cloud)) == 2
    assert len(cloud.items("EVENT#letters-")) == 1


def test_letters_are_printed_again_when_the_first_run_died_before_its_record(cloud: Cloud) -> None:
    request_id = cloud.determined()
    cloud.wire.cut("TransactWriteItems")
    with pytest.raises(Exception, match="try_again"):
        tell(cloud, request_id)
    assert cloud.items("LETTER#") == []
    tell(cloud, request_id)
    assert len(cloud.items("LETTER#")) == 2


def test_nothing_is_printed_when_the_round_is_not_decided(cloud: Cloud) -> None:
    request_id = cloud.pended()
    tell(cloud, request_id)
    assert stored(cloud) == []
