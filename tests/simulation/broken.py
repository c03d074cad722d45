"""The one way in which a run fails."""


class InvariantError(BaseException):
    """Something that the product promises did not hold.

    No ``Exception``, as the product's handlers catch those and answer them as faults of their own.
    """


def broken(what: str, *about: object) -> InvariantError:
    """The error, with what it is about."""
    return InvariantError(" ".join((what, *map(str, about))))
