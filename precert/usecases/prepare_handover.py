"""Hand over to a third party what was entered, so that nobody types it again there (C8)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from precert.domain.caller import Caller
from precert.domain.content import RequestContent, Service
from precert.domain.delegates import Delegate
from precert.domain.errors import Fault, InvalidInputError, NothingToHandOverError
from precert.domain.next_steps import NextAction
from precert.domain.payer import Payer
from precert.usecases.check_requirements import CheckAnswer
from precert.usecases.ports.rule_lists import RuleLists

Check = Callable[[RequestContent, Caller], CheckAnswer]
"""The check itself (:func:`precert.usecases.check_requirements.check_requirements`), equipped."""


@dataclass(frozen=True)
class Handover:
    """What one third party decides of a check: its services, with its codes alone."""

    delegate: Delegate
    content: RequestContent
    answer: CheckAnswer

    @property
    def note(self) -> str:
        """Where it comes from, for whoever takes it in."""
        quoted = self.answer.assertion_id
        return f"Referred by check {quoted}, rule list {self.answer.rule_list.version}."


def prepare_handover(
    content: RequestContent,
    delegate_id: str,
    caller: Caller,
    *,
    check: Check,
    rule_lists: RuleLists,
    payer: Payer,
) -> Handover:
    """Check again, and pick what the third party decides by the list in force now.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        InvalidInputError: the check's faults, or there is no such third party.
        PatientNotFoundError, PatientNotEligibleError, CheckNotAvailableError: no check (P1, A6, A4).
        NothingToHandOverError: it decides on nothing of this.
    """
    answer = check(content, caller)
    delegate = rule_lists.delegates(answer.rule_list, [delegate_id]).get(delegate_id)
    if delegate is None:
        words = "no such third party; send a delegate_id that the check answered"
        raise InvalidInputError([Fault("/delegate_id", "unknown", words)])
    services = tuple(_decided_by(delegate_id, answer, payer))
    if not services:
        raise NothingToHandOverError(
            f"{delegate.name} decides on none of these codes. Follow each code's next_step."
        )
    return Handover(delegate, content.model_copy(update={"services": services}), answer)


def _decided_by(delegate_id: str, answer: CheckAnswer, payer: Payer) -> Iterator[Service]:
    asked = zip(answer.content.services, answer.services, answer.next_steps(payer), strict=True)
    for service, codes, steps in asked:
        procedures = tuple(
            procedure
            for procedure, code, step in zip(service.procedures, codes, steps, strict=True)
            if code.delegate_id == delegate_id and step.action is NextAction.GO_TO_THIRD_PARTY
        )
        if procedures:
            yield service.model_copy(update={"procedures": procedures})
