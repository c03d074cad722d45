"""The files a payer loads: plans, members, providers, rules, delegates, ZIP codes.

Each loader takes a file's text and gives models, or raises
:class:`~precert.domain.loading_table.LoadingError` with every fault of the file. Lists within a
cell are parted by ``|``.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from precert.domain.content import Address
from precert.domain.coverage import Coverage, Plan
from precert.domain.delegates import Delegate
from precert.domain.directory import DirectoryEntry, Place
from precert.domain.loading_table import (
    Cells,
    Column,
    LoadingError,
    RowFault,
    Table,
    day,
    load_table,
)
from precert.domain.rules import Rule
from precert.domain.values import AuthorizationType, CodeType, ProviderKind, ZipCode

__all__ = [
    "LoadingError",
    "RowFault",
    "load_delegates",
    "load_directory",
    "load_members",
    "load_plans",
    "load_rules",
    "load_zips",
]

LIST_SEPARATOR: Final = "|"
PLAN_TYPES: Final = ("HMO", "IFP", "EPO", "OAP", "PPO")
"""The plan types that :class:`~precert.domain.coverage.Plan` knows; a test keeps both equal."""

_TEXT: Final = "must be plain text of at most 120 characters"
_ID: Final = "must be a name for the row, unlike that of any other"
_PHONE: Final = "must be a ten-digit phone number, as in 216-555-0100"
_CODE: Final = "must be a code of three to five digits and capital letters, as in 44120 or J1745"

_PLANS: Final = Table(
    (
        Column("plan_id", _ID),
        Column("name", _TEXT),
        Column("plan_type", f"must be one of {', '.join(PLAN_TYPES)}"),
        Column("line_of_business", "must be a line of business that payer.json has clocks for"),
        Column("management_level", "must be the management level's name, as in Complete"),
    ),
    key="plan_id",
    places={},
)
_MEMBERS: Final = Table(
    (
        Column("member_id", "must be 5 to 20 letters and digits"),
        day("date_of_birth"),
        Column("last_name", _TEXT),
        Column("first_name", _TEXT),
        Column("account", _TEXT),
        Column("account_name", _TEXT),
        Column("plan_id", "must be the plan_id of a plan that is loaded"),
        day("active_from"),
        day("active_to", required=False),
    ),
    key="member_id",
    places={"plan": "plan_id"},
)
_DIRECTORY: Final = Table(
    (
        Column("provider_id", _ID),
        Column("kind", f"must be one of {', '.join(ProviderKind)}"),
        Column("name", _TEXT),
        Column("npi", "must be ten digits whose check digit fits, as in 1234567893"),
        Column("tin", "must be nine digits, as in 20-3129831"),
        Column("line_1", _TEXT),
        Column("line_2", _TEXT, required=False),
        Column("city", _TEXT),
        Column("state", "must be the two letters of a state, as in OH"),
        Column("zip_code", "must be five digits, as in 44122"),
        Column("phone", _PHONE, required=False),
    ),
    key="provider_id",
    places={},
)
_RULES: Final = Table(
    (
        Column("rule_id", _ID),
        Column("code_type", f"must be one of {', '.join(CodeType)}"),
        Column("code_from", _CODE),
        Column("code_to", f"{_CODE}; for a single code the same as code_from"),
        Column("requirement", "must be one of REQUIRED, NOT_REQUIRED, THIRD_PARTY"),
        Column("delegate_id", "must be the delegate_id of a delegate that is loaded", False),
        Column("authorization_type", f"must be {' or '.join(AuthorizationType)}, or empty", False),
        Column("plan_types", f"must be some of {LIST_SEPARATOR.join(PLAN_TYPES)}, or empty", False),
        day("effective_from"),
        day("effective_to", required=False),
    ),
    key="rule_id",
    places={},
)
_DELEGATES: Final = Table(
    (
        Column("delegate_id", _ID),
        Column("name", _TEXT),
        Column("services", _TEXT),
        Column("url", "must be a web address that begins with https://"),
        Column("phone", _PHONE, required=False),
        Column("fax", _PHONE, required=False),
        Column("hours", _TEXT, required=False),
        Column("requirements", "must be texts of at most 120 characters, parted by |"),
        Column("care_phone", _TEXT, required=False),
        Column("care_fax", _PHONE, required=False),
        Column("care_email", "must be an e-mail address", required=False),
    ),
    key="delegate_id",
    places={f"care_coordination.{field}": f"care_{field}" for field in ("phone", "fax", "email")},
)
_ZIPS: Final = Table(
    (
        Column("zip_code", "must be five digits, as in 44122"),
        Column("latitude", "must be degrees from -90 to 90"),
        Column("longitude", "must be degrees from -180 to 180"),
    ),
    key="zip_code",
    places={},
)


class _ZipRow(Place):
    zip_code: ZipCode


def load_plans(csv_text: str, lines_of_business: Collection[str] | None = None) -> list[Plan]:
    """The plans.

    Args:
        csv_text: The file.
        lines_of_business: Those with clocks; a plan of another one is a fault, as nobody could say
            when its decisions are due. Not looked at where None.

    Raises:
        LoadingError: with every fault of the file.
    """

    def check(cells: Cells) -> Iterator[tuple[str, str]]:
        line = cells.get("line_of_business")
        if lines_of_business is not None and line is not None and line not in lines_of_business:
            yield "line_of_business", f"must be one of {', '.join(sorted(lines_of_business))}"

    return load_table(csv_text, _PLANS, Plan.model_validate, check)


def load_members(csv_text: str, plans: Iterable[Plan]) -> list[Coverage]:
    """Members with their coverage; each one's plan is among ``plans``.

    Raises:
        LoadingError: with every fault of the file.
    """
    by_id = {plan.plan_id: plan for plan in plans}

    def build(cells: Cells) -> Coverage:
        fields = {name: cell for name, cell in cells.items() if name != "plan_id"}
        return Coverage.model_validate({**fields, "plan": by_id.get(cells.get("plan_id") or "")})

    return load_table(csv_text, _MEMBERS, build)


def load_directory(csv_text: str, zip_codes: Collection[str] | None = None) -> list[DirectoryEntry]:
    """Providers, one entry for each address and TIN (C1).

    Args:
        csv_text: The file.
        zip_codes: ZIP codes whose centres are known; an entry elsewhere is a fault, as no search
            would find it. Not looked at where None.

    Raises:
        LoadingError: with every fault of the file.
    """
    address_fields = Address.model_fields.keys()

    def build(cells: Cells) -> DirectoryEntry:
        address = {name: cell for name, cell in cells.items() if name in address_fields}
        own = {name: cell for name, cell in cells.items() if name not in address_fields}
        return DirectoryEntry.model_validate({**own, "address": address})

    def check(cells: Cells) -> Iterator[tuple[str, str]]:
        zip_code = cells.get("zip_code")
        if zip_codes is not None and zip_code is not None and zip_code not in zip_codes:
            yield "zip_code", "must be a ZIP code whose centre is loaded, or no search finds it"

    return load_table(csv_text, _DIRECTORY, build, check)


def load_rules(csv_text: str, delegate_ids: Collection[str] | None = None) -> list[Rule]:
    """The rule list (C6).

    Args:
        csv_text: The file.
        delegate_ids: Delegates that are known; a rule naming another is a fault. Not looked at
            where None.

    Raises:
        LoadingError: with every fault of the file; two rules for the same codes and conditions from
            the same day on are one, as either might answer.
    """
    scopes: dict[tuple[str | None, ...], str | None] = {}

    def build(cells: Cells) -> Rule:
        return Rule.model_validate({**cells, "plan_types": frozenset(_list(cells, "plan_types"))})

    def check(cells: Cells) -> Iterator[tuple[str, str]]:
        delegate_id = cells.get("delegate_id")
        if delegate_ids is not None and delegate_id is not None and delegate_id not in delegate_ids:
            yield "delegate_id", "must be the delegate_id of a delegate that is loaded"
        plan_types = sorted(set(_list(cells, "plan_types")))
        if not set(plan_types) <= set(PLAN_TYPES):
            yield "plan_types", f"must be some of {LIST_SEPARATOR.join(PLAN_TYPES)}, or empty"
        names = ("code_type", "code_from", "code_to", "authorization_type", "effective_from")
        scope = (*(cells.get(name) for name in names), *plan_types)
        first = scopes.setdefault(scope, cells.get("rule_id"))
        if first != cells.get("rule_id"):
            yield "", f"has the codes, conditions and first day of rule {first}; keep one of them"

    return load_table(csv_text, _RULES, build, check)


def load_delegates(csv_text: str) -> list[Delegate]:
    """Third parties that decide for the payer (C8).

    Raises:
        LoadingError: with every fault of the file.
    """

    def build(cells: Cells) -> Delegate:
        own = {name: cell for name, cell in cells.items() if not name.startswith("care_")}
        care = {
            name.removeprefix("care_"): cell
            for name, cell in cells.items()
            if name.startswith("care_")
        }
        return Delegate.model_validate(
            {
                **own,
                "requirements": _list(cells, "requirements"),
                "care_coordination": care if any(care.values()) else None,
            }
        )

    return load_table(csv_text, _DELEGATES, build)


def load_zips(csv_text: str) -> dict[str, Place]:
    """Centres of ZIP codes.

    Raises:
        LoadingError: with every fault of the file.
    """
    rows = load_table(csv_text, _ZIPS, _ZipRow.model_validate)
    return {row.zip_code: Place(latitude=row.latitude, longitude=row.longitude) for row in rows}


def _list(cells: Cells, name: str) -> tuple[str, ...]:
    """The parts of a cell; none of an empty one."""
    cell = cells.get(name)
    return () if cell is None else tuple(part.strip() for part in cell.split(LIST_SEPARATOR))
