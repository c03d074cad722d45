"""Acknowledged responses: every success that a caller received must hold at the end."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from precert.domain.request import Request
from tests.simulation.broken import broken
from tests.simulation.expressions import Wire
from tests.simulation.people import Acknowledged, People
from tests.simulation.world import REQUESTS


@dataclass
class Answers:
    """The responses of a run, compared with the final state."""

    people: People
    images: Mapping[str, Sequence[Wire]]
    """Every state in which a request was stored."""
    removed: Collection[str]
    drafts: dict[str, str] = field(default_factory=dict)

    def hold(self) -> None:
        """Every response holds.

        Raises:
            InvariantError: one does not.
        """
        checks = {
            "started": self._started,
            "saved": self._saved,
            "submitted": self._submitted,
            "decided": self._decided,
            "signed": self._signed,
            "voided": self._voided,
            "offered": self._offered,
            "taken off": self._removed_document,
            "deleted": self._deleted,
        }
        for acknowledged in self.people.acknowledged:
            if acknowledged.what in checks:
                checks[acknowledged.what](acknowledged)

    def _deleted(self, acknowledged: Acknowledged) -> None:
        if acknowledged.request_id not in self.removed:
            raise broken("a deleted draft is there:", acknowledged.request_id)

    def _voided(self, acknowledged: Acknowledged) -> None:
        if self._current(acknowledged).status != "VOID":
            raise broken("a voided request is not void:", acknowledged.request_id)

    def _current(self, acknowledged: Acknowledged) -> Request:
        request = self.people.request(acknowledged.request_id)
        if request is None or request.review is None:
            raise broken("a submitted request was lost:", acknowledged.request_id)
        return request

    def _started(self, acknowledged: Acknowledged) -> None:
        key = acknowledged.detail["key"]
        if self.drafts.setdefault(key, acknowledged.request_id) != acknowledged.request_id:
            raise broken("one key started two drafts:", key)

    def _saved(self, acknowledged: Acknowledged) -> None:
        """An acknowledged save is the content of its version."""
        for image in self.images[acknowledged.request_id]:
            if int(image["version"]["N"]) == acknowledged.detail["version"]:
                self._is_variant(image, acknowledged)
                return
        raise broken("a save was lost:", acknowledged.request_id, acknowledged.detail)

    def _is_variant(self, image: Wire, acknowledged: Acknowledged) -> None:
        services = json.loads(image["content"]["M"]["services"]["B"])
        if services[0]["requested_days"] != acknowledged.detail["variant"] + 1:
            raise broken(
                "the submitted content is not stored:", acknowledged.request_id, acknowledged.detail
            )

    def _submitted(self, acknowledged: Acknowledged) -> None:
        if self._current(acknowledged).submitted.number != acknowledged.detail["number"]:
            raise broken("a submission was answered with another number:", acknowledged.request_id)
        self._is_variant(self.images[acknowledged.request_id][-1], acknowledged)

    def _decided(self, acknowledged: Acknowledged) -> None:
        for line in self._current(acknowledged).submitted.lines:
            expected = acknowledged.detail["lines"].get(line.line_id)
            if expected is None:
                continue
            decisions_ = [
                one for one in line.decisions if one.cycle == acknowledged.detail["cycle"]
            ]
            if [(one.status, one.proposed_by or one.decided_by) for one in decisions_] != [
                (expected, acknowledged.detail["by"])
            ]:
                raise broken(
                    "a decision is not stored:", acknowledged.request_id, acknowledged.detail
                )

    def _signed(self, acknowledged: Acknowledged) -> None:
        """A signature is by a second person, and is on every line of its cycle."""
        for line in self._current(acknowledged).submitted.lines:
            for one in line.decisions:
                if one.cycle != acknowledged.detail["cycle"]:
                    continue
                if (
                    one.signed_by != acknowledged.detail["by"]
                    or (one.proposed_by or one.decided_by) == one.signed_by
                ):
                    raise broken(
                        "a signature is not stored:",
                        acknowledged.request_id,
                        acknowledged.detail,
                    )

    def _removed_document(self, acknowledged: Acknowledged) -> None:
        key = (
            f"REQUEST#{acknowledged.request_id}",
            f"DOCUMENT#{acknowledged.detail['document_id']}",
        )
        if self.people.world.tables.item(REQUESTS, key) is not None:
            raise broken("a document that was taken off is there:", acknowledged.request_id)

    def _offered(self, acknowledged: Acknowledged) -> None:
        key = (
            f"REQUEST#{acknowledged.request_id}",
            f"DOCUMENT#{acknowledged.detail['document_id']}",
        )
        there = self.people.world.tables.item(REQUESTS, key)
        # A removal without a response may have taken effect.
        deleted = acknowledged.request_id in self.removed or self.people.world.removed(*key)
        if there is None and not deleted:
            raise broken("an offered document was lost:", acknowledged.request_id)
