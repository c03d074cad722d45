"""Load what a payer keeps in files: members, ZIP codes, the directory, the rule list.

Loading the same files again changes nothing; a changed file replaces what it names.
"""

from collections.abc import Collection, Mapping

from precert.domain.coverage import Coverage
from precert.domain.directory import DirectoryEntry, Place
from precert.domain.errors import Fault, InvalidInputError
from precert.domain.rules import Rule, RuleListVersion
from precert.usecases.ports.reference import ReferenceWriter, RuleLists


def load_coverages(coverages: Collection[Coverage], *, reference: ReferenceWriter) -> None:
    reference.put_coverages(coverages)


def load_directory_entries(
    entries: Collection[DirectoryEntry],
    places: Mapping[str, Place],
    *,
    reference: ReferenceWriter,
) -> None:
    """File the entries where searches find them (C1).

    Raises:
        InvalidInputError: an entry's ZIP code has no known centre; all such entries are named.
    """
    faults = [
        Fault(f"/{entry.provider_id}/zip_code", "unknown", "this ZIP code has no known centre")
        for entry in entries
        if entry.address.zip_code not in places
    ]
    if faults:
        raise InvalidInputError(faults)
    reference.put_places(places)
    reference.put_entries([(entry, places[entry.address.zip_code]) for entry in entries])


def publish_rule_list(
    version: str,
    rules: Collection[Rule],
    *,
    reference: ReferenceWriter,
    rule_lists: RuleLists,
) -> RuleListVersion:
    """Store a compiled list, then make it the one in force: a check sees the old or the new one."""
    key, sha256 = rule_lists.publish(version, rules)
    published = RuleListVersion(
        version=version,
        effective_from=max(rule.effective_from for rule in rules),
        object_key=key,
        sha256=sha256,
    )
    reference.put_rule_list(published)
    return published
