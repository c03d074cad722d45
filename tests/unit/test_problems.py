"""Errors as problems: each has a status, a code of its own, and says nothing of the inside."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest

from precert.api.problems import problem_of, status_of
from precert.domain.content import Patient
from precert.domain.errors import Fault, InvalidInputError, PrecertError, VersionMismatchError
from tests.fakes.samples import PATIENT


def tree(root: type[PrecertError] = PrecertError) -> Iterator[type[PrecertError]]:
    for kind in root.__subclasses__():
        if kind.__module__ == PrecertError.__module__:
            yield kind
            yield from tree(kind)


ERRORS = sorted(set(tree()), key=lambda kind: kind.__name__)


def made(kind: type[PrecertError]) -> PrecertError:
    if issubclass(kind, InvalidInputError):
        return kind([Fault("/a", "missing", "this is required")])
    return kind("Do something about it.")


@pytest.mark.parametrize("kind", ERRORS)
def test_error_has_a_status_of_the_callers_or_of_ours_when_it_is_raised(
    kind: type[PrecertError],
) -> None:
    error = made(kind)
    status = status_of(error)
    assert status is HTTPStatus.SERVICE_UNAVAILABLE or 400 <= status < 500
    problem = problem_of(error)
    assert (problem.status, problem.code) == (status, kind.code)
    assert problem.type == f"urn:precert:problem:{kind.code}"
    assert problem.detail
    assert problem.title != PrecertError.title


def test_code_is_one_errors_alone_when_the_tree_is_read() -> None:
    codes = [kind.code for kind in ERRORS]
    assert len(set(codes)) == len(codes)
    assert PrecertError.code not in codes
    assert len({kind.title for kind in ERRORS}) == len(ERRORS)


@pytest.mark.parametrize("kind", ERRORS)
def test_text_of_an_error_is_its_code_when_it_is_printed(kind: type[PrecertError]) -> None:
    assert str(made(kind)) == kind.code


def test_extensions_are_members_when_a_problem_is_written() -> None:
    error = VersionMismatchError("Read it again.", current_version=3, differs_in=["/services"])
    body = problem_of(error).model_dump()
    assert (body["current_version"], body["differs_in"]) == (3, ["/services"])


def test_status_is_a_fault_of_ours_when_an_error_has_none() -> None:
    assert status_of(PrecertError("No.")) is HTTPStatus.INTERNAL_SERVER_ERROR


def test_values_are_not_told_when_a_model_refuses_them() -> None:
    with pytest.raises(ValueError, match="member_id") as raised:
        Patient.model_validate(dict(PATIENT) | {"member_id": "Adams !", "Allison": "1986"})
    assert "Adams !" not in str(raised.value)
    assert "1986" not in str(raised.value)
