"""Grant and revoke the rights of users and of partners' systems."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

from precert.domain.caller import SECONDS_CACHED, Caller, Grant, ListedReviewer
from precert.domain.damage import Readable
from precert.domain.decisions import SYSTEM
from precert.domain.errors import DamagedRecordError
from precert.domain.payer import Payer
from precert.names import Entitlement


class Grants(Protocol):
    """The rights granted to each subject, by issuer of the tokens."""

    def read(self, issuer: str, subject: str) -> Grant | None:
        """The grant of a subject. One database read.

        Raises:
            TransientError.
        """

    def store(self, grant: Grant) -> None:
        """Replace the grant of its subject; delete it if it grants nothing.

        Raises:
            TransientError.
        """

    def change(self, issuer: str, subject: str, change: Callable[[Grant], Grant]) -> Grant:
        """Replace the grant of a subject by ``change`` of it, and return the new one.

        If another command changes the grant at the same moment, ``change`` is called again with the
        grant that is stored then, so that no right is lost and no revoked one returns.

        Raises:
            TransientError.
        """

    def stored(self) -> Iterator[Grant]:
        """All grants."""

    def reviewers(self, issuer: str) -> Readable[ListedReviewer]:
        """The subjects with plans to review. One database read.

        Raises:
            TransientError.
        """


_MAX_CACHED: Final = 500
_LIFETIME: Final = timedelta(seconds=SECONDS_CACHED)


def grant_rights(added: Grant, *, grants: Grants) -> Grant:
    """Add rights to those that the subject has."""
    return grants.change(added.issuer, added.subject, lambda before: before.plus(added))


def revoke_rights(removed: Grant, *, grants: Grants) -> Grant:
    """Remove rights of the subject."""
    return grants.change(removed.issuer, removed.subject, lambda before: before.minus(removed))


def revoke_all(issuer: str, subject: str, *, grants: Grants) -> None:
    """Remove all rights of the subject."""
    grants.store(Grant(issuer=issuer, subject=subject))


class CachedGrants:
    """Grants, cached in the process for at most ``SECONDS_CACHED``. A missing grant is not cached."""

    def __init__(self, grants: Grants) -> None:
        self._grants = grants
        self._cached: OrderedDict[tuple[str, str], tuple[datetime, Grant]] = OrderedDict()

    def read(self, issuer: str, subject: str, now: datetime) -> Grant | None:
        cached = self._cached.get((issuer, subject))
        if cached is not None and timedelta(0) <= now - cached[0] < _LIFETIME:
            return cached[1]
        self._cached.pop((issuer, subject), None)
        grant = self._grants.read(issuer, subject)
        if grant is not None:
            self._cached[issuer, subject] = (now, grant)
            if len(self._cached) > _MAX_CACHED:
                self._cached.popitem(last=False)
        return grant


def user_labels(
    subjects: Iterable[str],
    caller: Caller,
    *,
    user_grants: CachedGrants | None,
    payer: Payer,
    now: datetime,
) -> Mapping[str, str]:
    """The user names of subjects, for callers who may read subjects (A3).

    One database read per subject that is not cached. Subjects without a grant, or with one that cannot
    be read, have none.
    """
    labels = {SYSTEM: f"{payer.name}, automatically"}
    if user_grants is None or caller.issuer is None:
        return labels
    for subject in {*subjects} - {SYSTEM}:
        try:
            grant = user_grants.read(caller.issuer, subject, now)
        except DamagedRecordError:
            # The store reports the damage. The subject is shown without a name.
            continue
        if grant is not None and grant.label is not None:
            labels[subject] = grant.label
    return labels


def list_reviewers(
    caller: Caller, *, grants: Grants, user_grants: CachedGrants | None
) -> Readable[ListedReviewer]:
    """The reviewers of the lead's plans, ordered by user name. One database read.

    Empty if rights are not granted here but stated in tokens.

    Raises:
        NotEntitledError: the caller is not a review lead.
    """
    caller.require(Entitlement.REVIEW_LEAD)
    if user_grants is None or caller.issuer is None:
        return Readable(())
    listed = grants.reviewers(caller.issuer)
    found = [one for one in listed.records if one.plan_ids & caller.plan_ids]
    ordered = sorted(found, key=lambda one: (one.label or one.subject).casefold())
    return Readable(tuple(ordered), listed.damaged)
