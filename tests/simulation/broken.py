"""The error with which a run fails."""


class InvariantError(BaseException):
    """An invariant of the product does not hold.

    Not an ``Exception``, because the product's handlers catch those and return them as internal
    errors.
    """


def broken(what: str, *about: object) -> InvariantError:
    """The error, with its subject."""
    return InvariantError(" ".join((what, *map(str, about))))
