"""Loads the sample payer's files, by the use cases that load any payer's."""

from pathlib import Path
from typing import Final

from precert.bootstrap import Dependencies
from precert.domain.loading import (
    load_directory,
    load_members,
    load_plans,
    load_rules,
    load_ssns,
    load_vendors,
)
from precert.usecases import directory
from precert.usecases import members as members_usecases
from precert.usecases.rule_lists import publish_rule_list

SAMPLE: Final = Path(__file__).resolve().parents[1] / "data" / "sample"


def load_sample_payer(deps: Dependencies) -> None:
    """Members with their SSNs, directory and rule list; loading them again changes nothing."""
    plans = load_plans(_text("plans"), deps.payer.review_clocks)
    members = load_members(_text("members"), plans)
    members_usecases.load_coverages(members, reference=deps.reference)
    ssns = load_ssns(_text("ssns"), members)
    members_usecases.load_ssns(ssns, members, reference=deps.reference, digests=deps.digests)
    entries = load_directory(_text("providers"))
    directory.load_directory_entries(entries, places=deps.code_sets, reference=deps.reference)
    vendors = load_vendors(_text("vendors"))
    known = {delegate.vendor_id for delegate in vendors}
    publish_rule_list(
        load_rules(_text("rules"), known, deps.payer),
        vendors,
        rule_lists=deps.rule_lists,
        versions=deps.rule_list_versions,
        now=deps.now(),
    )


def _text(name: str) -> str:
    return (SAMPLE / f"{name}.csv").read_text(encoding="utf-8")
