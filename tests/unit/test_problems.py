"""Errors as problems: each has a status and a unique code, and reveals no internals."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

import pytest
from pydantic import BaseModel, ValidationError

from functions.review.bodies import DecideBody
from precert.api.problems import plain_problem, problem_of, status_of
from precert.domain import errors
from precert.domain.content import Patient
from precert.domain.coverage import PatientSearch
from precert.domain.errors import (
    ERROR_CODES,
    DamagedRecordError,
    FieldError,
    InvalidInputError,
    PrecertError,
    TransientError,
    VersionMismatchError,
)
from precert.domain.value_errors import errors_of
from tests.fakes.samples import PATIENT
from tools.operations import OPERATIONS


def tree(root: type[PrecertError] = PrecertError) -> Iterator[type[PrecertError]]:
    for kind in root.__subclasses__():
        if kind.__module__ == PrecertError.__module__:
            yield kind
            yield from tree(kind)


ERRORS = sorted(set(tree()), key=lambda kind: kind.__name__)


def raised_error(kind: type[PrecertError]) -> PrecertError:
    if issubclass(kind, InvalidInputError):
        return kind([FieldError("/a", "missing", "this is required")])
    return kind("Do something about it.")


@pytest.mark.parametrize("kind", ERRORS)
def test_error_has_a_4xx_or_5xx_status_when_it_is_raised(
    kind: type[PrecertError],
) -> None:
    error = raised_error(kind)
    status = status_of(error)
    ours = {
        TransientError: HTTPStatus.SERVICE_UNAVAILABLE,
        DamagedRecordError: HTTPStatus.INTERNAL_SERVER_ERROR,
    }
    assert status is ours.get(kind) or 400 <= status < 500
    problem = problem_of(error)
    assert (problem.status, problem.code) == (status, kind.code)
    assert problem.type == f"urn:precert:problem:{kind.code}"
    assert problem.detail
    assert problem.title != PrecertError.title


def test_code_is_unique_when_the_error_classes_are_listed() -> None:
    codes = [kind.code for kind in ERRORS]
    assert len(set(codes)) == len(codes)
    assert PrecertError.code not in codes
    assert len({kind.title for kind in ERRORS}) == len(ERRORS)


def test_every_class_is_in_the_tree_of_the_docstring_when_errors_are_listed() -> None:
    listed = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    assert sorted(listed) == [kind.__name__ for kind in ERRORS]


@pytest.mark.parametrize("kind", ERRORS)
def test_text_of_an_error_is_its_code_when_it_is_printed(kind: type[PrecertError]) -> None:
    assert str(raised_error(kind)) == kind.code


def test_extensions_are_members_when_a_problem_is_serialized() -> None:
    error = VersionMismatchError("Read it again.", current_version=3, differs_in=["/services"])
    body = problem_of(error).model_dump()
    assert (body["current_version"], body["differs_in"]) == (3, ["/services"])


def test_status_is_500_when_an_error_has_none() -> None:
    assert status_of(PrecertError("No.")) is HTTPStatus.INTERNAL_SERVER_ERROR


def test_values_are_not_repeated_when_a_model_rejects_them() -> None:
    with pytest.raises(ValueError, match="member_id") as raised:
        Patient.model_validate(dict(PATIENT) | {"member_id": "Adams !", "Allison": "1986"})
    assert "Adams !" not in str(raised.value)
    assert "1986" not in str(raised.value)


_NONSENSE: Final[tuple[object, ...]] = (
    1,
    -1,
    1.5,
    10**20,
    True,
    "",
    "x",
    "2026-02-30",
    [],
    ["x", 1],
    [{}] * 300,
    {"a": 1},
)
_LIBRARYS_OWN: Final = re.compile(
    r"^(Input|Unable|String|Datetimes|List|Value)\b|[<>^\\]| 1 \w+s\b"
)


_BODIES: Final[dict[str, type[BaseModel]]] = {
    model.__name__: model
    for operation in OPERATIONS.values()
    for model in (operation.body, operation.query)
    if model
}


@pytest.mark.parametrize("requested", _BODIES.values(), ids=_BODIES)
def test_errors_have_the_products_wording_when_any_field_is_invalid(
    requested: type[BaseModel],
) -> None:
    for name in requested.model_fields:
        for value in _NONSENSE:
            try:
                requested.model_validate({name: value})
            except ValidationError as error:
                found = errors_of(error)
            else:
                continue
            messages = [one.message for one in found]
            assert [words for words in messages if _LIBRARYS_OWN.search(words)] == [], (name, value)
            assert {one.code for one in found} <= ERROR_CODES.keys()


def test_empty_text_is_named_when_a_person_leaves_a_field_empty() -> None:
    """Not as a list without entries, or as a day in another form."""
    with pytest.raises(ValidationError) as refused:
        PatientSearch.model_validate(
            {
                "member_id": "849382930",
                "date_of_birth": "",
                "last_name": " ",
                "first_name": "A" * 500,
            }
        )
    assert {one.pointer: one.message for one in errors_of(refused.value)} == {
        "/date_of_birth": "must not be empty",
        "/last_name": "must not be empty",
        "/first_name": "must have at most 120 characters",
    }


def test_choices_have_display_names_when_a_field_accepts_several() -> None:
    with pytest.raises(ValidationError) as raised:
        DecideBody.model_validate({"cycle": 1, "lines": [{"line_id": "1.1", "status": "MAYBE"}]})
    [error] = errors_of(raised.value)
    assert error.message == "must be one of: Approved, Modified, Denied"
    assert error.choices == ("APPROVED", "MODIFIED", "DENIED")


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Content Too Large"),
        (HTTPStatus.UNPROCESSABLE_ENTITY, "Unprocessable Content"),
        (HTTPStatus.NOT_FOUND, "Not Found"),
    ],
)
def test_title_is_that_of_rfc_9110_when_python_has_another(status: HTTPStatus, title: str) -> None:
    assert plain_problem(status, "code", "Detail.").title == title
