"""Publish a rule list; every check from then on uses it."""

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
    """Store a compiled list, then put it in effect: a check uses either the old or the new one.

    Publishing the list in effect again changes nothing. Two concurrent publications are both in the
    history; the later one is in effect.

    Args:
        rules: The rules, as loaded.
        vendors: Delegated vendors that it names.
        version: Its version; if None, derived from time and content.
        rule_lists: Where lists are stored.
        versions: The history of published lists.
        now: The time of publishing.

    Raises:
        InvalidInputError: the version is not a valid name, or belongs to another list.
        TransientError: other publications conflicted repeatedly; nothing is changed.
    """
    if version is not None and not _VERSION.fullmatch(version):
        words = "must be at most 64 letters, digits, dots, hyphens and underscores"
        raise InvalidInputError([FieldError("/version", "malformed", words)])
    key, sha256 = rule_lists.store(rules, vendors)

    def attempt() -> RuleListVersion:
        before = versions.in_effect()
        if before and before.sha256 == sha256 and version in (None, before.version):
            return before
        # The list of a clock that is behind must not sort before the older one.
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
