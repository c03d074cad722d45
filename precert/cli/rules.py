"""The commands ``rules check``, ``publish``, ``list`` and ``show``; each returns its success."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from precert.bootstrap import Dependencies, stack_dependencies
from precert.domain.codes import code_types_of
from precert.domain.dates import RULES
from precert.domain.errors import FieldError, InvalidInputError
from precert.domain.loading import LoadingError, RowError, load_vendors
from precert.domain.loading_rules import load_rule_rows, warnings
from precert.domain.payer import Payer
from precert.domain.questionnaires import (
    QUESTIONNAIRES,
    Questionnaires,
    rules_without_questionnaire,
)
from precert.domain.rules import DelegatedVendor, Rule, RuleListVersion
from precert.domain.wording import counted
from precert.usecases.rule_lists import publish_rule_list


class UnreadableFileError(Exception):
    """A file is missing or is not UTF-8 text."""


@dataclass(frozen=True)
class _Files:
    """A valid rule list, its delegated vendors, and its warnings."""

    rules: list[Rule]
    vendors: list[DelegatedVendor]
    warnings: list[RowError]


def check(args: argparse.Namespace) -> bool:
    """Print the errors and warnings of a file, without publishing it."""
    files = _read(args)
    if files is None:
        return False
    _print_warnings(args.file, files)
    return True


def publish(args: argparse.Namespace) -> bool:
    """Validate a file and publish it as the rule list in effect."""
    files = _read(args)
    if files is None:
        print(f"{args.file}: not published")
        return False
    deps = _deps(args)
    now = deps.now()
    published = publish_rule_list(
        files.rules,
        files.vendors,
        version=args.version,
        rule_lists=deps.rule_lists,
        versions=deps.rule_list_versions,
        now=now,
    )
    if published.published_at < now:
        print(f"{_line(published)}  was already in effect")
    else:
        _print_warnings(args.file, files)
        print(f"{_line(published)}  is now in effect")
    return True


def show_all(args: argparse.Namespace) -> bool:
    """List all published versions, the oldest first."""
    versions = _deps(args).rule_list_versions
    in_effect = versions.in_effect()
    published = versions.published()
    for version in published:
        print(_line(version) + ("  in effect" if version == in_effect else ""))
    if not published:
        print("no rule list is published")
    return bool(published)


def show(args: argparse.Namespace) -> bool:
    """Show the version in effect at a time, and its rules for one code."""
    deps = _deps(args)
    at = _instant(args.on, payer_of(args.payer)) if args.on else None
    versions = deps.rule_list_versions
    version = versions.in_effect_at(at) if at else versions.in_effect()
    if version is None:
        print(
            f"no rule list was in effect at {at:%Y-%m-%d %H:%M:%S %Z}"
            if at
            else "no rule list is published"
        )
        return False
    print(_line(version))
    return _show_code(deps, version, args.code.upper()) if args.code else True


def day_or_instant(text: str) -> date | datetime:
    """Parse the value of ``--on``.

    Raises:
        ArgumentTypeError: It is neither a date nor a time with time zone.
    """
    hint = (
        "must be a date such as 2026-07-01, or a date and time with time zone such as "
        f"2026-07-01T09:00Z, from {RULES.first} to {RULES.last}"
    )
    try:
        if len(text) == len("2026-07-01"):
            return RULES.day(date.fromisoformat(text))
        instant = RULES.instant(datetime.fromisoformat(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(hint) from error
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError(hint)
    return instant


def _read(args: argparse.Namespace) -> _Files | None:
    """Read the files. Print their errors and return None if there are any."""
    payer = payer_of(args.payer)
    text = text_of(args.file)
    vendors_file = args.vendors or args.file.with_name("vendors.csv")
    if not args.vendors and not vendors_file.exists():
        hint = (
            "it must list the delegated vendors of the rule list; name another file with --vendors"
        )
        raise UnreadableFileError(f"{vendors_file} is missing: {hint}")
    vendors: list[DelegatedVendor] | None = None
    try:
        vendors = load_vendors(text_of(vendors_file))
    except LoadingError as error:
        print_errors(vendors_file, error.errors)
    known = None if vendors is None else {one.vendor_id for one in vendors}
    try:
        rows = load_rule_rows(text, known, payer)
        questionnaires = questionnaires_of(args.payer.with_name(QUESTIONNAIRES))
        if errors := [*rules_without_questionnaire(rows, questionnaires)]:
            raise LoadingError(errors)
    except LoadingError as error:
        print_errors(args.file, error.errors)
        print(f"{args.file}: {counted(len(error.errors), 'errors')}")
        return None
    if vendors is None:
        return None
    return _Files([rule for _, rule in rows], vendors, list(warnings(rows)))


def _print_warnings(file: Path, files: _Files) -> None:
    print_errors(file, files.warnings, "warning: ")
    rules, found = counted(len(files.rules), "rules"), counted(len(files.warnings), "warnings")
    print(f"{file}: {rules}, no error, {found}")


def text_of(file: Path) -> str:
    """The text of a file.

    Raises:
        UnreadableFileError: it cannot be read, or is not UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "must be text in UTF-8"
        raise UnreadableFileError(f"{file}: {why}") from error


