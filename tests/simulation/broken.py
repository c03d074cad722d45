"""The one way in which a run fails."""


class PromiseBrokenError(BaseException):
    """Something that the product promises did not hold.

    No ``Exception``, as the product's handlers catch those and answer them as faults of their own.
    """


def broken(what: str, *about: object) -> PromiseBrokenError:
    """The error, with what it is about."""
    return PromiseBrokenError(" ".join((what, *map(str, about))))
