"""SMART on FHIR scopes of systems, in the forms of version 2 (``system/Claim.cu``) and version 1.

A scope permits interactions with one resource type, or with all of them: ``c`` create, ``r`` read,
``u`` update, ``d`` delete, ``s`` search. SMART defines no scopes of operations. Here each operation
requires an interaction with its resource type: ``Claim/$submit`` requires ``Claim.c``,
``Claim/$inquire`` requires ``Claim.s``.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final

INTERACTIONS: Final = "cruds"
ALL_RESOURCES: Final = "*"
_SCOPE: Final = re.compile(
    r"system/(?P<resource>\*|[A-Z][A-Za-z]{1,39})\."
    r"(?P<permissions>c?r?u?d?s?|read|write|\*)"
)
_VERSION_1: Final = {"read": "rs", "write": "cud", "*": INTERACTIONS}
MAX_SCOPES: Final = 50
"""The most scopes for which one client can be registered."""


def interactions_of(scope: str) -> frozenset[str]:
    """The interactions that the scopes of a token permit, such as ``Claim.c``.

    ``scope`` has names separated by blanks. Those that are not scopes of systems are ignored.
    """
    return frozenset(one for name in scope.split() for one in _interactions(name))


def is_scope(name: str) -> bool:
    """Whether this is the name of a scope of a system."""
    return any(True for _ in _interactions(name))


def permits(granted: Collection[str], required: Iterable[str]) -> bool:
    """Whether at least one of the required interactions is granted."""
    return any(_is_permitted(granted, one) for one in required)


def granted_scopes(requested: str, registered: Collection[str]) -> list[str]:
    """The requested scopes for which the client is registered, in the form of version 2.

    Other scopes are omitted, such as those of users.
    """
    permitted = interactions_of(" ".join(registered))
    resources = {one.partition(".")[0] for one in permitted}
    found: dict[str, set[str]] = {}
    for one in interactions_of(requested):
        resource, _, interaction = one.partition(".")
        # A request for all resource types is reduced to those for which the client is registered.
        for name in resources if resource == ALL_RESOURCES else {resource}:
            if _is_permitted(permitted, f"{name}.{interaction}"):
                found.setdefault(name, set()).add(interaction)
    return [
        f"system/{resource}.{''.join(one for one in INTERACTIONS if one in found[resource])}"
        for resource in sorted(found)
    ]


def _is_permitted(granted: Collection[str], interaction: str) -> bool:
    _, _, letter = interaction.partition(".")
    return interaction in granted or f"{ALL_RESOURCES}.{letter}" in granted


def _interactions(name: str) -> Iterator[str]:
    if match := _SCOPE.fullmatch(name):
        permissions = match["permissions"]
        for letter in _VERSION_1.get(permissions, permissions):
            yield f"{match['resource']}.{letter}"
