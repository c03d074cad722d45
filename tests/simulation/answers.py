"""What callers were told: the product stands by every answer that went out."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from precert.domain.request import Request
from tests.simulation.broken import broken
from tests.simulation.expressions import Wire
from tests.simulation.people import People, Told
from tests.simulation.world import REQUESTS


@dataclass
class Answers:
    """The answers of a run, against what stands at its end."""

    people: People
    images: Mapping[str, Sequence[Wire]]
    """Every state in which a request was stored."""
    gone: Collection[str]
    drafts: dict[str, str] = field(default_factory=dict)

    def hold(self) -> None:
        """Every answer holds.

        Raises:
            PromiseBrokenError: one does not.
        """
        checks = {
            "started": self._started,
            "saved": self._saved,
            "submitted": self._submitted,
            "decided": self._decided,
            "signed": self._signed,
            "voided": self._voided,
            "offered": self._offered,
            "taken off": self._taken_off,
            "deleted": self._deleted,
        }
        for told in self.people.told:
            if told.what in checks:
                checks[told.what](told)

    def _deleted(self, told: Told) -> None:
        if told.request_id not in self.gone:
            raise broken("a deleted draft is there:", told.request_id)

    def _voided(self, told: Told) -> None:
        if self._standing(told).status != "VOID":
            raise broken("a voided request is not void:", told.request_id)

    def _standing(self, told: Told) -> Request:
        request = self.people.request(told.request_id)
        if request is None or request.review is None:
            raise broken("a submitted request was lost:", told.request_id)
        return request

    def _started(self, told: Told) -> None:
        key = told.detail["key"]
        if self.drafts.setdefault(key, told.request_id) != told.request_id:
            raise broken("one key started two drafts:", key)

    def _saved(self, told: Told) -> None:
        """A save that was answered is what stood in its version."""
        for image in self.images[told.request_id]:
            if int(image["version"]["N"]) == told.detail["version"]:
                self._is_variant(image, told)
                return
        raise broken("a save was lost:", told.request_id, told.detail)

    def _is_variant(self, image: Wire, told: Told) -> None:
        services = json.loads(image["content"]["M"]["services"]["B"])
        if services[0]["requested_days"] != told.detail["variant"] + 1:
            raise broken("what was sent is not what stands:", told.request_id, told.detail)

    def _submitted(self, told: Told) -> None:
        if self._standing(told).submitted.number != told.detail["number"]:
            raise broken("a submission was answered with another number:", told.request_id)
        self._is_variant(self.images[told.request_id][-1], told)

    def _decided(self, told: Told) -> None:
        for line in self._standing(told).submitted.lines:
            wanted = told.detail["lines"].get(line.line_id)
            if wanted is None:
                continue
            deps = [one for one in line.decisions if one.cycle == told.detail["cycle"]]
            if [(one.status, one.decided_by) for one in deps] != [(wanted, told.detail["by"])]:
                raise broken("a decision is not what stands:", told.request_id, told.detail)

    def _signed(self, told: Told) -> None:
        """A signature is a second person's, and stands on every line of its round."""
        for line in self._standing(told).submitted.lines:
            for one in line.decisions:
                if one.cycle != told.detail["cycle"]:
                    continue
                if one.signed_by != told.detail["by"] or one.decided_by == one.signed_by:
                    raise broken("a signature is not what stands:", told.request_id, told.detail)

    def _taken_off(self, told: Told) -> None:
        key = (f"REQUEST#{told.request_id}", f"DOCUMENT#{told.detail['document_id']}")
        if self.people.world.tables.item(REQUESTS, key) is not None:
            raise broken("a document that was taken off is there:", told.request_id)

    def _offered(self, told: Told) -> None:
        key = (f"REQUEST#{told.request_id}", f"DOCUMENT#{told.detail['document_id']}")
        there = self.people.world.tables.item(REQUESTS, key)
        # Whoever was told nothing may have taken it off all the same.
        deleted = told.request_id in self.gone or self.people.world.taken_off(*key)
        if there is None and not deleted:
            raise broken("an offered document was lost:", told.request_id)
