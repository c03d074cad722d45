"""Publish a rule list, which all later checks use."""

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
        vendors: The delegated vendors that the rules name.
        version: The version; if None, derived from time and content.
        rule_lists: The store of compiled lists.
        versions: The history of published lists.
        now: The time of publication.

    Raises:
        InvalidInputError: the version is not a valid name, or belongs to another list.
        TransientError: other publications conflicted repeatedly; nothing is changed.
    """
    if version is not None and not _VERSION.fullmatch(version):
        message = "must be at most 64 letters, digits, dots, hyphens and underscores"
        raise InvalidInputError([FieldError("/version", "malformed", message)])
    key, sha256 = rule_lists.store(rules, vendors)

    def attempt() -> RuleListVersion:
        before = versions.in_effect()
        if before and before.sha256 == sha256 and version in (None, before.version):
            return before
        # Even if this machine's clock is behind, the new list must sort after the previous one.
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
            message = "a list with this version was already published; choose another version"
            raise InvalidInputError([FieldError("/version", "taken", message)]) from error
        return published

    return retry(
        attempt,
        on=RuleListChangedError,
        message="Other rule lists are being published concurrently. Try again.",
    )
