"""Loads the sample payer's files, by the use cases that load any payer's."""

from pathlib import Path
from typing import Final

from precert.bootstrap import Dependencies
from precert.domain.loading import (
    load_delegates,
    load_directory,
    load_members,
    load_plans,
    load_rules,
    load_zips,
)
from precert.usecases.load_reference import (
    load_coverages,
    load_directory_entries,
    publish_rule_list,
)

SAMPLE: Final = Path(__file__).resolve().parents[1] / "data" / "sample"
RULE_LIST_VERSION: Final = "sample-1"


def load_sample_payer(made: Dependencies) -> None:
    """Members, ZIP codes, directory and rule list; loading them again changes nothing."""
    plans = load_plans(_text("plans"), made.payer.review_clocks)
    load_coverages(load_members(_text("members"), plans), reference=made.reference)
    places = load_zips(_text("zips"))
    entries = load_directory(_text("providers"), places)
    load_directory_entries(entries, places, reference=made.reference)
    delegates = {delegate.delegate_id for delegate in load_delegates(_text("delegates"))}
    publish_rule_list(
        RULE_LIST_VERSION,
        load_rules(_text("rules"), delegates),
        reference=made.reference,
        rule_lists=made.rule_lists,
    )


def _text(name: str) -> str:
    return (SAMPLE / f"{name}.csv").read_text(encoding="utf-8")
