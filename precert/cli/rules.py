"""``rules check``, ``publish``, ``list`` and ``show``; each answers whether it was done."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from pydantic import ValidationError

from precert.bootstrap import Dependencies, stack_dependencies
from precert.domain.codes import code_types_of
from precert.domain.errors import FieldError, InvalidInputError
from precert.domain.loading import LoadingError, RowError, load_vendors
from precert.domain.loading_rules import load_rule_rows, warnings
from precert.domain.payer import Payer
from precert.domain.rules import DelegatedVendor, Rule, RuleListVersion
from precert.usecases.rule_lists import publish_rule_list


class UnreadableFileError(Exception):
    """A file is not there, or is no text."""


@dataclass(frozen=True)
class _Files:
    """A list that has no error, with the delegated vendors it names, and what is strange about it."""

    rules: list[Rule]
    vendors: list[DelegatedVendor]
    warnings: list[RowError]


def check(given: argparse.Namespace) -> bool:
    """Tell what is wrong or strange in a file; touches nothing."""
    files = _read(given)
    if files is None:
        return False
    _tell_warnings(given.file, files)
    return True


def publish(given: argparse.Namespace) -> bool:
    """Check a file, and make it the list in effect."""
    files = _read(given)
    if files is None:
        print(f"{given.file}: not published")
        return False
    deps = _deps(given)
    now = deps.now()
    published = publish_rule_list(
        files.rules,
        files.vendors,
        version=given.version,
        rule_lists=deps.rule_lists,
        versions=deps.rule_list_versions,
        now=now,
    )
    if published.published_at < now:
        print(f"{_line(published)}  was in effect already")
    else:
        _tell_warnings(given.file, files)
        print(f"{_line(published)}  is in effect now")
    return True


def show_all(given: argparse.Namespace) -> bool:
    """One line for each list, the oldest first."""
    versions = _deps(given).rule_list_versions
    in_effect = versions.in_effect()
    published = versions.published()
    for version in published:
        print(_line(version) + ("  in effect" if version == in_effect else ""))
    if not published:
        print("no rule list is published yet")
    return bool(published)


def show(given: argparse.Namespace) -> bool:
    """The list in effect at a time, and its rules for one code."""
    deps = _deps(given)
    at = _instant(given.on, _payer(given.payer)) if given.on else None
    versions = deps.rule_list_versions
    version = versions.in_effect_at(at) if at else versions.in_effect()
    if version is None:
        print(
            f"no rule list was in effect at {at:%Y-%m-%d %H:%M:%S %Z}" if at else "none published"
        )
        return False
    print(_line(version))
    return _show_code(deps, version, given.code.upper()) if given.code else True


def day_or_instant(text: str) -> date | datetime:
    """The type of ``--on``.

    Raises:
        ArgumentTypeError: it is neither, or an instant without its zone.
    """
    hint = "must be a day, as in 2026-07-01, or an instant with its zone, as 2026-07-01T09:00Z"
    try:
        if len(text) == len("2026-07-01"):
            return date.fromisoformat(text)
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(hint) from error
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError(hint)
    return instant


def _read(given: argparse.Namespace) -> _Files | None:
    """The files, or None where one has an error; each error is told."""
    payer = _payer(given.payer)
    text = _text(given.file)
    vendors_file = given.vendors or given.file.with_name("vendors.csv")
    if not given.vendors and not vendors_file.exists():
        hint = "a list comes with the delegated vendors that it names; where theirs is another file"
        raise UnreadableFileError(f"{vendors_file} is missing: {hint}, name it by --vendors")
    vendors: list[DelegatedVendor] | None = None
    try:
        vendors = load_vendors(_text(vendors_file))
    except LoadingError as error:
        _tell(vendors_file, error.errors)
    known = None if vendors is None else {one.vendor_id for one in vendors}
    try:
        rows = load_rule_rows(text, known, payer)
    except LoadingError as error:
        _tell(given.file, error.errors)
        print(f"{given.file}: {len(error.errors)} errors")
        return None
    if vendors is None:
        return None
    return _Files([rule for _, rule in rows], vendors, list(warnings(rows)))


def _tell_warnings(file: Path, files: _Files) -> None:
    _tell(file, files.warnings, "warning: ")
    print(f"{file}: {len(files.rules)} rules, no error, {len(files.warnings)} warnings")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "must be text in UTF-8"
        raise UnreadableFileError(f"{file}: {why}") from error


def _tell(file: Path, errors: Iterable[RowError], kind: str = "") -> None:
    for error in errors:
        column = f"{error.column}: " if error.column else ""
        print(f"{file}:{error.row}: {kind}{column}{error.message}")


def _payer(file: Path) -> Payer:
    try:
        return Payer.model_validate_json(_text(file))
    except ValidationError as error:
        errors = [
            FieldError("/" + "/".join(map(str, one["loc"])), "malformed", one["msg"])
            for one in error.errors(include_input=False, include_url=False)
        ]
        raise InvalidInputError(errors) from error


def _deps(given: argparse.Namespace) -> Dependencies:
    return stack_dependencies(given.stack)


def _instant(on: date | datetime, payer: Payer) -> datetime:
    """An instant as it is; a day's last one, where the payer is."""
    if isinstance(on, datetime):
        return on.astimezone(UTC)
    next_day = datetime.combine(on + timedelta(days=1), time.min, payer.zone)
    return next_day.astimezone(UTC) - timedelta(microseconds=1)


def _show_code(deps: Dependencies, version: RuleListVersion, code: str) -> bool:
    kinds = code_types_of(code)
    if not kinds:
        print(f"{code} has the form of no code")
        return False
    found = deps.rule_lists.rules(version, {(kind, code) for kind in kinds})
    rules = sorted(
        (rule for named in found.values() for rule in named),
        key=lambda rule: (rule.code_type, rule.particularity),
        reverse=True,
    )
    for rule in rules:
        print(f"  {_told(rule)}")
    if not rules:
        print(f"  no rule names {code}: unable to determine")
    return True


def _line(version: RuleListVersion) -> str:
    at = version.published_at.astimezone(UTC)
    day = version.effective_from.isoformat()
    return f"{version.version}  published {at:%Y-%m-%d %H:%M:%S}Z  for services from {day}"


def _told(rule: Rule) -> str:
    """A rule on one line, its conditions after what it answers; the most particular comes first."""
    codes = rule.code_from if rule.code_from == rule.code_to else f"{rule.code_from}-{rule.code_to}"
    days = f"from {rule.effective_from}" + (f" to {rule.effective_to}" if rule.effective_to else "")
    sets = (
        rule.plan_types,
        rule.lines_of_business,
        rule.types_of_service,
        rule.places_of_service,
    )
    conditions = [rule.authorization_type, *("|".join(sorted(values)) for values in sets)]
    told = [rule.rule_id, rule.code_type, codes, rule.requirement, rule.vendor_id, *conditions]
    limits = {
        "units": rule.auto_approve_max_units,
        "days": rule.auto_approve_max_days,
        "wants": "|".join(rule.required_documentation),
        "guidance": rule.guidance,
        "predetermination": "yes" if rule.predetermination else None,
    }
    more = [f"{name}={value}" for name, value in limits.items() if value]
    return "  ".join([*(str(one) for one in told if one), days, *more])
