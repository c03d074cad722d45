"""Publish a rule list: from that moment every check is answered by it."""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from precert.domain.errors import FieldError, InvalidInputError
from precert.domain.retry import retry
from precert.domain.rules import DelegatedVendor, Rule, RuleListVersion
from precert.usecases.ports.reference import (
    RuleListChangedError,
    RuleListExistsError,
    RuleLists,
    RuleListVersions,
)

_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NEXT_INSTANT: Final = timedelta(microseconds=1)


def publish_rule_list(
    rules: Collection[Rule],
    vendors: Collection[DelegatedVendor],
    *,
    version: str | None = None,
    rule_lists: RuleLists,
    versions: RuleListVersions,
    now: datetime,
) -> RuleListVersion:
    """Store a compiled list, then make it the one in effect: a check sees the old or the new one.

    Publishing what is in effect already changes nothing. Two publishers at once both end up in the
    history; the later one is in effect.

    Args:
        rules: The list, as loaded.
        vendors: Delegated vendors that it names.
        version: What to call it; where None, a name made of the time and the content.
        rule_lists: Where lists are stored.
        versions: Which ones were published.
        now: The moment of publishing.

    Raises:
        InvalidInputError: the version is no name, or another list has it.
        TransientError: others kept publishing; nothing is changed.
    """
    if version is not None and not _VERSION.fullmatch(version):
        words = "must be at most 64 letters, digits, dots, hyphens and underscores"
        raise InvalidInputError([FieldError("/version", "malformed", words)])
    key, sha256 = rule_lists.store(rules, vendors)

    def attempt() -> RuleListVersion:
        before = versions.in_effect()
        if before and before.sha256 == sha256 and version in (None, before.version):
            return before
        # A clock that is behind must not put the newer list before the older one.
        at = max(now, before.published_at + _NEXT_INSTANT) if before else now
        published = RuleListVersion(
            version=version or f"{at:%Y%m%d-%H%M%S}-{sha256[:8]}",
            effective_from=min(rule.effective_from for rule in rules),
            object_key=key,
            sha256=sha256,
            published_at=at,
        )
        try:
            versions.put_in_effect(published, instead_of=before)
        except RuleListExistsError as error:
            words = "is the version of a list published before, which never changes; choose another"
            raise InvalidInputError([FieldError("/version", "taken", words)]) from error
        return published

    return retry(
        attempt,
        on=RuleListChangedError,
        message="Others published at the same time again and again. Try again.",
    )
