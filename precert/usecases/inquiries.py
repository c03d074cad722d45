"""Inquiries of the Prior Authorization API (X12 278 inquiry)."""

from dataclasses import dataclass
from typing import Final

from precert.domain.caller import Caller
from precert.domain.errors import DamagedRecordError
from precert.domain.inquiry import Inquiry
from precert.names import Entitlement
from precert.usecases.ports.requests import Fingerprints, Registrations, RequestFile, RequestStore
from precert.usecases.prior_authorization import own_request, stored_file

MAX_FOUND: Final = 25


@dataclass(frozen=True)
class FoundAuthorizations:
    """Requests that an inquiry describes, last submitted first.

    ``withheld`` if the caller may not read some of them, ``more`` if there are more than are returned.
    ``damaged`` are ids of the caller's requests that cannot be read.
    """

    requests: tuple[RequestFile, ...]
    withheld: bool
    more: bool
    damaged: tuple[str, ...] = ()


def inquire_prior_authorizations(
    inquiry: Inquiry,
    caller: Caller,
    *,
    requests: RequestStore,
    registrations: Registrations,
    fingerprints: Fingerprints,
) -> FoundAuthorizations:
    """The requests that an inquiry describes, of any channel, in their current state.

    An inquiry by number finds withdrawn requests too. Requests of the member that the caller may not
    read (A2) are not returned; ``withheld`` states that they exist.

    Raises:
        NotEntitledError.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    own = set[str]()
    if inquiry.numbers:
        named = [registrations.request_id_of(number) for number in inquiry.numbers]
        request_ids = [one for one in dict.fromkeys(named) if one is not None]
    else:
        known = fingerprints.of_member(inquiry.member_id)
        newest = sorted(known.records, key=lambda one: one.submitted_at, reverse=True)
        request_ids = [*(one.request_id for one in newest), *known.damaged]
        own = {one.request_id for one in newest if one.tins & caller.tins}
    found: list[RequestFile] = []
    withheld, damaged = False, list[str]()
    for request_id in request_ids:
        try:
            file = requests.read_file(request_id)
        except DamagedRecordError:
            # It does not hide the others. Its fingerprint states whether it is the caller's.
            if request_id in own:
                damaged.append(request_id)
            continue
        if file is None or not inquiry.matches(file.request):
            continue
        if own_request(file.request, caller) is None:
            withheld = True
        elif len(found) < MAX_FOUND:
            found.append(stored_file(file, caller))
        else:
            return FoundAuthorizations(tuple(found), withheld, True, tuple(damaged))
    return FoundAuthorizations(tuple(found), withheld, False, tuple(damaged))
