"""Write ``docs/samples``: the printed documents for the example request and the sample payer.

``--check`` writes nothing and fails if a committed document is not current.
"""

import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from precert.adapters.typst_printer import TypstPrinter
from precert.domain.caller import Caller
from precert.domain.content import Procedure, RequestContent, Service
from precert.domain.coverage import members_of
from precert.domain.notices import Audience, NoticeWords, kind_of
from precert.domain.values import AuthorizationType, UnitType, Urgency
from precert.names import Entitlement
from precert.usecases.checks import CheckResult
from precert.usecases.confirmation import confirm_check
from precert.usecases.notice_facts import Issue, notice_facts
from precert.usecases.notices import TEMPLATE
from tools.example_request import (
    DATA,
    PROVIDER_USER,
    STARTED,
    ExampleRequest,
    checked,
    example_request,
)
from tools.openapi_files import ROOT

FOLDER: Final = ROOT / "docs" / "samples"


def documents() -> Mapping[Path, bytes]:
    """Return the PDF of every sample document by path; repeated calls return the same bytes."""
    example = example_request()
    notices = {
        FOLDER / f"notice-{audience.value.lower()}.pdf": _notice(example, audience)
        for audience in Audience
    }
    return {FOLDER / "confirmation.pdf": _confirmation(example), **notices}


def _notice(example: ExampleRequest, audience: Audience) -> bytes:
    """Return the notice of the example's determination, with one service approved and one denied."""
    request = example.determined.request
    kind = kind_of(request.submitted, 1)
    if kind is None:
        raise AssertionError("the example request must be determined")
    words = NoticeWords.model_validate_json(
        (DATA / "payer" / "notices.json").read_text(encoding="utf-8")
    )
    facts = notice_facts(
        request,
        Issue(kind, 1),
        audience,
        example.payer,
        words,
        member=members_of([example.coverage])[0],
        code_sets=example.code_sets,
    )
    return TypstPrinter(DATA / "payer" / "templates").print(TEMPLATE, facts)


def _confirmation(example: ExampleRequest) -> bytes:
    """Return the confirmation of a check of three outpatient services."""
    content = example.draft.content.model_copy(
        update={"requesting_provider": None, "services": _services()}
    )

    def check(content_of_check: RequestContent, _caller: Caller) -> CheckResult:
        return checked(content_of_check, example.coverage)

    return confirm_check(
        content,
        Caller(subject=PROVIDER_USER, entitlements=frozenset({Entitlement.PATIENT_SEARCH})),
        check=check,
        payer=example.payer,
        printer=TypstPrinter(DATA / "payer" / "templates"),
    ).document


def _services() -> tuple[Service, ...]:
    """Return an office visit, laboratory tests on the same day, and a colonoscopy a week later."""
    visited = STARTED.date() + timedelta(days=7)
    visit = Service(
        authorization_type=AuthorizationType.OUTPATIENT,
        type_of_service="OFFICE_VISIT",
        place_of_service="OFFICE",
        urgency=Urgency.STANDARD,
        service_date=visited,
        primary_diagnosis="K55",
        procedures=(Procedure(code="99213"),),
    )
    tests = {
        "type_of_service": "LABORATORY",
        "place_of_service": "LABORATORY",
        "procedures": (Procedure(code="80053"), Procedure(code="85025")),
    }
    colonoscopy = {
        "type_of_service": "OUTPATIENT_SURGERY",
        "place_of_service": "SURGERY_CENTER",
        "service_date": visited + timedelta(days=7),
        "additional_diagnoses": ("Z86010",),
        "procedures": (
            Procedure(code="45378", units=1, unit_type=UnitType.UNITS, modifiers=("PT",)),
        ),
    }
    return visit, visit.model_copy(update=tests), visit.model_copy(update=colonoscopy)


def main(arguments: list[str]) -> int:
    """Write the samples or, with ``--check``, compare them; return the exit status."""
    rendered = documents()
    old = [path for path in rendered if not path.is_file() or path.read_bytes() != rendered[path]]
    if "--check" in arguments:
        for path in old:
            print(f"precert: {path.relative_to(ROOT)} is not current; run make samples")
        return 1 if old else 0
    for path in old:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rendered[path])
        print(f"Written to {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
