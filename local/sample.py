"""Read the sample payer's files and load them with the same use cases as any payer's."""

from collections.abc import Collection
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from precert.domain.coverage import Coverage
from precert.domain.directory import DirectoryEntry
from precert.domain.loading import (
    LoadingError,
    directory_format,
    load_directory,
    load_members,
    load_plans,
    load_rules,
    load_vendors,
    members_format,
    plans_format,
    ssns_format,
)
from precert.domain.loads import Checkpoint, RejectedRow, Unit, units_of_members, units_of_rows
from precert.domain.payer import Payer
from precert.domain.rules import DelegatedVendor, Rule
from precert.usecases import loading, member_loading
from precert.usecases.loading import Load
from precert.usecases.rule_lists import publish_rule_list

if TYPE_CHECKING:
    from precert.bootstrap import Dependencies

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


class _Strict:
    """A ``LoadMonitor`` that raises an error for a rejected row, because the sample files are valid."""

    def begins(self, checkpoint: Checkpoint) -> None: ...

    def rejected(self, row: RejectedRow) -> None:
        raise LoadingError(row.errors)

    def advanced(self, checkpoint: Checkpoint) -> None: ...


def load_sample_payer(
    deps: "Dependencies", entries: Collection[DirectoryEntry] | None = None
) -> None:
    """Load plans, members, SSNs, the directory and the rule list, as the commands do.

    ``entries`` are loaded in place of the sample directory. The date of the files is the current time,
    so that each load replaces the one before.

    Raises:
        LoadingError: A row of a sample file is not valid.
    """
    load = Load(load_id="sample", as_of=deps.now(), monitor=_Strict())
    options: dict[str, Any] = {"loads": deps.loads, "now": deps.now}
    plans = plans_format(deps.payer.review_clocks).reader(_lines("plans"))
    loading.load_plans(units_of_rows(plans), load, **options)
    members = members_format(deps.loads.plans()).reader(_lines("members"))
    member_loading.load_members(units_of_members(members), load, **options)
    ssns = ssns_format().reader(_lines("ssns"))
    member_loading.load_ssns(units_of_rows(ssns), load, **options)
    directory = (
        units_of_rows(directory_format().reader(_lines("providers")))
        if entries is None
        else [Unit(line, entry) for line, entry in enumerate(entries, start=1)]
    )
    loading.load_providers(directory, load, zip_codes=deps.code_sets, **options)
    rules, vendors = sample_rules(deps.payer)
    publish_rule_list(
        rules,
        vendors,
        rule_lists=deps.rule_lists,
        versions=deps.rule_list_versions,
        now=deps.now(),
    )


def _lines(name: str) -> StringIO:
    return StringIO(sample_text(name), newline="")
