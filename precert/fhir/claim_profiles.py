"""The profiles that a received bundle and its claim name, and the operation to which they belong."""

from collections.abc import Iterator
from typing import Final

from precert.fhir import systems
from precert.fhir.bundles import Bundle, Issue, UnprocessableBundleError
from precert.fhir.elements import Json

SUBMIT: Final = "$submit"
INQUIRE: Final = "$inquire"
_OPERATION_OF: Final = {
    f"{systems.PAS}/StructureDefinition/profile-{name}": operation
    for name, operation in (
        ("pas-request-bundle", SUBMIT),
        ("claim", SUBMIT),
        ("claim-update", SUBMIT),
        ("pas-inquiry-request-bundle", INQUIRE),
        ("claim-inquiry", INQUIRE),
    )
}
_PURPOSE_OF: Final = {SUBMIT: "a request", INQUIRE: "an inquiry"}


def require_profiles_of(operation: str, bundle: Bundle) -> None:
    """Require that the bundle and its claim name no profile of the other operation.

    Other profiles, also unknown ones, are accepted, with or without a version.

    Raises:
        UnprocessableBundleError: each profile of the other operation is listed.
    """
    issues = [
        Issue(
            "business-rule",
            place,
            f"This is a profile of {_PURPOSE_OF[other]}: send the bundle to Claim/{other}, or name the "
            f"profile of {_PURPOSE_OF[operation]}.",
        )
        for place, profile in _profiles(bundle)
        if (other := _OPERATION_OF.get(profile, operation)) != operation
    ]
    if issues:
        raise UnprocessableBundleError(issues)


def _profiles(bundle: Bundle) -> Iterator[tuple[str, str]]:
    """The place and the URL, without its version, of each profile of the bundle and of its claim."""
    resources: tuple[tuple[str, Json], ...] = (("Bundle", bundle.document), ("Claim", bundle.first))
    for path, resource in resources:
        meta = resource.get("meta")
        found = meta.get("profile") if isinstance(meta, dict) else None
        for index, one in enumerate(found if isinstance(found, list) else []):
            yield f"{path}.meta.profile[{index}]", str(one).partition("|")[0]
