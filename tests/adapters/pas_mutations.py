"""Changes of a bundle as partners make them by mistake: elements left out, and values of any kind."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

from hypothesis import strategies as st

Path = tuple[str | int, ...]
VALUES: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["", "Claim/1", "#x", "2026-02-30", "9999-12-31", "0001-01-01", "\u202e"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["coding", "reference", "code", "system", "value", "url", "extension"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def paths(value: object, at: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield (*at, name)
            yield from paths(child, (*at, name))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield (*at, index)
            yield from paths(child, (*at, index))


def replaced(document: Any, path: Path, value: object) -> Any:
    """The document with another value at a path, where an earlier change has left the path."""
    copied = deepcopy(document)
    element: Any = copied
    try:
        for part in path[:-1]:
            element = element[part]
        element[path[-1]] = value
    except (KeyError, IndexError, TypeError):
        return copied
    return copied


def without(document: Any, path: Path) -> Any:
    """The document without the element at a path."""
    copied = deepcopy(document)
    element: Any = copied
    for part in path[:-1]:
        element = element[part]
    del element[path[-1]]
    return copied
