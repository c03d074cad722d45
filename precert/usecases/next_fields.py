"""Say which fields of the form come next, given what is chosen so far (C3, C4)."""

from collections.abc import Iterator
from datetime import datetime

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.completeness import not_a_choice
from precert.domain.content import Service
from precert.domain.errors import Fault, InvalidInputError
from precert.domain.form import AskedForm, asked_form
from precert.domain.payer import Payer


def next_fields(chosen: Service, caller: Caller, *, payer: Payer, now: datetime) -> AskedForm:
    """The fields of one service, in order; ``chosen`` holds the choices made so far, nothing else.

    Raises:
        NotEntitledError: the caller lacks Patient Search (A1).
        InvalidInputError: something is chosen that is not offered, or too early.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    form = asked_form(payer, chosen, local_date(now, payer.zone))
    if faults := list(_faults(form, chosen)):
        raise InvalidInputError(faults)
    return form


def _faults(form: AskedForm, chosen: Service) -> Iterator[Fault]:
    for field in form.fields:
        value = getattr(chosen, field.name)
        if field.choices and value is not None and value not in field.codes:
            yield not_a_choice(field, f"/{field.name}")
    for later in form.later:
        if getattr(chosen, later.name) not in (None, ()) and not getattr(chosen, later.waits_for):
            yield Fault(f"/{later.waits_for}", "missing", f"choose this before {later.name}")
