"""The providers that an office selects most: nobody keeps the list (C2)."""

from precert.contract import Entitlement
from precert.domain.caller import Caller
from precert.domain.frequent import FrequentProvider
from precert.usecases.ports.frequent import FrequentProviders


def list_frequent_providers(
    caller: Caller, *, tin: str | None, frequent_providers: FrequentProviders
) -> tuple[FrequentProvider, ...]:
    """Those of one of the caller's TINs, most selected first. One call.

    Raises:
        NotEntitledError.
        InvalidInputError: the TIN is not the caller's.
    """
    caller.require(Entitlement.PATIENT_SEARCH)
    return frequent_providers.of(caller.acting_tin(tin))
