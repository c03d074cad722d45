"""Read the sample payer's files and load them with the same use cases as any payer's."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

from precert.bootstrap import Dependencies
from precert.domain.coverage import Coverage
from precert.domain.directory import DirectoryEntry
from precert.domain.loading import (
    load_directory,
    load_members,
    load_plans,
    load_rules,
    load_ssns,
    load_vendors,
)
from precert.domain.payer import Payer
from precert.domain.rules import DelegatedVendor, Rule
from precert.usecases import directory, members
from precert.usecases.rule_lists import publish_rule_list

SAMPLE: Final = Path(__file__).resolve().parents[1] / "data" / "sample"


def sample_text(name: str) -> str:
    """Return a file of the sample payer by its name, such as ``members``."""
    return (SAMPLE / f"{name}.csv").read_text(encoding="utf-8")


def sample_members(payer: Payer) -> list[Coverage]:
    """Return the members, with a row for each coverage span."""
    return load_members(
        sample_text("members"), load_plans(sample_text("plans"), payer.review_clocks)
    )


def sample_rules(payer: Payer) -> tuple[list[Rule], list[DelegatedVendor]]:
    """Return the rule list and the delegated vendors that it names."""
    vendors = load_vendors(sample_text("vendors"))
    known = {vendor.vendor_id for vendor in vendors}
    return load_rules(sample_text("rules"), known, payer), vendors


def sample_directory() -> list[DirectoryEntry]:
    """Return the provider directory."""
    return load_directory(sample_text("providers"))


def load_sample_payer(
    deps: Dependencies, entries: Collection[DirectoryEntry] | None = None
) -> None:
    """Load members with their SSNs, the directory and the rule list. Loading again changes nothing.

    ``entries`` replaces the whole directory.
    """
    coverages = sample_members(deps.payer)
    members.load_coverages(coverages, reference=deps.reference)
    ssns = load_ssns(sample_text("ssns"), coverages)
    members.load_ssns(ssns, coverages, reference=deps.reference, digests=deps.digests)
    directory.load_directory_entries(
        sample_directory() if entries is None else entries,
        places=deps.code_sets,
        reference=deps.reference,
    )
    rules, vendors = sample_rules(deps.payer)
    publish_rule_list(
        rules,
        vendors,
        rule_lists=deps.rule_lists,
        versions=deps.rule_list_versions,
        now=deps.now(),
    )
