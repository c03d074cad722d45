"""Parts of a request's content."""

from typing import Any

import pytest

from precert.domain.content import PARTS, ContentParts, RequestContent
from tests.fakes.samples import content, entered


def test_every_part_can_be_saved_alone_when_the_content_has_it() -> None:
    assert set(ContentParts.model_fields) == PARTS


@pytest.mark.parametrize("part", sorted(PARTS))
def test_part_is_what_was_sent_when_it_was_sent_alone(part: str) -> None:
    whole = entered(assertion_id="CHK-260701150000-0123456789ABCDEF", purpose="PREDETERMINATION")
    given: dict[str, Any] = {part: whole[part]}
    sent = ContentParts.model_validate(given)
    assert sent.sent == {part}
    assert getattr(sent.content, part) == getattr(content(**whole), part)


def test_part_is_cleared_when_null_was_sent() -> None:
    sent = ContentParts.model_validate({"services": None, "purpose": None, "patient": None})
    assert sent.sent == {"services", "purpose", "patient"}
    assert sent.content == RequestContent()
