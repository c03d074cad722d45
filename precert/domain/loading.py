"""The files a payer loads: plans, members, their SSNs, providers, ZIP codes, rules, vendors.

A :class:`FileFormat` reads a file of any size row by row. Each ``load_`` function takes the text of a
file and returns its models, or raises :class:`~precert.domain.loading_table.LoadingError` with every
error of the file. Several values of a cell are separated by ``|``.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, Generic, NamedTuple

from precert.domain.content import Address
from precert.domain.coverage import MAX_SPANS, PLAN_TYPES, Coverage, Person, Plan, Ssn
from precert.domain.dates import BIRTHS, COVERAGES
from precert.domain.directory import DirectoryEntry, Place
from precert.domain.loading_rules import load_rules
from precert.domain.loading_table import (
    Cells,
    Column,
    LoadingError,
    Model,
    RowCheck,
    RowError,
    Table,
    TableReader,
    day,
    load_rows,
    load_table,
    parts,
)
from precert.domain.rules import DelegatedVendor
from precert.domain.values import MemberId, ProviderKind, Value, ZipCode

__all__ = [
    "PLAN_TYPES",
    "FileFormat",
    "LoadingError",
    "MemberSsn",
    "RowError",
    "ZipPlace",
    "directory_format",
    "load_directory",
    "load_members",
    "load_plans",
    "load_rules",
    "load_vendors",
    "members_format",
    "plan_in",
    "plans_format",
    "span_errors",
    "ssns_format",
    "zips_format",
]

_TEXT: Final = "must be plain text of at most 120 characters"
_ID: Final = "must be an id that no other row has"
_STATE: Final = "must be the two letters of a state, as in OH"
_ZIP_CODE: Final = "must be five digits, as in 44122"
_PHONE: Final = "must be a ten-digit phone number, as in 216-555-0100"

_PLANS: Final = Table(
    (
        Column("plan_id", _ID),
        Column("name", _TEXT),
        Column("plan_type", f"must be one of {', '.join(PLAN_TYPES)}"),
        Column("line_of_business", "must be a line of business that payer.json has clocks for"),
        Column("management_level", "must be the name of a management level, as in Complete"),
        Column("state", _STATE, required=False, column_required=False),
    ),
    key="plan_id",
    columns_of_fields={},
)
_MEMBERS: Final = Table(
    (
        Column("member_id", "must be 5 to 20 letters and digits"),
        day("date_of_birth", BIRTHS),
        Column("last_name", _TEXT),
        Column("first_name", _TEXT),
        Column("account", _TEXT),
        Column("account_name", _TEXT),
        Column("plan_id", "must be the plan_id of a plan that is loaded"),
        day("active_from", COVERAGES),
        day("active_to", COVERAGES, required=False),
        Column("line_1", _TEXT, required=False, column_required=False),
        Column("line_2", _TEXT, required=False, column_required=False),
        Column("city", _TEXT, required=False, column_required=False),
        Column("state", _STATE, required=False, column_required=False),
        Column("zip_code", _ZIP_CODE, required=False, column_required=False),
    ),
    key="",
    columns_of_fields={"plan": "plan_id"},
)
_SSNS: Final = Table(
    (
        Column("member_id", "must be the member_id of a member that is loaded"),
        Column("ssn", "must be nine digits, with or without dashes"),
    ),
    key="member_id",
    columns_of_fields={},
)
_DIRECTORY: Final = Table(
    (
        Column("provider_id", _ID),
        Column("kind", f"must be one of {', '.join(ProviderKind)}"),
        Column("name", _TEXT),
        Column("npi", "must be an NPI of ten digits with a valid check digit, as in 1234567893"),
        Column("tin", "must be nine digits, as in 20-3129831"),
        Column("line_1", _TEXT),
        Column("line_2", _TEXT, required=False),
        Column("city", _TEXT),
        Column("state", _STATE),
        Column("zip_code", _ZIP_CODE),
        Column("phone", _PHONE, required=False),
    ),
    key="provider_id",
    columns_of_fields={},
)
_VENDORS: Final = Table(
    (
        Column("vendor_id", _ID),
        Column("name", _TEXT),
        Column("services", _TEXT),
        Column("url", "must be a web address that begins with https://"),
        Column("phone", _PHONE, required=False),
        Column("fax", _PHONE, required=False),
        Column("hours", _TEXT, required=False),
        Column("requirements", "must be texts of at most 120 characters, separated by |"),
        Column("care_phone", _TEXT, required=False),
        Column("care_fax", _PHONE, required=False),
        Column("care_email", "must be an e-mail address", required=False),
        Column(
            "retrospective_notice",
            "must be the name of one of the payer's notices, or empty",
            required=False,
            column_required=False,
        ),
    ),
    key="vendor_id",
    columns_of_fields={
        f"care_coordination.{field}": f"care_{field}" for field in ("phone", "fax", "email")
    },
)


_ZIPS: Final = Table(
    (
        Column("zip_code", _ZIP_CODE),
        Column("latitude", "must be degrees from -90 to 90"),
        Column("longitude", "must be degrees from -180 to 180"),
    ),
    key="zip_code",
    columns_of_fields={},
)


class MemberSsn(Value):
    """The Social Security number of a member. Only its hash is stored (P1)."""

    member_id: MemberId
    ssn: Ssn


class ZipPlace(Place):
    """The center of a ZIP code."""

    zip_code: ZipCode


class FileFormat(NamedTuple, Generic[Model]):
    """The format of a file: its columns, and the functions that build and check the model of a row."""

    table: Table
    build: Callable[[Cells], Model]
    check: RowCheck | None = None

    def reader(self, lines: Iterable[str]) -> TableReader[Model]:
        """Read a file of any size; see :class:`TableReader`."""
        return TableReader(lines, *self)


def plans_format(lines_of_business: Collection[str] | None = None) -> FileFormat[Plan]:
    """The format of a file of plans.

    Args:
        lines_of_business: The lines of business that have decision clocks; a plan with any other is an
            error. ``None`` accepts any.
    """

    def check(cells: Cells) -> Iterator[tuple[str, str]]:
        line = cells.get("line_of_business")
        if lines_of_business is not None and line is not None and line not in lines_of_business:
            yield "line_of_business", f"must be one of {', '.join(sorted(lines_of_business))}"

    return FileFormat(_PLANS, Plan.model_validate, check)


def members_format(plans: Iterable[Plan]) -> FileFormat[Coverage]:
    """The format of a file of members: one row for each coverage span of a member.

    ``plan_id`` must be that of one of ``plans``.
    """
    by_id = {plan.plan_id: plan for plan in plans}

    def build(cells: Cells) -> Coverage:
        address, own = _with_address(cells)
        plan = plan_in(by_id.get(own.pop("plan_id", None) or ""), address.get("state"))
        return Coverage.model_validate(
            {**own, "plan": plan, "mailing_address": address if any(address.values()) else None}
        )

    return FileFormat(_MEMBERS, build)


def plan_in(plan: Plan | None, state: str | None) -> Plan | None:
    """The plan with the state whose law applies: the plan's own, or that of the member's address."""
    if plan is None or plan.state is not None or state is None:
        return plan
    return plan.model_copy(update={"state": state.upper()})


def ssns_format() -> FileFormat[MemberSsn]:
    """The format of a file of Social Security numbers of members."""
    return FileFormat(_SSNS, MemberSsn.model_validate)


def directory_format() -> FileFormat[DirectoryEntry]:
    """The format of a file of providers: one row for each address and TIN of a provider (C1)."""

    def build(cells: Cells) -> DirectoryEntry:
        address, own = _with_address(cells)
        return DirectoryEntry.model_validate({**own, "address": address})

    return FileFormat(_DIRECTORY, build)


def zips_format() -> FileFormat[ZipPlace]:
    """The format of a file of ZIP codes: centers of ZIP codes that the shipped code sets lack."""
    return FileFormat(_ZIPS, ZipPlace.model_validate)


def load_plans(csv_text: str, lines_of_business: Collection[str] | None = None) -> list[Plan]:
    """Plans from the text of a file; see :func:`plans_format`.

    Raises:
        LoadingError: with every error of the file.
    """
    return load_table(csv_text, *plans_format(lines_of_business))


def load_members(csv_text: str, plans: Iterable[Plan]) -> list[Coverage]:
    """Coverage spans of members from the text of a file; see :func:`members_format`.

    Raises:
        LoadingError: with every error of the file, including rows of one member with different
            personal data or overlapping spans, and more rows of a member than
            :data:`~precert.domain.coverage.MAX_SPANS`.
    """
    return [row for _, row in load_rows(csv_text, *members_format(plans), review=span_errors)]


def load_directory(csv_text: str) -> list[DirectoryEntry]:
    """Providers from the text of a file; see :func:`directory_format`.

    Raises:
        LoadingError: with every error of the file.
    """
    return load_table(csv_text, *directory_format())


def span_errors(rows: Sequence[tuple[int, Coverage]]) -> Iterator[tuple[int, str, str]]:
    """Errors between the rows of one member, each as line, column and message.

    ``rows`` are valid rows of any members, each with its line.
    """
    members: dict[str, list[tuple[int, Coverage]]] = {}
    for line, row in rows:
        members.setdefault(row.member_id, []).append((line, row))
    for spans in members.values():
        first_line, first = spans[0]
        for line, row in spans[1:]:
            for field in Person.model_fields:
                if getattr(row, field) != getattr(first, field):
                    yield (
                        line,
                        field,
                        f"must be as in line {first_line}, which has the same member_id",
                    )
        by_day = sorted(spans, key=lambda span: span[1].active_from)
        for (earlier, before), (line, after) in pairwise(by_day):
            if before.last_day >= after.active_from:
                yield line, "active_from", f"must be after the last day of line {earlier}"
        for line, _ in spans[MAX_SPANS:]:
            yield line, "", f"must be removed: a member has at most {MAX_SPANS} coverage spans"


def _with_address(cells: Cells) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """The cells of the address, and all other cells."""
    fields = Address.model_fields.keys()
    address = {name: cell for name, cell in cells.items() if name in fields}
    return address, {name: cell for name, cell in cells.items() if name not in fields}


def load_vendors(csv_text: str) -> list[DelegatedVendor]:
    """Delegated vendors from the text of a file (C8).

    Raises:
        LoadingError: with every error of the file.
    """

    def build(cells: Cells) -> DelegatedVendor:
        own = {name: cell for name, cell in cells.items() if not name.startswith("care_")}
        care = {
            name.removeprefix("care_"): cell
            for name, cell in cells.items()
            if name.startswith("care_")
        }
        return DelegatedVendor.model_validate(
            {
                **own,
                "requirements": parts(cells, "requirements"),
                "care_coordination": care if any(care.values()) else None,
            }
        )

    return load_table(csv_text, _VENDORS, build)