def print_errors(file: Path, errors: Iterable[RowError], kind: str = "") -> None:
    """Print errors of a file, one on each line."""
    for error in errors:
        column = f"{error.column}: " if error.column else ""
        print(f"{file}:{error.row}: {kind}{column}{error.message}")


def payer_of(file: Path) -> Payer:
    """Read the payer's configuration.

    Raises:
        InvalidInputError: It is not valid.
        UnreadableFileError: It cannot be read.
    """
    return _valid(Payer, file)


def questionnaires_of(file: Path) -> Questionnaires:
    """Read the payer's questionnaires; errors are those of :func:`payer_of`."""
    return _valid(Questionnaires, file)


Model = TypeVar("Model", bound=BaseModel)


def _valid(model: type[Model], file: Path) -> Model:
    try:
        return model.model_validate_json(text_of(file))
    except ValidationError as error:
        errors = [
            FieldError("/" + "/".join(map(str, one["loc"])), "malformed", one["msg"])
            for one in error.errors(include_input=False, include_url=False)
        ]
        raise InvalidInputError(errors) from error


def _deps(args: argparse.Namespace) -> Dependencies:
    return stack_dependencies(args.stack)


def _instant(on: date | datetime, payer: Payer) -> datetime:
    """Return a time unchanged, or the last microsecond of a date in the payer's time zone."""
    if isinstance(on, datetime):
        return on.astimezone(UTC)
    next_day = datetime.combine(on + timedelta(days=1), time.min, payer.zone)
    return next_day.astimezone(UTC) - timedelta(microseconds=1)


def _show_code(deps: Dependencies, version: RuleListVersion, code: str) -> bool:
    kinds = code_types_of(code)
    if not kinds:
        print(f"{code} is not a valid code")
        return False
    found = deps.rule_lists.rules(version, {(kind, code) for kind in kinds})
    rules = sorted(
        (rule for named in found.values() for rule in named),
        key=lambda rule: (rule.code_type, rule.specificity),
        reverse=True,
    )
    for rule in rules:
        print(f"  {_summary(rule)}")
    if not rules:
        print(f"  no rule names {code}: unable to determine")
    return True


def _line(version: RuleListVersion) -> str:
    at = version.published_at.astimezone(UTC)
    day = version.effective_from.isoformat()
    return f"{version.version}  published {at:%Y-%m-%d %H:%M:%S}Z  for services from {day}"


def _summary(rule: Rule) -> str:
    """Return a rule on one line: its requirement, then its conditions and limits."""
    codes = rule.code_from if rule.code_from == rule.code_to else f"{rule.code_from}-{rule.code_to}"
    days = f"from {rule.effective_from}" + (f" to {rule.effective_to}" if rule.effective_to else "")
    sets = (
        rule.plan_types,
        rule.lines_of_business,
        rule.types_of_service,
        rule.places_of_service,
    )
    conditions = [rule.authorization_type, *("|".join(sorted(values)) for values in sets)]
    columns = [rule.rule_id, rule.code_type, codes, rule.requirement, rule.vendor_id, *conditions]
    limits = {
        "units": rule.auto_approve_max_units,
        "days": rule.auto_approve_max_days,
        "documents": "|".join(rule.required_documentation),
        "guidance": rule.guidance,
        "predetermination": "yes" if rule.predetermination else None,
    }
    more = [f"{name}={value}" for name, value in limits.items() if value]
    return "  ".join([*(str(one) for one in columns if one), days, *more])
